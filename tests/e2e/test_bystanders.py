# SPDX-License-Identifier: Apache-2.0
"""Programs that have nothing to do with AWS, and what programs do with their descriptors."""

import socket
import subprocess
import sys

import pytest

from harness import CLIENTS, environment, preloaded, python

FAULT = {"service": "kinesis", "operation": "PutRecord"}

SAME = {
    "git": ["git", "--version"],
    "true": ["true"],
    "false": ["false"],
    "echo": ["echo", "hello"],
    "bash pipeline": ["bash", "-c", "seq 1 5000 | sort -rn | head -n 3 | tr '\\n' ' '"],
    "bash substitution": ["bash", "-c", "diff <(seq 3) <(seq 4); echo $?; cat <<< here"],
    "bash jobs": ["bash", "-c", "for i in 1 2 3; do (sleep 0.05; echo x) & done; wait; echo done"],
    "redirections": ["sh", "-c", "exec 3>&1; echo a >&3; exec 3>&-; echo b 2>&1"],
    "xargs": ["bash", "-c", "seq 20 | xargs -P 4 -n 1 echo | sort -n"],
    "tar and gzip": ["bash", "-c", "tar cz -C /usr/share/common-licenses Apache-2.0 | tar tz"],
    "python subprocess": [
        "python3", "-c",
        "import subprocess as s; print(s.run(['echo', 'x'], capture_output=True, close_fds=True))",
    ],
    "python multiprocessing": [
        "python3", "-c",
        "import multiprocessing as m; p = m.Pool(2); print(p.map(abs, [-1, 2])); p.terminate()",
    ],
    "perl": ["perl", "-e", "print join ',', map { $_ * 2 } 1 .. 5; exit 3"],
    "node child": ["node", "-e", "console.log(require('child_process').execSync('echo hi') + '')"],
    "unix socket": [
        "python3", "-c",
        "import socket; a, b = socket.socketpair(); a.send(b'POST / HTTP/1.1'); print(b.recv(99))",
    ],
    "unknown host": ["curl", "-s", "http://127.0.0.1:1/"],
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_program_does_the_same_with_and_without(daemon, name):
    daemon.faults({})
    seen = [
        subprocess.run(SAME[name], capture_output=True, text=True, env=env, timeout=60)
        for env in (environment(), preloaded(daemon.folder))
    ]
    plain, shimmed = [(done.returncode, done.stdout, done.stderr) for done in seen]
    assert plain == shimmed


def test_git_clones_over_http_unchanged(daemon, tmp_path, run):
    daemon.faults({})
    repository, copy = tmp_path / "repository", tmp_path / "copy"
    git = ["git", "-c", "user.name=n", "-c", "user.email=e", "-C", repository]
    subprocess.run(["git", "init", "-q", repository], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "one"], check=True)
    subprocess.run([*git, "update-server-info"], check=True)
    server = subprocess.Popen(
        [sys.executable, "-u", "-m", "http.server", "-b", "127.0.0.1", "-d", tmp_path, "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(),
    )
    try:
        port = server.stdout.readline().split("port ")[1].split()[0]
        done = run("git", "clone", "-q", f"http://127.0.0.1:{port}/repository/.git", copy)
        assert done.returncode == 0, done.stderr
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
    log = subprocess.run(["git", "-C", copy, "log", "--format=%s"], capture_output=True, text=True)
    assert log.stdout == "one\n"


def test_server_under_the_shim_serves_unchanged(daemon):
    daemon.faults({})
    server = subprocess.Popen(
        [sys.executable, CLIENTS / "fork_server.py"],
        stdout=subprocess.PIPE,
        text=True,
        env=preloaded(daemon.folder),
    )
    try:
        port = int(server.stdout.readline())
        for size in (10, 100_000):
            with socket.create_connection(("127.0.0.1", port), 20) as sock:
                sent = b"POST / HTTP/1.1\r\n" + b"x" * size
                sock.sendall(sent)
                sock.shutdown(socket.SHUT_WR)
                got = b""
                while part := sock.recv(65536):
                    got += part
                assert got == sent
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


STORIES = [
    "fork_shared", "fork_own", "dup_crossed", "dup_first_closed", "dup2_over", "close_file",
    "close_reused", "subprocess_between", "shutdown_early", "makefile", "many", "threads",
    "sigpipe", "mapped", "fionread", "nodelay", "sendfile", "splice", "splice_much", "splice_nothing",
    "fast_open", "waitall", "nonblocking", "readline", "dup_for_each_piece", "full",
    "readv_empty_first", "poll_rdnorm", "epoll_before_connect", "null",
]  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("fate", ["pass", "fault", "delay"])
def test_descriptors_keep_their_meaning(daemon, run, sink, story, fate):
    if fate == "fault":
        daemon.faults(FAULT)
    if fate == "delay":
        daemon.latency(50)
    status = "503" if fate == "fault" else "200"
    done = run(*python("descriptors.py", sink.port, story, status))
    assert done.returncode == 0, done.stdout + done.stderr
    sink.settle()
    assert (sink.requests == []) == (fate == "fault")
    totals = daemon.totals()
    assert totals["calls"] > 0
    assert totals["faults"] == (totals["calls"] if fate == "fault" else 0)
    assert totals["delayed"] == (totals["calls"] if fate == "delay" else 0)


@pytest.mark.parametrize("story", ["full_with_queue", "full_dup2_over_line"])
def test_delayed_calls_go_early_rather_than_never_when_no_descriptor_is_left(
    daemon, run, sink, story
):
    daemon.latency(60_000)
    done = run(*python("descriptors.py", sink.port, story, "200"))
    assert done.returncode == 0, done.stdout + done.stderr
    sink.settle()
    assert [request.raw for request in sink.requests] == [sink.requests[0].raw] * 2
