# SPDX-License-Identifier: Apache-2.0
"""PORT THREADS CALLS: many threads, each with a connection of its own; prints served and failed."""

import http.client
import sys
import threading

import signed

port, threads, calls = map(int, sys.argv[1:])
statuses = []


def work():
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    for _ in range(calls):
        connection.request("POST", "/", b"{}", signed.headers("PutRecord"))
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)


workers = [threading.Thread(target=work) for _ in range(threads)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
print(statuses.count(200), statuses.count(503))
