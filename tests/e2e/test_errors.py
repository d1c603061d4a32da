# SPDX-License-Identifier: Apache-2.0
"""errno: a call that succeeds leaves it alone, one that fails leaves the kernel's number there."""

import subprocess

import pytest

from harness import environment

FAULT = {"service": "kinesis", "operation": "PutRecord"}


def test_kernel_gives_the_numbers_of_the_table(sink, programs):
    command = [programs / "errors", str(sink.port), "200"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=30)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


@pytest.mark.parametrize("fate", ["pass", "fault", "delay"])
def test_numbers_are_the_kernels(daemon, run, sink, programs, fate):
    if fate == "fault":
        daemon.faults(FAULT)
    if fate == "delay":
        daemon.latency(5)
    done = run(programs / "errors", sink.port, "503" if fate == "fault" else "200")
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
