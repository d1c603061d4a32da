# SPDX-License-Identifier: Apache-2.0
"""Programs that root's run hands over to another user: they have the rules, and reach nothing else."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest

from harness import (
    BUILD, CLIENTS, SHIM, STATUS, TIMEOUT, Client, Daemon, environment, node_shares_openssl, wait_for,
)  # fmt: skip
from test_children import CALL, RULE
from tls import AWS_HOST

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root may drop privileges")

NOBODY = "nobody"
OTHER = "daemon"
SETPRIV = ["setpriv", "--reuid", NOBODY, "--clear-groups"]
PYTHON = "/usr/bin/python3"
KINESIS = {"service": "kinesis"}


@pytest.fixture
def installed():
    """The programs, and some clients, where everybody can read them."""
    folder = tempfile.mkdtemp(prefix="chaos-installed-")
    os.chmod(folder, 0o755)
    for name in ("chaos-run", "chaos-control", "chaos-ctl", "chaos-report", SHIM.name,
                 "libchaos-bridge.so"):  # fmt: skip
        shutil.copy(BUILD / name, folder)
    for name in ("py_http.py", "signed.py", "node_https.js", "signed.js"):
        shutil.copy(CLIENTS / name, folder)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def call(installed, sink):
    """The path of a program that makes one call and prints its status."""
    path = f"{installed}/call"
    with open(path, "w") as file:
        command = " ".join(f"'{word}'" for word in [shutil.which("curl"), *CALL[1:], sink.url])
        file.write(f"#!/bin/sh\nexec {command}\n")
    os.chmod(path, 0o755)
    return path


def run_in(folder, *words, **env):
    return subprocess.run(
        [f"{folder}/chaos-run", *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=TIMEOUT, env=environment(**env), cwd="/",
    )  # fmt: skip


def guest(installed, daemon, script, *arguments):
    """Runs a script of Python's as a guest of the daemon."""
    command = [*SETPRIV, PYTHON, "-c", script, *map(str, arguments)]
    return run_in(installed, "-d", daemon.folder, "--", *command)


@pytest.fixture
def steered(installed, daemon):
    """Starts a steered client as a guest: steered(port)."""
    started = []

    def start(port, *before):
        command = [f"{installed}/chaos-run", "-d", daemon.folder, "--", *before, *SETPRIV,
                   PYTHON, f"{installed}/py_http.py", port]  # fmt: skip
        started.append(Client(command, environment()))
        return started[-1]

    yield start
    for one in started:
        one.kill()


# ---- each way to another user ----

WAYS = {
    "setpriv": [*SETPRIV],
    "setpriv and nothing new": [*SETPRIV, "--no-new-privs"],
    "setpriv and env -i": [*SETPRIV, "env", "-i"],
    "su": ["su", NOBODY, "-s", "/bin/sh", "-c"],
    "su -": ["su", "-", NOBODY, "-s", "/bin/sh", "-c"],
    "runuser": ["runuser", "-u", NOBODY, "--"],
    "sudo": ["sudo", "-n", "-u", NOBODY],
    "python": [PYTHON, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:], user='nobody')"],
    "twice": ["setpriv", "--reuid", OTHER, "--clear-groups", "--inh-caps=+setuid",
              "--ambient-caps=+setuid", "setpriv", "--reuid", NOBODY],
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_program_of_another_user_has_its_faults(installed, call, way):
    done = run_in(installed, "--strict", "-f", RULE, "--", *WAYS[way], call)
    said = [line for line in done.stderr.splitlines() if not line.startswith("su: ")]
    assert (done.returncode, done.stdout, said) == (0, "503\n", [])


@pytest.mark.skipif(not shutil.which("supervisord"), reason="no supervisord here")
def test_program_of_supervisord_with_a_user_has_its_faults(installed, call, tmp_path):
    (tmp_path / "conf").write_text(
        "[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\n"
        f"pidfile={tmp_path}/pid\nuser=root\n"
        f"[program:one]\ncommand={call}\nuser={NOBODY}\nautorestart=false\nstartsecs=0\n"
        f"stdout_logfile={tmp_path}/said\n"
        "[program:two]\nautorestart=false\nstartsecs=0\ncommand=/bin/sh -c "
        f"'until grep -q 3 {tmp_path}/said; do sleep 0.1; done; kill $(cat {tmp_path}/pid)'\n"
    )
    done = run_in(installed, "--strict", "-f", RULE, "--", "supervisord", "-c", tmp_path / "conf")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "said").read_text() == "503\n"


def test_children_of_such_a_program_have_their_faults(installed, call):
    script = f"{call}; env -i {call}; env -u LD_PRELOAD sh -c '{call}; true'"
    done = run_in(installed, "--strict", "-f", RULE, "--", *SETPRIV, "sh", "-c", script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "503\n" * 3, "")


def test_program_by_a_shared_library_of_openssl_has_its_faults(installed, tls_sink, authority):
    certificate = shutil.copy(authority.certificate, installed)
    os.chmod(certificate, 0o644)
    command = [*SETPRIV, "curl", *CALL[1:], "--cacert", certificate, tls_sink.url]
    done = run_in(installed, "--strict", "-f", RULE, "--", *command)
    assert (done.returncode, done.stdout, done.stderr) == (0, "503\n", "")


def test_program_without_rules_is_what_it_would_be(installed, call):
    done = run_in(installed, "--strict", "--", *SETPRIV, call)
    assert (done.returncode, done.stdout, done.stderr) == (0, "200\n", "")


def test_program_that_changes_its_user_itself_takes_new_rules(installed, daemon, sink):
    script = "import os, runpy; os.setuid(65534); runpy.run_path('py_http.py', run_name='__main__')"
    command = [f"{installed}/chaos-run", "-d", daemon.folder, "--", "env", "-C", installed, PYTHON,
               "-c", f"import sys; sys.path.insert(0, ''); {script}", sink.port]  # fmt: skip
    one = Client(command, environment())
    assert one.ask().status == 200
    daemon.faults(*({"service": f"s{i}"} for i in range(1000)), KINESIS)
    assert one.ask().status == 503
    one.finish()


SETUID = """
import os, sys, urllib.request
def status():
    try:
        return urllib.request.urlopen(urllib.request.Request(sys.argv[1], headers=HEADERS)).status
    except urllib.error.HTTPError as error:
        return error.code
HEADERS = {"Authorization": "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/kinesis/aws4_request,"
                            " SignedHeaders=host, Signature=0"}
os.setuid(65534)
for line in sys.stdin:
    print(eval(line), flush=True)
"""


class Turned:
    """A program that has changed its user by itself, under --strict; it evaluates what it is asked."""

    def __init__(self, folder, daemon, *arguments, under=()):
        command = [*under, f"{folder}/chaos-run", "--strict", "-d", daemon.folder, "--", PYTHON, "-c", SETUID,
                   *map(str, arguments)]  # fmt: skip
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment(), cwd="/",
        )  # fmt: skip

    def ask(self, what):
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip()

    def finish(self):
        said = self.process.communicate(timeout=TIMEOUT)[1]
        return self.process.returncode, said


def test_program_that_changes_its_user_itself_takes_rules_again_and_again(installed, daemon, sink):
    one = Turned(installed, daemon, sink.url)
    assert one.ask("status()") == "200"
    for count in (1000, 4000, 16000, 1):  # each but the last in a larger table
        daemon.faults(*({"service": f"s{i}"} for i in range(count)), KINESIS)
        assert one.ask("status()") == "503"
    assert one.finish() == (0, "")


def test_children_of_a_program_that_has_changed_its_user_itself_have_their_faults(
    installed, daemon, sink, call
):
    one = Turned(installed, daemon, sink.url)
    for count in (1000, 4000):
        daemon.faults(*({"service": f"s{i}"} for i in range(count)), KINESIS)
        assert one.ask("status()") == "503"
        for env in ("None", "{}"):
            asked = f"__import__('subprocess').check_output(['{call}'], env={env})"
            assert one.ask(asked) == "b'503\\n'"
    assert one.finish() == (0, "")


def test_program_that_loses_its_rules_with_its_user_fails_strict(installed, sink):
    """Who is not root has no guests."""
    under = ["setpriv", "--reuid", OTHER, "--clear-groups", "--inh-caps=+setuid", "--ambient-caps=+setuid"]
    there = [*under, "sh", "-c", f'shift; exec {installed}/chaos-control "$@"', "sh"]
    os.mkdir(f"{installed}/run", 0o700)
    shutil.chown(f"{installed}/run", OTHER)
    daemon = Daemon(f"{installed}/run", under=there)
    try:
        daemon.start()
        one = Turned(installed, daemon, sink.url, under=under)
        assert one.ask("status()") == "200"
        daemon.faults(*({"service": f"s{i}"} for i in range(1000)), KINESIS)
        assert one.ask("status()") == "200"
        code, said = one.finish()
    finally:
        daemon.remove()
    assert code == 125
    assert "cannot be opened by this user" in said


# ---- what is counted ----


def test_calls_of_both_users_are_counted_together(installed, daemon, call):
    daemon.faults(KINESIS)
    for before in ([], SETPRIV, SETPRIV):
        assert run_in(installed, "-d", daemon.folder, "--", *before, call).stdout == "503\n"
    status = daemon.request("GET", STATUS).json
    assert status["fired"]["faults"] == [3]
    assert {name: status["totals"][name] for name in ("connections", "calls", "faults")} == {
        "connections": 3, "calls": 3, "faults": 3,
    }  # fmt: skip


def test_processes_of_another_user_are_listed(daemon, steered, sink):
    daemon.faults(KINESIS)
    one = steered(sink.port)
    assert [one.ask().status for _ in range(5)] == [503] * 5
    listed = daemon.request("GET", "/_chaos/processes").json
    mine = [each for each in listed if each["pid"] == one.process.pid]
    assert [(each["running"], each["calls"], each["faults"]) for each in mine] == [(True, 5, 5)]
    one.finish()
    listed = daemon.request("GET", "/_chaos/processes").json
    assert [each["running"] for each in listed if each["pid"] == one.process.pid] == [False]


def test_forked_children_of_another_user_have_lines_of_their_own(installed, daemon, sink):
    script = (
        "import os, sys, urllib.request as u\n"
        "for i in range(3):\n"
        "    if os.fork() == 0:\n"
        "        u.urlopen(sys.argv[1]).read(); os._exit(0)\n"
        "    os.wait()\n"
    )
    assert guest(installed, daemon, script, sink.url).returncode == 0
    listed = daemon.request("GET", "/_chaos/processes").json
    assert [each["connections"] for each in listed if "urllib" in each["command"]] == [1, 1, 1]


def test_program_with_a_tls_of_its_own_is_left_alone_and_fails_strict(
    installed, tls_sink, authority
):
    """The authority's key is root's: there is no bridge for another user."""
    if node_shares_openssl():
        pytest.skip("this Node uses the shared OpenSSL, and is seen")
    certificate = shutil.copy(authority.ca, installed)
    os.chmod(certificate, 0o644)
    done = run_in(
        installed, "--strict", "-f", "[{}]", "--", *SETPRIV,
        "node", f"{installed}/node_https.js", tls_sink.port, AWS_HOST,
        NODE_EXTRA_CA_CERTS=certificate,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (125, "200\n"), done.stderr
    assert "connections to AWS could not be looked into: 1" in done.stderr
    assert f": {AWS_HOST}, TLS" in done.stderr
    assert "it runs as another user than chaos-run, and such programs get no bridge" in done.stderr


def test_program_of_another_user_that_cannot_be_followed_fails_strict(installed, programs):
    static = shutil.copy(programs / "static_child", installed)
    done = run_in(installed, "--strict", "--", *SETPRIV, "sh", "-c", f"{static}; true")
    assert done.returncode == 125
    assert f"cannot be followed: {static} makes its own system calls and runs as another user" in done.stderr
    assert "sudo -u USER chaos-run" in done.stderr


# ---- rules and daemons that change ----


def test_rules_change_while_such_a_program_runs(daemon, steered, sink):
    one = steered(sink.port)
    assert one.ask().status == 200
    for count in (1, 10, 2000, 20000, 1):  # those in between take larger tables
        daemon.faults(*({"service": f"s{i}"} for i in range(count)), KINESIS)
        assert one.ask().status == 503
        daemon.faults()
        assert one.ask().status == 200
    one.finish()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_such_a_program_goes_over_to_the_next_daemon(daemon, steered, sink, number):
    daemon.faults(KINESIS)
    one = steered(sink.port)
    assert one.ask().status == 503
    daemon.end(number)
    assert one.ask().status == (503 if number == signal.SIGKILL else 200)
    daemon.start()
    assert [one.ask().status for _ in range(4)] == [503] * 4
    daemon.faults(*({"service": f"s{i}"} for i in range(2000)), KINESIS)
    assert one.ask().status == 503
    assert daemon.totals()["calls"] == 5
    mine = [each for each in daemon.request("GET", "/_chaos/processes").json
            if each["pid"] == one.process.pid]  # fmt: skip
    assert [each["calls"] for each in mine] == [5]
    one.finish()


def test_strict_of_a_run_over_two_daemons_sees_both(installed, daemon, programs):
    static = shutil.copy(programs / "static_child", installed)
    run = subprocess.Popen(
        [f"{installed}/chaos-run", "--strict", "-d", daemon.folder, "--", *SETPRIV,
         "sh", "-c", f"read _; {static}; exit 0"],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(), cwd="/",
    )  # fmt: skip
    wait_for(lambda: any(each["command"].startswith("sh -c")
                         for each in daemon.request("GET", "/_chaos/processes").json), "the shell")
    daemon.end(signal.SIGKILL)
    daemon.start()
    _, said = run.communicate("\n", timeout=TIMEOUT)
    assert run.returncode == 125
    assert said.count(f"cannot be followed: {static} makes its own system calls") == 1
    assert daemon.totals()["unfollowed"] == 1


def test_such_a_program_without_a_daemon_is_told_of(installed, call, daemon):
    daemon.faults(KINESIS)
    command = ["sh", "-c", f'kill -9 {daemon.process.pid}; "$@"; true', "sh", *SETPRIV, call]
    done = run_in(installed, "--strict", "-d", daemon.folder, "--", *command)
    assert (done.returncode, done.stdout) == (125, "200\n"), done.stderr
    assert re.search(r"could not be given the rules: pid \d+, \w+: \S+: Permission denied", done.stderr)


def test_daemon_that_does_not_answer_is_not_waited_for_long(installed, daemon):
    run = subprocess.Popen(
        [f"{installed}/chaos-run", "--strict", "-d", daemon.folder, "--", "sh", "-c",
         f'kill -STOP {daemon.process.pid}; "$@"; kill -CONT {daemon.process.pid}', "sh",
         *SETPRIV, "true"],
        stderr=subprocess.PIPE, text=True, env=environment(), cwd="/",
    )  # fmt: skip
    _, said = run.communicate(timeout=TIMEOUT)
    assert run.returncode == 125
    assert "chaos-run: could not be given the rules: pid " in said


@pytest.mark.parametrize("what", ["connect", "sendto", "recvmsg"])
def test_signal_while_the_daemon_is_asked_changes_nothing(installed, call, tmp_path, what):
    inject = ["strace", "-f", "-o", "/dev/null", "-e", f"trace={what}",
              "-e", f"inject={what}:error=EINTR:when=1"]  # fmt: skip
    done = run_in(installed, "--strict", "-f", RULE, "--", *SETPRIV, *inject, call)
    assert (done.returncode, done.stdout, done.stderr) == (0, "503\n", "")


def test_program_in_another_network_is_told_of(installed, call):
    done = run_in(installed, "--strict", "-f", RULE, "--", "unshare", "-n", *SETPRIV, "true")
    assert done.returncode == 125
    assert re.fullmatch(
        r"chaos-run: cannot be followed: \S+ was begun as another user where the daemon cannot be asked "
        r"\(another network\); .*\n", done.stderr
    ), done.stderr  # fmt: skip


@pytest.mark.parametrize("who", ["--euid", "--egid"])
def test_program_whose_effective_user_alone_is_another_one_is_told_of(installed, who):
    done = run_in(installed, "--strict", "-f", RULE, "--", "setpriv", who, "1", "--keep-groups", "true")
    assert done.returncode == 125
    assert "true was begun with another effective user or group than the real one" in done.stderr


# ---- no trace ----


def test_only_who_cannot_open_the_folder_asks_the_daemon(installed, daemon, tmp_path):
    def asked(*before):
        trace = tmp_path / "trace"
        command = ["strace", "-f", "-o", trace, "-e", "trace=connect", *before, "true"]
        assert run_in(installed, "-d", daemon.folder, "--", *command).returncode == 0
        return trace.read_text().count("chaos-guests-")

    assert asked() == 0
    # setpriv looks whether there is a daemon, and true asks it.
    assert asked(*SETPRIV) == 2


def test_no_descriptor_stays_open(installed, daemon):
    script = "import os; print(sorted(map(int, os.listdir('/proc/self/fd'))))"
    plain = subprocess.run([*SETPRIV, PYTHON, "-c", script], stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, env=environment())  # fmt: skip
    assert guest(installed, daemon, script).stdout == plain.stdout


def test_environment_of_the_folders_own_programs_holds_no_secret(installed, daemon):
    script = 'tr "\\0" "\\n" < /proc/$$/environ | grep -c CHAOS_GUESTS'
    assert run_in(installed, "-d", daemon.folder, "--", "sh", "-c", script).stdout == "0\n"
    assert run_in(installed, "-d", daemon.folder, "--", *SETPRIV, "sh", "-c", script).stdout == "1\n"


def test_node_of_another_user_complains_of_nothing(installed, daemon):
    command = ["env", "-u", "NODE_EXTRA_CA_CERTS", f"{installed}/chaos-run", "-d", daemon.folder,
               "--", *SETPRIV, "node", "-e", "0"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), cwd="/")
    assert (done.returncode, done.stderr) == (0, "")


# ---- who reaches what ----

# Takes the files of the daemon, as the library does.
TAKE = """
import array, errno, fcntl, mmap, os, socket, sys
name, _, secret = os.environ["CHAOS_GUESTS"].rpartition(".")
def take(said=secret):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect("\\0" + name)
    s.send(said.encode())
    data, files, *_ = socket.recv_fds(s, 16, 8)
    return files
def refused(what, *arguments):
    try:
        what(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"
"""


def test_who_does_not_know_the_secret_is_given_nothing(installed, daemon):
    script = TAKE + "print(len(take()), take('0' * 32), take(''.rjust(200)), take(secret[:-1]))"
    assert guest(installed, daemon, script).stdout == "2 [] [] []\n"


def test_guest_cannot_write_the_table(installed, daemon):
    script = TAKE + (
        "table = take()[0]\n"
        "print(refused(os.write, table, b'x'), refused(os.ftruncate, table, 0),\n"
        "      refused(os.open, f'/proc/self/fd/{table}', os.O_RDWR),\n"
        "      refused(os.truncate, f'/proc/self/fd/{table}', 0), refused(os.fchmod, table, 0o666),\n"
        "      refused(mmap.mmap, table, 4096))"
    )
    assert guest(installed, daemon, script).stdout == "EBADF EINVAL EACCES EACCES EPERM EACCES\n"


def test_guest_can_neither_shrink_its_journal_nor_let_it_grow(installed, daemon):
    script = TAKE + (
        "journal = take()[1]\n"
        "size = os.fstat(journal).st_size\n"
        "print(refused(os.ftruncate, journal, 0), refused(os.ftruncate, journal, size + 1),\n"
        "      refused(os.pwrite, journal, b'x', size), refused(os.fchmod, journal, 0o666),\n"
        "      refused(fcntl.fcntl, journal, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE))"
    )
    assert guest(installed, daemon, script).stdout == "EPERM EPERM EPERM EPERM EPERM\n"


def test_guest_reaches_no_file_of_the_folder(installed, daemon):
    script = TAKE + (
        f"for each in ('', '/ca.key', '/ca.pem', '/journal', '/control.sock', '/state.json'):\n"
        f"    print(refused(os.open, {str(daemon.folder)!r} + each, os.O_RDONLY))\n"
        "print([os.readlink(f'/proc/self/fd/{each}').rpartition('/')[2] for each in take()])"
    )
    lines = guest(installed, daemon, script).stdout.splitlines()
    assert lines == ["EACCES"] * 6 + ["['table', 'memfd:chaos-guests (deleted)']"]


def test_own_journal_is_not_the_guests(installed, daemon):
    script = TAKE + "print(os.fstat(take()[1]).st_ino)"
    theirs = int(guest(installed, daemon, script).stdout)
    assert theirs != os.stat(daemon.folder / "journal").st_ino


def test_what_a_guest_writes_harms_the_counts_of_guests_alone(installed, daemon, call):
    daemon.faults(KINESIS)
    for byte in ("ff", "01", "7f"):
        script = TAKE + (
            "journal = take()[1]; size = os.fstat(journal).st_size\n"
            f"with mmap.mmap(journal, size) as m: m[:] = bytes.fromhex('{byte}') * size\n"
        )
        assert guest(installed, daemon, script).returncode == 0
        assert isinstance(daemon.request("GET", "/_chaos/processes").json, list)
        status = daemon.request("GET", STATUS).json
        assert status["fired"]["faults"][0] > 0
        listed = subprocess.run([BUILD / "chaos-ctl", "-d", daemon.folder, "ps"],
                                capture_output=True, env=environment(), timeout=TIMEOUT)  # fmt: skip
        assert listed.returncode == 0
    done = run_in(installed, "--strict", "-d", daemon.folder, "--", call)
    assert (done.returncode, done.stdout) == (0, "503\n")
    # Their journal is of no use any more, which the next of them is told.
    done = run_in(installed, "--strict", "-d", daemon.folder, "--", *SETPRIV, "true")
    assert done.returncode == 125


def test_line_that_a_guest_forges_keeps_no_private_daemon_alive(installed):
    script = TAKE + (
        "import struct\n"
        f"pid = {os.getpid()}\n"
        "start = int(open(f'/proc/{pid}/stat').read().rpartition(')')[2].split()[19])\n"
        "line = struct.pack('<IIQ', pid, 0, start)\n"
        "os.pwrite(take()[1], line, 4198400)\n"
        "print(os.environ['CHAOS_DIR'])"
    )
    done = run_in(installed, "-f", RULE, "--", *SETPRIV, PYTHON, "-c", script)
    folder = done.stdout.strip()
    assert folder.startswith("/tmp/chaos-run."), done.stderr
    wait_for(lambda: not os.path.exists(folder), "the private daemon to end")


def test_private_daemon_lives_as_long_as_its_guests(installed, sink):
    command = [f"{installed}/chaos-run", "-f", RULE, "--", "sh", "-c",
               'exec 3<&0; "$@" <&3 & exit 0', "sh", *SETPRIV, PYTHON, f"{installed}/py_http.py",
               sink.port]  # fmt: skip
    one = Client(command, environment())
    one.process.wait(TIMEOUT)
    time.sleep(1.5)  # several looks of the daemon's
    assert one.ask().status == 503
    one.process.stdin.close()


def test_strangers_who_say_nothing_keep_no_guest_out(installed, daemon, call):
    daemon.faults(KINESIS)
    address = "\0" + json.loads(
        guest(installed, daemon, TAKE + "import json; print(json.dumps(name))").stdout
    )
    strangers = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(200)]
    for one in strangers:
        one.connect(address)
    done = run_in(installed, "--strict", "-d", daemon.folder, "--", *SETPRIV, call)
    assert (done.returncode, done.stdout) == (0, "503\n")
    for one in strangers:
        one.close()


def test_who_takes_the_daemons_name_is_not_told_the_secret(installed, daemon):
    """The name is anybody's to take once the daemon has ended."""
    impostor = TAKE + (
        "import select, subprocess\n"
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
        "sys.stdin.readline()\n"
        "s.bind('\\0' + name); s.listen()\n"
        "subprocess.run(['true'], env={**os.environ, 'CHAOS_DIR': sys.argv[1]})\n"
        "c, _ = s.accept()\n"
        "print('heard', c.recv(100))\n"
    )
    run = subprocess.Popen(
        [f"{installed}/chaos-run", "-d", daemon.folder, "--", *SETPRIV, PYTHON, "-c", impostor,
         daemon.folder],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(), cwd="/",
    )  # fmt: skip
    wait_for(lambda: any(each["command"].startswith(os.path.basename(PYTHON))
                         for each in daemon.request("GET", "/_chaos/processes").json), "the impostor")
    daemon.end(signal.SIGKILL)
    said, _ = run.communicate("\n", timeout=TIMEOUT)
    assert said == "heard b''\n"


def test_daemon_takes_another_name_where_its_own_is_taken(installed, daemon, call):
    daemon.faults(KINESIS)
    name = guest(installed, daemon, TAKE + "print(name)").stdout.strip()
    daemon.end()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as taken:
        taken.bind("\0" + name)
        daemon.start()
        done = run_in(installed, "--strict", "-d", daemon.folder, "--", *SETPRIV, call)
    assert (done.returncode, done.stdout) == (0, "503\n")


def test_secret_is_on_no_command_line(installed, daemon, tmp_path):
    """What system() runs, everybody can see."""
    script = "import os; os.setuid(65534); os.system('true')"
    trace = tmp_path / "trace"
    trace.touch()
    command = ["strace", "-f", "-s", 4096, "-o", trace, "-e", "trace=execve", PYTHON, "-c", script]
    assert run_in(installed, "-d", daemon.folder, "--", *command).returncode == 0
    assert '"sh", "-c"' in trace.read_text()
    assert "CHAOS_GUESTS" not in trace.read_text()


def test_daemon_that_is_not_roots_has_no_guests(installed):
    """Who is not root hands nobody over."""
    folder = tempfile.mkdtemp(prefix="chaos-nobody-")
    shutil.chown(folder, NOBODY)
    try:
        subprocess.run([*SETPRIV, f"{installed}/chaos-control", "-D", "-d", f"{folder}/run"],
                       env=environment(), check=True, capture_output=True)  # fmt: skip
        with open(f"{folder}/run/lock") as lock, open("/proc/net/unix") as sockets:
            pid = int(lock.read())
            named = {line.split()[6] for line in sockets if "@chaos-guests-" in line}
        own = {os.readlink(each.path) for each in os.scandir(f"/proc/{pid}/fd")}
        os.kill(pid, signal.SIGTERM)
        assert own and not any(f"socket:[{inode}]" in own for inode in named)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# ---- what is told of them ----


def test_guest_is_observed_as_any_program_is(daemon, steered, sink):
    daemon.request("POST", "/_chaos/observe")
    guest = steered(sink.port)
    daemon.faults({**KINESIS, "operation": "PutRecords"})
    assert [guest.ask(name).status for name in ("PutRecord", "PutRecords")] == [200, 503]
    told = daemon.request("GET", "/_chaos/events").body.splitlines()
    assert [json.loads(line)["operation"] for line in told] == ["PutRecord", "PutRecords"]
    assert daemon.request("GET", "/_chaos/events").body.count(b"\n") == 2
    stats = daemon.request("GET", "/_chaos/stats").json
    assert [(one["operation"], one["attempts"], one["faults"]) for one in stats["operations"]] == [
        ("PutRecord", 1, 0), ("PutRecords", 1, 1),
    ]  # fmt: skip
    assert stats["rules"][0]["taken"] == stats["totals"]["taken"] == 1
    metrics = daemon.request("GET", "/_chaos/metrics").body.decode()
    assert 'chaos_faults_total{service="kinesis",operation="PutRecords"} 1\n' in metrics


# ---- what is told of them ----


def test_what_guests_do_is_in_the_report_of_their_run(installed, daemon, call, tmp_path):
    daemon.faults(dict(KINESIS, description="told"))
    path = tmp_path / "report.json"
    script = f"{call}; {' '.join(SETPRIV)} {call}"
    done = run_in(
        installed, "-d", daemon.folder, f"--report=json:{path}", "--expect", "faults == 2",
        "--expect", "rule:told: taken == planned", "--", "sh", "-c", script,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(path.read_text())
    assert [(one["attempts"], one["faults"]) for one in told["operations"]] == [(2, 2)]
    assert [(one["planned"], one["taken"]) for one in told["rules"]] == [(2, 2)]
    assert told["totals"]["programs"] == 2
