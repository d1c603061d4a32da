# SPDX-License-Identifier: Apache-2.0
"""A non-blocking socket under an edge-triggered epoll that is armed once, at connect."""

import select
import socket
import sys

import signed

PORT = int(sys.argv[1])
POLLER = select.epoll()


class Stream:
    def __init__(self):
        self.sock = socket.create_connection(("127.0.0.1", PORT))
        self.sock.setblocking(False)
        POLLER.register(self.sock, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)

    def wait(self):
        if not POLLER.poll(20):
            raise TimeoutError("no event")

    def send(self, data):
        while data:
            try:
                data = data[self.sock.send(data) :]
            except BlockingIOError:
                self.wait()

    def read(self):
        while True:
            try:
                data = self.sock.recv(4096)
            except BlockingIOError:
                self.wait()
                continue
            if not data:
                raise EOFError("connection ended")
            return data

    def close(self):
        self.sock.close()


def response(stream):
    data = b""
    while b"\r\n\r\n" not in data:
        data += stream.read()
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    got = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in lines[1:]}
    while len(body) < int(got["content-length"]):
        body += stream.read()
    signed.say(lines[0].split()[1], got.get("x-amzn-errortype"), body)
    return got.get("connection", "").lower() != "close"


stream = None
for operation, body in signed.steps():
    fields = {"Host": f"127.0.0.1:{PORT}", "Content-Length": len(body), **signed.headers(operation)}
    head = "POST / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    try:
        stream = stream or Stream()
        stream.send(head.encode() + b"\r\n" + body)
        keep = response(stream)
    except (OSError, EOFError) as error:
        signed.fail(error)
        keep = False
    if not keep and stream:
        stream.close()
        stream = None
