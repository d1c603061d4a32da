# SPDX-License-Identifier: Apache-2.0
import json
import os
import shutil
import subprocess

import pytest

from harness import (
    BUILD, CLIENTS, TIMEOUT, Client, Daemon, environment, free_port, preloaded, python, start_moto,
)  # fmt: skip
from sink import Sink
from tls import Authority, TlsSink
from wire import Wire


@pytest.fixture
def daemon():
    one = Daemon().start()
    yield one
    one.remove()


@pytest.fixture
def sink():
    one = Sink()
    yield one
    one.close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def tls_sink(authority):
    one = TlsSink(authority)
    yield one
    one.close()


@pytest.fixture
def run(daemon):
    """Runs a command under chaos-run and returns the finished process, output as text."""

    def run(*command, check=False, timeout=2 * TIMEOUT, input=None, **env):
        return subprocess.run(
            [BUILD / "chaos-run", "-d", daemon.folder, "--", *map(str, command)],
            stdin=None if input is not None else subprocess.DEVNULL,
            input=input,
            capture_output=True,
            text=True,
            env=environment(**env),
            timeout=timeout,
            check=check,
        )

    return run


@pytest.fixture
def client(daemon):
    """Starts a steered client under the shim (or plainly, with shim=False)."""
    started = []

    def start(command, shim=True, folder=None, **env):
        wanted = preloaded(folder or daemon.folder, **env) if shim else environment(**env)
        started.append(Client(command, wanted))
        return started[-1]

    yield start
    for one in started:
        one.kill()


@pytest.fixture
def wire(client):
    """Starts a program under the shim that sends raw pieces: wire(port).send(…)."""

    def start(port, **options):
        return Wire(client, port, **options)

    return start


@pytest.fixture
def boto(client):
    """Calls AWS operations by boto3 in a process under the shim: boto(endpoint)(service, …)."""

    def start(endpoint, read_timeout=20, **options):
        program = client(python("boto_client.py", endpoint, read_timeout), **options)

        def call(service, operation, region="us-east-1", protocol=None, **params):
            line = {
                "service": service,
                "operation": operation,
                "region": region,
                "protocol": protocol,
                "params": params,
            }
            program.process.stdin.write(json.dumps(line).encode() + b"\n")
            program.process.stdin.flush()
            return json.loads(program.line())

        return call

    return start


@pytest.fixture(scope="session")
def moto():
    """A real AWS backend; gives its URL."""
    server, port = start_moto()
    yield f"http://127.0.0.1:{port}"
    server.kill()
    server.wait()


@pytest.fixture(scope="session")
def tls_moto(authority):
    """The same behind TLS."""
    server, port = start_moto("-c", str(authority.certificate), "-k", str(authority.key))
    yield f"https://localhost:{port}"
    server.kill()
    server.wait()


OWN_TLS = ["-l:libssl.a", "-l:libcrypto.a", "-lpthread", "-ldl"]

# What clients in C need beside libc.
LINKED = {
    "carries": OWN_TLS,
    "gnutls_client": ["-lgnutls"],
    "hashed": ["-l:libcrypto.a"],
    "no_trace_tls": ["-lssl", "-lcrypto"],
    "sockets": OWN_TLS,
    "static_child": ["-static"],
    "tls_callback": ["-lssl", "-lcrypto"],
}


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """Compiles the C and Java clients; gives the folder of the results."""
    folder = tmp_path_factory.mktemp("programs")
    for source in CLIENTS.glob("*.c"):
        compiler = os.environ.get("CC", "cc").split()
        target = folder / source.stem
        kind = ["-shared", "-fPIC"] if source.name.startswith("lib") else []
        flags = [*kind, "-D_GNU_SOURCE", "-O1", "-g", "-o", target]
        linked = LINKED.get(source.stem, [])
        subprocess.run([*compiler, *flags, source, *linked], check=True)
    compiler = os.environ.get("CC", "cc").split()
    own = ["-DOWN", "-D_GNU_SOURCE", "-O1", "-g", "-o", folder / "tls_own"]
    subprocess.run([*compiler, *own, CLIENTS / "tls_client.c", *OWN_TLS], check=True)
    if shutil.which("javac"):
        sources = list(CLIENTS.glob("*.java"))
        subprocess.run(["javac", "-nowarn", "-d", folder, *sources], check=True)
    return folder
