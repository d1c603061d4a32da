# SPDX-License-Identifier: Apache-2.0
"""Programs that were built with a sanitizer, whose runtime may be a shared library, or run in valgrind."""

import os
import subprocess

import pytest

from harness import CLIENTS, SHIM, environment

FAULT = {"service": "kinesis", "operation": "PutRecord"}
SANITIZERS = {
    "address": ["-fsanitize=address"],
    "address in the program": ["-fsanitize=address", "-static-libasan"],
    "undefined": ["-fsanitize=undefined"],
    "leak": ["-fsanitize=leak"],
    "thread": ["-fsanitize=thread"],
}


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """Compiles the client by gcc, which links the shared runtime unless it is told not to."""
    folder = tmp_path_factory.mktemp("sanitized")

    def build(sanitizer):
        program = folder / sanitizer
        flags = ["-D_GNU_SOURCE", "-g", *SANITIZERS[sanitizer], "-o", program]
        if not program.exists():
            subprocess.run(["gcc", *flags, CLIENTS / "socket_client.c"], check=True)
        return program

    return build


@pytest.fixture
def call(run, build, sink):
    """Makes one call under chaos-run and returns what the program said."""

    def call(sanitizer, *before, wait="block", **env):
        program = [build(sanitizer), sink.port, "send", wait, "recv"]
        done = run(*before, *program, input="PutRecord 2\n", **env)
        assert done.returncode == 0, done.stderr
        assert "WARNING" not in done.stderr and "ERROR" not in done.stderr, done.stderr
        return done.stdout

    return call


@pytest.mark.parametrize("wait", ["block", "edge"])
@pytest.mark.parametrize("sanitizer", SANITIZERS)
def test_program_runs_and_is_answered_with_the_fault(daemon, call, sink, sanitizer, wait):
    daemon.faults(FAULT)
    assert call(sanitizer, wait=wait).startswith("503 ServiceUnavailable ")
    assert sink.raw == []


@pytest.mark.parametrize("sanitizer", SANITIZERS)
def test_program_runs_and_its_call_passes(call, sink, sanitizer):
    assert call(sanitizer).startswith("200 ")
    assert len(sink.requests) == 1


@pytest.mark.parametrize("sanitizer", SANITIZERS)
def test_program_runs_and_its_call_is_delayed(daemon, call, sanitizer):
    daemon.latency(50)
    assert call(sanitizer).startswith("200 ")
    assert daemon.totals()["delayed"] == 1


def test_options_of_the_user_stay_in_force(daemon, call):
    daemon.faults(FAULT)
    said = call("address", ASAN_OPTIONS="detect_leaks=0:exitcode=7")
    assert said.startswith("503 ")


def test_child_of_a_program_without_the_runtime_is_answered_too(daemon, call):
    daemon.faults(FAULT)
    assert call("address", "sh", "-c", '"$@"; exit', "sh").startswith("503 ")


def test_environment_has_the_library_and_nothing_about_sanitizers(run):
    done = run("sh", "-c", "echo $LD_PRELOAD; tr '\\0' '\\n' < /proc/self/environ | grep ASAN")
    assert done.stdout == f"{SHIM}\n"


def test_runtime_that_the_user_preloads_may_come_behind(daemon, run, build, sink):
    daemon.faults(FAULT)
    runtime = subprocess.run(
        ["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
    ).stdout.strip()
    # A program that was built without it, as Python is that loads a module that was built with it.
    done = run(
        build("undefined"), sink.port, "send", "block", "recv",
        input="PutRecord 2\n", LD_PRELOAD=os.path.realpath(runtime),
    )  # fmt: skip
    assert done.stdout.startswith("503 "), done.stderr


@pytest.mark.parametrize("receive", ["recv", "recvmsg", "readv"])
def test_what_is_read_of_a_reply_is_known_to_memcheck(daemon, run, sink, tmp_path, receive):
    daemon.faults(FAULT)
    program = tmp_path / "client"
    subprocess.run(["gcc", "-D_GNU_SOURCE", "-g", "-o", program, CLIENTS / "on_heap.c"], check=True)
    done = run(*"valgrind --quiet --error-exitcode=9".split(), program, sink.port, receive)
    assert (done.returncode, done.stdout) == (0, "503\n"), done.stderr
