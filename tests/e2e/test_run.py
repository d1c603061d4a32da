# SPDX-License-Identifier: Apache-2.0
"""chaos-run: what a command under it sees, and what chaos-run says of itself."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time

import pytest

from harness import (
    BUILD, CLIENTS, FAULTS, TIMEOUT, UnixConnection, environment, node_shares_openssl, python,
    talk, wait_for, without_supervision,
)  # fmt: skip
from tls import AWS_HOST

RULE = {"service": "kinesis"}
CHAOS_RUN = BUILD / "chaos-run"


def chaos_run(*words, env=None, **options):
    return subprocess.run(
        [CHAOS_RUN, *map(str, words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        env=env or environment(),
        **options,
    )


def one_call(sink):
    """A command that makes one call and prints its status."""
    return ["sh", "-c", 'echo PutRecord 2 | exec "$@"', "sh", *python("py_http.py", sink.port)]


@pytest.mark.parametrize("code", [0, 1, 42, 255])
def test_exit_code_is_that_of_the_command(daemon, code):
    assert chaos_run("-d", daemon.folder, "sh", "-c", f"exit {code}").returncode == code


def test_pid_is_that_of_the_command(daemon):
    process = subprocess.Popen(
        [CHAOS_RUN, "-d", daemon.folder, "sh", "-c", "echo $$"],
        stdout=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip
    assert int(process.communicate()[0]) == process.pid


def test_signal_ends_the_command(daemon):
    process = subprocess.Popen(
        [CHAOS_RUN, "-d", daemon.folder, "sh", "-c", "echo ready; exec sleep 60"],
        stdout=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(TIMEOUT) == -signal.SIGTERM
    process.stdout.close()


def test_streams_are_those_of_the_command(daemon, run):
    done = run("sh", "-c", "cat; echo err >&2", input="in\n")
    assert (done.stdout, done.stderr) == ("in\n", "err\n")


def test_folder_is_in_the_environment(daemon, run):
    assert run("sh", "-c", "echo $CHAOS_DIR").stdout == f"{daemon.folder}\n"


def test_command_inside_steers_its_own_daemon(daemon, run, sink):
    script = (
        "curl -s --unix-socket $CHAOS_DIR/control.sock -X POST -d '[{\"service\":\"kinesis\"}]'"
        f' http://localhost{FAULTS} > /dev/null; echo PutRecord 2 | exec "$@"'
    )
    done = run("sh", "-c", script, "sh", *python("py_http.py", sink.port))
    assert done.stdout.startswith("503 ServiceUnavailable")


@pytest.mark.parametrize(
    "words, status",
    [
        (["-f", json.dumps([RULE])], 503),
        (["--faults", json.dumps([RULE])], 503),
        (["-o", json.dumps([{"service": "kinesis", "region": "*"}])], 503),
        (["--outages", json.dumps([{"service": "s3", "region": "*"}])], 200),
        (["--latency", "10"], 200),
        ([], 200),
    ],
)
def test_private_daemon_has_the_rules_of_the_options(sink, words, status):
    done = chaos_run(*words, "--", *one_call(sink))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{status} ")


def test_rules_may_come_from_a_file(sink, tmp_path):
    (tmp_path / "rules.json").write_text(json.dumps([RULE]))
    done = chaos_run("-f", f"@{tmp_path}/rules.json", *one_call(sink))
    assert done.stdout.startswith("503 ")


def test_options_go_to_the_daemon_of_the_folder_that_is_named(daemon, sink):
    done = chaos_run("-d", daemon.folder, "-f", json.dumps([RULE]), *one_call(sink))
    assert done.stdout.startswith("503 ")
    assert daemon.request("GET", FAULTS).json == [RULE]


def test_daemon_of_the_runtime_folder_is_joined(daemon, sink):
    daemon.faults(RULE)
    done = chaos_run(*one_call(sink), env=environment(CHAOS_DIR=daemon.folder))
    assert done.stdout.startswith("503 ")


def test_private_daemon_is_apart_from_the_one_of_the_runtime_folder(daemon, sink):
    daemon.faults(RULE)
    done = chaos_run("-l", "1", *one_call(sink), env=environment(CHAOS_DIR=daemon.folder))
    assert done.stdout.startswith("200 ")


@pytest.mark.parametrize("words, env", [(["-d"], {}), ([], {"CHAOS_DIR": None})])
def test_absence_of_the_daemon_that_was_named_is_told(tmp_path, words, env):
    words = [*words, tmp_path] if words else []
    env = {name: tmp_path for name in env}
    done = chaos_run(*words, "true", env=environment(**env))
    said = f"chaos-run: {tmp_path}: no daemon answers there; starting a private one without rules\n"
    assert (done.returncode, done.stderr) == (0, said)
    assert said not in chaos_run(*words, "-l", "1", "true", env=environment(**env)).stderr
    assert chaos_run(*words, "true", env=environment(CHAOS_QUIET=1, **env)).stderr == ""


def test_private_daemon_ends_with_the_last_process_that_uses_it(tmp_path):
    script = 'echo $CHAOS_DIR; (exec >&- 2>&-; until [ -e "$0" ]; do sleep 0.05; done) & exit 0'
    done = chaos_run("-f", "[]", "bash", "-c", script, tmp_path / "end")
    folder = done.stdout.strip()
    answer = talk(UnixConnection(f"{folder}/control.sock"), "GET", FAULTS)
    assert answer.status == 200
    (tmp_path / "end").touch()
    wait_for(lambda: not os.path.exists(folder), "the private daemon to end and tidy up")


@pytest.mark.parametrize(
    "words, code, says",
    [
        (["/nowhere/at/all"], 127, "not"),
        (["no-such-command-here"], 127, "no-such-command-here"),
        (["/etc/passwd"], 126, "it cannot be executed; chmod +x may help\n"),
        (["/"], 126, "it cannot be executed\n"),
        ([], 125, "no command is given (see chaos-run --help)"),
        (["-f", "true"], 125, "--faults takes JSON or @FILE, and has taken 'true'"),
        (["-f", "[]", "-o", "sleep"], 125, "--outages takes JSON or @FILE, and has taken 'sleep'"),
        (["-f", "[]"], 125, "no command is given (see chaos-run --help)"),
        (["A=b", "true"], 127, "cannot run A=b: it is not found; to set a variable, put env before it\n"),
        (["a/b=c"], 127, "cannot run a/b=c: it is not found\n"),
        (["--no-such-option", "true"], 125, "no-such-option"),
        (["-f", "[", "true"], 125, "--faults: line 1"),
        (["-f", '[{"service": 3}]', "true"], 125, "--faults: rule 1, service: must be a string"),
        (["-f", "@/nowhere", "true"], 125, "--faults @/nowhere: cannot be read: No such file"),
        (["-f", "rules.json", "true"], 125, "--faults: 'rules.json' is no array"),
        (["-o", "", "true"], 125, "--outages: the argument is empty; JSON or @FILE"),
        (["-o", "[{}]", "-f", "{}", "true"], 125, "--faults: an array of rules is expected"),
        (["-l", "soon", "true"], 125, "--latency: 'soon' is not a number of milliseconds"),
        (["-l", "3600001", "true"], 125, "--latency: '3600001' is not a number of milliseconds"),
        (["-l", "9" * 99, "true"], 125, "--latency: '999"),
        (["-i", "", "true"], 125, "--intercept: '' is empty; write HOST or HOST:PORT, with commas between them\n"),
        (["-i", "a", "-i", "b,https://c", "true"], 125, "--intercept: 'https://c' is a URL; write its host alone"),
        (["-i", "*.a", "true"], 125, "--intercept: '*.a' begins with '*' or '.'; a name alone stands for those below it"),
        (["-i", "a:0", "true"], 125, "--intercept: 'a:0' has no port from 1 to 65535"),
        (["-d", "", "true"], 125, "--dir is empty"),
        (["-d", "/no/such/folder", "true"], 125, "--dir: cannot make the folder /no/such/folder: No such file or directory; make its parent first\n"),
        (["-d", "/proc/x", "true"], 125, "--dir: cannot make the folder /proc/x: No such file or directory\n"),
        (["-d", "/dev/null", "true"], 125, "--dir: cannot use /dev/null: Not a directory"),
    ],
)
def test_failure_has_its_exit_code_and_reason(words, code, says):
    done = chaos_run(*words)
    assert done.returncode == code
    assert says in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("words", [["-f", "[3]"], ["-o", "["], ["-l", "-1"], ["-d", ""]])
def test_failure_is_one_line_of_its_own(words, tmp_path):
    done = chaos_run(*words, "true", env=environment(XDG_RUNTIME_DIR=tmp_path))
    (line,) = done.stderr.splitlines()
    assert line.startswith("chaos-run: --")
    assert os.listdir(tmp_path) == []


def test_warning_of_a_private_daemon_is_told_as_its_own():
    done = chaos_run("-f", '[{"service": "kinesys"}]', "true")
    assert done.returncode == 0
    line, _ = done.stderr.splitlines()
    assert line.startswith(
        "chaos-run: warning: --faults: rule 1: service 'kinesys' is not known; did you mean 'kinesis'?"
    )


def test_folder_that_was_made_for_nothing_goes_again(tmp_path):
    done = chaos_run("-d", tmp_path / "new", "-f", "[3]", "true")
    assert (done.returncode, os.listdir(tmp_path)) == (125, [])
    assert done.stderr.count("\n") == 1


def test_joined_daemon_takes_all_options_or_none(daemon):
    daemon.faults(RULE)
    done = chaos_run("-d", daemon.folder, "-f", "[]", "-o", '[{"service": 3}]', "true")
    assert done.returncode == 125
    assert done.stderr == "chaos-run: --outages: rule 1, service: must be a string, not a number\n"
    assert daemon.request("GET", FAULTS).json == [RULE]


def test_joined_daemon_is_not_given_rules_from_a_pipe(daemon, tmp_path):
    os.mkfifo(tmp_path / "rules")
    done = chaos_run("-d", daemon.folder, "-f", f"@{tmp_path}/rules", "true")
    assert done.returncode == 125
    assert done.stderr.endswith("/rules: is no regular file; write the rules to one\n")


def test_many_at_once_share_the_daemon_of_one_of_them(tmp_path):
    for _ in range(5):
        started = [
            subprocess.Popen(
                [CHAOS_RUN, "-d", tmp_path / "folder", "sh", "-c", "sleep 0.05"],
                stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment(),
            )
            for _ in range(4)
        ]  # fmt: skip
        for process in started:
            said = process.communicate()[1]
            assert process.returncode == 0, said


def test_joined_daemon_has_the_names_warned_of_once(daemon):
    done = chaos_run("-d", daemon.folder, "-f", '[{"service": "kinesys"}]', "true")
    assert (done.returncode, done.stderr.count("kinesys")) == (0, 1)
    assert done.stderr.startswith("chaos-run: warning: --faults: rule 1: service 'kinesys'")


def test_private_daemon_that_does_not_start_leaves_nothing(tmp_path):
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (20 << 20, 20 << 20))

    env = environment(XDG_RUNTIME_DIR=tmp_path)
    done = chaos_run("-l", 1, "true", env=env, preexec_fn=limit)
    assert done.returncode == 125
    assert done.stderr.startswith("chaos-run: ")
    assert "Cannot allocate memory" in done.stderr
    assert os.listdir(tmp_path) == []


def test_daemon_that_ends_without_a_word_is_told_of(tmp_path):
    for name in ["chaos-run", "libchaos-shim.so"]:
        shutil.copy(BUILD / name, tmp_path)
    (tmp_path / "chaos-control").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "chaos-control").chmod(0o755)
    done = subprocess.run(
        [tmp_path / "chaos-run", "-l", "1", "true"], capture_output=True, text=True,
        env=environment(), timeout=TIMEOUT,
    )  # fmt: skip
    assert done.returncode == 125
    assert done.stderr == "chaos-run: the private daemon did not start\n"


@pytest.fixture(scope="session")
def static_binary(tmp_path_factory):
    folder = tmp_path_factory.mktemp("static")
    (folder / "main.c").write_text("int main(void) { return 0; }\n")
    subprocess.run(["cc", "-static", "-o", folder / "main", folder / "main.c"], check=True)
    return folder / "main"


def test_static_binary_that_cannot_be_supervised_is_refused_with_the_reason(daemon, static_binary):
    done = chaos_run("-d", daemon.folder, static_binary, preexec_fn=without_supervision)
    assert done.returncode == 125
    assert "static" in done.stderr and "supervised" in done.stderr


def test_script_is_judged_by_its_interpreter(daemon, static_binary, tmp_path):
    script = tmp_path / "script"
    script.write_text(f"#!{static_binary}\n")
    script.chmod(0o755)
    assert chaos_run("-d", daemon.folder, script).returncode == 0
    done = chaos_run("-d", daemon.folder, script, preexec_fn=without_supervision)
    assert done.returncode == 125
    assert "static" in done.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="needs a file of another user")
def test_setuid_binary_of_another_user_is_refused_with_the_reason(daemon, tmp_path):
    binary = tmp_path / "true"
    binary.write_bytes(open("/bin/true", "rb").read())
    os.chown(binary, 65534, -1)
    binary.chmod(0o4755)
    done = chaos_run("-d", daemon.folder, binary)
    assert done.returncode == 125
    assert "setuid" in done.stderr


# ---- --strict ----


@pytest.mark.skipif(node_shares_openssl(), reason="this Node is seen")
def test_strict_names_the_processes_of_this_run_alone(daemon, tls_sink, authority):
    command = ["node", CLIENTS / "node_https.js", tls_sink.port, AWS_HOST]
    env = environment(**authority.environment)

    def listed():
        done = chaos_run("-s", "--no-bridge", "-d", daemon.folder, *command, env=env)
        assert done.returncode == 125
        assert "connections to AWS could not be looked into: 1\n" in done.stderr
        return [line for line in done.stderr.splitlines() if line.startswith("  pid ")]

    first, second = listed(), listed()
    assert (len(first), len(second)) == (1, 1)
    assert first != second


def test_help_and_version(daemon):
    assert "--faults" in chaos_run("--help").stdout
    assert chaos_run("--version").stdout.startswith("chaos-run ")


def test_other_preloads_stay(daemon, run):
    other = subprocess.run(
        ["cc", "-print-file-name=libpthread.so.0"], capture_output=True, text=True, check=True
    ).stdout.strip()
    done = run("sh", "-c", "echo $LD_PRELOAD", LD_PRELOAD=other)
    assert other in done.stdout
    assert "libchaos-shim.so" in done.stdout


# ---- TLS that is built into a program ----

OWN_STORES = ("NODE_EXTRA_CA_CERTS", "DENO_CERT")


def plain(**more):
    """An environment in which nothing of this is set."""
    return {name: value for name, value in environment(**more).items()
            if name in more or name not in OWN_STORES}  # fmt: skip


def seen(*words, env=None):
    """The environment that a command sees, and what chaos-run says."""
    done = chaos_run(*words, "env", "-0", env=env or plain())
    assert done.returncode == 0, done.stderr
    return dict(line.split("=", 1) for line in done.stdout.split("\0") if line), done.stderr


def test_environment_has_no_more_than_is_told_of():
    before = plain()
    after, said = seen(env=before)
    folder = after["CHAOS_DIR"]
    ours = {
        "CHAOS_DIR": folder, "LD_PRELOAD": str(BUILD / "libchaos-shim.so"),
        "NODE_EXTRA_CA_CERTS": f"{folder}/ca.pem", "DENO_CERT": f"{folder}/ca.pem",
    }  # fmt: skip
    assert ({**after, "_": None}, said) == ({**before, **ours, "_": None}, "")


def test_certificate_is_there_when_the_command_starts(daemon):
    script = 'cat "$NODE_EXTRA_CA_CERTS" && ls -l "$DENO_CERT" >&2'
    for words in ([], ["-d", daemon.folder]):
        done = chaos_run(*words, "sh", "-c", script, env=plain())
        assert done.stdout.startswith("-----BEGIN CERTIFICATE-----\n"), done.stderr
    assert done.stdout == (daemon.folder / "ca.pem").read_text()


@pytest.mark.parametrize("name", OWN_STORES)
def test_store_that_the_user_has_set_stays(name):
    after, _ = seen(env=plain(**{name: "/some/where.pem"}))
    other = next(one for one in OWN_STORES if one != name)
    assert (after[name], after[other]) == ("/some/where.pem", f"{after['CHAOS_DIR']}/ca.pem")
    after, _ = seen(env=plain(**{name: ""}))
    assert after[name] == after[other]


def test_store_is_that_of_the_innermost():
    done = chaos_run(CHAOS_RUN, "-l", "1", "env", env=plain())
    after = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert after["NODE_EXTRA_CA_CERTS"] == after["DENO_CERT"] == f"{after['CHAOS_DIR']}/ca.pem"
    done = chaos_run(CHAOS_RUN, "--no-bridge", "env", env=plain())
    assert "ca.pem" not in done.stdout


def test_store_is_not_set_where_the_folder_has_no_certificate(daemon):
    (daemon.folder / "ca.pem").unlink()
    after, said = seen("-d", daemon.folder)
    assert (set(OWN_STORES) & set(after), said) == (set(), "")


@pytest.mark.parametrize("words, env", [(["--no-bridge"], {}), ([], {"CHAOS_BRIDGE": 0})])
def test_without_the_bridge_nothing_is_trusted(words, env):
    after, said = seen(*words, env=plain(**env))
    assert (set(OWN_STORES) & set(after), after["CHAOS_BRIDGE"], said) == (set(), "0", "")


def test_intercepted_hosts_reach_the_library_and_the_authority():
    script = 'echo "$CHAOS_INTERCEPT"; openssl x509 -in "$CHAOS_DIR/ca.pem" -noout -ext nameConstraints'
    words = ["--intercept", "one.example:8443,192.0.2.1", "-i", "two.example"]
    done = chaos_run(*words, "sh", "-c", script, env=plain(
        CHAOS_INTERCEPT="three.example", AWS_ENDPOINT_URL_S3="https://four.example"))  # fmt: skip
    assert done.stdout.startswith("one.example:8443,192.0.2.1,two.example,three.example\n")
    for one in ("DNS:one", "DNS:two", "DNS:three", "DNS:four", "IP:192.0.2.1/255.255.255.255"):
        assert f" {one}" in done.stdout
    assert done.stderr == ""


def test_intercepted_hosts_of_the_environment_are_looked_at():
    done = chaos_run("-i", "a", "true", env=plain(CHAOS_INTERCEPT="b,c/d"))
    assert (done.returncode, done.stderr.count("\n")) == (125, 1)
    assert done.stderr.startswith("chaos-run: CHAOS_INTERCEPT: 'c/d' is no host;")
    assert seen(env=plain(CHAOS_INTERCEPT=""))[1] == ""


@pytest.mark.parametrize("by_option", [True, False])
def test_host_that_a_shared_authority_is_not_good_for_is_told(daemon, by_option):
    words, env = (["-d", daemon.folder], {}) if by_option else ([], {"CHAOS_DIR": daemon.folder})
    hosts = "minio.example:9000,s3.localhost,127.0.0.1,192.0.2.1"
    after, said = seen(*words, "-i", hosts, env=plain(**env))
    assert said == (
        f"chaos-run: warning: the authority in {daemon.folder} is not good for "
        "minio.example,192.0.2.1; start the daemon again with '--intercept minio.example,192.0.2.1', too\n"
    )
    assert after["CHAOS_INTERCEPT"] == hosts
    assert seen(*words, "-i", "localhost", env=plain(**env))[1] == ""
    assert seen(*words, "-i", hosts, "--no-bridge", env=plain(**env))[1] == ""


def test_node_says_nothing_of_the_certificate(daemon):
    done = chaos_run("-d", daemon.folder, "node", "-e", "require('tls').createSecureContext()", env=plain())
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# ---- what was not meant ----


@pytest.mark.parametrize("list, wrong", [("foo", "foo"), ("8000,", ""), ("8000,70000", "70000"), ("80 81", "80 81")])
def test_what_is_no_port_is_refused(list, wrong):
    done = chaos_run("-l", 0, "true", env=environment(CHAOS_PORTS=list))
    assert done.returncode == 125
    assert done.stderr == (
        f"chaos-run: CHAOS_PORTS: '{wrong}' is no port from 1 to 65535; "
        "write PORT, with commas between them\n"
    )


def test_what_is_no_port_is_told_by_the_library():
    env = environment(LD_PRELOAD=BUILD / "libchaos-shim.so", CHAOS_PORTS="foo")
    done = subprocess.run(["true"], capture_output=True, text=True, env=env, timeout=TIMEOUT)
    assert done.returncode == 0
    assert done.stderr.startswith("chaos-run: CHAOS_PORTS: 'foo' is no port")


def test_endpoint_that_the_authority_is_not_good_for_is_told_of_at_the_start(daemon):
    def said(**env):
        return chaos_run("-d", daemon.folder, "true", env=environment(**env)).stderr

    told = said(AWS_ENDPOINT_URL_S3="https://minio.example:9000")
    assert told.startswith(f"chaos-run: warning: the authority in {daemon.folder} is not good for minio.example; ")
    assert "--intercept minio.example" in told
    assert said(AWS_ENDPOINT_URL="https://localhost:5000") == ""
    assert said(AWS_ENDPOINT_URL="http://minio.example:9000") == ""
    assert said(AWS_ENDPOINT_URL="https://minio.example", CHAOS_BRIDGE="0") == ""


def test_private_daemon_in_the_folder_of_one_that_was_killed_has_its_rules(daemon, sink, tmp_path):
    daemon.faults(RULE)
    saved = (daemon.folder / "state.json").read_bytes()
    daemon.end(signal.SIGKILL)
    script = '"$@"; until [ -e "$0" ]; do sleep 0.05; done'
    words = ["-d", daemon.folder, "sh", "-c", script, tmp_path / "end", *one_call(sink)]
    held = subprocess.Popen(
        [BUILD / "chaos-run", *map(str, words)], stdin=subprocess.DEVNULL, env=environment(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert held.stdout.readline().startswith("503 ")
        refused = subprocess.run(
            [BUILD / "chaos-control", "-d", daemon.folder], capture_output=True, text=True,
            stdin=subprocess.DEVNULL, env=environment(), timeout=TIMEOUT,
        )  # fmt: skip
    finally:
        (tmp_path / "end").touch()
    assert refused.returncode != 0
    assert "held by the private daemon of a chaos-run, pid " in refused.stderr
    assert "ends with its last program" in refused.stderr
    assert "starting a private one with the rules that are saved there\n" in held.communicate()[1]
    assert (daemon.folder / "state.json").read_bytes() == saved


def staying(tmp_path, script):
    """Begins a command that chaos-run stays beside, in a process group of its own, as a shell does."""
    words = [CHAOS_RUN, f"--report=json:{tmp_path}/report.json", "sh", "-c", script]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment(), process_group=0)


def wait_until_it_stops(process):
    for _ in range(600):
        changed, status = os.waitpid(process.pid, os.WUNTRACED | os.WNOHANG)
        if changed:
            assert os.WIFSTOPPED(status), status
            return os.WSTOPSIG(status)
        time.sleep(0.05)
    process.kill()
    pytest.fail("chaos-run has not stopped")


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGTSTP])
def test_command_that_stops_has_chaos_run_stop_with_it(tmp_path, number):
    process = staying(tmp_path, f"kill -{int(number)} $$; echo on; exit 3")
    assert wait_until_it_stops(process) == number
    os.killpg(process.pid, signal.SIGCONT)
    assert process.communicate(timeout=TIMEOUT)[0] == "on\n"
    assert process.returncode == 3


def test_command_goes_on_with_chaos_run(tmp_path):
    process = staying(tmp_path, "kill -STOP $$; echo on")
    wait_until_it_stops(process)
    os.kill(process.pid, signal.SIGCONT)
    assert process.communicate(timeout=TIMEOUT)[0] == "on\n"


def test_chaos_run_goes_on_with_a_command_that_somebody_else_wakes(tmp_path):
    process = staying(tmp_path, "(sleep 0.2; kill -CONT $$) & kill -STOP $$; wait; exit 3")
    try:
        assert process.wait(timeout=TIMEOUT) == 3
    finally:
        process.kill()


def test_chaos_run_stays_with_a_command_that_does_not_stop(tmp_path):
    program = """
import signal, sys
def handle(*_):
    # It reaches the group, and is passed on, too.
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    print("seen", flush=True)
    sys.exit(3)
signal.signal(signal.SIGTSTP, handle)
print("ready", flush=True)
signal.pause()
"""
    process = staying(tmp_path, f"exec {sys.executable} -c '{program}'")
    try:
        assert process.stdout.readline() == "ready\n"
        os.killpg(process.pid, signal.SIGTSTP)
        assert process.wait(timeout=TIMEOUT) == 3
    finally:
        process.kill()
    assert process.stdout.read() == "seen\n"
