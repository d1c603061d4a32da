# SPDX-License-Identifier: Apache-2.0
"""Bodies of all sizes go through the bridge, byte for byte, by many connections at a time."""

import json
import ssl
import subprocess
import urllib.request

import pytest

from harness import CLIENTS, environment, node_shares_openssl, preloaded

pytestmark = pytest.mark.skipif(node_shares_openssl(), reason="this Node is seen from inside")

COUNT, LARGEST = 600, 3_000_000


class Mirror:
    def __init__(self, authority):
        files = [authority.certificate, authority.key]
        self.process = subprocess.Popen(
            ["node", CLIENTS / "node_mirror.js", *files], stdout=subprocess.PIPE, text=True,
            env=environment(),
        )  # fmt: skip
        self.port = int(self.process.stdout.readline())
        self.url = f"https://localhost:{self.port}"
        self.context = ssl.create_default_context(cafile=authority.ca)

    def seen(self):
        with urllib.request.urlopen(f"{self.url}/seen", context=self.context) as answer:
            return json.load(answer)


@pytest.fixture
def mirror(authority):
    one = Mirror(authority)
    yield one
    one.process.kill()
    one.process.wait()


@pytest.fixture
def call(mirror, authority):
    """What the client tells of its calls."""

    def call(env, count=COUNT, named=True):
        trusted = {name: str(value) for name, value in authority.environment.items()}
        more = {"AWS_ENDPOINT_URL": mirror.url} if named else {}
        done = subprocess.run(
            ["node", CLIENTS / "node_bodies.js", str(mirror.port), str(count), str(LARGEST)],
            capture_output=True, text=True, check=True, env={**env, **trusted, **more}, timeout=100,
        )  # fmt: skip
        return json.loads(done.stdout)

    return call


def test_bodies_are_the_same_with_and_without_a_bridge(daemon, mirror, call):
    without, first = call(environment()), mirror.seen()
    within, both = call(preloaded(daemon.folder)), mirror.seen()
    assert without == within
    assert (within["right"], within["wrong"]) == (COUNT, 0)
    assert both == {name: 2 * value for name, value in first.items()}
    (process,) = daemon.request("GET", "/_chaos/processes").json
    assert process["lanes"]["bridge"] > 0 and process["calls"] == COUNT


def test_some_are_faulted_and_the_others_whole(daemon, mirror, call):
    daemon.faults({"service": "kinesis", "probability": 0.3})
    told = call(preloaded(daemon.folder))
    assert told["wrong"] == 0
    assert told["right"] + told["faulted"] == COUNT
    assert told["faulted"] == daemon.totals()["faults"]
    assert mirror.seen()["requests"] == told["right"]


def test_host_that_nobody_has_named_meets_no_bridge(daemon, mirror, call):
    daemon.faults({})
    told = call(preloaded(daemon.folder), count=100, named=False)
    assert (told["right"], told["faulted"]) == (100, 0)
    (process,) = daemon.request("GET", "/_chaos/processes").json
    assert process["lanes"]["bridge"] == 0
