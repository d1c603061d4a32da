# SPDX-License-Identifier: Apache-2.0
"""What the kernel does besides: signals, completions, and descriptors that go on after exec."""

import subprocess

import pytest

from harness import environment

FAULT = {"service": "kinesis", "operation": "PutRecord"}
PROGRAMS = {
    "sigio": ["sigio", "io"],
    "sigio with a real-time signal": ["sigio", "rt"],
    "zerocopy in one piece": ["zerocopy", "1"],
    "zerocopy in pieces": ["zerocopy", "3"],
    "exec": ["execs", "1"],
    "exec after pieces": ["execs", "2"],
}
TELLING = [name for name in PROGRAMS if not name.startswith("exec")]


@pytest.fixture
def command(programs, sink):
    """The words that run one of the programs, which must get the status."""

    def command(name, status):
        program, variant = PROGRAMS[name]
        return [programs / program, str(sink.port), str(status), variant]

    return command


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_works_without_the_library(command, name):
    done = subprocess.run(
        command(name, 200), capture_output=True, text=True, env=environment(), timeout=30
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_works_on_where_no_rule_matches(run, sink, command, name):
    done = run(*command(name, 200))
    assert done.returncode == 0, done.stderr
    assert sink.requests


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_works_on_where_its_call_is_delayed(daemon, run, sink, command, name):
    daemon.latency(300)
    done = run(*command(name, 200))
    assert done.returncode == 0, done.stderr
    sink.settle()
    assert daemon.totals()["delayed"] == len(sink.requests) > 0


@pytest.mark.parametrize("name", TELLING)
def test_program_is_told_of_a_fault(daemon, run, sink, command, name):
    daemon.faults(FAULT)
    done = run(*command(name, 503))
    assert done.returncode == 0, done.stderr
    assert sink.requests == []


@pytest.mark.parametrize("name", TELLING)
def test_program_is_told_of_a_delayed_fault(daemon, run, sink, command, name):
    daemon.latency(300)
    daemon.faults(FAULT)
    done = run(*command(name, 503))
    assert done.returncode == 0, done.stderr
    assert sink.requests == []
