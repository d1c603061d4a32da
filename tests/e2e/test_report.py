# SPDX-License-Identifier: Apache-2.0
"""What chaos-run tells of a run at its end, and while it goes on."""

import html.parser
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
import xml.etree.ElementTree

import pytest

from harness import BUILD, TIMEOUT, Daemon, environment, runtime_folder, wait_for

THROTTLED = {
    "service": "dynamodb",
    "operation": "ListTables",
    "error": {"statusCode": 400, "code": "ThrottlingException"},
}

# Sends as many signed calls as it is told on one connection, and takes every answer.
RAW = textwrap.dedent(
    """
    import socket, sys
    port, count = int(sys.argv[1]), int(sys.argv[2])
    request = (
        b"POST / HTTP/1.1\\r\\nHost: kinesis.us-east-1.amazonaws.com\\r\\n"
        b"X-Amz-Target: Kinesis_20131202.PutRecord\\r\\nContent-Type: application/x-amz-json-1.1\\r\\n"
        b"Authorization: AWS4-HMAC-SHA256 Credential=AK/20260101/us-east-1/kinesis/aws4_request, "
        b"SignedHeaders=host, Signature=00\\r\\nContent-Length: 2\\r\\n\\r\\n{}"
    )
    sock = None
    for _ in range(count):
        if not sock:
            sock = socket.create_connection(("127.0.0.1", port))
        sock.sendall(request)
        said = b""
        while b"\\r\\n\\r\\n" not in said:
            said += sock.recv(65536)
        head, _, body = said.partition(b"\\r\\n\\r\\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\\r\\n")[0])
        while len(body) < length:
            body += sock.recv(65536)
        if b"connection: close" in head.lower():
            sock.close()
            sock = None
    """
)

# Calls by boto3, one for each word SERVICE.METHOD; errors are said and passed over.
BOTO = textwrap.dedent(
    """
    import sys, boto3, botocore.config, botocore.exceptions
    config = botocore.config.Config(retries={"total_max_attempts": 3, "mode": "standard"})
    for word in sys.argv[1:]:
        service, method = word.split(".")
        try:
            getattr(boto3.client(service, "us-east-1", config=config), method)()
        except botocore.exceptions.ClientError as error:
            print(error.response["Error"]["Code"])
    """
)


def chaos_run(*arguments, url=None, **env):
    """Runs chaos-run, its output as text."""
    more = {"AWS_ENDPOINT_URL": url} if url else {}
    return subprocess.run(
        [BUILD / "chaos-run", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment(AWS_DEFAULT_REGION="us-east-1", **more, **env),
        timeout=2 * TIMEOUT,
    )


def faults(*rules):
    return ["-f", json.dumps(list(rules))]


@pytest.fixture
def report(moto, tmp_path):
    """Runs calls by boto3 and returns the finished process and the report, from its file."""

    def report(*calls, options=(), **env):
        path = tmp_path / "report.json"
        done = chaos_run(
            *options, "--report=json", path, sys.executable, "-c", BOTO, *calls, url=moto, **env
        )
        return done, json.loads(path.read_text())

    return report


def operation(told, name):
    service, operation = name.split(".")
    found = [
        one
        for one in told["operations"]
        if (one["service"], one["operation"]) == (service, operation)
    ]
    assert len(found) == 1, told["operations"]
    return found[0]


# ---- what it says ----


def test_it_counts_calls_attempts_faults_and_answers_by_operation(report):
    done, told = report(
        "dynamodb.list_tables", "dynamodb.list_tables", "s3.list_buckets", options=faults(THROTTLED)
    )
    assert done.stdout == "ThrottlingException\n" * 2
    tables, buckets = operation(told, "dynamodb.ListTables"), operation(told, "s3.ListBuckets")
    assert (tables["calls"], tables["attempts"], tables["faults"]) == (2, 6, 6)
    assert (tables["failed"], tables["statuses"]) == (2, {"400": 6})
    assert (buckets["calls"], buckets["attempts"], buckets["failed"]) == (1, 1, 0)
    assert buckets["statuses"] == {"200": 1} and buckets["p99Ms"] > 0
    totals = told["totals"]
    assert (totals["calls"], totals["attempts"], totals["faults"]) == (3, 7, 6)
    assert (totals["failed"], totals["programs"], totals["lost"]) == (2, 1, 0)


def test_it_lists_the_calls_that_failed_for_good_with_their_attempts(report):
    _, told = report("dynamodb.list_tables", "s3.list_buckets", options=faults(THROTTLED))
    (failed,) = told["failed"]
    assert (failed["service"], failed["operation"]) == ("dynamodb", "ListTables")
    assert [one["attempt"] for one in failed["attempts"]] == [1, 2, 3]
    assert {one["code"] for one in failed["attempts"]} == {"ThrottlingException"}
    assert {one["rule"] for one in failed["attempts"]} == {"faults 1"}


def test_it_lists_the_calls_that_a_retry_has_saved(moto, tmp_path):
    daemon = Daemon().start()
    daemon.faults(THROTTLED)
    path = tmp_path / "report.json"
    script = f"""
import boto3, urllib.request, socket, os
from botocore.config import Config
def gone(**_):
    os.system("{BUILD}/chaos-ctl faults clear > /dev/null")
client = boto3.client("dynamodb", "us-east-1", config=Config(retries={{"mode": "standard"}}))
client.meta.events.register("needs-retry.dynamodb", gone)
client.list_tables()
"""
    done = chaos_run(
        "-d", daemon.folder, "--report=json", path, sys.executable, "-c", script, url=moto
    )
    daemon.remove()
    told = json.loads(path.read_text())
    assert done.returncode == 0, done.stderr
    assert told["totals"]["recovered"] == 1 and told["totals"]["failed"] == 0
    (retried,) = told["retried"]
    assert [one["status"] for one in retried["attempts"]] == [400, 200]
    # The rule has gone, and is told of all the same.
    assert [(one["planned"], one["taken"]) for one in told["rules"]] == [(1, 1)]


def test_it_says_of_each_rule_what_was_planned_delivered_and_taken(report):
    named = dict(THROTTLED, description="tables are throttled")
    _, told = report("dynamodb.list_tables", options=faults(named, {"service": "lambda"}))
    first, second = told["rules"]
    assert first["rule"] == named and first["name"] == "tables are throttled"
    counts = [first[name] for name in ("matched", "planned", "delivered", "taken")]
    assert counts == [3, 3, 3, 3]
    assert [second[name] for name in ("matched", "planned", "taken")] == [0, 0, 0]


@pytest.mark.parametrize(
    "rule, field, why",
    [
        ({"service": "dynamodb", "operation": "ListTable"}, "operation", "ListTable, "),
        ({"service": "dynamodb", "region": "eu-*"}, "region", "eu-*, the call had us-east-1"),
        ({"service": "sqs"}, "service", "the rule says sqs"),
    ],
)
def test_it_says_why_a_rule_matched_no_call_and_which_was_nearest(report, rule, field, why):
    _, told = report("s3.list_buckets", "dynamodb.list_tables", options=faults(rule))
    (missed,) = told["unmatched"]
    assert missed["rule"] == rule and missed["differs"] == field
    assert why in missed["why"]
    if field != "service":
        assert missed["nearest"]["operation"] == "ListTables"


def test_it_says_that_another_rule_was_first(report):
    _, told = report("dynamodb.list_tables", options=faults(THROTTLED, {"service": "dynamodb"}))
    (missed,) = told["unmatched"]
    assert missed["differs"] is None and missed["why"].endswith("faults 1")


def test_it_says_that_no_call_was_seen(moto):
    done = chaos_run("--report", *faults({"service": "sqs"}), "true")
    assert done.returncode == 0
    assert "no call to AWS was seen" in done.stderr


def test_the_aws_cli_is_reported_like_any_other(moto):
    done = chaos_run("--report", "aws", "s3", "ls", url=moto)
    assert done.returncode == 0
    assert re.search(r"s3\.ListBuckets +1 +1 +0 +0 .* 200:1", done.stderr)


def test_resources_can_be_hashed(moto, tmp_path):
    path = tmp_path / "report.json"
    secret = "a-secret-name"
    for options, is_told in (([], True), (["--redact"], False)):
        command = ["aws", "s3api", "head-bucket", "--bucket", secret]
        done = chaos_run("--trace", "--report", "--report=json", path, *options, *command, url=moto)
        told = json.loads(path.read_text())
        assert (secret in done.stderr.split("chaos-run: ")[0]) == is_told
        assert (secret in json.dumps(told)) == is_told
        assert told["failed"][0]["resource"].startswith("a-" if is_told else "#")


# ---- when there is one ----


def test_without_a_wish_there_is_none(moto):
    done = chaos_run(*faults(THROTTLED), "aws", "s3", "ls", url=moto)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("option, is_told", [("--verbose", True), ("--no-report", False)])
def test_rules_on_a_terminal_ask_for_one(moto, option, is_told):
    line = f"{BUILD}/chaos-run {option} -f '[]' aws s3 ls"
    done = subprocess.run(
        ["script", "-qec", line, "/dev/null"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment(AWS_ENDPOINT_URL=moto, AWS_DEFAULT_REGION="us-east-1"),
        timeout=TIMEOUT,
    )
    assert ("s3.ListBuckets" in done.stdout) == is_told, done.stdout


def test_junit_names_a_long_command_in_short(tmp_path):
    path = tmp_path / "report.xml"
    done = chaos_run(f"--report=junit:{path}", "true", "é" * 5000)
    (case,) = xml.etree.ElementTree.parse(path).getroot().iter("testcase")
    assert done.returncode == 0
    assert case.get("name").startswith("true éé") and case.get("name").endswith("é...")
    assert len(case.get("name")) < 200


def test_a_file_may_be_stdout(moto):
    done = chaos_run("--report=json:-", "aws", "s3", "ls", url=moto)
    # Behind what the command has printed there.
    assert json.loads(done.stdout[done.stdout.index("{") :])["totals"]["calls"] == 1


def test_a_file_that_cannot_be_written_keeps_the_command_from_running(tmp_path):
    path = tmp_path / "missing" / "report.json"
    done = chaos_run(f"--report=json:{path}", "touch", tmp_path / "ran")
    assert done.returncode == 125 and str(path) in done.stderr
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "option, said",
    [
        ("--report=xml:-", "forms are text, json, junit and html"),
        ("--report=json", "a file is missing"),
    ],
)
def test_a_wrong_form_is_refused_with_what_to_say(option, said):
    done = chaos_run(option, "--", "true")
    assert done.returncode == 125 and said in done.stderr


# ---- for machines and browsers ----


def test_junit_has_a_case_for_the_command_and_for_each_expectation(moto, tmp_path):
    path = tmp_path / "report.xml"
    wanted = ["--expect", "s3: calls == 1", "--expect", "s3: faults >= 3"]
    done = chaos_run(f"--report=junit:{path}", *wanted, "aws", "s3", "ls", "&<\">\n", url=moto)
    suite = xml.etree.ElementTree.parse(path).getroot().find("testsuite")
    cases = suite.findall("testcase")
    assert done.returncode == 124
    assert (suite.get("tests"), suite.get("failures")) == ("3", "3")
    assert [case.find("failure") is None for case in cases] == [False, False, False]
    assert "&<\">" in cases[0].get("name")
    assert cases[1].get("name") == "s3: calls == 1"


class Page(html.parser.HTMLParser):
    """Collects what a page shows, the tags that it has, and what these refer to."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.references, self.open = [], "", [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.references += [value for name, value in attributes if name in ("src", "href")]
        if tag not in ("meta", "br", "line"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("meta", "br", "line"):
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def page(moto, tmp_path):
    """A page about names that would be markup, if they were not escaped."""
    path = tmp_path / "report.html"
    rules = faults(
        dict(THROTTLED, description="<script>alert(1)</script>"), {"service": "sqs", "description": "<img src=x>"}
    )
    wanted = ["--expect", "calls failed == 0", "--report=html", path]
    command = [sys.executable, "-c", BOTO, "dynamodb.list_tables", "s3.list_buckets"]
    chaos_run(*rules, *wanted, *command, url=moto)
    return path


def test_a_page_is_whole_escaped_and_needs_nothing_else(page):
    shown = Page(page.read_text())
    assert not shown.open and not shown.references
    assert "script" not in shown.tags and "img" not in shown.tags
    for text in ("<script>alert(1)</script>", "<img src=x>", "dynamodb.ListTables", "missed"):
        assert text in shown.text
    assert shown.tags.count("rect") == 4
    assert "url(" not in page.read_text() and "@import" not in page.read_text()


@pytest.mark.parametrize("scheme, number", [("light", 1), ("dark", 0)])
def test_a_browser_shows_the_page_in_light_and_dark(page, tmp_path, scheme, number):
    browser = [
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
        f"--user-data-dir={tmp_path}/profile", f"--blink-settings=preferredColorScheme={number}",
        "--window-size=400,400",
    ]  # fmt: skip
    env = environment(HOME=tmp_path)
    shot = tmp_path / f"{scheme}.png"
    subprocess.run(
        [*browser, f"--screenshot={shot}", page.as_uri()],
        capture_output=True, env=env, timeout=2 * TIMEOUT, check=True,
    )  # fmt: skip
    dumped = subprocess.run(
        [*browser, "--dump-dom", page.as_uri()],
        capture_output=True, text=True, env=env, timeout=2 * TIMEOUT, check=True,
    )  # fmt: skip
    assert "Calls that failed for good" in Page(dumped.stdout).text
    red, green, blue = corner(shot.read_bytes())
    assert (min(red, green, blue) > 200) if scheme == "light" else (max(red, green, blue) < 60)


def corner(png):
    """The first pixel of a picture: filters of the first line do not change it."""
    import struct
    import zlib

    data, at = b"", 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += length + 12
    return zlib.decompress(data)[1:4]


# ---- the command and those beside it ----


def test_the_command_runs_as_it_does_without(tmp_path):
    script = (
        "import os; print(sorted(os.listdir('/proc/self/fd')),"
        " sorted(k for k in os.environ if k.startswith('CHAOS_')), os.getpgid(0) == os.getpgrp())"
    )
    plain = chaos_run("--strict", sys.executable, "-c", script).stdout
    told = chaos_run("--strict", "--report", sys.executable, "-c", script).stdout
    assert told.replace("'CHAOS_RUN', ", "").replace(", 'CHAOS_RUN'", "") == plain
    assert "CHAOS_RUN" in told


def test_the_reporter_is_none_of_the_programs(moto):
    done = chaos_run(
        "--report", "sh", "-c", f"{BUILD}/chaos-ctl ps --json; aws s3 ls", url=moto
    )
    assert "chaos-report" not in done.stdout and "by 1 program " in done.stderr


def test_programs_that_fork_and_execute_others_are_in_it(moto, tmp_path):
    path = tmp_path / "report.json"
    script = "aws s3 ls & (env -i PATH=$PATH HOME=/ AWS_ENDPOINT_URL=$AWS_ENDPOINT_URL"
    script += " AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b AWS_EC2_METADATA_DISABLED=true"
    script += " aws lambda list-functions --region us-east-1) & wait; exec aws sns list-topics"
    daemon = Daemon().start()
    done = chaos_run("-d", daemon.folder, f"--report=json:{path}", "sh", "-c", script, url=moto)
    daemon.remove()
    told = json.loads(path.read_text())
    assert done.returncode == 0, done.stderr
    assert {one["service"]: one["calls"] for one in told["operations"]} == {
        "s3": 1, "sns": 1, "lambda": 1,
    }  # fmt: skip
    assert told["totals"]["programs"] == 3


def test_a_call_whose_program_is_killed_is_told_of(tmp_path, sink):
    held = []
    sink.reply = lambda request: held.append(request) or time.sleep(TIMEOUT)
    path = tmp_path / "report.json"
    running = subprocess.Popen(
        [BUILD / "chaos-run", f"--report=json:{path}", "--report", sys.executable, "-c", RAW,
         str(sink.port), "1"],
        stderr=subprocess.PIPE, text=True, env=environment(AWS_ENDPOINT_URL=sink.url),
    )  # fmt: skip
    wait_for(lambda: held, "the request")
    (child,) = [pid for pid in children(running.pid) if "chaos-report" not in command(pid)]
    os.kill(child, signal.SIGKILL)
    said = running.communicate(timeout=TIMEOUT)[1]
    told = json.loads(path.read_text())
    assert running.returncode == -signal.SIGKILL and told["signal"] == signal.SIGKILL
    assert (told["totals"]["attempts"], told["totals"]["unfinished"]) == (1, 1)
    assert "1 attempt without an end" in said


def test_a_program_that_goes_on_is_told_of_and_not_waited_for(moto, tmp_path):
    path, pid = tmp_path / "report.json", tmp_path / "pid"
    script = textwrap.dedent(
        f"""
        import boto3, os, time
        boto3.client("s3").list_buckets()
        if os.fork() == 0:
            os.dup2(os.open("/dev/null", os.O_RDWR), 1)
            os.dup2(1, 2)
            boto3.client("s3").list_buckets()
            open("{pid}.new", "w").write(str(os.getpid()))
            os.rename("{pid}.new", "{pid}")
            time.sleep(600)
        while not os.path.exists("{pid}"):
            time.sleep(0.01)
        """
    )
    done = chaos_run(
        "--report", f"--report=json:{path}", sys.executable, "-c", script, url=moto
    )
    os.kill(int(pid.read_text()), signal.SIGKILL)
    assert done.returncode == 0 and "programs that the command has begun go on" in done.stderr
    told = json.loads(path.read_text())
    assert (told["totals"]["calls"], told["totals"]["programs"]) == (2, 2)


def test_runs_that_share_a_daemon_tell_each_of_its_own(daemon, moto, tmp_path):
    daemon.faults(dict(THROTTLED, description="shared"))
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    # The second run is wholly within the first.
    inner = f"{BUILD}/chaos-run --report=json:{second} aws lambda list-functions"
    script = f"aws dynamodb list-tables; {inner}; aws s3 ls"
    done = chaos_run(
        "-d", daemon.folder, f"--report=json:{first}", "sh", "-c", script, url=moto,
        AWS_MAX_ATTEMPTS=2,
    )  # fmt: skip
    outer, inner = json.loads(first.read_text()), json.loads(second.read_text())
    assert done.returncode == 0, done.stderr
    assert {one["service"] for one in outer["operations"]} == {"dynamodb", "s3"}
    assert {one["service"] for one in inner["operations"]} == {"lambda"}
    assert [rule["taken"] for rule in outer["rules"]] == [2]
    assert [rule["taken"] for rule in inner["rules"]] == [0]
    # What rules matched is counted for all; while the second ran, there was nobody else.
    assert [rule["matched"] for rule in outer["rules"]] == [None]
    assert len([line for line in outer["unseen"] if "each rule matched" in line]) == 1
    assert [rule["matched"] for rule in inner["rules"]] == [0]
    assert not any("each rule matched" in line for line in inner["unseen"])
    # Nobody looks any more.
    assert daemon.request("GET", "/_chaos/observe").json["observed"] is False


def test_a_run_that_fails_leaves_its_report_file_as_it_was(tmp_path):
    path, before = tmp_path / "new.json", tmp_path / "before.json"
    before.write_text("before")
    for file in (path, before):
        chaos_run(f"--report=json:{file}", "--expect", "no expectation", "true")
    assert not path.exists() and before.read_text() == "before"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount")
def test_a_report_without_room_leaves_what_was_there(tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=8k", "none", tmp_path]
    if subprocess.run(mount, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("may not mount")
    try:
        before, filling = tmp_path / "before.json", tmp_path / "filling"
        before.write_text("before")
        filling.write_bytes(bytes(4096))
        done = chaos_run(f"--report=json:{before}", "true")
        assert done.returncode == 125 and "No space left" in done.stderr
        assert before.read_text() == "before" and sorted(tmp_path.iterdir()) == [before, filling]
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_a_form_behind_a_blank_is_no_command():
    done = chaos_run("--report", "json", "r.json")
    assert done.returncode == 127 and "say --report=json FILE" in done.stderr


def test_chaos_report_has_a_help():
    done = subprocess.run([BUILD / "chaos-report", "--help"], capture_output=True, text=True, timeout=TIMEOUT)
    assert done.returncode == 0 and done.stdout.startswith("Usage: chaos-report") and not done.stderr


def test_a_report_goes_through_a_link_and_keeps_the_files_mode(tmp_path):
    path, link = tmp_path / "report.json", tmp_path / "link.json"
    path.write_text("before")
    path.chmod(0o640)
    link.symlink_to(path)
    assert chaos_run(f"--report=json:{link}", "true").returncode == 0
    assert "totals" in json.loads(path.read_text()) and link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert chaos_run("--report=json:/dev/null", "true").returncode == 0


def test_rules_that_are_paused_are_told_of_before_and_after(daemon, moto):
    daemon.faults(THROTTLED)
    command = ["-d", daemon.folder, "--report", sys.executable, "-c", BOTO, "dynamodb.list_tables"]
    subprocess.run([BUILD / "chaos-ctl", "-d", daemon.folder, "pause"], check=True, stdout=subprocess.DEVNULL)
    told = chaos_run(*command, url=moto).stderr
    assert f"{daemon.folder}: the rules are paused" in told.splitlines()[0]
    assert "the rules were paused for some of the time" in told
    subprocess.run([BUILD / "chaos-ctl", "-d", daemon.folder, "resume"], check=True, stdout=subprocess.DEVNULL)
    assert "paused" not in chaos_run(*command, url=moto).stderr


def test_observing_that_was_on_before_stays_on(daemon, moto):
    daemon.request("POST", "/_chaos/observe")
    chaos_run("-d", daemon.folder, "--report", "aws", "s3", "ls", url=moto)
    assert daemon.request("GET", "/_chaos/observe").json["observed"] is True


def test_observing_is_kept_by_nobody_who_looks(daemon, watch):
    """So that it ends by itself after one that is killed."""
    watch("watch").kill()
    assert daemon.request("GET", "/_chaos/observe").json["kept"] is False


def test_what_somebody_keeps_while_others_look_stays_kept(daemon, watch):
    watching = watch("watch")
    daemon.request("POST", "/_chaos/observe")
    watching.terminate()
    watching.wait(TIMEOUT)
    assert daemon.request("GET", "/_chaos/observe").json["kept"] is True


def test_what_was_counted_before_the_run_is_not_in_it(daemon, moto, tmp_path):
    daemon.request("POST", "/_chaos/observe")
    daemon.faults(THROTTLED)
    path = tmp_path / "report.json"
    for _ in range(2):
        chaos_run(
            "-d", daemon.folder, f"--report=json:{path}", sys.executable, "-c", BOTO,
            "dynamodb.list_tables", url=moto,
        )  # fmt: skip
    told = json.loads(path.read_text())
    tables = operation(told, "dynamodb.ListTables")
    assert (tables["calls"], tables["attempts"], tables["statuses"]) == (1, 3, {"400": 3})
    assert [rule["planned"] for rule in told["rules"]] == [3]


BRIEFLY = textwrap.dedent(
    """
    for name in first second; do
        chaos-ctl faults add '{"service":"dynamodb","description":"'$name'"}'
        aws dynamodb list-tables
        chaos-ctl faults clear
    done >&2
    """
)


def test_rules_that_came_and_went_in_the_run_have_their_names_and_counts(daemon, moto, tmp_path):
    daemon.faults({"service": "kms", "description": "before"})
    daemon.faults({"service": "kms", "description": "there"})
    path = tmp_path / "report.json"
    done = chaos_run(
        "-d", daemon.folder, f"--report=json:{path}", "--expect", "rule:first: taken == 1",
        "--expect", "rule:second: taken == 1", "sh", "-c", BRIEFLY, url=moto,
        AWS_MAX_ATTEMPTS=1, PATH=f"{BUILD}:{os.environ['PATH']}",
    )  # fmt: skip
    told = json.loads(path.read_text())["rules"]
    assert done.returncode == 0, done.stderr
    assert [(rule["name"], rule["planned"], rule["taken"]) for rule in told] == [
        ("there", 0, 0), ("first", 1, 1), ("second", 1, 1),
    ]  # fmt: skip
    assert told[1]["rule"] == {"service": "dynamodb", "description": "first"}


OBEYED = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufffd]")


def test_nothing_that_a_terminal_obeys_is_told(moto, tmp_path):
    hostile = "a\x1b[2J\n\x9b31m\u202e\u2066b"
    rule = dict(THROTTLED, description=hostile)
    path = tmp_path / "report.json"
    done = chaos_run(
        "-f", json.dumps([rule]), "--report", f"--report=json:{path}", "--trace",
        "--expect", f"rule:{hostile}: taken == 1",
        sys.executable, "-c", BOTO, "dynamodb.list_tables", "sqs.list_queues", url=moto,
    )  # fmt: skip
    assert done.returncode == 124 and "a?[2J??31m??b" in done.stderr
    assert not OBEYED.search(done.stderr)
    assert not OBEYED.search(path.read_text())
    (told,) = json.loads(path.read_text())["rules"]
    assert (told["name"], told["rule"]) == ("a?[2J??31m??b", rule)


def test_a_command_that_is_no_text_makes_a_report_that_is(tmp_path):
    path = tmp_path / "report.json"
    subprocess.run(
        [BUILD / "chaos-run", f"--report=json:{path}", "true", b"a\xffb"],
        env=environment(), timeout=TIMEOUT, check=True,
    )  # fmt: skip
    assert json.loads(path.read_text())["command"] == ["true", "a?b"]


def test_a_call_of_others_that_has_not_ended_is_none_of_the_runs(daemon, client, sink, tmp_path):
    held = []
    sink.reply = lambda request: held.append(request) or time.sleep(TIMEOUT)
    path = tmp_path / "report.json"
    script = f"touch {tmp_path}/ready; read _ < {tmp_path}/go"
    os.mkfifo(tmp_path / "go")
    running = subprocess.Popen(
        [BUILD / "chaos-run", "-d", daemon.folder, f"--report=json:{path}", "sh", "-c", script],
        env=environment(),
    )  # fmt: skip
    wait_for((tmp_path / "ready").exists, "the command")
    client([sys.executable, "-c", RAW, str(sink.port), "1"], AWS_ENDPOINT_URL=sink.url)
    wait_for(lambda: held, "the request")
    (tmp_path / "go").write_text("\n")
    assert running.wait(TIMEOUT) == 0
    assert json.loads(path.read_text())["totals"]["attempts"] == 0


def test_a_daemon_that_is_killed_meanwhile_changes_nothing(daemon, moto, tmp_path):
    daemon.faults(dict(THROTTLED, description="tables"))
    path = tmp_path / "report.json"
    script = f"aws s3 ls; kill -9 {daemon.process.pid}; aws dynamodb list-tables; aws s3 ls"
    done = chaos_run(
        "-d", daemon.folder, f"--report=json:{path}", "sh", "-c", script, url=moto,
        AWS_MAX_ATTEMPTS=2,
    )  # fmt: skip
    told = json.loads(path.read_text())
    assert done.returncode == 0
    assert (told["totals"]["calls"], told["totals"]["faults"]) == (3, 2)
    assert [(rule["name"], rule["taken"]) for rule in told["rules"]] == [("tables", 2)]


def test_calls_that_nobody_observed_are_told_of(daemon, moto, tmp_path):
    path = tmp_path / "report.json"
    off = f"curl -s -X DELETE --unix-socket {daemon.socket} http://localhost/_chaos/observe"
    done = chaos_run(
        "-d", daemon.folder, "--report", f"--report=json:{path}", "sh", "-c",
        f"aws s3 ls; {off}; aws s3 ls", url=moto,
    )  # fmt: skip
    totals = json.loads(path.read_text())["totals"]
    assert (totals["calls"], totals["unobserved"]) == (1, 1)
    assert "1 attempt while programs were told not to tell" in done.stderr


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(word) for word in file.read().split()]


def command(pid):
    with open(f"/proc/{pid}/cmdline") as file:
        return file.read()


def reporter_of(running):
    def find():
        for pid in children(running.pid):
            if "chaos-report" in command(pid):
                return pid
        return None

    return wait_for(find, "the reporter")


def test_counts_stay_exact_when_events_are_lost(tmp_path, sink):
    path, go = tmp_path / "report.json", tmp_path / "go"
    os.mkfifo(go)
    count = 40000
    script = f"read _ < {go}; exec {sys.executable} -c '{RAW}' {sink.port} {count}"
    running = subprocess.Popen(
        [BUILD / "chaos-run", *faults({"service": "kinesis"}), f"--report=json:{path}", "--report",
         "sh", "-c", script],
        stderr=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip
    reporter = reporter_of(running)
    wait_for(lambda: len(children(running.pid)) == 2, "the command")
    os.kill(reporter, signal.SIGSTOP)
    go.write_text("\n")
    wait_for(lambda: len(children(running.pid)) == 1 or state(running.pid) == "wait", "its end")
    os.kill(reporter, signal.SIGCONT)
    said = running.communicate(timeout=2 * TIMEOUT)[1]
    told = json.loads(path.read_text())
    put = operation(told, "kinesis.PutRecord")
    assert (put["attempts"], put["faults"], put["statuses"]) == (count, count, {"503": count})
    assert told["totals"]["lost"] >= count - 32768 > 0
    assert [rule["planned"] for rule in told["rules"]] == [count]
    assert "were too many at once" in said


def state(pid):
    """"wait" once there is nothing left but the reporter to wait for."""
    return "wait" if all("chaos-report" in command(one) for one in children(pid)) else "run"


def test_a_command_that_is_interrupted_is_reported(moto, tmp_path):
    script = f"aws s3 ls; touch {tmp_path}/done; sleep 60"
    running = subprocess.Popen(
        [BUILD / "chaos-run", "--report", "sh", "-c", script],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=environment(AWS_ENDPOINT_URL=moto, AWS_DEFAULT_REGION="us-east-1"),
    )  # fmt: skip
    wait_for((tmp_path / "done").exists, "the call")
    # As the terminal does.
    os.killpg(running.pid, signal.SIGINT)
    said = running.communicate(timeout=TIMEOUT)[1]
    assert running.returncode == -signal.SIGINT
    assert "s3.ListBuckets" in said


@pytest.mark.parametrize("options, code", [(["--report"], 125), (["--expect", "calls >= 0"], 125)])
def test_a_reporter_that_is_killed_is_told_of(options, code):
    running = subprocess.Popen(
        [BUILD / "chaos-run", *options, "sleep", "1"],
        stderr=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip
    os.kill(reporter_of(running), signal.SIGKILL)
    said = running.communicate(timeout=TIMEOUT)[1]
    assert running.returncode == code
    assert "there is no report: chaos-report was killed by signal 9" in said


def test_a_chaos_run_that_is_killed_is_reported_all_the_same(moto, tmp_path):
    path = tmp_path / "report.json"
    script = f"aws s3 ls; touch {tmp_path}/done; sleep 60"
    running = subprocess.Popen(
        [BUILD / "chaos-run", f"--report=json:{path}", "sh", "-c", script],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        env=environment(AWS_ENDPOINT_URL=moto, AWS_DEFAULT_REGION="us-east-1"),
    )  # fmt: skip
    wait_for((tmp_path / "done").exists, "the call")
    running.kill()
    running.wait()
    wait_for(path.exists, "the report")
    os.killpg(running.pid, signal.SIGKILL)
    told = json.loads(path.read_text())
    assert told["totals"]["calls"] == 1 and told["exit"] is None and told["signal"] is None


# ---- expectations ----


def expect(moto, *expectations, options=(), calls=("dynamodb.list_tables", "s3.list_buckets")):
    wanted = [word for one in expectations for word in ("--expect", one)]
    rule = dict(THROTTLED, description="tables")
    return chaos_run(
        *faults(rule, {"service": "lambda"}), *wanted, *options, sys.executable, "-c", BOTO,
        *calls, url=moto,
    )  # fmt: skip


MET = [
    "dynamodb.ListTables: faults >= 3",
    "s3.*: attempts <= 4",
    "dynamodb: attempts == 3",
    "*: requests == 4",
    "rule:tables: taken == planned",
    "rule:tables: matched == 3",
    "rule:faults 2: planned == 0",
    "s3.ListBuckets: p99 < 20s",
    "s3.ListBuckets: p50 <= p99",
    "calls failed == 1",
    "calls == 2",
    "dynamodb: status 400 == 3",
    "recovered == 0",
    "sqs: calls == 0",
    "taken == faults",
    "blind == 0",
]

# What was got, and where to look.
MISSED = {
    "dynamodb.ListTables: faults >= 4": ("3", "dynamodb.ListTables, 400 ThrottlingException"),
    "dynamodb: attempts <= 2": ("3", "the last of 3 attempts: dynamodb.ListTables"),
    "rule:tables: taken == 4": ("3", ""),
    "rule:table: taken == 3": ("no rule of that name", "tables, faults 2"),
    "rule:faults 2: planned > 0": ("0", "the service differs"),
    "lambda.Invoke: p99 < 2s": ("no such call", "dynamodb.ListTables, s3.ListBuckets"),
    "s3: p99 < 1ns": (" ms", "s3.ListBuckets"),
    "calls failed == 0": ("1", "dynamodb.ListTables, 400"),
    "sqs: calls > 0": ("0", "s3.ListBuckets"),
    "taken == calls": ("3 and 2", ""),
}


def test_expectations_that_are_met_change_nothing(moto):
    done = expect(moto, *MET)
    assert (done.returncode, done.stderr) == (0, "")


def test_each_that_is_missed_is_said_on_one_line_and_ends_with_124(moto):
    done = expect(moto, *MISSED)
    lines = done.stderr.splitlines()
    assert done.returncode == 124 and len(lines) == len(MISSED)
    for line, (expectation, (got, look)) in zip(lines, MISSED.items()):
        assert line.startswith(f"chaos-run: expected {expectation}; got ")
        assert got in line and look in line


def test_every_expectation_that_is_missed_is_said(moto):
    done = expect(moto, "calls == 3", "calls == 2", "faults == 0")
    assert done.returncode == 124
    assert re.findall(r"expected (.*?);", done.stderr) == ["calls == 3", "faults == 0"]


def test_expectations_may_stand_in_a_file(moto, tmp_path):
    path = tmp_path / "expected"
    path.write_text("# what holds\n\ncalls == 2\n  faults == 0   # not so\n")
    done = expect(moto, options=["--expect-file", path])
    assert done.returncode == 124 and "expected faults == 0; got 3" in done.stderr
    path.write_text("calls == 2\ncalls = 2\n")
    done = expect(moto, options=["--expect-file", path])
    assert done.returncode == 125 and f"{path}: line 2, column 7:" in done.stderr


def test_a_wrong_expectation_keeps_the_command_from_running(tmp_path):
    done = chaos_run("--expect", "s3.*: attempt <= 4", "touch", tmp_path / "ran")
    assert done.returncode == 125
    assert done.stderr == (
        "chaos-run: --expect 's3.*: attempt <= 4': column 7: 'attempt' is no measure; did you mean "
        "'attempts'?\n"
    )
    assert not (tmp_path / "ran").exists()


def test_a_file_of_expectations_without_an_end_is_refused():
    ended = chaos_run("--expect-file", "/dev/zero", "--", "true")
    assert ended.returncode == 125
    assert "--expect-file /dev/zero: it is larger than 1 MB" in ended.stderr


def test_names_that_no_call_has_are_warned_of():
    done = chaos_run("--expect", "dynamo.PutItm: faults == 0", "--expect", "s3.*: calls == 0", "true")
    assert done.returncode == 0
    assert done.stderr == (
        "chaos-run: warning: --expect 'dynamo.PutItm: faults == 0': service 'dynamo' is not known; "
        "did you mean 'dynamodb'?\n"
    )


def test_a_rule_that_never_fires_can_fail_the_run(moto):
    done = expect(moto, options=["--fail-on-unmatched"])
    assert done.returncode == 124
    assert "every rule fires (--fail-on-unmatched); got 1 of 2 did not" in done.stderr


def test_a_run_without_rules_fails_where_each_is_to_fire():
    done = chaos_run("-f", "[]", "--fail-on-unmatched", "true")
    assert done.returncode == 124 and "got no rule at all" in done.stderr, done.stderr


def test_an_answer_that_is_not_read_can_fail_the_run(sink, tmp_path):
    script = RAW.replace("    sock.sendall(request)\n", "    sock.sendall(request); break\n")
    assert script != RAW
    for text, code in ((RAW, 0), (script, 124)):
        done = chaos_run(
            *faults({"service": "kinesis"}), "--fail-on-untaken", sys.executable, "-c", text,
            sink.port, 1,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
    assert "got 0 of 1 were; see kinesis.PutRecord" in done.stderr


@pytest.mark.parametrize(
    "options, code",
    [
        (["--expect", "calls == 0"], 3),
        (["--expect", "calls == 1"], 124),
        (["--strict", "--expect", "calls == 1"], 124),
    ],
)
def test_a_missed_expectation_stands_before_the_commands_own_status(options, code):
    assert chaos_run(*options, "sh", "-c", "exit 3").returncode == code


# ---- live ----

LINE = re.compile(
    r"\d\d:\d\d:\d\d\.\d{3}  (?P<status>\d{3})  +[\d.]+ m?s  (?P<name>\S+) +#(?P<attempt>\d) +"
    r"us-east-1 .*\[\d+\]$"
)


def test_a_trace_has_a_line_for_each_attempt_as_it_ends(moto):
    done = expect(moto, options=["--trace"])
    lines = [LINE.match(line) for line in done.stderr.splitlines()]
    assert all(lines), done.stderr
    assert [line["name"] for line in lines] == ["dynamodb.ListTables"] * 3 + ["s3.ListBuckets"]
    assert [line["attempt"] for line in lines] == ["1", "2", "3", "1"]
    assert [line["status"] for line in lines] == ["400", "400", "400", "200"]
    assert len({line.start("name") for line in lines}) == 1
    assert "ThrottlingException  by tables" in done.stderr


@pytest.mark.parametrize("env, is_coloured", [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_are_for_terminals_and_for_who_wants_them(moto, env, is_coloured):
    done = subprocess.run(
        ["script", "-qec", f"{BUILD}/chaos-run --trace --report aws s3 ls", "/dev/null"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment(AWS_ENDPOINT_URL=moto, AWS_DEFAULT_REGION="us-east-1", TERM="xterm", **env),
        timeout=TIMEOUT,
    )
    assert "s3.ListBuckets" in done.stdout
    assert ("\033[32m200\033[0m" in done.stdout) == is_coloured
    assert ("\033[" in done.stdout) == is_coloured


@pytest.fixture
def watch(daemon):
    """Starts chaos-ctl watch or top, and returns it once the daemon observes."""
    started = []

    def watch(*arguments):
        started.append(
            subprocess.Popen(
                [BUILD / "chaos-ctl", "-d", daemon.folder, *arguments],
                stdout=subprocess.PIPE, text=True, env=environment(),
            )  # fmt: skip
        )
        wait_for(lambda: daemon.request("GET", "/_chaos/observe").json["observed"], "observing")
        time.sleep(0.2)
        return started[-1]

    yield watch
    for one in started:
        one.kill()
        one.wait()


def test_watch_shows_the_calls_of_all_programs_and_leaves_no_trace(daemon, watch, moto):
    watching = watch("watch", "s3.List*", "lambda")
    for words in (["s3", "ls"], ["sns", "list-topics"], ["lambda", "list-functions"]):
        chaos_run("-d", daemon.folder, "aws", *words, url=moto)
    lines = [watching.stdout.readline() for _ in range(2)]
    watching.terminate()
    assert watching.communicate(timeout=TIMEOUT)[0] == "" and watching.returncode == 0
    assert "s3.ListBuckets" in lines[0] and "lambda.ListFunctions" in lines[1]
    assert daemon.request("GET", "/_chaos/observe").json["observed"] is False


def test_watch_prints_events_as_json(daemon, watch, moto):
    watching = watch("watch", "--json")
    chaos_run("-d", daemon.folder, "aws", "s3", "ls", url=moto)
    event = json.loads(watching.stdout.readline())
    assert (event["service"], event["operation"], event["status"]) == ("s3", "ListBuckets", 200)


def test_top_shows_rates_by_operation(daemon, watch, sink):
    watching = watch("top", "--once", "--interval", "3")
    chaos_run("-d", daemon.folder, sys.executable, "-c", RAW, sink.port, 30, url=sink.url)
    shown = watching.communicate(timeout=TIMEOUT)[0]
    assert re.search(r"kinesis\.PutRecord +10\.0 +10\.0 +0\.0 +0\.0 ", shown), shown


def test_watching_without_a_daemon_is_refused():
    folder = runtime_folder()
    for name in ("watch", "top"):
        done = subprocess.run(
            [BUILD / "chaos-ctl", "-d", folder, name],
            capture_output=True, text=True, env=environment(), timeout=TIMEOUT,
        )  # fmt: skip
        assert done.returncode == 1 and "no daemon answers" in done.stderr
