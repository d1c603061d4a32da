# SPDX-License-Identifier: Apache-2.0
"""`Expect: 100-continue`: a client that is answered with an error at the head sends no body, and
what comes next on its connection is a request, or nothing."""

import subprocess
import sys
import time

import pytest

from harness import TIMEOUT, preloaded
from sink import Sink, answer, continued
from stage import daemon, sink, stage, steps, way  # noqa: F401
from wire import End, Reply, chunked, head, request, scope

FAULT = {
    "service": "s3",
    "operation": "PutObject",
    "error": {"statusCode": 503, "code": "SlowDown"},
}
EXPECT = "Expect: 100-continue"
BODY = b"hello"
BIG = b"x" * (3 << 20)
NEXT = request(scope("s3"), method="GET", target="/bucket/next")


def announced(*fields):
    return head(scope("s3"), *fields, method="PUT", target="/bucket/key")


CHUNKED = announced(EXPECT, "Transfer-Encoding: chunked"), chunked(BODY * 10, 7)
LENGTH = announced(EXPECT, "Content-Length: 5"), BODY

# The head of an upload, and its body.
UPLOADS = {
    "length": LENGTH,
    "large": (announced(EXPECT, f"Content-Length: {len(BIG)}"), BIG),
    "chunked": CHUNKED,
    "another-case": (announced("expect: 100-Continue", "Content-Length: 5"), BODY),
    "HTTP-1.0": (LENGTH[0].replace(b"HTTP/1.1", b"HTTP/1.0"), BODY),
}

# What a client does behind the head.
CLIENTS = {
    "body-never-follows": lambda body: ["reply", "end"],
    "body-follows-at-once": lambda body: [("send", body), "reply", "end"],
    "body-follows-the-reply": lambda body: ["reply", ("send", body), "end"],
    "body-begins-and-ends-nowhere": lambda body: [("send", body[:3]), "reply", "end"],
    "next-request-follows-the-reply": lambda body: ["reply", ("send", NEXT), "end"],
    "next-request-follows-later": lambda body: [
        "reply", ("sleep", 0.1), ("send", NEXT), "end",
    ],
    "client-hangs-up": lambda body: ["reply", "close"],
    "client-hangs-up-later": lambda body: ["reply", ("sleep", 0.1), "close"],
}  # fmt: skip


@pytest.fixture(params=UPLOADS)
def upload(request):
    return UPLOADS[request.param]


# A client of HTTP/1.0 sends its body whatever it asks for.
WAITING = [name for name in UPLOADS if name != "HTTP-1.0"]


# A server that closes may do so with a reset; TLS need not say good-bye.
HOW = ("end", "ConnectionResetError", "SSLEOFError")


def assert_is_the_fault(reply):
    assert (reply.status, reply.interim) == (503, [])
    assert b"<Code>SlowDown</Code>" in reply.body


def assert_ends_behind(came):
    """Of what came: one reply, and if its end was waited for, nothing else."""
    (reply,) = (one for one in came if isinstance(one, Reply))
    assert_is_the_fault(reply)
    assert reply.fields["connection"] == "close"
    ends = [one for one in came if isinstance(one, End)]
    assert all(one.rest == b"" and one.how in HOW for one in ends)


def assert_next_works(steps, sink):
    """A new connection; and nothing but its request has come to the server."""
    assert steps("connect", ("send", NEXT), "reply").status == 200
    steps.finish()
    assert sink.raw == [NEXT]


@pytest.mark.parametrize("behind", CLIENTS)
def test_fault_before_the_body_ends_the_connection(steps, daemon, sink, upload, behind):
    daemon.faults(FAULT)
    top, body = upload
    assert_ends_behind(steps.all("connect", ("send", top), *CLIENTS[behind](body)))
    assert_next_works(steps, sink)


def test_fault_that_nobody_waits_for_leaves_nothing_behind(steps, daemon, sink, upload):
    daemon.faults(FAULT)
    steps("connect", ("send", upload[0]), "close")
    assert_next_works(steps, sink)


def test_body_that_comes_before_a_late_reply_is_swallowed(steps, daemon, sink, upload):
    daemon.faults(FAULT)
    daemon.latency(300)
    top, body = upload
    came = steps.all(
        "connect", ("send", top), ("sleep", 0.05), ("send", body), "reply", ("send", NEXT), "end"
    )
    assert_ends_behind(came)
    assert came[4].seconds >= 0.3
    daemon.latency(0)
    assert_next_works(steps, sink)


@pytest.mark.parametrize(
    "whole",
    [announced(EXPECT, "Content-Length: 0"), b"".join(LENGTH), b"".join(CHUNKED)],
    ids=["empty", "length", "chunked"],
)
def test_request_whose_body_is_there_may_keep_its_connection(steps, daemon, sink, whole):
    daemon.faults(FAULT)
    reply = steps("connect", ("send", whole), "reply")
    assert_is_the_fault(reply)
    if reply.fields.get("connection") == "close":
        assert steps("end").rest == b""
        steps("connect")
    assert steps(("send", NEXT), "reply").status == 200
    steps.finish()
    assert sink.raw == [NEXT]


def test_upload_passes_when_the_fault_is_lifted(steps, daemon, sink, upload):
    daemon.faults(FAULT)
    top, body = upload
    assert_ends_behind(steps.all("connect", ("send", top), "reply", "end"))
    daemon.faults()
    # A server says nothing to the 1.0 client, which does not wait for it.
    wait = [] if b"HTTP/1.0" in top else ["head"]
    assert steps("connect", ("send", top), *wait, ("send", body), "reply").status == 200
    steps.finish()
    assert sink.raw == [top + body]


def test_latency_is_waited_before_the_interim_answer(steps, daemon, sink, upload):
    daemon.latency(200)
    top, body = upload
    wait = [] if b"HTTP/1.0" in top else ["head"]
    reply = steps("connect", ("send", top), *wait, ("send", body), "reply")
    assert reply.status == 200
    assert reply.seconds >= 0.2
    steps.finish()
    assert sink.raw == [top + body]


# The operation of a query call stands in its body: the head has to go out first.
FORM = "Content-Type: application/x-www-form-urlencoded"
QUERY = b"Action=GetCallerIdentity&Version=2011-06-15"
IDENTITY = {"service": "sts", "operation": "GetCallerIdentity"}
QUERIES = {
    "length": (head(scope("sts"), FORM, EXPECT, f"Content-Length: {len(QUERY)}"), QUERY),
    "chunked": (head(scope("sts"), FORM, EXPECT, "Transfer-Encoding: chunked"), chunked(QUERY, 99)),
}
BODIES = {
    "waited-for": lambda body: ["head", ("send", body)],
    "at-once": lambda body: [("send", body)],
    "in-pieces": lambda body: ["head", ("send", *(body[i : i + 1] for i in range(len(body))))],
}


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("sent", BODIES)
def test_operation_in_an_expected_body_is_faulted(steps, daemon, sink, query, sent):
    daemon.faults(IDENTITY)
    top, body = QUERIES[query]
    came = steps.all("connect", ("send", top), *BODIES[sent](body), "reply", "end")
    assert came[-2].status == 503
    assert came[-2].fields["connection"] == "close"
    assert came[-1].rest == b""
    steps.finish()
    assert sink.requests == []
    (begun,) = sink.raw
    assert (top + body).startswith(begun)


# What a server may say to an upload in place of 100, on a connection that it keeps.
FORBIDDEN = b"<Error><Code>AccessDenied</Code></Error>"
FINALS = {
    "empty": (417, answer(417, b"")),
    "with-a-body": (403, answer(403, FORBIDDEN)),
    "chunked": (
        403, b"HTTP/1.1 403 Sink\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(FORBIDDEN, 9),
    ),
    "with-an-answer-for-a-body": (403, answer(403, b"HTTP/1.1 100 Continue\r\n\r\n")),
    "behind-hints": (417, b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answer(417, b"")),
}  # fmt: skip


def refuse_uploads(sink, response):
    sink.early = lambda request: response if request.method == "PUT" else None


def ask_twice(steps, top):
    """An upload and the next request on the same connection; returns the two statuses."""
    came = steps.all("connect", ("send", top), "reply", ("send", NEXT), "reply")
    steps.finish()
    return [one.status for one in came if isinstance(one, Reply)]


@pytest.mark.parametrize("final", FINALS)
def test_request_behind_a_final_answer_is_faulted(steps, daemon, sink, final):
    daemon.faults({"service": "s3", "operation": "GetObject"})
    status, response = FINALS[final]
    refuse_uploads(sink, response)
    assert ask_twice(steps, LENGTH[0]) == [status, 503]
    assert sink.raw == [LENGTH[0]]


@pytest.mark.parametrize("upload", WAITING, indirect=True)
def test_request_behind_a_refused_upload_is_faulted(steps, daemon, sink, upload):
    daemon.faults({"service": "s3", "operation": "GetObject"})
    refuse_uploads(sink, answer(417, b"no"))
    assert ask_twice(steps, upload[0]) == [417, 503]
    assert sink.raw == [upload[0]]


def test_request_behind_a_final_answer_in_pieces_is_faulted(steps, daemon, sink):
    def drip(sock, response):
        for at in range(len(response)):
            sock.sendall(response[at : at + 1])
            time.sleep(0.001)

    daemon.faults({"service": "s3", "operation": "GetObject"})
    refuse_uploads(sink, answer(417, b"no"))
    sink.say = drip
    assert ask_twice(steps, LENGTH[0]) == [417, 503]
    assert sink.raw == [LENGTH[0]]


@pytest.mark.parametrize("latency", [0, 50])
@pytest.mark.parametrize("upload", WAITING, indirect=True)
def test_requests_behind_refused_uploads_pass_byte_for_byte(steps, daemon, sink, upload, latency):
    daemon.faults({"service": "s3", "operation": "DeleteObject"})
    daemon.latency(latency)
    refuse_uploads(sink, answer(403, FORBIDDEN))
    turn = [("send", upload[0]), "reply", ("send", NEXT), "reply"]
    came = steps.all("connect", *turn, *turn)
    replies = [one for one in came if isinstance(one, Reply)]
    assert [one.status for one in replies] == [403, 200] * 2
    assert all(one.seconds >= latency / 1000 for one in replies)
    steps.finish()
    assert sink.raw == [(upload[0] + NEXT) * 2]


# A body in which another call seems to begin.
INNER = NEXT * 2
OUTER = announced(EXPECT, f"Content-Length: {len(INNER)}")
CALM = {
    "waits-for-the-100": (continued, ["head", ("send", INNER)]),
    "sends-at-once": (continued, [("send", INNER)]),
    "sends-before-the-100": (
        lambda request: time.sleep(0.1) or continued(request), [("send", INNER)],
    ),
    "gets-no-100": (lambda request: b"", [("sleep", 0.1), ("send", INNER)]),
    "gets-hints": (
        lambda request: b"HTTP/1.1 103 Early Hints\r\n\r\n" + continued(request),
        ["head", "head", ("send", INNER)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("client", CALM)
def test_expected_body_that_begins_like_a_request_is_a_body(steps, daemon, sink, client):
    daemon.faults({"service": "s3", "operation": "GetObject"})
    interim, sending = CALM[client]
    sink.interim = lambda request: interim(request) if request.method == "PUT" else b""
    assert steps("connect", ("send", OUTER), *sending, "reply").status == 200
    assert steps(("send", NEXT), "reply").status == 503
    steps.finish()
    assert sink.raw == [OUTER + INNER]


RECEIVES = {
    "recvmsg": "data = sock.recvmsg(65536)[0]",
    "readv": "data = bytearray(4096); os.readv(sock.fileno(), [data])",
    "recvmmsg": """
data = ctypes.create_string_buffer(4096)
vector = struct.pack("QQ", ctypes.addressof(data), 4096)
message = ctypes.create_string_buffer(struct.pack("QQQQ32x", 0, 0, id_of(vector), 1), 64)
assert libc.recvmmsg(sock.fileno(), message, 1, 0, None) == 1
data = data.raw
""",
}


@pytest.mark.parametrize("receive", RECEIVES)
def test_answer_before_the_body_is_heard_however_it_is_read(daemon, receive):
    """Behind it comes no body, but the next request, and that one meets its fault."""
    server = Sink()
    server.early = lambda request: answer(status=417) if "expect" in request.headers else None
    daemon.faults(FAULT)
    start = """
import ctypes, os, signal, socket, struct, sys
libc = ctypes.CDLL(None)
id_of = lambda data: ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value
signal.alarm(15)
sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
sock.sendall(bytes.fromhex(sys.argv[2]))
"""
    end = """
assert bytes(data).startswith(b"HTTP/1.1 417 "), data
sock.sendall(bytes.fromhex(sys.argv[3]))
print(sock.recv(65536).split()[1].decode())
"""
    # CreateBucket, which the rule is not about.
    expecting = head(scope("s3"), EXPECT, "Content-Length: 5", method="PUT", target="/bucket")
    put = request(scope("s3"), body=BODY, method="PUT", target="/bucket/key")
    done = subprocess.run(
        [sys.executable, "-c", start + RECEIVES[receive] + end, str(server.port),
         expecting.hex(), put.hex()],
        env=preloaded(daemon.folder), capture_output=True, text=True, timeout=TIMEOUT,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "503\n"), done.stderr
    server.settle()
    server.close()
    assert server.raw == [expecting]
