# SPDX-License-Identifier: Apache-2.0
"""What cannot be looked into, since its TLS cannot be hooked and no bridge is wanted, works unchanged and
is told of."""

import os
import shutil
import signal
import subprocess

import pytest

from conftest import free_port
from harness import (
    BUILD, CLIENTS, Client, environment, node_shares_openssl, python, wait_for,
)  # fmt: skip
from tls import AWS_HOST

NO_BRIDGE = {"CHAOS_BRIDGE": "0"}
WARNING = f"calls to {AWS_HOST} get no faults: its TLS is built in, and is to be left alone; leave out --no-bridge"


def node(port, host, authority, programs, tmp_path):
    return ["node", CLIENTS / "node_https.js", port, host]


def java(port, host, authority, programs, tmp_path):
    hosts = tmp_path / "hosts"
    hosts.write_text(f"127.0.0.1 {host}\n")
    options = [*authority.java_options(), f"-Djdk.net.hosts.file={hosts}"]
    place = ["-XX:TieredStopAtLevel=1", "-cp", programs, "JavaHttps"]
    return ["java", *options, *place, f"https://{host}:{port}/"]


@pytest.fixture(params=[node, java])
def command(request, programs, tls_sink, authority, tmp_path):
    """Makes the command line of a client whose TLS is its own, for a host."""
    if request.param is node and node_shares_openssl():
        pytest.skip("this Node uses the shared OpenSSL, and is seen")
    return lambda host=AWS_HOST: request.param(
        tls_sink.port, host, authority, programs, tmp_path
    )


@pytest.fixture
def strict(daemon, authority):
    """Runs a command under chaos-run --strict."""

    def strict(*command, **env):
        return subprocess.run(
            [BUILD / "chaos-run", "--strict", "-d", daemon.folder, "--", *map(str, command)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=environment(**authority.environment, **NO_BRIDGE, **env),
            timeout=60,
        )

    return strict


def processes(daemon):
    return daemon.request("GET", "/_chaos/processes").json


def test_program_works_unchanged_and_is_listed_with_the_host(
    daemon, run, tls_sink, authority, command
):
    daemon.faults({})
    done = run(*command(), **NO_BRIDGE, **authority.environment)
    assert (done.returncode, done.stdout) == (0, "200\n"), done.stderr
    assert len(tls_sink.requests) == 1
    (one,) = [one for one in processes(daemon) if one["blind"]["tls"]]
    assert (one["running"], one["blind"]["tls"], one["blind_aws"]) == (False, 1, 1)
    assert one["blind_hosts"] == [{"reason": "tls", "host": AWS_HOST}]
    listed = subprocess.run(
        ["script", "-qec", f"{BUILD}/chaos-ctl -d {daemon.folder} ps", "/dev/null"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert f"TLS (may be HTTP/2) 1: {AWS_HOST}" in listed.stdout


def test_program_is_warned_of_once(daemon, run, authority, command):
    done = run(*command(), **NO_BRIDGE, **authority.environment)
    assert done.stderr.count("chaos-run:") == done.stderr.count(WARNING) == 1


def test_warning_names_program_and_process(daemon, run, authority, command):
    words = command()
    done = run("sh", "-c", 'echo $$; exec "$@"', "sh", *words, **NO_BRIDGE, **authority.environment)
    assert f"chaos-run: {words[0]}, pid {done.stdout.split()[0]}: calls to " in done.stderr


def test_warning_names_a_program_of_a_long_name_by_its_beginning(daemon, run, authority, command):
    script = 'exec -a "$0" "$@"'
    done = run("bash", "-c", script, "n" * 3000, *command(), **NO_BRIDGE, **authority.environment)
    assert (done.returncode, done.stdout) == (0, "200\n"), done.stderr
    assert f"chaos-run: {'n' * 64}, pid " in done.stderr
    assert WARNING in done.stderr


def test_warning_tells_that_no_list_of_authorities_was_named(daemon, run, tls_sink):
    if node_shares_openssl():
        pytest.skip("this Node uses the shared OpenSSL, and is seen")
    words = ["node", CLIENTS / "node_https.js", tls_sink.port, AWS_HOST]
    unset = ["env", "-u", "NODE_EXTRA_CA_CERTS", "-u", "DENO_CERT"]
    done = run(*unset, *words, NODE_TLS_REJECT_UNAUTHORIZED=0)
    assert "get no faults: it trusts its own list of authorities alone; run it by chaos-run" in done.stderr


def test_warning_tells_that_no_descriptor_was_left(daemon, run, tls_sink):
    if node_shares_openssl():
        pytest.skip("this Node uses the shared OpenSSL, and is seen")
    words = ["node", CLIENTS / "node_descriptors.js", tls_sink.port, AWS_HOST]
    done = run("sh", "-c", 'ulimit -n 64; exec "$@"', "sh", *words)
    assert done.stdout == "200\n", done.stderr
    assert "get no faults: too many files are open" in done.stderr
    assert "raise 'ulimit -n'" in done.stderr


def test_warning_tells_that_the_key_cannot_be_read(daemon, run, authority, command):
    script = 'rm "$CHAOS_DIR/ca.key"; exec "$@"'
    done = run("sh", "-c", script, "sh", *command(), **authority.environment)
    assert "get no faults: the runtime folder has no authority that it can read;" in done.stderr


def test_warning_is_silenced(daemon, run, authority, command):
    done = run(*command(), **NO_BRIDGE, **authority.environment, CHAOS_QUIET=1)
    assert "chaos-run:" not in done.stderr


def test_other_hosts_are_counted_without_a_word(daemon, run, authority, command):
    done = run(*command("localhost"), **NO_BRIDGE, **authority.environment)
    assert (done.returncode, "chaos-run:" in done.stderr) == (0, False)
    totals = daemon.totals()
    assert (totals["blind"], totals["blind_aws"]) == (1, 0)


# A ClientHello of TLS 1.2 and what the session might go on with, by a socket of its own.
SPLIT_HELLO = """
import socket, struct, sys
name = sys.argv[2].encode()
names = b"\\0" + struct.pack(">H", len(name)) + name
names = struct.pack(">H", len(names)) + names
extensions = b"\\0\\0" + struct.pack(">H", len(names)) + names
body = b"\\3\\3" + bytes(range(1, 33)) + b"\\0" + b"\\0\\2\\xc0\\x2f" + b"\\1\\0"
body += struct.pack(">H", len(extensions)) + extensions
message = b"\\1" + struct.pack(">I", len(body))[1:] + body
step = int(sys.argv[3])
records = [b"\\x16\\3\\1" + struct.pack(">H", len(part)) + part
           for part in (message[at : at + step] for at in range(0, len(message), step))]
peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
for part in records if sys.argv[4] == "apart" else [b"".join(records)]:
    peer.sendall(part)
peer.sendall(b"\\x17\\3\\3\\2\\0" + bytes(512))
"""


@pytest.mark.parametrize("writes", ["at once", "apart"])
@pytest.mark.parametrize("step", [1, 40, 70])
def test_host_is_told_however_the_hello_is_split_into_records(daemon, run, sink, step, writes):
    run("python3", "-c", SPLIT_HELLO, sink.port, AWS_HOST, step, writes.split()[-1], **NO_BRIDGE, check=True)
    (one,) = [one for one in processes(daemon) if one["blind"]["tls"]]
    assert (one["blind_aws"], one["blind_hosts"]) == (1, [{"reason": "tls", "host": AWS_HOST}])


# ---- --strict ----


def test_strict_fails_a_command_that_was_blind_to_aws(strict, command):
    done = strict(*command(), CHAOS_QUIET=1)
    assert (done.returncode, done.stdout) == (125, "200\n")
    assert "could not be looked into" in done.stderr
    assert f"{AWS_HOST}, TLS (may be HTTP/2): its TLS is built in, and is to be left alone; leave " in done.stderr


@pytest.fixture
def content(strict, sink):
    """Is --strict content with a command, where it sees another call?"""
    call = f"curl -sS -o /dev/null -d {{}} -H 'X-Amz-Target: Kinesis_20131202.PutRecord' {sink.url}"
    return lambda words, **env: (
        strict("sh", "-ec", f'"$@"; {call}', "sh", *words, **env).returncode == 0
    )


def test_strict_is_content_with_blindness_to_others_beside_a_call(content, command):
    assert content(command("localhost"))


ENDPOINTS = {
    "for all": ("AWS_ENDPOINT_URL", "https://localhost:{port}"),
    "for a service": ("AWS_ENDPOINT_URL_KINESIS", "https://user:secret@LOCALHOST:{port}/path?query"),
    "in figures": ("AWS_ENDPOINT_URL", "https://127.0.0.1:{port}"),
    "intercepted": ("CHAOS_INTERCEPT", "host.example,localhost"),
    "intercepted on a port": ("CHAOS_INTERCEPT", "localhost:{port}"),
}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_strict_fails_a_command_that_was_blind_to_the_endpoint_of_the_user(
    strict, tls_sink, authority, programs, tmp_path, endpoint
):
    name, url = ENDPOINTS[endpoint]
    host = "127.0.0.1" if endpoint == "in figures" else "localhost"
    # Neither an address nor a name without a dot is said in Java's ClientHello.
    command = java(tls_sink.port, host, authority, programs, tmp_path)
    done = strict(*command, CHAOS_QUIET=1, **{name: url.format(port=tls_sink.port)})
    assert (done.returncode, done.stdout) == (125, "200\n"), done.stderr
    assert ", TLS (may be HTTP/2): its TLS is built in" in done.stderr


def test_strict_fails_a_child_without_environment_that_was_blind_to_that_endpoint(
    strict, tls_sink, authority, programs, tmp_path
):
    command = ["env", "-i", *java(tls_sink.port, "localhost", authority, programs, tmp_path)]
    command[2] = shutil.which(command[2])
    done = strict(*command, CHAOS_QUIET=1, AWS_ENDPOINT_URL=f"https://localhost:{tls_sink.port}")
    assert (done.returncode, done.stdout) == (125, "200\n"), done.stderr


@pytest.mark.parametrize("host", ["bucket.localhost", "localhost.localstack.cloud"])
def test_strict_fails_a_command_that_was_blind_to_a_name_of_the_endpoint(strict, command, host):
    named = {} if host.endswith(".cloud") else {"AWS_ENDPOINT_URL": "https://localhost:1"}
    assert strict(*command(host), CHAOS_QUIET=1, **named).returncode == 125


@pytest.mark.parametrize(
    "name, url",
    [
        ("AWS_ENDPOINT_URLS", "https://localhost"),
        ("AWS_ENDPOINT_URL", "https://host"),
        ("AWS_ENDPOINT_URL", "https://127.0.0.1:1"),
        ("AWS_ENDPOINT_URL", "://["),
        ("AWS_ENDPOINT_URL", ""),
        ("CHAOS_INTERCEPT", "host,127.0.0.1:1"),
    ],
)
def test_strict_is_content_with_blindness_to_what_is_no_endpoint(content, command, name, url):
    assert content(command("localhost"), **{name: url})


def test_strict_is_content_with_a_command_that_was_seen(daemon, strict, tls_sink):
    daemon.faults({})
    field = "Authorization: AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/s3/aws4_request, x=0"
    done = strict("curl", "-s", "-H", field, "-w", " %{http_code}", f"{tls_sink.url}/bucket/key")
    assert done.returncode == 0 and done.stdout.endswith(" 503")


@pytest.mark.parametrize("code", [0, 7, 125, 255])
def test_strict_ends_with_the_command_s_own_code(strict, code):
    assert strict("sh", "-c", f"exit {code}").returncode == code


def test_strict_ends_by_the_signal_that_ended_the_command(strict):
    assert strict("sh", "-c", "kill -9 $$").returncode == -signal.SIGKILL


def test_strict_says_what_cannot_be_executed(strict, tmp_path):
    assert strict(tmp_path / "missing").returncode == 127


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_strict_passes_signals_on(daemon, number):
    script = "trap 'echo caught; exit 3' TERM INT USR1; echo ready; while :; do sleep 0.1; done"
    # It may be ignored where the tests are run from.
    command = ["env", "--default-signal=INT", BUILD / "chaos-run", "-s", "-d", daemon.folder]
    command += ["sh", "-c", script]
    one = Client(command, environment())
    try:
        assert one.line() == "ready"
        os.kill(one.process.pid, number)
        assert one.line() == "caught"
        assert one.process.wait(20) == 3
    finally:
        one.kill()


def test_strict_is_told_of_in_the_help():
    done = subprocess.run([BUILD / "chaos-run", "--help"], capture_output=True, text=True)
    assert "--strict" in done.stdout


def test_what_is_written_through_a_bio_is_told_of(daemon, run, tls_sink, authority):
    daemon.faults({})
    done = run(*python("py_bio.py", tls_sink.port), **authority.environment)
    assert (done.returncode, done.stdout) == (0, "200 - {\"served\":true}\n"), done.stderr
    assert [one["blind"]["tls"] for one in processes(daemon)] == [1]


def test_early_data_is_told_of(daemon, run, authority):
    port = free_port()
    files = "-cert", authority.certificate, "-key", authority.key
    server = subprocess.Popen(
        ["openssl", "s_server", "-quiet", "-early_data", "-accept", f"127.0.0.1:{port}", *files],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    try:
        done = run(*python("py_early.py", port), **authority.environment)
        assert done.returncode == 0, done.stderr
        assert b"early POST" in os.read(server.stdout.fileno(), 4096)
    finally:
        server.kill()
        server.communicate()
    assert [one["blind"]["tls"] for one in processes(daemon)] == [1]


# ---- HTTP/2 ----


@pytest.fixture
def http2(authority):
    """The port of a server that agrees on HTTP/2."""
    server = subprocess.Popen(
        ["node", CLIENTS / "node_http2.js", authority.certificate, authority.key],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    yield int(server.stdout.readline())
    server.kill()
    server.wait()
    server.stdout.close()


CALL = ["--aws-sigv4", "aws:amz:us-east-1:kinesis", "--user", "A:B",
        "-H", "X-Amz-Target: Kinesis_20131202.PutRecord", "-d", "{}"]  # fmt: skip


def curl(port, *more):
    place = ["--resolve", f"{AWS_HOST}:{port}:127.0.0.1", f"https://{AWS_HOST}:{port}/"]
    return ["curl", "-sS", *CALL, *more, *place]


def test_http2_works_unchanged_and_is_reported(daemon, run, strict, authority, http2):
    daemon.faults({})
    done = run(*curl(http2, "--http2"), **authority.environment)
    assert (done.returncode, done.stdout) == (0, "served by 2.0")
    assert f"calls to {AWS_HOST} get no faults: it speaks HTTP/2" in done.stderr
    totals = daemon.totals()
    assert (totals["calls"], totals["blind"], totals["blind_aws"]) == (0, 1, 1)
    (one,) = processes(daemon)
    assert one["blind"]["http2"] == 1
    assert one["blind_hosts"] == [{"reason": "http2", "host": AWS_HOST}]
    assert strict(*curl(http2, "--http2")).returncode == 125


def test_offer_of_http2_over_plaintext_is_seen_while_nobody_takes_it(daemon, run, sink):
    """The connection is counted, and its call."""
    command = ["curl", "-sS", "--http2", *CALL, "-w", " %{http_code}"]
    assert run(*command, sink.url).stdout.endswith(" 200")
    assert "h2c" in sink.requests[0].headers["upgrade"]
    totals = daemon.totals()
    assert (totals["connections"], totals["calls"], totals["blind"]) == (1, 1, 0)
    daemon.faults({"service": "kinesis"})
    assert run(*command, sink.url).stdout.endswith(" 503")
    assert len(sink.requests) == 1
    assert [(one["connections"], one["calls"]) for one in processes(daemon)] == [(1, 1)] * 2


def test_same_server_is_seen_over_http1(daemon, strict, authority, http2):
    daemon.faults({})
    done = strict(*curl(http2, "--http1.1", "-w", " %{http_code}"))
    assert done.returncode == 0 and done.stdout.endswith(" 503")


def test_connection_that_was_not_used_is_not_blind(daemon, run, tls_sink, authority):
    script = (
        "import socket, ssl, sys; s = socket.create_connection(('localhost', int(sys.argv[1])));"
        "ssl.create_default_context().wrap_socket(s, server_hostname='localhost').close()"
    )
    done = run("python3", "-c", script, tls_sink.port, **authority.environment)
    assert done.returncode == 0, done.stderr
    wait_for(lambda: daemon.totals()["connections"] == 1, "the connection to be counted")
    assert daemon.totals()["blind"] == 0


def test_connection_given_to_stdio_is_counted(daemon, run, sink):
    steps = (
        "import ctypes, socket; libc = ctypes.CDLL(None); libc.fdopen.restype = ctypes.c_void_p;"
        f"sock = socket.create_connection(('127.0.0.1', {sink.port}));"
        "assert libc.fdopen(sock.fileno(), b'r+')"
    )
    assert run("python3", "-c", steps).returncode == 0
    assert daemon.totals()["blind"] == 1
