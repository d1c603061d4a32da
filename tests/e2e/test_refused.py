# SPDX-License-Identifier: Apache-2.0
"""Where a program does not let itself be bridged it goes on as it would have, and is told of by name."""

import ssl
import subprocess

import pytest

from harness import BUILD, CLIENTS, TIMEOUT, environment, node_shares_openssl
from tls import AWS_HOST, TlsSink

pytestmark = pytest.mark.skipif(node_shares_openssl(), reason="this Node is seen from inside")

FAULT = {"service": "kinesis", "operation": "PutRecord"}


@pytest.fixture
def visit(daemon, authority, tmp_path):
    """Visits a server as AWS'; returns what chaos-run ended with, the answers and what it said."""
    # Nothing names this file, so that nobody knows it for a bundle.
    pinned = tmp_path / "pinned"
    pinned.write_bytes(authority.ca.read_bytes())

    def visit(sink, count, *protocols, host=AWS_HOST):
        words = [sink.port, host, pinned, count, *protocols]
        done = subprocess.run(
            [BUILD / "chaos-run", "-s", "-d", daemon.folder, "node",
             CLIENTS / "node_pinned.js", *map(str, words)],
            capture_output=True, text=True, timeout=TIMEOUT,
            env=environment(**authority.environment),
        )  # fmt: skip
        return done.returncode, done.stdout.split(), done.stderr

    return visit


@pytest.mark.parametrize("protocols", [(), ("http/1.1",), ("h2", "http/1.1")])
def test_first_refusal_is_the_last(daemon, tls_sink, visit, protocols):
    """It believes but one authority, and no file of the system's tells it otherwise."""
    daemon.faults(FAULT)
    code, answers, said = visit(tls_sink, 3, *protocols)
    assert answers == ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "200", "200"]
    assert code == 125
    (line,) = [line for line in said.splitlines() if "any more" in line]
    assert AWS_HOST in line and "chaos-ctl ca" in line
    assert line.startswith("chaos-run: node, pid ")
    assert f"{AWS_HOST}, refused" in said


def test_client_that_offers_http2_alone_is_left_alone(daemon, visit, authority):
    daemon.faults(FAULT)
    sink = TlsSink(authority, alpn=("h2",))
    code, answers, said = visit(sink, 1, "h2")
    sink.close()
    assert (code, answers) == (125, ["200"])
    assert f"calls to {AWS_HOST} get no faults: does not offer http/1.1\n" in said


def test_server_that_wants_a_certificate_is_left_alone_from_then_on(daemon, visit, authority):
    daemon.faults(FAULT)
    sink = TlsSink(authority)
    sink.context.verify_mode = ssl.CERT_OPTIONAL
    sink.context.load_verify_locations(authority.ca)
    code, answers, said = visit(sink, 2)
    sink.close()
    assert (code, answers[1]) == (125, "200")
    (line,) = [line for line in said.splitlines() if "any more" in line]
    assert AWS_HOST in line and "certificate" in line


POSTS = """
const https = require("https");
const [host, ...ports] = process.argv.slice(1);
const headers = { host, "x-amz-target": "Kinesis_20131202.PutRecord" };
const post = (port) => new Promise((done) => {
    const options = { host: "127.0.0.1", port, servername: host, headers, method: "POST", agent: false };
    const request = https.request(options, (answer) => { answer.resume(); done(answer.statusCode); });
    request.on("error", (error) => done(error.code));
    request.end("{}");
});
(async () => { for (const port of ports) console.log(await post(port)); })();
"""


def test_server_that_wants_a_certificate_leaves_other_ports_alone(daemon, tls_sink, authority):
    daemon.faults(FAULT)
    sink = TlsSink(authority)
    sink.context.verify_mode = ssl.CERT_OPTIONAL
    sink.context.load_verify_locations(authority.ca)
    done = subprocess.run(
        [BUILD / "chaos-run", "-d", daemon.folder, "node", "-e", POSTS, AWS_HOST]
        + [str(one.port) for one in (sink, sink, tls_sink)],
        capture_output=True, text=True, timeout=TIMEOUT, env=environment(**authority.environment),
    )  # fmt: skip
    sink.close()
    assert done.stdout.split()[1:] == ["200", "503"]


def test_bridge_is_left_out_where_it_is_not_wanted(daemon, tls_sink, authority):
    daemon.faults(FAULT)
    words = [tls_sink.port, AWS_HOST, authority.ca, 2]
    done = subprocess.run(
        [BUILD / "chaos-run", "--no-bridge", "-d", daemon.folder, "node",
         CLIENTS / "node_pinned.js", *map(str, words)],
        capture_output=True, text=True, timeout=TIMEOUT,
        env=environment(**authority.environment),
    )  # fmt: skip
    assert done.stdout.split() == ["200", "200"]


def test_server_of_an_authority_that_node_is_not_told_of_fails_as_without(
    daemon, tls_sink, authority
):
    """It does not look into SSL_CERT_FILE."""
    ask = (
        f"require('https').get('{tls_sink.url}', answer => console.log(answer.statusCode))"
        ".on('error', error => console.log(error.code)).on('response', one => one.resume())"
    )
    named = environment(SSL_CERT_FILE=authority.ca, AWS_ENDPOINT_URL=tls_sink.url)
    for under in ([], [BUILD / "chaos-run", "-d", daemon.folder]):
        done = subprocess.run(
            [*under, "node", "-e", ask], capture_output=True, text=True, timeout=TIMEOUT, env=named
        )
        assert done.stdout == "UNABLE_TO_VERIFY_LEAF_SIGNATURE\n"


def test_refusal_is_told_of_when_the_program_ends_with_it(tls_sink, visit):
    code, answers, said = visit(tls_sink, 1)
    assert (code, answers) == (125, ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY"])
    assert f"{AWS_HOST}, refused" in said and "--intercept" not in said


def test_host_that_the_authority_is_not_good_for_is_left_alone(daemon, tls_sink, authority):
    """The daemon has begun before anybody spoke of it."""
    daemon.faults({})
    words = [tls_sink.port, "minio.test", authority.ca, 2]
    done = subprocess.run(
        [BUILD / "chaos-run", "-s", "-d", daemon.folder, "node",
         CLIENTS / "node_pinned.js", *map(str, words)],
        capture_output=True, text=True, timeout=TIMEOUT,
        env=environment(
            NODE_TLS_REJECT_UNAUTHORIZED="0", AWS_ENDPOINT_URL="https://minio.test:1",
        ),
    )  # fmt: skip
    assert (done.returncode, done.stdout.split()) == (125, ["200", "200"])
    (line,) = [line for line in done.stderr.splitlines() if "any more" in line]
    assert "minio.test" in line and "--intercept" in line


def test_program_that_refuses_many_hosts_is_left_alone_everywhere(tls_sink, visit):
    """More are not remembered: without that its calls to each other host would fail for ever."""
    hosts = ",".join(f"bucket{i}.s3.us-east-1.amazonaws.com" for i in range(20))
    _, answers, _ = visit(tls_sink, 2, host=hosts)
    assert answers == ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY"] * 17 + ["200"] * 23


def test_refusal_of_a_server_that_is_not_trusted_is_said_to_be_the_servers(daemon, tls_sink):
    """What would help against ours would not help here."""
    done = subprocess.run(
        [BUILD / "chaos-run", "-d", daemon.folder, "node", CLIENTS / "node_https.js",
         str(tls_sink.port), AWS_HOST],
        capture_output=True, text=True, timeout=TIMEOUT, env=environment(),
    )  # fmt: skip
    assert done.returncode != 0
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("chaos-run:")]
    assert f": it does not trust {AWS_HOST}, and would fail without chaos-run, too: " in line
    assert "NODE_EXTRA_CA_CERTS" in line and "chaos-ctl ca" not in line
