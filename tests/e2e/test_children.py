# SPDX-License-Identifier: Apache-2.0
"""Children: whatever a program makes of their environment, they are followed, or told of."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from harness import (
    BUILD, CLIENTS, SHIM, STATUS, TIMEOUT, environment, preloaded, python, without_supervision,
)  # fmt: skip
from test_supervised import build_go

RULE = json.dumps([{"service": "kinesis"}])
CALL = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}\n", "--max-time", "10",
        "--aws-sigv4", "aws:amz:us-east-1:kinesis", "--user", "A:B",
        "-H", "X-Amz-Target: Kinesis_20131202.PutRecord", "-d", "{}"]  # fmt: skip

LISTS = ["execl", "execlp", "execle"]
EXECS = ["execve", "execv", "execvp", "execvpe", "execveat", "execveat of a descriptor",
         "fexecve", *LISTS]  # fmt: skip
SPAWNS = ["posix_spawn", "posix_spawnp"]
FOLDERS = [
    "posix_spawn in a folder",
    "posix_spawn in a folder by two steps",
    "posix_spawn in a folder by its descriptor",
    "posix_spawn in a folder that it opens",
    "posix_spawnp in a folder",
]
SHELLS = ["system", "popen"]


def chaos_run(*words, env=None, **options):
    return subprocess.run(
        [BUILD / "chaos-run", *map(str, words)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=2 * TIMEOUT,
        env=env or environment(), **options,
    )  # fmt: skip


@pytest.fixture
def call(tmp_path, sink):
    """The path of a program without arguments that makes one call and prints its status."""
    path = tmp_path / "call"
    command = " ".join(f"'{word}'" for word in [shutil.which("curl"), *CALL[1:], sink.url])
    path.write_text(f"#!/bin/sh\nexec {command}\n")
    path.chmod(0o755)
    return path


# ---- the environment is kept ----

# How a program clears or replaces the environment of its child.
CLEARED = {
    "env -i": ["env", "-i"],
    "env -u LD_PRELOAD": ["env", "-u", "LD_PRELOAD"],
    "env -u CHAOS_DIR": ["env", "-u", "CHAOS_DIR"],
    "an empty CHAOS_DIR": ["env", "CHAOS_DIR="],
    "unset in a shell": ["sh", "-c", 'unset LD_PRELOAD CHAOS_DIR; "$0"'],
    "subprocess(env={})": [
        sys.executable, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:], env={})",
    ],
    "os.execve(…, {})": [
        sys.executable, "-c", "import os, sys; os.execve(sys.argv[1], sys.argv[1:], {})",
    ],
    "os.posix_spawn(…, {})": [
        sys.executable, "-c",
        "import os, sys; os.waitpid(os.posix_spawn(sys.argv[1], sys.argv[1:], {}), 0)",
    ],
    "os.system()": [
        sys.executable, "-c", "import os, sys; os.environ.clear(); os.system(sys.argv[1])",
    ],
    "execFileSync with its own env": [
        "node", "-e",
        "require('child_process').execFileSync(process.argv[1], {env: {A: 'b'}, stdio: 'inherit'})",
    ],
    "env -i in a sandbox": ["setpriv", "--no-new-privs", "env", "-i"],
    "perl's %ENV": ["perl", "-e", "%ENV = (); exec @ARGV"],
}  # fmt: skip


@pytest.mark.parametrize("way", CLEARED)
def test_child_whose_environment_was_cleared_keeps_its_faults(call, way):
    done = chaos_run("-f", RULE, "--strict", "--", *CLEARED[way], call)
    assert (done.returncode, done.stdout, done.stderr) == (0, "503\n", "")


@pytest.mark.parametrize("mode", ["here", "fork", "vfork"])
@pytest.mark.parametrize("way", [*EXECS, *SPAWNS, *SHELLS])
def test_child_keeps_its_faults_in_each_way_that_libc_has(programs, call, way, mode):
    done = chaos_run("-f", RULE, "--", programs / "begins", way, mode, "A=b", "--", call)
    assert (done.returncode, done.stdout, done.stderr) == (0, "503\n", "")


def test_children_of_vfork_in_64_threads_keep_their_faults(programs, call):
    done = chaos_run("-f", RULE, "--", programs / "begins", "execve", "threads", "--", call)
    assert (done.returncode, done.stdout, done.stderr) == (0, "503\n" * 64, "")


# What a program may hand to its child, and what stands there in the place of LD_PRELOAD.
HANDED = {
    "nothing": ([], None),
    "others": (["A=b", "C="], None),
    "twice the same": (["A=1", "A=2"], None),
    "no assignment": (["A", "=b", "LD_PRELOADS=x"], None),
    "a list": (["A=b", "LD_PRELOAD=/x/one.so:/x/two.so", "C=d"], "/x/one.so:/x/two.so"),
    "a list with spaces": (["LD_PRELOAD=/x/one.so /x/two.so"], "/x/one.so /x/two.so"),
    "an empty list": (["LD_PRELOAD=", "A=b"], None),
    "two lists": (["LD_PRELOAD=/x/one.so", "LD_PRELOAD=/x/two.so"], "/x/two.so"),
    "another folder": (["CHAOS_DIR=/nowhere"], None),
}  # fmt: skip


def told(done):
    """The lines of env(1), without what ld.so says of libraries that are not there."""
    return done.stdout.splitlines()


def is_ours(entry):
    return entry.startswith(("LD_PRELOAD=", "CHAOS_"))


@pytest.mark.parametrize("way", ["execve", "execv", "execvpe", "posix_spawn"])
@pytest.mark.parametrize("handed", HANDED)
def test_environment_of_a_child_differs_in_what_it_is_followed_by_alone(
    programs, daemon, handed, way
):
    entries, listed = HANDED[handed]
    command = [programs / "begins", way, "vfork", *entries, "--", shutil.which("env")]
    plain = subprocess.run(list(map(str, command)), env=environment(), capture_output=True, text=True)
    seen = subprocess.run(
        list(map(str, command)), env=preloaded(daemon.folder), capture_output=True, text=True
    )
    rest = [entry for entry in told(plain) if not is_ours(entry)]
    assert [entry for entry in told(seen) if not is_ours(entry)] == rest
    lists = [entry for entry in told(seen) if entry.startswith("LD_PRELOAD=")]
    assert lists[-1] == f"LD_PRELOAD={SHIM}" + (f":{listed}" if listed else "")
    folders = [entry for entry in told(seen) if entry.startswith("CHAOS_DIR=")]
    wanted = "/nowhere" if handed == "another folder" else daemon.folder
    assert folders == [f"CHAOS_DIR={wanted}"]


NAMES = ["A", "B", "LD_LIBRARY_PATH", "LD_PRELOAD", "LD_PRELOADS", "CHAOS_DIR", "CHAOS_DIRS",
         "CHAOS_QUIET", "CHAOS_FOLLOW", "CHAOS", "PRELOAD", "LD_"]  # fmt: skip
VALUES = ["", "b", "=", "a=b", "/x/one.so", "/x/one.so:/x/two.so", " ", ":", "'", "x" * 5000]


@pytest.mark.parametrize("seed", range(60))
def test_random_environment_of_a_child_differs_in_that_alone(programs, daemon, seed):
    """Also its order, and entries that occur twice or are none."""
    dice = random.Random(seed)
    entries = [
        dice.choice(NAMES) + dice.choice(["=", "=", "=", ""]) + dice.choice(VALUES)
        for _ in range(dice.randrange(12))
    ]
    way = dice.choice(["execve", "execv", "execvp", "execvpe", "execle", "fexecve", *SPAWNS])
    command = [programs / "begins", way, "vfork", *entries, "--", shutil.which("env")]
    plain, seen = (
        [entry for entry in told(subprocess.run(
            list(map(str, command)), env=env, capture_output=True, text=True, check=True,
        )) if not is_ours(entry)]
        for env in (environment(), preloaded(daemon.folder))
    )  # fmt: skip
    assert seen == plain == [entry for entry in entries if not is_ours(entry)]


def test_library_is_not_listed_twice(programs, daemon):
    """Under whatever path it stands there already."""
    for entry in (SHIM, f"/x/one.so:{SHIM}", f"{SHIM.parent}/./{SHIM.name}"):
        command = ["env", "-i", f"LD_PRELOAD={entry}", "env"]
        done = subprocess.run(command, env=preloaded(daemon.folder), capture_output=True, text=True)
        assert f"LD_PRELOAD={entry}" in done.stdout.splitlines()


def in_child(env):
    """The environment that a child finds which was to have none."""
    done = subprocess.run(["env", "-i", "env"], env=env, capture_output=True, text=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    "wish",
    ["CHAOS_QUIET=1", "CHAOS_BRIDGE=0", "CHAOS_INTERCEPT=minio.example", "CHAOS_PORTS=8000"],
)
def test_what_was_wished_for_is_kept(daemon, wish):
    assert wish in in_child(preloaded(daemon.folder, **dict([wish.split("=")])))


def test_ports_of_endpoints_are_kept(daemon):
    named = {"AWS_ENDPOINT_URL": "http://localhost:8123", "AWS_ENDPOINT_URL_S3": "http://s3:8000/"}
    there = in_child(preloaded(daemon.folder, CHAOS_PORTS="8000,9", **named))
    assert "CHAOS_PORTS=8000,9,8123" in there
    assert not [entry for entry in there if entry.startswith("AWS_")]
    there = in_child(preloaded(daemon.folder, AWS_ENDPOINT_URL="http://localhost:8123"))
    assert "CHAOS_PORTS=8123" in there


def test_hosts_of_endpoints_are_kept_behind_those_of_the_user(daemon):
    named = {"AWS_ENDPOINT_URL": "https://LocalHost:8123/a", "AWS_ENDPOINT_URL_S3": "https://[::1]/"}
    there = in_child(preloaded(daemon.folder, **named))
    assert sorted(next(entry for entry in there if entry.startswith("CHAOS_INTERCEPT="))[16:].split(",")) == [
        "LocalHost:8123", "[::1]:443",
    ]  # fmt: skip
    there = in_child(preloaded(daemon.folder, CHAOS_INTERCEPT="minio, [::1]:443", **named))
    assert "CHAOS_INTERCEPT=minio, [::1]:443,LocalHost:8123" in there


def test_hosts_of_endpoints_do_not_take_the_place_of_the_child_s_own(daemon):
    command = ["env", "-i", "CHAOS_INTERCEPT=theirs", "env"]
    env = preloaded(daemon.folder, AWS_ENDPOINT_URL="https://localhost:8123")
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert "CHAOS_INTERCEPT=theirs" in done.stdout.splitlines()


@pytest.mark.parametrize("name", ["NODE_EXTRA_CA_CERTS", "DENO_CERT"])
def test_authority_is_named_to_the_child_if_it_was_named_by_us(daemon, name):
    ours = f"{name}={daemon.folder}/ca.pem"
    assert ours in in_child(preloaded(daemon.folder, **dict([ours.split("=")])))
    theirs = in_child(preloaded(daemon.folder, **{name: "/their/own.pem"}))
    assert not [entry for entry in theirs if entry.startswith(name)]


def test_folder_of_the_child_is_absolute(daemon):
    done = subprocess.run(
        ["env", "-i", "-C", "/", "env"],
        env=preloaded(daemon.folder.name), cwd=daemon.folder.parent, capture_output=True, text=True,
    )  # fmt: skip
    assert f"CHAOS_DIR={daemon.folder}" in done.stdout.splitlines()


@pytest.mark.parametrize("way", [*EXECS, *SPAWNS])
def test_without_a_daemon_the_environment_is_the_program_s_own(programs, tmp_path, way):
    command = [programs / "begins", way, "fork", "A=b", "--", shutil.which("env")]
    done = subprocess.run(
        list(map(str, command)), env=preloaded(tmp_path), capture_output=True, text=True
    )
    assert done.stdout == "A=b\n"


def test_no_follow_leaves_children_alone(call):
    done = chaos_run("-f", RULE, "--no-follow", "--", "env", "-i", call)
    assert (done.returncode, done.stdout) == (0, "200\n")
    done = chaos_run("-f", RULE, "--no-follow", "--", "env", "-i", shutil.which("env"))
    assert done.stdout == ""


def test_no_follow_leaves_faults_to_children_that_keep_their_environment(call):
    assert chaos_run("-f", RULE, "--no-follow", "--", "sh", "-c", f"{call}; true").stdout == "503\n"


def test_our_own_daemon_inside_another_run_is_not_given_the_library(run):
    script = "tr '\\\\0' '\\\\n' < /proc/$(cat $CHAOS_DIR/lock)/environ"
    done = run(BUILD / "chaos-run", "-f", "[]", "sh", "-c", script)
    assert "PATH=" in done.stdout and "LD_PRELOAD=" not in done.stdout


# ---- system() and popen() ----


@pytest.mark.parametrize("way", SHELLS)
@pytest.mark.parametrize(
    "command",
    [
        "echo 'a  b' \"c'd\" e\\\\f; exit 3",
        "echo one\necho two",
        "no-such-command",
        "kill -9 $$",
        "echo $0 $#",
        "if",
        "",
        "# nothing",
    ],
)
def test_shell_that_is_given_the_environment_does_the_same(programs, daemon, way, command):
    """Its messages, too."""
    words = [programs / "begins", way, "here", "A=b", "--", command]
    plain, seen = (
        subprocess.run(list(map(str, words)), env=env, capture_output=True, text=True)
        for env in (environment(), preloaded(daemon.folder))
    )
    assert (seen.returncode, seen.stdout, seen.stderr) == (
        plain.returncode, plain.stdout, plain.stderr,
    )  # fmt: skip


# ---- what makes its own system calls ----

LOOK = "look"


@pytest.fixture
def static_call(programs, tmp_path, sink):
    """A static program that makes one call and prints its status, and what it has to be told."""
    path = tmp_path / f"call-{sink.port}"
    shutil.copy(programs / "static_child", path)
    return path


def led(sink):
    """For a child: where HTTP is."""
    return f"CHAOS_PORTS={sink.port}"


@pytest.mark.parametrize("mode", ["here", "fork", "vfork"])
@pytest.mark.parametrize("way", [*EXECS, "fexecve of one that is closed", *SPAWNS, *SHELLS])
def test_static_child_keeps_its_faults_in_each_way_that_libc_has(
    programs, static_call, sink, way, mode
):
    command = [programs / "begins", way, mode, led(sink), "--", static_call]
    done = chaos_run("-f", RULE, "--strict", "--", *command)
    assert (done.returncode, done.stdout, done.stderr) == (0, "503\n", "")


@pytest.mark.parametrize("way", FOLDERS)
def test_static_child_that_begins_in_another_folder_keeps_its_faults(
    programs, static_call, sink, way
):
    command = [programs / "begins", way, "here", led(sink), "--", static_call]
    done = chaos_run("-f", RULE, "--strict", "--", *command)
    assert (done.returncode, done.stdout, done.stderr) == (0, "503\n", "")


def test_static_children_of_vfork_in_64_threads_keep_their_faults(programs, static_call, sink):
    command = [programs / "begins", "execve", "threads", led(sink), "--", static_call]
    done = chaos_run("-f", RULE, "--strict", "--", *command)
    assert (done.returncode, done.stdout, done.stderr) == (0, "503\n" * 64, "")


@pytest.mark.parametrize(
    "script", ["{0}", "{0}; true", "x=$({0}); echo $x", "env -i CHAOS_PORTS=$CHAOS_PORTS {0}", "{0} | cat"]
)
def test_static_child_of_a_shell_keeps_its_faults(static_call, sink, script):
    env = environment(CHAOS_PORTS=sink.port)
    done = chaos_run("-f", RULE, "--strict", "--", "sh", "-c", script.format(static_call), env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "503\n", "")


def test_static_child_of_make_keeps_its_faults(static_call, sink, tmp_path):
    (tmp_path / "Makefile").write_text(f"all:\n\t@{static_call}\nother:\n\t@true; {static_call}\n")
    for goal in ("all", "other"):
        env = environment(CHAOS_PORTS=sink.port)
        done = chaos_run("-f", RULE, "--strict", "--", "make", "-s", "-C", tmp_path, goal, env=env)
        assert (done.returncode, done.stdout, done.stderr) == (0, "503\n", "")


def test_static_interpreter_of_a_script_keeps_its_faults(static_call, sink, tmp_path):
    (tmp_path / "script").write_text(f"#!{static_call}\n")
    (tmp_path / "script").chmod(0o755)
    env = environment(CHAOS_PORTS=sink.port, PATH=f"{tmp_path}:{os.environ['PATH']}")
    for command in ([tmp_path / "script"], ["script"]):
        done = chaos_run("-f", RULE, "--strict", "--", "env", *command, env=env)
        assert (done.returncode, done.stdout, done.stderr) == (0, "503\n", "")


@pytest.mark.skipif(not shutil.which("go"), reason="no Go here")
@pytest.mark.parametrize("kind", ["static", "dynamic"])
def test_go_child_of_make_keeps_its_faults(sink, tmp_path, kind):
    (tmp_path / "Makefile").write_text(f"all:\n\t@echo PutRecord 2 | {build_go(kind)} {sink.url}\n")
    env = environment(AWS_ENDPOINT_URL=sink.url)
    done = chaos_run("-f", RULE, "--strict", "--", "make", "-s", "-C", tmp_path, env=env)
    assert done.stdout.startswith("503 "), done
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not shutil.which("go"), reason="no Go here")
def test_tests_of_go_get_their_faults(sink, tmp_path):
    (tmp_path / "go.mod").write_text("module example.com/m\n")
    (tmp_path / "m_test.go").write_text(
        'package m\nimport ("net/http"; "os"; "testing"; "strings")\n'
        "func TestCall(t *testing.T) {\n"
        '\trequest, _ := http.NewRequest("POST", os.Getenv("AWS_ENDPOINT_URL"), strings.NewReader("{}"))\n'
        '\trequest.Header.Set("X-Amz-Target", "Kinesis_20131202.PutRecord")\n'
        "\tanswer, err := http.DefaultClient.Do(request)\n"
        '\tif err != nil || answer.StatusCode != 503 { t.Fatal(err, answer) }\n}\n'
    )
    env = environment(AWS_ENDPOINT_URL=sink.url, GOFLAGS="-mod=mod", GOPROXY="off", GOTOOLCHAIN="local")
    done = chaos_run("-f", RULE, "--strict", "--", "sh", "-c", "go test ./... && true", cwd=tmp_path, env=env)
    assert (done.returncode, done.stderr) == (0, ""), done


def without_ours(text):
    """What chaos-run sets for its programs, and the certificates for this lane, left out."""
    return [line for line in text.splitlines() if not re.match(r"entry '(LD_PRELOAD|CHAOS_|SSL_CERT_)", line)]


@pytest.mark.parametrize("way", [*EXECS, "fexecve of one that is closed", *SPAWNS])
def test_static_child_begins_as_it_would(programs, daemon, tmp_path, way):
    """With its arguments, environment, descriptors, place; and no signal waits for it."""
    shutil.copy(programs / "static_child", tmp_path / LOOK)
    command = [programs / "begins", way, "vfork", "A=b", "--", tmp_path / LOOK]
    if way not in LISTS:
        command += ["", "-x", "a b"]
    plain, seen = (
        subprocess.run(
            list(map(str, command)), env=env, capture_output=True, text=True, timeout=TIMEOUT
        )
        for env in (environment(), preloaded(daemon.folder))
    )
    assert f"{tmp_path}/{LOOK} in " in plain.stdout
    assert without_ours(seen.stdout) == without_ours(plain.stdout)
    assert "SSL_CERT_FILE" in seen.stdout, "not supervised"
    assert (seen.stderr, seen.returncode) == (plain.stderr, plain.returncode)
    assert daemon.totals()["unfollowed"] == 0


def test_static_child_is_sought_along_the_path_of_its_parent(programs, daemon, tmp_path):
    shutil.copy(programs / "static_child", tmp_path / LOOK)
    script = "import os; os.posix_spawnp('look', ['name'], {'PATH': '/nowhere'}); os.wait()"
    env = preloaded(daemon.folder, PATH=f"/nowhere:{tmp_path}:{os.environ['PATH']}")
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True)
    assert "argument 'name'\nentry 'PATH=/nowhere'" in done.stdout
    assert "SSL_CERT_FILE" in done.stdout, "not supervised"


def test_static_child_of_a_program_that_gives_up_privileges_is_supervised(programs, daemon, tmp_path):
    shutil.copy(programs / "static_child", tmp_path / LOOK)
    done = subprocess.run(
        ["setpriv", "--no-new-privs", tmp_path / LOOK],
        env=preloaded(daemon.folder, SSL_CERT_FILE=""), capture_output=True, text=True,
    )  # fmt: skip
    assert "'SSL_CERT_FILE=/" in done.stdout, "not supervised"
    assert daemon.totals()["unfollowed"] == 0


def test_static_child_with_many_arguments_begins(programs, daemon, tmp_path):
    shutil.copy(programs / "static_child", tmp_path / LOOK)
    done = subprocess.run(
        ["sh", "-c", f"seq 9000 | xargs -n 9000 {tmp_path}/{LOOK} | grep -c ^argument"],
        env=preloaded(daemon.folder), capture_output=True, text=True,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("9001\n", "")
    assert daemon.totals()["unfollowed"] == 0


def test_signal_that_a_parent_blocks_does_not_wait_for_its_static_child(programs, daemon, tmp_path):
    """Its supervisor is begun by a child, too."""
    shutil.copy(programs / "static_child", tmp_path / LOOK)
    script = (
        "import os, signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])\n"
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / LOOK],
        env=preloaded(daemon.folder), capture_output=True, text=True,
    )  # fmt: skip
    assert "argument" in done.stdout and "pending" not in done.stdout


def test_who_reads_a_static_child_s_messages_waits_for_no_other(programs, daemon):
    """The supervisor, which has them, too, may have more to do."""
    static = BUILD / "static" / "static_sockets"
    static.parent.mkdir(exist_ok=True)
    source = CLIENTS / "static_sockets.c"
    subprocess.run(["cc", "-static", "-D_GNU_SOURCE", "-O1", "-o", static, source], check=True)
    script = (
        "import os, subprocess, sys, time\n"
        "one = subprocess.Popen([sys.argv[1], 'pause', '1000'], stderr=subprocess.PIPE)\n"
        "while not os.path.exists(os.environ['CHAOS_DIR'] + '/relay.sock'): time.sleep(0.01)\n"
        "other = subprocess.Popen([sys.argv[1], 'pause', '60000'])\n"
        "one.communicate(timeout=20); print(other.poll()); other.kill()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, static], env=preloaded(daemon.folder),
        capture_output=True, text=True, timeout=2 * TIMEOUT,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("None\n", "")


# ---- what cannot be followed ----

PROGRAM = "int main(int argc, char **argv) { return argc > 9 || !argv; }"
# Go's linker leaves this note in every program.
GO = PROGRAM + """
static const struct { unsigned name, size, type; char text[8]; } note
\t__attribute__((section(".note.go.buildid,\\"a\\",@note#"), used)) = {4, 4, 4, "Go\\0\\0id"};
"""
STATIC = "is statically linked, and nothing can be preloaded into it"


@pytest.fixture(scope="module")
def tools(tmp_path_factory):
    """Programs that cannot be followed, by what stands in the way; all of them end well."""
    folder = tmp_path_factory.mktemp("tools")
    for name, source, flag in (("static", PROGRAM, "-static"), ("go", GO, "-O1")):
        command = [*os.environ.get("CC", "cc").split(), flag, "-x", "c", "-", "-o", folder / name]
        subprocess.run(command, input=source, text=True, check=True)
    shutil.copy("/bin/true", folder / "setuid")
    os.chown(folder / "setuid", 65534, -1)
    (folder / "setuid").chmod(0o4755)
    for name in ("static", "go", "setuid"):
        (folder / f"script_of_{name}").write_text(f"#!{folder}/{name}\n")
        (folder / f"script_of_{name}").chmod(0o755)
    return folder


def strict(*command, **options):
    return chaos_run("--strict", "-f", RULE, "--", *command, **options)


def unsupervised(*command, **options):
    """The same where no program can be supervised."""
    return strict(*command, preexec_fn=without_supervision, **options)


OBSTACLES = {
    "static": STATIC,
    "script_of_static": STATIC,
    "go": "is written in Go and makes its own system calls, past any preloaded library",
    "setuid": "is setuid or setgid, and the system preloads nothing into such a program",
}


@pytest.mark.parametrize("name", OBSTACLES)
def test_child_that_cannot_be_followed_runs_and_fails_strict(tools, name):
    """It is not named without --strict: most programs have nothing to do with AWS."""
    command = ["sh", "-c", '"$0"; echo $?', tools / name]
    # A sandbox would let no setuid program become anybody.
    options = {} if name == "setuid" else {"preexec_fn": without_supervision}
    done = chaos_run("-f", RULE, "--", *command, **options)
    said = "chaos-run: no call to AWS was seen\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", said)
    done = strict(*command, **options)
    path = tools / name.removeprefix("script_of_")
    assert (done.returncode, done.stdout) == (125, "0\n")
    assert re.fullmatch(
        rf"chaos-run: cannot be followed: {path} {re.escape(OBSTACLES[name])}(; .*)?\n", done.stderr
    )


@pytest.mark.parametrize("name, code", [("program", 125), ("ld-linux.so.2", 0)])
def test_loader_of_another_architecture_that_ldd_asks_does_not_fail_strict(tmp_path, name, code):
    """No such program can be compiled everywhere; what tells its architecture is enough."""
    other = bytearray(Path("/bin/true").read_bytes())
    other[4] = 1  # ELFCLASS32
    (tmp_path / name).write_bytes(other)
    (tmp_path / name).chmod(0o755)
    script = '"$0" --verify /bin/true 2> /dev/null; true'
    done = strict("sh", "-c", script, tmp_path / name)
    assert done.returncode == code, done.stderr


@pytest.mark.parametrize("mode", ["here", "fork", "vfork"])
@pytest.mark.parametrize("way", [*EXECS, *SPAWNS, *SHELLS])
def test_child_that_cannot_be_followed_is_told_of_in_each_way_that_libc_has(
    programs, tools, way, mode
):
    done = unsupervised(programs / "begins", way, mode, "--", tools / "static")
    assert done.returncode == 125
    assert done.stderr.startswith(f"chaos-run: cannot be followed: {tools}/static {STATIC}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("way", FOLDERS)
def test_child_that_cannot_be_followed_is_told_of_where_it_begins_in_another_folder(
    programs, tools, way
):
    done = unsupervised(programs / "begins", way, "here", "--", tools / "static")
    assert done.returncode == 125
    assert done.stderr.startswith(f"chaos-run: cannot be followed: ./static {STATIC}")
    assert done.stderr.count("\n") == 1


def test_children_of_64_threads_are_told_of_in_one_line(programs, tools):
    done = unsupervised(programs / "begins", "execve", "threads", "--", tools / "static")
    assert done.returncode == 125
    assert done.stderr.startswith(f"chaos-run: cannot be followed: {tools}/static (64 times) is ")
    assert done.stderr.count("\n") == 1


def test_static_child_of_make_is_told_of(tools, tmp_path):
    (tmp_path / "Makefile").write_text(f"all:\n\t@{tools}/static\nother:\n\t@true; {tools}/static\n")
    for goal in ("all", "other"):
        done = unsupervised("make", "-s", "-j2", "-C", tmp_path, goal)
        assert done.returncode == 125
        assert f"{tools}/static is statically linked" in done.stderr


@pytest.mark.skipif(not shutil.which("go"), reason="no Go here")
@pytest.mark.parametrize("cgo", ["0", "1"])
def test_go_child_is_told_of(tmp_path, cgo):
    (tmp_path / "main.go").write_text(
        'package main\nimport "net"\nfunc main() { net.LookupHost("localhost") }\n'
    )
    subprocess.run(
        ["go", "build", "-o", tmp_path / "tool", tmp_path / "main.go"], check=True,
        env=environment(CGO_ENABLED=cgo, GOFLAGS="-mod=mod", GOPROXY="off"), cwd=tmp_path,
    )  # fmt: skip
    done = unsupervised("sh", "-c", f"{tmp_path}/tool; true")
    assert done.returncode == 125
    assert ("in Go" if cgo == "1" else STATIC) in done.stderr


def test_strict_refuses_a_go_program_that_runs_otherwise(tools):
    """Where it cannot be supervised."""
    done = chaos_run("-f", RULE, "--", tools / "go", preexec_fn=without_supervision)
    assert (done.returncode, done.stderr.count("it gets no faults")) == (0, 1)
    done = strict(tools / "go", preexec_fn=without_supervision)
    assert (done.returncode, done.stderr.count("written in Go")) == (125, 1)


def test_no_follow_leaves_static_children_alone(tools, static_call, sink):
    """They are counted."""
    command = ["sh", "-c", f"{static_call}; true"]
    env = environment(CHAOS_PORTS=sink.port)
    done = chaos_run("-f", RULE, "--strict", "--no-follow", "--", *command, env=env)
    assert (done.returncode, done.stdout) == (125, "200\n")
    assert f"cannot be followed: {static_call} {STATIC}" in done.stderr


@pytest.mark.skipif(not shutil.which("strace"), reason="no strace here")
def test_static_program_of_a_debugger_is_left_alone_and_told_of(tools):
    """It waits for the program where chaos-enter would be."""
    done = strict("strace", "-qo", "/dev/null", tools / "static")
    assert done.returncode == 125
    assert f"cannot be followed: {tools}/static {STATIC}" in done.stderr


@pytest.mark.parametrize(
    "script",
    [
        "exec {0}/missing",
        "true {0}",
        "/bin/true; env true; cat {0}/missing",
        "PATH={0}:$PATH; not-there",
    ],
)
def test_child_that_did_not_begin_or_is_followed_does_not_fail_strict(tools, script):
    done = strict("sh", "-c", f"{script.format(tools)}; exit 0")
    assert done.returncode in (0, 127) and "followed" not in done.stderr


@pytest.mark.parametrize("way", ["subprocess.call(argv, close_fds=False)", "os.execv(argv[0], argv)",
                                 "os.posix_spawn(argv[0], argv, {})"])  # fmt: skip
def test_error_of_exec_is_the_kernel_s_and_is_not_counted(tools, way):
    script = (
        "import errno, os, subprocess, sys; argv = [sys.argv[1], 'x' * 200000]\n"
        f"try: {way}\nexcept OSError as error: assert error.errno == errno.E2BIG, error\n"
        "else: sys.exit(1)"
    )
    done = strict(sys.executable, "-c", script, tools / "static")
    assert (done.returncode, "cannot be followed" in done.stderr) == (0, False)


def test_child_is_looked_at_along_the_path_as_execvp_does(tools, tmp_path):
    """What cannot be executed is stepped over."""
    (tmp_path / "static").write_bytes(b"")
    env = environment(PATH=f"{tmp_path}:{tools}:{os.environ['PATH']}")
    done = unsupervised("env", "static", env=env)
    assert done.returncode == 125 and f"{tools}/static is statically linked" in done.stderr


def test_ps_and_status_name_what_cannot_be_followed(daemon, tools):
    script = f"{tools}/static; {tools}/static; {tools}/go; true"
    chaos_run("-d", daemon.folder, "--", "sh", "-c", script, preexec_fn=without_supervision)
    assert daemon.totals()["unfollowed"] == 3
    assert daemon.request("GET", STATUS).json["unfollowed"] == [
        {"program": f"{tools}/static", "times": 2, "reason": STATIC},
        {"program": f"{tools}/go", "times": 1, "reason": OBSTACLES["go"]},
    ]
    listed = subprocess.run(
        ["script", "-qec", f"{BUILD}/chaos-ctl -d {daemon.folder} ps", "/dev/null"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
    ).stdout.replace("\r", "")  # fmt: skip
    assert re.search(rf"\nbegun, and could not be followed:\n.*\n2 +{tools}/static +{STATIC}", listed)


def test_programs_that_are_too_many_to_be_named_are_counted(tools, tmp_path):
    for i in range(20):
        os.link(tools / "static", tmp_path / f"static{i}")
    done = unsupervised("sh", "-c", f'for i in {tmp_path}/static*; do "$i"; done; exit 0')
    assert done.returncode == 125
    assert done.stderr.count("cannot be followed: ") == 16
    assert "chaos-run: other programs that could not be followed: 4\n" in done.stderr


def test_programs_of_an_earlier_run_under_the_same_daemon_are_not_told_of(daemon, tools):
    def run(*command):
        return chaos_run(
            "--strict", "-d", daemon.folder, "--", *command, preexec_fn=without_supervision
        )

    assert run("sh", "-c", f"{tools}/static; true").returncode == 125
    assert run("sh", "-c", "true; /bin/true").returncode == 0
    done = run("sh", "-c", f"{tools}/static; true")
    assert done.returncode == 125 and "times" not in done.stderr


@pytest.mark.parametrize("way", ["execve", "execv", *SPAWNS, *SHELLS])
def test_no_follow_under_strict_tells_of_what_it_does_not_follow(programs, call, way):
    command = [programs / "begins", way, "fork", "A=b", "--", call]
    done = chaos_run("-f", RULE, "--strict", "--no-follow", "--", *command)
    assert (done.returncode, done.stdout) == (125, "200\n")
    assert "was begun without LD_PRELOAD or CHAOS_DIR (--no-follow)" in done.stderr


@pytest.mark.parametrize("name", ["static", "script_of_static"])
def test_child_of_vfork_on_a_small_stack_leaves_nothing_behind(programs, daemon, tools, name):
    for count, before in enumerate((None, without_supervision)):
        done = subprocess.run(
            [programs / "vfork_leaves", tools / name], env=preloaded(daemon.folder),
            capture_output=True, text=True, preexec_fn=before,
        )  # fmt: skip
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert daemon.totals()["unfollowed"] == count


def test_names_may_be_as_long_as_the_kernel_takes_them(programs, tools, tmp_path):
    folder = tmp_path
    while len(str(folder)) < 3800:
        folder = folder / ("d" * 200)
    folder.mkdir(parents=True)
    shutil.copy(tools / "static", folder)
    env = environment(PATH=f"{folder}:{os.environ['PATH']}")
    for command in ([folder / "static"], ["static"]):
        done = unsupervised("env", *command, env=env)
        assert done.returncode == 125 and "/static is statically linked" in done.stderr


# ---- other users, other places ----

@pytest.fixture
def installed():
    """The programs where everybody can read them, which may not be so below BUILD."""
    folder = tempfile.mkdtemp(prefix="chaos-installed-")
    os.chmod(folder, 0o755)
    for name in ("chaos-run", "chaos-control", "chaos-ctl", SHIM.name):
        shutil.copy(BUILD / name, folder)
    yield folder
    shutil.rmtree(folder)


def strict_of(folder, *command):
    return subprocess.run(
        [f"{folder}/chaos-run", "--strict", "-f", RULE, "--", *map(str, command)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT,
        env=environment(), cwd="/",
    )  # fmt: skip


@pytest.mark.skipif(os.getuid() != 0, reason="only root may drop privileges")
def test_program_of_a_user_who_cannot_read_the_library_fails_strict(installed):
    os.chmod(installed, 0o700)
    done = strict_of(installed, "setpriv", "--reuid", "nobody", "--clear-groups", "true")
    assert done.returncode == 125
    assert "true was begun where the library cannot be read" in done.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="only root may mount")
@pytest.mark.parametrize("options", ["", "-o mode=0700"])
def test_tmpfs_over_the_folder_fails_strict(options):
    script = f'mount -t tmpfs {options} none "$CHAOS_DIR" && true && /bin/true'
    done = strict("unshare", "-m", "sh", "-c", script)
    assert done.returncode == 125
    assert "chaos-run: could not be given the rules: pid " in done.stderr, done.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="only root may mount")
def test_static_child_where_something_is_mounted_over_the_folder_fails_strict(tools):
    script = f'mount -t tmpfs none "$CHAOS_DIR"; {tools}/static; true'
    done = strict("unshare", "-m", "sh", "-c", script)
    assert done.returncode == 125
    assert f"cannot be followed: {tools}/static {STATIC}" in done.stderr, done.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="needs to become another user")
def test_static_child_of_a_user_who_is_not_root_keeps_its_faults(installed, static_call, sink):
    for program in ("chaos-enter", "chaos-relay", "libchaos-bridge.so"):
        shutil.copy(BUILD / program, installed)
    call = shutil.copy(static_call, installed)
    done = subprocess.run(
        ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        + [f"{installed}/chaos-run", "--strict", "-f", RULE, "--", "sh", "-c", f"{call}; true"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT,
        env=environment(CHAOS_PORTS=sink.port), cwd="/",
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "503\n", "")


@pytest.mark.skipif(os.getuid() != 0, reason="only root may mount")
def test_library_that_is_hidden_fails_strict(installed):
    script = f'mount -t tmpfs none {installed} && /bin/true'
    done = strict_of(installed, "unshare", "-m", "sh", "-c", script)
    assert done.returncode == 125
    assert "/bin/true was begun where the library cannot be read" in done.stderr, done.stderr


def test_strangers_are_not_believed(sink, call):
    """Whoever sees the address of a run does not know what its programs say."""
    script = (
        "import os, socket; name = os.environ['CHAOS_REPORT'].rpartition('.')[0]\n"
        "socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'lies', '\\0' + name)"
    )
    assert strict(sys.executable, "-c", script).returncode == 0


def test_calls_of_threads_that_begin_together_are_all_in_their_process(daemon, run, sink):
    children, threads = 24, 16
    done = run(*python("py_together.py", sink.port, children, threads))
    assert done.returncode == 0, done.stderr
    processes = daemon.request("GET", "/_chaos/processes").json
    counts = [process["calls"] for process in processes if process["calls"]]
    assert counts == children * [threads]
