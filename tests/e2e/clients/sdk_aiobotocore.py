# SPDX-License-Identifier: Apache-2.0
"""aiobotocore, one client: lists the buckets for each line; says the status and the error's code."""

import asyncio
import sys

import signed
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError


async def main():
    options = AioConfig(retries={"max_attempts": 0}, read_timeout=float((*sys.argv, 20)[2]))
    place = {"region_name": "us-east-1", "endpoint_url": sys.argv[1]}
    async with get_session().create_client("s3", config=options, **place) as s3:
        for _ in sys.stdin:
            try:
                response = await s3.list_buckets()
                signed.say(response["ResponseMetadata"]["HTTPStatusCode"], None, b"")
            except ClientError as error:
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                signed.say(status, error.response["Error"]["Code"], b"")
            except BotoCoreError as error:
                signed.fail(error)


asyncio.run(main())
