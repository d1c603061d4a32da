# SPDX-License-Identifier: Apache-2.0
"""HTTPS to services of AWS, and what programs do with TLS besides."""

import json
import socket
import ssl
import subprocess
import sys
import threading

import pytest

from harness import CLIENTS, SHIM, node_shares_openssl, preloaded, python
from tls import AWS_HOST, Proxy, TlsSink

PUT = {"service": "kinesis", "operation": "PutRecord"}
LIST = {"service": "s3", "operation": "ListBuckets"}
SIGNED = ("--aws-sigv4", "aws:amz:us-east-1:kinesis", "--user", "AKIDEXAMPLE:secret")
CALL = (*SIGNED, "-H", "X-Amz-Target: Kinesis_20131202.PutRecord", "-d", "{}")


@pytest.fixture
def trusting(authority):
    """The environment of a program that trusts the authority."""
    return lambda **more: {**authority.environment, **more}


@pytest.fixture
def start(client, trusting):
    """Starts a steered client that trusts the authority."""
    return lambda command, **env: client(command, **trusting(**env))


# ---- the AWS SDKs ----


SDKS = {
    "boto3": lambda url: python("sdk_boto3.py", url),
    "aiobotocore": lambda url: python("sdk_aiobotocore.py", url),
    "ruby": lambda url: ["ruby", CLIENTS / "sdk_ruby.rb", url],
}


@pytest.mark.parametrize("sdk", SDKS)
def test_sdk_meets_fault_and_delay_and_works_on_with_the_same_client(daemon, start, tls_moto, sdk):
    steered = start(SDKS[sdk](tls_moto))
    assert steered.ask().status == 200
    daemon.faults(LIST)
    assert (steered.ask().status, daemon.totals()["faults"]) == (503, 1)
    daemon.faults()
    assert steered.ask().status == 200
    daemon.latency(300)
    answer = steered.ask()
    assert answer.status == 200 and answer.seconds >= 0.3
    daemon.latency(0)
    assert steered.ask().status == 200
    steered.finish()
    assert daemon.totals() == {**daemon.totals(), "calls": 5, "faults": 1, "delayed": 1}


@pytest.mark.parametrize("sdk", ["boto3", "aiobotocore"])
def test_sdk_reads_the_code_of_the_error(daemon, start, tls_moto, sdk):
    daemon.faults({**LIST, "error": {"statusCode": 403, "code": "AccessDenied"}})
    answer = start(SDKS[sdk](tls_moto)).ask()
    assert (answer.status, answer.code) == (403, "AccessDenied")


@pytest.mark.parametrize("sdk", ["boto3", "aiobotocore"])
def test_read_timeout_of_an_sdk_fires_under_latency(daemon, start, tls_moto, sdk):
    daemon.latency(60_000)
    answer = start([*SDKS[sdk](tls_moto), 0.5]).ask()
    assert answer.status == "error" and "Timeout" in answer.body
    assert 0.5 <= answer.seconds < 10


def test_aws_cli_meets_fault_and_pass_and_delay(daemon, run, tls_moto, trusting):
    command = ["aws", "--endpoint-url", tls_moto, "--region", "us-east-1", "s3api", "list-buckets"]
    env = trusting(AWS_MAX_ATTEMPTS=1)
    daemon.faults(LIST)
    done = run(*command, **env)
    assert done.returncode != 0 and "(ServiceUnavailable)" in done.stderr
    daemon.faults()
    daemon.latency(100)
    done = run(*command, **env)
    assert done.returncode == 0 and "Buckets" in json.loads(done.stdout)
    assert daemon.totals() == {**daemon.totals(), "calls": 2, "faults": 1, "delayed": 1}


# ---- commands ----


def test_curl_meets_a_fault_and_goes_on(daemon, run, tls_sink, trusting):
    daemon.faults({**PUT, "region": "us-east-1"})
    command = ["curl", "-sS", "--http1.1", "-w", " %{http_code} ", *CALL]
    done = run(*command, tls_sink.url, "--next", "-sS", tls_sink.url, **trusting())
    assert done.returncode == 0, done.stderr
    assert "503" in done.stdout and done.stdout.endswith('{"served":true}')
    assert [request.method for request in tls_sink.requests] == ["GET"]


def test_request_that_a_callback_of_the_handshake_writes_meets_a_fault(
    daemon, run, tls_sink, programs
):
    """Node's fetch does so."""
    passed = run(programs / "tls_callback", tls_sink.port)
    daemon.faults(PUT)
    faulted = run(programs / "tls_callback", tls_sink.port)
    assert passed.stdout.startswith("HTTP/1.1 200 "), passed.stderr
    assert faulted.stdout.startswith("HTTP/1.1 503 "), faulted.stderr
    assert len(tls_sink.requests) == 1


@pytest.mark.skipif(not node_shares_openssl(), reason="this Node brings its own OpenSSL")
def test_node_with_the_shared_openssl_meets_a_fault(daemon, run, tls_sink, trusting):
    daemon.faults(PUT)
    done = run("node", CLIENTS / "node_https.js", tls_sink.port, AWS_HOST, **trusting())
    assert (done.returncode, done.stdout, done.stderr) == (0, "503\n", "")
    assert tls_sink.requests == []


def test_wget_meets_fault_and_pass_and_delay(daemon, run, tls_sink, authority):
    field = "Authorization: AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/s3/aws4_request, x=0"
    command = ["wget", "-t1", "-qO-", f"--ca-certificate={authority.ca}", f"--header={field}"]
    daemon.faults({"service": "s3"})
    done = run(*command, f"{tls_sink.url}/bucket/key")
    assert (done.returncode, tls_sink.requests) == (8, [])
    daemon.faults()
    daemon.latency(100)
    done = run(*command, f"{tls_sink.url}/bucket/key")
    assert (done.returncode, done.stdout) == (0, '{"served":true}')
    assert daemon.totals()["delayed"] == 1


def test_git_clones_over_https_unchanged(daemon, run, tls_sink, tmp_path, trusting):
    daemon.faults({})
    repository, copy = tmp_path / "repository", tmp_path / "copy"
    git = ["git", "-c", "user.name=n", "-c", "user.email=e", "-C", repository]
    subprocess.run(["git", "init", "-q", repository], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "one"], check=True)
    subprocess.run([*git, "update-server-info"], check=True)

    def serve(request):
        file = repository / request.target.lstrip("/").partition("?")[0]
        body = file.read_bytes() if file.is_file() else b""
        status = "200 OK" if file.is_file() else "404 Not Found"
        return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body

    tls_sink.reply = serve
    done = run("git", "clone", "-q", f"{tls_sink.url}/.git", copy, **trusting())
    assert done.returncode == 0, done.stderr
    log = subprocess.run(["git", "-C", copy, "log", "--format=%s"], capture_output=True, text=True)
    assert log.stdout == "one\n"
    assert (daemon.totals()["connections"] > 0, daemon.totals()["blind"]) == (True, 0)


# ---- time, and many threads ----


@pytest.mark.parametrize("timeout", [0.5])
def test_read_timeout_fires_under_latency(daemon, start, tls_sink, timeout):
    daemon.latency(60_000)
    answer = start(python("py_http.py", tls_sink.port, timeout)).ask()
    assert answer.status == "error" and answer.body.startswith("TimeoutError")
    assert timeout <= answer.seconds < 10


def test_asyncio_loop_is_not_held_up(daemon, run, tls_sink, trusting):
    daemon.latency(1000)
    done = run(*python("py_loop.py", tls_sink.port), **trusting())
    assert done.returncode == 0, done.stderr
    longest_gap, calls = map(float, done.stdout.split())
    assert longest_gap < 0.7
    assert 1.0 <= calls < 2.5


def test_pool_of_threads_has_as_many_failures_as_were_injected(daemon, run, tls_sink, trusting):
    daemon.faults({**PUT, "probability": 0.3})
    done = run(*python("py_pool.py", tls_sink.port), **trusting())
    assert done.returncode == 0, done.stderr
    seen = {int(status): int(count) for status, count in map(str.split, done.stdout.splitlines())}
    totals = daemon.totals()
    assert (totals["calls"], totals["faults"]) == (1000, seen[503])
    assert 200 < seen[503] < 400
    assert seen[200] == len(tls_sink.requests) == 1000 - seen[503]


# ---- connections ----


BLOCKING = {
    "http.client": lambda port, programs: python("py_http.py", port, 0),
    "openssl": lambda port, programs: [programs / "tls_client", port, "libssl.so.3"],
    "gnutls": lambda port, programs: [programs / "gnutls_client", port],
}


@pytest.mark.parametrize("kind", BLOCKING)
def test_blocking_client_keeps_its_connection_through_a_fault(
    daemon, start, tls_sink, programs, kind
):
    steered = start(BLOCKING[kind](tls_sink.port, programs))
    for _ in range(3):
        assert steered.ask().status == 200
        daemon.faults(PUT)
        assert steered.ask().status == 503
        daemon.faults()
    assert steered.ask().status == 200
    assert len({connection.port for connection in tls_sink.connections}) == 1
    assert len(tls_sink.requests) == 4


def test_file_that_is_sent_is_seen(daemon, start, tls_sink, programs):
    steered = start([programs / "tls_client", tls_sink.port, "libssl.so.3", "files"])
    assert steered.ask(size=100_000).status == 200
    daemon.faults(PUT)
    assert steered.ask(size=100_000).status == 503
    assert [request.body for request in tls_sink.requests] == [b"x" * 100_000]


def test_session_is_resumed_by_its_ticket_under_faults(daemon, start, tls_sink, programs):
    steered = start([programs / "tls_client", tls_sink.port, "libssl.so.3", "resumes"])
    assert steered.ask().status == 200
    daemon.faults(PUT)
    assert steered.ask().status == 503
    daemon.faults()
    assert steered.ask().status == 200
    assert [connection.resumed for connection in tls_sink.connections] == [False, True, True]


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_certificate_of_the_client_is_not_taken_for_data(daemon, start, tls_sink, authority, loop):
    tls_sink.context.verify_mode = ssl.CERT_REQUIRED
    tls_sink.context.load_verify_locations(authority.ca)
    own = {"CERTIFICATE": authority.certificate, "KEY": authority.key}
    steered = start(python("py_asyncio.py", tls_sink.port, loop), **own)
    assert steered.ask().status == 200
    daemon.faults(PUT)
    assert steered.ask().status == 503
    steered.finish()
    assert daemon.totals()["blind"] == 0


@pytest.mark.parametrize("tool", ["curl", "python"])
def test_calls_through_a_proxy_are_seen(daemon, run, tls_sink, trusting, tool):
    proxy = Proxy(tls_sink.port)
    url = f"https://{AWS_HOST}/"
    command = {
        "curl": ["curl", "-s", "--http1.1", *CALL, "-w", "%{http_code}", "-o", "/dev/null", url],
        "python": [*python("py_proxy.py"), url],
    }[tool]
    env = trusting(HTTPS_PROXY=f"http://127.0.0.1:{proxy.port}")
    try:
        assert run(*command, **env).stdout.strip() == "200"
        daemon.faults(PUT)
        assert run(*command, **env).stdout.strip() == "503"
    finally:
        proxy.close()
    assert proxy.targets == [f"{AWS_HOST}:443"] * 2
    assert len(tls_sink.requests) == 1


def test_tls_that_begins_late_is_left_alone(daemon, run, authority, trusting):
    daemon.faults({})
    listener = socket.create_server(("127.0.0.1", 0))
    got = []

    def serve():
        sock, _ = listener.accept()
        sock.recv(100)
        sock.sendall(b"GO\n")
        with authority.server_context().wrap_socket(sock, server_side=True) as tls:
            got.append(tls.recv(65536))
            tls.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    done = run(*python("py_late.py", listener.getsockname()[1]), **trusting())
    assert (done.returncode, done.stdout) == (0, "200\n"), done.stderr
    thread.join()
    listener.close()
    assert b"Kinesis_20131202" in got[0]
    assert daemon.totals()["calls"] == 0


@pytest.mark.parametrize("way", ["sockets", "memory"])
def test_server_in_the_same_process_is_not_taken_for_a_client(
    daemon, run, authority, trusting, way
):
    daemon.faults({})
    done = run(*python("py_both.py", authority.certificate, authority.key, way), **trusting())
    assert done.returncode == 0, done.stderr
    assert daemon.totals()["calls"] == 0


def test_server_of_gnutls_in_the_same_process_is_not_taken_for_a_client(
    daemon, run, authority, programs, trusting
):
    daemon.faults({})
    files = authority.certificate, authority.key
    done = run(programs / "gnutls_client", "serve", *files, **trusting())
    assert done.returncode == 0, done.stderr
    totals = daemon.totals()
    assert (totals["connections"], totals["calls"], totals["blind"]) == (1, 0, 0)


# ---- libraries ----


def test_two_copies_of_openssl_work_in_one_process(daemon, start, tls_sink):
    steered = start(python("py_copies.py", tls_sink.port))
    for status in ("200", "503", "200"):
        daemon.faults(*[PUT] * (status == "503"))
        answer = steered.ask()
        assert (str(answer.status), answer.code) == (status, status)
    steered.finish()
    assert len(tls_sink.requests) == 4


def test_copy_that_ctypes_finds_is_seen(daemon, start, tls_sink):
    steered = start(python("py_ctypes.py", tls_sink.port))
    assert steered.ask().status == 200
    daemon.faults(PUT)
    assert steered.ask().status == 503
    daemon.faults()
    assert steered.ask().status == 200
    assert len(tls_sink.connections) == 1


@pytest.mark.parametrize("shim_first", [True, False])
def test_another_preloaded_library_finds_the_next_function(
    daemon, tls_sink, programs, trusting, shim_first
):
    libraries = [str(SHIM), str(programs / "libnext")]
    if not shim_first:
        libraries.reverse()
    daemon.faults(PUT)
    env = preloaded(daemon.folder, **trusting())
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getppid())"],
        env={**env, "LD_PRELOAD": ":".join(libraries)}, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "4242\n"), done.stderr
    done = subprocess.run(
        ["curl", "-s", "--http1.1", *CALL, "-w", "%{http_code}", "-o", "/dev/null", tls_sink.url],
        env={**env, "LD_PRELOAD": ":".join(libraries)}, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "503"), done.stderr


def test_program_that_asks_for_a_function_of_tls_gets_none_where_there_is_none(daemon):
    probe = "import ctypes; print(hasattr(ctypes.CDLL(None), 'gnutls_record_send'))"
    env = preloaded(daemon.folder)
    done = subprocess.run([sys.executable, "-c", probe], env=env, capture_output=True, text=True)
    assert done.stdout == "False\n"


def test_call_is_seen_where_the_server_knows_no_more_than_tls_1_2(daemon, start, authority):
    sink = TlsSink(authority, newest=ssl.TLSVersion.TLSv1_2)
    try:
        steered = start(python("py_asyncio.py", sink.port))
        assert steered.ask().status == 200
        daemon.faults(PUT)
        assert steered.ask().status == 503
    finally:
        sink.close()


def test_program_that_reads_its_socket_until_it_is_empty_gets_a_fault(
    daemon, run, trusting, tls_sink
):
    daemon.faults(PUT)
    done = run(*python("py_until_empty.py", tls_sink.port), timeout=20, **trusting())
    assert (done.returncode, done.stdout) == (0, "503\n"), done.stderr
    assert tls_sink.requests == []


@pytest.mark.parametrize("name", ["SSL_read", "SSL_write", "SSL_connect", "SSL_new"])
def test_lookup_that_finds_something_is_no_error_of_the_programs(run, name):
    """dlerror() is asked whether dlsym() has found it: a name may stand for NULL."""
    script = """
import ctypes, sys
libc = ctypes.CDLL(None)
libc.dlsym.restype, libc.dlerror.restype = ctypes.c_void_p, ctypes.c_char_p
handle = ctypes.c_void_p(ctypes.CDLL("libssl.so.3")._handle)
libc.dlerror()
assert libc.dlsym(handle, sys.argv[1].encode())
assert libc.dlerror() is None
assert not libc.dlsym(handle, b"SSL_of_nobody")
assert b"SSL_of_nobody" in libc.dlerror()
"""
    done = run(sys.executable, "-c", script, name)
    assert done.returncode == 0, done.stderr
