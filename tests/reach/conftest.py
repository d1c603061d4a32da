# SPDX-License-Identifier: Apache-2.0
import functools
import http.client
import os
import re
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

import clients
from harness import Daemon, environment, start_moto
from subjects import Repeated, Steered
from tls import Authority

STAGE = os.environ.get("REACH_STAGE")
# By what programs are told of authorities; the user's own have no part in this.
TRUST = (
    "AWS_CA_BUNDLE", "CURL_CA_BUNDLE", "DENO_CERT", "GIT_SSL_CAINFO", "NIX_SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS", "PERL_LWP_SSL_CA_FILE", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR",
    "SSL_CERT_FILE",
)  # fmt: skip
# Of the clients at hand these, one of a kind, go to AWS' own names, too.
ALSO_BY_NAME = ("boto3 s3", "curl", "Node SDK v3 s3", "Java SDK v2 apache5")


def pytest_addoption(parser):
    parser.addoption("--installed", action="store_true", help="all clients, not only those at hand")


def places(client, installed):
    if client.trusts_system_alone:
        return ["aws"]
    by_name = installed or client.name in ALSO_BY_NAME
    return ["localhost", "aws"] if by_name else ["localhost"]


def pytest_generate_tests(metafunc):
    if "subject" not in metafunc.fixturenames:
        return
    installed = metafunc.config.getoption("installed")
    chosen = clients.CLIENTS if installed else clients.AT_HAND
    pairs = [(one, place) for one in chosen for place in places(one, installed)]
    names = [f"{one.name} at {place}" for one, place in pairs]
    metafunc.parametrize("subject", pairs, ids=names, indirect=True, scope="module")


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(STAGE or tmp_path_factory.mktemp("authority"))


def fill(authority, port):
    context = ssl.create_default_context(cafile=authority.ca)
    connection = http.client.HTTPSConnection("localhost", port, context=context)
    host = {"Host": "s3.us-east-1.amazonaws.com"}
    for path, content in (("/bucket", b""), ("/bucket/some.csv", b"one,other\n")):
        connection.request("PUT", path, content, host)
        response = connection.getresponse()
        assert response.status == 200, response.read()
        response.read()
    connection.close()


@pytest.fixture(scope="session")
def serve(authority):
    """Starts AWS behind TLS, at a port of its own or at this one: serve(port) gives the port."""
    servers = []

    @functools.cache
    def serve(port=None):
        server, port = start_moto("-c", authority.certificate, "-k", authority.key, port=port)
        servers.append(server)
        fill(authority, port)
        return port

    yield serve
    for server in servers:
        server.kill()
        server.wait()


@pytest.fixture(scope="session")
def classes(tmp_path_factory):
    """Compiles the program in Java; gives the class path for a folder of jars."""

    @functools.cache
    def classes(jars):
        folder = tmp_path_factory.mktemp("java")
        command = ["javac", "-XDsuppressNotes", "-cp", f"{jars}/*", "-d", folder]
        subprocess.run([*command, clients.PROGRAMS / "Sdk.java"], check=True)
        return f"{folder}:{jars}/*"

    return classes


def told(client, authority, endpoint, words):
    """The environment of a user with this endpoint, or with none where the system trusts."""
    env = environment(AWS_REGION="us-east-1", AWS_DEFAULT_REGION="us-east-1", AWS_MAX_ATTEMPTS="1")
    for name in TRUST:
        env.pop(name, None)
    env.update({name: text.format(**words) for name, text in client.environment.items()})
    if endpoint or client.has_own_store:
        env.update(dict.fromkeys(client.trust, str(authority.ca)))
    if endpoint:
        env["AWS_ENDPOINT_URL"] = endpoint
    return env


@pytest.fixture(scope="module")
def subject(request, authority, serve, classes, tmp_path_factory):
    client, place = request.param
    if not client.is_there():
        pytest.skip(f"{client.name} is not installed")
    if place == "aws" and not STAGE:
        pytest.skip("there is no network of our own")
    port = serve(443 if place == "aws" else None)
    url = f"https://localhost:{port}" if place == "localhost" else None
    words = {
        "ca": authority.ca,
        "folder": tmp_path_factory.mktemp("folder"),
        "url": url or f"https://{client.service}.us-east-1.amazonaws.com",
    }
    if client.command[0] == "java":
        words.update(store=authority.java_store(), classes=classes(client.needs))
    env = told(client, authority, url, words)
    program, *rest = client.command
    told_so = client.options if url else ()
    command = [str(word).format(**words) for word in (program, *told_so, *rest)]
    if client.before:
        subprocess.run([str(word).format(**words) for word in client.before], env=env, check=True)
    daemon = Daemon().start()
    kind = Repeated if client.said else Steered
    one = kind(client, daemon, command, env)
    yield one
    one.kill()
    daemon.remove()


class Table:
    """What came of it, for the end of a long run."""

    COLUMNS = ("pass", "fault", "latency", "lifted", "strict")
    FORMAT = "{:<26} {:<18} {:<10} {:<10}" + " {:<8}" * len(COLUMNS)

    def __init__(self):
        self.rows = {}

    def pytest_runtest_logreport(self, report):
        found = re.fullmatch(r".*::test_(\w+)\[(.+) at (\w+)\]", report.nodeid)
        if found and not (report.when == "teardown" and report.passed):
            column, *row = found.groups()
            so_far = self.rows.setdefault(tuple(row), {}).get(column, "passed")
            if so_far == "passed":
                self.rows[tuple(row)][column] = report.outcome

    def _lines(self):
        yield "client", "version", "lane", "server", *self.COLUMNS
        for client in clients.CLIENTS:
            version = ", ".join(tell() for tell in client.versions) if client.is_there() else "-"
            for place in ("localhost", "aws"):
                cells = self.rows.get((client.name, place), {})
                told = {name: "yes" if one == "passed" else one for name, one in cells.items()}
                lane = client.lane if told.pop("lane", None) == "yes" else "?"
                if cells:
                    rest = [told.get(column, "-") for column in self.COLUMNS]
                    yield client.name, version, lane, place, *rest

    def pytest_terminal_summary(self, terminalreporter):
        for line in self._lines():
            terminalreporter.write_line(self.FORMAT.format(*line).rstrip())


def pytest_configure(config):
    if config.getoption("installed"):
        config.pluginmanager.register(Table())
