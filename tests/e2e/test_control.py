# SPDX-License-Identifier: Apache-2.0
"""chaos-control as a program: its options, its folder, its life, and clients that behave badly."""

import http.client
import json
import os
import re
import signal
import socket
import stat
import struct
import subprocess
import threading
import time

import pytest

from harness import (
    BUILD, EFFECTS, FAULTS, OUTAGES, STATUS, TIMEOUT, Daemon, UnixConnection, environment,
    runtime_folder, talk, wait_for,
)  # fmt: skip

CONTROL = BUILD / "chaos-control"
PROCESSES = "/_chaos/processes"
RULE = {"service": "s3", "region": "us-east-1"}


@pytest.fixture
def folder():
    path = runtime_folder()
    yield path
    subprocess.run(["rm", "-rf", path], check=True)


@pytest.fixture
def start():
    """Starts a daemon with more options; ends it after the test."""
    started = []

    def start(*options, folder=None, under=()):
        started.append(Daemon(folder, *options, under=under).start())
        return started[-1]

    yield start
    for one in started:
        one.remove()


def run(*options, **env):
    """chaos-control that is not expected to stay."""
    return subprocess.run(
        [CONTROL, *map(str, options)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        env=environment(**env),
    )


# ---- lists ----


def test_patch_and_delete_take_one_rule_without_an_array(daemon):
    assert daemon.request("PATCH", FAULTS, RULE).json == [RULE]
    assert daemon.request("DELETE", FAULTS, RULE).json == []


def test_patch_of_a_rule_that_is_there_changes_nothing(daemon):
    daemon.faults(RULE, {})
    assert daemon.request("PATCH", FAULTS, [RULE]).json == [RULE, {}]


def test_delete_of_a_rule_that_is_not_there_is_no_error(daemon):
    daemon.faults(RULE)
    reply = daemon.request("DELETE", FAULTS, [{"service": "sqs"}])
    assert (reply.status, reply.json) == (200, [RULE])


def test_delete_warns_of_rules_of_which_none_is_equal(daemon):
    daemon.faults(RULE, {})
    reply = daemon.request("DELETE", FAULTS, [{"service": "sqs"}, RULE, dict(RULE, probability=1)])
    assert reply.json == [{}]
    assert reply.headers.get_all("X-Chaos-Warning") == [
        "rule 1: no rule is equal to it",
        "rule 3: no rule is equal to it",
    ]
    assert daemon.request("DELETE", FAULTS, {}).headers.get_all("X-Chaos-Warning") is None


def test_answer_stands_on_one_line_as_localstack_prints_it(daemon):
    body = b'[{"service":"dynamodb",\n"region":"us-east-1"}]'
    reply = daemon.request("POST", FAULTS, body)
    assert reply.body == b'[{"service": "dynamodb", "region": "us-east-1"}]'


def test_refusal_names_both_equal_rules(daemon):
    reply = daemon.request("POST", FAULTS, [RULE, {}, dict(reversed(RULE.items()))])
    assert (reply.status, reply.json["rule"]) == (400, 3)
    assert "rule 1" in reply.json["message"]


def test_refusal_is_a_json_object_with_error_and_message(daemon):
    reply = daemon.request("POST", FAULTS, [{}, {"error": {"statusCode": 200}}])
    assert reply.json["error"] == "Bad Request"
    assert reply.json["message"].startswith("rule 2, error.statusCode: ")


@pytest.mark.parametrize("rule", [{"operation": "PutItem"}, {"error": {}}, {"probability": 1}])
def test_outages_have_service_and_region_alone(daemon, rule):
    reply = daemon.request("POST", OUTAGES, [rule])
    assert (reply.status, reply.json["field"]) == (400, next(iter(rule)))


def test_ten_thousand_rules_are_taken_at_once(daemon):
    rules = [{"service": "s3", "region": f"r-{i}", "error": {"code": "X"}} for i in range(10_000)]
    start = time.monotonic()
    assert daemon.request("POST", FAULTS, rules).json == rules
    assert time.monotonic() - start < 2


def test_names_that_are_not_known_bring_one_warning_each(daemon):
    reply = daemon.request("POST", FAULTS, [{"service": "kinesys"}, {"region": "us-eats-1"}])
    warnings = reply.headers.get_all("X-Chaos-Warning")
    assert len(warnings) == 2
    assert "rule 1" in warnings[0] and "kinesis" in warnings[0]
    assert "rule 2" in warnings[1] and "us-east-1" in warnings[1]


# ---- reports ----


def test_status_counts_rules_and_names_the_versions(start):
    one = start("--listen", "127.0.0.1:0")
    one.faults(RULE, {})
    one.latency(5)
    before = one.request("GET", STATUS).json
    assert before["rules"] == {"outages": 0, "faults": 2}
    assert before["latency"] == 5
    assert before["folder"] == str(one.folder)
    assert before["pid"] == one.process.pid
    assert before["fired"] == {"outages": [], "faults": [0, 0]}
    assert set(before["totals"]) == {"connections", "calls", "faults", "delayed", "unnamed", "blind", "blind_aws", "unfollowed"}
    assert re.fullmatch(r"\d+\.\d+\.\d+", before["version"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", before["model"])
    assert re.fullmatch(r"127\.0\.0\.1:[1-9]\d*", before["listening"])
    one.faults()
    assert one.request("GET", STATUS).json["generation"] == before["generation"] + 1


# Where the process list lies in the journal, and one entry of it (shim/memory/journal.h).
PROCESS_AT = 4096 + 131072 * 32
PROCESS = struct.Struct("<IIQQ4Q8QQ64s1024sQ4Q24x")
HOST = struct.Struct("<QI116s")


def start_of(pid):
    """Field 22 of /proc/PID/stat."""
    return int(open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[19])


def enter(daemon, place, pid, begin, command=b"test", hosts=(), counts=(0,) * 13, unnamed=0, lanes=(0,) * 4):
    packed = b"".join(HOST.pack(1, reason, host) for reason, host in hosts)
    with open(daemon.folder / "journal", "r+b") as journal:
        journal.seek(PROCESS_AT + place * PROCESS.size)
        journal.write(PROCESS.pack(pid, 0, begin, 1700000000, *counts, command, packed, unnamed, *lanes))


def test_processes_are_listed_with_what_they_have_seen(daemon):
    pid = os.getpid()
    hosts = [(1, b"s3.amazonaws.com"), (0, b"not whole"), (2, b"sqs.us-east-1.amazonaws.com")]
    enter(daemon, 4095, pid, start_of(pid), b"pytest", hosts, tuple(range(1, 14)), 14, (15, 16, 17, 18))
    assert daemon.request("GET", PROCESSES).json == [
        {
            "pid": pid,
            "running": True,
            "command": "pytest",
            "since": 1700000000,
            "connections": 1,
            "calls": 2,
            "faults": 3,
            "delayed": 4,
            "unnamed": 14,
            "lanes": {"inside": 15, "bridge": 16, "relay": 17},
            "blind": {"tls": 5, "http2": 6, "framing": 7, "pipelined": 8, "fd": 9, "stream": 10,
                      "refused": 11, "port": 12},
            "blind_aws": 13,
            "blind_hosts": [
                {"reason": "tls", "host": "s3.amazonaws.com"},
                {"reason": "http2", "host": "sqs.us-east-1.amazonaws.com"},
            ],
        }
    ]


def test_processes_that_have_ended_are_listed_if_they_had_connections(daemon):
    counts = (1, *(0,) * 12)
    enter(daemon, 0, 0x7FFFFFFF, 7, b"curl", counts=counts)
    enter(daemon, 1, 0xFFFFFFFF, 0, b"hostile", counts=counts)
    enter(daemon, 2, 0, 0, b"free place", counts=counts)
    listed = daemon.request("GET", PROCESSES).json
    assert [(one["command"], one["running"]) for one in listed] == [
        ("curl", False),
        ("hostile", False),
    ]


def test_processes_that_have_ended_without_connections_are_not_listed(daemon):
    pid = os.getpid()
    zombie = subprocess.Popen(["true"])
    wait_for(lambda: ") Z " in open(f"/proc/{zombie.pid}/stat").read(), "the child to end")
    enter(daemon, 0, pid, start_of(pid) + 1)
    enter(daemon, 1, zombie.pid, start_of(zombie.pid))
    enter(daemon, 2, 0xFFFFFFFF, 0)
    enter(daemon, 3, 0, 0)
    assert daemon.request("GET", PROCESSES).json == []
    zombie.wait()


def test_hostile_journal_gives_valid_json(daemon):
    pid = os.getpid()
    hosts = [(1, b"\xc3" * 116), (9, b"no such reason"), (2**32 - 1, b"nor this")]
    enter(daemon, 0, pid, start_of(pid), b"\x1b[2J\xff" * 13, hosts, (2**64 - 1,) * 13)
    (entry,) = daemon.request("GET", PROCESSES).json
    assert entry["command"].isprintable() and len(entry["command"]) == 64
    assert entry["blind_hosts"] == [{"reason": "tls", "host": "?" * 116}]


# ---- the folder ----


def test_folder_is_made_by_the_rule():
    parent = runtime_folder()
    for env, path in [
        ({"CHAOS_DIR": parent / "own"}, parent / "own"),
        ({"XDG_RUNTIME_DIR": parent}, parent / "chaos"),
        ({"CHAOS_DIR": "", "XDG_RUNTIME_DIR": parent / "own"}, parent / "own" / "chaos"),
    ]:
        subprocess.run([CONTROL, "--daemon"], check=True, timeout=TIMEOUT, env=environment(**env))
        one = Daemon(path)
        status = one.request("GET", STATUS).json
        assert status["folder"] == str(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        os.kill(status["pid"], signal.SIGTERM)
        wait_for(lambda: not one.socket.exists(), "the daemon to end")
    subprocess.run(["rm", "-rf", parent], check=True)


def test_folder_that_others_may_enter_is_refused(folder):
    folder.chmod(0o755)
    done = run("-d", folder)
    assert done.returncode == 1
    assert "chmod 700" in done.stderr
    assert list(folder.iterdir()) == []


def test_folder_behind_a_link_is_refused(folder):
    (folder / "real").mkdir(mode=0o700)
    (folder / "link").symlink_to("real")
    assert run("-d", folder / "link").returncode == 1
    assert list((folder / "real").iterdir()) == []


def test_folder_without_a_parent_is_refused_with_the_reason(folder):
    done = run("-d", folder / "no" / "such")
    assert done.returncode == 1
    assert "No such file" in done.stderr


def test_folder_too_deep_for_a_socket_is_refused_with_the_reason(folder):
    done = run("-d", folder / ("x" * 100))
    assert done.returncode == 1
    assert "too long" in done.stderr


def test_socket_is_for_the_owner_alone(daemon):
    assert stat.S_IMODE(daemon.socket.stat().st_mode) == 0o600


# ---- options ----


def test_first_configuration_comes_from_options(start, folder):
    (folder / "outages.json").write_text('[{"service": "kms"},]')
    one = start("-f", json.dumps([RULE]), "-o", f"@{folder}/outages.json", "-L", "250")
    assert one.request("GET", FAULTS).json == [RULE]
    assert one.request("GET", OUTAGES).json == [{"service": "kms"}]
    assert one.request("GET", EFFECTS).json == {"latency": 250}


def test_options_replace_the_saved_part_alone(start, folder):
    first = start(folder=folder)
    first.faults(RULE)
    first.outages({"service": "kms"})
    first.end()
    second = start("--faults", "[{}]", folder=folder)
    assert second.request("GET", FAULTS).json == [{}]
    assert second.request("GET", OUTAGES).json == [{"service": "kms"}]


def test_options_warn_on_stderr(start):
    said = start("-f", '[{"service": "kinesys"}]').said()
    assert said.startswith("chaos-control: warning: --faults: rule 1: service 'kinesys' is not known")


def test_check_tells_a_warning_from_an_error():
    done = run("--check", "-o", '[{"service": "sfn"}]')
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("chaos-control: warning: --outages: rule 1: service 'sfn'")


BAD_OPTIONS = pytest.mark.parametrize(
    "options, reason",
    [
        (["-f", "[{]"], "--faults: line 1, column 3: "),
        (["-f", '[{"servce": "s3"}]'], "--faults: rule 1, servce: "),
        (["-f", "{}"], "--faults: an array"),
        (["-o", '[{"error": {}}]'], "--outages: rule 1, error: "),
        (["-f", "@/no/such/file"], "--faults @/no/such/file: cannot be read: No such file"),
        (["-f", "@/dev/null"], "--faults @/dev/null: is empty"),
        (["-f", "@"], "--faults @: the name of a file is missing"),
        (["-f", ""], "--faults: the argument is empty; JSON or @FILE"),
        (["-o", "rules.json"], "--outages: 'rules.json' is no array or object of JSON; write @"),
        (["-L", "soon"], "--latency: 'soon'"),
        (["-L", "-1"], "--latency: must be an integer from 0"),
        (["-L", "nan"], "--latency: must be an integer from 0"),
        (["-l", "localhost"], "--listen: 'localhost' is no"),
        (["-l", "127.0.0.1:70000"], "127.0.0.1:4566"),
        (["-l", "10.0.0.1:80"], "127.0.0.1:4566"),
        (["-s", "/no/such/folder/state.json"], "/no/such/folder"),
        (["-s", ""], "--state: the path of a file is expected"),
        (["-s", "/"], "--state: cannot read /: "),
        (["-d", ""], "--dir is empty"),
        (["-p", "x"], "--private: 'x' is no process id"),
        (["-p", "1", "-s", "/tmp/x"], "--state"),
        (["--nonsense"], "nonsense"),
        (["nonsense"], "'nonsense' is too much"),
    ],
)


@BAD_OPTIONS
@pytest.mark.parametrize("background", [[], ["--daemon"]])
def test_bad_option_ends_with_1_and_the_reason(folder, options, reason, background):
    done = run("-d", folder, *background, *options)
    assert done.returncode == 1
    assert reason in done.stderr
    assert list(folder.iterdir()) == []


@BAD_OPTIONS
def test_bad_option_leaves_no_folder_behind(folder, options, reason):
    assert run("-d", folder / "new", *options).returncode == 1
    assert list(folder.iterdir()) == []


def many_rules(folder):
    path = folder.parent / f"{folder.name}.json"
    path.write_text(json.dumps([{"service": f"service{i}"} for i in range(70_000)]))
    return path


def left_in(folder):
    """What a daemon has left, but for its pid."""
    names = (name for name in os.listdir(folder) if name not in ("lock", "control.sock"))
    return {name: (folder / name).read_bytes() for name in names}


@pytest.fixture
def left_behind(start, folder):
    """A killed daemon's rules, in force and saved: they must stay as they are."""
    one = start(folder=folder)
    one.faults(RULE)
    one.end(signal.SIGKILL)
    before = left_in(folder)
    yield before
    assert left_in(folder) == before


def test_port_in_use_leaves_what_a_killed_daemon_has_left(left_behind, folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run("-d", folder, "-f", "[{}]", "-l", f"127.0.0.1:{port}").returncode == 1


def test_too_many_rules_leave_what_a_killed_daemon_has_left(left_behind, folder):
    path = many_rules(folder)
    try:
        done = run("-d", folder, "-f", f"@{path}")
    finally:
        path.unlink()
    assert (done.returncode, "more than 65,536 rules" in done.stderr) == (1, True)


def test_state_that_cannot_be_saved_leaves_what_a_killed_daemon_has_left(left_behind, folder):
    done = run("-d", folder, "-f", "[{}]", "-s", "/proc/chaos.json")
    assert (done.returncode, "/proc/chaos.json" in done.stderr) == (1, True)


def test_lack_of_descriptors_leaves_what_a_killed_daemon_has_left(left_behind, folder):
    limits = iter(range(4, 64))
    while True:
        process = subprocess.Popen(
            ["prlimit", f"--nofile={next(limits)}", CONTROL, "-d", folder, "-f", "[{}]"],
            env=environment(), stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        if "listening" in process.stderr.readline():
            break
        process.communicate()
        assert left_in(folder) == left_behind
    process.kill()
    process.communicate()
    assert next(limits) > 8
    for name, data in left_behind.items():
        (folder / name).write_bytes(data)


def test_check_knows_the_limits_of_the_table(folder):
    path = many_rules(folder)
    try:
        done = run("--check", "-f", f"@{path}")
    finally:
        path.unlink()
    assert (done.returncode, "more than 65,536 rules" in done.stderr) == (1, True)


def test_check_says_what_is_wrong_and_starts_nothing(folder):
    done = run("-d", folder / "new", "--check", "-f", "[]", "-o", '[{"service": 3}]')
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "chaos-control: --outages: rule 1, service: must be a string, not a number\n"
    done = run("-d", folder / "new", "--check", "-f", "[]", "-o", "[]", "-L", "5")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(folder.iterdir()) == []


def test_bad_option_leaves_the_saved_rules(start, folder):
    first = start(folder=folder)
    first.faults(RULE)
    first.end()
    assert run("-d", folder, "-f", "[3]").returncode == 1
    assert start(folder=folder).request("GET", FAULTS).json == [RULE]


def test_state_option_keeps_the_rules_elsewhere(start, folder):
    one = start("--state", folder / "rules.json")
    one.faults(RULE)
    assert not (one.folder / "state.json").exists()
    assert json.loads((folder / "rules.json").read_text())["faults"] == [RULE]


def test_hand_written_state_is_taken(start, folder):
    (folder / "rules.json").write_text('{"version": 1, "faults": [{"service": "s3"}]}')
    assert start("-s", folder / "rules.json").request("GET", FAULTS).json == [{"service": "s3"}]


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_go_to_stdout(option):
    done = run(option)
    assert done.returncode == 0
    assert "chaos-control" in done.stdout


@pytest.mark.parametrize("address, host", [("127.0.0.1:0", "127.0.0.1"), ("[::1]:0", "::1")])
def test_listen_serves_tcp_as_well_and_tells_the_port(start, address, host):
    one = start("--listen", address)
    port = int(re.search(r"http://\S+:(\d+)$", one.said().strip()).group(1))
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    assert talk(connection, "POST", FAULTS, [RULE]).json == [RULE]
    assert one.request("GET", FAULTS).json == [RULE]


def test_port_in_use_is_refused_with_the_reason(start, folder):
    one = start("--listen", "127.0.0.1:0")
    done = run("-d", folder, "-l", one.request("GET", STATUS).json["listening"])
    assert done.returncode == 1
    assert "--listen: " in done.stderr
    assert "in use; choose another port" in done.stderr
    assert list(folder.iterdir()) == []


# ---- background and private ----


@pytest.mark.parametrize("listen", [False, True])
def test_background_daemon_says_where_it_is_and_keeps_no_pipe_open(folder, listen):
    options = ["--listen", "127.0.0.1:0"] if listen else []
    done = run("-d", folder, "--daemon", *options)  # returns at the end of its output pipes
    status = Daemon(folder).request("GET", STATUS).json
    more = f" and http://{status['listening']}" if listen else ""
    said = f"chaos-control: listening on {folder}/control.sock{more}\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, said, "")
    pid = status["pid"]
    assert os.getsid(pid) == pid
    os.kill(pid, signal.SIGTERM)


def test_background_daemon_works_though_it_began_without_standard_descriptors(folder):
    command = [CONTROL, "-d", folder, "--daemon"]
    bare = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *command]
    assert subprocess.run(bare, timeout=TIMEOUT, env=environment()).returncode == 0
    pid = Daemon(folder).request("GET", STATUS).json["pid"]
    assert str(pid) in run("-d", folder, "--daemon").stderr
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not os.path.exists(f"/proc/{pid}"), "the daemon to end")


def test_second_background_daemon_is_refused(daemon):
    done = run("-d", daemon.folder, "--daemon")
    assert done.returncode == 75
    assert str(daemon.process.pid) in done.stderr


def private(folder, owner, *options):
    done = run("-d", folder, "--daemon", "--private", owner.pid, *options)
    assert done.returncode == 0, done.stderr
    return Daemon(folder)


def sleeper():
    return subprocess.Popen(["sleep", "600"])


def test_private_daemon_ends_with_its_owner_and_leaves_nothing():
    folder, owner = runtime_folder(), sleeper()
    one = private(folder, owner, "-f", "[{}]")
    assert one.request("GET", FAULTS).json == [{}]
    assert not (folder / "state.json").exists()
    owner.kill()  # and not reaped: a zombie needs no daemon
    wait_for(lambda: not folder.exists(), "the folder to go")
    owner.wait()


def test_private_daemon_stays_for_a_process_that_the_owner_has_left(folder):
    owner = sleeper()
    one = private(folder, owner)
    left = sleeper()
    enter(one, 0, left.pid, start_of(left.pid))
    owner.kill()
    owner.wait()
    time.sleep(1)
    assert one.request("GET", STATUS).status == 200
    left.kill()
    left.wait()
    wait_for(lambda: not folder.exists(), "the folder to go")
    folder.mkdir()


def test_private_daemon_leaves_what_is_not_its_own(folder):
    (folder / "mine").write_text("mine")
    owner = sleeper()
    private(folder, owner)
    owner.kill()
    owner.wait()
    wait_for(lambda: os.listdir(folder) == ["mine"], "the daemon to clean up")


def test_private_daemon_whose_owner_has_gone_ends(folder):
    owner = subprocess.Popen(["true"])
    owner.wait()
    private(folder, owner)
    wait_for(lambda: not folder.exists(), "the folder to go")
    folder.mkdir()


# ---- its life ----


def test_sighup_is_ignored(daemon):
    daemon.process.send_signal(signal.SIGHUP)
    assert daemon.request("GET", STATUS).status == 200


def test_sigint_ends_it_cleanly(daemon):
    assert daemon.end(signal.SIGINT) == 0
    assert not daemon.socket.exists()


def test_clean_end_keeps_the_rules_on_disk(daemon):
    daemon.faults(RULE)
    daemon.end()
    assert json.loads((daemon.folder / "state.json").read_text())["faults"] == [RULE]


def test_rule_that_cannot_be_saved_is_refused_and_not_in_force(daemon):
    daemon.faults(RULE)
    before = daemon.request("GET", STATUS).json["generation"]
    (daemon.folder / "state.json.new").mkdir()
    reply = daemon.request("POST", FAULTS, [{}])
    assert reply.status == 500
    assert "state.json.new" in reply.json["message"]
    assert daemon.request("GET", FAULTS).json == [RULE]
    assert daemon.request("GET", STATUS).json["generation"] == before
    (daemon.folder / "state.json.new").rmdir()
    assert daemon.faults({}) == [{}]


def test_rules_that_do_not_fit_are_not_saved(daemon):
    daemon.faults(RULE)
    rules = [{"operation": f"O{i}"} for i in range(65_536)]
    assert daemon.request("PATCH", FAULTS, rules).status == 507
    daemon.end(signal.SIGKILL)
    assert daemon.start().request("GET", FAULTS).json == [RULE]


# ---- clients ----


def connect(daemon):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(TIMEOUT)
    client.connect(str(daemon.socket))
    return client


def test_slow_client_holds_up_nobody(daemon):
    slow = [connect(daemon) for _ in range(20)]
    for client in slow:
        client.sendall(b"POST /outages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n[")
    start = time.monotonic()
    assert daemon.faults(RULE) == [RULE]
    assert time.monotonic() - start < 2
    for client in slow:
        client.sendall(b"]")
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
        client.close()


# Each more than there are places, and fewer than there are descriptors.
CROWD = 600
HALVES = {
    "nothing": b"",
    "half a head": b"POST /outages HTTP/1.1\r\nHost: loc",
    "half a body": b"POST /outages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n[",
    "a request": b"GET /outages HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("sent", HALVES)
def test_clients_that_fall_silent_do_not_shut_out_the_next(daemon, sent):
    crowd = []
    for _ in range(CROWD):
        crowd.append(connect(daemon))
        crowd[-1].sendall(HALVES[sent])
    assert daemon.faults(RULE) == [RULE]
    for client in crowd:
        client.close()


def test_clients_of_the_port_that_fall_silent_do_not_shut_out_the_next(start):
    one = start("--listen", "127.0.0.1:0")
    port = int(one.request("GET", STATUS).json["listening"].rpartition(":")[2])
    crowd = [socket.create_connection(("127.0.0.1", port)) for _ in range(CROWD)]
    assert talk(http.client.HTTPConnection("127.0.0.1", port, TIMEOUT), "GET", FAULTS).json == []
    for client in crowd:
        client.close()


def test_few_descriptors_shut_out_nobody(start):
    one = start(under=["prlimit", "--nofile=64"])
    crowd = [connect(one) for _ in range(100)]
    assert one.faults(RULE) == [RULE]
    for client in crowd:
        client.close()


def test_client_that_goes_on_sending_keeps_its_place(daemon):
    busy = connect(daemon)
    busy.sendall(b"POST /outages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 600\r\n\r\n[")
    crowd = []
    for _ in range(CROWD - 2):
        crowd.append(connect(daemon))
        busy.sendall(b" ")
        daemon.request("GET", STATUS)
    busy.sendall(b"]")
    assert busy.recv(4096).startswith(b"HTTP/1.1 200")
    for client in [busy, *crowd]:
        client.close()


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 4\r\n\r\n[{}", b"Transfer-Encoding: chunked\r\n\r\n4\r\n[{}]\r\n"]
)
def test_client_that_hangs_up_half_way_changes_nothing(daemon, framing):
    daemon.faults(RULE)
    before = daemon.request("GET", STATUS).json["generation"]
    client = connect(daemon)
    client.sendall(b"POST /_localstack/chaos/faults HTTP/1.1\r\nHost: localhost\r\n" + framing)
    client.close()
    assert daemon.request("GET", FAULTS).json == [RULE]
    assert daemon.request("GET", STATUS).json["generation"] == before


def test_too_large_a_body_is_refused_before_it_is_sent(daemon):
    client = connect(daemon)
    client.sendall(
        b"POST /outages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8388609\r\n"
        b"Expect: 100-continue\r\n\r\n"
    )
    assert client.recv(4096).startswith(b"HTTP/1.1 413")
    client.close()


def test_too_large_a_chunked_body_is_refused(daemon):
    connection = UnixConnection(daemon.socket)
    connection.request("POST", FAULTS, (b" " * 65536 for _ in range(129)), encode_chunked=True)
    response = connection.getresponse()
    assert (response.status, json.loads(response.read())["error"]) == (413, "Content Too Large")
    connection.close()


def test_head_is_a_get_without_a_body(daemon):
    reply = daemon.request("HEAD", FAULTS)
    assert (reply.status, reply.body) == (200, b"")


@pytest.mark.parametrize("header", [{"Host": "example.com"}, {"Origin": "http://example.com"}])
def test_foreign_request_is_refused_in_json_and_changes_nothing(daemon, header):
    daemon.faults(RULE)
    reply = daemon.request("POST", FAULTS, [], header)
    assert (reply.status, reply.json["error"]) == (403, "Forbidden")
    assert daemon.request("GET", FAULTS).json == [RULE]


def test_changes_of_many_clients_are_all_made(start):
    one = start("--listen", "127.0.0.1:0")
    port = int(one.request("GET", STATUS).json["listening"].rpartition(":")[2])

    def add(number):
        for step in range(10):
            rule = {"operation": f"O{number}x{step}"}
            if number % 2:
                one.request("PATCH", FAULTS, [rule])
            else:
                talk(http.client.HTTPConnection("127.0.0.1", port), "PATCH", FAULTS, [rule])

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rules = one.request("GET", FAULTS).json
    assert len(rules) == 80
    assert json.loads((one.folder / "state.json").read_text())["faults"] == rules
