# SPDX-License-Identifier: Apache-2.0
"""What the library takes of a program's memory, and what comes of it when there is none."""

import re
import struct
import subprocess
import sys

import pytest

from harness import BUILD, SHIM, environment, preloaded, python, runtime_folder

FAULT = {"service": "kinesis", "operation": "PutRecord"}
# What ld.so asks of the kernel in every dynamic program.
OF_THE_LOADER = set(
    "openat newfstatat fstat mmap munmap read pread64 close mprotect getrandom".split()
)


def rules(count):
    """So many that are about nothing that is called, and one that is."""
    others = [
        {"service": f"service{i}", "region": f"region-{i}*", "operation": f"Operation{i}"}
        for i in range(count - 1)
    ]
    return [*others, FAULT]


def maps_of(pid, name):
    """Bytes of address space for each mapping of a file of the daemon."""
    lines = open(f"/proc/{pid}/maps").read().splitlines()
    spans = [line.split()[0].split("-") for line in lines if line.endswith(f"/{name}")]
    return [int(end, 16) - int(begin, 16) for begin, end in spans]


@pytest.fixture
def steered(client, sink):
    return client(python("py_http.py", sink.port))


# ---- what it takes ----


def test_a_hundred_rules_take_half_a_megabyte_of_address_space(daemon, steered):
    daemon.faults(*rules(100))
    assert steered.ask().status == 503
    assert len(maps_of(steered.process.pid, "table")) == 1
    assert sum(maps_of(steered.process.pid, "table")) <= 512 * 1024
    assert sum(maps_of(steered.process.pid, "journal")) <= 1536 * 1024


def test_a_fork_keeps_to_the_address_space_of_its_parent(daemon, run):
    daemon.faults(FAULT)
    program = """
import os, sys
for depth in range(int(sys.argv[1])):
    child = os.fork()
    if child:
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(sum(line.endswith("/journal\\n") for line in open("/proc/self/maps")))
"""
    maps = [run(sys.executable, "-c", program, depth, check=True).stdout for depth in (0, 5)]
    assert maps[0] == maps[1] != "0\n"


def test_start_makes_no_system_call_that_the_loader_does_not_make(daemon, tmp_path):
    daemon.faults(FAULT)
    trace = tmp_path / "trace"
    preload = [f"-E{name}={value}" for name, value in preloaded(daemon.folder).items()]
    subprocess.run(["strace", "-o", trace, *preload, "/bin/true"], env=environment(), check=True)
    start, attached, end = trace.read_text().partition('"journal"')
    assert attached
    # Its own part begins when the loader is done, and ends with the folder's descriptor.
    start = start[start.rindex("munmap") :]
    end = end[: end.rindex("close(")]
    assert set(re.findall(r"^(\w+)\(", start + end, re.M)) <= OF_THE_LOADER


# ---- growth ----


def test_every_call_is_answered_by_a_rule_while_the_table_grows(daemon, client, sink):
    daemon.faults(FAULT)
    process = subprocess.Popen(
        [str(word) for word in python("py_threads.py", sink.port, 4, 600)],
        stdout=subprocess.PIPE,
        text=True,
        env=preloaded(daemon.folder),
    )
    sizes = [(daemon.folder / "table").stat().st_size]
    for count in (200, 400, 800, 1600, 3200, 6400):
        daemon.faults(*rules(count))
        sizes.append((daemon.folder / "table").stat().st_size)
    out, _ = process.communicate(timeout=60)
    assert out == "0 2400\n"
    assert sizes == sorted(set(sizes))


def test_rules_hold_at_once_in_a_larger_table(daemon, steered):
    assert steered.ask().status == 200
    for count in (200, 1000, 5000):
        daemon.faults(*rules(count)[:-1])
        assert steered.ask().status == 200
        daemon.faults(*rules(2 * count))
        assert steered.ask().status == 503
    fired = daemon.request("GET", "/_chaos/status").json["fired"]["faults"]
    assert fired[-1] == 1 and sum(fired) == 1


def test_a_counter_far_behind_is_mapped_when_its_rule_fires(daemon, steered):
    daemon.faults(FAULT)
    assert steered.ask().status == 503
    before = sum(maps_of(steered.process.pid, "journal"))
    daemon.faults(*rules(9000))
    assert steered.ask().status == 503
    assert sum(maps_of(steered.process.pid, "journal")) - before == 128 * 1024
    assert daemon.request("GET", "/_chaos/status").json["fired"]["faults"][-1] == 1


def test_a_retired_table_that_stays_in_its_place_is_not_mapped_again_and_again(daemon, steered):
    daemon.faults(FAULT)
    assert steered.ask().status == 503
    with open(daemon.folder / "table", "r+b") as table:
        table.seek(64)
        table.write(struct.pack("<Q", 1))
    for _ in range(20):
        assert steered.ask().status == 200
    assert len(maps_of(steered.process.pid, "table")) <= 1
    steered.finish()


# ---- where there is none ----

@pytest.fixture
def large(daemon):
    """A daemon with a table of many megabytes."""
    daemon.faults(*rules(30000))
    return daemon


def too_little(daemon):
    """Megabytes in which a program runs, but in which its rules have no room beside it."""
    return (daemon.folder / "table").stat().st_size / 2**20


def limited(megabytes, *command):
    """The command, with no more address space than that."""
    return ["sh", "-c", f'ulimit -v {int(megabytes * 1024)}; exec "$@"', "sh", *map(str, command)]


def test_want_of_address_space_is_told_of_once(large):
    preload = [f"{name}={value}" for name, value in preloaded(large.folder).items()]
    done = subprocess.run(
        limited(too_little(large), "env", *preload, "/bin/true"),
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    what = "cannot be mapped: Cannot allocate memory; no faults are injected"
    assert (done.returncode, done.stderr) == (0, f"chaos-run: {large.folder}/table: {what}\n")


def test_strict_fails_a_program_that_had_no_room_for_the_rules(large):
    words = [BUILD / "chaos-run", "--strict", "-d", large.folder, "--"]
    done = subprocess.run(
        [*words, *limited(too_little(large), "/bin/true")],
        env=environment(CHAOS_QUIET=1),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 125
    assert done.stderr == "chaos-run: programs that could not be given the rules: 1\n"


def test_a_hundred_rules_need_little_more_than_the_library(daemon):
    """What a program takes with the library but no daemon, and 2 MB."""
    daemon.faults(*rules(100))
    peak = "print(*[line.split()[1] for line in open('/proc/self/status') if 'VmPeak' in line])"
    attached = "print(any('/table' in line for line in open('/proc/self/maps')))"
    python_code = [sys.executable, "-c"]
    alone = subprocess.run(
        [*python_code, peak], env=preloaded(runtime_folder()), capture_output=True, check=True
    )
    done = subprocess.run(
        limited(int(alone.stdout) / 1024 + 2, *python_code, attached),
        env=preloaded(daemon.folder),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_all_memory_may_be_locked(daemon, run):
    daemon.faults(*rules(100))
    program = """
import ctypes, re
libc = ctypes.CDLL(None, use_errno=True)
assert libc.mlockall(3) == 0, ctypes.get_errno()
text = open("/proc/self/smaps").read()
print(sum(int(re.search(r"Locked: +(\\d+)", part)[1])
          for part in re.findall(r"(?:/table|/journal)\\n(?s:.*?)VmFlags", text)))
"""
    assert int(run(sys.executable, "-c", program, check=True).stdout) <= 2048
