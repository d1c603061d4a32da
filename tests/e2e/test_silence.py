# SPDX-License-Identifier: Apache-2.0
"""A run of which no call to AWS was seen says so, and which servers it could not look into."""

import os
import socket
import subprocess
import threading

import pytest

from harness import BUILD, TIMEOUT, environment, node_shares_openssl, runtime_folder
from tls import join

FAULTS = '[{"service": "kinesis"}]'
NOTHING = "chaos-run: no call to AWS was seen"

own_tls = pytest.mark.skipif(node_shares_openssl(), reason="this Node is seen from inside")


@pytest.fixture
def start(authority, tmp_path):
    """Runs a command under chaos-run, with the options given."""

    def start(*words, **env):
        named = {"XDG_RUNTIME_DIR": runtime_folder(), "HOME": tmp_path, **authority.environment}
        return subprocess.run(
            [BUILD / "chaos-run", *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=TIMEOUT, env=environment(**{**named, **env}),
        )  # fmt: skip

    return start


def calls(url):
    """A program with a TLS of its own, whose code names its endpoint."""
    send = (
        "const signed = require('./signed.js');"
        f"const options = {{method: 'POST', headers: signed.headers('PutRecord')}};"
        f"require('https').request('{url}', options, answer => {{ answer.resume();"
        " console.log(answer.statusCode); }).end('{}'.padEnd(200));"
    )
    return ["node", "-e", send.replace("./", f"{os.path.dirname(__file__)}/clients/")]


def unseen(sink, program="node"):
    host = f"localhost:{sink.port}"
    return (
        f"{NOTHING}; not looked into: {host} (TLS, by {program}); if that is your AWS: "
        f"--intercept {host}\n"
    )


@own_tls
def test_strict_run_whose_endpoint_the_code_names_fails_and_names_it(start, tls_sink):
    done = start("-s", "-f", FAULTS, *calls(tls_sink.url))
    assert (done.returncode, done.stdout) == (125, "200\n")
    assert done.stderr == unseen(tls_sink)


@own_tls
def test_run_with_rules_ends_as_its_command_and_names_it(start, tls_sink):
    done = start("-f", FAULTS, *calls(tls_sink.url))
    assert (done.returncode, done.stdout, done.stderr) == (0, "200\n", unseen(tls_sink))


@own_tls
def test_run_without_rules_that_is_not_strict_says_nothing(start, tls_sink):
    done = start(*calls(tls_sink.url))
    assert (done.returncode, done.stdout, done.stderr) == (0, "200\n", "")


@own_tls
def test_what_is_said_can_be_followed(start, tls_sink):
    done = start("-s", "-f", FAULTS, "--intercept", f"localhost:{tls_sink.port}",
                 *calls(tls_sink.url))  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "503\n", "")


@own_tls
def test_address_is_named_with_its_port(start, tls_sink):
    done = start("-s", *calls(f"https://127.0.0.1:{tls_sink.port}"))
    assert done.returncode == 125
    assert f"127.0.0.1:{tls_sink.port} (TLS, by node)" in done.stderr


@own_tls
def test_one_call_that_was_seen_is_enough(start, tls_sink, sink):
    done = start("-s", "sh", "-c", '"$@"; curl -s -d {} -H "X-Amz-Target: Kinesis_20131202.PutRecord" '
                 f'http://localhost:{sink.port}/', "sh", *calls(tls_sink.url))  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_strict_run_without_a_connection_is_fine(start):
    done = start("-s", "true")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("options", [["-f", FAULTS], ["-o", "[]"], ["-l", "5"], ["-s", "-l", "5"]])
def test_run_with_rules_that_made_no_call_says_so(start, options):
    done = start(*options, "true")
    assert (done.returncode, done.stderr) == (0, NOTHING + "\n")


def test_quiet_run_says_nothing(start):
    done = start("-f", FAULTS, "true", CHAOS_QUIET=1)
    assert (done.returncode, done.stderr) == (0, "")


def test_watching_leaves_the_command_its_process(start):
    done = start("-f", FAULTS, "sh", "-c", "echo $PPID; cat /proc/self/task/*/children")
    assert done.stdout == f"{os.getpid()}\n"


@own_tls
def test_localstack_is_known_by_its_port(start, tls_sink):
    # Another address of loopback: somebody else may be at the usual one.
    listener = socket.create_server(("127.0.0.66", 4566))
    one = lambda: join(listener.accept()[0], socket.create_connection(("127.0.0.1", tls_sink.port)))
    threading.Thread(target=one, daemon=True).start()
    command = calls("https://localhost:4566")
    command[2] = command[2].replace("{method", "{hostname: '127.0.0.66', servername: 'localhost', method")
    done = start("-s", "-f", FAULTS, *command)
    listener.close()
    assert (done.returncode, done.stdout, done.stderr) == (0, "503\n", "")


CONFIGURATIONS = {
    "default": ("[default]\nregion = us-east-1\nendpoint_url = {url}\n", {}),
    "profile": ("[default]\nregion = x\n[profile test]\nendpoint_url={url}\n", {"AWS_PROFILE": "test"}),
    "services": (
        "[services mine]\nkinesis =\n  endpoint_url = {url}\n[default]\nservices = mine\n", {},
    ),
}  # fmt: skip


@own_tls
@pytest.mark.parametrize("kind", CONFIGURATIONS)
@pytest.mark.parametrize("place", ["AWS_CONFIG_FILE", "HOME"])
def test_endpoint_of_the_configuration_is_taken_for_aws(start, tls_sink, tmp_path, kind, place):
    text, env = CONFIGURATIONS[kind]
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(text.format(url=tls_sink.url))
    named = str(tmp_path / ".aws" / "config") if place == "AWS_CONFIG_FILE" else ""
    done = start("-s", "-f", FAULTS, *calls(tls_sink.url), AWS_CONFIG_FILE=named, **env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "503\n", "")


@own_tls
@pytest.mark.parametrize("env", [{"AWS_PROFILE": "other"},
                                 {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}])  # fmt: skip
def test_endpoint_that_no_sdk_would_take_is_left_alone(start, tls_sink, tmp_path, env):
    config = tmp_path / "config"
    config.write_text(f"[default]\nendpoint_url = {tls_sink.url}\n[profile other]\nregion = x\n")
    done = start("-s", "-f", FAULTS, *calls(tls_sink.url), AWS_CONFIG_FILE=config, **env)
    assert (done.returncode, done.stdout) == (125, "200\n")


def test_configuration_in_a_pipe_is_left_to_the_program(start, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    done = start("true", AWS_CONFIG_FILE=tmp_path / "pipe")
    assert (done.returncode, done.stderr) == (0, "")
