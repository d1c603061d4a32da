# SPDX-License-Identifier: Apache-2.0
"""A server that writes down what it sees and when, and the events that the daemon tells of it."""

import json
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime

from harness import wait_for
from sink import Connection, _Reader

EVENTS = "/_chaos/events"
OBSERVE = "/_chaos/observe"
# Two clocks are read one after the other to tell what time it is.
SLACK = 0.05
# Between the first and the last byte of an answer that is slow.
GAP = 0.3
# How long a server waits for a client to say goodbye, too: some wait for its socket to end.
PATIENCE = 1
BIG = 3_000_000
NOT_FOUND = b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code><Message>none</Message></Error>"


@dataclass
class Entry:
    """One request; times are monotonic seconds, before the bytes are sent."""

    connection: int
    nth: int  # on its connection
    method: str
    path: str
    head: float
    taken: int = 0  # bytes of the request
    status: int = None
    first: float = None
    last: float = None
    given: int = 0  # bytes of the answer
    heard: float = field(default=float("inf"))  # the next time the client is heard of


def _framed(status, body, extra="", length=True):
    field = f"Content-Length: {len(body)}\r\n" if length else ""
    return f"HTTP/1.1 {status} Said\r\n{field}{extra}\r\n".encode(), body


class Watcher:
    """Serves what the last part of a path asks for: see _answer(). With an authority by TLS."""

    def __init__(self, authority=None):
        self.context = authority.server_context() if authority else None
        self.entries = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.count = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"https://localhost:{self.port}" if self.context else f"http://127.0.0.1:{self.port}"

    def close(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.count += 1
            threading.Thread(target=self._serve, args=(sock, self.count), daemon=True).start()

    def _serve(self, sock, number):
        entry = None
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self.context:
                sock = self.context.wrap_socket(sock, server_side=True)
            reader = _Reader(sock, Connection())
            for nth in range(1000):
                request = reader.head()
                now = time.monotonic()
                if entry:
                    entry.heard = min(entry.heard, now)
                entry = Entry(number, nth, request.method, request.target, now)
                self.entries.append(entry)
                if not self._serve_one(sock, reader, request, entry):
                    break
        except (EOFError, OSError, ValueError):
            pass
        if entry:
            entry.heard = min(entry.heard, time.monotonic())
        sock.close()

    def _send(self, sock, entry, data):
        entry.last = time.monotonic()
        entry.first = entry.first or entry.last
        entry.given += len(data)
        sock.sendall(data)

    def _serve_one(self, sock, reader, request, entry):
        """Returns whether the connection is kept."""
        kind = request.target.split("?")[0].rsplit("/", 1)[1]
        expects = request.headers.get("expect", "").lower() == "100-continue"
        if expects and kind == "refused":
            entry.taken = len(request.raw)
        else:
            if expects:
                sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                entry.given += 25
            reader.finish(request)
            entry.taken = len(request.raw)
        return self._answer(sock, kind, request, entry)

    def _answer(self, sock, kind, request, entry):
        head, body = _framed(200, b"served" * 100)
        closes = False
        if kind == "none":
            head, body = b"HTTP/1.1 204 No Content\r\n\r\n", b""
        elif kind == "missing":
            head, body = _framed(404, NOT_FOUND)
        elif kind == "refused":
            head, body = _framed(417, b"no", "Connection: close\r\n")
            closes = True
        elif kind == "big":
            head, body = _framed(200, b"b" * BIG)
        elif kind == "moved":
            head, body = _framed(307, b"", f"Location: {self.url}/bucket/moved-here\r\n")
        elif kind == "chunked":
            head, _ = _framed(200, b"", "Transfer-Encoding: chunked\r\n", length=False)
            body = b"3\r\nabc\r\n400\r\n" + b"d" * 1024 + b"\r\n0\r\n\r\n"
        elif kind in ("until-close", "until-eof"):
            head, body = _framed(200, b"u" * 5000, "Connection: close\r\n", length=False)
            closes = True
        elif kind in ("cut", "reset"):
            head, body = _framed(200, b"c" * 1000)
            body, closes = body[:500], True
        entry.status = int(head[9:12])
        if request.method == "HEAD":
            body = b""
        if kind == "slow":
            self._send(sock, entry, head)
            time.sleep(GAP)
            self._send(sock, entry, body)
        else:
            self._send(sock, entry, head + body)
        if kind == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif closes:
            self._end(sock, entry, kind)
        return not closes

    def _end(self, sock, entry, kind):
        """TLS says goodbye, and the socket stays open until the client closes it."""
        if self.context and kind in ("until-close", "refused"):
            entry.last = time.monotonic()
            sock.settimeout(PATIENCE)
            sock.unwrap()
        elif not self.context:
            sock.shutdown(socket.SHUT_WR)
            sock.recv(1)


def observe(daemon):
    reply = daemon.request("POST", OBSERVE)
    assert reply.status == 200, reply


def _offset():
    """Of the two clocks, as read with the least between them."""
    pairs = [(time.monotonic(), time.time(), time.monotonic()) for _ in range(9)]
    before, wall, after = min(pairs, key=lambda pair: pair[2] - pair[0])
    return wall - (before + after) / 2


def events(daemon):
    """All that are there, each with `at`, the monotonic time of its beginning."""
    lines = daemon.request("GET", EVENTS).body.splitlines()
    offset = _offset()
    told = [json.loads(line) for line in lines]
    for event in told:
        text = event["time"].replace("Z", "+00:00")
        event["at"] = datetime.fromisoformat(text).timestamp() - offset
    return told


def events_of(daemon, count):
    """As many as there should be; they come in the order in which they end."""
    wait_for(lambda: len(events(daemon)) >= count, f"{count} events, not {events(daemon)}")
    return sorted(events(daemon), key=lambda event: event["at"])


def totals(daemon):
    status = daemon.request("GET", "/_chaos/status").json
    return status["totals"]


def agrees(event, entry, end="whole"):
    """What the program was seen to do and meet is what the server did, when it did it."""
    said = (event["status"], event["bytesOut"], event["bytesIn"], event["end"])
    assert said == (entry.status, entry.taken, entry.given, end), (event, entry)
    assert event["at"] <= entry.head + SLACK, (event, entry)
    assert event["at"] + event["firstByteMs"] / 1000 >= entry.first - SLACK, (event, entry)
    ended = event["at"] + event["durationMs"] / 1000
    assert entry.last - SLACK <= ended <= entry.heard + SLACK, (event, entry)
    assert event["firstByteMs"] <= event["durationMs"]
    assert event["reused"] == (entry.nth > 0), (event, entry)


@dataclass
class Counts:
    """What is counted of one operation in the journal."""

    calls: int
    attempts: int
    ended: int
    faults: int
    delayed: int
    succeeded: int
    recovered: int
    unanswered: int
    statuses: dict


# See shim/memory/journal.h and operations.h.
_OPERATIONS, _OPERATION, _LINES = 13635584, 1360, 2048


def counts(daemon):
    """By service and operation."""
    journal = (daemon.folder / "journal").read_bytes()[: _OPERATIONS + _LINES * _OPERATION]
    found = {}
    for place in range(_OPERATIONS, len(journal), _OPERATION):
        line = journal[place : place + _OPERATION]
        service_len, operation_len = line[12], line[13]
        numbers = struct.unpack_from("<8Q", line, 136)
        if not numbers[1]:
            continue
        pairs = [struct.unpack_from("<II", line, 208 + 8 * i) for i in range(16)]
        name = line[16 : 16 + service_len].decode(), line[48 : 48 + operation_len].decode()
        found[name] = Counts(*numbers, {status: count for status, count in pairs if count})
    return found


def journal_says(daemon):
    """Replies and calls, events that were begun or lost, and calls that nothing is told of."""
    with open(daemon.folder / "journal", "rb") as journal:
        header = journal.read(4096)
    names = ("delivered", "taken", "observed", "lost", "unobserved")
    told = dict(zip(names, struct.unpack_from("<5Q", header, 2320)))
    calls, faults = struct.unpack_from("<2Q", header, 24)
    (head,) = struct.unpack_from("<Q", header, 136)
    return {**told, "calls": calls, "faults": faults, "head": head}
