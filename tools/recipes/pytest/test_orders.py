# SPDX-License-Identifier: Apache-2.0
import boto3
import pytest
from botocore.config import Config

THROTTLED = {
    "service": "dynamodb",
    "operation": "PutItem",
    "error": {"statusCode": 400, "code": "ThrottlingException"},
}


@pytest.fixture
def dynamodb():
    twice = Config(retries={"mode": "standard", "total_max_attempts": 2})
    return boto3.client("dynamodb", region_name="us-east-1", config=twice)


def put(dynamodb):
    dynamodb.put_item(TableName="orders", Item={"id": {"S": "1"}})


def test_order_is_throttled(dynamodb, chaos):
    with chaos.faults([THROTTLED]) as faults, pytest.raises(dynamodb.exceptions.ClientError):
        put(dynamodb)
    assert faults.taken == 2


def test_order_is_kept(dynamodb):
    put(dynamodb)
