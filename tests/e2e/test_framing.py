# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 in all its forms: what passes arrives byte for byte, what is faulted never does."""

import sys
import time

import pytest

from sink import answer
from wire import assert_only_begun, chunked, head, kinesis, request, scope

FAULT = {"service": "kinesis", "operation": "PutRecord"}
MEBIBYTE = 1 << 20
BIG = bytes(range(256)) * (MEBIBYTE // 256) + b"and some more"
LONG_HEAD = request(*kinesis(), "X-Filler: " + "f" * 60_000, body=b"{}")


def in_pieces(data, size):
    return [data[at : at + size] for at in range(0, len(data), size)]


def chunked_request(body, size):
    return head(*kinesis(), "Transfer-Encoding: chunked") + chunked(body, size)


FORMS = {
    "in one piece": [request(*kinesis(), body=b'{"a":1}')],
    "head and body apart": [head(*kinesis(), "Content-Length: 2"), b"{}"],
    "byte by byte": in_pieces(request(*kinesis(), body=b"{}"), 1),
    "split in the middle of the line end": [
        head(*kinesis(), "Content-Length: 2")[:-3],
        head(*kinesis(), "Content-Length: 2")[-3:] + b"{}",
    ],
    "no body": [request(*kinesis())],
    "long head": [LONG_HEAD],
    "long head in pieces": in_pieces(LONG_HEAD, 1000),
    "chunked": [chunked_request(b"x" * 1000, 100)],
    "chunked in pieces": in_pieces(chunked_request(b"x" * 100, 30), 7),
    "big": [request(*kinesis(), body=BIG)],
    "big in pieces": in_pieces(request(*kinesis(), body=BIG), 70_001),
    "big chunked": [chunked_request(BIG, 65536)],
}


def head_size(pieces):
    return b"".join(pieces).index(b"\r\n\r\n") + 4


@pytest.fixture(params=FORMS, ids=[name.replace(" ", "-") for name in FORMS])
def pieces(request):
    return FORMS[request.param]


def test_passed_request_arrives_byte_for_byte(daemon, wire, sink, pieces):
    daemon.faults({"service": "kinesis", "operation": "Another"})
    one = wire(sink.port)
    assert [one.send(*pieces).status for _ in range(2)] == [200, 200]
    assert sink.raw == [b"".join(pieces) * 2]


def test_faulted_request_never_arrives(daemon, wire, sink, pieces):
    daemon.faults(FAULT)
    one = wire(sink.port)
    assert [one.send(*pieces).status for _ in range(2)] == [503, 503]
    daemon.faults()
    assert one.send(*pieces).status == 200
    one.program.finish()
    sink.settle()
    assert [request.raw for request in sink.requests] == [b"".join(pieces)]
    assert_only_begun(sink, pieces, head_size(pieces))


def test_delayed_request_arrives_byte_for_byte(daemon, wire, sink, pieces):
    daemon.latency(50)
    one = wire(sink.port)
    assert [one.send(*pieces).status for _ in range(2)] == [200, 200]
    assert sink.raw == [b"".join(pieces) * 2]
    assert daemon.totals()["delayed"] == 2


def test_operation_in_a_body_that_comes_later_is_waited_for(daemon, wire, sink):
    daemon.faults({"service": "sts", "operation": "GetCallerIdentity"})
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    fields = (scope("sts"), "Content-Type: application/x-www-form-urlencoded")
    sent = request(*fields, body=body)
    pieces = [sent[: -len(body)], body[:9], body[9:]]
    one = wire(sink.port)
    got = one.send(*pieces, gap=0.02)
    assert (got.status, got.fields["connection"]) == (503, "close")
    one.program.finish()
    sink.settle()
    assert sink.requests == []
    assert_only_begun(sink, pieces, len(sent))


def test_operation_that_never_comes_is_not_waited_for_in_vain(daemon, wire, sink):
    daemon.faults({"service": "sts", "operation": "GetCallerIdentity"})
    form = "Content-Type: application/x-www-form-urlencoded"
    fields = (scope("sts"), form, "Expect: 100-continue")
    body = b"Action=AssumeRole&Version=2011-06-15"
    sent = request(*fields, body=body)
    got = wire(sink.port).send(sent[: -len(body)], body, wait_continue=True)
    assert (got.status, got.interim) == (200, [100])
    assert sink.raw == [sent]


ENDINGS = {
    "hangs up": "",
    "waits": "time.sleep(3)",
    "exits": "ctypes.CDLL(None).exit(0)",
}


@pytest.mark.parametrize("then", ENDINGS)
def test_unfinished_request_arrives_when_the_rest_does_not_come(daemon, run, sink, then):
    daemon.faults({"service": "sts", "operation": "GetCallerIdentity"})
    form = "Content-Type: application/x-www-form-urlencoded"
    sent = head(scope("sts"), form, "Content-Length: 9")
    steps = (
        "import ctypes, socket, time;"
        f"sock = socket.create_connection(('127.0.0.1', {sink.port}));"
        f"sock.sendall({sent}); {ENDINGS[then]}"
    )
    assert run("python3", "-c", steps).returncode == 0
    sink.settle()
    assert sink.raw == [sent]


ECHO = """
import select, socket, sys, threading
def echo():
    peer = server.accept()[0]
    while data := peer.recv(65536):
        peer.sendall(data)
server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=echo, daemon=True).start()
sock = socket.create_connection(server.getsockname())
sent, got = SENT, b""
sock.sendall(sent)
sock.setblocking(sys.argv[1] == "blocking")
while len(got) < len(sent):
    if sys.argv[1] == "polling":
        assert select.select([sock], [], [], 20)[0]
    got += sock.recv(65536)
assert got == sent
"""


@pytest.mark.parametrize("how", ["blocking", "polling"])
@pytest.mark.parametrize(
    "sent",
    [b"PUT", b"GET key", b"GET key\0", b"PUT a b", b"GET /index.html",
     b"GET / HTTP/1.1\r\nHost: x\r\nCookie: "],
)  # fmt: skip
def test_what_only_begins_like_a_request_arrives_while_an_answer_is_waited_for(run, sent, how):
    assert run("python3", "-c", ECHO.replace("SENT", repr(sent)), how).returncode == 0


def test_head_in_slow_pieces_is_still_looked_at(daemon, wire, sink):
    daemon.faults(FAULT)
    call = request(*kinesis(), body=b"{}")
    pieces = in_pieces(call, len(call) // 5)
    one = wire(sink.port)
    answered = one.send(*pieces, gap=0.4)
    assert (answered.status, answered.fields["connection"]) == (503, "close")
    one.program.finish()
    sink.settle()
    assert sink.requests == []
    assert_only_begun(sink, pieces, head_size(pieces))


def test_bytes_of_a_child_arrive_when_the_rest_does_not_come(run, sink):
    """The parent made the connection, the child uses it."""
    steps = (
        "import os, socket;"
        f"sock = socket.create_connection(('127.0.0.1', {sink.port}));"
        "os.fork() or (sock.sendall(b'POST / HTTP/1.1'), sock.close(), os._exit(0));"
        "os.wait()"
    )
    assert run("python3", "-c", steps).returncode == 0
    sink.settle()
    assert sink.raw == [b"POST / HTTP/1.1"]


def test_pipelined_requests_pass_unharmed(daemon, wire, sink):
    daemon.faults({"service": "s3"})
    sent = request(*kinesis(), body=b"{}")
    one = wire(sink.port)
    assert one.send(sent * 3).status == 200
    one.program.finish()
    sink.settle()
    assert sink.raw == [sent * 3]


def test_request_before_the_answer_to_another_passes(daemon, run, sink):
    daemon.faults({})
    sink.reply = lambda request: time.sleep(0.3) or answer()
    first, call = request(), request(*kinesis(), body=b"{}")
    steps = (
        f"import socket; sock = socket.create_connection(('127.0.0.1', {sink.port}));"
        f"sock.sendall({first}); sock.sendall({call});"
        "got = b''\nwhile got.count(b'served') < 2: got += sock.recv(65536) or exit(1)"
    )
    assert run("python3", "-c", steps).returncode == 0
    assert sink.raw == [first + call]
    assert daemon.totals()["faults"] == 0


def test_head_over_64_kib_passes_unread(daemon, wire, sink):
    daemon.faults({})
    sent = request(*kinesis(), "X-Filler: " + "f" * 70_000, body=b"{}")
    assert wire(sink.port).send(sent).status == 200
    assert sink.raw == [sent]
    assert daemon.totals()["blind"] == 1


def expecting(body):
    return head(*kinesis(), "Expect: 100-continue", f"Content-Length: {len(body)}")


def test_expect_passes_with_its_interim_answer(daemon, wire, sink):
    got = wire(sink.port).send(expecting(BIG), BIG, wait_continue=True)
    assert (got.status, got.interim) == (200, [100])
    assert sink.raw == [expecting(BIG) + BIG]


def test_faulted_expect_is_answered_before_the_body(daemon, wire, sink):
    daemon.faults(FAULT)
    one = wire(sink.port)
    got = one.send(expecting(b"never sent"), b"never sent", wait_continue=True)
    assert (got.status, got.interim) == (503, [])
    assert got.fields["connection"] == "close"
    daemon.faults()
    assert one.send(request(*kinesis(), body=b"{}")).status == 200
    assert sink.raw == [request(*kinesis(), body=b"{}")]


def test_faulted_head_request_gets_no_body(daemon, wire, sink):
    daemon.faults({"service": "s3"})
    one = wire(sink.port)
    sent = request(scope("s3"), method="HEAD", target="/bucket/key")
    got = one.send(sent, no_body=True)
    assert (got.status, got.body) == (503, b"")
    daemon.faults()
    # The connection is in step: nothing of a body lies in the way of the next answer.
    assert one.send(sent, no_body=True).status == 200


def test_calls_after_a_request_that_is_not_aws_are_looked_at(daemon, wire, sink):
    daemon.faults(FAULT)
    one = wire(sink.port)
    assert one.send(request(body=b"plain")).status == 200
    assert one.send(request(*kinesis(), body=b"{}")).status == 503


def test_body_that_looks_like_a_call_is_not_one(daemon, wire, sink):
    daemon.faults({})
    inner = request(*kinesis(), body=b"{}")
    sent = request(body=inner)
    assert wire(sink.port).send(sent[: -len(inner)], inner).status == 200
    assert sink.raw == [sent]


def test_passed_calls_keep_their_connection(daemon, wire, sink):
    daemon.faults({"service": "s3"})
    one = wire(sink.port)
    for _ in range(20):
        assert one.send(request(*kinesis(), body=b"{}")).status == 200
    assert len(sink.connections) == 1


def test_fault_then_new_connection_works(daemon, wire, sink):
    one = wire(sink.port)
    for _ in range(5):
        assert one.send(request(*kinesis(), body=b"{}")).status == 200
        daemon.faults(FAULT)
        assert one.send(request(*kinesis(), body=b"{}")).status == 503
        daemon.faults()
    assert one.send(request(*kinesis(), body=b"{}")).status == 200


def test_request_through_a_proxy_is_recognised(daemon, wire, sink):
    daemon.faults({"service": "s3", "region": "eu-west-1"})
    sent = request(
        scope("s3", "eu-west-1"),
        method="GET",
        target="http://bucket.s3.eu-west-1.amazonaws.com/key",
        host="bucket.s3.eu-west-1.amazonaws.com",
    )
    assert wire(sink.port).send(sent).status == 503


@pytest.mark.parametrize(
    "sent, blind",
    [
        (request(*kinesis(), "X-Odd : 1", body=b"{}"), 1),
        (request(*kinesis(), body=b"{}").replace(b" HTTP/1.1", b" LINE/1.1", 1), 0),
        (b"GET key\r\nset key\r\n\r\n", 0),
    ],
    ids=["of-http", "of-another-version", "of-another-protocol"],
)
def test_first_head_that_is_none_is_told_of_if_it_is_one_of_http(daemon, run, sink, sent, blind):
    daemon.faults({})
    script = (
        "import socket, sys; s = socket.create_connection(('127.0.0.1', int(sys.argv[1])));"
        "s.sendall(bytes.fromhex(sys.argv[2])); s.close()"
    )
    assert run(sys.executable, "-c", script, sink.port, sent.hex()).returncode == 0
    sink.settle()
    assert sink.raw == [sent]
    totals = daemon.totals()
    assert (totals["blind"], totals["faults"]) == (blind, 0)
