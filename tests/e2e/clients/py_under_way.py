# SPDX-License-Identifier: Apache-2.0
"""Sends a call, and does something before it reads the answer, if it does: py_under_way.py PORT WHAT."""

import os
import signal
import socket
import subprocess
import sys
import threading

CALL = (
    "GET /bucket/{} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: AWS4-HMAC-SHA256 Credential="
    "AKIDEXAMPLE/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00\r\n\r\n"
)
port, what = int(sys.argv[1]), sys.argv[2]
sock = socket.create_connection(("127.0.0.1", port), timeout=20)


def call(kind="slow"):
    return CALL.format(kind, port).encode()


def read(most=float("inf")):
    """Reads an answer with a length; returns its bytes."""
    came = b""
    while b"\r\n\r\n" not in came:
        came += sock.recv(1)
    length = int(came.split(b"Content-Length: ")[1].split(b"\r\n")[0])
    whole = len(came) + length
    while len(came) < min(whole, most):
        came += sock.recv(min(65536, whole - len(came)))
    return came


def end():
    if what == "exit":
        sys.exit(0)
    elif what == "_exit":
        os._exit(0)
    elif what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "abort":
        os.abort()
    elif what == "sigpipe":
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        reader, writer = os.pipe()
        os.close(reader)
        os.write(writer, b"x")
    elif what == "exec":
        os.execvp("true", ["true"])


def fork():
    child = os.fork()
    if what == "child-reads":
        if not child:
            read()
        else:
            os.waitpid(child, 0)
    elif what == "parent-reads":
        if child:
            read()
            os.waitpid(child, 0)
        else:
            sock.close()
            sys.exit(0)
    elif what == "child-calls":
        if child:
            read()
            os.waitpid(child, 0)
        else:
            own = socket.create_connection(("127.0.0.1", port), timeout=20)
            own.sendall(call("length"))
            own.recv(65536)


def two_threads(count=20):
    """One writes, the other reads."""
    turn = threading.Semaphore(0)

    def write():
        for _ in range(count):
            sock.sendall(call("length"))
            turn.acquire()

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(count):
        read()
        turn.release()
    writer.join()


if what == "two-threads":
    two_threads()
elif what == "pipelined":
    sock.sendall(call("length") + call("length"))
    read()
    sock.sendall(call("missing"))
    read()
    read()
elif what == "leaves-early":
    sock.sendall(call("big"))
    print(len(read(most=100_000)))
    sock.close()
elif what == "hangs-up":
    sock.sendall(call())
    sock.close()
elif what == "spawns":
    sock.sendall(call())
    subprocess.run(["true"], check=True)
    read()
elif what == "exec-fails":
    sock.sendall(call())
    for program in "no-such-program", "/", "/etc/passwd":
        try:
            os.execvp(program, [program])
        except OSError:
            pass
    read()
elif what in ("child-reads", "parent-reads", "child-calls"):
    sock.sendall(call())
    fork()
else:
    sock.sendall(call())
    end()
