# SPDX-License-Identifier: Apache-2.0
"""chaos-ctl: the control socket from the command line."""

import json
import subprocess
import sys

import pytest

from harness import BUILD, EFFECTS, FAULTS, OUTAGES, TIMEOUT, environment
from sink import Sink

RULE = {"service": "s3", "region": "us-east-1"}
OTHER = {"service": "lambda", "region": "eu-*"}


@pytest.fixture
def ctl(daemon):
    def ctl(*words, input=""):
        return subprocess.run(
            [BUILD / "chaos-ctl", *map(str, words)],
            input=input,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            env=environment(CHAOS_DIR=daemon.folder),
        )

    return ctl


@pytest.mark.parametrize("noun, path", [("faults", FAULTS), ("outages", OUTAGES)])
def test_rules_are_set_added_removed_and_cleared(daemon, ctl, noun, path):
    def now():
        return daemon.request("GET", path).json

    assert ctl(noun, "set", json.dumps([RULE])).returncode == 0
    assert now() == [RULE]
    assert ctl(noun, "add", json.dumps([OTHER])).returncode == 0
    assert now() == [RULE, OTHER]
    assert json.loads(ctl(noun, "get").stdout) == [RULE, OTHER]
    assert ctl(noun, "remove", json.dumps([RULE])).returncode == 0
    assert now() == [OTHER]
    assert ctl(noun, "clear").returncode == 0
    assert now() == []


def test_effects_are_set_and_cleared(daemon, ctl):
    assert ctl("effects", "set", '{"latency": 20}').returncode == 0
    assert json.loads(ctl("effects", "get").stdout) == {"latency": 20}
    assert ctl("effects", "clear").returncode == 0
    assert daemon.request("GET", EFFECTS).json == {"latency": 0}


def test_rules_come_from_a_file_or_from_stdin(daemon, ctl, tmp_path):
    (tmp_path / "rules").write_text(json.dumps([RULE]))
    assert ctl("faults", "set", f"@{tmp_path}/rules").returncode == 0
    assert daemon.request("GET", FAULTS).json == [RULE]
    assert ctl("faults", "set", "-", input=json.dumps([OTHER])).returncode == 0
    assert daemon.request("GET", FAULTS).json == [OTHER]


def test_refusal_is_told_and_ends_in_failure(daemon, ctl):
    done = ctl("faults", "set", '[{"service": 3}]')
    assert done.returncode != 0
    assert "service" in done.stderr


def test_terminal_gets_a_table(daemon, ctl):
    daemon.faults(RULE)
    done = subprocess.run(
        ["script", "-qec", f"{BUILD}/chaos-ctl faults get", "/dev/null"],
        capture_output=True, text=True, env=environment(CHAOS_DIR=daemon.folder, TERM="dumb"),
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert "us-east-1" in done.stdout
    assert "{" not in done.stdout


def test_status_names_the_daemon(daemon, ctl):
    assert json.loads(ctl("status", "--json").stdout)["pid"] == daemon.process.pid


def test_absent_daemon_is_named_as_the_reason(daemon, ctl):
    daemon.end()
    done = ctl("faults", "get")
    assert done.returncode != 0
    assert str(daemon.folder) in done.stderr


def test_daemon_is_stopped_and_keeps_its_rules(daemon, ctl):
    daemon.faults(RULE)
    done = ctl("stop")
    assert (done.returncode, done.stderr) == (0, "")
    said = f"{daemon.folder}: the daemon, pid {daemon.process.pid}, has ended; no rule is in force\n"
    assert done.stdout == said
    assert daemon.process.wait(TIMEOUT) == 0
    assert daemon.start().request("GET", FAULTS).json == [RULE]


def test_stopping_what_does_not_run_fails(daemon, ctl):
    daemon.end()
    done = ctl("stop")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"no daemon answers on {daemon.folder}/control.sock" in done.stderr
    assert ctl("stop", "now").returncode == 2


def test_status_names_the_rule_beside_how_often_it_has_fired(daemon, run, sink):
    daemon.faults(OTHER, {"service": "kinesis"})
    run("curl", "-s", "-d", "{}", "-H", "X-Amz-Target: Kinesis_20131202.PutRecord", sink.url)
    done = subprocess.run(
        ["script", "-qec", f"{BUILD}/chaos-ctl -d {daemon.folder} status", "/dev/null"],
        capture_output=True, text=True, env=environment(TERM="dumb"), stdin=subprocess.DEVNULL,
    )  # fmt: skip
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["0", '{"service":"lambda","region":"eu-*"}'] in lines
    assert ["1", '{"service":"kinesis"}'] in lines


def test_command_with_an_argument_of_kilobytes_runs_and_is_listed(daemon, run):
    sink = Sink()
    run("curl", "-s", f"{sink.url}/", "-H", "x: " + "y" * 5000, check=True)
    # Not even the first argument is whole in what is read.
    assert run("curl", "z" * 5000).returncode > 0
    sink.close()
    (listed,) = (one["command"] for one in daemon.request("GET", "/_chaos/processes").json)
    assert listed.startswith("curl -s http://")


def test_long_command_is_listed_by_its_names(daemon, run, tmp_path):
    folder = tmp_path / ("long" * 20)
    folder.mkdir()
    (folder / "python").symlink_to(sys.executable)
    (folder / "script").write_text("import urllib.request as r, sys; r.urlopen(sys.argv[1]).read()")
    sink = Sink()
    run(folder / "python", folder / "script", sink.url, check=True)
    sink.close()
    listed = [one["command"] for one in daemon.request("GET", "/_chaos/processes").json]
    assert listed == [f"python script {sink.url}"]
