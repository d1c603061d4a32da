# SPDX-License-Identifier: Apache-2.0
"""http.client on one connection; an optional second argument is the read timeout in seconds, 0 for
a blocking socket."""

import http.client
import sys

import signed

timeout = float(sys.argv[2]) if len(sys.argv) > 2 else 20
kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
connection = kinds[signed.SCHEME](signed.HOST, int(sys.argv[1]), timeout=timeout or None)
for operation, body in signed.steps():
    try:
        connection.request("POST", "/", body, signed.headers(operation))
        response = connection.getresponse()
        signed.say(response.status, response.getheader("x-amzn-errortype"), response.read())
    except OSError as error:
        signed.fail(error)
        connection.close()
