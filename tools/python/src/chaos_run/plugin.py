# SPDX-License-Identifier: Apache-2.0
"""pytest: the fixture and marker `chaos`, a section of the report, and a chaos-run for each xdist worker."""

import contextlib
import shutil
import sys

import pytest

from .client import Chaos, ChaosError

_REPORT = pytest.StashKey()
_OBSERVING = pytest.StashKey()


def pytest_addoption(parser):
    group = parser.getgroup("chaos-run")
    group.addoption(
        "--chaos", action="store_true",
        help="with xdist: run each worker under a chaos-run of its own",
    )  # fmt: skip
    group.addoption(
        "--chaos-run", metavar="PATH", default="chaos-run",
        help="the program for --chaos (else chaos-run in PATH)",
    )  # fmt: skip


def pytest_configure(config):
    config.addinivalue_line(
        "markers",
        "chaos(faults, must_fire=False): these fault rules hold during the test; "
        "with must_fire it fails if one of them never fired",
    )
    config.stash[_REPORT] = []


@pytest.fixture
def chaos():
    """The daemon that the tests run under."""
    daemon = Chaos()
    daemon.status()
    return daemon


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    marker = item.get_closest_marker("chaos")
    if not marker:
        return (yield)
    if not marker.args and "faults" not in marker.kwargs:
        raise ChaosError("@pytest.mark.chaos wants a list of fault rules")
    rules = marker.args[0] if marker.args else marker.kwargs["faults"]
    with Chaos().faults(rules, must_fire=marker.kwargs.get("must_fire", False)):
        return (yield)


# ---- the report ----


def pytest_sessionstart(session):
    """Operations are counted from now on, where there is somebody to count them."""
    observing = contextlib.ExitStack()
    try:
        observing.enter_context(Chaos().observe())
    except (OSError, ChaosError):
        pass
    session.config.stash[_OBSERVING] = observing


def _gather():
    """The operations that were called, of the daemon that this process runs under; None: there is none."""
    try:
        stats = Chaos().stats()
    except (OSError, ValueError, ChaosError):
        return None
    return stats["operations"]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    config = session.config
    operations = _gather() if _has_own_daemon(config) else None
    with contextlib.suppress(OSError, ChaosError):
        config.stash[_OBSERVING].close()
    if operations is None:
        return
    if hasattr(config, "workeroutput"):
        config.workeroutput["chaos_operations"] = operations
    else:
        config.stash[_REPORT] += operations


def _has_own_daemon(config):
    """Workers that share a daemon leave it to the controller to tell of it."""
    if hasattr(config, "workerinput"):
        return config.getoption("--chaos")
    return True


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    node.config.stash[_REPORT] += getattr(node, "workeroutput", {}).get("chaos_operations", [])


_SUMMED = ("calls", "attempts", "faults", "recovered", "failed")


def _joined(lines):
    """One line for each operation, whichever worker has called it."""
    joined = {}
    for line in lines:
        key = line["service"] or "", line["operation"] or ""
        sums = joined.setdefault(key, dict.fromkeys(_SUMMED, 0))
        for name in _SUMMED:
            sums[name] += line.get(name, 0)
    return sorted(joined.items())


def pytest_terminal_summary(terminalreporter, config):
    lines = _joined(config.stash[_REPORT])
    if not lines:
        return
    names = [f"{service}.{operation}" for (service, operation), _ in lines]
    width = max(map(len, names))
    terminalreporter.write_sep("=", "chaos-run")
    terminalreporter.write_line(" " * width + "".join(f"{name:>11}" for name in _SUMMED))
    for name, (_, sums) in zip(names, lines):
        terminalreporter.write_line(f"{name:{width}}" + "".join(f"{sums[s]:>11}" for s in _SUMMED))


# ---- workers ----


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config, specs):
    if not config.getoption("--chaos"):
        return
    program = shutil.which(config.getoption("--chaos-run"))
    if not program:
        raise pytest.UsageError("--chaos: there is no chaos-run in PATH; name it with --chaos-run=PATH")
    for spec in specs:
        # Without rules of its own, a worker would join a daemon that its environment names or the default folder has.
        spec.python = (
            f"env -u CHAOS_DIR -u LD_PRELOAD {program} --no-report -f [] {spec.python or sys.executable}"
        )
