# SPDX-License-Identifier: Apache-2.0
"""libcurl by pycurl, one handle. The wheel brings an OpenSSL of its own, beside that of _ssl."""

import io
import os
import sys

import pycurl
import signed

handle = pycurl.Curl()
handle.setopt(pycurl.URL, f"{signed.SCHEME}://{signed.HOST}:{sys.argv[1]}/")
handle.setopt(pycurl.TIMEOUT, 20)
handle.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
if "SSL_CERT_FILE" in os.environ:
    handle.setopt(pycurl.CAINFO, os.environ["SSL_CERT_FILE"])
for operation, body in signed.steps():
    head, data = io.BytesIO(), io.BytesIO()
    fields = {**signed.headers(operation), "Expect": ""}
    handle.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in fields.items()])
    handle.setopt(pycurl.POSTFIELDS, body)
    handle.setopt(pycurl.HEADERFUNCTION, head.write)
    handle.setopt(pycurl.WRITEFUNCTION, data.write)
    try:
        handle.perform()
    except pycurl.error as error:
        signed.fail(error)
        continue
    codes = [line[18:].strip() for line in head.getvalue().decode().split("\n")
             if line.lower().startswith("x-amzn-errortype: ")]  # fmt: skip
    signed.say(handle.getinfo(pycurl.RESPONSE_CODE), *(codes or ["-"]), data.getvalue())
