# SPDX-License-Identifier: Apache-2.0
"""Children: whatever a program makes of their environment, they are followed, or told of."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from harness import BUILD, SHIM, TIMEOUT, Daemon, environment, preloaded

RULE = json.dumps([{"service": "kinesis"}])
CALL = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}\n", "--max-time", "10",
        "--aws-sigv4", "aws:amz:us-east-1:kinesis", "--user", "A:B",
        "-H", "X-Amz-Target: Kinesis_20131202.PutRecord", "-d", "{}"]  # fmt: skip

LISTS = ["execl", "execlp", "execle"]
EXECS = ["execve", "execv", "execvp", "execvpe", "execveat", "execveat of a descriptor",
         "fexecve", *LISTS]  # fmt: skip
SPAWNS = ["posix_spawn", "posix_spawnp"]
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


def test_library_is_not_listed_twice(programs, daemon):
    """Under whatever path it stands there already."""
    for entry in (SHIM, f"/x/one.so:{SHIM}", f"{SHIM.parent}/./{SHIM.name}"):
        command = ["env", "-i", f"LD_PRELOAD={entry}", "env"]
        done = subprocess.run(command, env=preloaded(daemon.folder), capture_output=True, text=True)
        assert f"LD_PRELOAD={entry}" in done.stdout.splitlines()


def test_silence_is_kept(daemon):
    done = subprocess.run(
        ["env", "-i", "env"], env=preloaded(daemon.folder, CHAOS_QUIET=1),
        capture_output=True, text=True,
    )  # fmt: skip
    assert "CHAOS_QUIET=1" in done.stdout.splitlines()


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
