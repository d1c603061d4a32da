# SPDX-License-Identifier: Apache-2.0
"""A urllib3 pool, retries off."""

import sys

import signed
import urllib3

url = f"{signed.SCHEME}://{signed.HOST}:{sys.argv[1]}"
pool = urllib3.connection_from_url(url, retries=False, timeout=20)
for operation, body in signed.steps():
    try:
        response = pool.request("POST", "/", body=body, headers=signed.headers(operation))
        signed.say(response.status, response.headers.get("x-amzn-errortype"), response.data)
    except urllib3.exceptions.HTTPError as error:
        signed.fail(error)
