# SPDX-License-Identifier: Apache-2.0
"""The request that every steered client makes."""

import os
import ssl
import sys

SCHEME = os.environ.get("SCHEME", "http")
HOST = "localhost" if SCHEME == "https" else "127.0.0.1"
TARGET = "Kinesis_20131202."
HEADERS = {
    "X-Amz-Date": "20260101T000000Z",
    "Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/kinesis/"
    "aws4_request, SignedHeaders=host;x-amz-date;x-amz-target, Signature=" + "0" * 64,
}


def tls_context():
    """None for plain HTTP. CERTIFICATE and KEY, if they are set, are the client's own."""
    if SCHEME != "https":
        return None
    context = ssl.create_default_context()
    if "CERTIFICATE" in os.environ:
        context.load_cert_chain(os.environ["CERTIFICATE"], os.environ["KEY"])
    return context


def headers(operation):
    """The header fields besides Host and Content-Length."""
    if operation == "-":
        return {"Content-Type": "text/plain"}
    return {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": TARGET + operation,
        **HEADERS,
    }


def steps():
    """The requests asked for on standard input: (operation, body)."""
    for line in sys.stdin:
        operation, size = line.split()
        yield operation, b"x" * int(size)


def say(status, code, body):
    text = body.decode("utf-8", "replace").replace("\n", " ") if body else ""
    print(status, code or "-", text, flush=True)


def fail(error):
    print("error", type(error).__name__, str(error).replace("\n", " "), flush=True)
