# SPDX-License-Identifier: Apache-2.0
"""A requests session."""

import os
import sys

import requests
import signed

session = requests.Session()
session.trust_env = False
session.verify = os.environ.get("SSL_CERT_FILE", True)
url = f"{signed.SCHEME}://{signed.HOST}:{sys.argv[1]}/"
for operation, body in signed.steps():
    try:
        response = session.post(url, body, headers=signed.headers(operation), timeout=20)
        signed.say(response.status_code, response.headers.get("x-amzn-errortype"), response.content)
    except requests.RequestException as error:
        signed.fail(error)
