# SPDX-License-Identifier: Apache-2.0
"""Bad pointers and numbers: the kernel's answer, and no signal."""

import subprocess

import pytest

from harness import environment

FAULT = {"service": "kinesis", "operation": "PutRecord"}


def test_kernel_answers_as_the_table_says(sink, programs):
    command = [programs / "pointers", str(sink.port)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=60)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


@pytest.mark.parametrize("fate", ["pass", "fault", "delay"])
def test_answers_are_the_kernels(daemon, run, sink, programs, fate):
    if fate == "fault":
        daemon.faults(FAULT)
    if fate == "delay":
        daemon.latency(5)
    done = run(programs / "pointers", sink.port)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
