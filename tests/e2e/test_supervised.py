# SPDX-License-Identifier: Apache-2.0
"""Programs that make their own system calls: Go, and what is statically linked."""

import ctypes
import errno
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from harness import (
    BUILD, CLIENTS, TIMEOUT, Client, environment, python, refuse_calls, runtime_folder, wait_for,
)  # fmt: skip
from sink import answer
from tls import AWS_HOST, Authority, Proxy, TlsSink

pytestmark = pytest.mark.skipif(not shutil.which("go"), reason="needs Go")

AS_NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
SECCOMP = 317
FAULT = {"service": "kinesis", "error": {"statusCode": 400, "code": "Throttled"}}


def build_go(kind):
    """Go's own cache is slow to ask: what is newer than its source is taken as it is."""
    source, target = CLIENTS / "go_http.go", BUILD / "go" / kind
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        env = dict(os.environ, CGO_ENABLED=str(int(kind == "dynamic")), GOTOOLCHAIN="local")
        subprocess.run(["go", "build", "-o", target, source], check=True, env=env)
    return target


@pytest.fixture(scope="session", params=["static", "dynamic"])
def go(request):
    """The client in Go, which is linked to libc or to nothing."""
    return build_go(request.param)


@pytest.fixture(scope="session")
def static_go():
    return build_go("static")


@pytest.fixture
def supervised(daemon, sink):
    """Starts a steered client under chaos-run: supervised(program, *options)."""
    started = []

    def start(program, *options, url=sink.url, more=(), **env):
        command = [BUILD / "chaos-run", "-d", daemon.folder, *options, "--", program, url, *more]
        env.setdefault("AWS_ENDPOINT_URL", url)
        started.append(Client(command, environment(**env)))
        return started[-1]

    yield start
    for one in started:
        one.kill()


# ---- faults ----


def test_call_without_a_rule_passes(sink, supervised, go):
    one = supervised(go).ask()
    assert (one.status, one.body) == (200, '{"served":true}')
    assert len(sink.requests) == 1


def test_call_is_answered_by_a_rule_and_never_sent(daemon, sink, supervised, go):
    daemon.faults(FAULT)
    one = supervised(go).ask()
    assert (one.status, one.code) == (400, "Throttled")
    assert sink.requests == [] and sink.unfinished == []


def test_rule_comes_and_goes_on_the_same_client(daemon, supervised, go):
    client = supervised(go)
    seen = [client.ask().status]
    daemon.faults(FAULT)
    seen += [client.ask().status, client.ask().status]
    daemon.faults()
    seen += [client.ask().status, client.ask().status]
    assert seen == [200, 400, 400, 200, 200]


def test_calls_are_reported_as_those_of_their_run(daemon, supervised, go, tmp_path):
    path = tmp_path / "report.json"
    other, client = supervised(go), supervised(go, f"--report=json:{path}")
    daemon.faults(FAULT)
    assert [other.ask().status, client.ask().status] == [400, 400]
    daemon.faults()
    assert [other.ask().status, client.ask().status] == [200, 200]
    client.finish()
    told = json.loads(path.read_text())
    (put,) = told["operations"]
    assert (put["operation"], put["attempts"], put["faults"]) == ("PutRecord", 2, 1)
    assert put["statuses"] == {"200": 1, "400": 1}
    assert [one["lane"] for one in told["failed"][0]["attempts"]] == ["relay"]
    assert [one["taken"] for one in told["rules"]] == [1]
    assert told["totals"]["programs"] == 1


def test_latency_is_added(daemon, supervised, go):
    client = supervised(go)
    daemon.latency(500)
    assert client.ask().seconds >= 0.5
    daemon.latency(0)
    assert client.ask().status == 200


def test_large_body_arrives_whole(sink, supervised, go):
    sink.reply = lambda request: answer(body=b"y" * 3_000_000)
    one = supervised(go).ask(size=5_000_000)
    assert (one.status, one.body) == (200, "y" * 3_000_000)
    assert sink.requests[0].body == b"x" * 5_000_000


def test_connection_is_kept_for_the_next_call(sink, supervised, go):
    client = supervised(go)
    assert [client.ask().status for _ in range(3)] == [200] * 3
    assert len(sink.connections) == 1


# ---- who is named, and what --strict says ----


def test_process_is_listed_under_its_own_name(daemon, sink, supervised, go):
    client = supervised(go)
    assert client.ask().status == 200
    (line,) = daemon.request("GET", "/_chaos/processes").json
    assert line["pid"] == client.process.pid
    assert line["command"].startswith(str(go)[:40])
    assert (line["calls"], line["running"]) == (1, True)
    assert line["lanes"] == {"inside": 0, "bridge": 0, "relay": 1}


def test_strict_is_content_with_a_program_that_was_looked_into(daemon, supervised, go):
    daemon.faults(FAULT)
    client = supervised(go, "--strict")
    assert client.ask().status == 400
    client.finish()


# ---- the run and its end ----


def processes_of(folder):
    """The supervisor of a folder, its guard and its relays: each with its role."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                variables = file.read().split(b"\0")
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().decode().split("\0")
        except OSError:
            continue
        is_relay = words[:2] == ["chaos-relay", "relay"]
        if is_relay and f"CHAOS_DIR={folder}".encode() in variables:
            found.append((int(pid), "relay"))
        if words[:3] == ["chaos-relay", "supervise", str(folder)]:
            found.append((int(pid), "supervise"))
    return found


def test_nothing_is_left_of_a_run(daemon, supervised, go):
    client = supervised(go)
    assert client.ask().status == 200
    assert {role for _, role in processes_of(daemon.folder)} == {"supervise", "relay"}
    client.finish()
    wait_for(lambda: not processes_of(daemon.folder), "the supervisor and the relay to end")
    assert not (daemon.folder / "relay.sock").exists()


def one_of(folder, role, parent=None):
    """The process with the role; of the supervisor and its guard, the one with such a parent."""
    found = [pid for pid, its_role in processes_of(folder) if its_role == role]
    pids = set(found)
    if role == "supervise":
        found = [pid for pid in found if (parent_of(pid) in pids) == (parent == "guard")]
    assert len(found) == 1
    return found[0]


def parent_of(pid):
    with open(f"/proc/{pid}/stat") as file:
        return int(file.read().rpartition(")")[2].split()[1])


def kill(pid):
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not os.path.exists(f"/proc/{pid}/exe"), "a killed process to end")


def variables_of(pid):
    entries = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


@pytest.mark.parametrize("is_private", [False, True])
def test_strict_tells_of_a_supervisor_that_was_killed_with_its_guard(daemon, sink, go, is_private):
    folder = [] if is_private else ["-d", daemon.folder]
    command = [BUILD / "chaos-run", *folder, "--strict", "--", go, sink.url]
    client = Client(command, environment(AWS_ENDPOINT_URL=sink.url))
    assert client.ask().status == 200
    pid = client.process.pid
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    folder = variables_of(child)["CHAOS_DIR"]
    both = one_of(folder, "supervise"), one_of(folder, "supervise", parent="guard")
    for one in both:
        kill(one)
    client.process.stdin.close()
    assert client.process.wait(TIMEOUT) == 125


def test_relay_that_is_killed_is_followed_by_another(daemon, supervised, go):
    client = supervised(go)
    assert client.ask().status == 200
    kill(one_of(daemon.folder, "relay"))
    daemon.faults(FAULT)
    answers = [client.ask(), client.ask()]
    # The connection that the client had kept may be one that it tries first.
    assert answers[0].status in ("error", 400)
    assert answers[1].status == 400


def test_program_whose_supervisor_is_killed_goes_on_and_strict_tells(daemon, supervised, go):
    client = supervised(go, "--strict")
    assert client.ask().status == 200
    daemon.faults(FAULT)
    kill(one_of(daemon.folder, "supervise", parent="guard"))
    kill(one_of(daemon.folder, "relay"))
    statuses = [client.ask().status, client.ask().status]
    assert statuses[0] in ("error", 200)
    assert statuses[1] == 200
    client.process.stdin.close()
    assert client.process.wait(TIMEOUT) == 125
    wait_for(lambda: not processes_of(daemon.folder), "the guard to end")


def test_however_many_servers_are_named_all_are_led(daemon, supervised, static_go):
    others = {f"AWS_ENDPOINT_URL_S{n}": f"http://127.0.0.1:{20000 + n}" for n in range(150)}
    client = supervised(static_go, "--strict", **others)
    daemon.faults(FAULT)
    assert client.ask().status == 400
    client.finish()


# ---- the socket as it is without ----


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
@pytest.mark.parametrize("form", ["http://127.0.0.1:{port}", "127.0.0.1:{port}"])
def test_port_of_a_proxy_is_led(daemon, supervised, static_go, authority, name, form):
    daemon.faults({})
    server = TlsSink(authority)
    proxy = Proxy(server.port)
    # Go asks no proxy for what is on loopback.
    env = {name: form.format(port=proxy.port), "SSL_CERT_FILE": authority.ca}
    url = "https://kinesis.us-east-1.amazonaws.com/"
    client = supervised(static_go, url=url, AWS_ENDPOINT_URL="", **env)
    assert client.ask().status == 503
    assert proxy.targets == ["kinesis.us-east-1.amazonaws.com:443"]
    for one in (server, proxy):
        one.close()


def test_program_whose_connections_are_not_led_is_listed_with_their_number(daemon, supervised, go, sink):
    client = supervised(go, AWS_ENDPOINT_URL="")
    daemon.faults({})
    assert client.ask().status == 200
    client.finish()
    lines = daemon.request("GET", "/_chaos/processes").json
    (line,) = [one for one in lines if go.name in one["command"]]
    assert (line["pid"], line["running"], line["connections"]) == (client.process.pid, False, 0)
    assert line["blind"]["port"] == 1
    assert line["blind_hosts"] == [{"reason": "port", "host": f"localhost:{sink.port}"}]


def test_strict_run_of_which_no_port_was_led_names_it(supervised, go, sink):
    client = supervised(go, "--strict", AWS_ENDPOINT_URL="")
    assert client.ask().status == 200
    client.process.stdin.close()
    assert client.process.wait(TIMEOUT) == 0
    client.stderr.seek(0)
    where = f"localhost:{sink.port}"
    assert client.stderr.read() == (
        f"chaos-run: no call to AWS was seen; not looked into: {where} (a port that is not led, by {go.name}); "
        f"if that is your AWS: --intercept {where}\n"
    )
    client = supervised(go, "--strict", "--intercept", where, AWS_ENDPOINT_URL="")
    assert client.ask().status == 200
    client.finish()


@pytest.fixture(scope="session")
def sockets():
    """static_sockets.c, statically linked, where any user may run it."""
    source, target = CLIENTS / "static_sockets.c", BUILD / "static" / "static_sockets"
    target.parent.mkdir(exist_ok=True)
    flags = ["-static", "-D_GNU_SOURCE", "-O1"]
    subprocess.run(["cc", *flags, "-o", target, source], check=True)
    return target


@pytest.fixture
def both(daemon, sockets):
    """What a program of socket calls says: both(words, ports) for one without and one with us."""

    def both(words, *ports, before=lambda: None):
        said = []
        plain = environment()
        led = environment(CHAOS_PORTS=",".join(map(str, ports)))
        under = [BUILD / "chaos-run", "-d", daemon.folder, "--strict"]
        for prefix, env in ([], plain), (under, led):
            before()
            done = subprocess.run(
                [*prefix, "./static_sockets", *map(str, words)], cwd=sockets.parent,
                capture_output=True, text=True, env=env, timeout=2 * TIMEOUT,
            )  # fmt: skip
            said.append((done.returncode, done.stdout, done.stderr))
        # The relay has taken the program's line.
        assert b"static_sockets" in (daemon.folder / "journal").read_bytes(), "nothing was led"
        return said

    return both


class Echo:
    """Says what was said to it, when its client has no more to say; keeps how each one ended."""

    def __init__(self, address="127.0.0.1", reset=False):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.address, self.reset, self.ends = address, reset, []
        self.listener = socket.socket(family)
        self.listener.bind((address, 0))
        self.port = self.listener.getsockname()[1]
        self.listener.listen(512)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        data = b""
        try:
            while part := sock.recv(65536):
                data += part
            if self.reset:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                sock.sendall(b"said " + data)
            self.ends.append("end")
        except OSError as error:
            self.ends.append(error.errno)
        sock.close()

    def close(self):
        self.listener.close()


@pytest.fixture
def echo():
    one = Echo()
    yield one
    one.close()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


SPEAK = ["send", "hello", "shut", "hear", "close"]


@pytest.mark.parametrize("kind", ["tcp", "nonblocking"])
def test_connection_looks_like_one_to_the_server(both, echo, kind):
    words = [kind, "connect", "127.0.0.1", echo.port, "finish", "peer", *SPEAK]
    plain, led = both(words, echo.port)
    assert led == plain
    assert f"peer: 127.0.0.1 {echo.port} (16)" in led[1]
    assert "heard: 10 'said hello' to the end" in led[1]


@pytest.mark.parametrize("address", ["::1", "::ffff:127.0.0.1"])
def test_ipv6_is_led_as_it_is(both, address):
    echo = Echo("::1" if address == "::1" else "127.0.0.1")
    words = ["tcp6", "connect", address, echo.port, "peer", *SPEAK]
    plain, led = both(words, echo.port)
    echo.close()
    assert led == plain
    assert f"peer: {address} {echo.port} (28)" in led[1]


@pytest.mark.parametrize("kind", ["tcp", "nonblocking"])
def test_refused_connection_fails_as_it_does(both, echo, kind):
    closed = free_port()
    words = [kind, "connect", "127.0.0.1", closed, "finish", "peer"]
    again = ["connect", "127.0.0.1", echo.port, "finish", *SPEAK]
    plain, led = both([*words, *again], closed, echo.port)
    assert led == plain
    assert "Connection refused" in led[1]


@pytest.mark.parametrize(
    "words",
    [
        ["tcp6", "connect", "127.0.0.1", 443],
        ["tcp", "connect", "::1", 443],
        ["tcp6", "connect", "::2", 443],
        ["nonblocking", "connect", "255.255.255.255", 443, "finish"],
    ],
    ids=["IPv4 by IPv6", "IPv6 by IPv4", "unreachable", "broadcast"],
)
def test_connect_that_cannot_be_fails_as_it_does(both, echo, words):
    good = ["tcp", "connect", "127.0.0.1", echo.port]
    plain, led = both([*good, *words], echo.port)
    assert led == plain


def test_reset_by_the_server_is_one(both):
    echo = Echo(reset=True)
    plain, led = both(["tcp", "connect", "127.0.0.1", echo.port, *SPEAK], echo.port)
    echo.close()
    assert led == plain
    assert "Connection reset by peer" in led[1]


def test_reset_by_the_program_is_one(both, echo):
    words = ["tcp", "connect", "127.0.0.1", echo.port, "send", "hello", "pause", 100, "hangup"]
    both(words, echo.port)
    assert wait_for(lambda: len(echo.ends) == 2 and echo.ends, "both to end") == [errno.ECONNRESET] * 2


def test_program_that_is_bound_to_an_address_comes_from_it(both, echo):
    words = ["tcp", "bind", "127.0.0.2", "connect", "127.0.0.1", echo.port, "peer", *SPEAK]
    plain, led = both(words, echo.port)
    assert led == plain


class Slow:
    """A server that hears nothing for a while, and then answers or is not there. The kernel asks
    again after a second."""

    SWALLOW = struct.pack("HBBI", 0x06, 0, 0, 0)

    def __init__(self, opens):
        self.opens, self.port, self.thread = opens, free_port(), None

    def begin(self):
        """Each time anew, at the same port."""
        if self.thread:
            self.thread.join(TIMEOUT)
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        code = ctypes.create_string_buffer(self.SWALLOW)
        program = struct.pack("HN", 1, ctypes.addressof(code))
        self.listener.setsockopt(socket.SOL_SOCKET, 26, program)  # SO_ATTACH_FILTER
        self.listener.listen()
        self.thread = threading.Thread(target=self._change, daemon=True)
        self.thread.start()

    def _change(self):
        time.sleep(0.3)
        if self.opens:
            self.listener.setsockopt(socket.SOL_SOCKET, 27, 0)  # SO_DETACH_FILTER
            sock, _ = self.listener.accept()
            sock.sendall(sock.recv(100))
            sock.close()
        self.listener.close()


@pytest.mark.parametrize("opens", [True, False], ids=["answers", "refuses"])
@pytest.mark.parametrize("kind", ["tcp", "nonblocking"])
def test_server_that_takes_its_time_is_waited_for(both, kind, opens):
    slow = Slow(opens)
    port = slow.port
    again = ["connect", "127.0.0.1", port] if kind == "nonblocking" else []
    words = [kind, "connect", "127.0.0.1", port, "pause", 20, *again, "finish", "peer", *SPEAK]
    plain, led = both(words, port, before=slow.begin)
    assert led == plain
    assert ("heard: 5 'hello'" in led[1]) == opens
    assert ("Operation already in progress" in led[1]) == (kind == "nonblocking")


def test_limit_of_a_connect_that_waits_is_kept(both):
    slow = Slow(opens=True)
    port = slow.port
    words = ["tcp", "limit", 100, "connect", "127.0.0.1", port, "finish", "peer", *SPEAK]
    plain, led = both(words, port, before=slow.begin)
    assert led == plain
    assert "connect: Operation now in progress" in led[1]


def test_many_connections_at_once_each_get_their_own_answer(both, echo):
    plain, led = both(["crowd", "127.0.0.1", echo.port, 500], echo.port)
    assert led == plain
    assert led[1].count("heard: 10 'said hello' to the end") == 500


def test_pressure_of_a_server_that_does_not_read_reaches_the_program(both):
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        port = deaf.getsockname()[1]
        plain, led = both(["nonblocking", "connect", "127.0.0.1", port, "finish", "fill"], port)
    assert led == plain
    assert "filled: less than 64 MiB" in led[1]


# ---- what is led, and what is not ----


def test_bytes_on_the_wire_are_those_of_the_program(sink, supervised, client, go):
    """With and without, of AWS and of others, on one connection each."""
    plain = client([go, sink.url], shim=False)
    for one in plain, supervised(go):
        for operation in "PutRecord", "-", "ListStreams":
            assert one.ask(operation, 3000).status == 200
        one.finish()
    sink.settle()
    assert len(sink.raw) == 2
    assert sink.raw[0] == sink.raw[1]


def test_port_that_nobody_named_is_left_alone(daemon, sink, supervised, go):
    daemon.faults({})
    assert supervised(go, AWS_ENDPOINT_URL="").ask().status == 200
    assert supervised(go, AWS_ENDPOINT_URL="", CHAOS_PORTS=f"1,{sink.port}").ask().status == 503
    for name, value in (
        ("AWS_ENDPOINT_URL_KINESIS", f"{sink.url}/path"),
        ("AWS_ENDPOINT_URL_S3", f"http://[::1]:{sink.port}"),
        ("CHAOS_INTERCEPT", f"example.com,localhost:{sink.port}"),
    ):
        assert supervised(go, **{"AWS_ENDPOINT_URL": "", name: value}).ask().status == 503


@pytest.mark.parametrize("word", ["exec", "bare"])
def test_child_of_a_supervised_program_gets_its_faults_once(daemon, sink, sockets, word):
    """By the library if it loads it, by its own relay if its environment was taken away."""
    daemon.faults(FAULT)
    done = subprocess.run(
        [BUILD / "chaos-run", "-d", daemon.folder, "--strict", sockets, word]
        + ["/usr/bin/env", f"CHAOS_PORTS={sink.port}", *map(str, python("py_http.py", sink.port))],
        input="PutRecord 2\n", capture_output=True, text=True, env=environment(), timeout=TIMEOUT,
    )  # fmt: skip
    assert done.stdout.startswith("400 Throttled"), done
    assert done.returncode == 0
    assert (daemon.totals()["calls"], daemon.totals()["faults"]) == (1, 1)


@pytest.mark.skipif(os.getuid() != 0, reason="needs to become another user")
def test_nobody_needs_to_be_root(sink, go):
    command = [*AS_NOBODY, BUILD / "chaos-run", "--strict", "-f", json.dumps([FAULT]), "--", go, sink.url]
    client = Client(command, environment(AWS_ENDPOINT_URL=sink.url))
    assert client.ask().status == 400
    client.finish()


def test_daemon_stays_for_a_child_that_has_not_connected_yet(sink, sockets):
    request = "GET / HTTP/1.1\r\nHost: s3.amazonaws.com\r\n\r\n"
    words = ["leave", "pause", 1500, "tcp", "connect", "127.0.0.1", sink.port]
    words += ["send", request, "hear"]
    done = subprocess.run(
        [BUILD / "chaos-run", "-f", "[{}]", sockets, *map(str, words)],
        capture_output=True, text=True, timeout=TIMEOUT, env=environment(CHAOS_PORTS=sink.port),
    )  # fmt: skip
    assert "'HTTP/1.1 503" in done.stdout


@pytest.mark.skipif(os.getuid() != 0, reason="needs to become another user")
def test_process_that_nobody_may_look_into_goes_on_and_is_told_of(echo, sockets):
    words = ["closed", "tcp", "connect", "127.0.0.1", echo.port, *SPEAK]
    done = subprocess.run(
        [*AS_NOBODY, BUILD / "chaos-run", "-f", "[{}]", "--strict", sockets, *map(str, words)],
        capture_output=True, text=True, timeout=TIMEOUT, env=environment(CHAOS_PORTS=echo.port),
    )  # fmt: skip
    assert "heard: 10 'said hello' to the end" in done.stdout
    assert "lets no other process look into it" in done.stderr
    assert done.returncode == 125


def test_network_of_its_own_is_told_of(echo, sockets):
    words = ["apart", "tcp", "connect", "127.0.0.1", echo.port]
    done = subprocess.run(
        [BUILD / "chaos-run", "-f", "[{}]", "--strict", sockets, *map(str, words)],
        capture_output=True, text=True, timeout=TIMEOUT, env=environment(CHAOS_PORTS=echo.port),
    )  # fmt: skip
    assert "connect: Network is unreachable" in done.stdout
    assert "in a network namespace of its own" in done.stderr
    assert done.returncode == 125


OTHER_DEVICES = [name for _, name in socket.if_nameindex() if name != "lo"]


@pytest.mark.skipif(not OTHER_DEVICES, reason="needs another device than that of loopback")
def test_socket_that_is_bound_to_a_device_is_left_alone_and_told_of(echo, sockets):
    """Nothing answers there at an address of loopback."""
    words = ["nonblocking", "device", OTHER_DEVICES[0], "connect", "127.0.0.1", echo.port]
    done = subprocess.run(
        [BUILD / "chaos-run", "-f", "[{}]", "--strict", sockets, *map(str, words)],
        capture_output=True, text=True, timeout=TIMEOUT, env=environment(CHAOS_PORTS=echo.port),
    )  # fmt: skip
    plain = subprocess.run([sockets, *map(str, words)], capture_output=True, text=True)
    assert done.stdout == plain.stdout
    assert "its socket is bound to a device" in done.stderr
    assert done.returncode == 125


@pytest.fixture
def enter(daemon, sink):
    """Starts a steered client by chaos-enter, as a program under the library would."""
    started = []

    def start(program):
        command = [BUILD / "chaos-enter", daemon.folder, program, "a name", sink.url]
        started.append(Client(command, environment(AWS_ENDPOINT_URL=sink.url)))
        return started[-1]

    yield start
    for one in started:
        one.kill()


def test_program_can_enter_supervision_by_itself(daemon, sink, enter, go):
    client = enter(go)
    assert client.ask().status == 200
    daemon.faults(FAULT)
    assert client.ask().status == 400
    (line,) = daemon.request("GET", "/_chaos/processes").json
    assert (line["pid"], line["command"]) == (client.process.pid, f"a name {sink.url}")
    client.finish()
    wait_for(lambda: not processes_of(daemon.folder), "the supervisor and the relay to end")


def test_several_programs_of_a_folder_have_one_supervisor(daemon, sink, enter, static_go):
    clients = [enter(static_go) for _ in range(20)]
    for client in clients:
        client.say()
    assert [client.hear().status for client in clients] == [200] * 20
    roles = [role for _, role in processes_of(daemon.folder)]
    # And its guard.
    assert (roles.count("supervise"), roles.count("relay")) == (2, 20)
    assert len(daemon.request("GET", "/_chaos/processes").json) == 20
    for client in clients:
        client.finish()
    wait_for(lambda: not processes_of(daemon.folder), "the supervisor and the relays to end")


def test_program_that_cannot_enter_runs_all_the_same_and_strict_tells(daemon, sink, static_go):
    daemon.faults(FAULT)
    script = 'echo PutRecord 2 | "$0" "$@"'
    done = subprocess.run(
        [BUILD / "chaos-run", "-d", daemon.folder, "--strict", "sh", "-c", script]
        + [BUILD / "chaos-enter", daemon.folder, static_go, "a name", sink.url],
        preexec_fn=lambda: refuse_calls(SECCOMP),
        capture_output=True, text=True, env=environment(), timeout=TIMEOUT,
    )  # fmt: skip
    assert done.stdout.startswith("200 ")
    assert "cannot be supervised" in done.stderr
    assert done.returncode == 125


@pytest.mark.skipif(os.getuid() != 0, reason="needs a process of another user")
def test_supervisor_of_another_user_is_none(daemon, sink, static_go):
    folder = runtime_folder()
    folder.chmod(0o777)
    folder.parent.chmod(0o711)
    listen = (
        "import os, socket, sys, time; os.setuid(65534)\n"
        "one = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
        "one.bind(sys.argv[1]); one.listen(); print(flush=True); time.sleep(60)"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", listen, folder / "relay.sock"], stdout=subprocess.PIPE
    )
    other.stdout.readline()
    done = subprocess.run(
        [BUILD / "chaos-enter", folder, static_go, "a name", sink.url],
        input="PutRecord 2\n", capture_output=True, text=True, env=environment(), timeout=TIMEOUT,
    )  # fmt: skip
    other.kill()
    other.wait()
    assert done.stdout.startswith("200 ")
    assert "cannot be supervised" in done.stderr


def test_supervised_program_that_enters_again_stays_where_it_is(daemon, sink, supervised, static_go):
    daemon.faults(FAULT)
    client = supervised(
        BUILD / "chaos-enter", url=daemon.folder, more=[static_go, "a name", sink.url],
        AWS_ENDPOINT_URL=sink.url,
    )  # fmt: skip
    assert client.ask().status == 400
    assert [role for _, role in processes_of(daemon.folder)].count("relay") == 1


# ---- whom it believes ----


@pytest.fixture
def secret(tls_sink):
    """The address of a server whose authority no system knows."""
    return f"https://localhost:{tls_sink.port}/"


def test_authority_of_the_folder_is_believed(daemon, supervised, secret, authority, go):
    def ask(**env):
        return supervised(go, url=secret, AWS_ENDPOINT_URL="", **env).ask()

    assert "certificate" in ask().body
    shutil.copy(authority.ca, daemon.folder / "ca.pem")
    assert ask().status == 200
    assert ask(CHAOS_BRIDGE="0").status == "error"


def test_authority_is_believed_besides_those_of_the_user(
    daemon, supervised, secret, authority, go, tmp_path
):
    def ask(**env):
        return supervised(go, url=secret, AWS_ENDPOINT_URL="", **env).ask()

    other = Authority(tmp_path)
    shutil.copy(other.ca, daemon.folder / "ca.pem")
    assert ask().status == "error"
    assert ask(SSL_CERT_FILE=authority.ca).status == 200
    shutil.copy(authority.ca, daemon.folder / "ca.pem")
    assert ask(SSL_CERT_FILE=other.ca).status == 200


def test_bundle_that_is_named_holds_what_is_there_and_the_authority(daemon, sockets, authority):
    shutil.copy(authority.ca, daemon.folder / "ca.pem")
    mine = daemon.folder / "mine.pem"
    mine.write_text("what the user has")
    script = 'cat "$AWS_CA_BUNDLE"; cmp "$SSL_CERT_FILE" "$0"'
    whole = daemon.folder / "whole.pem"
    system = Path("/etc/ssl/certs/ca-certificates.crt").read_text()
    whole.write_text(f"{system}\n{authority.ca.read_text()}")
    done = subprocess.run(
        [BUILD / "chaos-run", "-d", daemon.folder, sockets, "exec", "/bin/sh", "-c", script, whole],
        capture_output=True, text=True, timeout=TIMEOUT,
        env=environment(AWS_CA_BUNDLE=mine, SSL_CERT_FILE=""),
    )  # fmt: skip
    assert done.stdout == f"what the user has\n{authority.ca.read_text()}"
    assert done.returncode == 0, done


@pytest.mark.skipif(os.getuid() != 0, reason="needs to become another user")
@pytest.mark.parametrize("named", ["", "/etc/hosts"])
def test_certificates_can_be_read_by_a_child_of_another_user(daemon, sockets, authority, named):
    shutil.copy(authority.ca, daemon.folder / "ca.pem")
    script = 'cat "$SSL_CERT_FILE" > /dev/null && echo read'
    done = subprocess.run(
        [BUILD / "chaos-run", "-d", daemon.folder, sockets, "exec"]
        + ["/usr/bin/env", *AS_NOBODY, "sh", "-c", script],
        capture_output=True, text=True, timeout=TIMEOUT, env=environment(SSL_CERT_FILE=named),
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("read\n", "")


@pytest.mark.skipif(os.getuid() != 0, reason="needs a name space of its own")
@pytest.mark.parametrize("mine", ["/etc/hosts", None])
def test_child_that_cannot_reach_the_certificates_has_what_the_user_had(sockets, mine):
    script = "mount -t tmpfs none /tmp && env | grep -E '^(SSL_CERT_FILE|CHAOS_(GIVEN|WAS))'"
    env = environment(SSL_CERT_FILE=mine or "")
    if not mine:
        del env["SSL_CERT_FILE"]
    done = subprocess.run(
        [BUILD / "chaos-run", sockets, "exec", "/usr/bin/unshare", "-m", "sh", "-c", script],
        capture_output=True, text=True, timeout=TIMEOUT, env=env,
    )  # fmt: skip
    assert done.stdout == (f"SSL_CERT_FILE={mine}\n" if mine else "")


def test_certificates_outlive_the_supervisor_and_go_with_the_last_program(daemon, supervised, go):
    client = supervised(go, SSL_CERT_FILE="")
    assert client.ask().status == 200
    file = Path(variables_of(client.process.pid)["SSL_CERT_FILE"])
    assert file.exists() and (file.stat().st_mode & 0o777) == 0o444
    kill(one_of(daemon.folder, "supervise", parent="guard"))
    kill(one_of(daemon.folder, "relay"))
    assert file.exists()
    client.process.stdin.close()
    wait_for(lambda: not file.parent.exists(), "the certificates to be removed")


# ---- HTTPS ----

@pytest.mark.parametrize("name", ["ca.pem", "hashed"])
@pytest.mark.parametrize("list_", ["{}", "/nonexistent:{}", "{}/:/nonexistent"])
def test_authority_in_a_folder_of_the_user_is_believed(
    daemon, supervised, secret, authority, go, tmp_path, name, list_
):
    """Go reads all that is in one, whatever it is called."""
    shutil.copy(authority.ca, tmp_path / "ca.pem")
    if name == "hashed":
        subprocess.run(["openssl", "rehash", tmp_path], check=True)
    client = supervised(go, "--strict", url=secret, SSL_CERT_DIR=list_.format(tmp_path))
    daemon.faults(FAULT)
    one = client.ask()
    assert (one.status, one.code) == (400, "Throttled")
    client.finish()


def test_https_meets_faults_and_delays_on_one_client(daemon, supervised, secret, authority, go):
    client = supervised(go, "--strict", url=secret, SSL_CERT_FILE=authority.ca)
    assert client.ask().status == 200
    daemon.faults(FAULT)
    one = client.ask()
    assert (one.status, one.code) == (400, "Throttled")
    daemon.faults()
    daemon.latency(500)
    one = client.ask()
    assert one.status == 200 and one.seconds >= 0.5
    lanes = daemon.request("GET", "/_chaos/processes").json[0]["lanes"]
    assert lanes["inside"] == 0 and lanes["bridge"] == lanes["relay"] > 0
    client.finish()


def test_server_that_the_program_does_not_trust_is_refused_as_without(supervised, secret, go):
    assert "unknown authority" in supervised(go, url=secret).ask().body


def test_what_is_refused_just_before_the_end_counts(supervised, secret, go):
    """The relay has to say so behind its program."""
    for _ in range(5):
        client = supervised(go, "--strict", url=secret)
        assert "unknown authority" in client.ask().body
        client.process.stdin.close()
        assert client.process.wait(TIMEOUT) == 125


# ---- what is said ----


def test_warning_names_the_program_and_not_its_relay(daemon, tls_sink, authority):
    program = runtime_folder() / "go_trust"
    build = ["go", "build", "-o", program, CLIENTS / "go_trust.go"]
    subprocess.run(build, check=True, env={**os.environ, "GO111MODULE": "off"})
    done = subprocess.run(
        [BUILD / "chaos-run", "-d", daemon.folder, "--no-bridge", program,
         f"127.0.0.1:{tls_sink.port}", AWS_HOST],
        capture_output=True, text=True, timeout=TIMEOUT,
        env=environment(CHAOS_PORTS=tls_sink.port, SSL_CERT_FILE=authority.ca),
    )  # fmt: skip
    assert f"chaos-run: go_trust, pid {done.stdout.strip()}: calls to {AWS_HOST} get no faults: " in done.stderr
