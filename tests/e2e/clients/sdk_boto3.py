# SPDX-License-Identifier: Apache-2.0
"""boto3, one client: lists the buckets for each line; says the status and the error's code."""

import sys

import boto3
import signed
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

options = Config(retries={"max_attempts": 0}, read_timeout=float((*sys.argv, 20)[2]))
s3 = boto3.client("s3", "us-east-1", endpoint_url=sys.argv[1], config=options)
for _ in sys.stdin:
    try:
        signed.say(s3.list_buckets()["ResponseMetadata"]["HTTPStatusCode"], None, b"")
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        signed.say(status, error.response["Error"]["Code"], b"")
    except BotoCoreError as error:
        signed.fail(error)
