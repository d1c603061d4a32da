# SPDX-License-Identifier: Apache-2.0
"""Requests as raw bytes, and a client that sends them piece by piece."""

import base64
import collections
import json

from harness import python

Response = collections.namedtuple("Response", "status fields body interim")


def scope(service="kinesis", region="us-east-1"):
    """The Authorization field of a signed request; the signature is made up."""
    return (
        f"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/{region}/{service}/"
        "aws4_request, SignedHeaders=host;x-amz-date, Signature=" + "0" * 64
    )


def kinesis(operation="PutRecord", region="us-east-1"):
    """The fields that make a request a Kinesis call."""
    return (
        scope("kinesis", region),
        "Content-Type: application/x-amz-json-1.1",
        f"X-Amz-Target: Kinesis_20131202.{operation}",
    )


def head(*fields, method="POST", target="/", host="127.0.0.1"):
    lines = (f"{method} {target} HTTP/1.1", f"Host: {host}", *fields, "", "")
    return "\r\n".join(lines).encode()


def request(*fields, body=b"", **line):
    """A whole request with a Content-Length."""
    return head(*fields, f"Content-Length: {len(body)}", **line) + body


def chunked(body, size):
    """A body in chunks of `size` bytes."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


class Wire:
    """A program that sends raw pieces over one connection at a time."""

    def __init__(self, start, port, **options):
        self.program = start(python("raw.py", port), **options)

    def send(self, *pieces, gap=0.0, no_body=False, wait_continue=False):
        order = {
            "pieces": [base64.b64encode(piece).decode() for piece in pieces],
            "gap": gap,
            "head": no_body,
            "wait_continue": wait_continue,
        }
        self.program.process.stdin.write(json.dumps(order).encode() + b"\n")
        self.program.process.stdin.flush()
        answer = json.loads(self.program.line())
        assert "error" not in answer, answer["error"]
        answer["body"] = base64.b64decode(answer["body"])
        return Response(**answer)
