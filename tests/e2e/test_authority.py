# SPDX-License-Identifier: Apache-2.0
"""The certification authority of a runtime folder: what it is good for, and who can use it."""

import http.client
import os
import random
import re
import shutil
import signal
import ssl
import stat
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness import (
    BUILD, CLIENTS, TIMEOUT, Daemon, environment, runtime_folder, talk, wait_for,
)  # fmt: skip
from tls import TlsSink

AWS_DOMAINS = {
    "amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "amazonaws.cn", "amazonaws-us-gov.com",
    "api.aws", "api.amazonwebservices.com.cn", "api.amazonwebservices.eu", "api.aws.ic.gov",
    "api.aws.scloud", "api.cloud-aws.adc-e.uk", "api.aws.hci.ic.gov", "aws.amazon.com",
    "c2s.ic.gov", "cloud.adc-e.uk", "csp.hci.ic.gov", "on.aws", "sc2s.sgov.gov",
    "localhost.localstack.cloud",
}  # fmt: skip
ALWAYS = {
    *(f"DNS:{domain}" for domain in AWS_DOMAINS),
    "DNS:localhost",
    "IP:127.0.0.0/255.0.0.0",
    "IP:0:0:0:0:0:0:0:1/" + ":".join(8 * ["FFFF"]),
}
DAY = 24 * 60 * 60


def openssl(*words, check=True, **options):
    return subprocess.run(
        ["openssl", *map(str, words)], capture_output=True, text=True, check=check, **options
    )


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def permitted(certificate):
    """The name constraints, as OpenSSL reads them."""
    text = openssl("x509", "-in", certificate, "-noout", "-ext", "nameConstraints").stdout
    head, *lines = text.splitlines()
    assert "critical" in head and "Excluded" not in text
    return {line.strip() for line in lines if "Permitted" not in line}


@pytest.fixture
def start():
    """Starts a daemon with options, in a folder and an environment of its own."""
    daemons = []

    def begin(*options, folder=None, **env):
        words = ("env", *(f"{name}={value}" for name, value in env.items()))
        daemons.append(Daemon(folder, *options, under=words).start())
        return daemons[-1]

    yield begin
    for one in daemons:
        one.remove()


def restart(start, daemon, *options, **env):
    """A clean end, another daemon in the same folder; gives the certificate before and after."""
    before = (daemon.folder / "ca.pem").read_text()
    daemon.end()
    start(*options, folder=daemon.folder, **env)
    return before, (daemon.folder / "ca.pem").read_text()


def leaf(folder, authority, name):
    """A certificate for a name ("DNS:…", "IP:…") that is signed with the key of the folder."""
    path = folder / "leaf.pem"
    openssl(
        "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
        "-days", "2", "-subj", "/O=leaf", "-addext", f"subjectAltName={name}",
        "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth",
        "-addext", "authorityKeyIdentifier=keyid", "-addext", "keyUsage=critical,digitalSignature",
        "-CA", authority / "ca.key", "-CAkey", authority / "ca.key",
        "-keyout", folder / "leaf.key", "-out", path,
    )  # fmt: skip
    return path


def verify(authority, certificate, purpose="sslserver"):
    return openssl(
        "verify", "-x509_strict", "-purpose", purpose, "-CAfile", authority / "ca.pem",
        "-untrusted", authority / "ca.key", certificate, check=False,
    )  # fmt: skip


def private_key_of(path):
    """The secret number, 32 bytes."""
    text = openssl("pkey", "-in", path, "-noout", "-text").stdout
    return bytes.fromhex(re.search(r"priv:([\s0-9a-f:]+)pub:", text)[1].replace(":", ""))[-32:]


def openssl_der(path):
    return subprocess.run(
        ["openssl", "pkey", "-in", path, "-outform", "DER"], capture_output=True, check=True
    ).stdout


# ---- files ----


def test_key_is_for_the_owner_alone(daemon):
    assert mode(daemon.folder) == 0o700
    assert mode(daemon.folder / "ca.key") == 0o600
    assert mode(daemon.folder / "ca.pem") == 0o644


def test_key_cannot_be_read_by_another_user(daemon):
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    os.chmod(daemon.folder, 0o711)  # whatever the folder's mode
    read = subprocess.run(
        ["cat", daemon.folder / "ca.key"], user=65534, group=65534, extra_groups=[],
        capture_output=True,
    )  # fmt: skip
    assert (read.returncode, read.stdout) == (1, b"")


def certificates_of(path):
    return re.findall("-----BEGIN CERT.*?-----END CERTIFICATE-----\n", path.read_text(), re.DOTALL)


def test_key_file_has_the_certificates_that_fit(daemon):
    key, pem = daemon.folder / "ca.key", daemon.folder / "ca.pem"
    intermediate, root = certificates_of(key)
    assert root == pem.read_text()
    public = openssl("x509", "-noout", "-pubkey", input=intermediate).stdout
    assert openssl("pkey", "-in", key, "-pubout").stdout == public
    done = openssl("verify", "-x509_strict", "-CAfile", pem, input=intermediate)
    assert done.stdout == "stdin: OK\n"


def test_key_of_the_root_is_nowhere(daemon):
    """What is trusted has vouched for one intermediate, and cannot vouch for another."""
    public = openssl("x509", "-in", daemon.folder / "ca.pem", "-noout", "-pubkey").stdout
    there = (daemon.folder / "ca.key").read_text()
    assert there.count("PRIVATE KEY") == 2  # its begin, and its end
    assert openssl("pkey", "-in", daemon.folder / "ca.key", "-pubout").stdout != public
    held = [path for path in daemon.folder.iterdir() if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]
    assert held == [daemon.folder / "ca.key"]


def test_key_is_nowhere_but_in_its_file(start):
    daemon = start()
    daemon.faults({"service": "s3"})
    secret = private_key_of(daemon.folder / "ca.key")
    text = (daemon.folder / "ca.key").read_bytes().splitlines()[1]
    assert secret in openssl_der(daemon.folder / "ca.key")
    for path in daemon.folder.iterdir():
        if path.is_file() and path.name != "ca.key":
            content = path.read_bytes()
            assert secret not in content and text not in content, path
    assert text.decode() not in daemon.said()


def test_private_daemon_takes_its_authority_away(start):
    folder = runtime_folder()
    daemon = start("--private", str(os.getpid()), folder=folder)
    assert (folder / "ca.pem").exists()
    daemon.end()
    assert not folder.exists()


def test_failed_start_leaves_no_authority():
    folder = runtime_folder()
    done = subprocess.run(
        [BUILD / "chaos-control", "-d", folder, "--faults", "[3]"],
        capture_output=True, env=environment(), timeout=TIMEOUT,
    )  # fmt: skip
    assert done.returncode == 1
    assert os.listdir(folder) == []


# ---- what it is ----


@pytest.mark.parametrize("file, below", [("ca.pem", 1), ("ca.key", 0)], ids=["root", "intermediate"])
def test_certificate_is_of_a_short_lived_authority_for_servers(daemon, file, below):
    root, pem = daemon.folder / "ca.pem", daemon.folder / file
    text = openssl("x509", "-in", pem, "-noout", "-text").stdout
    assert re.search(rf"Basic Constraints: critical\s+CA:TRUE, pathlen:{below}\n", text)
    assert re.search(r"X509v3 Key Usage: critical\s+Certificate Sign\n", text)
    assert re.search(r"Extended Key Usage: \s+TLS Web Server Authentication\n", text)
    assert "NIST CURVE: P-256" in text and "Subject Key Identifier" in text
    assert openssl("verify", "-x509_strict", "-CAfile", root, pem).stdout == f"{pem}: OK\n"

    def lasts(seconds):
        return not openssl("x509", "-in", pem, "-noout", "-checkend", seconds, check=False).returncode

    assert lasts(29 * DAY) and not lasts(31 * DAY)
    a_clock_that_is_behind = int(time.time()) - DAY // 2
    done = openssl("verify", "-attime", a_clock_that_is_behind, "-CAfile", root, pem)
    assert done.stdout == f"{pem}: OK\n"


def test_each_folder_has_an_authority_with_a_name_of_its_own(start):
    subjects = {
        openssl("x509", "-in", start().folder / "ca.pem", "-noout", "-subject").stdout
        for _ in range(2)
    }
    assert len(subjects) == 2
    for subject in subjects:
        assert re.fullmatch(r"subject=O = chaos-run, CN = chaos-run authority [0-9A-F]{16}\n", subject)


def test_it_is_good_for_aws_and_loopback_alone(daemon):
    assert permitted(daemon.folder / "ca.pem") == ALWAYS
    assert permitted(daemon.folder / "ca.key") == ALWAYS


def test_it_is_good_for_the_endpoints_of_the_environment(start):
    daemon = start(
        AWS_ENDPOINT_URL="https://moto.example:5000",
        AWS_ENDPOINT_URL_S3="http://user@MINIO:9000/path",
        AWS_ENDPOINT_URL_SQS="https://[fd00::1]",
        CHAOS_INTERCEPT="one.example,192.0.2.1:443",
    )
    assert permitted(daemon.folder / "ca.pem") - ALWAYS == {
        "DNS:moto.example", "DNS:minio", "DNS:one.example", "IP:192.0.2.1/255.255.255.255",
        "IP:FD00:0:0:0:0:0:0:1/" + ":".join(8 * ["FFFF"]),
    }  # fmt: skip


def test_it_is_good_for_the_hosts_of_options(start):
    daemon = start("--intercept", "one.example,two.example:8443", "-i", "192.0.2.1,one.example")
    assert permitted(daemon.folder / "ca.pem") - ALWAYS == {
        "DNS:one.example", "DNS:two.example", "IP:192.0.2.1/255.255.255.255",
    }  # fmt: skip


@pytest.mark.parametrize(
    "list, says",
    [
        ("", "'' is empty; write HOST or HOST:PORT"),
        ("a,,b", "'' is empty"),
        ("a,https://b", "'https://b' is a URL; write its host alone"),
        ("*.example", "'*.example' begins with '*'"),
        ("10.0.0.0/8", "'10.0.0.0/8' is no host"),
        ("a:70000", "'a:70000' has no port from 1 to 65535"),
    ],
)
def test_what_is_no_host_is_refused(list, says):
    folder = runtime_folder()
    done = subprocess.run(
        [BUILD / "chaos-control", "-d", folder, "--intercept", list],
        capture_output=True, text=True, env=environment(), timeout=TIMEOUT,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith(f"chaos-control: --intercept: {says}")
    assert done.stderr.count("\n") == 1
    assert os.listdir(folder) == []


def test_what_is_no_host_in_the_environment_is_refused():
    folder = runtime_folder()
    done = subprocess.run(
        [BUILD / "chaos-control", "-d", folder],
        capture_output=True, text=True, env=environment(CHAOS_INTERCEPT="a,b c"), timeout=TIMEOUT,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("chaos-control: CHAOS_INTERCEPT: 'b c' is no host;")
    assert os.listdir(folder) == []


def test_what_is_no_host_in_the_environment_is_told_by_the_library():
    env = environment(LD_PRELOAD=BUILD / "libchaos-shim.so", CHAOS_INTERCEPT="a,b c")
    done = subprocess.run(["true"], capture_output=True, text=True, env=env, timeout=TIMEOUT)
    assert done.returncode == 0
    assert done.stderr.startswith("chaos-run: CHAOS_INTERCEPT: 'b c' is no host;")


INSIDE = [
    "DNS:s3.us-east-1.amazonaws.com", "DNS:*.s3.us-east-1.amazonaws.com", "DNS:sqs.eu-west-1.api.aws",
    "DNS:a.lambda-url.us-east-1.on.aws", "DNS:s3.cn-north-1.amazonaws.com.cn",
    "DNS:s3.eusc-de-east-1.amazonaws.eu", "DNS:s3.localhost.localstack.cloud", "DNS:localhost",
    "DNS:bucket.localhost", "IP:127.0.0.2", "IP:::1", "DNS:bucket.minio.example", "IP:192.0.2.1",
]  # fmt: skip
OUTSIDE = [
    "DNS:example.com", "DNS:amazonaws.com.example", "DNS:notamazonaws.com", "DNS:amazon.com",
    "DNS:localstack.cloud", "DNS:github.com", "DNS:example", "IP:10.0.0.1", "IP:192.0.2.2",
    "IP:::2", "DNS:s3.amazonaws.com,DNS:github.com",
]  # fmt: skip


@pytest.mark.parametrize("name", INSIDE)
def test_leaf_for_a_host_within_the_constraints_is_accepted(start, tmp_path, name):
    daemon = start("-i", "minio.example,192.0.2.1")
    done = verify(daemon.folder, leaf(tmp_path, daemon.folder, name))
    assert (done.returncode, done.stdout) == (0, f"{tmp_path}/leaf.pem: OK\n"), done.stderr


@pytest.mark.parametrize("name", OUTSIDE)
def test_leaf_for_any_other_host_is_refused(start, tmp_path, name):
    daemon = start("-i", "minio.example,192.0.2.1")
    done = verify(daemon.folder, leaf(tmp_path, daemon.folder, name))
    assert done.returncode == 2
    assert "permitted subtree violation" in done.stderr


def test_leaf_is_good_for_no_client(start, tmp_path):
    daemon = start()
    done = verify(daemon.folder, leaf(tmp_path, daemon.folder, "DNS:localhost"), "sslclient")
    assert done.returncode == 2


def serve_leaf(tmp_path, authority, name):
    """A server that shows a leaf for the name, and who has signed it."""
    shown = tmp_path / "shown.pem"
    made = leaf(tmp_path, authority, f"DNS:{name}").read_text()
    shown.write_text(made + certificates_of(authority / "ca.key")[0])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown, tmp_path / "leaf.key")
    return TlsSink(SimpleNamespace(server_context=lambda: context))


def ask_as_openssl(port, name, root, programs, tmp_path):
    words = ["-verify_return_error", "-verify_hostname", name, "-servername", name, "-CAfile", root]
    return openssl("s_client", "-connect", f"127.0.0.1:{port}", *words, input="", check=False)


def ask_as_go(port, name, root, programs, tmp_path):
    if not shutil.which("go"):
        pytest.skip("no Go")
    program = tmp_path / "go_trust"
    build = ["go", "build", "-o", program, CLIENTS / "go_trust.go"]
    subprocess.run(build, check=True, env={**os.environ, "GO111MODULE": "off"})
    return subprocess.run(
        [program, f"127.0.0.1:{port}", name], capture_output=True, text=True, timeout=TIMEOUT,
        env=environment(SSL_CERT_FILE=root),
    )  # fmt: skip


def ask_as_java(port, name, root, programs, tmp_path):
    store, hosts = tmp_path / "store.p12", tmp_path / "hosts"
    hosts.write_text(f"127.0.0.1 {name}\n")
    subprocess.run(
        ["keytool", "-importcert", "-noprompt", "-keystore", store, "-storepass", "changeit",
         "-alias", "root", "-file", root], check=True, capture_output=True,
    )  # fmt: skip
    options = [f"-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStorePassword=changeit"]
    place = [f"-Djdk.net.hosts.file={hosts}", "-cp", programs, "JavaHttps"]
    return subprocess.run(
        ["java", *options, *place, f"https://{name}:{port}/"], capture_output=True, text=True,
        timeout=60, env=environment(),
    )  # fmt: skip


CONSTRAINED = [
    (ask_as_openssl, "permitted subtree violation"),
    (ask_as_go, "is not permitted by any constraint"),
    (ask_as_java, "PKIX path validation failed"),
]


@pytest.mark.parametrize("ask, says", CONSTRAINED, ids=["OpenSSL", "Go", "Java"])
def test_program_that_trusts_the_root_refuses_a_leaf_for_any_other_host(
    daemon, programs, tmp_path, ask, says
):
    root = daemon.folder / "ca.pem"
    for name, is_within in (("s3.us-east-1.amazonaws.com", True), ("example.com", False)):
        server = serve_leaf(tmp_path, daemon.folder, name)
        place = tmp_path / name
        place.mkdir()
        done = ask(server.port, name, root, programs, place)
        server.close()
        said = done.stdout + done.stderr
        assert (done.returncode == 0, says in said) == (is_within, not is_within), said


ASK = """
const [port, name] = process.argv.slice(1)
const socket = require('tls').connect({port, host: '127.0.0.1', servername: name}, () => {
  console.log('trusts it'); socket.destroy()
})
socket.on('error', error => console.log(error.code))
"""


def ask_as_node(start, tmp_path, name, *words):
    """Connects by Node to a server with a leaf for the name, and says what comes of it."""
    daemon = start("-i", "minio.example")
    server = serve_leaf(tmp_path, daemon.folder, name)
    env = environment()
    env.pop("NODE_EXTRA_CA_CERTS", None)
    done = subprocess.run(
        [*words, "node", "-e", ASK, str(server.port), name],
        capture_output=True, text=True, timeout=TIMEOUT, env={**env, "CHAOS_DIR": daemon.folder},
    )  # fmt: skip
    server.close()
    assert done.stderr == ""
    return done.stdout.strip()


def test_node_trusts_it_under_chaos_run_alone(start, tmp_path):
    run = BUILD / "chaos-run"
    assert ask_as_node(start, tmp_path, "bystander.localhost", run) == "trusts it"
    assert ask_as_node(start, tmp_path, "bystander.localhost", run, "--no-bridge") != "trusts it"
    assert ask_as_node(start, tmp_path, "bystander.localhost") != "trusts it"
    assert ask_as_node(start, tmp_path, "example.com", run) != "trusts it"


# ---- how long ----


def faked(**variables):
    """Runs under another time. The command faketime would stay between, and be killed alone."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    variables["LD_PRELOAD"] = library
    return ("env", *(f"{name}={value}" for name, value in variables.items()))


def test_it_is_kept_over_a_restart(start):
    before, after = restart(start, start("-i", "a,b"), "-i", "b:1", "-i", "a")
    assert before == after


@pytest.mark.parametrize(
    "options, env", [(["-i", "a"], {}), ([], {"AWS_ENDPOINT_URL": "http://a"})]
)
def test_it_is_remade_for_other_hosts(start, options, env):
    daemon = start()
    before, after = restart(start, daemon, *options, **env)
    assert before != after
    assert permitted(daemon.folder / "ca.pem") - ALWAYS == {"DNS:a"}


@pytest.mark.parametrize("days, kept", [(22, True), (24, False), (31, False), (-2, False)])
def test_it_is_remade_when_less_than_a_week_is_left(start, days, kept):
    daemon = start()
    daemon.end()
    before = (daemon.folder / "ca.pem").read_text()
    late = Daemon(daemon.folder, under=faked(FAKETIME=f"{days:+d}d"))
    try:
        late.start()
        assert ((daemon.folder / "ca.pem").read_text() == before) == kept
    finally:
        late.end()


def test_it_is_renewed_while_the_daemon_runs(tmp_path):
    clock = tmp_path / "clock"
    clock.write_text("+0d\n")
    # Looks four times a second, where one for all looks once an hour.
    options = ["--private", str(os.getpid())]
    under = faked(FAKETIME_NO_CACHE=1, FAKETIME_TIMESTAMP_FILE=clock)
    daemon = Daemon(None, *options, under=under)
    try:
        daemon.start()
        before = (daemon.folder / "ca.pem").read_text()
        clock.write_text("+24d\n")
        wait_for(lambda: (daemon.folder / "ca.pem").read_text() != before, "a new authority")
        assert daemon.process.poll() is None
    finally:
        daemon.remove()


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "ca.key").write_text(""),
        lambda folder: (folder / "ca.key").unlink(),
        lambda folder: os.truncate(folder / "ca.key", 700),
        lambda folder: (folder / "ca.key").chmod(0o640),
        lambda folder: (folder / "ca.key").write_text(openssl("genpkey", "-algorithm", "ed25519").stdout),
        lambda folder: (folder / "ca.key").rename(folder / "x") and (folder / "ca.key").symlink_to("x"),
    ],
    ids=["empty", "missing", "cut", "open to others", "another key", "a link"],
)  # fmt: skip
def test_it_is_remade_when_the_key_is_no_good(start, damage):
    daemon = start()
    damage(daemon.folder)
    before, after = restart(start, daemon)
    assert before != after
    test_key_is_for_the_owner_alone(daemon)
    test_key_file_has_the_certificates_that_fit(daemon)


@pytest.mark.parametrize(
    "damage",
    [
        lambda pem: pem.write_text(""),
        lambda pem: pem.unlink(),
        lambda pem: pem.write_text(pem.read_text() + openssl("req", "-x509", "-nodes", "-newkey",
            "ed25519", "-keyout", "/dev/null", "-subj", "/CN=other").stdout),
        lambda pem: pem.chmod(0o666),
        lambda pem: pem.rename(f"{pem}.x") and pem.symlink_to(f"{pem}.x"),
    ],
    ids=["empty", "missing", "one more", "open to others", "a link"],
)  # fmt: skip
def test_certificate_that_is_no_good_is_written_again(start, damage):
    daemon = start()
    pem = daemon.folder / "ca.pem"
    before = pem.read_text()
    daemon.end()
    damage(pem)
    start(folder=daemon.folder)
    assert pem.read_text() == before
    assert mode(pem) == 0o644 and not pem.is_symlink()


def assert_whole(folder):
    """Either file is there whole or not at all, and the key's has the certificate that fits."""
    for name in ("ca.key", "ca.pem"):
        if (folder / name).exists():
            openssl("x509", "-in", folder / name, "-noout")
    if (folder / "ca.key").exists():
        public = openssl("x509", "-in", folder / "ca.key", "-noout", "-pubkey").stdout
        assert openssl("pkey", "-in", folder / "ca.key", "-pubout").stdout == public


def assert_healed(folder):
    daemon = Daemon(folder).start()
    try:
        test_key_file_has_the_certificates_that_fit(daemon)
        test_key_is_for_the_owner_alone(daemon)
        assert not list(folder.glob("*.new"))
    finally:
        daemon.remove()


@pytest.mark.parametrize("call", ["write", "fchmod", "/^rename", "/^unlink"])
def test_files_are_whole_and_fit_wherever_the_daemon_is_killed(call):
    folder = runtime_folder()
    killed = 0
    for when in range(1, 30):
        inject = ["-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={when}"]
        process = subprocess.Popen(
            ["strace", "-f", "-qq", "-o", "/dev/null", *inject,
             BUILD / "chaos-control", "-d", folder, "-i", f"host{when}"],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment(),
        )  # fmt: skip
        line = process.stderr.readline()
        if b"listening on" in line:
            os.kill(int((folder / "lock").read_text()), signal.SIGTERM)
        process.communicate(timeout=TIMEOUT)
        assert_whole(folder)
        if b"listening on" in line:
            break
        killed += 1
    assert b"listening on" in line and killed >= 2
    assert_healed(folder)


def test_files_are_whole_and_fit_however_often_the_daemon_is_killed():
    folder = runtime_folder()
    dice = random.Random(9)
    for turn in range(40):
        process = subprocess.Popen(
            [BUILD / "chaos-control", "-d", folder, "-i", f"host{turn}"],
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(),
        )  # fmt: skip
        time.sleep(dice.uniform(0, 0.03))
        process.kill()
        process.wait(TIMEOUT)
        assert_whole(folder)
    assert_healed(folder)


def test_what_a_killed_daemon_has_left_of_a_key_is_removed(start):
    daemon = start()
    for name in ("ca.key.new", "ca.pem.new"):
        (daemon.folder / name).write_text("half")
    before, after = restart(start, daemon)
    assert before == after
    assert not list(daemon.folder.glob("*.new"))


# ---- asking for it ----


def chaos_ctl(*words, **env):
    return subprocess.run(
        [BUILD / "chaos-ctl", *map(str, words)], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=TIMEOUT, env=environment(**env),
    )  # fmt: skip


def test_ctl_prints_the_certificate_or_its_path(daemon):
    pem = daemon.folder / "ca.pem"
    assert chaos_ctl("-d", daemon.folder, "ca").stdout == pem.read_text()
    assert chaos_ctl("ca", CHAOS_DIR=daemon.folder).stdout == pem.read_text()
    assert chaos_ctl("-d", daemon.folder, "ca", "--path").stdout == f"{pem}\n"
    relative = os.path.relpath(daemon.folder)
    assert chaos_ctl("-d", relative, "ca", "--path").stdout == f"{pem}\n"


def test_ctl_prints_it_when_the_daemon_is_killed(daemon):
    daemon.end(9)
    assert chaos_ctl("-d", daemon.folder, "ca").stdout.startswith("-----BEGIN CERTIFICATE-----\n")


def test_ctl_says_which_hosts_it_is_not_good_for(start):
    folder = start("-i", "minio.example").folder
    good = "s3.amazonaws.com,localhost:4566,127.0.0.1,[::1]:80,bucket.minio.example"
    assert chaos_ctl("-d", folder, "ca", "--path", "--for", good).returncode == 0
    done = chaos_ctl("-d", folder, "ca", "--for", "minio.example,example.com:443,10.0.0.1")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"chaos-ctl: the authority in {folder} is not good for example.com,10.0.0.1; "
        "start the daemon again with '--intercept example.com,10.0.0.1', too\n"
    )


def empty(folder):
    return (
        f"chaos-ctl: no authority in {folder}; start a daemon with "
        f"'chaos-control --daemon --dir {folder}', or name its folder with --dir\n"
    )


@pytest.mark.parametrize(
    "words, code, says",
    [
        (["-d", "{}", "ca"], 1, empty("{}")),
        (["-d", "{}/none", "ca", "--path"], 1, empty("{}/none")),
        (["-d", "/etc/passwd", "ca"], 1, "chaos-ctl: /etc/passwd: Not a directory\n"),
        (["-d", "/tmp", "ca"], 1, "chaos-ctl: /tmp: others may write to the folder; chmod 700 it, or choose another\n"),
        (["ca", "get"], 2, "chaos-ctl: ca: 'get' is too much; it takes --path and --for\n"),
        (["ca", "--for", "a b"], 2, "chaos-ctl: ca: --for: 'a b' is no host; write a name or an address, alone or with :PORT\n"),
        (["ps", "--path"], 2, "chaos-ctl: --path and --for are for ca alone\n"),
        (["ps", "--for", "a"], 2, "chaos-ctl: --path and --for are for ca alone\n"),
    ],
)  # fmt: skip
def test_ctl_says_why_it_has_none(words, code, says):
    folder = runtime_folder()
    done = chaos_ctl(*(word.format(folder) for word in words))
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr == says.format(*2 * [folder])


def test_ctl_does_not_take_anything_for_it(daemon):
    (daemon.folder / "ca.pem").write_text("garbage")
    done = chaos_ctl("-d", daemon.folder, "ca")
    assert (done.returncode, done.stdout) == (1, "")
    assert "ca.pem is no certificate of an authority; start the daemon again\n" in done.stderr


def test_api_gives_the_certificate(start):
    daemon = start("--listen", "127.0.0.1:0")
    reply = daemon.request("GET", "/_chaos/ca")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/x-pem-file")
    assert reply.body == (daemon.folder / "ca.pem").read_bytes()
    address = re.search(r"http://(\S+)", daemon.said())[1]
    host = http.client.HTTPConnection(address, timeout=TIMEOUT)
    assert talk(host, "GET", "/_chaos/ca").body == reply.body
    assert daemon.request("POST", "/_chaos/ca", {}).status == 405
    (daemon.folder / "ca.pem").unlink()
    reply = daemon.request("GET", "/_chaos/ca")
    assert reply.status == 500 and "start chaos-control again" in reply.json["message"]
