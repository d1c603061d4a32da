# SPDX-License-Identifier: Apache-2.0
"""Calls of S3, one after the other: py_fetch.py URL METHOD:PATH:SIZE… Prints `STATUS BYTES` of each."""

import http.client
import sys
import urllib.parse

import signed

FIELDS = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=" + "0" * 64
}
url = urllib.parse.urlsplit(sys.argv[1])
kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
connection = kinds[url.scheme](url.hostname, url.port, timeout=20)
for word in sys.argv[2:]:
    method, path, size = word.split(":")
    try:
        connection.request(method, path, b"x" * int(size) if int(size) else None, FIELDS)
        response = connection.getresponse()
        print(response.status, len(response.read()), flush=True)
    except (OSError, http.client.HTTPException) as error:
        signed.fail(error)
        connection.close()
