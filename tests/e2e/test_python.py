# SPDX-License-Identifier: Apache-2.0
"""The Python package: installed from the tree, and used from a script and from pytest."""

import shutil
import subprocess
import sys

import pytest
from harness import BUILD, ROOT, Daemon, environment
from sink import Sink

PACKAGE = ROOT / "tools" / "python"

HEAD = """
import os
import boto3, chaos_run, pytest
from botocore.config import Config
from botocore.exceptions import ClientError

RULE = {"service": "dynamodb", "operation": "PutItem", "error": {"statusCode": 400, "code": "ThrottlingException"}}

def put():
    once = Config(retries={"total_max_attempts": 1})
    client = boto3.client("dynamodb", endpoint_url=os.environ["ENDPOINT"], region_name="us-east-1", config=once)
    client.put_item(TableName="jobs", Item={"id": {"S": "1"}})
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Where pip has put it."""
    place = tmp_path_factory.mktemp("site")
    source = tmp_path_factory.mktemp("source")
    # Built elsewhere, so that the tree stays as it is.
    shutil.copytree(PACKAGE, source, dirs_exist_ok=True, ignore=shutil.ignore_patterns("build"))
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index",
         "--no-build-isolation", "--target", place, source], check=True,
    )  # fmt: skip
    return place


@pytest.fixture
def sink():
    server = Sink()
    yield server
    server.close()


@pytest.fixture
def tests(installed, sink, tmp_path):
    """Runs pytest on these tests. Returns its exit code and what it printed."""

    def run(text, *options, under=(BUILD / "chaos-run",)):
        (tmp_path / "test_it.py").write_text(HEAD + text)
        done = subprocess.run(
            [*under, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options],
            cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
            env=environment(PYTHONPATH=installed, ENDPOINT=f"http://127.0.0.1:{sink.port}"),
        )  # fmt: skip
        return done.returncode, done.stdout

    return run


BLOCK = """
def test_block():
    with chaos_run.faults([RULE]) as faults:
        with pytest.raises(ClientError, match="ThrottlingException"):
            put()
        assert faults.taken == faults.fired == 1
        put_events = faults.events()
    assert (faults.matched, faults.fired, faults.delivered, faults.taken) == (1, 1, 1, 1)
    assert [event["code"] for event in put_events] == ["ThrottlingException"]
    put()
    assert faults.taken == 1
"""


def test_rules_hold_inside_of_a_block_and_are_counted(tests):
    code, printed = tests(BLOCK)
    assert code == 0, printed


def test_other_rules_stay(tests):
    code, printed = tests(
        """
def test_others(chaos):
    with chaos.faults({"service": "s3"}):
        with chaos.faults(RULE):
            pass
        assert chaos.request("GET", "/_localstack/chaos/faults") == [{"service": "s3"}]
    assert chaos.request("GET", "/_localstack/chaos/faults") == []
"""
    )
    assert code == 0, printed


def test_rules_go_when_the_test_fails(tests):
    code, printed = tests(
        """
def test_fails():
    with chaos_run.faults([RULE]):
        assert False
def test_after():
    put()
"""
    )
    assert code == 1 and "1 failed, 1 passed" in printed


def test_rule_that_is_in_force_already_is_refused(tests):
    code, printed = tests(
        """
def test_twice(chaos):
    with chaos.faults([RULE]):
        with pytest.raises(chaos_run.ChaosError, match="already"):
            with chaos.faults([RULE]):
                pass
        assert chaos.request("GET", "/_localstack/chaos/faults") == [RULE]
"""
    )
    assert code == 0, printed


def test_rule_that_is_given_twice_counts_once(tests):
    code, printed = tests(
        """
def test_double():
    with chaos_run.faults([RULE, RULE]) as faults:
        with pytest.raises(ClientError):
            put()
        assert faults.fired == 1
"""
    )
    assert code == 0, printed


def test_rules_go_when_the_counts_cannot_be_read(tests):
    code, printed = tests(
        """
def test_uncounted(chaos, monkeypatch):
    def stats():
        raise chaos_run.ChaosError("no counts")
    monkeypatch.setattr(chaos, "stats", stats)
    with pytest.raises(chaos_run.ChaosError, match="no counts"):
        with chaos.faults([RULE]):
            pass
    assert chaos.request("GET", "/_localstack/chaos/faults") == []
"""
    )
    assert code == 0, printed


def test_observing_goes_on_when_another_reader_leaves(tests):
    code, printed = tests(
        """
def test_kept(chaos):
    request = chaos.request
    def with_reader(method, path, body=None):
        answer = request(method, path, body)
        return dict(answer, observed=True) if (method, path) == ("GET", "/_chaos/observe") else answer
    request("DELETE", "/_chaos/observe")
    chaos.request = with_reader
    with chaos.observe():
        assert request("GET", "/_chaos/observe")["kept"]
    assert not request("GET", "/_chaos/observe")["kept"]
"""
    )
    assert code == 0, printed


def test_marker_brings_rules(tests):
    code, printed = tests(
        """
@pytest.mark.chaos([RULE], must_fire=True)
def test_marked():
    with pytest.raises(ClientError):
        put()
"""
    )
    assert code == 0, printed


def test_rule_that_never_fired_fails_the_test(tests):
    code, printed = tests(
        """
@pytest.mark.chaos([RULE], must_fire=True)
def test_marked():
    pass
"""
    )
    assert code == 1 and "never fired" in printed


def test_rule_that_is_wrong_is_told_with_its_field(tests):
    code, printed = tests(
        """
def test_wrong(chaos):
    with pytest.raises(chaos_run.Refused, match="probability"):
        with chaos.faults([{"probability": 2}]):
            pass
"""
    )
    assert code == 0, printed


def test_without_chaos_run_it_is_told_how_to_start(tests):
    code, printed = tests(BLOCK, under=())
    assert code == 1 and "start this program with 'chaos-run " in printed


def test_latency_holds_inside_of_a_block(tests):
    code, printed = tests(
        """
import time
def test_late(chaos):
    with chaos.latency(300):
        begin = time.monotonic()
        put()
        assert time.monotonic() - begin >= 0.3
    assert chaos.request("GET", "/_localstack/chaos/effects") == {"latency": 0}
"""
    )
    assert code == 0, printed


def test_report_is_a_section(tests):
    code, printed = tests("def test_it():\n    put()\n    put()\n")
    section = printed[printed.index(" chaos-run ") :].splitlines()
    assert code == 0 and section[2].split() == ["dynamodb.PutItem", "2", "2", "0", "0", "0"], printed


def test_workers_have_daemons_of_their_own(tests):
    pytest.importorskip("xdist")
    text = """
import time
@pytest.mark.parametrize("number", range(8))
def test_many(number, chaos):
    if number % 2:
        with chaos.faults([RULE]) as faults:
            with pytest.raises(ClientError):
                put()
            time.sleep(0.2)
        assert faults.fired == 1
    else:
        for _ in range(20):
            put()
            time.sleep(0.01)
"""
    code, printed = tests(text, "-n", "4", "--chaos", f"--chaos-run={BUILD / 'chaos-run'}", under=())
    assert code == 0 and "8 passed" in printed, printed
    assert ["dynamodb.PutItem", "84", "84", "4", "0", "4"] in [line.split() for line in printed.splitlines()]


def test_workers_join_no_daemon_of_the_default_folder(tests, tmp_path):
    pytest.importorskip("xdist")
    session = tmp_path / "session"
    session.mkdir(mode=0o700)
    text = """
def test_own(chaos):
    assert chaos.folder.name != "chaos" or "session" not in str(chaos.folder)
"""
    (session / "chaos").mkdir(mode=0o700)
    daemon = Daemon(session / "chaos").start()
    code, printed = tests(
        text, "-n", "1", "--chaos", f"--chaos-run={BUILD / 'chaos-run'}",
        under=("env", f"XDG_RUNTIME_DIR={session}"),
    )  # fmt: skip
    daemon.remove()
    assert code == 0, printed
