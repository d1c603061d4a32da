# SPDX-License-Identifier: Apache-2.0
"""A session of OpenSSL by ctypes, and then one that it resumes with early data."""

import ctypes
import socket
import struct
import sys
import time

ssl = ctypes.CDLL("libssl.so.3")
for function in (ssl.TLS_client_method, ssl.SSL_CTX_new, ssl.SSL_new, ssl.SSL_get1_session):
    function.restype = ctypes.c_void_p
context = ctypes.c_void_p(ssl.SSL_CTX_new(ctypes.c_void_p(ssl.TLS_client_method())))


def begin():
    for _ in range(100):
        try:
            sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
            break
        except ConnectionRefusedError:
            time.sleep(0.05)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 300_000))
    session = ctypes.c_void_p(ssl.SSL_new(context))
    assert ssl.SSL_set_fd(session, sock.fileno()) == 1
    return sock, session


def end(sock, session):
    ssl.SSL_shutdown(session)
    sock.close()


first = begin()
assert ssl.SSL_connect(first[1]) == 1
# The ticket comes after the handshake.
ssl.SSL_read(first[1], ctypes.create_string_buffer(16), 16)
ticket = ctypes.c_void_p(ssl.SSL_get1_session(first[1]))
end(*first)
second = begin()
assert ssl.SSL_set_session(second[1], ticket) == 1
call, written = b"early POST / HTTP/1.1\r\n\r\n", ctypes.c_size_t()
assert ssl.SSL_write_early_data(second[1], call, len(call), ctypes.byref(written)) == 1
assert ssl.SSL_connect(second[1]) == 1
end(*second)
