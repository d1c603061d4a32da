# SPDX-License-Identifier: Apache-2.0
"""botocore: the same call some times, whatever comes of it. Usage: client.py SERVICE CALLS TIMEOUT, in seconds."""

import sys

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

service, calls, timeout = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
client = botocore.session.get_session().create_client(
    service, config=Config(read_timeout=timeout, s3={'addressing_style': 'path'}))
call = client.list_buckets if service == 's3' else client.list_tables
for _ in range(calls):
    try:
        call()
    except (BotoCoreError, ClientError):
        pass
