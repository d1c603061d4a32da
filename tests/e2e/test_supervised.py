# SPDX-License-Identifier: Apache-2.0
"""Programs that make their own system calls: Go, and what is statically linked."""

import os
import shutil
import subprocess
import time

import pytest

from harness import BUILD, CLIENTS, TIMEOUT, Client, environment, wait_for
from sink import answer

pytestmark = pytest.mark.skipif(not shutil.which("go"), reason="needs Go")

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

    def start(program, *options, url=sink.url, **env):
        command = [BUILD / "chaos-run", "-d", daemon.folder, *options, "--", program, url]
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


def test_strict_is_content_with_a_program_that_was_looked_into(daemon, supervised, go):
    daemon.faults(FAULT)
    client = supervised(go, "--strict")
    assert client.ask().status == 400
    client.finish()


# ---- the run and its end ----


def processes_of(folder):
    """The supervisor of a folder, its guard and its relays."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                variables = file.read().split(b"\0")
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if words[0] == b"chaos-relay" and f"CHAOS_DIR={folder}".encode() in variables:
            found.append((int(pid), words[1].decode()))
    return found


def test_nothing_is_left_of_a_run(daemon, supervised, go):
    client = supervised(go)
    assert client.ask().status == 200
    assert {role for _, role in processes_of(daemon.folder)} == {"supervise", "relay"}
    client.finish()
    wait_for(lambda: not processes_of(daemon.folder), "the supervisor and the relay to end")
    assert not (daemon.folder / "relay.sock").exists()
