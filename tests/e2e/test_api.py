# SPDX-License-Identifier: Apache-2.0
"""The control API as its clients see it."""

import http.client
import json
import subprocess

import pytest

from conftest import free_port
from harness import (
    BUILD, EFFECTS, FAULTS, OUTAGES, STATUS, TIMEOUT, Daemon, UnixConnection, environment, talk,
)  # fmt: skip

RULE = {"service": "s3", "region": "us-east-1"}
OTHER = {"service": "lambda"}


def test_answer_is_the_configuration_as_it_was_sent(daemon):
    rules = [
        {"region": "eu-west-1", "service": "s3", "probability": 1.0, "description": "Größe"},
        {"error": {"code": "SlowDown"}, "operation": "ListObjectsV2"},
        {},
    ]
    reply = daemon.request("POST", FAULTS, rules)
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.json == rules
    # The order of the keys, too, is as it was sent.
    assert [list(rule) for rule in reply.json] == [list(rule) for rule in rules]
    assert daemon.request("GET", FAULTS).body == reply.body


def test_post_replaces(daemon):
    daemon.faults(RULE)
    assert daemon.faults(OTHER) == [OTHER]


def test_patch_appends(daemon):
    daemon.faults(RULE)
    assert daemon.request("PATCH", FAULTS, [OTHER]).json == [RULE, OTHER]


def test_delete_removes_the_equal_rule_whatever_the_order_of_its_keys(daemon):
    daemon.faults(RULE, OTHER)
    assert daemon.request("DELETE", FAULTS, [dict(reversed(RULE.items()))]).json == [OTHER]


def test_delete_leaves_a_rule_that_only_resembles(daemon):
    daemon.faults(RULE)
    assert daemon.request("DELETE", FAULTS, [{"service": "s3"}]).json == [RULE]


def test_faults_outages_and_effects_are_apart(daemon):
    daemon.faults(RULE)
    daemon.outages({"service": "kms", "region": "*"})
    daemon.latency(7)
    assert daemon.faults() == []
    assert daemon.request("GET", OUTAGES).json == [{"service": "kms", "region": "*"}]
    assert daemon.request("GET", EFFECTS).json == {"latency": 7}


def test_nothing_is_in_force_at_first(daemon):
    assert daemon.request("GET", FAULTS).json == []
    assert daemon.request("GET", OUTAGES).json == []
    assert daemon.request("GET", EFFECTS).json == {"latency": 0}


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_body_counts_as_json_whatever_its_content_type(daemon, content_type):
    headers = {"Content-Type": content_type} if content_type else {}
    assert daemon.request("POST", FAULTS, [RULE], headers).json == [RULE]


def test_trailing_commas_are_accepted(daemon):
    assert daemon.request("POST", FAULTS, b'[{"service": "lambda",},]').json == [OTHER]


BAD = [
    (b'[{"service": 3}]', {"rule": 1, "field": "service"}),
    (b'[{}, {"region": ""}]', {"rule": 2, "field": "region"}),
    (b'[{"regoin": "us-east-1"}]', {"rule": 1, "field": "regoin"}),
    (b'[{"probability": 1.5}]', {"rule": 1, "field": "probability"}),
    (b'[{"probability": "1"}]', {"rule": 1, "field": "probability"}),
    (b'[{"error": {"statusCode": 200}}]', {"rule": 1, "field": "error.statusCode"}),
    (b'[{"error": {"statusCode": 600}}]', {"rule": 1, "field": "error.statusCode"}),
    (b'[{"error": {"statusCode": 500.5}}]', {"rule": 1, "field": "error.statusCode"}),
    (b'[{"error": {"code": "a:b"}}]', {"rule": 1, "field": "error.code"}),
    (b'[{"error": {"text": ""}}]', {"rule": 1, "field": "error.text"}),
    (b'[{"error": "503"}]', {"rule": 1, "field": "error"}),
    (b"[3]", {"rule": 1}),
    (b'[{"service": "s3"}, {"service": "s3"}]', {"rule": 2}),
    (b'{"service": "s3"}', {}),
    (b'[\n  {"service": s3}\n]', {"line": 2, "column": 15}),
    (b'[{"service": "s3"}', {"line": 1}),
    (b"", {}),
    (b"\xff\xfe", {"line": 1}),
]


@pytest.mark.parametrize("body, names", BAD, ids=[repr(body) for body, _ in BAD])
def test_bad_body_is_refused_by_place_and_changes_nothing(daemon, body, names):
    daemon.faults(RULE)
    reply = daemon.request("POST", FAULTS, body)
    assert reply.status == 400
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.json["message"]
    assert {name: reply.json.get(name) for name in names} == names
    assert daemon.request("GET", FAULTS).json == [RULE]


@pytest.mark.parametrize(
    "body", [b"{}", b'{"latency": -1}', b'{"latency": "1"}', b'{"jitter": 1}', b"[]"]
)
def test_bad_effects_are_refused(daemon, body):
    daemon.latency(3)
    assert daemon.request("POST", EFFECTS, body).status == 400
    assert daemon.request("GET", EFFECTS).json == {"latency": 3}


def test_unknown_path_is_404_in_json(daemon):
    reply = daemon.request("GET", "/nowhere")
    assert (reply.status, "message" in reply.json) == (404, True)


@pytest.mark.parametrize(
    "path, method, allowed",
    [
        (FAULTS, "PUT", {"GET", "POST", "PATCH", "DELETE"}),
        (OUTAGES, "PUT", {"GET", "POST", "PATCH", "DELETE"}),
        (EFFECTS, "DELETE", {"GET", "POST"}),
        (STATUS, "POST", {"GET"}),
    ],
)
def test_wrong_method_is_405_with_allow(daemon, path, method, allowed):
    reply = daemon.request(method, path)
    assert reply.status == 405
    assert "message" in reply.json
    assert allowed <= set(reply.headers["Allow"].replace(" ", "").split(","))


def test_body_over_8_mib_is_413_in_json(daemon):
    reply = daemon.request("POST", FAULTS, b" " * (8 << 20) + b"[]")
    assert (reply.status, "message" in reply.json) == (413, True)
    assert daemon.request("POST", FAULTS, b" " * ((8 << 20) - 2) + b"[]").status == 200


@pytest.mark.parametrize(
    "rule, meant",
    [
        ({"service": "kinesys"}, "kinesis"),
        ({"service": "kinesis", "operation": "PutRecrd"}, "PutRecord"),
    ],
)
def test_unknown_name_is_accepted_with_a_warning(daemon, rule, meant):
    reply = daemon.request("POST", FAULTS, [rule])
    assert (reply.status, reply.json) == (200, [rule])
    assert meant in reply.headers["X-Chaos-Warning"]


def test_known_names_bring_no_warning(daemon):
    rule = {"service": "s3", "operation": "ListObjectsV2", "region": "eu-west-1"}
    assert "X-Chaos-Warning" not in daemon.request("POST", FAULTS, [rule]).headers


def test_table_holds_65536_rules_and_says_when_it_is_full(daemon):
    def rules(count):
        return [{"operation": f"O{number}"} for number in range(count)]

    assert len(daemon.request("POST", FAULTS, rules(65536)).json) == 65536
    reply = daemon.request("PATCH", FAULTS, [{"operation": "OneMore"}])
    assert reply.status >= 400
    assert "65,536" in reply.json["message"]
    assert len(daemon.request("GET", FAULTS).json) == 65536


def test_status_says_what_is_in_force(daemon):
    daemon.faults(RULE, OTHER)
    status = daemon.request("GET", STATUS).json
    assert status["pid"] == daemon.process.pid


# ---- over TCP ----


@pytest.fixture
def listening():
    port = free_port()
    one = Daemon(None, "--listen", f"127.0.0.1:{port}").start()

    def request(headers, method="GET", body=None):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
        return talk(connection, method, FAULTS, body, headers)

    yield request
    one.remove()


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "127.0.0.1", "[::1]", "localhost.localstack.cloud",
        "outages.localhost.localstack.cloud", "localhost:4566",
    ],
)  # fmt: skip
def test_own_host_is_served(listening, host):
    assert listening({"Host": host}).status == 200


@pytest.mark.parametrize("host", ["example.com", "localhost.example.com", "192.168.0.1"])
def test_foreign_host_is_refused(listening, host):
    assert listening({"Host": host}).status == 403


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("origin", ["http://example.com", "https://localhost.example.com", "null"])
def test_foreign_origin_is_refused(listening, method, origin):
    assert listening({"Origin": origin}, method, [] if method == "POST" else None).status == 403


def test_own_origin_is_served(listening):
    assert listening({"Origin": "http://localhost:3000"}).status == 200


@pytest.mark.parametrize("address", ["0.0.0.0:4566", "192.168.0.1:4566", "[::]:4566", "4566x"])
def test_only_loopback_is_listened_on(daemon, address):
    daemon.end()
    done = subprocess.run(
        [BUILD / "chaos-control", "-d", daemon.folder, "--listen", address],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        env=environment(),
    )
    assert done.returncode not in (0, None)
    assert "loopback" in done.stderr


def test_no_port_is_open_by_default(daemon):
    entries = subprocess.run(
        ["find", f"/proc/{daemon.process.pid}/fd", "-lname", "socket:*", "-printf", "%l\n"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    open_sockets = {entry[len("socket:[") : -1] for entry in entries.split()}
    tcp = [line.split()[9] for name in ("tcp", "tcp6") for line in open(f"/proc/net/{name}")]
    assert not open_sockets & set(tcp)


def test_requests_of_one_connection_are_served_one_after_the_other(daemon):
    connection = UnixConnection(daemon.socket)
    for number in range(50):
        rules = [{"operation": f"O{number}"}]
        connection.request("POST", FAULTS, json.dumps(rules))
        assert json.loads(connection.getresponse().read()) == rules
    connection.close()
