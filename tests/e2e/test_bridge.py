# SPDX-License-Identifier: Apache-2.0
"""What test_clients.py says of plain HTTP holds for programs whose TLS cannot be hooked."""

import shutil
import socket
import struct

import pytest

from harness import CLIENTS, TIMEOUT
from sink import answer
from test_clients import (  # noqa: F401
    java,
    script,
    steered,
    test_bytes_are_the_same_with_and_without,
    test_fault_answers_a_request_larger_than_1_mib,
    test_fault_comes_and_goes_on_a_running_client,
    test_fault_is_seen_and_never_reaches_the_server,
    test_fault_waits_the_latency,
    test_latency_is_waited_and_the_bytes_arrive,
    test_request_larger_than_1_mib_arrives_under_latency,
)


def own(*ways):
    """An OpenSSL that is part of the program."""
    return lambda port, programs: [programs / "tls_own", port, "libc.so.6", *ways]


KINDS = {
    "node-http": script("node", "node_http.js"),
    "node-fetch": script("node", "node_fetch.js"),
    "java-url": java("JavaUrl"),
    "java-http": java("JavaHttp"),
    **{
        f"own {' '.join(ways) or 'plain'}": own(*ways)
        for ways in (
            (), ("extended",), ("peeks",), ("polls",), ("pumps",), ("implied",), ("old",),
            ("old", "polls"), ("old", "pumps"), ("updates",), ("clears",), ("clears", "polls"),
            ("resumes",), ("resumes", "old"), ("moves",), ("crosses",), ("crosses", "pumps"),
        )
    },
}  # fmt: skip


@pytest.fixture
def sink(tls_sink):
    return tls_sink


@pytest.fixture
def client(client, authority, sink):
    """What it trusts is told in its usual way, and tells nothing of our authority."""
    named = {**authority.environment, "AWS_ENDPOINT_URL": sink.url}
    return lambda command, **options: client(command, **{**named, **options})


@pytest.fixture(params=KINDS)
def kind(request, programs, sink, authority):
    command = KINDS[request.param](sink.port, programs)
    if command[0] == "java":
        command[1:1] = authority.java_options()
    if "/" not in str(command[0]) and not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    return command


def test_lane_is_told(daemon, client, programs, sink):
    one = client([programs / "tls_own", sink.port, "libc.so.6"])
    assert one.ask().status == 200
    assert one.ask().status == 200
    one.finish()
    (process,) = daemon.request("GET", "/_chaos/processes").json
    assert process["lanes"] == {"inside": 0, "bridge": 1, "relay": 0}
    assert (process["connections"], process["calls"], process["blind"]["tls"]) == (1, 2, 0)


def test_host_that_nobody_has_named_is_left_alone(daemon, client, programs, sink):
    daemon.faults({})
    one = client([programs / "tls_own", sink.port, "libc.so.6"], AWS_ENDPOINT_URL="https://other:1")
    assert one.ask().status == 200
    one.finish()
    (process,) = daemon.request("GET", "/_chaos/processes").json
    assert process["lanes"]["bridge"] == 0
    assert process["blind"]["tls"] == 1


@pytest.mark.skipif(not shutil.which("java"), reason="java is not installed")
def test_java_believes_its_trust_store_alone(client, programs, sink):
    """Whatever variables of other programs name."""
    one = client(["java", "-XX:TieredStopAtLevel=1", "-cp", programs, "JavaUrl", sink.port])
    assert one.ask().status == "error"


CARRIED = ("moves", "edge", "rearmed", "seen", "seen-all", "asked", "whole")


@pytest.mark.parametrize("way", CARRIED)
def test_large_answer_is_read_in_every_way(daemon, client, programs, sink, way):
    """Nobody waits for what is there, and no connection ends."""
    body = bytes(48 + at % 70 for at in range(60000))
    sink.reply = lambda request: answer(body=body)
    one = client([programs / "carries", sink.port, way, "late"])
    for _ in range(2):
        assert one.ask().body == body.decode()
    one.finish()
    assert len(sink.connections) == 1


def test_fault_is_read_with_what_came_before_it(daemon, client, programs, sink):
    """The server's tickets, and no edge behind them."""
    daemon.faults({"service": "kinesis", "operation": "PutRecord"})
    one = client([programs / "carries", sink.port, "edge", "late"])
    assert one.ask().status >= 400
    one.finish()
    assert not sink.requests


@pytest.mark.parametrize("way", ["sandboxed", "sandboxed by number"])
def test_program_in_a_sandbox_is_left_alone(daemon, client, programs, sink, way):
    """The bridge would open files, and the program die of it."""
    daemon.faults({"service": "kinesis", "operation": "PutRecord"})
    one = client([programs / "carries", sink.port, way])
    assert one.ask().status == 200
    one.finish()
    (process,) = daemon.request("GET", "/_chaos/processes").json
    assert process["lanes"]["bridge"] == 0
    assert process["blind"]["tls"] == 1


def test_spare_connection_that_is_closed_unused_is_no_refusal(daemon, client, programs, sink):
    """The program has believed us before."""
    daemon.faults({"service": "kinesis", "operation": "PutRecord"})
    one = client([programs / "carries", sink.port, "spare"])
    for _ in range(2):
        assert one.ask().status >= 400
    one.finish()
    (process,) = daemon.request("GET", "/_chaos/processes").json
    assert process["lanes"]["bridge"] == 3
    assert process["blind"]["refused"] == 0


def reset(sock, response):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


@pytest.mark.parametrize("shim", [False, True])
def test_reset_is_met_by_who_sends(client, programs, sink, shim):
    sink.say = lambda sock, response: response and reset(sock, response)
    one = client([programs / "carries", sink.port, "twice", "late"], shim=shim)
    one.say("PutRecord", 16)
    assert one.process.wait(TIMEOUT) == 1
    one.stderr.seek(0)
    assert "send: Connection reset by peer" in str(one.stderr.read())
