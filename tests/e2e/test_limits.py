# SPDX-License-Identifier: Apache-2.0
"""Where a program may have little memory it gets its faults all the same, or is told that it does not."""

import os
import subprocess

import pytest

from harness import BUILD, TIMEOUT, environment

FAULT = {"service": "kinesis", "operation": "PutRecord"}
MB = 1 << 20
# Without this capability root's locked memory is limited, too.
BOUND = ["setpriv", "--bounding-set=-ipc_lock"] if os.geteuid() == 0 else []

LIMITS = {
    **{f"data of {size} KB": ["prlimit", f"--data={size << 10}"] for size in (1024, 8192, 30000)},
    **{
        f"addresses of {size} MB": ["prlimit", f"--as={size * MB}"]
        for size in (8, 16, 32, 48, 64, 80, 96, 128)
    },
}
LOCKS = {
    "locked memory": [],
    "locked memory of 8 MB": ["prlimit", f"--memlock={8 * MB}", *BOUND],
}


@pytest.fixture
def outcome(programs, sink):
    """Runs the program and returns its exit code, the status that it got, and what was said."""

    def outcome(limit, *before):
        more = ["lock"] if limit in LOCKS else []
        command = [*{**LIMITS, **LOCKS}[limit], programs / "limited", sink.port, *more]
        done = subprocess.run(
            [*map(str, [*before, *command])],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            env=environment(),
        )
        return done.returncode, done.stdout.strip(), done.stderr

    return outcome


@pytest.mark.parametrize("limit", [*LIMITS, *LOCKS])
def test_program_runs_without_the_library(outcome, limit):
    assert outcome(limit) == (0, "200", "")


@pytest.mark.parametrize("limit", [*LIMITS, *LOCKS])
def test_program_runs_unchanged_where_no_rule_matches(daemon, outcome, limit):
    code, status, _ = outcome(limit, BUILD / "chaos-run", "-d", daemon.folder)
    assert (code, status) == (0, "200")


@pytest.mark.parametrize("limit", [*LIMITS, *LOCKS])
def test_call_meets_its_fault_or_the_reason_is_told(daemon, outcome, limit):
    daemon.faults(FAULT)
    code, status, said = outcome(limit, BUILD / "chaos-run", "-d", daemon.folder)
    assert (code, status, bool(said)) in [(0, "503", False), (0, "200", True)]


@pytest.mark.parametrize("limit", [*LIMITS, *LOCKS])
def test_strict_fails_where_the_call_was_not_looked_at(daemon, outcome, limit):
    daemon.faults(FAULT)
    code, status, _ = outcome(limit, BUILD / "chaos-run", "-s", "-d", daemon.folder)
    assert (code, status) in [(0, "503"), (125, "200")]
