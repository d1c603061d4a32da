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


def begun(pieces, decisive):
    """What goes out of a request before the piece that completes its first `decisive` bytes."""
    gone = b""
    for piece in pieces:
        if len(gone) + len(piece) >= decisive:
            return gone
        gone += piece


def assert_only_begun(sink, pieces, decisive):
    """What the sink has beside whole requests is what goes out before the decision falls."""
    gone = begun(pieces, decisive)
    assert all(gone.startswith(rest) for rest in sink.unfinished)


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


Reply = collections.namedtuple("Reply", "status fields interim seconds body")
End = collections.namedtuple("End", "rest how")


class Steps:
    """Has a program of clients/steps.py do one step after the other with one connection."""

    def __init__(self, program, sink):
        self.program, self.sink = program, sink

    def __call__(self, *steps):
        """Does the steps, each a name or a tuple; returns what came of the last."""
        return self.all(*steps)[-1]

    def all(self, *steps):
        """Returns what came of each step."""
        steps = [(step,) if isinstance(step, str) else step for step in steps]
        steps = [("connect", self.sink.port) if step == ("connect",) else step for step in steps]
        line = json.dumps([[_text(word) for word in step] for step in steps])
        self.program.process.stdin.write(line.encode() + b"\n")
        self.program.process.stdin.flush()
        try:
            came = json.loads(self.program.line())
        except AssertionError:
            self.program.kill()
            raise
        assert not (isinstance(came[-1], dict) and "error" in came[-1]), came
        return [_parsed(step[0], answer) for step, answer in zip(steps, came, strict=True)]

    def finish(self):
        """Ends the connection, and waits until nothing more can reach the server."""
        self("close")
        self.sink.settle()


def _text(word):
    return base64.b64encode(word).decode() if isinstance(word, bytes) else word


def _parsed(name, answer):
    if name == "reply":
        answer["body"] = base64.b64decode(answer["body"])
        return Reply(**answer)
    if name == "end":
        return End(base64.b64decode(answer["rest"]), answer["how"])
    return answer
