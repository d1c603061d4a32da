# SPDX-License-Identifier: Apache-2.0
"""Requests that come in pieces: each goes out as it comes, and a call that is faulted stays an
unfinished beginning, on a connection that ends with the reply."""

import re
from dataclasses import dataclass

import pytest

from harness import wait_for
from stage import daemon, sink, stage, steps  # noqa: F401
from wire import Reply, assert_only_begun, begun, chunked, head, kinesis, request, scope

FORM = "Content-Type: application/x-www-form-urlencoded"
QUERY = b"Version=2011-06-15&Action=GetCallerIdentity&Last=1"
JSON = b'{"StreamName":"s","Data":"aGVsbG8=","PartitionKey":"p"}'
CHUNKED = "Transfer-Encoding: chunked"


@dataclass
class Call:
    """A request, and how many bytes of it tell which call it is: not fewer than `soonest`, and not
    more than `latest`, which differ where the body tells it."""

    service: str
    operation: str
    raw: bytes
    soonest: int
    latest: int

    @property
    def rule(self):
        return {"service": self.service, "operation": self.operation}


def call(service, operation, top, body=b"", told=b""):
    raw = top + body
    soonest = raw.index(told) + len(told) if told else len(top)
    return Call(service, operation, raw, soonest, len(raw) if told else len(top))


def with_length(*fields, body, **line):
    return head(*fields, f"Content-Length: {len(body)}", **line), body


ACTION = b"Action=GetCallerIdentity&"
CALLS = {
    "json": call("kinesis", "PutRecord", *with_length(*kinesis(), body=JSON)),
    "json-chunked": call("kinesis", "PutRecord", head(*kinesis(), CHUNKED), chunked(JSON, 20)),
    "query": call(
        "sts", "GetCallerIdentity", *with_length(scope("sts"), FORM, body=QUERY), ACTION
    ),
    "query-chunked": call(
        "sts", "GetCallerIdentity", head(scope("sts"), FORM, CHUNKED), chunked(QUERY, 99), ACTION
    ),
    "query-in-the-target": call(
        "sts", "GetCallerIdentity",
        head(scope("sts"), method="GET", target="/?Action=GetCallerIdentity&Version=2011-06-15"),
    ),
    "s3-put": call(
        "s3", "PutObject",
        *with_length(scope("s3"), method="PUT", target="/bucket/key", body=b"\0\r\n\r\n\xff"),
    ),
    "s3-get": call("s3", "GetObject", head(scope("s3"), method="GET", target="/bucket/key")),
}  # fmt: skip


def cut_at(*ends):
    def cut(raw):
        pieces = [raw[at:end] for at, end in zip((0, *ends), (*ends, len(raw)))]
        return [piece for piece in pieces if piece]

    return cut


def cut_behind(pattern):
    """A cut behind each match in the head, and nowhere in the body."""

    def cut(raw):
        top = raw[: raw.index(b"\r\n\r\n") + 4]
        return cut_at(*(match.end() for match in re.finditer(pattern, top)))(raw)

    return cut


CUTS = {
    "byte-by-byte": lambda raw: [raw[at : at + 1] for at in range(len(raw))],
    "line-by-line": cut_behind(rb"\r\n"),
    "in-each-line-end": cut_behind(rb"\r(?=\n)"),
    "in-the-last-line-end": cut_behind(rb"\r\n\r(?=\n)"),
    "head-and-body": cut_behind(rb"\r\n\r\n"),
    "all-but-the-last-byte": cut_at(-1),
}
WAYS = ("plain-block", "plain-edge", "tls-block", "tls-poll")


@pytest.fixture(params=WAYS)
def way(request):
    return request.param


@pytest.fixture(params=CALLS)
def one(request):
    return CALLS[request.param]


@pytest.fixture(params=CUTS)
def pieces(request, one):
    return CUTS[request.param](one.raw)


def assert_fault(reply, one, pieces):
    assert (reply.status, reply.interim) == (503, [])
    assert b"ServiceUnavailable" in reply.body
    # What stands behind an unfinished request is no request.
    assert reply.fields.get("connection") == "close" or not begun(pieces, one.soonest)


def test_faulted_call_never_arrives_whole(steps, daemon, sink, one, pieces):
    daemon.faults(one.rule)
    for _ in range(3):
        reply = steps("connect", ("send", *pieces), "reply")
        assert_fault(reply, one, pieces)
        if reply.fields.get("connection") == "close":
            assert steps("end").rest == b""
    daemon.faults()
    assert steps("connect", ("send", one.raw), "reply").status == 200
    steps.finish()
    assert [request.raw for request in sink.requests] == [one.raw]
    assert_only_begun(sink, pieces, one.latest)


def test_fault_waits_the_latency(steps, daemon, sink, one, pieces):
    daemon.faults(one.rule)
    daemon.latency(30)
    reply = steps("connect", ("send", *pieces), "reply")
    assert_fault(reply, one, pieces)
    assert reply.seconds >= 0.03
    steps.finish()
    assert sink.requests == []
    assert_only_begun(sink, pieces, one.latest)


def test_latency_is_kept_and_the_bytes_arrive(steps, daemon, sink, one, pieces):
    daemon.latency(30)
    came = steps.all("connect", *[("send", *pieces), "reply"] * 2)
    replies = [reply for reply in came if isinstance(reply, Reply)]
    assert [reply.status for reply in replies] == [200, 200]
    assert all(reply.seconds >= 0.03 for reply in replies)
    steps.finish()
    assert sink.raw == [one.raw * 2]
    assert len(sink.connections) == 1


def test_call_without_a_match_passes_byte_for_byte(steps, daemon, sink, one, pieces):
    daemon.faults({**one.rule, "operation": "Another"})
    came = steps.all("connect", *[("send", *pieces), "reply"] * 3)
    assert [reply.status for reply in came if isinstance(reply, Reply)] == [200] * 3
    steps.finish()
    assert sink.raw == [one.raw * 3]
    assert len(sink.connections) == 1


def test_fault_behind_a_call_that_passed_ends_the_connection(steps, daemon, sink, one, pieces):
    first = request(scope("s3"), method="DELETE", target="/bucket/key")
    daemon.faults(one.rule)
    assert steps("connect", ("send", first), "reply").status == 200
    reply = steps(("send", *pieces), "reply")
    assert_fault(reply, one, pieces)
    steps.finish()
    assert [request.raw for request in sink.requests] == [first]
    assert_only_begun(sink, pieces, one.latest)


def test_each_piece_goes_out_with_its_write(steps, daemon, sink, one, pieces):
    daemon.faults({**one.rule, "operation": "Another"})
    counts = steps("connect", ("count", *pieces))
    grown = [after - before for before, after in zip(counts, counts[1:])]
    if hasattr(sink, "context"):
        assert all(more > len(piece) for more, piece in zip(grown, pieces, strict=True))
    else:
        assert grown == [len(piece) for piece in pieces]
    assert steps("reply").status == 200
    steps.finish()
    assert sink.raw == [one.raw]


@pytest.mark.parametrize("part", [1, 4, 30, -1])
def test_what_was_begun_arrives_while_the_client_waits(steps, daemon, sink, one, part):
    daemon.faults({**one.rule, "operation": "Another"})
    steps("connect", ("send", one.raw[:part]))
    wait_for(lambda: sink.raw == [one.raw[:part]], "the beginning", 10)
    assert steps(("send", one.raw[part:]), "reply").status == 200
    steps.finish()
    assert sink.raw == [one.raw]


@pytest.mark.parametrize("part", [1, 30, -1])
def test_what_was_begun_and_given_up_arrives(steps, daemon, sink, one, part):
    daemon.faults({**one.rule, "operation": "Another"})
    steps("connect", ("send", one.raw[:part]))
    steps.finish()
    wait_for(lambda: sink.raw == [one.raw[:part]], "the beginning")
