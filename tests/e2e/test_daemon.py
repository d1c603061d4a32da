# SPDX-License-Identifier: Apache-2.0
"""The program and the daemon come and go independently of each other."""

import json
import os
import re
import signal
import stat
import subprocess
import sys

import pytest

from harness import (
    BUILD, CLIENTS, EFFECTS, FAULTS, OUTAGES, STATUS, TIMEOUT, Daemon, environment, python,
    runtime_folder, wait_for,
)  # fmt: skip

FAULT = {"service": "kinesis", "operation": "PutRecord"}


@pytest.fixture
def steered(client, sink):
    return client(python("py_http.py", sink.port))


def test_rules_stay_in_force_when_the_daemon_is_killed(daemon, steered):
    daemon.faults(FAULT)
    assert steered.ask().status == 503
    daemon.end(signal.SIGKILL)
    assert steered.ask().status == 503
    assert steered.ask("ListStreams").status == 200


def test_killed_daemon_comes_back_with_the_same_rules_and_is_used(daemon, steered):
    daemon.faults(FAULT)
    daemon.outages({"service": "s3", "region": "us-*"})
    daemon.latency(5)
    assert steered.ask().status == 503
    daemon.end(signal.SIGKILL)
    daemon.start()
    assert daemon.request("GET", FAULTS).json == [FAULT]
    assert daemon.request("GET", OUTAGES).json == [{"service": "s3", "region": "us-*"}]
    assert daemon.request("GET", EFFECTS).json == {"latency": 5}
    assert steered.ask().status == 503
    daemon.faults()
    assert steered.ask().status == 200


def test_program_survives_a_daemon_that_is_killed_again_and_again(daemon, steered):
    daemon.faults(FAULT)
    for _ in range(10):
        daemon.end(signal.SIGKILL)
        daemon.start()
        assert steered.ask().status == 503
        assert steered.ask("ListStreams").status == 200


def test_clean_stop_lifts_the_rules_until_the_daemon_is_back(daemon, steered):
    daemon.faults(FAULT)
    assert steered.ask().status == 503
    assert daemon.end() == 0
    assert steered.ask().status == 200
    daemon.start()
    assert daemon.request("GET", FAULTS).json == [FAULT]
    wait_for(lambda: steered.ask().status == 503, "the rules to come back")


@pytest.mark.parametrize("folder_exists", [True, False])
def test_program_picks_up_a_daemon_that_starts_later(client, sink, folder_exists):
    folder = runtime_folder()
    if not folder_exists:
        folder.rmdir()
    late = Daemon(folder)
    try:
        steered = client(python("py_http.py", sink.port), folder=folder)
        assert steered.ask().status == 200
        if not folder_exists:
            folder.mkdir(mode=0o700)
        late.start().faults(FAULT)
        wait_for(lambda: steered.ask().status == 503, "the late daemon to be seen")
    finally:
        late.remove()


def test_relative_folder_is_found_after_the_program_has_left_its_own(client, sink):
    folder = runtime_folder()
    leave = "import os, runpy; os.chdir('/'); runpy.run_path(os.environ['CLIENT'])"
    steered = client(
        ["env", "-C", folder.parent, sys.executable, "-c", leave, sink.port],
        folder=folder.name,
        CLIENT=CLIENTS / "py_http.py",
        PYTHONPATH=CLIENTS,
    )
    assert steered.ask().status == 200
    daemon = Daemon(folder).start()
    try:
        daemon.faults(FAULT)
        assert steered.ask().status == 503
    finally:
        daemon.remove()


def test_program_runs_unchanged_without_any_daemon(client, sink):
    folder = runtime_folder()
    steered = client(python("py_http.py", sink.port), folder=folder)
    assert steered.ask().status == 200
    steered.finish()
    folder.rmdir()


@pytest.mark.parametrize("name", ["table", "journal"])
@pytest.mark.parametrize("content", [b"", b"garbage" * 1000, bytes(1 << 20)])
def test_program_runs_unchanged_over_a_damaged_file(client, sink, name, content):
    folder = runtime_folder()
    (folder / name).write_bytes(content)
    steered = client(python("py_http.py", sink.port), folder=folder)
    assert steered.ask().status == 200
    steered.finish()


def test_folder_and_files_are_for_the_owner_alone(daemon):
    def mode(path):
        return stat.S_IMODE(os.stat(path).st_mode)

    assert mode(daemon.folder) == 0o700
    for name in ("table", "journal", "control.sock"):
        assert mode(daemon.folder / name) & 0o077 == 0


def test_second_daemon_on_the_same_folder_says_who_holds_it_and_leaves_all(daemon):
    before = sorted(os.listdir(daemon.folder))
    second = subprocess.run(
        [BUILD / "chaos-control", "-d", daemon.folder],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=TIMEOUT,
    )
    assert second.returncode != 0
    assert str(daemon.process.pid) in second.stderr
    assert sorted(os.listdir(daemon.folder)) == before
    assert daemon.request("GET", STATUS).status == 200


@pytest.mark.parametrize("stale", [False, True])
def test_socket_answers_from_the_instant_at_which_it_is_seen(daemon, stale):
    def seen():
        try:
            return os.stat(daemon.socket).st_ino
        except FileNotFoundError:
            return before

    for i in range(10):
        daemon.end(signal.SIGKILL if stale else signal.SIGTERM)
        before = os.stat(daemon.socket).st_ino if stale else None
        if stale:
            # So that its number is not given to the next one.
            os.link(daemon.socket, daemon.folder / f"stale{i}")
        daemon.process = subprocess.Popen(
            [BUILD / "chaos-control", "-d", daemon.folder, "-f", "[{}]", "-l", "127.0.0.1:0"],
            stderr=daemon.stderr,
            env=environment(),
        )
        while seen() == before:
            assert daemon.process.poll() is None, daemon.said()
        assert daemon.request("GET", FAULTS).json == [{}]


def test_many_daemons_at_once_on_one_folder_leave_one_that_answers():
    folder = runtime_folder()
    started = [
        subprocess.Popen(
            [BUILD / "chaos-control", "-d", folder], stderr=subprocess.DEVNULL, env=environment()
        )
        for _ in range(8)
    ]
    one = Daemon(folder)
    try:
        wait_for(lambda: sum(process.poll() is None for process in started) == 1, "7 to give up")
        wait_for(one.socket.exists, "the one that is left to answer")
        (left,) = [process for process in started if process.poll() is None]
        assert one.request("GET", STATUS).json["pid"] == left.pid
    finally:
        for process in started:
            process.kill()
            process.wait()
        one.remove()


def test_socket_whose_place_is_taken_keeps_the_start_from_changing_anything():
    folder = runtime_folder()
    (folder / "control.sock").mkdir()
    (folder / "state.json").write_text('{"version": 1}')
    done = subprocess.run(
        [BUILD / "chaos-control", "-d", folder, "-f", "[{}]"],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=TIMEOUT,
    )
    assert done.returncode == 1
    assert "control.sock" in done.stderr
    assert sorted(os.listdir(folder)) == ["control.sock", "state.json"]
    assert (folder / "state.json").read_text() == '{"version": 1}'


def test_stale_socket_is_cleaned_up(daemon):
    daemon.end(signal.SIGKILL)
    assert daemon.socket.exists()
    daemon.start()


def test_sigterm_ends_the_daemon_cleanly(daemon):
    assert daemon.end() == 0
    assert not daemon.socket.exists()


def test_rules_are_on_disk_before_the_answer(daemon):
    for number in range(20):
        daemon.faults({"operation": f"Operation{number}"})
        daemon.end(signal.SIGKILL)
        daemon.start()
        assert daemon.request("GET", FAULTS).json == [{"operation": f"Operation{number}"}]


def test_corrupt_state_is_put_aside_and_named(daemon):
    daemon.faults(FAULT)
    daemon.end()
    state = daemon.folder / "state.json"
    state.write_text('{"faults": [{"serv')
    before = set(os.listdir(daemon.folder))
    daemon.start()
    assert daemon.request("GET", FAULTS).json == []
    aside = [name for name in set(os.listdir(daemon.folder)) - before if "state" in name]
    assert len(aside) == 1
    assert re.search(f"chaos-control: warning: .*{re.escape(aside[0])}", daemon.said())
    assert (daemon.folder / aside[0]).read_text() == '{"faults": [{"serv'


def test_state_that_is_no_file_is_refused(daemon):
    daemon.end()
    (daemon.folder / "state.json").unlink(missing_ok=True)
    os.mkfifo(daemon.folder / "state.json")
    with pytest.raises(AssertionError, match="(?s)ended with 1: .*state.json: it is not a regular file"):
        daemon.start()


def test_background_daemon_answers_when_the_command_returns():
    folder = runtime_folder()
    one = Daemon(folder)
    subprocess.run(
        [BUILD / "chaos-control", "-d", folder, "--daemon"],
        check=True,
        env=environment(),
        timeout=TIMEOUT,
    )
    reply = one.request("GET", STATUS)
    assert reply.status == 200
    pid = json.loads(reply.body)["pid"]
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not one.socket.exists(), "the background daemon to end")
    one.remove()
