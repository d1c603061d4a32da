# SPDX-License-Identifier: Apache-2.0
"""What happens to a thread while it is in a hooked call: other threads, fork, cancellation, signals."""

import subprocess

import pytest

from harness import TIMEOUT, environment, preloaded, runtime_folder

FAULT = {"service": "kinesis", "operation": "PutRecord"}
STORIES = [
    "reader_waits", "reader_waits_on_duplicate", "reader_polls", "writer_overtakes", "forks",
    "cancelled_reader", "cancelled_writer", "cancelled_first_writer", "signal_while_waiting",
    "signal_that_exits", "signal_on_small_stack", "signals_that_fork",
]  # fmt: skip


@pytest.fixture(params=["pass", "fault", "delay"])
def fate(request, daemon):
    if request.param == "fault":
        daemon.faults(FAULT)
    if request.param == "delay":
        daemon.latency(5)
    return request.param


@pytest.mark.parametrize("story", STORIES)
def test_story_ends_without_the_library(sink, programs, story):
    command = [programs / "inside", str(sink.port), story, "200"]
    subprocess.run(command, env=environment(), timeout=TIMEOUT, check=True)


@pytest.mark.parametrize("story", STORIES)
def test_calls_end_as_they_should(run, sink, programs, fate, story):
    status = "503" if fate == "fault" else "200"
    done = run(programs / "inside", sink.port, story, status)
    assert done.returncode == 0, done.stderr
    sink.settle()
    assert (sink.requests == []) == (fate == "fault")


@pytest.mark.parametrize("story", [story for story in STORIES if "cancelled" in story])
def test_thread_is_cancelled_where_there_is_no_daemon(sink, programs, story):
    """Each first piece of a request looks for one."""
    command = [programs / "inside", str(sink.port), story, "200"]
    subprocess.run(command, env=preloaded(runtime_folder()), timeout=TIMEOUT, check=True)


def test_signal_handler_may_call_on_another_connection(run, sink, programs, fate):
    status = "503" if fate == "fault" else "200"
    done = run(programs / "inside", sink.port, "signals_on_another", status)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("latency", [0, 5])
def test_calls_of_a_signal_handler_on_the_same_connection_arrive_whole(
    daemon, run, sink, programs, latency
):
    daemon.latency(latency)
    done = run(programs / "inside", sink.port, "signals_on_same", "200")
    assert done.returncode == 0, done.stderr
    sink.settle()
    (raw,) = sink.raw
    assert raw == sink.requests[0].raw * int(done.stdout)


def test_nothing_is_allocated_where_a_signal_handler_might_fork_or_send(run, sink, programs, fate):
    """It would find malloc() locked."""
    done = run(programs / "allocates", sink.port, "503" if fate == "fault" else "200")
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
