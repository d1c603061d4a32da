# SPDX-License-Identifier: Apache-2.0
"""What events tell of a call is what the server wrote down of it, in each lane."""

import os
import shutil
import subprocess
import sys

import pytest

from harness import BUILD, CLIENTS, TIMEOUT, environment
from observed import (
    GAP, SLACK, Watcher, agrees, counts, events, events_of, journal_says, observe,
)  # fmt: skip
from tls import Proxy

SIGNED = (
    "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=00"
)
LANES = {"python": "inside", "curl": "inside", "wget": "inside", "node": "bridge", "java": "bridge",
         "go": "relay", "plain": "plain"}  # fmt: skip
# Answers to calls that need nothing of the client but HTTP, and what becomes of them.
ANSWERS = {
    "GET:/bucket/length:0": "whole",
    "HEAD:/bucket/length:0": "whole",
    "GET:/bucket/none:0": "whole",
    "GET:/bucket/chunked:0": "whole",
    "GET:/bucket/missing:0": "whole",
    "GET:/bucket/slow:0": "whole",
    "GET:/bucket/big:0": "whole",
    "PUT:/bucket/length:2000000": "whole",
    "GET:/bucket/until-close:0": "whole",
    "GET:/bucket/cut:0": "cut",
}


def go_fetch():
    source, target = CLIENTS / "go_fetch.go", BUILD / "go" / "fetch"
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        env = dict(os.environ, CGO_ENABLED="0", GOTOOLCHAIN="local")
        subprocess.run(["go", "build", "-o", target, source], check=True, env=env)
    return target


def by_curl(url, words):
    for word in words:
        method, path, size = word.split(":")
        how = ["-I"] if method == "HEAD" else ["-X", method]
        data = ["-H", "Expect:", "--data-binary", "@-"] if int(size) else []
        yield ["curl", "-sS", "-o", "/dev/null", "-H", SIGNED, *how, *data, url + path], int(size)


def by_wget(url, words, authority):
    for word in words:
        method, path, size = word.split(":")
        if int(size):
            continue
        how = ["--spider"] if method == "HEAD" else [f"--method={method}"]
        quiet = ["-q", "--tries=1", "-O", "/dev/null", f"--ca-certificate={authority.ca}"]
        yield ["wget", *quiet, f"--header={SIGNED}", *how, url + path], 0


@pytest.fixture(params=LANES)
def way(request):
    needed = {"python": sys.executable, "plain": sys.executable}.get(request.param, request.param)
    if not shutil.which(needed):
        pytest.skip(f"needs {needed}")
    return request.param


@pytest.fixture
def server(way, authority):
    one = Watcher(None if way == "plain" else authority)
    yield one
    one.close()


@pytest.fixture
def fetch(daemon, way, server, authority, programs):
    """Makes calls under chaos-run, observed: fetch("METHOD:PATH:SIZE", …) gives what the program said."""
    observe(daemon)

    def run(command, data=b"", **env):
        done = subprocess.run(
            [BUILD / "chaos-run", "-d", daemon.folder, "--", *map(str, command)],
            input=data, capture_output=True, timeout=2 * TIMEOUT,
            env=environment(AWS_ENDPOINT_URL=server.url, **authority.environment, **env),
        )  # fmt: skip
        return done.stdout.decode(), done.stderr.decode()

    def fetch(*words):
        if way == "wget":
            return [run(command) for command, _ in by_wget(server.url, words, authority)]
        if way == "curl":
            return [run(command, b"x" * size) for command, size in by_curl(server.url, words)]
        java = ["java", *authority.java_options(), "-cp", programs, "JavaFetch"]
        program = {"node": ["node", CLIENTS / "node_fetch_all.js"], "java": java,
                   "go": [go_fetch()] if way == "go" else None}  # fmt: skip
        command = program.get(way, [sys.executable, CLIENTS / "py_fetch.py"])
        return run([*command, server.url, *words])

    return fetch


def test_events_agree_with_the_servers_log(daemon, way, server, fetch):
    said = fetch(*ANSWERS)
    wanted = [word for word in ANSWERS if way != "wget" or not word.startswith("PUT")]
    assert [entry.path for entry in server.entries[: len(wanted)]] == [
        word.split(":")[1] for word in wanted
    ], said
    # Some try once more what was cut.
    told = events_of(daemon, len(server.entries))
    assert len(told) == len(server.entries)
    for event, entry in zip(told, server.entries):
        word = next(word for word in ANSWERS if word.split(":")[:2] == [entry.method, entry.path])
        agrees(event, entry, ANSWERS[word])
        assert event["lane"] == LANES[way]
        assert event["code"] == ("NoSuchKey" if entry.status == 404 else None)
        assert (event["rule"], event["action"], event["taken"]) == (None, None, None)
        assert event["service"] == "s3" and event["resource"], event
    connections = {}
    for event, entry in zip(told, server.entries):
        connections.setdefault((event["pid"], event["connection"]), set()).add(entry.connection)
    assert all(len(those) == 1 for those in connections.values())
    assert len(connections) == len({entry.connection for entry in server.entries})


def test_duration_has_the_gap_between_the_first_byte_and_the_last(daemon, server, fetch):
    fetch("GET:/bucket/slow:0")
    (event,) = events_of(daemon, 1)
    assert event["durationMs"] - event["firstByteMs"] >= (GAP - SLACK) * 1000


def test_delay_is_told_and_part_of_the_duration(daemon, server, fetch):
    daemon.latency(500)
    fetch("GET:/bucket/length:0")
    (event,) = events_of(daemon, 1)
    assert (event["action"], event["delayMs"], event["status"]) == ("delay", 500, 200)
    assert event["firstByteMs"] >= 500
    assert event["at"] + 0.5 <= server.entries[0].head + SLACK


def test_fault_is_taken_and_never_reaches_the_server(daemon, way, server, fetch):
    daemon.faults({"service": "s3", "error": {"statusCode": 400, "code": "Throttled"}})
    said = fetch("GET:/bucket/length:0")
    (event,) = events_of(daemon, 1)
    assert (event["status"], event["code"], event["action"]) == (400, "Throttled", "error"), said
    assert (event["taken"], event["read"], event["end"]) == (True, "whole", "whole"), event
    assert event["lane"] == LANES[way]
    assert event["rule"] and not server.entries


def test_reset_by_the_server_cuts_the_answer(daemon, server, fetch):
    fetch("GET:/bucket/reset:0")
    for event, entry in zip(events_of(daemon, len(server.entries)), server.entries):
        assert event["end"] == "cut" and event["status"] in (200, None)
        assert event["bytesIn"] <= entry.given


# ---- calls of one kind or another ----


@pytest.fixture(params=["plain", "tls"])
def lane_server(request, authority):
    one = Watcher(authority if request.param == "tls" else None)
    yield one
    one.close()


@pytest.fixture
def curl(daemon, authority):
    observe(daemon)

    def curl(url, *options, **env):
        return subprocess.run(
            [BUILD / "chaos-run", "-d", daemon.folder, "--", "curl", "-sS", "-o", "/dev/null", "-H",
             SIGNED, *options, url],
            input=b"x" * 5000, capture_output=True, timeout=TIMEOUT,
            env=environment(AWS_ENDPOINT_URL=url, **authority.environment, **env),
        )  # fmt: skip

    return curl


EXPECTS = ("-H", "Expect: 100-continue", "-X", "PUT", "--data-binary", "@-")


def test_body_that_waits_for_a_continue(daemon, lane_server, curl):
    curl(lane_server.url + "/bucket/length", *EXPECTS)
    (event,) = events_of(daemon, 1)
    agrees(event, lane_server.entries[0])
    assert event["bytesOut"] > 5000


def test_body_that_is_refused_at_the_head(daemon, lane_server, curl):
    curl(lane_server.url + "/bucket/refused", *EXPECTS)
    (event,) = events_of(daemon, 1)
    agrees(event, lane_server.entries[0])
    assert event["status"] == 417 and event["bytesOut"] < 5000


def test_chunked_body(daemon, lane_server, curl):
    curl(lane_server.url + "/bucket/length", "-T", "-", "-H", "Expect:")
    (event,) = events_of(daemon, 1)
    agrees(event, lane_server.entries[0])


def test_redirect_is_a_call_of_its_own(daemon, lane_server, curl):
    curl(lane_server.url + "/bucket/moved", "-L", "--location-trusted")
    told = events_of(daemon, 2)
    assert [event["status"] for event in told] == [307, 200]
    for event, entry in zip(told, lane_server.entries):
        agrees(event, entry)


def test_call_through_a_proxy_is_told_once(daemon, authority, curl):
    server = Watcher(authority)
    proxy = Proxy(server.port)
    curl(server.url + "/bucket/length", "-x", f"http://127.0.0.1:{proxy.port}")
    (event,) = events_of(daemon, 1)
    assert (event["status"], event["end"], event["lane"]) == (200, "whole", "inside")
    assert (event["bytesOut"], event["bytesIn"]) == (server.entries[0].taken, server.entries[0].given)
    proxy.close()
    server.close()


@pytest.fixture
def plain_server():
    one = Watcher()
    yield one
    one.close()


@pytest.fixture
def under_way(daemon, plain_server):
    """A program that does something with a call under way; gives what it has said."""
    observe(daemon)

    def under_way(what):
        done = subprocess.run(
            [BUILD / "chaos-run", "-d", daemon.folder, "--", sys.executable,
             CLIENTS / "py_under_way.py", str(plain_server.port), what],
            capture_output=True, timeout=TIMEOUT, env=environment(AWS_ENDPOINT_URL=plain_server.url),
        )  # fmt: skip
        return done.stdout.decode(), done.stderr.decode()

    return under_way


def told_and_counted(daemon):
    """Of each event its end and its status; attempts that were begun and have not ended."""
    line = counts(daemon)["s3", "GetObject"]
    told = [(event["end"], event["status"]) for event in events_of(daemon, line.ended)]
    journal = journal_says(daemon)
    assert journal["observed"] == journal["calls"] == line.attempts
    assert (journal["head"], journal["lost"], journal["unobserved"]) == (line.ended, 0, 0)
    return told, line.attempts - line.ended


def test_reader_and_writer_may_be_two_threads(daemon, plain_server, under_way):
    under_way("two-threads")
    told = events_of(daemon, 20)
    for event, entry in zip(told, plain_server.entries):
        agrees(event, entry)
    assert [event["reused"] for event in told] == [False] + [True] * 19


def test_pipelined_answers_are_not_taken_for_each_other(daemon, under_way):
    under_way("pipelined")
    assert told_and_counted(daemon) == ([(None, None)] * 3, 0)


def test_download_that_is_left_early_is_cut(daemon, under_way):
    said, _ = under_way("leaves-early")
    (event,) = events_of(daemon, 1)
    assert (event["end"], event["status"]) == ("cut", 200)
    assert event["bytesIn"] == int(said)


def test_call_that_is_hung_up_on_has_no_status(daemon, under_way):
    under_way("hangs-up")
    assert told_and_counted(daemon) == ([("cut", None)], 0)


@pytest.mark.parametrize("how", ["exit", "_exit", "exec"])
def test_process_that_ends_cuts_its_calls(daemon, under_way, how):
    under_way(how)
    assert told_and_counted(daemon) == ([("cut", None)], 0)


@pytest.mark.parametrize("how", ["kill", "abort", "sigpipe"])
def test_process_that_is_killed_leaves_calls_that_were_begun(daemon, under_way, how):
    under_way(how)
    assert told_and_counted(daemon) == ([], 1)
    # Others tell on.
    under_way("exit")
    assert told_and_counted(daemon) == ([("cut", None)], 1)


@pytest.mark.parametrize("what", ["parent-reads", "spawns"])
def test_call_of_a_process_that_begins_another_is_told_once(daemon, under_way, what):
    under_way(what)
    assert told_and_counted(daemon) == ([("whole", 200)], 0)


def test_call_goes_on_where_no_program_begins(daemon, under_way):
    under_way("exec-fails")
    assert told_and_counted(daemon) == ([("whole", 200)], 0)


def test_call_whose_answer_a_child_reads_is_told_once(daemon, under_way):
    under_way("child-reads")
    assert told_and_counted(daemon) == ([("cut", None)], 0)


def test_calls_of_a_child_are_its_own(daemon, under_way):
    under_way("child-calls")
    assert told_and_counted(daemon) == ([("whole", 200)] * 2, 0)
    assert len({event["pid"] for event in events(daemon)}) == 2


UNTIL_GOODBYE = """
import socket, ssl, sys
context = ssl.create_default_context()
sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20)
with context.wrap_socket(sock, server_hostname="localhost") as tls:
    tls.sendall(sys.argv[2].encode())
    while tls.recv(65536):
        pass
    print("ended", flush=True)
    sys.stdin.readline()
"""


def test_goodbye_of_tls_ends_an_answer_while_the_socket_stays(daemon, authority):
    observe(daemon)
    server = Watcher(authority)
    call = f"GET /bucket/until-close HTTP/1.1\r\nHost: localhost:{server.port}\r\n{SIGNED}\r\n\r\n"
    program = subprocess.Popen(
        [BUILD / "chaos-run", "-d", daemon.folder, "--", sys.executable, "-c", UNTIL_GOODBYE,
         str(server.port), call],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=environment(AWS_ENDPOINT_URL=server.url, **authority.environment),
    )  # fmt: skip
    assert program.stdout.readline() == "ended\n"
    (event,) = events_of(daemon, 1)
    assert (event["end"], event["status"], event["bytesIn"]) == ("whole", 200, server.entries[0].given)
    program.communicate("\n", timeout=TIMEOUT)
    server.close()
