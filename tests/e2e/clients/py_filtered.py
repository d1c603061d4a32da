# SPDX-License-Identifier: Apache-2.0
"""Two Kinesis calls by http.client: py_filtered.py SCHEME PORT [POINT NUMBER,NUMBER...], with the
points of no_trace.h. Prints the statuses and the number of threads."""

import ctypes
import http.client
import os
import ssl
import struct
import sys

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, MODE_FILTER = 22, 38, 2
LOAD, EQUALS, RETURN = 0x20, 0x15, 0x06
ALLOW, KILL_PROCESS = 0x7FFF0000, 0x80000000

scheme, port, *wanted = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)


def allow_only(numbers):
    rules = [(LOAD, 0, 0, 0)]
    for number in numbers:
        rules += [(EQUALS, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    rules += [(RETURN, 0, 0, KILL_PROCESS)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
    filter = ctypes.create_string_buffer(struct.pack("HN", len(rules), ctypes.addressof(code)))
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.prctl(PR_SET_SECCOMP, MODE_FILTER, filter, 0, 0):
        sys.exit("seccomp")


def point(number):
    if not wanted:
        os.getppid()
    elif int(wanted[0]) == number:
        allow_only(map(int, wanted[1].split(",")))


def call():
    fields = {
        "X-Amz-Target": "Kinesis_20131202.PutRecord",
        "Authorization": "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/kinesis/aws4_request, "
        "SignedHeaders=host, Signature=0",
    }
    connection.request("POST", "/", b'{"StreamName":"stream"}', fields)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def make_connection():
    if scheme == "http":
        return http.client.HTTPConnection("127.0.0.1", int(port))
    return http.client.HTTPSConnection("localhost", int(port), context=ssl.create_default_context())


connection = make_connection()
point(0)
connection.connect()
point(1)
print(call(), call(), len(os.listdir("/proc/self/task")), flush=True)
connection.close()
point(2)
