# SPDX-License-Identifier: Apache-2.0
"""chaos-ctl explain, services and operations: what the library knows, without a program."""

import base64
import json
import shutil
import signal
import subprocess

import botocore.session
import pytest

from harness import BUILD, FAULTS, OUTAGES, TIMEOUT, environment
from test_tools import on_terminal

SCOPE = "AKID/20260101/eu-west-2/{}/aws4_request"
GET_OBJECT = (
    "GET /bucket/key HTTP/1.1\r\nHost: localhost:4566\r\n"
    f"Authorization: AWS4-HMAC-SHA256 Credential={SCOPE.format('s3')}, SignedHeaders=host, Signature=0\r\n"
    "amz-sdk-request: attempt=2; max=5\r\namz-sdk-invocation-id: 12-34\r\n"
    "User-Agent: Boto3/1.43.11 md/Botocore\r\n\r\n"
).encode()
PUT_OBJECT = GET_OBJECT.replace(b"GET", b"PUT", 1)
PLAIN = b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"
NOTHING = {
    "services": [], "region": None, "operation": None, "resource": None, "protocol": None,
    "attempt": None, "rule": None,
}  # fmt: skip
OBJECT = {
    "services": ["s3"], "region": "eu-west-2", "operation": "GetObject", "resource": "bucket/key",
    "protocol": "rest-xml", "attempt": 2, "rule": None,
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """A runtime folder without a daemon."""
    return tmp_path


def ctl(folder, *words, input=b""):
    return subprocess.run(
        [BUILD / "chaos-ctl", *map(str, words)],
        input=input,
        capture_output=True,
        timeout=TIMEOUT,
        env=environment(CHAOS_DIR=folder),
    )


def line(raw, **members):
    return json.dumps({"raw": base64.b64encode(raw).decode(), **members}).encode() + b"\n"


def no_rules(folder):
    return f"chaos-ctl: warning: no rules: no daemon has been in {folder}\n".encode()


def explained(folder, *requests, words=()):
    done = ctl(folder, "explain", "--jsonl", *words, input=b"".join(map(line, requests)))
    assert done.returncode == 0
    assert done.stderr.replace(no_rules(folder), b"") == b""
    return [json.loads(answer) for answer in done.stdout.splitlines()]


# ---- explain ----


def test_each_line_is_answered_by_one(folder):
    assert explained(folder, GET_OBJECT, PLAIN, GET_OBJECT) == [OBJECT, NOTHING, OBJECT]


def test_without_input_there_is_no_output(folder):
    assert explained(folder) == []


@pytest.mark.parametrize(
    "bad, says",
    [
        (b"", "is not a JSON object"),
        (b"GET / HTTP/1.1", "is not a JSON object"),
        (b"[]", "is not a JSON object"),
        (b'{"raw": "R0VU"} {}', "is not a JSON object"),
        (b"{}", '"raw" must be a string'),
        (b'{"raw": 5}', '"raw" must be a string'),
        (b'{"raw": "!"}', '"raw" is not base64'),
        (b'{"raw": "R0VU", "tls": 1}', '"tls" must be true or false'),
        (b"\0\xff", "is not a JSON object"),
    ],
)
def test_bad_line_is_named_and_stops_nothing(folder, bad, says):
    done = ctl(folder, "explain", "--jsonl", input=line(GET_OBJECT) + bad + b"\n" + line(PLAIN))
    assert done.returncode == 1
    assert [json.loads(answer) for answer in done.stdout.splitlines()] == [
        OBJECT, {"error": f"line 2: {says}"}, NOTHING,
    ]  # fmt: skip


def test_tls_unknown_members_and_escapes_are_accepted(folder):
    escaped = line(GET_OBJECT, tls=True, id=[1]).replace(b"/", b"\\/")
    done = ctl(folder, "explain", "--jsonl", input=escaped)
    assert (done.returncode, json.loads(done.stdout)) == (0, OBJECT)


def test_request_of_eight_mebibytes_goes_through(folder):
    size = 8 << 20
    upload = PUT_OBJECT[:-2] + b"Content-Length: %d\r\n\r\n" % size + bytes(size)
    answers = explained(folder, upload, GET_OBJECT)
    assert [answer["operation"] for answer in answers] == ["PutObject", "GetObject"]


def test_line_is_answered_before_the_next_is_there(folder):
    with subprocess.Popen(
        [BUILD / "chaos-ctl", "explain", "--jsonl"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(CHAOS_DIR=folder),
    ) as process:  # fmt: skip
        for _ in range(3):
            process.stdin.write(line(GET_OBJECT))
            process.stdin.flush()
            assert json.loads(process.stdout.readline()) == OBJECT


def test_rules_are_those_of_the_daemon_in_their_lists_counted_from_1(daemon):
    rule = {"error": {"statusCode": 404, "code": "NoSuchKey"}, "probability": 0.3}
    daemon.request("POST", FAULTS, [{"service": "lambda"}, {"service": "s3", "operation": "Get*", **rule}])
    get, put, _ = explained(daemon.folder, GET_OBJECT, PUT_OBJECT, PLAIN)
    assert get["rule"] == {
        "list": "faults", "number": 2, "probability": 0.3, "service": "s3", "statusCode": 404,
        "code": "NoSuchKey",
    }  # fmt: skip
    assert put["rule"] is None
    daemon.request("POST", OUTAGES, [{"service": "s3"}])
    assert explained(daemon.folder, PUT_OBJECT)[0]["rule"]["list"] == "outages"


@pytest.mark.parametrize("words", [[], ["--json"], ["--jsonl"]])
def test_without_a_daemon_it_is_said_that_there_are_no_rules(folder, words):
    done = ctl(folder, "explain", *words, input=line(GET_OBJECT) if "--jsonl" in words else GET_OBJECT)
    assert (done.returncode, done.stderr) == (0, no_rules(folder))
    assert json.loads(done.stdout)["rule"] is None


def test_after_the_end_of_the_daemon_it_is_said_that_there_are_no_rules(daemon):
    daemon.faults({"service": "s3"})
    daemon.end()
    said = f"chaos-ctl: warning: no rules: the daemon in {daemon.folder} has ended\n"
    assert ctl(daemon.folder, "explain", input=GET_OBJECT).stderr.decode() == said


def test_rules_that_a_killed_daemon_left_in_force_are_told_without_a_word(daemon):
    daemon.faults({"service": "s3"})
    daemon.end(signal.SIGKILL)
    done = ctl(daemon.folder, "explain", input=GET_OBJECT)
    assert (json.loads(done.stdout)["rule"]["number"], done.stderr) == (1, b"")


def test_why_earlier_rules_do_not_match_is_told(daemon):
    rules = [
        {"service": "lambda"}, {"region": "us-*"}, {"operation": "PutObject"}, {"service": "s3"}, {},
    ]  # fmt: skip
    assert daemon.request("POST", FAULTS, rules).status == 200
    answer = json.loads(ctl(daemon.folder, "explain", input=GET_OBJECT).stdout)
    assert [(rule["number"], rule["differs"], rule.get("wants")) for rule in answer["rules"]] == [
        (1, "service", "lambda"), (2, "region", "us-*"), (3, "operation", "PutObject"),
        (4, None, None),
    ]  # fmt: skip
    assert answer["rule"]["number"] == 4
    assert answer["candidates"] == [{"service": "s3", "operation": "GetObject"}]
    assert (answer["invocation_id"], answer["sdk"]) == ("12-34", "Boto3/1.43.11")


def test_person_gets_words(daemon, tmp_path):
    daemon.request("POST", FAULTS, [{"service": "lambda"}, {"service": "s3", "probability": 0.5}])
    (tmp_path / "request").write_bytes(GET_OBJECT)
    shell = shutil.which("sh")
    said = on_terminal(shell, "-c", f"{BUILD}/chaos-ctl explain < {tmp_path}/request", folder=daemon.folder)
    assert "call           s3 GetObject\n" in said
    assert "fault rule 1 is about another service: lambda\n" in said
    assert "fault rule 2 matches, with probability 0.5\n" in said


def test_table_of_a_daemon_that_has_gone_can_be_chosen(daemon, folder):
    daemon.request("POST", FAULTS, [{}])
    shutil.copyfile(daemon.folder / "table", folder / "kept")
    (answer,) = explained(folder, GET_OBJECT, words=["--table", folder / "kept"])
    assert answer["rule"]["number"] == 1
    (answer,) = explained(folder, GET_OBJECT, words=["-d", daemon.folder])
    assert answer["rule"]["number"] == 1


def test_table_that_cannot_be_used_ends_with_1(folder):
    done = ctl(folder, "explain", "--table", folder / "absent", input=GET_OBJECT)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"absent: No such file" in done.stderr
    (folder / "table").write_bytes(b"not a table")
    done = ctl(folder, "explain", input=GET_OBJECT)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"another version, or damaged" in done.stderr


def test_what_is_no_call_is_told_with_the_reason(folder):
    done = ctl(folder, "explain", input=PLAIN)
    assert json.loads(done.stdout) == {"services": [], "reason": "nothing in it tells of AWS"}
    assert done.returncode == 0


def test_what_follows_the_request_is_told_of(daemon):
    def said(request):
        return ctl(daemon.folder, "explain", input=request).stderr.decode()

    assert said(GET_OBJECT) == said(GET_OBJECT + b"\r\n") == ""
    assert said(GET_OBJECT + PLAIN) == (
        f"chaos-ctl: warning: the request ends after {len(GET_OBJECT)} bytes;"
        f" the {len(PLAIN)} behind it are not looked at\n"
    )


@pytest.mark.parametrize(
    "words, says",
    [
        (["explain", "file"], "'file' is too much"),
        (["status", "--jsonl"], "for explain alone"),
        (["services", "--table", "x"], "for explain alone"),
        (["operations"], "the name of a service is missing"),
        (["operations", "s3", "sqs"], "'sqs' is too much"),
        (["services", "a", "b"], "'b' is too much"),
    ],
)
def test_wrong_usage_ends_with_2(folder, words, says):
    done = ctl(folder, *words)
    assert (done.returncode, done.stdout) == (2, b"")
    assert says in done.stderr.decode()


# ---- services and operations ----


def test_names_are_those_of_botocore(folder):
    session = botocore.session.Session()
    known = ctl(folder, "services").stdout.decode().split()
    assert known == sorted(session.get_available_services())
    model = session.get_service_model("lambda")
    assert ctl(folder, "operations", "lambda").stdout.decode().split() == sorted(model.operation_names)


def test_services_are_chosen_by_a_glob_and_printed_as_json(folder):
    assert ctl(folder, "services", "lex*").stdout.decode().split() == [
        "lex-models", "lex-runtime", "lexv2-models", "lexv2-runtime",
    ]  # fmt: skip
    assert json.loads(ctl(folder, "--json", "services", "sq?").stdout) == ["sqs"]
    assert "GetItem" in json.loads(ctl(folder, "--json", "operations", "dynamodb").stdout)


@pytest.mark.parametrize("words", [["operations", "dynamod"], ["services", "dynamod"]])
def test_unknown_service_ends_with_1_and_the_nearest(folder, words):
    done = ctl(folder, *words)
    assert (done.returncode, done.stdout) == (1, b"")
    assert "no service is called 'dynamod'; did you mean 'dynamodb'?" in done.stderr.decode()
