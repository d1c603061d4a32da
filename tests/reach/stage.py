#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Where AWS is this machine: a network of its own, in which the names of AWS lead to loopback, and
files of its own, in which the system trusts an authority made for this. Runs a command there, with
REACH_STAGE, the folder of that authority, in its environment. The world outside does not notice.

    unshare --net --mount tests/reach/stage.py FOLDER COMMAND [ARGUMENT]...
"""

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from tls import Authority  # noqa: E402

NAMES = (
    "s3.amazonaws.com", "bucket.s3.amazonaws.com", "s3.us-east-1.amazonaws.com",
    "bucket.s3.us-east-1.amazonaws.com", "s3.dualstack.us-east-1.amazonaws.com",
    "bucket.s3.dualstack.us-east-1.amazonaws.com", "dynamodb.us-east-1.amazonaws.com",
    "sqs.us-east-1.amazonaws.com", "lambda.us-east-1.amazonaws.com",
)  # fmt: skip
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
JAVA = Path("/etc/ssl/certs/java/cacerts")
# From linux/sockios.h and linux/if.h.
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def raise_loopback():
    with socket.socket() as any_socket:
        request = struct.pack("16sH14x", b"lo", IFF_UP)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, request)


def put(content, place):
    """Shows the file in the place of another."""
    subprocess.run(["mount", "--bind", content, place], check=True)


def name_hosts(folder):
    hosts = folder / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {' '.join(NAMES)}\n")
    put(hosts, "/etc/hosts")


def trust(folder, authority):
    bundle = folder / "bundle.pem"
    bundle.write_bytes(BUNDLE.read_bytes() + authority.ca.read_bytes())
    put(bundle, BUNDLE)
    if not JAVA.exists():
        return
    store = folder / "cacerts"
    shutil.copyfile(JAVA, store)
    command = ["keytool", "-importcert", "-noprompt", "-alias", "reach", "-storepass", "changeit"]
    subprocess.run([*command, "-keystore", store, "-file", authority.ca], check=True,
                   stderr=subprocess.DEVNULL)  # fmt: skip
    put(store, JAVA)


def main():
    folder = Path(sys.argv[1])
    raise_loopback()
    name_hosts(folder)
    trust(folder, Authority(folder))
    os.environ["REACH_STAGE"] = str(folder)
    os.execvp(sys.argv[2], sys.argv[2:])


main()
