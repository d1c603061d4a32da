# SPDX-License-Identifier: Apache-2.0
"""No rule, no trace: while no rule fires, a program makes its own system calls and no others."""

import ctypes
import os
import re
import resource
import subprocess

import pytest

from harness import (
    CLIENTS, SHIM, TIMEOUT, Daemon, environment, preloaded, python, runtime_folder,
)  # fmt: skip
from observed import observe

# Every head has to be looked at, and nothing comes of it.
NO_MATCH = {"service": "kinesis", "operation": "DeleteStream"}
FAULT = {"service": "kinesis", "operation": "PutRecord"}

CONNECT, STORY, EXIT = POINTS = range(3)


def stories(source):
    return re.findall(r'^\t\{"(\w+)"', (CLIENTS / source).read_text(), re.M)


PLAIN = [name for name in stories("no_trace.c") if name != "is_strict"]
# This one has no end in main(), and that one would take long three times.
FILTERED = [name for name in PLAIN if name not in ("ends_its_thread", "takes_its_time")]
TLS = stories("no_trace_tls.c")


@pytest.fixture(scope="module", params=["unobserved", "observed"])
def watcher(request):
    daemon = Daemon().start()
    daemon.faults(NO_MATCH)
    daemon.is_observed = request.param == "observed"
    if daemon.is_observed:
        observe(daemon)
    yield daemon
    daemon.remove()


@pytest.fixture
def folder(watcher):
    return watcher.folder


@pytest.fixture
def tls_port(tls_sink):
    # When a ticket arrives would be chance.
    tls_sink.context.num_tickets = 0
    return tls_sink.port


class Trace:
    """A run under strace, without the library or with it in a folder: what the program printed, how
    it ended, and its system calls, by the three points of no_trace.h."""

    def __init__(self, tmp_path, command, folder=None, **env):
        log = tmp_path / ("without" if folder is None else "with")
        env.update({} if folder is None else {"LD_PRELOAD": SHIM, "CHAOS_DIR": folder})
        given = [word for name, value in env.items() for word in ("-E", f"{name}={value}")]
        done = subprocess.run(
            ["strace", "-ff", "-n", "-s", "48", "-o", log, *given, *map(str, command)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=2 * TIMEOUT,
            env=environment(),
        )  # fmt: skip
        self.outcome = done.returncode, done.stdout, done.stderr
        logs = sorted(tmp_path.glob(f"{log.name}.*"), key=lambda path: int(path.suffix[1:]))
        self.processes = [_calls(path) for path in logs]

    def after(self, point):
        """Numbers and text of the calls after that point: of the process, then of its children."""
        first, *children = self.processes
        marks = [at for at, call in enumerate(first) if call[1].startswith("getppid(")]
        first = first[marks[point] + 1 :] if point < len(marks) else []
        return [[call for call in calls if not call[1].startswith("getppid(")]
                for calls in (first, *children)]  # fmt: skip

    def between(self, point):
        """The calls of the process from that point to the next one."""
        calls = self.after(point)[0]
        return calls[: len(calls) - len(self.after(point + 1)[0])]

    def numbers(self, point):
        return ",".join(str(n) for n in sorted({n for part in self.after(point) for n, _ in part}))


def _calls(path):
    found = re.findall(r"^\[ *(\d+)\] (\w+\(.*)", path.read_text(), re.M)
    return [(int(number), text) for number, text in found]


def _same(text):
    """The call without what differs from run to run."""
    text = re.sub(r"\b0x[0-9a-f]+", "ADDRESS", text)
    text = re.sub(r" \(left .*\)", "", text)
    text = re.sub(r"htons\(\d+\)", "htons(PORT)", text)
    text = re.sub(r"(?<=^wait4\()\d+|(?<== )\d{4,}$|\bparent_tid=\[\d+\]|si_pid=\d+", "PID", text)
    return re.sub(r"^((?:clone3?|v?fork|wait4)\(.* = )\d+$", r"\1PID", text)


def texts(calls):
    return [_same(text) for _, text in calls]


def names(calls):
    """How long the records of a handshake are is chance."""
    return [text[: text.index("(")] for _, text in calls]


def run_filtered(command, point, numbers, env):
    return subprocess.run(
        [*map(str, command), str(point), numbers], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=TIMEOUT, env=env,
    )  # fmt: skip


# ---- the sequence of system calls ----


@pytest.fixture
def traces(tmp_path, folder):
    """Runs a command without the library and with it."""

    def both(command, **env):
        return Trace(tmp_path, command, **env), Trace(tmp_path, command, folder, **env)

    return both


@pytest.mark.parametrize("story", PLAIN)
def test_program_makes_its_own_system_calls_alone(traces, sink, programs, story):
    without, within = traces([programs / "no_trace", sink.port, story])
    assert without.outcome[0] == 0, without.outcome
    assert within.outcome == without.outcome
    assert list(map(texts, within.after(STORY))) == list(map(texts, without.after(STORY)))


@pytest.mark.parametrize("story", TLS)
def test_program_makes_its_own_system_calls_alone_over_tls(traces, tls_port, programs, story):
    without, within = traces([programs / "no_trace_tls", tls_port, story])
    assert without.outcome[0] == 0, without.outcome
    assert within.outcome == without.outcome
    assert list(map(names, within.after(STORY))) == list(map(names, without.after(STORY)))


@pytest.mark.parametrize("story", ["keeps_alive", "sends_pieces", "epolls"])
def test_program_makes_its_own_system_calls_alone_without_any_rule(
    tmp_path, daemon, sink, programs, story
):
    command = [programs / "no_trace", sink.port, story]
    without, within = Trace(tmp_path, command), Trace(tmp_path, command, daemon.folder)
    assert within.outcome == without.outcome
    assert list(map(texts, within.after(STORY))) == list(map(texts, without.after(STORY)))


@pytest.mark.parametrize("left", ["nothing", "an empty folder"])
@pytest.mark.parametrize("story", PLAIN)
def test_program_without_a_daemon_looks_for_its_table_alone(
    tmp_path, sink, programs, story, left
):
    command = [programs / "no_trace", sink.port, story]
    folder = runtime_folder()
    if left == "nothing":
        folder.rmdir()
    without, within = Trace(tmp_path, command), Trace(tmp_path, command, folder)
    assert within.outcome == without.outcome
    looks = f'openat(AT_FDCWD, "{folder}/table", '
    alone = [texts(call for call in calls if not call[1].startswith(looks))
             for calls in within.after(STORY)]  # fmt: skip
    assert alone == list(map(texts, without.after(STORY)))


def test_connect_makes_no_other_system_call(traces, sink, programs):
    without, within = traces([programs / "no_trace", sink.port, "keeps_alive"])
    assert texts(within.between(CONNECT)) == texts(without.between(CONNECT))


@pytest.mark.parametrize("story", FILTERED)
def test_nothing_stands_between_the_last_call_and_the_end(traces, sink, programs, story):
    without, within = traces([programs / "no_trace", sink.port, story])
    assert names(without.after(EXIT)[0]) == ["exit_group"]
    assert names(within.after(EXIT)[0]) == ["exit_group"]


# ---- a filter of exactly the program's own calls ----


@pytest.fixture
def filtered(tmp_path, folder):
    """Learns what a command calls after a point without the library; then runs it with the library,
    allowed nothing else from there on."""

    def run(command, point, **env):
        learned = Trace(tmp_path, command, **env)
        allowed = learned.numbers(point)
        alone = run_filtered(command, point, allowed, environment(**env))
        assert (alone.returncode, alone.stdout, alone.stderr) == learned.outcome
        shimmed = run_filtered(command, point, allowed, preloaded(folder, **env))
        outcome = shimmed.returncode, shimmed.stdout, shimmed.stderr
        assert outcome == learned.outcome, last_call(command, point, allowed, env)

    def last_call(command, point, allowed, env):
        again = Trace(tmp_path, [*command, point, allowed], folder, **env)
        return f"after the last of these calls: {texts(again.processes[0])[-3:]}"

    return run


@pytest.mark.parametrize("point", POINTS, ids=["connect", "story", "exit"])
@pytest.mark.parametrize("story", FILTERED)
def test_program_lives_under_a_filter_of_its_own_calls(filtered, sink, programs, story, point):
    filtered([programs / "no_trace", sink.port, story], point)


@pytest.mark.parametrize("point", POINTS, ids=["connect", "story", "exit"])
@pytest.mark.parametrize("story", TLS)
def test_program_lives_under_a_filter_of_its_own_calls_over_tls(
    filtered, tls_port, programs, story, point
):
    filtered([programs / "no_trace_tls", tls_port, story], point)


@pytest.mark.parametrize("point", POINTS, ids=["connect", "story", "exit"])
def test_python_lives_under_a_filter_of_its_own_calls(filtered, sink, point):
    filtered(python("py_filtered.py", "http", sink.port), point, PYTHONHASHSEED=0)


@pytest.mark.parametrize("point", POINTS, ids=["connect", "story", "exit"])
def test_python_lives_under_a_filter_of_its_own_calls_over_tls(
    filtered, tls_port, authority, point
):
    filtered(
        python("py_filtered.py", "https", tls_port), point,
        PYTHONHASHSEED=0, SSL_CERT_FILE=authority.ca,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["plain", "tls"])
def test_calls_are_looked_at_under_a_filter(watcher, filtered, sink, tls_port, programs, kind):
    program, port = {"plain": ("no_trace", sink.port), "tls": ("no_trace_tls", tls_port)}[kind]
    before = watcher.totals()["calls"]
    filtered([programs / program, port, "keeps_alive"], CONNECT)
    assert watcher.totals()["calls"] == before + 3


def test_program_lives_in_strict_mode(folder, sink, programs):
    command = [programs / "no_trace", str(sink.port), "is_strict"]
    for env in environment(), preloaded(folder):
        assert subprocess.run(command, env=env, timeout=TIMEOUT).returncode == 0


# ---- threads and memory ----


@pytest.mark.parametrize("kind", ["plain", "tls"])
def test_process_has_one_thread_while_all_passes(folder, sink, tls_port, programs, kind):
    program, port = {"plain": ("no_trace", sink.port), "tls": ("no_trace_tls", tls_port)}[kind]
    done = subprocess.run(
        [programs / program, str(port), "counts_threads"], env=preloaded(folder),
        capture_output=True, text=True, timeout=TIMEOUT,
    )  # fmt: skip
    told = [line for line in done.stdout.splitlines() if line.startswith("Threads:")]
    assert told == ["Threads:\t1"] * len(told) != []


def limit(kind, kilobytes):
    """For the child, before exec: a limit that holds for root, too."""
    prctl, drop, ipc_lock = ctypes.CDLL(None).prctl, 24, 14

    def apply():
        resource.setrlimit(kind, (kilobytes * 1024, kilobytes * 1024))
        if os.geteuid() == 0:
            prctl(drop, ipc_lock, 0, 0, 0)

    return apply


LIMITS = {
    "data": (resource.RLIMIT_DATA, 30_000, "keeps_alive", ["200"] * 3),
    "address space": (resource.RLIMIT_AS, 40_000, "keeps_alive", ["200"] * 3),
    "locked memory": (resource.RLIMIT_MEMLOCK, 8_000, "locks_its_memory", ["locked", "200"]),
}


@pytest.mark.parametrize("name", LIMITS)
def test_program_runs_in_little_memory(watcher, folder, sink, programs, name):
    if watcher.is_observed and name == "locked memory":
        pytest.skip("mlockall() counts what is mapped to observe")
    kind, kilobytes, story, told = LIMITS[name]
    command = [programs / "no_trace", str(sink.port), story]
    # Where there is no room to observe, that is said.
    unobserved = "observed: it has too little" if watcher.is_observed and name == "address space" else ""
    for env, said in (environment(), ""), (preloaded(folder), unobserved):
        done = subprocess.run(
            command, env=env, preexec_fn=limit(kind, kilobytes),
            capture_output=True, text=True, timeout=TIMEOUT,
        )  # fmt: skip
        assert (done.returncode, done.stdout.split()) == (0, told)
        assert (said in done.stderr) if said else not done.stderr


@pytest.mark.parametrize("name", ["data", "address space"])
def test_fault_is_injected_in_little_memory(daemon, sink, programs, name):
    daemon.faults(FAULT)
    kind, kilobytes, *_ = LIMITS[name]
    done = subprocess.run(
        [programs / "no_trace", str(sink.port), "writes_and_reads"],
        env=preloaded(daemon.folder), preexec_fn=limit(kind, kilobytes),
        capture_output=True, text=True, timeout=TIMEOUT,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "503\n", "")
    assert sink.requests == []
