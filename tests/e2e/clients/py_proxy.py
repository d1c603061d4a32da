# SPDX-License-Identifier: Apache-2.0
"""requests through the proxy that the environment names; says the status."""

import sys

import requests
import signed

print(requests.post(sys.argv[1], b"{}", headers=signed.headers("PutRecord")).status_code)
