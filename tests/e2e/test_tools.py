# SPDX-License-Identifier: Apache-2.0
"""The command-line tools: their input, their output, how they find each other, and what they leave
to the command."""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import time

import pytest

from conftest import free_port
from harness import (
    BUILD, EFFECTS, FAULTS, ROOT, TIMEOUT, Daemon, environment, preloaded, wait_for,
)  # fmt: skip

RULE = {"service": "s3", "region": "us-east-1"}


def tool(name, *words, folder=None, **options):
    options.setdefault("env", environment(**({"CHAOS_DIR": folder} if folder else {})))
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(
        [BUILD / name, *map(str, words)], capture_output=True, text=True, timeout=TIMEOUT, **options
    )


def on_terminal(*words, folder):
    """What a tool writes when its standard output is a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [BUILD / words[0], *words[1:]], stdin=theirs, stdout=theirs, stderr=theirs,
        env=environment(CHAOS_DIR=folder),
    )  # fmt: skip
    os.close(theirs)
    text = b""
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        text += data
    os.close(ours)
    process.wait(TIMEOUT)
    return text.decode().replace("\r\n", "\n")


# ---- chaos-ctl ----


@pytest.mark.parametrize(
    "words, says",
    [
        ([], "no command is given; commands are faults, outages, effects, status, ps, "),
        (["nonsense"], "'nonsense' is no command; commands are faults, "),
        (["faults"], "faults: an action is missing; say get, set, add, remove or clear\n"),
        (["faults", "nonsense"], "faults: 'nonsense' is no action; say get, set, add, remove or clear\n"),
        (["faults", "get", "[]"], "faults: '[]' is too much; this action takes no argument"),
        (["faults", "set", "[{service:", "s3}]"], "faults: 's3}]' is too much; put single quotes around JSON"),
        (["faults", "set", "@/nowhere"], "faults @/nowhere: cannot be read: No such file"),
        (["faults", "set", "@/"], "faults @/: cannot be read: Is a directory"),
        (["faults", "set", "@/dev/null"], "faults @/dev/null: is empty"),
        (["faults", "set", "@"], "faults @: the name of a file is missing"),
        (["faults", "set", "rules.json"], "faults: 'rules.json' is no array or object of JSON; write @"),
        (["faults", "set", ""], "faults: the argument is empty; JSON or @FILE is expected"),
        (["faults", "set"], "faults: stdin is empty; JSON is expected"),
        (["effects", "add", "{}"], "effects: 'add' is no action; say get, set or clear\n"),
        (["effects", "set", "5"], "'5' is not NAME=VALUE, such as latency=250"),
        (["effects", "set", ""], "effects: the argument is empty"),
        (["status", "now"], "status: 'now' is too much; it takes no argument"),
        (["explain", "request"], "explain: 'request' is too much; the request comes from stdin"),
        (["explain"], "explain: stdin is empty; an HTTP request is expected"),
        (["--nonsense", "status"], "unrecognized option '--nonsense'\nTry 'chaos-ctl --help'."),
        (["-d", "", "status"], "--dir is empty; give the path of a folder"),
    ],
)
def test_wrong_usage_ends_with_2_and_the_reason(daemon, words, says):
    done = tool("chaos-ctl", *words, folder=daemon.folder)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stdout == ""


def test_explain_does_not_wait_for_a_terminal(tmp_path):
    shown = on_terminal("chaos-ctl", "explain", folder=tmp_path)
    assert "explain: stdin is a terminal; an HTTP request" in shown


def test_refusal_of_a_file_names_it(daemon, tmp_path):
    rules = tmp_path / "rules"
    rules.write_text('[{"service": "s3"}\n {"service": "sqs"}]')
    done = tool("chaos-ctl", "faults", "set", f"@{rules}", folder=daemon.folder)
    assert done.returncode == 1
    assert done.stderr == (
        f"chaos-ctl: @{rules}: line 2, column 2: '{{' stands where ',' or ']' is expected\n"
    )


def test_refusal_ends_with_1_and_the_place(daemon):
    done = tool("chaos-ctl", "faults", "set", '[{}, {"service": 3}]', folder=daemon.folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert "rule 2" in done.stderr


def test_absent_daemon_ends_with_1_the_socket_and_the_remedy(tmp_path):
    done = tool("chaos-ctl", "-d", tmp_path, "status")
    assert done.returncode == 1
    assert f"{tmp_path}/control.sock" in done.stderr
    assert "chaos-control --daemon" in done.stderr


def test_folder_that_others_may_write_to_is_not_trusted(daemon):
    daemon.folder.chmod(0o777)
    done = tool("chaos-ctl", "status", folder=daemon.folder)
    assert done.returncode == 1
    assert "others" in done.stderr


def test_folder_too_long_for_a_socket_is_refused(tmp_path):
    done = tool("chaos-ctl", "-d", tmp_path / ("x" * 120), "status")
    assert done.returncode == 1
    assert "too long" in done.stderr


def test_without_an_argument_json_comes_from_stdin(daemon):
    done = tool("chaos-ctl", "faults", "set", folder=daemon.folder, stdin=None, input=f"[{json.dumps(RULE)}]")
    assert json.loads(done.stdout) == [RULE]


def test_on_a_terminal_json_is_asked_for(daemon):
    assert "missing" in on_terminal("chaos-ctl", "faults", "set", folder=daemon.folder)


def test_configuration_of_a_megabyte_goes_through(daemon):
    rules = [{"service": "s3", "description": f"{i}" * 200} for i in range(3000)]
    done = tool("chaos-ctl", "faults", "set", "-", folder=daemon.folder, stdin=None, input=json.dumps(rules))
    assert json.loads(done.stdout) == rules


def test_latency_may_be_given_as_an_assignment(daemon):
    done = tool("chaos-ctl", "effects", "set", "latency=20", folder=daemon.folder)
    assert json.loads(done.stdout) == {"latency": 20}
    assert daemon.request("GET", EFFECTS).json == {"latency": 20}


def test_unknown_name_is_accepted_with_a_warning(daemon):
    done = tool("chaos-ctl", "faults", "set", '[{"service": "kinesi"}]', folder=daemon.folder)
    assert done.returncode == 0
    assert "warning" in done.stderr and "kinesis" in done.stderr
    assert json.loads(done.stdout) == [{"service": "kinesi"}]


def test_json_is_printed_as_the_daemon_sends_it(daemon):
    daemon.faults(RULE)
    sent = daemon.request("GET", FAULTS).body.decode()
    assert tool("chaos-ctl", "faults", "get", folder=daemon.folder).stdout.rstrip("\n") == sent.rstrip("\n")


def test_status_shows_what_there_is_not_as_a_dash(daemon):
    lines = on_terminal("chaos-ctl", "status", folder=daemon.folder).splitlines()
    rows = dict(line.split(maxsplit=1) for line in lines)
    assert (rows["listening"], rows["unfollowed"]) == ("-", "-")


def test_json_is_printed_on_a_terminal_when_asked_for(daemon):
    daemon.faults(RULE)
    assert json.loads(on_terminal("chaos-ctl", "--json", "faults", "get", folder=daemon.folder)) == [RULE]


def test_rules_are_a_table_with_a_column_for_each_field(daemon):
    daemon.faults(RULE, {"operation": "PutRecord", "error": {"statusCode": 400}})
    assert on_terminal("chaos-ctl", "faults", "get", folder=daemon.folder).splitlines() == [
        "service  region     operation  error.statusCode",
        "s3       us-east-1  any        -",
        "any      any        PutRecord  400",
    ]


def test_empty_list_is_said_in_words(daemon):
    assert on_terminal("chaos-ctl", "faults", "get", folder=daemon.folder) == "no fault rules\n"
    assert on_terminal("chaos-ctl", "outages", "get", folder=daemon.folder) == "no outages\n"


def test_columns_are_as_wide_as_their_characters(daemon):
    daemon.faults({"description": "äöü", "service": "s3"}, {"description": "abcd", "service": "kms"})
    lines = on_terminal("chaos-ctl", "faults", "get", folder=daemon.folder).splitlines()
    assert lines[1].index("s3") == lines[2].index("kms")


def test_control_characters_do_not_reach_the_terminal(daemon):
    daemon.faults({"description": "\x1b[2J\x07"})
    shown = on_terminal("chaos-ctl", "faults", "get", folder=daemon.folder)
    assert "?[2J?" in shown and "\x1b" not in shown


def test_status_is_a_list_on_a_terminal(daemon):
    daemon.faults(RULE)
    shown = on_terminal("chaos-ctl", "status", folder=daemon.folder)
    assert f"pid {daemon.process.pid}" in " ".join(shown.split())
    assert "rules.faults 1" in " ".join(shown.split())


def test_ps_shows_the_processes_under_the_library(daemon):
    sleeper = subprocess.Popen(
        [BUILD / "chaos-run", "-d", daemon.folder, "sleep", "60"], env=environment()
    )
    try:
        line = wait_for(
            lambda: [
                line
                for line in on_terminal("chaos-ctl", "ps", folder=daemon.folder).splitlines()
                if line.startswith(f"{sleeper.pid} ")
            ],
            "the process to be listed",
        )[0]
    finally:
        sleeper.kill()
        sleeper.wait()
    assert line.endswith("sleep 60")


@pytest.mark.parametrize("word", ["a" * 62, "a" * 64, "a" * 62 + "é"])
def test_ps_marks_a_command_that_is_cut(daemon, word):
    """The journal keeps 63 bytes of it."""
    env = preloaded(daemon.folder)
    with subprocess.Popen([word], executable="/bin/cat", stdin=subprocess.PIPE, env=env) as one:
        wait_for(lambda: daemon.request("GET", "/_chaos/processes").json, "the process to be listed")
        shown = on_terminal("chaos-ctl", "ps", folder=daemon.folder).splitlines()[1]
        one.stdin.close()
    assert shown.endswith("…") == (len(word.encode()) > 62)


# ---- chaos-run ----


def test_options_after_the_command_are_its_own(run):
    assert run("echo", "-v", "--help", "-d").stdout == "-v --help -d\n"


def test_verbose_says_what_is_done(daemon):
    done = tool("chaos-run", "-v", "-d", daemon.folder, "true")
    assert f"joining the daemon in {daemon.folder}" in done.stderr
    assert "libchaos-shim.so" in done.stderr


def test_without_verbose_nothing_is_said():
    done = tool("chaos-run", "true")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_library_is_put_first_and_once(run):
    nested = run(BUILD / "chaos-run", "sh", "-c", "echo $LD_PRELOAD")
    assert nested.stdout == f"{BUILD}/libchaos-shim.so\n"


def test_command_has_no_child_to_reap():
    done = tool(
        "chaos-run", "python3", "-c",
        "import os\ntry: os.wait()\nexcept ChildProcessError: print('none')",
    )  # fmt: skip
    assert done.stdout == "none\n"


def test_signals_are_left_as_they_were():
    def prepare():
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, [signal.SIGUSR2])

    command = ["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"]
    plain = subprocess.run(command, preexec_fn=prepare, capture_output=True, text=True)
    done = tool("chaos-run", *command, preexec_fn=prepare)
    assert done.returncode == 0, done.stderr
    assert done.stdout == plain.stdout


def test_open_descriptors_are_left_as_they_were():
    command = ["ls", "/proc/self/fd"]
    read, write = os.pipe()
    try:
        plain = subprocess.run(command, pass_fds=[write], capture_output=True, text=True)
        done = tool("chaos-run", *command, pass_fds=[write])
    finally:
        os.close(read)
        os.close(write)
    assert done.stdout == plain.stdout


def test_private_daemon_holds_no_descriptor_of_the_command():
    read, write = os.pipe()
    process = subprocess.Popen(
        [BUILD / "chaos-run", "sleep", "60"], stdout=write, stderr=write, pass_fds=[write],
        env=environment(),
    )  # fmt: skip
    os.close(write)
    wait_for(lambda: open(f"/proc/{process.pid}/comm").read() == "sleep\n", "the command to run")
    process.kill()
    began = time.monotonic()
    assert os.read(read, 1) == b""
    process.wait()
    os.close(read)
    assert time.monotonic() - began < 0.2


def test_daemon_is_started_in_the_folder_that_is_named(tmp_path):
    folder = tmp_path / "d"
    done = tool("chaos-run", "-d", folder, "-l", 7, BUILD / "chaos-ctl", "effects", "get")
    assert json.loads(done.stdout) == {"latency": 7}, done.stderr
    wait_for(lambda: not folder.exists(), "the private daemon to end and tidy up")


def test_stale_socket_does_not_count_as_a_daemon(daemon):
    daemon.end(signal.SIGKILL)
    done = tool("chaos-run", "sh", "-c", "echo $CHAOS_DIR", folder=daemon.folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() != str(daemon.folder)


def test_rules_that_the_joined_daemon_refuses_stop_the_command(daemon):
    done = tool("chaos-run", "-d", daemon.folder, "-f", '[{"service": 3}]', "echo", "ran")
    assert (done.returncode, done.stdout) == (125, "")
    assert "service" in done.stderr


def test_env_in_the_first_line_is_seen_through(tmp_path):
    program = tmp_path / "program"
    subprocess.run(
        ["cc", "-static", "-x", "c", "-o", program, "-"], input=b"int main(void) { return 0; }",
        check=True,
    )  # fmt: skip
    script = tmp_path / "script"
    script.write_text("#!/usr/bin/env -S program -x\n")
    script.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = tool("chaos-run", "-v", script, env=environment(PATH=path))
    assert done.returncode == 0
    assert f"is run by {program}, which makes its own system calls" in done.stderr


@pytest.mark.parametrize("name", ["with space", "with:colon"])
def test_library_in_a_folder_that_the_preload_cannot_name_is_refused(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    for file in ["chaos-run", "libchaos-shim.so"]:
        shutil.copy(BUILD / file, folder)
    done = subprocess.run([folder / "chaos-run", "true"], capture_output=True, text=True)
    assert done.returncode == 125
    assert "LD_PRELOAD" in done.stderr


def test_missing_library_is_named(tmp_path):
    shutil.copy(BUILD / "chaos-run", tmp_path)
    done = subprocess.run([tmp_path / "chaos-run", "true"], capture_output=True, text=True)
    assert done.returncode == 125
    assert "libchaos-shim.so" in done.stderr


# ---- README.md ----


def test_first_five_minutes_can_be_typed_as_they_stand(tmp_path):
    text = (ROOT / "README.md").read_text().partition("## The first five minutes")[2].partition("What is made")[0]
    typed = "\n".join(re.findall(r"^    (.*)", text, re.MULTILINE))
    typed = typed.replace("tools/setup demo && make", "set -m; trap 'kill %1; kill $(cat $CHAOS_DIR/lock); rm -rf $CHAOS_DIR' EXIT")
    typed = typed.replace("5000", str(free_port())).replace("pytest", "true")
    (tmp_path / "build").symlink_to(BUILD)
    env = {name: value for name, value in environment().items() if not name.endswith("KEY_ID")}
    done = subprocess.run(
        ["bash", "-c", typed], cwd=tmp_path, capture_output=True, text=True, timeout=120,
        env=env | {"AWS_MAX_ATTEMPTS": "2", "AWS_RETRY_MODE": "standard"},
    )  # fmt: skip
    assert "Service 's3' not accessible due to an outage" in done.stderr
    assert "Service 'dynamodb' not accessible in 'eu-west-1' region due to an outage" in done.stderr
    assert '{\n    "TableNames": []\n}\n' in done.stdout, done.stderr
    assert done.stdout.endswith('[{"service": "lambda"}]')
    assert done.returncode == 0


# ---- make ----


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """What `make install` makes of what has been built, at another place than it was made for."""
    destination = tmp_path_factory.mktemp("install")
    subprocess.run(
        ["make", "-s", "-o", "all", "install", f"B={BUILD}", f"DESTDIR={destination}"],
        cwd=ROOT, check=True, stdout=subprocess.DEVNULL, env=environment(),
    )  # fmt: skip
    return next(destination.rglob("bin")).parent


def test_installed_programs_find_each_other_and_the_library(installed):
    script = "echo $LD_PRELOAD; readlink /proc/$(cat $CHAOS_DIR/lock)/exe"
    done = subprocess.run(
        [installed / "bin" / "chaos-run", "-l", "3", "sh", "-c", script],
        capture_output=True, text=True, env=environment(),
    )  # fmt: skip
    assert done.stdout.splitlines() == [
        f"{installed}/lib/chaos-run/libchaos-shim.so",
        f"{installed}/bin/chaos-control",
    ], done.stderr


@pytest.mark.parametrize("page", ["man1/chaos-run.1", "man1/chaos-ctl.1", "man8/chaos-control.8"])
def test_manual_pages_are_installed(installed, page):
    assert (installed / "share" / "man" / page).is_file()


@pytest.mark.parametrize("program", ["chaos-run", "chaos-ctl", "chaos-control"])
def test_manual_page_names_every_option(program):
    page = next((ROOT / "tools" / "man").glob(f"{program}.[18]")).read_text()
    said = tool(program, "--help").stdout
    options = set(re.findall(r"^ +(?:-., )?--([a-z]+)", said, re.MULTILINE)) - {"usage"}
    assert "help" in options
    for option in options:
        assert f"Fl Fl {option}" in page


def test_setup_installs_nothing_where_all_is_there():
    began = time.monotonic()
    done = subprocess.run(
        [ROOT / "tools" / "setup", "build", "check"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.monotonic() - began < 2


def test_setup_refuses_what_it_does_not_know():
    done = subprocess.run([ROOT / "tools" / "setup", "lunch"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "lunch" in done.stderr


def test_objects_are_made_anew_when_a_flag_changes_and_only_then(tmp_path):
    target = tmp_path / "obj/shim/engine/tls.o"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}

    def made(*variables):
        command = ["make", "-s", "-C", ROOT, f"B={tmp_path}", *variables, target]
        subprocess.run(command, check=True, capture_output=True, env=environ)
        return target.stat().st_mtime_ns

    first = made()
    assert made() == first
    assert made("PREFIX=/elsewhere") > first
