# SPDX-License-Identifier: Apache-2.0
"""The daemon, its control socket, and clients that are steered request by request."""

import collections
import ctypes
import errno
import functools
import http.client
import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import contract

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("CHAOS_BUILD", ROOT / "build")).resolve()
SHIM = BUILD / "libchaos-shim.so"
CLIENTS = Path(__file__).resolve().parent / "clients"
TIMEOUT = 30

FAULTS = "/_localstack/chaos/faults"
EFFECTS = "/_localstack/chaos/effects"
OUTAGES = "/outages"
STATUS = "/_chaos/status"

Reply = collections.namedtuple("Reply", "status headers body json")
Answer = collections.namedtuple("Answer", "status code body seconds")


def environment(**more):
    """The environment of a program under test: no shim, no daemon, dummy credentials."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "CHAOS_", "LD_", "XDG_RUNTIME_DIR"))
        and "proxy" not in name.lower()
    }
    kept.update(
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_EC2_METADATA_DISABLED="true",
        AWS_CONFIG_FILE="/dev/null",
        AWS_SHARED_CREDENTIALS_FILE="/dev/null",
        # Whatever model the user has built.
        CHAOS_MODEL="built-in",
    )
    kept.update({name: str(value) for name, value in more.items()})
    return kept


def preloaded(folder, **more):
    """The environment that attaches the shim by LD_PRELOAD alone."""
    return environment(LD_PRELOAD=SHIM, CHAOS_DIR=folder, **more)


def refuse_calls(*numbers, error=errno.EPERM):
    """From here on these system calls fail, in this process and its children."""
    load, equals, end, allow, fail = 0x20, 0x15, 0x06, 0x7FFF0000, 0x00050000 | error
    rules = [(load, 0, 0, 0)]
    for number in numbers:
        rules += [(equals, 0, 1, number), (end, 0, 0, fail)]
    rules += [(end, 0, 0, allow)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
    program = ctypes.create_string_buffer(struct.pack("HN", len(rules), ctypes.addressof(code)))
    libc = ctypes.CDLL(None)
    libc.prctl(38, 1, 0, 0, 0)  # no new privileges
    assert libc.prctl(22, 2, program, 0, 0) == 0


def without_supervision():
    """For a child before it executes: descriptors of other processes are not to be had."""
    refuse_calls(438)  # pidfd_getfd


# Holds what the tests leave behind, and goes with them.
_FOLDERS = tempfile.TemporaryDirectory(prefix="chaos-e2e-")


def runtime_folder():
    """A private folder with a path short enough for a socket."""
    return Path(tempfile.mkdtemp(dir=_FOLDERS.name))


def wait_for(condition, what, seconds=TIMEOUT):
    """Polls until `condition()` gives something true, and returns that."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=TIMEOUT)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def talk(connection, method, path, body=None, headers=None):
    """One request on a fresh connection. `body` is JSON unless it is bytes or None."""
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        data = response.read()
    finally:
        connection.close()
    contract.check(method, path, body, response.status, response.headers, data)
    try:
        parsed = json.loads(data)
    except ValueError:
        parsed = None
    return Reply(response.status, response.headers, data, parsed)


class Daemon:
    """One chaos-control on a runtime folder of its own."""

    def __init__(self, folder=None, *options, under=()):
        self.folder = Path(folder) if folder else runtime_folder()
        self.under = under
        self.options = options
        self.process = None
        self.stderr = tempfile.TemporaryFile("w+")

    @property
    def socket(self):
        return self.folder / "control.sock"

    def start(self):
        self.process = subprocess.Popen(
            [*self.under, BUILD / "chaos-control", "-d", self.folder, *self.options],
            stdin=subprocess.DEVNULL,
            stderr=self.stderr,
            env=environment(),
        )
        wait_for(self._answers, "chaos-control to answer")
        wait_for(lambda: "listening on" in self.said(), "chaos-control to say where it is")
        return self

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"ended with {self.process.returncode}: {self.said()}")
        try:
            return self.request("GET", STATUS).status == 200
        except OSError:
            return False

    def said(self):
        self.stderr.seek(0)
        return self.stderr.read()

    def end(self, number=signal.SIGTERM):
        """Ends the daemon with a signal and returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(TIMEOUT)

    def remove(self):
        if self.process:
            self.end(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def request(self, method, path, body=None, headers=None):
        return talk(UnixConnection(self.socket), method, path, body, headers)

    def _must(self, method, path, body):
        reply = self.request(method, path, body)
        assert reply.status == 200, reply
        return reply.json

    def faults(self, *rules):
        """Replaces all fault rules."""
        return self._must("POST", FAULTS, list(rules))

    def outages(self, *rules):
        return self._must("POST", OUTAGES, list(rules))

    def totals(self):
        """What the journal has counted, of all programs."""
        return self.request("GET", STATUS).json["totals"]

    def latency(self, milliseconds):
        return self._must("POST", EFFECTS, {"latency": milliseconds})


class Client:
    """A client program that makes one request for each line of its standard input.

    A line is `OPERATION SIZE`: a signed Kinesis call with a body of SIZE bytes, or a request that
    is not AWS if OPERATION is `-`. The program answers with one line: `STATUS ERRORTYPE BODY`, or
    `error REASON`."""

    def __init__(self, command, env):
        self.stderr = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.stderr,
            env=env,
        )
        self.pending = b""

    def say(self, operation="PutRecord", size=16):
        self.process.stdin.write(f"{operation} {size}\n".encode())
        self.process.stdin.flush()

    def line(self):
        """The next line of the program's output."""
        deadline = time.monotonic() + TIMEOUT
        while b"\n" not in self.pending:
            waiting = select.poll()
            waiting.register(self.process.stdout, select.POLLIN)
            readable = waiting.poll(max(0, deadline - time.monotonic()) * 1000)
            data = os.read(self.process.stdout.fileno(), 1 << 20) if readable else b""
            if not data:
                self.process.kill()
                self.stderr.seek(0)
                what = "hangs" if not readable else f"ended with {self.process.wait()}"
                raise AssertionError(f"{self.process.args} {what}:\n{self.stderr.read()}")
            self.pending += data
        line, self.pending = self.pending.split(b"\n", 1)
        return line.decode()

    def hear(self, since=0.0):
        status, _, rest = self.line().partition(" ")
        seconds = time.monotonic() - since
        if status == "error":
            return Answer("error", None, rest, seconds)
        code, _, body = rest.partition(" ")
        return Answer(int(status), code, body, seconds)

    def ask(self, operation="PutRecord", size=16):
        since = time.monotonic()
        self.say(operation, size)
        return self.hear(since)

    def finish(self):
        """No more requests: the program must end in peace."""
        self.process.stdin.close()
        code = self.process.wait(TIMEOUT)
        self.stderr.seek(0)
        assert code == 0, f"{self.process.args} ended with {code}:\n{self.stderr.read()}"

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            try:
                stream.close()
            except OSError:
                pass


def python(script, *arguments):
    """The command line of a Python client."""
    return [sys.executable, CLIENTS / script, *arguments]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_moto(*options, port=None):
    """Returns the process and its port."""
    port = port or free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
    )

    def listens():
        assert server.poll() is None, "moto ended"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_for(listens, "moto")
    return server, port


@functools.cache
def node_shares_openssl():
    """Is Node here Debian's, which is linked to the shared OpenSSL, or does it bring its own?"""
    command = ["node", "-p", "process.config.variables.node_shared_openssl"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=True)
    return done.stdout == "true\n"
