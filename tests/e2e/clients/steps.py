# SPDX-License-Identifier: Apache-2.0
"""Does what comes as JSON lines, a list of steps each, with one connection, and says what came of
each step. Usage: WAIT [CA]; WAIT is block, select, poll, epoll or edge (an epoll armed once for
each connection); with the file of an authority the connection is a TLS session.

    ["connect", port]         a new connection in place of the old one
    ["send", piece, …]        base64, a send for each; gives the error that ended it, or null
    ["count", piece, …]       the same; gives what the kernel has taken for the wire after each
    ["head"]                  one head, of an interim reply: [status, fields]
    ["reply"]                 a final one, what is before it, and the seconds since the last connect
                              or reply; ["reply", true] is one to a HEAD request
    ["end"]                   what comes before the end, in base64, and how it ends
    ["sleep", seconds]
    ["close"]
"""

import base64
import json
import select
import signal
import socket
import ssl
import struct
import sys
import time

WAIT, *AUTHORITY = sys.argv[1:]
LIMIT = 10  # seconds: whatever takes longer never comes
TCP_INFO_NOTSENT, TCP_INFO_SENT = 144, 200


def too_late(*_):
    raise TimeoutError(f"nothing came in {LIMIT} s")


class Waiter:
    """Waits for one non-blocking socket."""

    def __init__(self, sock):
        self.number = sock.fileno()
        if WAIT == "edge":
            self.edge = select.epoll()
            self.edge.register(self.number, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)

    def wait(self, writes=False):
        if not getattr(self, f"_{WAIT}")(writes):
            too_late()

    def _select(self, writes):
        wanted = [self.number]
        return any(select.select([] if writes else wanted, wanted if writes else [], [], LIMIT))

    def _poll(self, writes):
        poll = select.poll()
        poll.register(self.number, select.POLLOUT if writes else select.POLLIN)
        return poll.poll(LIMIT * 1000)

    def _epoll(self, writes):
        with select.epoll() as epoll:
            epoll.register(self.number, select.EPOLLOUT if writes else select.EPOLLIN)
            return epoll.poll(LIMIT)

    def _edge(self, writes):
        return self.edge.poll(LIMIT)


class Connection:
    """One connection; `data` is what has come and belongs to no step yet."""

    def __init__(self, port):
        self.since = time.monotonic()
        self.data = b""
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if AUTHORITY:
            context = ssl.create_default_context(cafile=AUTHORITY[0])
            self.sock = context.wrap_socket(self.sock, server_hostname="localhost")
        if WAIT != "block":
            self.sock.setblocking(False)
            self.waiter = Waiter(self.sock)

    def again(self, call, *arguments):
        """Calls until it need not be waited for."""
        while True:
            try:
                return call(*arguments)
            except (BlockingIOError, ssl.SSLWantReadError):
                writes = call == self.sock.send and not AUTHORITY
            except ssl.SSLWantWriteError:
                writes = True
            self.waiter.wait(writes)

    def put(self, piece):
        piece = base64.b64decode(piece)
        while piece:
            piece = piece[self.again(self.sock.send, piece) :]

    def send(self, *pieces):
        try:
            for piece in pieces:
                self.put(piece)
        except (ConnectionError, ssl.SSLError) as error:
            return type(error).__name__

    def taken(self):
        """Bytes of ours that have left, or wait in the kernel alone."""
        info = self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        sent, again = struct.unpack_from("QQ", info, TCP_INFO_SENT)
        return sent - again + struct.unpack_from("I", info, TCP_INFO_NOTSENT)[0]

    def count(self, *pieces):
        counts = [self.taken()]
        for piece in pieces:
            self.put(piece)
            counts.append(self.taken())
        return counts

    def more(self):
        # As event loops do: first wait, then read; but TLS may have something left.
        if WAIT in ("select", "poll", "epoll") and not AUTHORITY:
            self.waiter.wait()
        data = self.again(self.sock.recv, 65536)
        self.data += data
        return data

    def must_have_more(self):
        if not self.more():
            raise EOFError(f"ended behind {self.data}")

    def take(self, count):
        while len(self.data) < count:
            self.must_have_more()
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def until(self, mark):
        while mark not in self.data:
            self.must_have_more()
        return self.take(self.data.index(mark) + len(mark))

    def head(self):
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")[:-2]
        fields = (line.lower().split(":", 1) for line in lines[1:])
        return int(lines[0].split()[1]), {name: value.strip() for name, value in fields}

    def body(self, fields):
        if fields.get("transfer-encoding") != "chunked":
            return self.take(int(fields.get("content-length", 0)))
        body = b""
        while True:
            size = int(self.until(b"\r\n"), 16)
            body += self.take(size + 2)[:-2]
            if not size:
                return body

    def reply(self, no_body=False):
        interim = []
        status, fields = self.head()
        while status < 200:
            interim.append(status)
            status, fields = self.head()
        body = b"" if no_body else self.body(fields)
        seconds, self.since = time.monotonic() - self.since, time.monotonic()
        return {"status": status, "fields": fields, "interim": interim, "seconds": seconds,
                "body": base64.b64encode(body).decode()}  # fmt: skip

    def end(self):
        how = "end"
        try:
            while self.more():
                pass
        except (ConnectionError, ssl.SSLError) as error:
            how = type(error).__name__
        rest, self.data = self.data, b""
        return {"rest": base64.b64encode(rest).decode(), "how": how}


def do(connection, name, *arguments):
    """One step; returns the connection that there is then, and what came of it."""
    if name == "sleep":
        return connection, time.sleep(*arguments)
    if name in ("connect", "close") and connection:
        connection.sock.close()
    if name in ("connect", "close"):
        return Connection(*arguments) if name == "connect" else None, None
    return connection, getattr(connection, name)(*arguments)


def main():
    connection = None
    signal.signal(signal.SIGALRM, too_late)
    for line in sys.stdin:
        answers = []
        for name, *arguments in json.loads(line):
            try:
                # A blocking call has no limit of its own.
                signal.alarm(LIMIT if WAIT == "block" else 0)
                connection, came = do(connection, name, *arguments)
                answers.append(came)
            except (OSError, EOFError, ValueError) as error:
                answers.append({"error": f"{name}: {type(error).__name__}: {error}"})
                break
            finally:
                signal.alarm(0)
        print(json.dumps(answers), flush=True)


main()
