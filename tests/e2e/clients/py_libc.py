# SPDX-License-Identifier: Apache-2.0
"""A client that looks its functions up in the C library by name."""

import ctypes
import email.parser
import socket
import struct
import sys

import signed

libc = ctypes.CDLL("libc.so.6", use_errno=True)


def dial(port):
    fd = libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    address = struct.pack("=HH4s8x", socket.AF_INET, socket.htons(port), bytes([127, 0, 0, 1]))
    if libc.connect(fd, address, len(address)) < 0:
        raise OSError(ctypes.get_errno(), "connect")
    return fd


def read_some(fd):
    room = ctypes.create_string_buffer(65536)
    got = libc.recv(fd, room, len(room), 0)
    if got <= 0:
        raise OSError(ctypes.get_errno(), "recv")
    return room.raw[:got]


def read_answer(fd):
    data = b""
    while b"\r\n\r\n" not in data:
        data += read_some(fd)
    head, body = data.split(b"\r\n\r\n", 1)
    line, _, rest = head.decode().partition("\r\n")
    fields = email.parser.Parser().parsestr(rest)
    while len(body) < int(fields["Content-Length"]):
        body += read_some(fd)
    return int(line.split()[1]), fields, body


fd = None
for operation, body in signed.steps():
    fields = {"Host": signed.HOST, "Content-Length": len(body), **signed.headers(operation)}
    lines = ["POST / HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    request = "\r\n".join(lines).encode() + body
    try:
        fd = dial(int(sys.argv[1])) if fd is None else fd
        libc.send(fd, request, len(request), 0)
        status, answer, body = read_answer(fd)
        signed.say(status, answer["x-amzn-errortype"], body)
        if answer["Connection"] == "close":
            libc.close(fd)
            fd = None
    except OSError as error:
        signed.fail(error)
        fd = None
