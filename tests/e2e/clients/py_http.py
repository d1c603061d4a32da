# SPDX-License-Identifier: Apache-2.0
"""http.client on one connection; an optional second argument is the read timeout in seconds."""

import http.client
import sys

import signed

timeout = float(sys.argv[2]) if len(sys.argv) > 2 else 20
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=timeout)
for operation, body in signed.steps():
    try:
        connection.request("POST", "/", body, signed.headers(operation))
        response = connection.getresponse()
        signed.say(response.status, response.getheader("x-amzn-errortype"), response.read())
    except OSError as error:
        signed.fail(error)
        connection.close()
