# SPDX-License-Identifier: Apache-2.0
"""Whatever happens meanwhile, all that counts agrees: who made the calls, the journal, its operations, the
events. CHAOS_SOAK says how many calls are made (200000 takes minutes)."""

import os
import subprocess
import threading
import time
from signal import SIGKILL

import pytest

from harness import Daemon, preloaded
from observed import counts, events, journal_says, observe

PROCESSES, THREADS = 8, 8
CALLS = int(os.environ.get("CHAOS_SOAK", 6400))
# How long a daemon lives; in a short run several must.
LIFE = 2 if CALLS >= 100_000 else 0.3
RING = 32768


class Replacer(threading.Thread):
    """Replaces the rules all the time, and kills the daemon now and then."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.one, self.replaced, self.killed = daemon, 0, 0
        self.over = threading.Event()
        self.start()

    def run(self):
        while not self.over.is_set():
            until = time.monotonic() + LIFE
            while time.monotonic() < until and not self.over.is_set():
                count = self.replaced % 5
                none = [{"service": "s3", "region": f"nowhere-{i}"} for i in range(count)]
                self.one.faults(*none, {"service": "dynamodb", "probability": 0.1})
                self.replaced += 1
            self.one.end(SIGKILL)
            self.killed += 1
            self.one.start()

    def end(self):
        self.over.set()
        self.join()


@pytest.fixture
def server(programs):
    process = subprocess.Popen([programs / "soak", "server"], stdout=subprocess.PIPE, text=True)
    yield int(process.stdout.readline())
    process.kill()
    process.wait()


def made(outputs):
    """What the clients have counted, by operation: calls, attempts, succeeded, recovered, statuses."""
    sums = {}
    for line in "".join(outputs).splitlines():
        name, *words = line.split()
        numbers = [int(word) for word in words]
        one = sums.setdefault(name, [[0] * 4, {}])
        one[0] = [a + b for a, b in zip(one[0], numbers[:4])]
        for status, count in zip(numbers[4::2], numbers[5::2]):
            one[1][status] = one[1].get(status, 0) + count
    return sums


def soak(daemon, programs, server):
    command = [programs / "soak", "client", str(server), str(CALLS // PROCESSES // THREADS)]
    clients = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=preloaded(daemon.folder))
        for _ in range(PROCESSES)
    ]
    outputs = [client.communicate()[0] for client in clients]
    assert [client.returncode for client in clients] == [0] * PROCESSES
    return outputs


def test_all_counts_agree(programs, server):
    daemon = Daemon().start()
    observe(daemon)
    daemon.faults({"service": "dynamodb", "probability": 0.1})
    replacer = Replacer(daemon)
    outputs, rounds = soak(daemon, programs, server), 1
    while replacer.killed < 3:
        outputs += soak(daemon, programs, server)
        rounds += 1
    sums = made(outputs)
    replacer.end()
    lines, journal = counts(daemon), journal_says(daemon)
    told = events(daemon)
    daemon.remove()
    print(f"{sums=} {journal=} {replacer.replaced=} {replacer.killed=} {len(told)=}")

    for name, ((calls, attempts, succeeded, recovered), statuses) in sums.items():
        line = lines["dynamodb", name]
        assert (line.calls, line.attempts, line.ended) == (calls, attempts, attempts), name
        assert (line.succeeded, line.recovered, line.unanswered) == (succeeded, recovered, 0), name
        assert line.statuses == statuses and 0 not in statuses, name
        assert line.faults == statuses.get(503, 0), name
    attempts = sum(one[0][1] for one in sums.values())
    faults = sum(one[1].get(503, 0) for one in sums.values())
    assert sum(one[0][0] for one in sums.values()) == rounds * CALLS // 64 * 64
    assert journal["calls"] == journal["observed"] == attempts
    assert journal["faults"] == journal["delivered"] == journal["taken"] == faults > 0
    # Each attempt has its place in the ring; in what of it is left, none is missing but those that were lost.
    assert (journal["head"], journal["unobserved"]) == (attempts, 0)
    numbers = {event["number"] for event in told}
    left = range(max(0, attempts - RING), attempts)
    assert numbers <= set(left) and len(told) == len(numbers)
    assert len(left) - len(numbers) <= journal["lost"]
    assert replacer.replaced > 2 * replacer.killed
