# SPDX-License-Identifier: Apache-2.0
"""boto3[crt]: an upload by the AWS CRT for each line of standard input, by one client."""

import io
import sys

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError

s3 = boto3.client("s3")
config = TransferConfig(preferred_transfer_client="crt")


def outcome():
    try:
        s3.upload_fileobj(io.BytesIO(b"x"), "bucket", "crt", Config=config)
        return "200 -"
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return f"{status} {error.response['Error']['Code']}"
    except Exception as error:
        return f"error {type(error).__name__} {error}"


for _ in sys.stdin:
    print(outcome().replace("\n", " "), flush=True)
