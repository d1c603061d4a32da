# SPDX-License-Identifier: Apache-2.0
"""What `chaos-run --retry-audit`, `--baseline`, `--lint` and `--iam-policy` say of real clients."""

import json
import os
import socket
import subprocess
import sys
import textwrap
import threading

import pytest

from harness import BUILD, ROOT, TIMEOUT, environment, free_port, runtime_folder, start_moto

RETRIES = ROOT / "tools/retries"
THROTTLED = {"error": {"statusCode": 400, "code": "ThrottlingException"}}
BROKEN = {"error": {"statusCode": 500, "code": "InternalError"}}

BOTO = """
    import boto3, sys, time
    from botocore.exceptions import ClientError
    def client(name):
        return boto3.client(name, region_name="eu-west-1")
    def put(table="jobs", key="a"):
        try:
            database.put_item(TableName=table, Item={"k": {"S": key}})
        except ClientError:
            return False
        return True
    database = client("dynamodb")
"""

# Without an SDK, one request after the other: an invocation id or none, a body.
RAW = """
    import http.client, os, time, urllib.parse
    host = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc
    def send(operation, body, call=None):
        headers = {"X-Amz-Target": f"DynamoDB_20120810.{operation}",
                   "Content-Type": "application/x-amz-json-1.0",
                   "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/dynamodb/aws4_request,"
                                    " SignedHeaders=host, Signature=0"}
        if call:
            headers["amz-sdk-invocation-id"] = call
        connection = http.client.HTTPConnection(host)
        connection.request("POST", "/", body, headers)
        status = connection.getresponse().status
        connection.close()
        return status
"""


@pytest.fixture(scope="module")
def moto():
    server, port = start_moto()
    yield f"http://127.0.0.1:{port}"
    server.kill()
    server.wait()


@pytest.fixture
def run(moto):
    """Runs a command, or a Python program, under chaos-run: gives the report and what was said."""
    folder = runtime_folder()

    def start(command, *options, rules=(), program=BOTO, **more):
        if isinstance(command, str):
            code = textwrap.dedent(program) + textwrap.dedent(command)
            command = [sys.executable, "-c", code]
        done = subprocess.run(
            [BUILD / "chaos-run", "--report=json", folder / "report.json", *options,
             "-f", json.dumps(list(rules)), "--", *command],
            env=environment(AWS_ENDPOINT_URL=moto, AWS_REGION="eu-west-1",
                            AWS_DEFAULT_REGION="eu-west-1", **more),
            capture_output=True, text=True, timeout=3 * TIMEOUT)
        assert done.returncode == 0, done.stderr
        report = json.loads((folder / "report.json").read_text())
        report["said"] = done.stderr
        report["stdout"] = done.stdout
        return report

    start.folder = folder
    return start


def findings(report):
    return {finding["finding"] for finding in report["ledger"]["findings"]}


def lints(report):
    return {lint["lint"] for lint in report["lints"]}


# The mode; a rule; attempts; the pattern; what it is as.
MODES = [
    ({"AWS_RETRY_MODE": "legacy", "AWS_MAX_ATTEMPTS": "5"}, BROKEN, 5, "exponential", "botocore legacy"),
    ({"AWS_RETRY_MODE": "standard"}, BROKEN, 4, None, "botocore standard"),
    ({"AWS_RETRY_MODE": "adaptive"}, THROTTLED, 4, None, "botocore adaptive"),
]


@pytest.mark.parametrize("mode, rule, attempts, pattern, documented", MODES,
                         ids=[mode[4].replace(" ", "-") for mode in MODES])
def test_botocore_is_seen_to_try_again_as_its_mode_documents(run, mode, rule, attempts, pattern, documented):
    report = run("put()", "--retry-audit", rules=[rule], **mode)
    [group] = report["ledger"]["groups"]
    [call] = report["ledger"]["calls"]
    assert group["mode"] == mode["AWS_RETRY_MODE"]
    assert group["documented"]["mode"] == documented
    assert (group["calls"], group["attempts"], group["failed"]) == (1, attempts, 1)
    assert len(call["attempts"]) == attempts
    assert len(group["pauses"]) == attempts - 1
    assert pattern in (None, group["pattern"])
    assert documented in report["said"]


def test_a_mode_that_is_set_otherwise_is_told_of(run):
    report = run("put()", rules=[BROKEN], AWS_RETRY_MODE="standard", AWS_MAX_ATTEMPTS="2")
    assert report["ledger"]["groups"][0]["documented"]["differs"] == "it is set to at most 2 attempts, not 4"


def test_the_sdk_for_javascript_is_seen_to_try_again_as_it_documents(run):
    report = run(["node", RETRIES / "client.cjs", "dynamodb", "1", "9"], rules=[BROKEN],
                 NODE_PATH=ROOT / "build/js/node_modules")
    [group] = report["ledger"]["groups"]
    assert (group["mode"], group["attempts"]) == ("standard", 4)
    assert group["documented"]["mode"] == "JavaScript v3 standard" and not group["documented"]["differs"]


@pytest.fixture(scope="module")
def java_classes(tmp_path_factory):
    folder, libraries = tmp_path_factory.mktemp("java"), ROOT / "build/java/*"
    subprocess.run(["javac", "-XDsuppressNotes", "-cp", libraries, "-d", folder, RETRIES / "Client.java"],
                   check=True)
    return f"{folder}:{libraries}"


def test_the_sdk_for_java_is_seen_to_try_again(run, java_classes):
    report = run(["java", "-cp", java_classes, "Client", "s3", "1", "9"], rules=[BROKEN],
                 AWS_RETRY_MODE="legacy")
    [group] = report["ledger"]["groups"]
    assert (group["mode"], group["attempts"]) == ("legacy", 4)
    assert group["documented"]["mode"] == "Java v2 legacy"


def test_client_side_monitoring_counts_the_same_attempts(run):
    """AWS' own count, which the SDK sends to a port of UDP."""
    port, told = free_port(), []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
        agent.bind(("127.0.0.1", port))
        agent.settimeout(TIMEOUT)

        def listen():
            while True:
                message = agent.recv(65536)
                if message == b"end":
                    return
                told.append(json.loads(message))

        listener = threading.Thread(target=listen)
        listener.start()
        half = dict(BROKEN, probability=0.5)
        report = run("for i in range(12): put(key=str(i))", rules=[half], AWS_RETRY_MODE="standard",
                     AWS_CSM_ENABLED="true", AWS_CSM_HOST="127.0.0.1", AWS_CSM_PORT=str(port))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"end", ("127.0.0.1", port))
        listener.join(TIMEOUT)
    attempts = [one for one in told if one["Type"] == "ApiCallAttempt"]
    calls = [one for one in told if one["Type"] == "ApiCall"]
    assert len(calls) == report["totals"]["calls"] == 12
    assert len(attempts) == report["totals"]["attempts"] == sum(one["AttemptCount"] for one in calls)
    assert sorted(one["AttemptCount"] for one in calls if one["AttemptCount"] > 1) == sorted(
        len(call["attempts"]) for call in report["ledger"]["calls"] if len(call["attempts"]) > 1)


def test_a_loop_around_the_sdk_is_layers_multiplied(run):
    report = run("for i in range(3): put(); time.sleep(0.2)", "--retry-audit", rules=[BROKEN],
                 AWS_RETRY_MODE="standard")
    assert "layers multiplied" in findings(report)
    assert "3 calls in a row, each of which the SDK tried again: 12 attempts in all" in report["said"]


def test_a_loop_over_items_is_not(run):
    report = run("for i in range(3): put(key=str(i))", rules=[BROKEN], AWS_RETRY_MODE="standard")
    assert findings(report) == set()


def test_giving_up_at_once_is_told_of(run):
    report = run("put()", "--retry-audit", rules=[THROTTLED], AWS_MAX_ATTEMPTS="1")
    assert findings(report) == {"gave up at once"}


def test_a_used_up_quota_is_told_of(run):
    """500 tokens of 14 each are 35 retries."""
    report = run("for i in range(16): put(key=str(i))", rules=[BROKEN], AWS_RETRY_MODE="standard")
    assert findings(report) == {"quota exhausted"}
    assert sum(len(call["attempts"]) - 1 for call in report["ledger"]["calls"]) == 35


def test_a_loop_without_an_sdk_is_one_call(run):
    report = run("""
        for _ in range(3): send("ListTables", "{}"); time.sleep(0.2)
    """, rules=[BROKEN], program=RAW)
    [call] = report["ledger"]["calls"]
    assert (len(call["attempts"]), call["pattern"]) == (3, "fixed")


def test_many_attempts_without_a_pause_are_a_retry_storm(run):
    report = run("""
        for _ in range(6): send("PutItem", '{"TableName": "jobs"}')
    """, rules=[BROKEN], program=RAW)
    assert findings(report) == {"retry storm"}


def test_a_retry_of_what_was_refused_is_told_of(run):
    report = run("""
        for _ in range(2): send("PutItem", "{}", "one"); time.sleep(0.1)
    """, rules=[{"error": {"statusCode": 400, "code": "ValidationException"}}], program=RAW)
    assert findings(report) == {"retried what must not be"}


TOKENS = [("{}", "sent again without a token"), ('{"ClientRequestToken": "t"}', None)]


@pytest.mark.parametrize("body, finding", TOKENS, ids=["without-a-token", "with-a-token"])
def test_a_write_that_may_have_been_done_is_to_be_sent_again_with_its_token(run, body, finding):
    report = run(f"""
        for _ in range(2): send("TransactWriteItems", '{body}', "one"); time.sleep(0.1)
    """, rules=[BROKEN], program=RAW)
    assert findings(report) == ({finding} if finding else set())


def test_sdks_send_the_same_token_again(run):
    report = run("""
        try:
            database.transact_write_items(TransactItems=[
                {"Put": {"TableName": "jobs", "Item": {"k": {"S": "a"}}}}])
        except ClientError:
            pass
    """, rules=[BROKEN], AWS_RETRY_MODE="standard")
    assert len(report["ledger"]["calls"][0]["attempts"]) == 4
    assert findings(report) == set()


def test_a_loop_around_the_sdk_sends_another_token(run):
    report = run("""
        for _ in range(2):
            try:
                database.transact_write_items(TransactItems=[
                    {"Put": {"TableName": "jobs", "Item": {"k": {"S": "a"}}}}])
            except ClientError:
                pass
    """, rules=[BROKEN], AWS_RETRY_MODE="standard")
    assert "sent again with another token" in findings(report)


def test_two_runs_are_compared(run):
    run("put()", rules=[BROKEN], AWS_RETRY_MODE="standard")
    baseline = run.folder / "before.json"
    os.rename(run.folder / "report.json", baseline)
    report = run("put()", "--baseline", baseline, rules=[BROKEN], AWS_MAX_ATTEMPTS="1")
    lines = [line.split() for line in report["said"].splitlines()]
    [operation] = [line for line in lines if line[:1] == ["dynamodb.PutItem"]]
    assert operation[1:] == ["1", "->", "1", "4.00", "->", "1.00", "1", "->", "1"]
    assert "new: gave up at once, dynamodb.PutItem" in report["said"]


@pytest.mark.parametrize("text", ["", "{}", "[1"])
def test_what_is_no_report_is_no_baseline(run, text):
    path = run.folder / "before.json"
    path.write_text(text)
    done = subprocess.run([BUILD / "chaos-run", "--baseline", path, "true"], env=environment(),
                          capture_output=True, text=True, timeout=TIMEOUT)
    assert done.returncode == 125
    assert "--baseline" in done.stderr and str(path) in done.stderr


CLEAN = """
    store, queues, values = client("s3"), client("sqs"), client("ssm")
    database.create_table(TableName="clean", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}])
    for i in range(20): put("clean", str(i))
    for i in range(20): database.get_item(TableName="clean", Key={"k": {"S": str(i)}})
    store.create_bucket(Bucket="clean", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for i in range(20): store.put_object(Bucket="clean", Key=str(i), Body=b"x")
    for i in range(20): store.get_object(Bucket="clean", Key=str(i))["Body"].read()
    upload = store.create_multipart_upload(Bucket="clean", Key="big")["UploadId"]
    part = store.upload_part(Bucket="clean", Key="big", UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    store.complete_multipart_upload(Bucket="clean", Key="big", UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]})
    values.put_parameter(Name="clean", Value="x", Type="String", Overwrite=True)
    values.get_parameter(Name="clean")
    url = queues.create_queue(QueueName="clean")["QueueUrl"]
    for i in range(12): queues.send_message(QueueUrl=url, MessageBody="x" * 100)
    for i in range(12):
        message = queues.receive_message(QueueUrl=url)["Messages"][0]
        queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
"""


def test_a_clean_run_has_no_lints(run):
    report = run(CLEAN, "--lint")
    assert report["lints"] == []
    assert "lints: nothing found" in report["said"]
    assert report["totals"]["calls"] > 120


LINTS = {
    "asked again and again": """
        values = client("ssm")
        values.put_parameter(Name="again", Value="x", Type="String", Overwrite=True)
        for i in range(6): values.get_parameter(Name="again")
    """,
    "polling without back-off": """
        client("s3").create_bucket(Bucket="polled",
            CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        for i in range(12): client("s3").head_bucket(Bucket="polled")
    """,
    "short polling": """
        queues = client("sqs")
        url = queues.create_queue(QueueName="empty")["QueueUrl"]
        for i in range(12): queues.receive_message(QueueUrl=url)
    """,
    "messages never deleted": """
        queues = client("sqs")
        url = queues.create_queue(QueueName="kept")["QueueUrl"]
        queues.send_message(QueueUrl=url, MessageBody="x")
        queues.receive_message(QueueUrl=url)
    """,
    "upload left open": """
        store = client("s3")
        store.create_bucket(Bucket="open", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        store.create_multipart_upload(Bucket="open", Key="big")
    """,
}


@pytest.mark.parametrize("lint", LINTS, ids=[name.replace(" ", "-") for name in LINTS])
def test_lints_are_found(run, lint):
    report = run(LINTS[lint], "--lint")
    assert lints(report) == {lint}
    assert f"  {lint}: " in report["said"]
    [found] = report["lints"]
    assert found["pid"] and found["resource"] and found["first"] and found["remedy"]


def test_the_least_policy_is_written(run):
    path = run.folder / "policy.json"
    run("""
        store = client("s3")
        store.create_bucket(Bucket="least", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        store.list_objects_v2(Bucket="least")
        store.put_object(Bucket="least", Key="a/b", Body=b"x")
        store.head_object(Bucket="least", Key="a/b")
        client("cloudwatch").put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 1}])
        client("sts").get_caller_identity()
    """, "--iam-policy", path)
    policy = json.loads(path.read_text())
    assert policy["Version"] == "2012-10-17"
    allowed = {(action, resource) for statement in policy["Statement"] if statement["Effect"] == "Allow"
               for action in statement["Action"] for resource in statement["Resource"]}
    assert allowed == {
        ("s3:CreateBucket", "arn:aws:s3:::least"),
        ("s3:ListBucket", "arn:aws:s3:::least"),
        ("s3:PutObject", "arn:aws:s3:::least/a/b"),
        ("s3:GetObject", "arn:aws:s3:::least/a/b"),
        ("cloudwatch:PutMetricData", "*"),
    }


def test_the_table_of_sdks_can_be_made_by_anyone(tmp_path):
    measured = tmp_path / "measured.json"
    done = subprocess.run(
        [RETRIES / "run", "--only", "botocore standard", "--faults", "500", "--calls", "1", "--json", measured],
        env=environment(BUILD=BUILD), cwd=ROOT, capture_output=True, text=True, timeout=3 * TIMEOUT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("| client | service | 500 |\n")
    found = {(one["client"], one["service"]): one["groups"][0]["attempts"]
             for one in json.loads(measured.read_text())}
    assert found["botocore standard", "s3"] == 3
    assert found["botocore standard", "dynamodb"] == 4
    assert found["botocore standard, before 2026", "dynamodb"] == 3
