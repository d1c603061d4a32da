# SPDX-License-Identifier: Apache-2.0
"""Fixtures of test modules that try the same with many kinds of connections: one daemon and one
program of each kind for all tests of the module, a server for each test."""

import pytest

from harness import Client, Daemon, preloaded, python
from sink import Sink
from tls import TlsSink
from wire import Steps

WAITS = ("block", "select", "poll", "epoll", "edge")
WAYS = tuple(f"{kind}-{wait}" for kind in ("plain", "tls") for wait in WAITS)


class Stage:
    """A daemon, and the programs that it rules."""

    def __init__(self, authority):
        self.authority = authority
        self.daemon = Daemon().start()
        self.programs = {}

    def sink(self, way):
        return Sink() if way.startswith("plain") else TlsSink(self.authority)

    def program(self, way):
        """One that waits and speaks that way; it may have ended in an earlier test."""
        one = self.programs.get(way)
        if not one or one.process.poll() is not None:
            kind, wait = way.split("-")
            trusted = [] if kind == "plain" else [self.authority.ca]
            one = Client(python("steps.py", wait, *trusted), preloaded(self.daemon.folder))
            self.programs[way] = one
        return one

    def end(self):
        for one in self.programs.values():
            one.kill()
        self.daemon.remove()


@pytest.fixture(scope="module")
def stage(authority):
    one = Stage(authority)
    yield one
    one.end()


@pytest.fixture(params=WAYS)
def way(request):
    return request.param


@pytest.fixture
def daemon(stage):
    """No rule is in force."""
    stage.daemon.faults()
    stage.daemon.latency(0)
    return stage.daemon


@pytest.fixture
def sink(stage, way):
    one = stage.sink(way)
    yield one
    one.close()


@pytest.fixture
def steps(stage, way, sink, daemon):
    return Steps(stage.program(way), sink)
