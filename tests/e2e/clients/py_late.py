# SPDX-License-Identifier: Apache-2.0
"""TLS that begins after other words on the same connection, as STARTTLS has it, then a call."""

import socket
import ssl
import sys

import signed

sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20)
sock.sendall(b"EHLO localhost\r\n")
assert sock.recv(3) == b"GO\n"
with ssl.create_default_context().wrap_socket(sock, server_hostname="localhost") as tls:
    head = "".join(f"{name}: {value}\r\n" for name, value in signed.headers("PutRecord").items())
    tls.sendall(f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n{head}\r\n".encode())
    print(tls.recv(65536).split()[1].decode())
