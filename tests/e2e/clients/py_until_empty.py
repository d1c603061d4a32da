# SPDX-License-Identifier: Apache-2.0
"""PORT: a TLS client that feeds its library by hand: it reads the socket until there is nothing,
and asks the session only then. Prints the status of the answer."""

import select
import socket
import ssl
import sys

import signed

context = ssl.create_default_context()
incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
session = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
sock.setblocking(False)


def feed():
    """All that the socket has, when it has something."""
    select.select([sock], [], [])
    try:
        while data := sock.recv(65536):
            incoming.write(data)
    except BlockingIOError:
        pass


def carried(call):
    while True:
        try:
            return call()
        except ssl.SSLWantReadError:
            sock.sendall(outgoing.read())
            feed()


carried(session.do_handshake)
head = "".join(f"{name}: {value}\r\n" for name, value in signed.headers("PutRecord").items())
session.write(f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n{head}\r\n".encode())
sock.sendall(outgoing.read())
feed()
print(carried(lambda: session.read(65536)).split()[1].decode())
