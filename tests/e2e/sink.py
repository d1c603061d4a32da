# SPDX-License-Identifier: Apache-2.0
"""An HTTP/1.1 server that keeps what reaches it, byte for byte."""

import socket
import threading
from dataclasses import dataclass, field

TIMEOUT = 30
DEFAULT_BODY = b'{"served":true}'


@dataclass
class Request:
    """One request as it came: `raw` holds head and body with their framing."""

    raw: bytes
    method: str
    target: str
    headers: dict
    body: bytes


@dataclass
class Connection:
    """What one client sent, and whether it is still there."""

    raw: bytearray = field(default_factory=bytearray)
    requests: list = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def rest(self):
        """What stands behind the last whole request: one that was begun, or garbage."""
        return bytes(self.raw)[sum(len(request.raw) for request in self.requests) :]


def answer(status=200, body=DEFAULT_BODY, content_type="application/x-amz-json-1.1", extra=""):
    """A response that keeps the connection open."""
    return (
        f"HTTP/1.1 {status} Sink\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n{extra}\r\n"
    ).encode() + body


def continued(request):
    """What a server says at the head of a request that asks for it."""
    asked = request.headers.get("expect", "").lower() == "100-continue"
    return b"HTTP/1.1 100 Continue\r\n\r\n" if asked else b""


def linger(sock):
    """Ends the answers, and throws away what still comes: closing at once would take them back."""
    sock.shutdown(socket.SHUT_WR)
    while sock.recv(65536):
        pass


class _Reader:
    """Reads requests from a socket and records every byte that it takes."""

    def __init__(self, sock, connection):
        self.sock, self.connection = sock, connection
        self.pending = b""

    def _more(self):
        data = self.sock.recv(65536)
        if not data:
            raise EOFError
        self.connection.raw += data
        self.pending += data

    def until(self, mark):
        while mark not in self.pending:
            self._more()
        end = self.pending.index(mark) + len(mark)
        taken, self.pending = self.pending[:end], self.pending[end:]
        return taken

    def exactly(self, count):
        while len(self.pending) < count:
            self._more()
        taken, self.pending = self.pending[:count], self.pending[count:]
        return taken

    def head(self):
        """A request without its body."""
        head = self.until(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, target, version = lines[0].split(" ", 2)
        headers = {}
        for line in lines[1:-2]:
            name, value = line.split(":", 1)
            headers[name.lower()] = value.strip()
        if version != "HTTP/1.1":
            headers.pop("expect", None)
        return Request(head, method, target, headers, b"")

    def finish(self, request):
        """Reads the body of a request whose head is there."""
        framed, request.body = self._body(request.headers)
        request.raw += framed

    def _body(self, headers):
        if headers.get("transfer-encoding", "").lower() != "chunked":
            body = self.exactly(int(headers.get("content-length", 0)))
            return body, body
        framed, body = b"", b""
        while True:
            line = self.until(b"\r\n")
            size = int(line.split(b";")[0], 16)
            framed += line
            if size == 0:
                break
            piece = self.exactly(size + 2)
            framed += piece
            body += piece[:-2]
        while True:
            line = self.until(b"\r\n")
            framed += line
            if line == b"\r\n":
                return framed, body


class Sink:
    """Listens on a free loopback port; one thread per connection.

    `reply(request)` makes the answer; replace it to serve something else. `interim(request)` gives
    what is said at the head, and `early(request)` a final answer there, or None: with one no body
    is read, and the next request is waited for. `say(sock, bytes)` sends it."""

    def __init__(self, family=socket.AF_INET):
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
        self.listener.listen(512)
        self.port = self.listener.getsockname()[1]
        self.connections = []
        self.socks = []
        self.markers = {}
        self.reply = lambda request: answer()
        self.interim = continued
        self.early = lambda request: None
        self.say = lambda sock, response: sock.sendall(response)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def close(self):
        self.listener.close()
        for sock in self.socks:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self):
        while True:
            try:
                sock, (_, port, *_) = self.listener.accept()
            except OSError:
                return
            if port in self.markers:
                self.markers[port].set()
                sock.close()
                continue
            connection = Connection()
            self.connections.append(connection)
            self.socks.append(sock)
            threading.Thread(target=self._serve, args=(sock, connection), daemon=True).start()

    def _serve(self, sock, connection):
        reader = _Reader(sock, connection)
        try:
            while self._serve_one(sock, reader, connection):
                pass
        # What is no request at all stays in the connection's rest.
        except (EOFError, OSError, ValueError):
            pass
        finally:
            connection.ended.set()
            sock.close()

    def _say(self, sock, response):
        """A client that has hung up may have sent more before."""
        try:
            self.say(sock, response)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def _serve_one(self, sock, reader, connection):
        """Serves one request; returns whether the connection is kept."""
        request = reader.head()
        response = self.early(request)
        if response is None:
            self._say(sock, self.interim(request))
            reader.finish(request)
        connection.requests.append(request)
        if response is None:
            response = self.reply(request)
        if request.method == "HEAD":
            response = response[: response.index(b"\r\n\r\n") + 4]
        self._say(sock, response)
        if b"\r\nConnection: close\r\n" in response:
            linger(sock)
            return False
        return request.headers.get("connection", "").lower() != "close"

    def _accept_all(self):
        """Waits until whoever has connected is accepted: a connection of our own is the last."""
        with socket.socket(self.listener.family, socket.SOCK_STREAM) as marker:
            marker.bind((self.listener.getsockname()[0], 0))
            port = marker.getsockname()[1]
            accepted = self.markers[port] = threading.Event()
            marker.connect(self.listener.getsockname())
            assert accepted.wait(TIMEOUT), "the sink accepts no more"
            del self.markers[port]

    def settle(self):
        """Waits until every client has hung up: nothing more can arrive."""
        self._accept_all()
        for connection in list(self.connections):
            assert connection.ended.wait(TIMEOUT), "a connection to the sink never ended"

    @property
    def requests(self):
        return [request for connection in self.connections for request in connection.requests]

    @property
    def unfinished(self):
        """What came of requests that were begun and not ended, connection by connection."""
        return [connection.rest for connection in self.connections if connection.rest]

    @property
    def raw(self):
        """All bytes that came, connection by connection; one that brought none is left out."""
        return [bytes(connection.raw) for connection in self.connections if connection.raw]
