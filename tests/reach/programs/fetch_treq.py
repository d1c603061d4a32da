# SPDX-License-Identifier: Apache-2.0
"""treq on Twisted, whose OpenSSL is a part of its wheel: a request that looks signed for each line
of standard input, by one client."""

import os
import re
import sys

import treq
from twisted.internet.task import react
from twisted.internet.threads import deferToThread

URL = os.environ.get("AWS_ENDPOINT_URL", "https://s3.us-east-1.amazonaws.com")
SIGNED = {
    "X-Amz-Date": "20260101T000000Z",
    "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=0",
}


async def outcome():
    try:
        response = await treq.get(URL, headers=SIGNED)
        code = re.search("<Code>(.*)</Code>", await response.text())
        return f"{response.code} {code[1] if code else '-'}"
    except Exception as error:
        return f"error {type(error).__name__} {error}"


async def main(reactor):
    while await deferToThread(sys.stdin.readline):
        print((await outcome()).replace("\n", " "), flush=True)


react(main)
