# SPDX-License-Identifier: Apache-2.0
"""OpenSSL's BIO_f_ssl by ctypes: it writes and reads within the library."""

import ctypes
import sys

import signed

ssl, crypto = ctypes.CDLL("libssl.so.3"), ctypes.CDLL("libcrypto.so.3")
for function in (ssl.TLS_client_method, ssl.SSL_CTX_new, ssl.BIO_new_ssl_connect):
    function.restype = ctypes.c_void_p
context = ctypes.c_void_p(ssl.SSL_CTX_new(ctypes.c_void_p(ssl.TLS_client_method())))
bio = ctypes.c_void_p(ssl.BIO_new_ssl_connect(context))
SET_CONNECT, HANDSHAKE = 100, 101
assert crypto.BIO_ctrl(bio, SET_CONNECT, 0, f"127.0.0.1:{sys.argv[1]}".encode()) == 1
assert crypto.BIO_ctrl(bio, HANDSHAKE, 0, None) == 1
head = "".join(f"{name}: {value}\r\n" for name, value in signed.headers("PutRecord").items())
request = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n{head}\r\n".encode()
assert crypto.BIO_write(bio, request, len(request)) == len(request)
buffer = ctypes.create_string_buffer(65536)
size = crypto.BIO_read(bio, buffer, len(buffer))
answer = buffer.raw[:size]
signed.say(int(answer.split()[1]), None, answer.partition(b"\r\n\r\n")[2])
