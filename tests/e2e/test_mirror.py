# SPDX-License-Identifier: Apache-2.0
"""Bridged or not, a program meets the same server: one that it would not have believed it does not
believe, and one that it would have taken it takes."""

import subprocess

import pytest

from harness import CLIENTS, TIMEOUT, environment, node_shares_openssl, preloaded
from tls import AWS_HOST, Authority, TlsSink

pytestmark = pytest.mark.skipif(node_shares_openssl(), reason="this Node is seen from inside")

FAULT = {"service": "kinesis", "operation": "PutRecord"}


class Faulty(Authority):
    """Signs certificates with which something is wrong, one for each name."""

    WRONGS = ("expired", "not-yet-valid", "self-signed", "other-name", "unknown-authority")

    def __init__(self, folder, wrong):
        super().__init__(folder)
        days = {"expired": "-2", "not-yet-valid": "9"}.get(wrong, "2")
        names = "DNS:elsewhere.example" if wrong == "other-name" else f"DNS:{AWS_HOST}"
        signer = [] if wrong == "self-signed" else ["-CA", self.ca, "-CAkey", "ca.key"]
        self._make(names, signer, days, wrong)
        if wrong == "unknown-authority":
            self.ca = Authority(self._folder("another")).ca

    def _folder(self, name):
        folder = self.folder / name
        folder.mkdir()
        return folder

    def _make(self, names, signer, days, wrong):
        new = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec"]
        new += ["-pkeyopt", "ec_paramgen_curve:P-256", "-days", days.lstrip("-")]
        clock = {"expired": ["faketime", "-f", "-9d"], "not-yet-valid": ["faketime", "-f", "+9d"]}
        self._run(
            *clock.get(wrong, []), *new, "-subj", "/CN=server", "-addext", f"subjectAltName={names}",
            "-addext", "basicConstraints=critical,CA:FALSE", *signer,
            "-keyout", self.key, "-out", self.certificate,
        )  # fmt: skip


@pytest.fixture(params=Faulty.WRONGS)
def wrong(request, tmp_path):
    return Faulty(tmp_path, request.param)


@pytest.fixture
def sink(wrong):
    one = TlsSink(wrong)
    yield one
    one.close()


def visit(sink, authority, env):
    """Calls the server as AWS'; returns the exit code and what was said."""
    done = subprocess.run(
        ["node", CLIENTS / "node_https.js", str(sink.port), AWS_HOST],
        capture_output=True, text=True, timeout=TIMEOUT, env={**env, **{
            name: str(value) for name, value in authority.environment.items()
        }},
    )  # fmt: skip
    return done.returncode, done.stdout.split()


def test_server_that_is_not_believed_is_not_believed_behind_the_bridge(daemon, sink, wrong):
    daemon.faults(FAULT)
    assert visit(sink, wrong, environment()) == (1, [])
    assert visit(sink, wrong, preloaded(daemon.folder)) == (1, [])
    sink.settle()
    assert sink.requests == []


def test_program_that_believes_everybody_gets_its_faults(daemon, sink, wrong):
    credulous = {"NODE_TLS_REJECT_UNAUTHORIZED": "0"}
    assert visit(sink, wrong, {**environment(), **credulous}) == (0, ["200"])
    assert visit(sink, wrong, {**preloaded(daemon.folder), **credulous}) == (0, ["200"])
    daemon.faults(FAULT)
    assert visit(sink, wrong, {**preloaded(daemon.folder), **credulous}) == (0, ["503"])
