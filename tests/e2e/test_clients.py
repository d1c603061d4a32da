# SPDX-License-Identifier: Apache-2.0
"""Every client meets the same: what passes is unchanged, faults and latency reach it."""

import shutil
import subprocess

import pytest

from harness import CLIENTS, environment, preloaded, python

FAULT = {
    "service": "kinesis",
    "operation": "PutRecord",
    "error": {"statusCode": 400, "code": "ProvisionedThroughputExceededException"},
}
BIG = 1_500_000


def script(tool, name):
    return lambda port, programs: [tool, CLIENTS / name, port]


def java(*words):
    command = ["java", "-XX:TieredStopAtLevel=1", "-cp"]
    return lambda port, programs: [*command, programs, words[0], port, *words[1:]]


def sockets(write, wait, read):
    return lambda port, programs: [programs / "socket_client", port, write, wait, read]


KINDS = {
    "http.client": lambda port, programs: python("py_http.py", port),
    "urllib3": lambda port, programs: python("py_urllib3.py", port),
    "requests": lambda port, programs: python("py_requests.py", port),
    "asyncio": lambda port, programs: python("py_asyncio.py", port),
    "python-libc": lambda port, programs: python("py_libc.py", port),
    "python-edge": lambda port, programs: python("py_edge.py", port),
    "node-http": script("node", "node_http.js"),
    "node-fetch": script("node", "node_fetch.js"),
    "java-url": java("JavaUrl"),
    "java-http": java("JavaHttp"),
    "java-http-upgrade": java("JavaHttp", "h2"),
    "perl": script("perl", "perl_socket.pl"),
    "ruby": script("ruby", "ruby_http.rb"),
    **{
        f"c-{write}": sockets(write, "block", "read")
        for write in ("write", "send", "sendto", "writev", "sendmsg", "sendmmsg", "dribble")
    },
    **{
        f"c-{wait}": sockets("write", wait, "read")
        for wait in (
            "poll", "ppoll", "poll_chk", "ppoll_chk", "select", "pselect", "epoll", "epoll_pwait",
            "edge",
        )
    },
    **{
        f"c-{read}": sockets("write", "poll", read)
        for read in (
            "recv", "recvfrom", "peek", "readv", "recvmsg", "recvmmsg", "read_chk", "recv_chk",
            "recvfrom_chk",
        )
    },
    "c-edge-recvmsg": sockets("sendmsg", "edge", "recvmsg"),
    "c-block-recvmsg": sockets("sendmsg", "block", "recvmsg"),
    "c-block-recvmmsg": sockets("sendmsg", "block", "recvmmsg"),
}  # fmt: skip


@pytest.fixture(params=KINDS)
def kind(request, programs, sink):
    """The command line of one client."""
    command = KINDS[request.param](sink.port, programs)
    if "/" not in str(command[0]) and not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    return command


@pytest.fixture
def steered(kind, client):
    return client(kind)


def is_fault(answer):
    code = FAULT["error"]["code"]
    return (answer.status, answer.code) == (400, code) and f'"__type":"{code}"' in answer.body


def assert_never_arrived(sink, steered):
    """What a client sends in pieces may be begun on the wire; no request is whole."""
    assert sink.requests == []
    assert sink.raw == [] or "dribble" in steered.process.args


def test_bytes_are_the_same_with_and_without(daemon, client, kind, sink):
    daemon.faults({**FAULT, "operation": "Another"})
    for shim in (False, True):
        one = client(kind, shim=shim)
        assert [one.ask("PutRecord", size).status for size in (2, 100, 3000)] == [200] * 3
        assert one.ask("-").status == 200
        one.finish()
    sink.settle()
    seen = sink.raw
    half = len(seen) // 2
    assert half and seen[:half] == seen[half:]


def test_fault_is_seen_and_never_reaches_the_server(daemon, steered, sink):
    daemon.faults(FAULT)
    assert all(is_fault(steered.ask()) for _ in range(3))
    steered.finish()
    sink.settle()
    assert_never_arrived(sink, steered)


def test_fault_comes_and_goes_on_a_running_client(daemon, steered, sink):
    for _ in range(3):
        assert steered.ask().status == 200
        daemon.faults(FAULT)
        assert is_fault(steered.ask())
        daemon.faults()
    assert steered.ask().status == 200
    steered.finish()
    assert len(sink.requests) == 4


def test_fault_answers_a_request_larger_than_1_mib(daemon, steered, sink):
    daemon.faults(FAULT)
    assert is_fault(steered.ask(size=BIG))
    daemon.faults()
    assert steered.ask().status == 200
    steered.finish()
    sink.settle()
    assert [len(request.body) for request in sink.requests] == [16]


def test_latency_is_waited_and_the_bytes_arrive(daemon, steered, sink):
    daemon.latency(200)
    got = [steered.ask() for _ in range(2)]
    assert all(answer.status == 200 and answer.seconds >= 0.2 for answer in got)
    assert [request.body for request in sink.requests] == [b"x" * 16] * 2


def test_request_larger_than_1_mib_arrives_under_latency(daemon, steered, sink):
    daemon.latency(200)
    got = steered.ask(size=BIG)
    assert got.status == 200
    assert got.seconds >= 0.2
    assert [request.body for request in sink.requests] == [b"x" * BIG]


def test_fault_waits_the_latency(daemon, steered, sink):
    daemon.latency(200)
    daemon.faults(FAULT)
    got = steered.ask()
    assert is_fault(got)
    assert got.seconds >= 0.2
    assert_never_arrived(sink, steered)


CURL = ("curl", "-s", "-S", "--noproxy", "*", "-w", "%{http_code}")
SIGNED = ("--aws-sigv4", "aws:amz:us-east-1:s3", "--user", "AKIDEXAMPLE:secret")


def test_curl_sees_a_fault(daemon, run, sink):
    daemon.faults({"service": "s3", "operation": "GetObject"})
    done = run(*CURL, *SIGNED, f"{sink.url}/bucket/key")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("503")
    assert "<Code>ServiceUnavailable</Code>" in done.stdout
    assert sink.raw == []


def test_curl_gets_the_next_answer_on_a_new_connection_after_a_fault(daemon, run, sink):
    daemon.faults({"service": "s3", "operation": "GetObject", "region": "us-east-1"})
    done = run(*CURL, *SIGNED, f"{sink.url}/bucket/key", f"{sink.url}/bucket?location")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("200")
    assert [request.target for request in sink.requests] == ["/bucket?location"]


def test_curl_uploads_under_a_fault(daemon, run, sink, tmp_path):
    daemon.faults({"service": "s3", "operation": "PutObject"})
    (tmp_path / "big").write_bytes(b"x" * BIG)
    done = run(*CURL, *SIGNED, "-T", tmp_path / "big", f"{sink.url}/bucket/key")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("503")
    assert sink.raw == []


def test_wget_sees_a_fault(daemon, run, sink):
    daemon.faults({"service": "s3", "operation": "GetObject"})
    credential = "Credential=AKIDEXAMPLE/20260101/us-east-1/s3/aws4_request"
    field = f"Authorization: AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0"
    done = run("wget", "-t1", "-O-", "--no-proxy", f"--header={field}", f"{sink.url}/bucket/key")
    assert done.returncode == 8
    assert "503 Service Unavailable" in done.stderr
    assert sink.raw == []


@pytest.mark.parametrize("tool", ["curl", "wget"])
def test_downloads_that_are_not_aws_are_the_same_with_and_without(daemon, sink, tool):
    daemon.faults({})
    command = {"curl": ["curl", "-s", "-i"], "wget": ["wget", "-q", "-S", "-O-"]}[tool]
    seen = [
        subprocess.run([*command, f"{sink.url}/file"], capture_output=True, env=env)
        for env in (environment(), preloaded(daemon.folder))
    ]
    plain, shimmed = [(done.returncode, done.stdout, done.stderr) for done in seen]
    assert plain == shimmed
    assert sink.raw[0] == sink.raw[1]
