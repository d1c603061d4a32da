# SPDX-License-Identifier: Apache-2.0
"""chaos-ctl scope: rules that hold while a command runs."""

import signal
import subprocess
import sys

import pytest
from harness import BUILD, EFFECTS, FAULTS, OUTAGES, TIMEOUT, environment

RULE = '[{"service": "s3"}]'
SHOW = [BUILD / "chaos-ctl", "--json", "faults", "get"]


@pytest.fixture
def scope(daemon):
    def scope(*words):
        return subprocess.run(
            [BUILD / "chaos-ctl", "--dir", daemon.folder, "scope", *words],
            capture_output=True, text=True, timeout=30, env=environment(),
        )  # fmt: skip

    return scope


def test_rules_hold_while_the_command_runs(daemon, scope):
    daemon.faults({"service": "sqs"})
    done = scope(RULE, "--", *SHOW)
    assert (done.returncode, done.stdout) == (0, '[{"service": "sqs"}, {"service": "s3"}]\n'), done.stderr
    assert daemon.request("GET", FAULTS).json == [{"service": "sqs"}]


def test_what_the_command_changes_is_put_back(daemon, scope):
    daemon.outages({"service": "kms", "region": "us-east-1"})
    change = f"{BUILD}/chaos-ctl outages clear; {BUILD}/chaos-ctl effects set latency=5; {BUILD}/chaos-ctl faults set '[{{}}]'"
    done = scope("--", "sh", "-c", change)
    assert done.returncode == 0, done.stderr
    assert daemon.request("GET", FAULTS).json == []
    assert daemon.request("GET", OUTAGES).json == [{"service": "kms", "region": "us-east-1"}]
    assert daemon.request("GET", EFFECTS).json == {"latency": 0}


def test_what_others_change_meanwhile_stays(daemon, scope):
    other = f"{BUILD}/chaos-ctl faults add '[{{\"service\": \"sqs\"}}]'; {BUILD}/chaos-ctl effects set latency=5"
    done = scope(RULE, "--", "sh", "-c", other)
    assert done.returncode == 0, done.stderr
    assert daemon.request("GET", FAULTS).json == [{"service": "sqs"}]
    assert daemon.request("GET", EFFECTS).json == {"latency": 5}


def test_rule_of_another_that_ended_meanwhile_does_not_come_back(daemon, scope):
    daemon.faults({"service": "sqs"})
    scope(RULE, "--", BUILD / "chaos-ctl", "faults", "remove", '[{"service": "sqs"}]')
    assert daemon.request("GET", FAULTS).json == []


def test_rule_that_was_in_force_stays(daemon, scope):
    daemon.faults({"service": "s3"})
    scope('[{"service": "s3"}, {"service": "kms"}]', "--", "true")
    assert daemon.request("GET", FAULTS).json == [{"service": "s3"}]


def test_rules_that_stay_keep_their_counts(daemon, scope):
    daemon.faults({"service": "sqs"})
    before = daemon.request("GET", "/_chaos/stats").json["rules"]
    scope(RULE, "--", "true")
    assert daemon.request("GET", "/_chaos/stats").json["rules"] == before


@pytest.mark.parametrize("command, code", [("exit 3", 3), ("kill -TERM $$", 143)])
def test_exit_status_is_the_commands(daemon, scope, command, code):
    assert scope(RULE, "--", "sh", "-c", command).returncode == code
    assert daemon.request("GET", FAULTS).json == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signal_goes_to_the_command_and_the_rules_go(daemon, number):
    program = "signal.signal(signal.SIGINT, signal.SIG_DFL); print('ready', flush=True); signal.pause()"
    running = subprocess.Popen(
        [BUILD / "chaos-ctl", "--dir", daemon.folder, "scope", RULE, "--",
         sys.executable, "-c", "import signal; " + program],
        stdout=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    assert running.stdout.readline() == b"ready\n"
    running.send_signal(number)
    try:
        assert running.wait(timeout=TIMEOUT) == 128 + number
    finally:
        running.kill()
    assert daemon.request("GET", FAULTS).json == []


def test_exit_status_is_the_commands_where_children_are_ignored(daemon):
    scope = [BUILD / "chaos-ctl", "--dir", daemon.folder, "scope", "--", "sh", "-c", "exit 3"]
    done = subprocess.run(
        scope, preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN), env=environment(), timeout=30
    )
    assert done.returncode == 3


def test_command_that_is_not_there_is_told(daemon, scope):
    done = scope(RULE, "--", "/no/such/program")
    assert done.returncode == 127 and "cannot run /no/such/program" in done.stderr
    assert daemon.request("GET", FAULTS).json == []


def test_bad_rules_run_nothing(daemon, scope, tmp_path):
    done = scope('[{"probability": 2}]', "--", "touch", tmp_path / "ran")
    assert done.returncode == 1 and "probability" in done.stderr
    assert not (tmp_path / "ran").exists()


def test_missing_command_is_wrong_usage(scope):
    done = scope(RULE)
    assert done.returncode == 2 and "a command is missing" in done.stderr


def test_missing_daemon_is_told(tmp_path):
    done = subprocess.run(
        [BUILD / "chaos-ctl", "--dir", tmp_path, "scope", "--", "touch", tmp_path / "ran"],
        capture_output=True, text=True, env=environment(),
    )  # fmt: skip
    assert done.returncode == 1 and "no daemon answers" in done.stderr
    assert not (tmp_path / "ran").exists()
