# SPDX-License-Identifier: Apache-2.0
"""A model of AWS' services that is newer, or other, than the built-in one."""

import json
import os
import re
import subprocess
import sys

import pytest

from harness import BUILD, ROOT, TIMEOUT, Daemon, environment, python, runtime_folder
from wire import scope

# tools/setup puts it there: it has services that AWS has given up since.
OTHER = ROOT / "build/botocore"
SERVICE, OPERATION, PATH = "finspace", "ListEnvironments", "/environment"
RULE = {"service": SERVICE, "operation": OPERATION}


def ctl(*words, **env):
    return subprocess.run(
        [BUILD / "chaos-ctl", *map(str, words)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10 * TIMEOUT,
        env=environment(**env),
    )  # fmt: skip


def version_of(program, **env):
    done = subprocess.run(
        [BUILD / program, "--version"], capture_output=True, text=True, env=environment(**env)
    )
    return re.search(r"\(AWS model of botocore (.*)\)", done.stdout)[1]


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """A model of the other botocore."""
    path = tmp_path_factory.mktemp("model") / "deep" / "er" / "model"
    done = ctl("model", "build", "--from", OTHER, "-o", path)
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture
def start():
    """Starts daemons with a model."""
    daemons = []

    def start(model, folder=None):
        daemons.append(Daemon(folder, *(["--model", model] if model else [])))
        return daemons[-1].start()

    yield start
    for daemon in daemons:
        daemon.remove()


def call(daemon, sink):
    """The status of a call of the operation that only the other model knows."""
    done = subprocess.run(
        [BUILD / "chaos-run", "-d", daemon.folder, "curl", "-s", "-o", os.devnull,
         "-w", "%{http_code}", "-H", scope(SERVICE), sink.url + PATH],
        capture_output=True, text=True, env=environment(), timeout=TIMEOUT,
    )  # fmt: skip
    return int(done.stdout), done.stderr


def test_a_model_is_built_of_another_botocore(other):
    known = ctl("services", CHAOS_MODEL=other).stdout.split()
    built_in = ctl("services").stdout.split()
    assert SERVICE in known and SERVICE not in built_in
    assert OPERATION in ctl("operations", SERVICE, CHAOS_MODEL=other).stdout.split()


def test_build_says_what_the_model_is_of(tmp_path):
    done = ctl("model", "build", "--from", OTHER / "botocore", "-o", tmp_path / "model")
    said = re.fullmatch(r"(.*): botocore ([\d.]+), (\d+) operations of (\d+) services\n", done.stdout)
    assert said[1] == str(tmp_path / "model") and int(said[3]) > 18000 and int(said[4]) > 400


@pytest.mark.parametrize("given", [sys.executable, sys.prefix])
def test_build_takes_a_python_or_an_environment_that_has_botocore(tmp_path, given):
    done = ctl("model", "build", "--from", given, "-o", tmp_path / "model")
    assert done.returncode == 0
    # The one that the built-in model is of.
    assert version_of("chaos-ctl", CHAOS_MODEL=tmp_path / "model") == version_of("chaos-ctl")
    assert "botocore " + version_of("chaos-ctl") + "," in done.stdout


def test_build_without_a_place_puts_it_where_the_daemon_looks(tmp_path, start):
    env = {"XDG_DATA_HOME": tmp_path, "CHAOS_MODEL": ""}
    assert ctl("model", "build", "--from", OTHER, **env).returncode == 0
    assert (tmp_path / "chaos-run" / "model").is_file()
    assert version_of("chaos-control", **env) != version_of("chaos-control")


@pytest.mark.parametrize("source", ["empty", "no python", "python without botocore"])
def test_a_build_that_fails_leaves_the_old_model(tmp_path, source):
    (tmp_path / "empty").mkdir()
    (tmp_path / "python without botocore").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "python without botocore").chmod(0o755)
    (tmp_path / "model").write_text("old")
    done = ctl("model", "build", "--from", tmp_path / source, "-o", tmp_path / "model")
    assert done.returncode == 1 and done.stderr.startswith("chaos-ctl: model: ")
    assert (tmp_path / "model").read_text() == "old"
    assert not list(tmp_path.glob("model.*"))


@pytest.mark.parametrize("program", ["chaos-run", "chaos-ctl", "chaos-control"])
def test_version_names_the_model(program, other):
    assert version_of(program) != version_of(program, CHAOS_MODEL=other)


def test_status_names_the_model(start, other):
    built_in, loaded = start("built-in"), start(other)
    assert json.loads(ctl("-d", built_in.folder, "status").stdout)["model"] == version_of("chaos-ctl")
    assert json.loads(ctl("-d", loaded.folder, "status").stdout)["model"] == version_of(
        "chaos-ctl", CHAOS_MODEL=other
    )


def test_a_rule_for_what_only_the_model_knows_hits(start, sink, other):
    daemon = start(other)
    daemon.faults(RULE)
    assert call(daemon, sink)[0] == 503


def test_a_rule_for_what_the_built_in_model_does_not_know_hits_by_the_signing_name(start, sink):
    daemon = start("built-in")
    daemon.faults(RULE)
    assert call(daemon, sink)[0] == 200
    daemon.faults({"service": SERVICE})
    assert call(daemon, sink)[0] == 503


def test_names_of_rules_are_looked_up_in_the_model(start, other):
    for model, warns in (("built-in", True), (other, False)):
        done = ctl("-d", start(model).folder, "faults", "set", json.dumps([RULE]))
        assert (SERVICE in done.stderr) == warns


def test_explain_uses_the_daemons_model(start, other):
    request = f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\n{scope(SERVICE)}\r\n\r\n"
    for model, operation in (("built-in", None), (other, OPERATION)):
        done = subprocess.run(
            [BUILD / "chaos-ctl", "-d", start(model).folder, "--json", "explain"],
            input=request, capture_output=True, text=True, env=environment(),
        )  # fmt: skip
        assert json.loads(done.stdout)["operation"] == operation


def test_a_daemon_of_chaos_run_takes_the_users_model(sink, other):
    def status(model):
        done = subprocess.run(
            [BUILD / "chaos-run", "-f", json.dumps([RULE]), "curl", "-s", "-o", os.devnull,
             "-w", "%{http_code}", "-H", scope(SERVICE), sink.url + PATH],
            capture_output=True, text=True, timeout=TIMEOUT,
            env=environment(CHAOS_MODEL=model, CHAOS_DIR=""),
        )  # fmt: skip
        return int(done.stdout)

    assert (status("built-in"), status(other)) == (200, 503)


@pytest.mark.parametrize("what", ["empty", "cut", "text", "missing", "folder"])
def test_a_bad_model_is_said_and_the_built_in_one_used(start, tmp_path, other, what):
    path = tmp_path / what
    if what == "folder":
        path.mkdir()
    elif what != "missing":
        data = other.read_bytes()
        path.write_bytes({"empty": b"", "cut": data[:-1000], "text": b"[]" * 500}[what])
    daemon = start(path)
    assert daemon.said().count(str(path)) == 1 and "the built-in one" in daemon.said()
    assert not (daemon.folder / "model").exists()
    assert daemon.request("GET", "/_chaos/status").json["model"] == version_of("chaos-ctl")


def test_a_daemon_without_a_model_takes_the_last_ones_away(start, other):
    first = start(other)
    assert (first.folder / "model").read_bytes() == other.read_bytes()
    first.end()
    second = start("built-in", first.folder)
    assert not (second.folder / "model").exists()


def test_the_library_says_a_bad_model_and_goes_on(start, sink):
    daemon = start("built-in")
    (daemon.folder / "model").write_bytes(b"chsmodel" + bytes(1000))
    daemon.faults({"service": SERVICE})
    status, said = call(daemon, sink)
    assert status == 503
    assert said.count("/model: is of another version") == 1


def test_a_model_that_others_may_have_put_there_is_not_taken(start, sink, other, tmp_path):
    daemon = start("built-in")
    (daemon.folder / "model").symlink_to(other)
    daemon.faults(RULE)
    assert call(daemon, sink)[0] == 200


def test_a_program_keeps_its_model_when_the_daemon_has_another(start, client, sink, other):
    first = start(other)
    first.faults({"service": "kinesis"})
    steered = client(python("py_http.py", sink.port), folder=first.folder)
    assert steered.ask().status == 503
    first.end()
    second = start("built-in", first.folder)
    second.faults({"service": "kinesis", "error": {"statusCode": 429}})
    assert steered.ask().status == 429
    second.end()
    third = start(other, first.folder)
    third.faults({"service": "kinesis", "error": {"statusCode": 400}})
    assert steered.ask().status == 400
    steered.finish()


def test_calls_that_the_model_has_no_name_for_are_counted(start, sink, other):
    for model, unnamed in (("built-in", 1), (other, 0)):
        daemon = start(model)
        assert call(daemon, sink)[0] == 200
        totals = daemon.totals()
        assert (totals["calls"], totals["unnamed"]) == (1, unnamed)
        (curl,) = daemon.request("GET", "/_chaos/processes").json
        assert curl["unnamed"] == unnamed
        assert "unnamed" in ctl("-d", daemon.folder, "ps").stdout


def test_a_model_that_comes_after_the_first_call_is_said_not_to_be_used(start, client, sink, other):
    folder = runtime_folder()
    steered = client(python("py_http.py", sink.port), folder=folder)
    assert steered.ask().status == 200
    start(other, folder).faults({"service": "kinesis"})
    assert steered.ask().status == 503
    steered.finish()
    steered.stderr.seek(0)
    assert steered.stderr.read().count("/model: has come after the first call") == 1
