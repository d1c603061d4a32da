# SPDX-License-Identifier: Apache-2.0
"""Latency is waited on the delay line: not in the program's threads."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness import CLIENTS, preloaded, python, wait_for
from wire import kinesis, request

FAULT = {"service": "kinesis", "operation": "PutRecord"}


@pytest.fixture
def steered(client, sink):
    return client(python("py_http.py", sink.port))


def test_latency_is_added_to_every_call(daemon, steered):
    daemon.latency(300)
    assert all(steered.ask().seconds >= 0.3 for _ in range(2))


def test_latency_leaves_other_traffic_alone(daemon, steered, sink):
    daemon.latency(60_000)
    assert steered.ask("-").status == 200


def test_latency_taken_away_is_gone_for_the_next_call(daemon, steered):
    daemon.latency(60_000)
    daemon.latency(0)
    assert steered.ask().status == 200


def test_fault_waits_the_latency_too(daemon, steered, sink):
    daemon.latency(300)
    daemon.faults(FAULT)
    got = steered.ask()
    assert got.status == 503
    assert got.seconds >= 0.3
    assert sink.raw == []


def test_delayed_request_arrives_byte_for_byte(daemon, wire, sink):
    daemon.latency(100)
    sent = request(*kinesis(), body=bytes(range(256)))
    assert wire(sink.port).send(sent).status == 200
    assert sink.raw == [sent]
    assert daemon.totals()["delayed"] == 1


def test_server_sees_nothing_before_the_latency_is_over(daemon, steered, sink):
    daemon.latency(1000)
    since = time.monotonic()
    steered.say()
    wait_for(lambda: sink.raw, "the delayed request")
    assert time.monotonic() - since >= 1.0
    assert steered.hear().status == 200


def test_parallel_node_calls_end_together_and_hold_up_nobody(daemon, sink):
    daemon.latency(1000)
    done = subprocess.run(
        ["node", CLIENTS / "node_parallel.js", str(sink.port)],
        env=preloaded(daemon.folder),
        capture_output=True,
        text=True,
        check=True,
    )
    ended = json.loads(done.stdout)
    # One after the other would be 3 seconds.
    assert all(1000 <= milliseconds < 2500 for milliseconds in ended["calls"])
    # Sent after the calls, and over before any of them.
    assert ended["other"] < 1000


def test_read_timeout_of_the_client_fires(daemon, client, sink):
    daemon.latency(60_000)
    got = client(python("py_http.py", sink.port, 0.5)).ask()
    assert got.status == "error"
    assert got.body.startswith("TimeoutError")


def test_read_timeout_of_boto3_fires(daemon, boto, sink):
    daemon.latency(60_000)
    assert boto(sink.url, 0.5)("kinesis", "list_streams")["class"] == "ReadTimeoutError"


def test_client_that_timed_out_works_on(daemon, client, sink):
    daemon.latency(60_000)
    steered = client(python("py_http.py", sink.port, 0.5))
    assert steered.ask().status == "error"
    daemon.latency(0)
    assert steered.ask().status == 200


def test_request_of_a_client_that_hung_up_is_still_delivered(daemon, client, sink):
    daemon.latency(1000)
    steered = client(python("py_http.py", sink.port, 0.2))
    assert steered.ask().status == "error"
    wait_for(lambda: sink.requests, "the request of the client that hung up")


def test_asyncio_loop_is_not_held_up(daemon, run, sink):
    daemon.latency(1000)
    done = run(*python("py_loop.py", sink.port))
    assert done.returncode == 0, done.stderr
    longest_gap, calls = map(float, done.stdout.split())
    assert longest_gap < 0.7
    assert 1.0 <= calls < 2.5


@pytest.mark.parametrize("fate", ["pass", "fault"])
def test_program_with_much_thread_local_storage_is_delayed_too(daemon, run, sink, programs, fate):
    daemon.latency(300)
    if fate == "fault":
        daemon.faults(FAULT)
    done = run(programs / "big_storage", sink.port, "503" if fate == "fault" else "200")
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 300
    assert daemon.totals()["delayed"] == 1


def tell(run, sink, *steps):
    """Runs a program that has `sock` and CALL, and is ended if it hangs."""
    start = (
        "import os, signal, socket, sys",
        "from wire import head, kinesis, request",
        "signal.alarm(15)",
        "CALL = request(*kinesis(), body=b'{}')",
    )
    path = Path(__file__).parent
    code = "\n".join((*start, *steps))
    done = run("env", f"PYTHONPATH={path}", sys.executable, "-c", code, sink.port)
    assert done.returncode == 0, done.stderr


def test_delayed_fault_of_a_server_that_closes_ends_the_connection(daemon, run, sink):
    """The next request has no answer there: it would never reach a server."""
    daemon.latency(60_000)
    daemon.faults(FAULT)
    tell(
        run, sink,
        "server = socket.create_server(('127.0.0.1', 0))",
        "sock = socket.create_connection(server.getsockname())",
        "peer = server.accept()[0]",
        "sock.sendall(CALL)",
        "peer.close()",
        "top, _, body = sock.recv(65536).partition(b'\\r\\n\\r\\n')",
        "assert top.startswith(b'HTTP/1.1 503 '), top",
        "assert b'\\r\\nconnection: close' in top.lower(), top",
        "try:",
        "    sock.sendall(CALL)",
        "    rest = sock.recv(65536)",
        "except (BrokenPipeError, ConnectionResetError):",
        "    rest = b''",
        "assert rest == b'', rest",
    )  # fmt: skip
    assert daemon.totals()["calls"] == 1


def test_sender_that_must_not_wait_does_not_wait_for_the_latency(daemon, run, sink):
    daemon.latency(60_000)
    tell(
        run, sink,
        "data = head(*kinesis(), f'Content-Length: {3 << 20}') + b'x' * (3 << 20)",
        "sock = socket.create_connection(('127.0.0.1', int(sys.argv[1])))",
        "sock.setblocking(False)",
        "while data:",
        "    data = data[sock.send(data[:65536]):]",
    )  # fmt: skip
