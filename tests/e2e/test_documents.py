# SPDX-License-Identifier: Apache-2.0
"""The commands and the outcomes that the two documents of the Chaos API and the outages print."""

import json
import subprocess
from pathlib import Path

import pytest

from harness import FAULTS, OUTAGES, environment

SEEDS = Path(__file__).parent / "seeds"
CHAOS_RULES = [
    {"service": "s3", "region": "us-east-1"},
    {"service": "s3", "region": "ap-south-1"},
    {"service": "lambda"},
]
KINESIS_RULE = {
    "service": "kinesis",
    "operation": "PutRecord",
    "probability": 0.3,
    "error": {"statusCode": 400, "code": "ProvisionedThroughputExceededException"},
}
OUTAGE_RULES = [
    {"service": "kms", "region": "us-east-1"},
    {"service": "s3", "region": "us-*"},
    {"service": "lambda", "region": "*"},
]
TRANSCRIBE_RULE = {"service": "transcribe", "region": "us-west-1"}


@pytest.fixture
def printed(daemon):
    """Runs a printed command with nothing but --unix-socket added; gives the parsed answer."""

    def printed(name):
        command = (SEEDS / f"{name}.curl").read_text()
        assert command.startswith("curl ")
        done = subprocess.run(
            ["sh", "-c", 'curl --unix-socket "$CHAOS_DIR/control.sock" ' + command[5:]],
            env=environment(CHAOS_DIR=daemon.folder),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return printed


@pytest.mark.parametrize(
    "path, command, before, after",
    [
        (FAULTS, "chaos-1-post", [KINESIS_RULE], CHAOS_RULES),
        (FAULTS, "chaos-2-clear", CHAOS_RULES, []),
        (FAULTS, "chaos-3-get", CHAOS_RULES, CHAOS_RULES),
        (FAULTS, "chaos-4-patch", CHAOS_RULES, [*CHAOS_RULES, KINESIS_RULE]),
        (FAULTS, "chaos-5-delete", CHAOS_RULES, CHAOS_RULES[:2]),
        (OUTAGES, "outages-1-post", [TRANSCRIBE_RULE], OUTAGE_RULES),
        (OUTAGES, "outages-2-clear", OUTAGE_RULES, []),
        (OUTAGES, "outages-3-get", OUTAGE_RULES, OUTAGE_RULES),
        (OUTAGES, "outages-4-patch", OUTAGE_RULES, [*OUTAGE_RULES, TRANSCRIBE_RULE]),
        (OUTAGES, "outages-5-delete", [TRANSCRIBE_RULE, *OUTAGE_RULES], OUTAGE_RULES),
    ],
)
def test_printed_command_works(daemon, printed, path, command, before, after):
    assert daemon.request("POST", path, before).status == 200
    assert printed(command) == after
    assert daemon.request("GET", path).json == after


def make_bucket(run, moto, bucket, region):
    return run(
        "aws", "s3", "mb", f"s3://{bucket}", "--region", region,
        AWS_ENDPOINT_URL=moto, AWS_MAX_ATTEMPTS=2,
    )  # fmt: skip


def test_aws_cli_fails_where_the_chaos_rules_say(printed, run, moto):
    printed("chaos-1-post")
    made = make_bucket(run, moto, "chaos-bucket", "us-east-1")
    assert made.returncode == 1
    assert (
        "make_bucket failed: s3://chaos-bucket An error occurred (ServiceUnavailable) when calling"
        " the CreateBucket operation (reached max retries: 1):"
        " Service 's3' not accessible due to an outage"
    ) in made.stderr


def test_aws_cli_works_in_a_region_without_a_rule(printed, run, moto):
    printed("chaos-1-post")
    made = make_bucket(run, moto, "works-bucket", "eu-central-1")
    assert (made.returncode, made.stdout, made.stderr) == (0, "make_bucket: works-bucket\n", "")


def test_aws_cli_works_again_once_the_rules_are_cleared(printed, run, moto):
    printed("chaos-1-post")
    printed("chaos-2-clear")
    assert make_bucket(run, moto, "cleared-bucket", "us-east-1").returncode == 0


def test_aws_cli_fails_where_the_outages_say(printed, run, moto):
    printed("outages-1-post")
    made = make_bucket(run, moto, "outage-bucket", "us-east-1")
    assert made.returncode == 1
    assert (
        "An error occurred (ServiceUnavailableException) when calling the CreateBucket operation"
        " (reached max retries: 1): Service 's3' not accessible in 'us-east-1' region due to an"
        " outage"
    ) in made.stderr


@pytest.mark.parametrize(
    "region, down",
    [
        ("us-east-1", True), ("us-east-2", True), ("us-west-1", True), ("us-west-2", True),
        ("us-gov-east-1", True), ("us-gov-west-1", True), ("eu-central-1", False),
    ],
)  # fmt: skip
def test_outage_for_us_regions_covers_exactly_those(printed, boto, sink, region, down):
    printed("outages-1-post")
    got = boto(sink.url)("s3", "delete_bucket", region, Bucket="b")
    assert got["code"] == ("ServiceUnavailableException" if down else None)


def test_outage_with_a_star_covers_all_regions(printed, boto, sink):
    printed("outages-1-post")
    call = boto(sink.url)
    for region in ("us-east-1", "ap-south-1", "cn-north-1"):
        got = call("lambda", "list_functions", region)
        assert (got["code"], got["message"]) == (
            "ServiceUnavailableException",
            f"Service 'lambda' not accessible in '{region}' region due to an outage",
        )


def test_kinesis_put_record_fails_as_throttled(printed, boto, moto, daemon):
    daemon.faults({**KINESIS_RULE, "probability": 1})
    got = boto(moto)("kinesis", "put_record", StreamName="s", Data="x", PartitionKey="k")
    assert (got["status"], got["code"], got["class"]) == (
        400,
        "ProvisionedThroughputExceededException",
        "ProvisionedThroughputExceededException",
    )
