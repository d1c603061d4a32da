# SPDX-License-Identifier: Apache-2.0
"""Makes the AWS calls that come as JSON lines, retries off; says as JSON what each came to."""

import functools
import json
import sys

import boto3
import botocore.model
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

ORDER = botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS


@functools.lru_cache(maxsize=None)
def client(service, region, protocol):
    if protocol:
        botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS = (protocol, *ORDER)
    config = Config(
        retries={"max_attempts": 0},
        read_timeout=float(sys.argv[2]),
        s3={"addressing_style": "path"},
        inject_host_prefix=False,
    )
    try:
        return boto3.session.Session().client(
            service, region_name=region, endpoint_url=sys.argv[1], config=config
        )
    finally:
        botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS = ORDER


def result(call):
    one = client(call["service"], call["region"], call["protocol"])
    try:
        response = getattr(one, call["operation"])(**call["params"])
    except ClientError as error:
        meta = error.response["ResponseMetadata"]
        return {
            "code": error.response["Error"].get("Code"),
            "message": error.response["Error"].get("Message"),
            "status": meta["HTTPStatusCode"],
            "request_id": meta.get("RequestId"),
            "retries": meta.get("RetryAttempts"),
            "class": type(error).__name__,
            "protocol": one.meta.service_model.resolved_protocol,
        }
    except BotoCoreError as error:
        return {"code": None, "class": type(error).__name__, "message": str(error)}
    return {"code": None, "status": response["ResponseMetadata"]["HTTPStatusCode"]}


for line in sys.stdin:
    print(json.dumps(result(json.loads(line))), flush=True)
