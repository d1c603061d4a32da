# SPDX-License-Identifier: Apache-2.0
"""Forked children whose threads make their first calls at the same moment: the port of a server, and how many
children and threads."""

import os
import socket
import sys
import threading

import signed

port, children, threads = map(int, sys.argv[1:4])
head = {"Host": signed.HOST, "Content-Length": 2, **signed.headers("PutRecord")}
request = "POST / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in head.items()) + "\r\n{}"


def call():
    with socket.create_connection((signed.HOST, port)) as connection:
        connection.sendall(request.encode())
        assert connection.recv(65536)


def child():
    all_of_them = [threading.Thread(target=call) for _ in range(threads)]
    for thread in all_of_them:
        thread.start()
    for thread in all_of_them:
        thread.join()


pids = []
for _ in range(children):
    pid = os.fork()
    if pid == 0:
        child()
        os._exit(0)
    pids.append(pid)
for pid in pids:
    assert os.waitpid(pid, 0)[1] == 0
