# SPDX-License-Identifier: Apache-2.0
"""PORT STORY STATUS: one thing that programs do with descriptors (a function below), around calls
that must end with STATUS."""

import array
import contextlib
import ctypes
import errno
import fcntl
import os
import resource
import select
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time

import signed

PORT, STORY, STATUS = int(sys.argv[1]), sys.argv[2], sys.argv[3]
BODY = b"{}"
FIELDS = {"Host": "127.0.0.1", "Content-Length": len(BODY), **signed.headers("PutRecord")}
LINES = ["POST / HTTP/1.1", *(f"{name}: {value}" for name, value in FIELDS.items()), "", ""]
CALL = "\r\n".join(LINES).encode() + BODY


def connect():
    return socket.create_connection(("127.0.0.1", PORT), 20)


def status(read):
    """The status of the response that `read` gives piece by piece; reads it to its end."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = read(65536)
        assert part, f"ended early: {data!r}"
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += read(65536)
    return head.split()[1].decode()


def call(sock):
    sock.sendall(CALL)
    assert status(sock.recv) == STATUS


def child(work):
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0


def fork_shared():
    """The child uses the connection of its parent."""
    sock = connect()
    child(lambda: call(sock))


def fork_own():
    call(connect())
    child(lambda: call(connect()))
    call(connect())


def dup_crossed():
    """Written on one number, read on the other."""
    sock = connect()
    other = os.dup(sock.fileno())
    os.write(other, CALL)
    assert status(sock.recv) == STATUS
    os.close(other)


def dup_for_each_piece():
    """As a shell does: every piece goes through a duplicate of its own."""
    sock = connect()
    for at in range(0, len(CALL), 40):
        other = os.dup(sock.fileno())
        os.write(other, CALL[at : at + 40])
        os.close(other)
    assert status(sock.recv) == STATUS


def dup_first_closed():
    sock = connect()
    other = socket.socket(fileno=os.dup(sock.fileno()))
    sock.close()
    other.settimeout(20)
    call(other)


def dup2_over():
    """A connection takes the number of another."""
    first, second = connect(), connect()
    os.dup2(second.fileno(), first.fileno())
    second.close()
    call(first)


def close_file():
    """After the close a file gets the number."""
    with tempfile.TemporaryFile() as file:
        file.write(b"content of the file")
        file.flush()
        sock = connect()
        number = sock.fileno()
        sock.sendall(CALL)
        status(sock.recv)
        sock.close()
        assert os.dup(file.fileno()) == number
        assert os.pread(number, 99, 0) == b"content of the file"
        os.lseek(number, 0, os.SEEK_SET)
        assert os.read(number, 99) == b"content of the file"
        assert os.write(number, CALL) == len(CALL)


def close_reused():
    """After the close a new connection gets the number."""
    for _ in range(20):
        sock = connect()
        call(sock)
        sock.close()


def subprocess_between():
    """Python closes descriptors between vfork and exec."""
    sock = connect()
    for _ in range(3):
        assert subprocess.run(["true"], close_fds=True, check=False).returncode == 0
    call(sock)


def shutdown_early():
    """The write side is closed before the answer is read."""
    sock = connect()
    sock.sendall(CALL)
    sock.shutdown(socket.SHUT_WR)
    assert status(sock.recv) == STATUS


def makefile():
    stream = connect().makefile("rwb")
    stream.write(CALL)
    stream.flush()
    assert status(stream.read1) == STATUS


def occupy():
    """Leaves no descriptor."""
    with contextlib.suppress(OSError):
        while True:
            os.dup(0)


def full():
    """No descriptor is left; after the close a file gets the number."""
    sock = connect()
    number = sock.fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    occupy()
    sock.sendall(CALL)
    sock.close()
    file = os.open("/tmp", os.O_RDWR | os.O_TMPFILE)
    assert file == number
    time.sleep(0.2)
    assert os.fstat(file).st_size == 0


def full_with_queue():
    """No descriptor is left when two calls and the end wait to be sent."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    sock = connect()
    sock.sendall(CALL)
    sock.sendall(CALL)
    sock.shutdown(socket.SHUT_WR)
    occupy()
    sock.close()


def sockets_open():
    names = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]
    return [
        int(os.path.basename(name))
        for name in names
        if os.path.lexists(name) and os.readlink(name).startswith("socket:")
    ]


def full_dup2_over_line():
    """No descriptor is left, and a file is to have the one that the delay line has made."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    sock = connect()
    sock.sendall(CALL)
    sock.sendall(CALL)
    sock.close()
    (number,) = sockets_open()
    with tempfile.TemporaryFile() as file:
        occupy()
        os.dup2(file.fileno(), number)
        assert os.write(number, b"content of the file") == 19
        assert os.fstat(file.fileno()).st_size == 19


def many():
    socks = [connect() for _ in range(200)]
    for sock in socks:
        sock.sendall(CALL)
    for sock in socks:
        assert status(sock.recv) == STATUS


def threads():
    """One reads already when the other writes."""
    sock = connect()
    seen = []
    reader = threading.Thread(target=lambda: seen.append(status(sock.recv)))
    reader.start()
    sock.sendall(CALL)
    reader.join()
    assert seen == [STATUS]


def sigpipe():
    """A server that hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))
    sock = socket.create_connection(listener.getsockname())
    listener.accept()[0].close()
    assert sock.recv(1) == b""
    sock.close()
    call(connect())


def mapped():
    """A v4 address in a v6 socket, as Java does it."""
    sock = socket.socket(socket.AF_INET6)
    sock.settimeout(20)
    sock.connect(("::ffff:127.0.0.1", PORT))
    call(sock)


def fionread():
    sock = connect()
    sock.sendall(CALL)
    assert sock.recv(1, socket.MSG_PEEK) == b"H"
    waiting = array.array("i", [0])
    fcntl.ioctl(sock, termios.FIONREAD, waiting)
    assert waiting[0] > 0
    assert status(sock.recv) == STATUS


def nodelay():
    sock = connect()
    call(sock)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
    assert sock.getpeername() == ("127.0.0.1", PORT)


def sendfile():
    """The body goes out by sendfile()."""
    with tempfile.TemporaryFile() as file:
        file.write(BODY)
        file.flush()
        sock = connect()
        sock.sendall(CALL[: -len(BODY)])
        assert os.sendfile(sock.fileno(), file.fileno(), 0, len(BODY)) == len(BODY)
        assert status(sock.recv) == STATUS


def splice():
    """The whole request comes out of a pipe."""
    out, into = os.pipe()
    os.write(into, CALL)
    sock = connect()
    assert os.splice(out, sock.fileno(), len(CALL)) == len(CALL)
    assert status(sock.recv) == STATUS


def splice_much():
    """More comes out of the pipe than the library's buffer holds."""
    out, into = os.pipe()
    much = CALL.replace(b"\r\n", b"\r\nX-Filler: " + b"f" * 9000 + b"\r\n", 1)
    os.write(into, much)
    sock = connect()
    assert os.splice(out, sock.fileno(), len(much)) == len(much)
    assert status(sock.recv) == STATUS


def fast_open():
    """The connection is made by the first sendto()."""
    sock = socket.socket()
    assert sock.sendto(CALL, socket.MSG_FASTOPEN, ("127.0.0.1", PORT)) == len(CALL)
    assert status(sock.recv) == STATUS


def waitall():
    """One recv() that waits for all that it asks for."""
    sock = connect()
    sock.settimeout(None)
    sock.sendall(CALL)
    start = sock.recv(50, socket.MSG_WAITALL)
    assert len(start) == 50
    assert start.split()[1].decode() == STATUS


def nonblocking():
    """An answer that is not there yet is EAGAIN."""
    sock = connect()
    sock.setblocking(False)
    sock.sendall(CALL)
    data = b""
    while not data:
        try:
            data = sock.recv(65536)
        except BlockingIOError:
            select.select([sock], [], [], 20)
    assert data.split()[1].decode() == STATUS


def readv_empty_first():
    """A vector whose first buffer has no room, waiting already when the call is written."""
    sock = connect()
    sock.settimeout(None)
    data = bytearray(4096)
    seen = []
    reader = threading.Thread(
        target=lambda: seen.append(os.readv(sock.fileno(), [bytearray(0), data]))
    )
    reader.start()
    time.sleep(0.05)
    sock.sendall(CALL)
    reader.join()
    assert seen[0] > 0
    assert data.split()[1].decode() == STATUS


def poll_rdnorm():
    """Asks for POLLRDNORM alone."""
    sock = connect()
    sock.settimeout(None)
    sock.sendall(CALL)
    poll = select.poll()
    poll.register(sock, select.POLLRDNORM)
    assert poll.poll(5000) == [(sock.fileno(), select.POLLRDNORM)]
    assert status(sock.recv) == STATUS


def epoll_before_connect():
    """A blocking socket that epoll knew before it was connected."""
    sock = socket.socket()
    epoll = select.epoll()
    epoll.register(sock, select.EPOLLIN)
    sock.connect(("127.0.0.1", PORT))
    epoll.poll(0)
    sock.sendall(CALL)
    deadline = time.monotonic() + 5
    while not any(events & select.EPOLLIN for _, events in epoll.poll(1)):
        assert time.monotonic() < deadline
    assert status(sock.recv) == STATUS


def splice_nothing():
    """An empty pipe that is not to be waited for."""
    sock = connect()
    out, _ = os.pipe()
    with contextlib.suppress(BlockingIOError):
        os.splice(out, sock.fileno(), 100, flags=os.SPLICE_F_NONBLOCK)
        raise AssertionError("nothing was spliced")
    call(sock)


def null():
    """A pointer to nowhere is an error."""
    libc = ctypes.CDLL(None, use_errno=True)
    sock = socket.socket()
    assert libc.sendmsg(sock.fileno(), None, 0) == -1
    assert ctypes.get_errno() == errno.EFAULT
    assert libc.connect(sock.fileno(), None, 16) == -1
    assert ctypes.get_errno() == errno.EFAULT
    call(connect())


def readline():
    """Byte by byte."""
    sock = connect()
    sock.sendall(CALL)
    assert status(lambda size: sock.recv(1)) == STATUS


globals()[STORY]()
