# SPDX-License-Identifier: Apache-2.0
"""A bridged connection is to its program what its own socket would be: each call gives the same."""

import os
import signal
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

import pytest

from harness import CLIENTS, TIMEOUT, environment, free_port, preloaded, wait_for
from sink import answer
from tls import TlsSink

BODY = bytes(48 + at % 70 for at in range(30000))
WAYS = (
    "peek", "readv", "recvmsg", "recvmsg-peek", "recvmsg-waitall", "recvmmsg", "dontwait", "trunc",
    "fionread", "rcvtimeo", "splice-in", "writev", "sendmsg", "sendmmsg", "sendfile",
    "splice-out", "early-bird", "half-close", "shut-reading", "shut-both", "linger", "unread",
    "forks", "kernel-tls", "ponder", "two-threads", "waitall-interrupted", "flight-interrupted",
)  # fmt: skip
UPLOADS = ("flood-edge", "flood-level", "sndtimeo", "sndtimeo-low", "interrupted")


class Slow(TlsSink):
    """Reads a large body, and answers a PUT, when it is told to, and notes how each connection ended."""

    def __init__(self, authority):
        super().__init__(authority)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        self.reads = threading.Event()
        self.ends = []
        self.drops = False
        self.reply = lambda request: answer(body=BODY)
        self.interim = self.wait

    def wait(self, request):
        if request.method == "PUT" or int(request.headers.get("content-length", 0)) > 1 << 20:
            self.reads.wait(TIMEOUT)
        if self.drops:
            raise EOFError
        return b""

    def _serve(self, sock, connection):
        self.last = own = sock.dup()
        super()._serve(sock, connection)
        own.close()

    def end(self, how):
        """Ends the last connection, whatever it waits for."""
        if how == "reset":
            self.last.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.drops = True
        else:
            self.last.shutdown(socket.SHUT_RDWR)

    def _serve_one(self, sock, reader, connection):
        try:
            return super()._serve_one(sock, reader, connection)
        except (EOFError, OSError):
            self.ends.append("end" if is_connected(sock) else "reset")
            raise


def is_connected(sock):
    """Of a connection whose peer has ended its side that is still so; of one that it has reset not."""
    try:
        return bool(sock.getpeername())
    except OSError:
        return False


@pytest.fixture
def sink(authority):
    one = Slow(authority)
    yield one
    one.close()


@pytest.fixture
def use(daemon, authority, programs, sink):
    """Runs the program; what it said, and how its connection ended for the server."""

    def run(way, *options, shim):
        named = {**authority.environment, "AWS_ENDPOINT_URL": sink.url}
        sink.reads.clear()
        sink.ends.clear()
        sink.drops = False
        with subprocess.Popen(
            [programs / "sockets", str(sink.port), way, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=preloaded(daemon.folder, **named) if shim else environment(**named),
            text=True,
        ) as process:
            said = []
            if way in LAST:
                while (line := process.stdout.readline()) and not line.startswith(LAST[way]):
                    said.append(line)
                said.append(line)
                if way in ENDS:
                    process.stdin.write("\n")
                    process.stdin.flush()
                    time.sleep(0.5)  # the program waits again, as a rule
                    sink.end(ENDS[way])
                sink.reads.set()
            said += process.communicate("\n", TIMEOUT)[0].splitlines(True)
        sink.settle()
        return "".join(said), process.returncode, list(sink.ends)

    return run


# The line before the program waits for the server to go on.
LAST = {
    "flood-edge": "poll",
    "flood-level": "poll",
    "sndtimeo": "bounded",
    "sndtimeo-low": "bounded",
    "interrupted": "full",
    "reset": "full",
    "reuses": "same number",
    "flight-then-end": "poll",
}

# How the server ends the connection after that; else it goes on.
ENDS = {"reset": "reset", "flight-then-end": "end"}


def is_bridged(daemon, connections=1):
    (process,) = daemon.request("GET", "/_chaos/processes").json
    return process["lanes"]["bridge"] == connections


@pytest.mark.parametrize("version", [(), ("old",)], ids=["1.3", "1.2"])
@pytest.mark.parametrize("way", WAYS)
def test_call_gives_what_it_gives_without(daemon, use, way, version):
    daemon.faults({"service": "s3", "region": "nowhere-1"})
    without = use(way, *version, shim=False)
    assert without[1] == 0, without
    assert use(way, *version, shim=True) == without
    assert is_bridged(daemon)


@pytest.mark.skipif("CHAOS_TSAN" not in os.environ, reason="not with the thread sanitizer")
@pytest.mark.parametrize("version", [(), ("old",)], ids=["1.3", "1.2"])
def test_two_threads_on_one_connection_race_in_nothing(
    daemon, authority, sink, tmp_path, version
):
    program = tmp_path / "sockets"
    compiler = [*os.environ.get("CC", "cc").split(), "-fsanitize=thread", "-D_GNU_SOURCE", "-O1"]
    linked = ["-l:libssl.a", "-l:libcrypto.a", "-lpthread", "-ldl"]
    subprocess.run([*compiler, "-o", program, CLIENTS / "sockets.c", *linked], check=True)
    env = preloaded(daemon.folder, **authority.environment, AWS_ENDPOINT_URL=sink.url)
    env["LD_PRELOAD"] = str(Path(os.environ["CHAOS_TSAN"]).resolve() / "libchaos-shim.so")
    daemon.faults({"service": "s3", "region": "nowhere-1"})
    done = subprocess.run(
        [program, str(sink.port), "two-threads", *version],
        capture_output=True, text=True, timeout=TIMEOUT, env=env,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "all: 1\n", "")
    assert is_bridged(daemon)


@pytest.mark.parametrize("way", UPLOADS)
def test_upload_that_is_not_read_waits_as_it_does_without(daemon, use, way):
    without = use(way, shim=False)
    assert without[1] == 0, without
    assert use(way, shim=True) == without
    assert is_bridged(daemon)


@pytest.mark.parametrize("version", [(), ("old",)], ids=["1.3", "1.2"])
@pytest.mark.parametrize("way", ENDS)
def test_end_of_the_server_is_told_of_as_it_is_without(daemon, use, way, version):
    without = use(way, *version, shim=False)
    assert without[1] == 0, without
    assert use(way, *version, shim=True)[:2] == without[:2]
    assert is_bridged(daemon)


def test_connection_in_the_place_of_one_that_a_thread_reads_is_looked_into(daemon, use):
    without = use("reuses", "old", shim=False)
    assert without[:2] == ("same number: 1\nstatus: 200\nbytes: 30000\n", 0)
    assert use("reuses", "old", shim=True)[:2] == without[:2]
    assert is_bridged(daemon, 2)


@pytest.fixture
def renegotiator(authority):
    """A server that asks for another handshake when it is told to, by a line that is `r`."""
    port = free_port()
    command = ["openssl", "s_server", "-accept", str(port), "-tls1_2"]
    command += ["-cert", authority.certificate, "-key", authority.key]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        server.port = port
        wait_for(lambda: listens(port), "openssl to listen")
        yield server
        server.kill()


def listens(port):
    lines = open("/proc/net/tcp").readlines() + open("/proc/net/tcp6").readlines()
    return any(f":{port:04X} " in line.split(" 0A ")[0] for line in lines if " 0A " in line)


def test_upload_is_bounded_while_the_server_does_not_end_its_renegotiation(
    daemon, authority, programs, renegotiator
):
    daemon.faults({"service": "s3", "region": "nowhere-1"})
    named = {**authority.environment, "AWS_ENDPOINT_URL": f"https://localhost:{renegotiator.port}"}
    with subprocess.Popen(
        [programs / "sockets", str(renegotiator.port), "in-renegotiation", "old"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=preloaded(daemon.folder, **named),
    ) as process:  # fmt: skip
        seen = b""
        while b"\r\n\r\n" not in seen:
            seen += os.read(renegotiator.stdout.fileno(), 65536)
        renegotiator.stdin.write(b"r\n")
        renegotiator.stdin.flush()
        wait_for(lambda: has_unread(renegotiator.port), "the server to ask for another handshake")
        renegotiator.send_signal(signal.SIGSTOP)
        process.stdin.write("\n")
        process.stdin.flush()
        said = [process.stdout.readline() for _ in range(3)]
        renegotiator.send_signal(signal.SIGCONT)
        reader = threading.Thread(target=renegotiator.stdout.read, daemon=True)
        reader.start()
        said += process.communicate("\n", TIMEOUT)[0].splitlines(True)
        renegotiator.kill()
    assert said == ["heard: -1 EAGAIN\n", "full: -1 EAGAIN\n", "bounded: 1\n", "all: 1\n"]
    assert is_bridged(daemon)


def test_program_that_asks_for_another_handshake_is_refused_and_told_of(daemon, use):
    daemon.faults({"service": "s3", "region": "nowhere-1"})
    said, code, _ = use("renegotiates", "old", shim=True)
    assert code == 0, said
    assert "the program asks for another handshake" in said
    assert said.endswith("woken: 1\nrefused: 1\n")


def has_unread(port):
    """Is something there that its client has not read?"""
    for line in open("/proc/net/tcp"):
        fields = line.split()
        if fields[2].endswith(f":{port:04X}") and not fields[4].endswith(":00000000"):
            return True
    return False
