# SPDX-License-Identifier: Apache-2.0
"""boto3: a call for each line of standard input, always by the same client."""

import sys

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

OPERATIONS = {"s3": "list_buckets", "dynamodb": "list_tables", "sqs": "list_queues"}
config = Config(s3={"addressing_style": "path"})
clients = {name: boto3.client(name, config=config) for name in OPERATIONS}


def outcome(service):
    try:
        response = getattr(clients[service], OPERATIONS[service])()
        return f"{response['ResponseMetadata']['HTTPStatusCode']} -"
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return f"{status} {error.response['Error']['Code']}"
    except BotoCoreError as error:
        return f"error {error}"


for line in sys.stdin:
    print(outcome(line.split()[0]), flush=True)
