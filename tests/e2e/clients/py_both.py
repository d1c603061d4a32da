# SPDX-License-Identifier: Apache-2.0
"""Client and server in one process; the server's bytes look like a call, and have to arrive. The
arguments are a certificate, its key, and how TLS is done: `sockets` or `memory`."""

import asyncio
import socket
import ssl
import sys
import threading

import signed

CERTIFICATE, KEY, WAY = sys.argv[1:]
HEAD = "".join(f"{name}: {value}\r\n" for name, value in signed.headers("PutRecord").items())
CALL = f"POST / HTTP/1.1\r\nHost: localhost\r\n{HEAD}Content-Length: 4\r\n\r\nbody".encode()
QUESTION = b"not a request\r\n"
server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server_context.load_cert_chain(CERTIFICATE, KEY)
client_context = ssl.create_default_context()


def serve(listener):
    with server_context.wrap_socket(listener.accept()[0], server_side=True) as sock:
        while sock.recv(len(QUESTION)):
            sock.sendall(CALL)


def by_sockets(count):
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    plain = socket.create_connection(listener.getsockname())
    with client_context.wrap_socket(plain, server_hostname="localhost") as sock:
        for _ in range(count):
            sock.sendall(QUESTION)
            got = b""
            while len(got) < len(CALL):
                got += sock.recv(65536)
            yield got


async def answer(reader, writer):
    while await reader.readline():
        writer.write(CALL)


async def in_memory(count):
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=server_context)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("localhost", port, ssl=client_context)
    got = []
    for _ in range(count):
        writer.write(QUESTION)
        got.append(await reader.readexactly(len(CALL)))
    return got


answers = list(by_sockets(3)) if WAY == "sockets" else asyncio.run(in_memory(3))
assert answers == [CALL] * 3, answers
