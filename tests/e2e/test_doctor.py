# SPDX-License-Identifier: Apache-2.0
"""chaos-run doctor: how a command's calls would be looked at, without running it."""

import os
import shutil
import subprocess
import sys

import pytest

from harness import BUILD, TIMEOUT, environment, runtime_folder, without_supervision

OF_OURS = ("CHAOS_", "AWS_", "LD_", "SSL_CERT", "NODE_EXTRA", "DENO_", "CURL_CA", "REQUESTS_CA")


def doctor(*command, options=(), path="", **more):
    """The exit code, and the facts: (kind, text)."""
    env = {name: value for name, value in environment().items() if not name.startswith(OF_OURS)}
    env = {**env, "XDG_RUNTIME_DIR": str(runtime_folder()), **more.pop("env", {})}
    if path:
        env["PATH"] = f"{path}:{env['PATH']}"
    done = subprocess.run(
        [BUILD / "chaos-run", *map(str, options), "doctor", *map(str, command)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT, env=env, **more,
    )  # fmt: skip
    assert done.stderr == ""
    return done.returncode, [tuple(line.split(": ", 1)) for line in done.stdout.splitlines()]


def of(kind, facts):
    return [text for name, text in facts if name == kind]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Programs by how they are linked; each says so when it is run."""
    folder = tmp_path_factory.mktemp("built")
    source = f'#include <stdio.h>\nint main(void) {{ return fopen("{folder}/ran", "w") == NULL; }}\n'
    compiler = os.environ.get("CC", "cc").split()
    linked = {"static": ["-static"], "plain": [], "openssl": ["-Wl,--no-as-needed", "-lssl"],
              "gnutls": ["-Wl,--no-as-needed", "-l:libgnutls.so.30"]}  # fmt: skip
    for name, flags in linked.items():
        command = [*compiler, "-x", "c", "-", "-o", folder / name, *flags]
        subprocess.run(command, input=source, text=True, check=True)
    yield folder
    assert not (folder / "ran").exists(), "it was run"


@pytest.mark.parametrize("name, library", [("openssl", "libssl.so."), ("gnutls", "libgnutls.so.30")])
def test_shared_library_of_tls_is_looked_into_from_inside(built, name, library):
    code, facts = doctor(built / name)
    assert code == 0
    assert of("lane", facts)[0].startswith(f"inside: it is linked to {library}")
    assert of("command", facts) == [f"{built}/{name}"]


def test_library_that_may_be_loaded_is_no_fact(built):
    code, facts = doctor(built / "plain")
    (lane,) = of("lane", facts)
    assert code == 0
    assert lane.startswith("inside or bridge: ") and "may load" in lane


def test_static_program_is_supervised(built):
    code, facts = doctor(built / "static", env={"CHAOS_PORTS": "8080"})
    assert code == 0
    assert of("lane", facts)[0].startswith("supervised: it is statically linked")
    assert of("ports", facts)[0].endswith("CHAOS_PORTS=8080")


def test_static_program_that_cannot_be_supervised_has_a_remedy(built):
    code, facts = doctor(built / "static", preexec_fn=without_supervision)
    assert code == 1
    assert of("lane", facts)[0].startswith("none: it is statically linked")
    assert of("unreached", facts) == ["all of it: chaos-run refuses it"]
    assert "dynamically linked" in of("remedy", facts)[0]


@pytest.mark.parametrize("command", ["no-such-command", "/etc/passwd"])
def test_command_that_would_be_refused_is_told_with_the_reason(command):
    code, facts = doctor(command)
    assert code == 1
    assert of("lane", facts)[0].startswith("none: it ")
    assert of("unreached", facts) == ["all of it: chaos-run refuses it"]


def test_script_is_judged_by_its_interpreter(built, tmp_path):
    (tmp_path / "script").write_text("#!/usr/bin/env static\n")
    (tmp_path / "script").chmod(0o755)
    code, facts = doctor("script", path=f"{tmp_path}:{built}")
    assert (of("command", facts), of("run by", facts)) == ([f"{tmp_path}/script"], [f"{built}/static"])
    assert of("lane", facts)[0].startswith("supervised")


@pytest.mark.parametrize(
    "words", [["env"], ["env", "-i", "A=b"], ["/usr/bin/env", "-u", "A", "-C", "/", "--"]]
)
def test_env_in_front_is_stepped_over(built, words):
    assert of("command", doctor(*words, built / "static")[1]) == [f"{built}/static"]


def test_python_is_asked_for_its_tls_and_sdk():
    code, facts = doctor(sys.executable, "program.py")
    version = subprocess.run(
        [sys.executable, "-c", "import boto3; print(boto3.__version__)"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    assert code == 0
    assert f"boto3 {version}" in of("sdk", facts)
    assert any(lane.startswith(("inside: ", "bridge: ")) for lane in of("lane", facts))


@pytest.mark.skipif(not shutil.which("node"), reason="no Node here")
def test_sdk_of_node_is_found_from_the_working_directory_up(tmp_path):
    (tmp_path / "node_modules" / "@aws-sdk").mkdir(parents=True)
    (tmp_path / "deep").mkdir()
    facts = doctor("node", "program.js", cwd=tmp_path / "deep")[1]
    assert of("sdk", facts)[0] == f"@aws-sdk ({tmp_path}/node_modules/@aws-sdk)"


def test_daemon_and_its_authority_are_named(daemon, built):
    for options, env in ([("-d", daemon.folder), {}], [(), {"CHAOS_DIR": str(daemon.folder)}]):
        facts = doctor(built / "plain", options=options, env=env)[1]
        assert of("daemon", facts) == [str(daemon.folder)]
        assert of("authority", facts)[0].startswith(f"{daemon.folder}/ca.pem; ")


def test_private_daemon_is_told_of(daemon, built):
    """Also where rules are given: they ask for one."""
    rules = {"options": ("-f", "[]"), "env": {"CHAOS_DIR": str(daemon.folder)}}
    for facts in (doctor(built / "plain")[1], doctor(built / "plain", **rules)[1]):
        assert of("daemon", facts) == ["a private one, which chaos-run would start"]


def test_authority_that_is_not_there_is_told_of(daemon, built):
    (daemon.folder / "ca.pem").unlink()
    code, facts = doctor(built / "plain", options=("-d", daemon.folder))
    assert code == 1
    assert of("remedy", facts) == ["start the daemon anew"]


def test_bundles_that_the_user_has_named_are_told(built, tmp_path):
    bundle = tmp_path / "bundle.pem"
    bundle.touch()
    env = {"AWS_CA_BUNDLE": str(bundle), "SSL_CERT_FILE": "/nowhere", "NODE_EXTRA_CA_CERTS": str(bundle)}
    trust = of("trust", doctor(built / "plain", env=env)[1])
    assert f"AWS_CA_BUNDLE={bundle}" in trust
    assert "SSL_CERT_FILE=/nowhere, which cannot be read" in trust
    assert f"NODE_EXTRA_CA_CERTS={bundle}" in trust
    assert not any("which chaos-run sets" in one for one in trust)


@pytest.mark.parametrize("way", [{"options": ["--no-bridge"]}, {"env": {"CHAOS_BRIDGE": "0"}}])
def test_bridge_that_is_off_leaves_something_unreached(built, way):
    code, facts = doctor(built / "plain", **way)
    assert code == 1
    assert of("unreached", facts)[0].startswith("HTTPS by a TLS that is built in: ")
    assert of("remedy", facts) == ["leave that out"]
    assert of("trust", facts) == []


def test_what_is_taken_for_aws_is_told(built):
    env = {"AWS_ENDPOINT_URL_S3": "https://minio.example:9000"}
    facts = doctor(built / "plain", options=("-i", "one.example"), env=env)[1]
    assert of("endpoint", facts) == [
        "AWS_ENDPOINT_URL_S3=https://minio.example:9000", "one.example (--intercept)",
    ]  # fmt: skip


def test_nothing_in_a_name_moves_the_cursor(tmp_path):
    assert of("command", doctor(f"{tmp_path}/\x1b[31mred\r\n")[1]) == [f"{tmp_path}/?[31mred??"]


def test_doctor_needs_a_command():
    done = subprocess.run([BUILD / "chaos-run", "doctor"], capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("no command is given")) == (125, 1)


def test_program_of_that_name_is_run_behind_two_dashes(tmp_path, daemon):
    (tmp_path / "doctor").write_text("#!/bin/sh\necho $1\n")
    (tmp_path / "doctor").chmod(0o755)
    done = subprocess.run(
        [BUILD / "chaos-run", "-d", daemon.folder, "--", "doctor", "who"], capture_output=True,
        text=True, env=environment(PATH=f"{tmp_path}:{os.environ['PATH']}"),
    )  # fmt: skip
    assert done.stdout == "who\n"


def test_endpoint_that_is_not_named_is_told(built, tmp_path):
    _, facts = doctor(built / "plain")
    assert "none is named" in of("endpoint", facts)[0] and "--intercept" in of("endpoint", facts)[0]
    _, facts = doctor(built / "plain", env={"AWS_ENDPOINT_URL_S3": "https://localhost:1"})
    assert of("endpoint", facts) == ["AWS_ENDPOINT_URL_S3=https://localhost:1"]
    config = tmp_path / "config"
    config.write_text("[default]\nendpoint_url = http://localhost:4567\n")
    _, facts = doctor(built / "plain", env={"AWS_CONFIG_FILE": str(config)})
    assert of("endpoint", facts) == ["localhost:4567 (AWS_CONFIG_FILE, or ~/.aws/config)"]


@pytest.mark.parametrize("name, lane", [("node", "Node"), ("java", "Java")])
def test_program_that_is_known_for_a_tls_of_its_own_is_named(built, tmp_path, name, lane):
    (tmp_path / name).symlink_to(built / "plain")
    code, facts = doctor(tmp_path / name)
    assert (code, of("lane", facts)) == (0, [f"bridge: {lane} has a TLS of its own"])


def test_trust_is_that_of_the_command(built, tmp_path):
    for name in ("node", "java"):
        (tmp_path / name).symlink_to(built / "plain")
    env = {"AWS_CA_BUNDLE": "/etc/passwd", "GIT_SSL_CAINFO": "/etc/passwd"}
    assert of("trust", doctor(tmp_path / "node", env=env)[1]) == ["NODE_EXTRA_CA_CERTS, which chaos-run sets"]
    store = "-Djavax.net.ssl.trustStore=/etc/passwd"
    assert of("trust", doctor(tmp_path / "java", store, "Main", env=env)[1]) == [store]
    assert of("trust", doctor(tmp_path / "java", "Main", env=env)[1]) == ["lib/security/cacerts of this Java"]


WRAPPERS = {
    "sudo": ["sudo", "-E", "-u", "nobody", "A=b"],
    "sudo with env": ["sudo", "--user=nobody", "--", "env", "A=b"],
    "setpriv": ["setpriv", "--reuid=nobody", "--regid", "nogroup", "--clear-groups"],
    "runuser": ["runuser", "-u", "nobody", "--"],
}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands programs over")
@pytest.mark.parametrize("way", WRAPPERS)
def test_program_of_another_user_is_told_what_it_does_not_get(built, way):
    code, facts = doctor(*WRAPPERS[way], built / "plain")
    assert (code, of("command", facts)) == (1, [f"{built}/plain"])
    assert "no bridge and no supervision" in of("unreached", facts)[0]
    assert "sudo -u USER chaos-run" in of("remedy", facts)[0]
    code, facts = doctor(*WRAPPERS[way], built / "static")
    assert code == 1 and of("lane", facts)[0].startswith("none: it is statically linked")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands programs over")
def test_command_of_su_is_told_where_it_is_one_word(built):
    words = ["su", "nobody", "-s", "/bin/sh", "-c"]
    assert of("command", doctor(*words, f"{built}/plain --option")[1]) == [f"{built}/plain"]
    assert of("command", doctor(*words, f"a=$b {built}/plain")[1])[0].endswith("/su")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands programs over")
def test_sudo_to_root_is_no_other_user(built):
    code, facts = doctor("sudo", built / "plain")
    assert (code, of("unreached", facts)) == (0, [])
