# SPDX-License-Identifier: Apache-2.0
"""20 threads with 50 calls each over one pool; says how many came to which status."""

import collections
import sys
from concurrent.futures import ThreadPoolExecutor

import signed
import urllib3

url = f"{signed.SCHEME}://{signed.HOST}:{sys.argv[1]}/"
pool = urllib3.PoolManager(maxsize=20, block=True, retries=False, timeout=60)


def call(_):
    return pool.request("POST", url, body=b"x", headers=signed.headers("PutRecord")).status


with ThreadPoolExecutor(20) as threads:
    for status, count in sorted(collections.Counter(threads.map(call, range(1000))).items()):
        print(status, count)
