# SPDX-License-Identifier: Apache-2.0
"""Whatever a program lacks, being observed does it no harm; and what cannot be told of a call is counted."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from harness import BUILD, TIMEOUT, Daemon, environment
from observed import OBSERVE, Watcher, counts, events, journal_says, observe
from test_limits import LIMITS

CALL = (
    "GET /bucket/length HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: AWS4-HMAC-SHA256 Credential="
    "AKIDEXAMPLE/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00\r\n\r\n"
)
# Says when it has begun, waits, and makes calls on connections that stay open.
CALLS = f"""
import ctypes, socket, struct, sys
libc = ctypes.CDLL(None)
if sys.argv[2] == "sandbox":  # by a filter that allows all
    allow = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7FFF0000))
    filter = ctypes.create_string_buffer(struct.pack("HN", 1, ctypes.addressof(allow)))
    assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, filter, 0, 0) == 0
print("ready", flush=True)
sys.stdin.readline()
socks = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(int(sys.argv[3]))]
for sock in socks:
    sock.sendall({CALL!r}.encode())
for sock in socks:
    assert sock.recv(65536).startswith(b"HTTP/1.1 200"), "no answer"
"""


@pytest.fixture
def server():
    one = Watcher()
    yield one
    one.close()


@pytest.fixture
def program(daemon, server):
    """A program that makes so many calls at once when it is told to, sandboxed or not."""

    def program(count, how="-"):
        command = [sys.executable, "-c", CALLS, str(server.port), how, str(count)]
        process = subprocess.Popen(
            [BUILD / "chaos-run", "-d", daemon.folder, "--", *command], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment(AWS_ENDPOINT_URL=server.url),
        )  # fmt: skip
        assert process.stdout.readline() == "ready\n"
        return process

    return program


def go(process):
    _, said = process.communicate("go\n", timeout=TIMEOUT)
    assert process.returncode == 0, said


def observed_and_not(daemon):
    journal = journal_says(daemon)
    assert journal["observed"] + journal["unobserved"] == journal["calls"]
    return journal["observed"], journal["unobserved"]


@pytest.mark.parametrize("limit", LIMITS)
def test_limits_of_memory_are_not_felt(daemon, programs, sink, limit):
    observe(daemon)
    done = subprocess.run(
        [*LIMITS[limit], BUILD / "chaos-run", "-d", daemon.folder, programs / "limited", str(sink.port)],
        capture_output=True, text=True, timeout=TIMEOUT, env=environment(),
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "200\n"), done.stderr
    _, unseen = observed_and_not(daemon)
    assert ("its calls are not observed" in done.stderr) == (unseen > 0)


def test_observer_that_comes_later_sees_what_comes_then(daemon, program):
    process = program(3)
    observe(daemon)
    go(process)
    assert observed_and_not(daemon) == (3, 0)
    assert len(events(daemon)) == 3


def test_observer_that_goes_is_told_of_what_it_saw_begin(daemon, program, server):
    observe(daemon)
    go(program(1))
    assert daemon.request("DELETE", OBSERVE).status == 200
    go(program(1))
    assert journal_says(daemon)["observed"] == 1 and journal_says(daemon)["calls"] == 2


def test_sandbox_that_the_observer_was_before_is_seen(daemon, program):
    observe(daemon)
    go(program(3, "sandbox"))
    assert observed_and_not(daemon) == (3, 0)


def test_sandbox_maps_nothing_more_and_what_has_no_room_is_counted(daemon, program):
    observe(daemon)
    go(program(200, "sandbox"))
    seen, unseen = observed_and_not(daemon)
    assert seen >= 60 and unseen > 0 and seen + unseen == 200
    assert len(events(daemon)) == seen == counts(daemon)["s3", "GetObject"].ended


def test_sandbox_that_was_before_the_observer_is_counted(daemon, program):
    process = program(3, "sandbox")
    observe(daemon)
    go(process)
    assert observed_and_not(daemon) == (0, 3)


def test_journal_that_another_takes_the_place_of_has_what_began_in_it(daemon, program):
    """A call under way as the daemon's files go is no trouble to the program."""
    observe(daemon)
    process = program(2)
    daemon.end()
    (daemon.folder / "journal").unlink()
    daemon.start()
    go(process)
    assert observed_and_not(daemon) == (2, 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount")
def test_full_file_system_is_told_and_nothing_is_observed():
    folder = Path(tempfile.mkdtemp())
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m,mode=700", "none", folder]
    if subprocess.run(mount, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("may not mount")
    try:
        daemon = Daemon(folder).start()
        reply = daemon.request("POST", OBSERVE)
        assert reply.status != 200 and "no room on its file system" in reply.json["message"]
        assert not daemon.request("GET", OBSERVE).json["observed"]
        run = subprocess.run(
            [BUILD / "chaos-run", "-d", folder, "--report", "true"],
            stderr=subprocess.PIPE, text=True, env=environment(), timeout=TIMEOUT,
        )  # fmt: skip
        assert run.returncode == 125 and "no room on its file system" in run.stderr
        daemon.end()
    finally:
        subprocess.run(["umount", folder], check=True)
        shutil.rmtree(folder)
