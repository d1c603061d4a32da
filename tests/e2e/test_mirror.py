# SPDX-License-Identifier: Apache-2.0
"""Bridged or not, a program meets the same server: one that it would not have believed it does not
believe, and one that it would have taken it takes."""

import shutil
import subprocess

import pytest

from harness import BUILD, CLIENTS, TIMEOUT, environment, node_shares_openssl, preloaded
from tls import AWS_HOST, Authority, TlsSink

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
        self.signer = signer
        if wrong == "unknown-authority":
            self.ca = Authority(self._folder("another")).ca

    def mend(self):
        self._make(f"DNS:{AWS_HOST}", self.signer, "2", "mended")

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


def node(sink, authority, credulous, programs, folder):
    variables = {"NODE_TLS_REJECT_UNAUTHORIZED": "0"} if credulous else {}
    return ["node", CLIENTS / "node_https.js", sink.port, AWS_HOST], variables


def java(sink, authority, credulous, programs, folder):
    hosts = folder / "hosts"
    hosts.write_text(f"127.0.0.1 {AWS_HOST}\n")
    options = [*authority.java_options(), f"-Djdk.net.hosts.file={hosts}"]
    place = ["-XX:TieredStopAtLevel=1", "-cp", programs, "JavaHttps"]
    words = [f"https://{AWS_HOST}:{sink.port}/", *(["credulous"] if credulous else [])]
    return ["java", *options, *place, *words], {}


@pytest.fixture(params=[node, java])
def visit(request, sink, wrong, programs, tmp_path):
    """Calls the server as AWS'; returns the exit code and the statuses that were printed."""
    if not shutil.which(request.param.__name__):
        pytest.skip("it is not installed")
    if request.param is node and node_shares_openssl():
        pytest.skip("this Node is seen from inside")

    def visit(env, credulous=False):
        command, more = request.param(sink, wrong, credulous, programs, tmp_path)
        trusted = {name: str(value) for name, value in wrong.environment.items()}
        done = subprocess.run(
            list(map(str, command)), capture_output=True, text=True, timeout=TIMEOUT,
            env={**env, **trusted, **more},
        )  # fmt: skip
        return done.returncode, done.stdout.split()

    return visit


def test_server_that_is_not_believed_is_not_believed_behind_the_bridge(daemon, sink, visit):
    daemon.faults(FAULT)
    assert visit(environment()) == (1, [])
    assert visit(preloaded(daemon.folder)) == (1, [])
    sink.settle()
    assert sink.requests == []


def test_program_that_believes_everybody_gets_its_faults(daemon, visit):
    assert visit(environment(), credulous=True) == (0, ["200"])
    assert visit(preloaded(daemon.folder), credulous=True) == (0, ["200"])
    daemon.faults(FAULT)
    assert visit(preloaded(daemon.folder), credulous=True) == (0, ["503"])


def node_again(sink, authority, programs, folder):
    return ["node", CLIENTS / "node_again.js", sink.port, AWS_HOST]


def java_again(sink, authority, programs, folder):
    hosts = folder / "hosts"
    hosts.write_text(f"127.0.0.1 {AWS_HOST}\n")
    options = [*authority.java_options(), f"-Djdk.net.hosts.file={hosts}"]
    place = ["-XX:TieredStopAtLevel=1", "-cp", programs, "JavaAgain"]
    return ["java", *options, *place, f"https://{AWS_HOST}:{sink.port}/"]


@pytest.mark.parametrize("wrong", ["expired", "not-yet-valid", "other-name"], indirect=True)
@pytest.mark.parametrize("again", [node_again, java_again])
def test_server_that_is_mended_gives_its_faults_to_the_same_program(
    daemon, sink, wrong, programs, tmp_path, again
):
    """It was the server that the program refused, not us: nothing is told of, nothing is left alone."""
    program = again.__name__.removesuffix("_again")
    if not shutil.which(program) or (program == "node" and node_shares_openssl()):
        pytest.skip("it is not there, or seen from inside")
    daemon.faults(FAULT)
    words = map(str, again(sink, wrong, programs, tmp_path))
    trusted = {name: str(value) for name, value in wrong.environment.items()}
    with subprocess.Popen(
        [BUILD / "chaos-run", "-s", "-d", daemon.folder, *words], env=environment(**trusted),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1,
    ) as process:  # fmt: skip

        def visit():
            process.stdin.write("\n")
            return process.stdout.readline().strip()

        refused = [visit() for _ in range(3)]
        wrong.mend()
        sink.context = wrong.server_context()
        answers = [visit() for _ in range(2)]
        _, said = process.communicate(timeout=TIMEOUT)
    assert refused[0] and not refused[0].isdigit() and refused == refused[:1] * 3
    assert answers == ["503", "503"]
    assert (process.returncode, said) == (0, "")
