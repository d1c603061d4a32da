# SPDX-License-Identifier: Apache-2.0
"""Which calls a rule is about, and from when on."""

import math

import pytest

from harness import CLIENTS, python
from wire import kinesis, request

FAULT = {"service": "kinesis", "operation": "PutRecord"}
CALLS = 2000


@pytest.fixture
def steered(client, sink):
    return client(python("py_http.py", sink.port))


def codes(client, *operations):
    return [client.ask(operation).code for operation in operations]


def test_rule_holds_for_the_very_next_request_on_an_open_connection(daemon, steered, sink):
    assert steered.ask().status == 200
    daemon.faults(FAULT)
    assert steered.ask().status == 503
    assert len(sink.connections) == 1


def test_cleared_rules_let_the_very_next_request_pass(daemon, steered):
    daemon.faults(FAULT)
    assert steered.ask().status == 503
    daemon.faults()
    assert steered.ask().status == 200


def test_every_change_holds_at_once_over_many_changes(daemon, steered):
    for round_ in range(50):
        daemon.faults({**FAULT, "error": {"code": f"Code{round_}"}})
        assert steered.ask().code == f"Code{round_}"
        daemon.faults()
        assert steered.ask().status == 200


def test_rule_for_an_operation_leaves_others_alone(daemon, steered):
    daemon.faults(FAULT)
    seen = codes(steered, "ListStreams", "PutRecord", "PutRecords")
    assert seen == ["-", "ServiceUnavailable", "-"]


def test_rule_for_a_region_leaves_others_alone(daemon, wire, sink):
    daemon.faults({"region": "eu-west-1"})
    one = wire(sink.port)
    for region, status in (("us-east-1", 200), ("eu-west-1", 503), ("eu-west-2", 200)):
        assert one.send(request(*kinesis(region=region), body=b"{}")).status == status


def test_empty_rule_is_about_every_call(daemon, steered):
    daemon.faults({})
    assert steered.ask("ListStreams").status == 503


def test_request_that_is_not_aws_is_never_faulted(daemon, steered):
    daemon.faults({})
    assert steered.ask("-").status == 200


def test_first_match_wins(daemon, steered):
    daemon.faults(
        {**FAULT, "error": {"code": "First"}},
        {"service": "kinesis", "error": {"code": "Second"}},
        {"error": {"code": "Third"}},
    )
    assert codes(steered, "PutRecord", "ListStreams") == ["First", "Second"]


def test_rule_with_probability_zero_lets_the_next_one_try(daemon, steered):
    daemon.faults(
        {**FAULT, "probability": 0, "error": {"code": "Never"}},
        {**FAULT, "error": {"code": "Next"}},
    )
    assert codes(steered, "PutRecord") == ["Next"]


def test_outages_are_looked_up_before_faults(daemon, steered):
    daemon.faults({**FAULT, "error": {"code": "Fault"}})
    daemon.outages({"service": "kinesis", "region": "us-*"})
    assert codes(steered, "PutRecord") == ["ServiceUnavailableException"]


@pytest.mark.parametrize(
    "rule",
    [
        {"region": "us-*"},
        {"region": "us-east-?"},
        {"service": "kin*"},
        {"operation": "Put*"},
        {"operation": "*Record"},
        {"service": "*", "region": "*", "operation": "*"},
    ],
)
def test_glob_matches(daemon, steered, rule):
    daemon.faults(rule)
    assert steered.ask().status == 503


@pytest.mark.parametrize(
    "rule",
    [
        {"region": "eu-*"},
        {"region": "us-east-??"},
        {"service": "kinesis?"},
        {"operation": "put*"},
        {"service": "Kinesis"},
        {"operation": "PutRecor"},
    ],
)
def test_name_that_differs_does_not_match(daemon, steered, rule):
    daemon.faults(rule)
    assert steered.ask().status == 200


def binomial_bounds(count, probability, risk):
    """The least and the most successes that a fair draw leaves with less than `risk`."""
    weights = [
        math.exp(
            math.lgamma(count + 1) - math.lgamma(hits + 1) - math.lgamma(count - hits + 1)
            + hits * math.log(probability) + (count - hits) * math.log(1 - probability)
        )
        for hits in range(count + 1)
    ]  # fmt: skip
    low = high = 0.0
    least, most = 0, count
    while low + weights[least] < risk / 2:
        low += weights[least]
        least += 1
    while high + weights[most] < risk / 2:
        high += weights[most]
        most -= 1
    return least, most


@pytest.mark.parametrize("probability", [0, 0.3, 1])
def test_probability_over_2000_calls(daemon, client, sink, programs, probability):
    least, most = {
        0: (0, 0),
        1: (CALLS, CALLS),
        0.3: binomial_bounds(CALLS, 0.3, 1e-6),
    }[probability]
    daemon.faults({**FAULT, "probability": probability})
    one = client([programs / "socket_client", sink.port, "send", "block", "recv"])
    faults = sum(one.ask().status == 503 for _ in range(CALLS))
    assert least <= faults <= most
    assert len(sink.requests) == CALLS - faults


def test_last_of_10000_rules_matches_all_the_same(daemon, steered, sink):
    others = [
        {"service": "kinesis", "operation": f"Operation{number}", "region": f"region-{number % 50}"}
        for number in range(9999)
    ]
    daemon.faults(*others, {**FAULT, "error": {"statusCode": 400, "code": "TheLast"}})
    got = steered.ask()
    assert (got.status, got.code) == (400, "TheLast")
    assert steered.ask("ListStreams").status == 200
    assert [r.headers["x-amz-target"] for r in sink.requests] == ["Kinesis_20131202.ListStreams"]


def test_last_of_10000_globs_matches_all_the_same(daemon, steered):
    others = [{"operation": f"Operation{number}*"} for number in range(9999)]
    daemon.faults(*others, {"operation": "Put*", "error": {"code": "TheLast"}})
    assert codes(steered, "PutRecord", "ListStreams") == ["TheLast", "-"]


def test_threads_fail_exactly_as_often_as_faults_were_injected(daemon, run, sink):
    daemon.faults({**FAULT, "probability": 0.3})
    done = run(*python("py_threads.py", sink.port, 8, 100))
    assert done.returncode == 0, done.stderr
    served, failed = map(int, done.stdout.split())
    assert served + failed == 800
    sink.settle()
    assert len(sink.requests) == served
    totals = daemon.totals()
    assert (totals["calls"], totals["faults"]) == (800, failed)
    # None at all is less likely than once in 10^123 runs.
    assert failed > 0
