# SPDX-License-Identifier: Apache-2.0
"""Sends the pieces that come as JSON lines, each in a send() of its own, and says what came back.

A line is {"pieces": [base64, …], "gap": seconds between two pieces, "head": no body comes back,
"wait_continue": true to hold the last piece until an interim answer has come}."""

import base64
import json
import socket
import sys
import time

sock = None


def more(data):
    part = sock.recv(65536)
    if not part:
        raise EOFError("connection ended")
    return data + part


def block(data):
    """One head: (status, fields, what follows it)."""
    while b"\r\n\r\n" not in data:
        data = more(data)
    head, _, rest = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    fields = dict(line.lower().split(":", 1) for line in lines[1:])
    return int(lines[0].split()[1]), {name: value.strip() for name, value in fields.items()}, rest


def exchange(order):
    global sock
    if not sock:
        sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    pieces = [base64.b64decode(piece) for piece in order["pieces"]]
    interim, data = [], b""
    for piece in pieces[:-1]:
        sock.sendall(piece)
        time.sleep(order["gap"])
    if order["wait_continue"]:
        status, fields, data = block(data)
        if status >= 200:
            return result(order, status, fields, data, interim)
        interim.append(status)
    sock.sendall(pieces[-1])
    status, fields, data = block(data)
    while status < 200:
        interim.append(status)
        status, fields, data = block(data)
    return result(order, status, fields, data, interim)


def result(order, status, fields, data, interim):
    global sock
    length = 0 if order["head"] else int(fields.get("content-length", 0))
    while len(data) < length:
        data = more(data)
    if fields.get("connection") == "close":
        sock.close()
        sock = None
    body = base64.b64encode(data).decode()
    return {"status": status, "fields": fields, "body": body, "interim": interim}


for line in sys.stdin:
    try:
        answer = exchange(json.loads(line))
    except (OSError, EOFError) as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
        sock = sock and sock.close()
    print(json.dumps(answer), flush=True)
