# SPDX-License-Identifier: Apache-2.0
"""State follows the socket, not its number: what a rule has left to be done is done there or nowhere."""

import sys

import pytest

from sink import Sink

FAULT = {"service": "kinesis", "operation": "PutRecord"}
START = """
import ctypes, os, select, socket, struct, sys, time
from wire import kinesis, request
first, second = map(int, sys.argv[1:3])
libc = ctypes.CDLL(None, use_errno=True)
CLOSE, CONNECT = 3, 42
CALL = request(*kinesis(), body=b"{}")
def address(family, port=0):
    return struct.pack("=HH4s8x", family, socket.htons(port), bytes([127, 0, 0, 1]))
def dial(port):
    return socket.create_connection(("127.0.0.1", port))
sock = dial(first)
"""
UNCONNECT = {
    "by connect()": "libc.connect(sock.fileno(), address(0), 16)",
    "by a raw call": "libc.syscall(CONNECT, sock.fileno(), address(0), 16)",
}
CONNECT = {
    "by connect()": "sock.connect(('127.0.0.1', second))",
    "by a raw call": "libc.syscall(CONNECT, sock.fileno(), address(socket.AF_INET, second), 16)",
}


@pytest.fixture
def other():
    one = Sink()
    yield one
    one.close()


@pytest.fixture
def tell(run, sink, other):
    """Runs a program that has two servers, and the first of them at `sock`."""

    def tell(*steps):
        code = START + "\n".join(steps)
        path = str(__file__).rpartition("/")[0]
        done = run("env", f"PYTHONPATH={path}", sys.executable, "-c", code, sink.port, other.port)
        assert done.returncode == 0, done.stderr
        sink.settle()
        other.settle()

    return tell


@pytest.mark.parametrize("leaves", UNCONNECT)
@pytest.mark.parametrize("comes", CONNECT)
def test_delayed_bytes_do_not_go_to_another_peer(daemon, tell, other, leaves, comes):
    daemon.latency(200)
    tell("sock.sendall(CALL)", UNCONNECT[leaves], CONNECT[comes], "time.sleep(0.5)")
    assert other.raw == []


@pytest.mark.parametrize("leaves", UNCONNECT)
@pytest.mark.parametrize("comes", CONNECT)
def test_delayed_bytes_do_not_go_to_the_same_peer_on_another_connection(
    daemon, tell, sink, leaves, comes
):
    daemon.latency(200)
    tell("second = first", "sock.sendall(CALL)", UNCONNECT[leaves], CONNECT[comes], "time.sleep(0.5)")
    assert sink.raw == []


def test_delayed_bytes_do_not_go_to_who_has_the_number_at_the_end(daemon, tell, other):
    # Due while the end waits for what is left, so that nothing but the peer keeps it back.
    daemon.latency(400)
    tell(
        "sock.sendall(CALL)",
        "libc.syscall(CLOSE, sock.fileno())",
        "libc.syscall(41, socket.AF_INET, socket.SOCK_STREAM, 0)",
        "libc.syscall(CONNECT, sock.fileno(), address(socket.AF_INET, second), 16)",
        "sys.exit(0)",
    )
    assert other.raw == []


# fork() and clone() of x86-64 as raw calls tell nobody of the child, and _Fork() calls no handler.
BARE_FORKS = {
    "_Fork": "child = libc._Fork()",
    "fork": "child = libc.syscall(57)",
    "clone": "child = libc.syscall(56, 17, 0, 0, 0, 0)",
}


@pytest.mark.parametrize("bare", BARE_FORKS)
def test_child_of_a_bare_fork_does_not_send_what_its_parent_has_delayed(daemon, tell, sink, bare):
    daemon.latency(400)
    tell(
        "sock.sendall(CALL)",
        BARE_FORKS[bare],
        "child or libc._exit(0)",
        "assert os.waitpid(child, 0)[1] == 0",
        "time.sleep(0.8)",
    )
    assert [len(one.requests) for one in sink.connections] == [1]


@pytest.mark.parametrize("bare", BARE_FORKS)
def test_child_of_a_bare_fork_does_not_send_it_to_who_has_the_number_there(
    daemon, tell, sink, other, bare
):
    daemon.latency(400)
    tell(
        "sock.sendall(CALL)",
        "number = sock.fileno()",
        BARE_FORKS[bare],
        "if child == 0:",
        "    libc.syscall(CLOSE, number)",
        "    libc.syscall(41, socket.AF_INET, socket.SOCK_STREAM, 0)",
        "    libc.syscall(CONNECT, number, address(socket.AF_INET, second), 16)",
        "    libc._exit(0)",
        "assert os.waitpid(child, 0)[1] == 0",
        "time.sleep(0.8)",
    )
    assert other.raw == []
    assert [len(one.requests) for one in sink.connections] == [1]


def test_file_with_the_number_of_the_librarys_own_duplicate_stays_open(daemon, tell):
    """The duplicate keeps a delayed connection that its program has closed."""
    daemon.latency(300)
    tell(
        "def numbers(): return {int(name) for name in os.listdir('/proc/self/fd')}",
        "before = numbers()",
        "sock.sendall(CALL)",
        "sock.close()",
        "(own,) = (one for one in numbers() - before if one >= 900)",
        "assert libc.syscall(436, own, own, 0) == 0",
        "file = os.memfd_create('file')",
        "assert libc.syscall(292, file, own, 0) == own",
        "time.sleep(0.8)",
        "assert os.fstat(own).st_ino == os.fstat(file).st_ino",
    )


def test_numbers_that_are_lost_again_and_again_take_no_memory(daemon, tell):
    """More often than connections can be tracked at a time."""
    daemon.faults(FAULT)
    tell(
        "def lose(times):",
        "    for _ in range(times):",
        "        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
        "        one.connect(('127.0.0.1', first))",
        "        libc.syscall(CLOSE, one.detach())",
        "        os.close(os.dup(known.fileno()))",
        "def pages(): return int(open('/proc/self/statm').read().split()[1])",
        "known = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
        "known.connect(('127.0.0.1', first))",
        "lose(1000)",
        "before = pages()",
        "lose(70_000)",
        "assert pages() - before < 256, pages() - before",
        "new = dial(first)",
        "new.sendall(CALL)",
        "assert b' 503 ' in new.recv(65536)",
    )
    assert daemon.totals()["blind"] == 0


def test_offset_from_nowhere_is_the_kernels_to_refuse(tell):
    tell(
        "file = os.memfd_create('file')",
        "os.write(file, b'x' * 100)",
        "for sends in libc.sendfile, libc.sendfile64:",
        "    assert sends(sock.fileno(), file, ctypes.c_void_p(8), 10) == -1",
        "    assert ctypes.get_errno() == 14",
    )


@pytest.mark.parametrize("parent", ["keeps", "closes", "exits"])
@pytest.mark.parametrize("latency", [0, 300])
def test_child_of_a_fork_may_read_the_reply_to_its_parent(daemon, tell, parent, latency):
    daemon.faults(FAULT)
    daemon.latency(latency)
    tell(
        "sock.sendall(CALL)",
        "ours, theirs = os.pipe()",
        "if os.fork() == 0:",
        "    sock.settimeout(5)",
        "    os.write(theirs, sock.recv(65536) or b'the end')",
        "    os._exit(0)",
        "child = os.fork() if %r == 'exits' else -1" % parent,
        "child or os._exit(0)",
        "%r == 'closes' and sock.close()" % parent,
        "got = os.read(ours, 65536)",
        "assert got.startswith(b'HTTP/1.1 503 '), got",
    )


def test_reply_that_a_child_reads_too_is_counted_once(daemon, tell):
    daemon.faults(FAULT)
    tell(
        "sock.sendall(CALL)",
        "child = os.fork()",
        "got = sock.recv(65536)",
        "assert got.startswith(b'HTTP/1.1 503 '), got",
        "child or os._exit(0)",
        "assert os.waitpid(child, 0)[1] == 0",
    )
    (rule,) = daemon.request("GET", "/_chaos/stats").json["rules"]
    assert [rule[count] for count in ("fired", "delivered", "taken")] == [1, 1, 1]


def test_reply_of_a_socket_that_was_closed_behind_us_is_told_of_to_nobody(daemon, tell):
    daemon.faults(FAULT)
    tell(
        "sock.sendall(CALL)",
        "number = sock.fileno()",
        "libc.syscall(CLOSE, number)",
        "reader, writer = os.pipe()",
        "assert reader == number",
        "poll = select.poll()",
        "poll.register(reader, select.POLLIN)",
        "assert poll.poll(0) == []",
        "assert select.select([reader], [], [], 0)[0] == []",
        "time.sleep(0.3)",
        "assert poll.poll(0) == []",
    )


def test_file_with_the_number_of_a_lost_socket_gets_all_that_is_sent_to_it(tell, tmp_path):
    (tmp_path / "from").write_bytes(b"x" * 1000)
    tell(
        "sock.sendall(b'GET / HTTP')",
        "libc.syscall(CLOSE, sock.fileno())",
        f"to = os.open({str(tmp_path / 'to')!r}, os.O_RDWR | os.O_CREAT)",
        "assert to == sock.fileno()",
        f"source = os.open({str(tmp_path / 'from')!r}, os.O_RDONLY)",
        "assert os.sendfile(to, source, 0, 1000) == 1000",
        "reader, writer = os.pipe()",
        "os.write(writer, b'y' * 100)",
        "assert os.splice(reader, to, 100) == 100",
    )
    assert (tmp_path / "to").read_bytes() == b"x" * 1000 + b"y" * 100


def test_call_that_another_socket_has_in_its_place_passes_and_is_counted(daemon, tell, other):
    daemon.faults(FAULT)
    tell(
        "libc.syscall(CLOSE, sock.fileno())",
        "libc.syscall(41, socket.AF_INET, socket.SOCK_STREAM, 0)",
        "libc.syscall(CONNECT, sock.fileno(), address(socket.AF_INET, second), 16)",
        "sock.sendall(CALL)",
        "assert b'served' in sock.recv(65536)",
    )
    assert len(other.requests) == 1
    totals = daemon.totals()
    assert (totals["calls"], totals["faults"], totals["blind"]) == (1, 0, 1)
