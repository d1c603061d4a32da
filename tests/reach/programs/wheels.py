# SPDX-License-Identifier: Apache-2.0
"""Packages with a TLS of their own: a call for each line of standard input, by the same object if
there is one. What they tell of an error is a text. Usage: wheels.py KIND"""

import os
import re
import sys

ENDPOINT = os.environ.get("AWS_ENDPOINT_URL")
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "aws_region": "us-east-1"}
if ENDPOINT:
    KEYS["aws_endpoint"] = ENDPOINT
QUICK = {"max_retries": "0"}


def obstore():
    from obstore.store import S3Store

    store = S3Store("bucket", config=KEYS, retry_config={"max_retries": 0})
    return lambda: store.list_with_delimiter()


def polars():
    import polars

    # It keeps the clients, by their options.
    return lambda: polars.scan_csv(
        "s3://bucket/some.csv", storage_options={**KEYS, **QUICK}
    ).collect()


def deltalake():
    from deltalake import DeltaTable

    return lambda: DeltaTable.is_deltatable("s3://bucket/table", storage_options=KEYS)


def pyarrow():
    from pyarrow.fs import FileSelector, S3FileSystem

    scheme, _, host = (ENDPOINT or "").partition("://")
    more = {"endpoint_override": host, "scheme": scheme} if ENDPOINT else {}
    files = S3FileSystem(region="us-east-1", access_key="test", secret_key="test", **more)
    return lambda: files.get_file_info(FileSelector("bucket"))


def outcome(call):
    try:
        call()
        return "200 -"
    except Exception as error:
        said = f"{type(error).__name__} {error}"
    status = re.search(r"(?:status: |HTTP status code: |HTTP status |Client error.*?)(\d{3})", said)
    code = re.search(r"<Code>(\w+)</Code>|AWS Error (\w+)", said)
    if status and code:
        return f"{status[1]} {code[1] or code[2]}"
    return f"error {said}"


call = globals()[sys.argv[1]]()
for _ in sys.stdin:
    print(outcome(call).replace("\n", " "), flush=True)
