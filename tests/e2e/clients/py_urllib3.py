# SPDX-License-Identifier: Apache-2.0
"""A urllib3 pool, retries off."""

import sys

import signed
import urllib3

pool = urllib3.HTTPConnectionPool("127.0.0.1", int(sys.argv[1]), retries=False, timeout=20)
for operation, body in signed.steps():
    try:
        response = pool.request("POST", "/", body=body, headers=signed.headers(operation))
        signed.say(response.status, response.headers.get("x-amzn-errortype"), response.data)
    except urllib3.exceptions.HTTPError as error:
        signed.fail(error)
