# SPDX-License-Identifier: Apache-2.0
"""Two copies of OpenSSL take turns in one process: that of _ssl, and that of the pycurl wheel."""

import http.client
import io
import os
import sys

import pycurl
import signed

copies = {line.split()[-1] for line in open("/proc/self/maps") if "libssl" in line}
assert len(copies) == 2, copies
connection = http.client.HTTPSConnection("localhost", int(sys.argv[1]), timeout=20)
handle = pycurl.Curl()
handle.setopt(pycurl.URL, f"https://localhost:{sys.argv[1]}/")
handle.setopt(pycurl.CAINFO, os.environ["SSL_CERT_FILE"])
handle.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
for operation, body in signed.steps():
    fields = signed.headers(operation)
    data = io.BytesIO()
    handle.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in fields.items()])
    handle.setopt(pycurl.POSTFIELDS, body)
    handle.setopt(pycurl.WRITEFUNCTION, data.write)
    handle.perform()
    connection.request("POST", "/", body, fields)
    response = connection.getresponse()
    response.read()
    signed.say(handle.getinfo(pycurl.RESPONSE_CODE), response.status, data.getvalue())
