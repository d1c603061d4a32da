# SPDX-License-Identifier: Apache-2.0
"""A private authority that a program names by itself, in its code: its calls are bridged, and it believes whom it
would have believed."""

import shutil
import subprocess
import sys

import pytest

from harness import BUILD, CLIENTS, TIMEOUT, environment, node_shares_openssl
from tls import AWS_HOST, Authority, TlsSink

FAULT = {"service": "kinesis", "operation": "PutRecord"}
OTHER_HOST = "kinesis.eu-west-1.amazonaws.com"

needs_node = pytest.mark.skipif(
    not shutil.which("node") or node_shares_openssl(), reason="this Node is not bridged"
)


@pytest.fixture
def other(tmp_path):
    """Another authority, and a server of it."""
    folder = tmp_path / "other"
    folder.mkdir()
    sink = TlsSink(Authority(folder))
    yield sink, folder / "ca.pem"
    sink.close()


@pytest.fixture
def run(daemon):
    """Runs a program with --strict; returns the exit code, what it printed and what was told."""

    def run(*words, fault=FAULT):
        daemon.faults(*([fault] if fault else []))
        done = subprocess.run(
            [BUILD / "chaos-run", "-s", "-d", daemon.folder, *map(str, words)],
            capture_output=True, text=True, timeout=TIMEOUT, env=environment(),
        )  # fmt: skip
        return done.returncode, done.stdout.split(), done.stderr

    return run


def visits(*visits):
    words = [word for visit in visits for word in visit]
    return ["node", CLIENTS / "node_given.js", *words]


@needs_node
@pytest.mark.parametrize("name", ["ca.pem", "ca.crt", "root.CER", "ca-bundle"])
def test_node_with_an_authority_of_its_own(run, authority, tls_sink, tmp_path, name):
    file = tmp_path / name
    shutil.copy(authority.ca, file)
    assert run(*visits((tls_sink.port, AWS_HOST, file))) == (0, ["503"], "")
    assert run(*visits((tls_sink.port, AWS_HOST, file)), fault=None) == (0, ["200"], "")


@needs_node
def test_node_with_several(run, authority, tls_sink, other):
    files = f"{other[1]},{authority.ca}"
    assert run(*visits((tls_sink.port, AWS_HOST, files))) == (0, ["503"], "")


@needs_node
@pytest.mark.parametrize("then", ["fs.unlinkSync(path)", "process.chdir('/')"])
def test_node_whose_file_is_not_there_any_more(run, authority, tls_sink, tmp_path, then):
    shutil.copy(authority.ca, tmp_path / "own.pem")
    code = (
        "const fs = require('fs'), read = fs.readFileSync, [client, folder] = process.argv.splice(1, 2);"
        "process.argv.splice(1, 0, client); process.chdir(folder);"
        "fs.readFileSync = (path, ...rest) => { const all = read(path, ...rest);"
        f"    if (path === 'own.pem') {then}; return all; }};"
        "require(client)"
    )
    words = ["node", "-e", code, CLIENTS / "node_given.js", tmp_path, tls_sink.port, AWS_HOST, "own.pem"]
    assert run(*words) == (0, ["503"], "")


@needs_node
def test_node_that_reads_it_when_others_were_bridged_before(run, authority, tls_sink, other):
    first = (tls_sink.port, AWS_HOST, authority.ca)
    later = (other[0].port, AWS_HOST, other[1])
    assert run(*visits(first, later)) == (0, ["503", "503"], "")


@needs_node
def test_certificate_of_a_server_is_read_as_it_is(run, authority):
    """What the program shows to others is not to be changed."""
    code = "process.stdout.write(require('fs').readFileSync(process.argv[1]))"
    whole = authority.folder / "chain.pem"
    whole.write_bytes(authority.certificate.read_bytes() + authority.ca.read_bytes())
    for file in (authority.certificate, whole):
        _, printed, _ = run("node", "-e", code, file)
        assert printed == file.read_text().split()


@needs_node
@pytest.mark.parametrize("name", ["localhost", "api.example.com", "192.0.2.1", "Some Service"])
def test_certificate_that_a_server_has_signed_itself_is_read_as_it_is(run, tmp_path, name):
    """With no name but the subject's; the last is of version 1, which does not say that it is an authority's."""
    key, file, request = (tmp_path / name for name in ("key.pem", "server.pem", "request"))
    new = ["openssl", "req", "-nodes", "-newkey", "rsa:2048", "-subj", f"/CN={name}", "-keyout", key]
    if " " in name:
        subprocess.run([*new, "-out", request], check=True, stderr=subprocess.DEVNULL)
        sign = ["openssl", "x509", "-req", "-in", request, "-signkey", key, "-out", file]
        subprocess.run(sign, check=True, stderr=subprocess.DEVNULL)
    else:
        subprocess.run([*new, "-x509", "-out", file], check=True, stderr=subprocess.DEVNULL)
    code = "process.stdout.write(require('fs').readFileSync(process.argv[1]))"
    assert run("node", "-e", code, file)[1] == file.read_text().split()


@pytest.mark.skipif(not shutil.which("keytool"), reason="there is no Java")
@pytest.mark.parametrize("kind", ["JKS", "PKCS12"])
@pytest.mark.parametrize("name", ["client-truststore", "mine.jks", "mine.p12", "mine.ks"])
def test_java_with_a_store_that_it_loads_itself(
    run, authority, tls_sink, programs, tmp_path, kind, name
):
    file, hosts = tmp_path / name, tmp_path / "hosts"
    hosts.write_text(f"127.0.0.1 {AWS_HOST}\n")
    subprocess.run(
        ["keytool", "-importcert", "-noprompt", "-storetype", kind, "-storepass", "changeit",
         "-keystore", file, "-file", authority.ca, "-alias", "mine"],
        check=True, stderr=subprocess.DEVNULL, timeout=TIMEOUT,
    )  # fmt: skip
    java = ["java", f"-Djdk.net.hosts.file={hosts}", "-XX:TieredStopAtLevel=1", "-cp", programs]
    words = [f"https://{AWS_HOST}:{tls_sink.port}/", kind, file, "changeit"]
    assert run(*java, "JavaGiven", *words) == (0, ["503", "503"], "")


def test_the_aws_crt_with_a_bundle_of_its_own(run, authority, tls_sink):
    pytest.importorskip("awscrt")
    words = [CLIENTS / "py_crt.py", tls_sink.port, AWS_HOST, authority.ca]
    assert run(sys.executable, *words) == (0, ["503", "503"], "")


@pytest.mark.skipif(not shutil.which("keytool"), reason="there is no Java")
@pytest.mark.parametrize("kind", ["JKS", "PKCS12"])
def test_java_with_a_store_whose_password_is_named(
    run, authority, tls_sink, programs, tmp_path, kind
):
    file, hosts = tmp_path / "mine", tmp_path / "hosts"
    hosts.write_text(f"127.0.0.1 {AWS_HOST}\n")
    subprocess.run(
        ["keytool", "-importcert", "-noprompt", "-storetype", kind, "-storepass", "geheim",
         "-keystore", file, "-file", authority.ca, "-alias", "mine"],
        check=True, stderr=subprocess.DEVNULL, timeout=TIMEOUT,
    )  # fmt: skip
    options = [f"-Djavax.net.ssl.trustStore={file}", "-Djavax.net.ssl.trustStorePassword=geheim"]
    java = ["java", f"-Djdk.net.hosts.file={hosts}", *options, "-cp", programs, "JavaHttps"]
    assert run(*java, f"https://{AWS_HOST}:{tls_sink.port}/") == (0, ["503"], "")
