# SPDX-License-Identifier: Apache-2.0
"""OpenSSL by ctypes, which finds its functions by dlsym."""

import ctypes
import ctypes.util
import os
import socket
import sys

import signed

ssl = ctypes.CDLL("libssl.so.3")
for name in ("TLS_client_method", "SSL_CTX_new", "SSL_new"):
    getattr(ssl, name).restype = ctypes.c_void_p
context = ctypes.c_void_p(ssl.SSL_CTX_new(ctypes.c_void_p(ssl.TLS_client_method())))
assert ssl.SSL_CTX_load_verify_locations(context, os.environb[b"SSL_CERT_FILE"], None) == 1
session = ctypes.c_void_p(ssl.SSL_new(context))
sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
ssl.SSL_set_fd(session, sock.fileno())
assert ssl.SSL_connect(session) == 1
buffer = ctypes.create_string_buffer(65536)
for operation, body in signed.steps():
    fields = {"Host": "localhost", "Content-Length": len(body), **signed.headers(operation)}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    request = f"POST / HTTP/1.1\r\n{head}\r\n".encode() + body
    assert ssl.SSL_write(session, request, len(request)) == len(request)
    size = ssl.SSL_read(session, buffer, len(buffer))
    answer = buffer.raw[:size]
    signed.say(int(answer.split()[1]), None, answer.partition(b"\r\n\r\n")[2])
