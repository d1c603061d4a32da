# SPDX-License-Identifier: Apache-2.0
"""A client over HTTPS, told of its server's authority as users do and of ours by nobody, finds what
a rule says in its own exceptions, and nothing is missed. Each makes its calls by one object."""

import pytest

from subjects import lanes

HALF = 0.5


@pytest.fixture
def rule(subject):
    """One for the client's service, as long as a test takes."""
    status, code = subject.client.error
    error = {"statusCode": status, "code": code}
    subject.daemon.faults({"service": subject.client.service, "error": error})
    yield status, code
    subject.daemon.faults()


@pytest.fixture
def latency(subject):
    subject.daemon.latency(HALF * 1000)
    yield HALF
    subject.daemon.latency(0)


def passes(subject):
    answer = subject.call()
    assert (answer.status, answer.code) == (200, "-"), answer
    return answer


def test_pass(subject):
    passes(subject)


def test_fault(subject, rule):
    before = subject.daemon.totals()["faults"]
    answer = subject.call()
    assert answer.code == rule[1], answer
    assert not subject.client.tells_status or answer.status == rule[0]
    assert subject.daemon.totals()["faults"] > before


def test_lifted(subject, rule):
    assert subject.call().code == rule[1]
    subject.daemon.faults()
    passes(subject)


def test_latency(subject, latency):
    before = subject.daemon.totals()["delayed"]
    assert passes(subject).seconds >= latency
    assert subject.daemon.totals()["delayed"] > before


def test_lane(subject):
    # What goes through the relay goes over the bridge there.
    wanted = {"supervised": {"relay", "bridge"}}
    assert lanes(subject.daemon) == wanted.get(subject.client.lane, {subject.client.lane})


def test_strict(subject):
    code, said = subject.finish()
    assert code == 0, said
    assert subject.daemon.totals()["blind"] == 0
