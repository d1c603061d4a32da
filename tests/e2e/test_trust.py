# SPDX-License-Identifier: Apache-2.0
"""Trust: under a daemon a program finds the daemon's authority in the bundles that it opens."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from harness import (
    CLIENTS, SHIM, TIMEOUT, environment, node_shares_openssl, preloaded, runtime_folder,
)  # fmt: skip
from tls import Authority, TlsSink

WAYS = (
    "open", "open64", "openat", "openat64", "__open_2", "__open64_2", "__openat_2",
    "__openat64_2", "fopen", "fopen64",
)  # fmt: skip
FLAGS = ("mapped", "kept", "nonblocking")
NOT_FOR_READING = ("writing", "creating", "updating", "appending")
VARIABLES = (
    "AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS", "DENO_CERT", "PERL_LWP_SSL_CA_FILE", "CARGO_HTTP_CAINFO",
    "GIT_SSL_CAINFO", "PIP_CERT",
)  # fmt: skip
WANTS = ("seccomp", "sandbox", "nofile", "fsize")


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """An authority that the program trusts anyway."""
    return Authority(tmp_path_factory.mktemp("other"))


@pytest.fixture
def folder(daemon, authority):
    """A runtime folder with an authority."""
    (daemon.folder / "ca.pem").write_bytes(authority.ca.read_bytes())
    return daemon.folder


@pytest.fixture
def bundle(tmp_path, other):
    """certifi's, of a program of its own."""
    path = tmp_path / "certifi" / "cacert.pem"
    path.parent.mkdir()
    path.write_bytes(other.ca.read_bytes() * 20)
    return path


@pytest.fixture
def both(bundle, authority):
    return bundle.read_text() + authority.ca.read_text()


@pytest.fixture
def opens(programs):
    """What a program reads that opens a file: opens(ENVIRONMENT, WAY, PATH, …)."""

    def opens(env, *words, program="opens"):
        if not (programs / "looks").exists():
            (programs / "looks").symlink_to("opens")
        done = subprocess.run(
            [programs / program, *words], env=env, capture_output=True, text=True, timeout=TIMEOUT
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return opens


@pytest.mark.parametrize("way", WAYS + FLAGS)
def test_whoever_opens_a_bundle_finds_the_authority_behind_it(opens, folder, bundle, both, way):
    assert opens(preloaded(folder), way, bundle) == both


@pytest.mark.parametrize("way", WAYS + FLAGS)
def test_but_for_its_size_the_file_looks_like_the_bundle(opens, folder, bundle, way):
    os.utime(bundle, ns=(1_000_000_000_123_456_789,) * 2)
    with_it = opens(preloaded(folder), way, bundle, program="looks")
    without = opens(environment(), way, bundle, program="looks")
    assert with_it == without


# Whoever reads as many bytes as there are is to find all of a store.
@pytest.mark.parametrize("old", (False, True), ids=("stat", "__xstat"))
def test_the_size_of_the_path_is_that_of_what_is_opened(programs, folder, bundle, both, old):
    path = os.fspath(bundle)
    if old:
        command, wanted = [programs / "hashed", path, "old"], f"0 77 {len(both)}"
    else:
        code = "import os, sys; print(os.stat(sys.argv[1]).st_size)"
        command, wanted = [sys.executable, "-c", code, path], str(len(both))
    assert output(command, preloaded(folder)) == wanted
    assert output(command, environment()).split()[-1] == str(bundle.stat().st_size)


@pytest.mark.parametrize("way", NOT_FOR_READING)
def test_who_may_write_gets_the_bundle_itself(opens, folder, bundle, way):
    assert opens(preloaded(folder), way, bundle) == bundle.read_text()


def test_a_file_of_another_name_stays_as_it_is(opens, folder, bundle):
    path = bundle.rename(bundle.parent / "other.pem")
    assert opens(preloaded(folder), "open", path) == path.read_text()


@pytest.mark.parametrize("variable", VARIABLES)
def test_what_the_user_names_is_a_bundle(opens, folder, bundle, both, variable):
    path = bundle.rename(bundle.parent / "mine")
    assert opens(preloaded(folder, **{variable: path}), "fopen", path) == both


def test_a_bundle_without_certificates_stays_as_it_is(opens, folder, bundle):
    bundle.write_text("# trust nobody\n")
    assert opens(preloaded(folder), "open", bundle) == "# trust nobody\n"


def test_a_bundle_that_has_the_authority_stays_as_it_is(opens, folder):
    path = folder / "ca.pem"
    assert opens(preloaded(folder, NODE_EXTRA_CA_CERTS=path), "open", path) == path.read_text()


def test_the_user_can_switch_it_off(opens, folder, bundle):
    assert opens(preloaded(folder, CHAOS_BRIDGE="0"), "open", bundle) == bundle.read_text()


def test_without_a_daemon_bundles_stay_as_they_are(opens, authority, bundle):
    folder = runtime_folder()
    shutil.copy(authority.ca, folder / "ca.pem")
    assert opens(preloaded(folder), "open", bundle) == bundle.read_text()


def test_a_daemon_without_an_authority_adds_none(opens, folder, bundle):
    (folder / "ca.pem").unlink()
    assert opens(preloaded(folder), "open", bundle) == bundle.read_text()


def test_a_vfork_child_gets_the_bundle_itself(opens, folder, bundle):
    assert opens(preloaded(folder), "vfork", bundle) == bundle.read_text()


@pytest.mark.parametrize("want", WANTS)
def test_where_it_cannot_be_done_the_program_gets_the_bundle_itself(opens, folder, bundle, want):
    assert opens(preloaded(folder), "open", bundle, want) == bundle.read_text()


class Calls:
    """The system calls of a run from the mark on, without addresses and process numbers."""

    def __init__(self, log, command, **env):
        given = [word for name, value in env.items() for word in ("-E", f"{name}={value}")]
        subprocess.run(
            ["strace", "-o", log, *given, *command], env=environment(), check=True,
            stdout=subprocess.DEVNULL, timeout=TIMEOUT,
        )  # fmt: skip
        text = log.read_text()
        text = re.sub(r"(getppid\(\) += )\d+", r"\1", text[text.index("getppid(") :])
        # Addresses, and what random bytes there were.
        self.text = re.sub(r"0x[0-9a-f]+|(?<=getrandom\()\S+|(?<=sysinfo\().+", "", text)


@pytest.mark.parametrize("way", ("open", "fopen", "creating"))
def test_without_a_daemon_the_system_calls_are_the_same(programs, tmp_path, bundle, way):
    command = [programs / "opens", way, bundle]
    without = Calls(tmp_path / "without", command)
    assert f'"{bundle}", O_RD' in without.text
    empty = runtime_folder()
    with_it = Calls(tmp_path / "with", command, LD_PRELOAD=SHIM, CHAOS_DIR=empty)
    assert with_it.text == without.text


def test_other_files_cost_no_system_call_under_a_daemon(programs, tmp_path, folder, bundle):
    command = [programs / "opens", "open", bundle.rename(bundle.parent / "other.pem")]
    without = Calls(tmp_path / "without", command)
    with_it = Calls(tmp_path / "with", command, LD_PRELOAD=SHIM, CHAOS_DIR=folder)
    assert with_it.text == without.text


# ---- real clients ----

COUNT = """
import os, ssl
print(len(ssl.create_default_context(cafile=os.environ["CAFILE"]).get_ca_certs()))
"""
CERTIFI = """
import certifi
print(open(certifi.where()).read().count("BEGIN CERTIFICATE"))
"""


def finish(command, env):
    words = [str(word) for word in command]
    return subprocess.run(words, env=env, capture_output=True, text=True, timeout=TIMEOUT)


def output(command, env):
    done = finish(command, env)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def failure(command, env):
    done = finish(command, env)
    assert done.returncode != 0, done.stdout
    return done.stderr


def test_a_python_program_finds_it_in_certifi(folder):
    command = [sys.executable, "-c", CERTIFI]
    without = int(output(command, environment()))
    assert int(output(command, preloaded(folder))) == without + 1


def test_a_shared_openssl_reads_the_bundle_itself(folder, bundle):
    assert output([sys.executable, "-c", COUNT], preloaded(folder, CAFILE=bundle)) == "1"


@pytest.fixture
def own_server(authority):
    """A server that only the authority of the folder vouches for."""
    one = TlsSink(authority)
    yield one
    one.close()


@pytest.mark.skipif(node_shares_openssl(), reason="its OpenSSL is seen from inside")
def test_node_trusts_it_besides_what_the_user_names(folder, bundle, own_server):
    command = ["node", CLIENTS / "node_https.js", own_server.port, "localhost"]
    assert "unable to verify" in failure(command, environment(NODE_EXTRA_CA_CERTS=bundle))
    assert output(command, preloaded(folder, NODE_EXTRA_CA_CERTS=bundle)) == "200"


def trusted(programs, env, *options):
    return output(["java", "-cp", programs, *options, "JavaTrust"], env).splitlines()


# How keytool makes a store, and the password that it has then.
JKS = ["-storetype", "JKS"]
PKCS12 = ["-storetype", "PKCS12"]
# As the JDK's own since 18.
BARE = [*PKCS12, "-J-Dkeystore.pkcs12.macAlgorithm=NONE",
        "-J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE"]  # fmt: skip


@pytest.fixture
def store(tmp_path, other):
    """A store with the other authority, in the place of a JDK's."""

    def make(options, password):
        path = tmp_path / "lib" / "security" / "cacerts"
        path.parent.mkdir(parents=True)
        output(
            ["keytool", "-importcert", "-noprompt", "-alias", "other", "-file", other.ca,
             "-keystore", path, "-storepass", password, *options],
            environment(),
        )  # fmt: skip
        return path

    return make


def test_java_finds_it_in_its_own_store(programs, folder):
    without = trusted(programs, environment())
    with_it = trusted(programs, preloaded(folder))
    assert sorted(with_it) == sorted([*without, "CN=authority"])


@pytest.mark.parametrize("password", (None, "changeit", "secret"))
@pytest.mark.parametrize("kind", (JKS, PKCS12, BARE), ids=("jks", "pkcs12", "bare"))
def test_java_finds_it_in_a_store_of_any_kind(programs, folder, store, kind, password):
    path = store(kind, password or "changeit")
    options = [f"-Djavax.net.ssl.trustStore={path}"]
    if password:
        options.append(f"-Djavax.net.ssl.trustStorePassword={password}")
    without = trusted(programs, environment(), *options)
    with_it = trusted(programs, preloaded(folder), *options)
    assert sorted(with_it) == sorted([*without, "CN=authority"])


def test_java_finds_it_in_the_store_that_the_user_names(programs, folder, store):
    path = store(JKS, "secret")
    path = path.rename(path.parent / "mine")
    options = [f"-Djavax.net.ssl.trustStore={path}", "-Djavax.net.ssl.trustStorePassword=secret"]
    assert trusted(programs, preloaded(folder), *options) == ["CN=authority"] * 2
    env = preloaded(folder, JAVA_TOOL_OPTIONS=" ".join(options))
    assert trusted(programs, env) == ["CN=authority"] * 2


def test_a_store_whose_password_is_not_known_stays_as_it_is(programs, folder, store):
    option = f"-Djavax.net.ssl.trustStore={store(JKS, 'secret')}"
    assert trusted(programs, preloaded(folder), option) == ["CN=authority"]


def test_java_trusts_a_server_that_the_authority_vouches_for(programs, folder, own_server):
    command = ["java", "-cp", programs, "JavaTrust", own_server.url]
    assert "PKIX path building failed" in failure(command, environment())
    assert output(command, preloaded(folder)) == "200"


def test_a_program_that_writes_what_it_reads_gets_the_store_itself(folder, store, bundle):
    path = store(JKS, "changeit")
    keytool = ["keytool", "-list", "-keystore", path, "-storepass", "changeit"]
    assert output(keytool, preloaded(folder)) == output(keytool, environment())
    assert output(["cat", bundle], preloaded(folder)) == bundle.read_text().strip()


# ---- folders in which OpenSSL looks for certificates by the hash of their names ----


@pytest.fixture
def hashed(tmp_path):
    """A folder of certificates, in which there is none."""
    path = tmp_path / "hashed"
    path.mkdir()
    return path


@pytest.fixture
def place(hashed, authority):
    """Where the authority would be."""
    command = ["openssl", "x509", "-noout", "-hash", "-in", authority.ca]
    return hashed / f"{output(command, environment())}.0"


@pytest.mark.parametrize("slash", ("", "/", ":/nowhere"))
def test_a_static_openssl_finds_it_by_its_hash(programs, folder, authority, hashed, slash):
    command = [programs / "hashed", authority.certificate]
    where = f"{hashed}{slash}"
    assert "unable to get" in output(command, environment(SSL_CERT_DIR=where))
    assert output(command, preloaded(folder, SSL_CERT_DIR=where)) == "ok"


@pytest.mark.parametrize("way", WAYS + FLAGS)
def test_whoever_opens_its_hash_finds_it(opens, folder, authority, hashed, place, way):
    env = preloaded(folder, SSL_CERT_DIR=hashed)
    assert opens(env, way, place) == authority.ca.read_text()


def test_its_file_looks_like_one_that_is_there(opens, folder, authority, hashed, place):
    env = preloaded(folder, SSL_CERT_DIR=hashed)
    with_it = [opens(env, way, place, program="looks") for way in ("kept", "open", "fopen")]
    shutil.copy2(folder / "ca.pem", place)
    assert with_it == [opens(env, way, place, program="looks") for way in ("kept", "open", "fopen")]


def test_a_program_of_an_older_glibc_sees_it(programs, folder, hashed, place):
    command = [programs / "hashed", place, "old"]
    size = (folder / "ca.pem").stat().st_size
    assert output(command, preloaded(folder, SSL_CERT_DIR=hashed)) == f"0 77 {size}"
    assert output(command, environment()).startswith("-1 2 ")
    there = [programs / "hashed", folder / "ca.pem", "old"]
    assert output(there, preloaded(folder)) == output(there, environment())


def test_other_names_there_are_not_found(programs, folder, authority, hashed, place):
    for name in ("00000000.0", f"{place.stem}.1", f"{place.stem}.r0", place.stem, "x"):
        env = preloaded(folder, SSL_CERT_DIR=hashed)
        failed = finish([programs / "opens", "open", hashed / name], env)
        assert "No such file or directory" in failed.stderr


def test_a_name_that_is_there_stays_as_it_is(opens, folder, hashed, place):
    place.write_text("mine")
    assert opens(preloaded(folder, SSL_CERT_DIR=hashed), "open", place) == "mine"


def test_a_shared_openssl_does_not_find_it(folder, authority, hashed):
    command = ["openssl", "verify", "-CApath", hashed, authority.certificate]
    env = {"SSL_CERT_DIR": hashed}
    assert "unable to get" in failure(command, preloaded(folder, **env))


def test_without_a_daemon_looking_for_it_makes_the_same_system_calls(
    programs, tmp_path, authority, hashed
):
    command = [programs / "hashed", authority.certificate]
    without = Calls(tmp_path / "without", command, SSL_CERT_DIR=hashed)
    assert f'"{hashed}/' in without.text
    env = {"LD_PRELOAD": SHIM, "CHAOS_DIR": runtime_folder()}
    assert Calls(tmp_path / "with", command, SSL_CERT_DIR=hashed, **env).text == without.text
