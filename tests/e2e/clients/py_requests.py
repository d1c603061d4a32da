# SPDX-License-Identifier: Apache-2.0
"""A requests session."""

import sys

import requests
import signed

session = requests.Session()
session.trust_env = False
for operation, body in signed.steps():
    try:
        response = session.post(
            f"http://127.0.0.1:{sys.argv[1]}/", body, headers=signed.headers(operation), timeout=20
        )
        signed.say(response.status_code, response.headers.get("x-amzn-errortype"), response.content)
    except requests.RequestException as error:
        signed.fail(error)
