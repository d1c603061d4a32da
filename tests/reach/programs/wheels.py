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


def obstore():
    from obstore.store import S3Store

    store = S3Store("bucket", config=KEYS)
    return lambda: store.list_with_delimiter()


def polars():
    import polars

    # It keeps its clients, by their options.
    return lambda: polars.scan_csv("s3://bucket/*.csv", storage_options=KEYS).collect()


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
    if found := re.search(r"\b([45]\d\d) .*<Code>(\w+)</Code>", said, re.DOTALL):
        return f"{found[1]} {found[2]}"
    # pyarrow's spelling, and no status.
    if found := re.search(r"AWS Error (\w+)", said):
        return f"0 {found[1].title().replace('_', '')}"
    return f"error {said}"


call = globals()[sys.argv[1]]()
for _ in sys.stdin:
    print(outcome(call).replace("\n", " "), flush=True)
