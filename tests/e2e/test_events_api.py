# SPDX-License-Identifier: Apache-2.0
"""What the API tells of calls: events, streams of events, counts, metrics and snapshots."""

import collections
import json
import signal
import socket
import subprocess
import threading
import time

import openapi_spec_validator
import pytest
from prometheus_client.parser import text_string_to_metric_families

import contract
from harness import (
    BUILD, EFFECTS, FAULTS, OUTAGES, STATUS, TIMEOUT, Daemon, UnixConnection,
    environment, free_port, python, runtime_folder, talk, wait_for,
)  # fmt: skip

EVENTS = "/_chaos/events"
STATS = "/_chaos/stats"
METRICS = "/_chaos/metrics"
SNAPSHOT = "/_chaos/snapshot"
OBSERVE = "/_chaos/observe"
PAUSE = "/_chaos/pause"
RESUME = "/_chaos/resume"
STREAM = {"Accept": "text/event-stream"}
THROTTLED = {
    "service": "dynamodb",
    "operation": "ListTables",
    "error": {"statusCode": 400, "code": "ThrottlingException"},
}


@pytest.fixture
def observed(daemon):
    assert daemon.request("POST", OBSERVE).json["kept"]
    return daemon


@pytest.fixture
def aws(observed, boto, moto):
    """Calls of a boto3 client on moto, while somebody observes."""
    return boto(moto)


def events(daemon, query=""):
    reply = daemon.request("GET", EVENTS + query)
    assert reply.status == 200, reply
    return [json.loads(line) for line in reply.body.splitlines()]


def operations(daemon):
    return {
        (one["service"], one["operation"]): one
        for one in daemon.request("GET", STATS).json["operations"]
    }


def names(told):
    return [(event["service"], event["operation"]) for event in told]


class Reader:
    """A client of the stream, on the socket or on a port."""

    def __init__(self, daemon, query="", size=None, port=None, **headers):
        self.socket = socket.socket(socket.AF_INET if port else socket.AF_UNIX)
        if size:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
        self.socket.settimeout(TIMEOUT)
        self.socket.connect(("127.0.0.1", port) if port else str(daemon.socket))
        fields = "".join(
            f"{name}: {value}\r\n" for name, value in {**STREAM, **headers}.items()
        )
        self.socket.sendall(f"GET {EVENTS}{query} HTTP/1.0\r\nHost: localhost\r\n{fields}\r\n".encode())
        self.text = b""

    def more(self):
        data = self.socket.recv(1 << 20)
        self.text += data
        return data

    def until(self, mark):
        while mark not in self.text:
            assert self.more(), self.text
        return self

    def head(self):
        return self.until(b"\r\n\r\n").text.partition(b"\r\n\r\n")[0].decode()

    def blocks(self):
        """The whole events that have come, as dictionaries of their fields."""
        body = self.until(b"\r\n\r\n").text.partition(b"\r\n\r\n")[2]
        whole = body.decode().split("\n\n")[:-1]
        return [dict(line.split(": ", 1) for line in one.split("\n")) for one in whole if one != ":"]

    def close(self):
        self.socket.close()


@pytest.fixture
def stream():
    opened = []

    def start(daemon, *arguments, **options):
        opened.append(Reader(daemon, *arguments, **options))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


# ---- events ----


def test_event_tells_a_call_and_its_answer(aws, observed):
    aws("dynamodb", "list_tables")
    (event,) = events(observed)
    assert (event["service"], event["operation"], event["region"]) == ("dynamodb", "ListTables", "us-east-1")
    assert (event["status"], event["code"], event["rule"], event["taken"]) == (200, None, None, None)
    assert event["attempt"] == 1 and event["call"] and event["lane"] == "plain"
    assert event["durationMs"] >= event["firstByteMs"] > 0


def test_event_of_a_fault_names_its_rule_and_that_it_was_taken(aws, observed):
    observed.faults(THROTTLED)
    assert aws("dynamodb", "list_tables")["code"] == "ThrottlingException"
    (event,) = events(observed)
    (rule,) = observed.request("GET", STATS).json["rules"]
    assert (event["rule"], event["action"], event["taken"]) == (rule["id"], "error", True)
    assert (event["status"], event["code"]) == (400, "ThrottlingException")


@pytest.fixture
def three(aws, observed):
    """A fault of dynamodb, then two calls that pass."""
    observed.faults(THROTTLED)
    aws("dynamodb", "list_tables")
    aws("sqs", "list_queues")
    aws("dynamodb", "describe_limits")
    return observed


ALL = [("dynamodb", "ListTables"), ("sqs", "ListQueues"), ("dynamodb", "DescribeLimits")]


@pytest.mark.parametrize("query, wanted", [
    ("", ALL),
    ("?service=sqs", ALL[1:2]),
    ("?service=dyna*", [ALL[0], ALL[2]]),
    ("?operation=List*", ALL[:2]),
    ("?service=dynamodb&operation=DescribeLimits", ALL[2:]),
    ("?operation=listtables", []),
    ("?since=1", ALL[1:]),
    ("?since=3", []),
    ("?since=0&limit=2", ALL[:2]),
    ("?limit=2", ALL[1:]),
    ("?limit=1&service=sqs", ALL[1:2]),
    ("?since=2001-09-09T01:46:41Z", ALL),
    ("?since=2100-01-01T00:00:00", []),
    ("?since=4102444800.5", []),
    ("?rule=12345", []),
])  # fmt: skip
def test_filter_chooses_the_events(three, query, wanted):
    assert names(events(three, query)) == wanted


def test_filter_by_rule(three):
    (rule,) = three.request("GET", STATS).json["rules"]
    assert names(events(three, f"?rule={rule['id']}")) == ALL[:1]


def test_filter_by_process(three):
    pid = events(three)[0]["pid"]
    assert names(events(three, f"?pid={pid}")) == ALL
    assert events(three, f"?pid={pid + 1}") == []


def test_filter_by_time_leaves_out_what_began_before(aws, observed):
    aws("dynamodb", "list_tables")
    time.sleep(0.01)
    between = time.time()
    aws("sqs", "list_queues")
    assert names(events(observed, f"?since={between:.6f}")) == [("sqs", "ListQueues")]
    zone = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(between + 3600))
    fraction = f"{between % 1:.6f}"[1:]
    told = events(observed, f"?since={zone}{fraction}%2B01:00")
    assert names(told) == [("sqs", "ListQueues")]


def test_redaction_hides_names_and_keeps_them_apart(aws, observed):
    for bucket in ("secret", "secret", "another"):
        aws("s3", "head_bucket", Bucket=bucket)
    assert [event["resource"] for event in events(observed)] == ["secret", "secret", "another"]
    first, second, third = (event["resource"] for event in events(observed, "?redact=1"))
    assert first == second != third
    assert "secret" not in first


def test_redaction_leaves_of_a_command_its_program(aws, observed):
    aws("s3", "head_bucket", Bucket="secret")
    (event,) = events(observed)
    program = event["process"].split()[0]
    assert program != event["process"]
    assert [event["process"] for event in events(observed, "?redact=1")] == [program]
    snapshot = observed.request("GET", f"{SNAPSHOT}?redact=1").json
    assert [event["process"] for event in snapshot["events"]] == [program]
    commands = [process["command"] for process in snapshot["processes"] if process["calls"]]
    assert commands == [program]


@pytest.mark.parametrize("query, field", [
    ("since=", "since"), ("since=yesterday", "since"), ("since=2026-13-01T00:00:00Z", "since"),
    ("since=-1", "since"), ("since=1.", "since"), ("since=2026-11-25T17:00:00%2B25:00", "since"),
    ("service=", "service"), ("service=" + 257 * "s", "service"), ("operation=", "operation"),
    ("rule=first", "rule"), ("rule=0", "rule"), ("pid=0", "pid"), ("pid=2147483648", "pid"),
    ("limit=0", "limit"), ("limit=many", "limit"), ("redact=maybe", "redact"),
    ("servce=s3", "servce"), ("limit=1&limit=2", "limit"), ("pid", "pid"),
])  # fmt: skip
def test_bad_parameter_is_refused_by_name(daemon, query, field):
    for path in (EVENTS, SNAPSHOT):
        reply = daemon.request("GET", f"{path}?{query}")
        assert (reply.status, reply.json["field"]) == (400, field)


@pytest.mark.parametrize("path", ["/_chaos/stats", "/_chaos/metrics", "/_chaos/status", "/_chaos/processes"])
def test_parameter_of_a_path_that_takes_none_is_refused(daemon, path):
    reply = daemon.request("GET", f"{path}?redact=1")
    assert (reply.status, reply.json["field"]) == (400, "redact")
    assert not daemon.request("GET", STATUS).json["observed"]


def test_refused_query_makes_nobody_observe(daemon):
    daemon.request("GET", f"{EVENTS}?limit=0")
    assert not daemon.request("GET", STATUS).json["observed"]


# ---- streams ----


def test_stream_sends_events_as_they_come(aws, observed, stream):
    aws("sqs", "list_queues")
    reader = stream(observed)
    assert "Content-Type: text/event-stream" in reader.head()
    reader.until(b":\n\n")
    aws("dynamodb", "list_tables")
    reader.until(b"data: ").until(b"}\n\n")
    (block,) = reader.blocks()
    assert block["id"] == "1"
    event = json.loads(block["data"])
    contract.fits(event, {"$ref": "#/components/schemas/Event"})
    assert event["operation"] == "ListTables"


def test_stream_goes_on_behind_the_last_event_of_a_client(three, stream):
    reader = stream(three, **{"Last-Event-ID": 0}).until(b"DescribeLimits").until(b"}\n\n")
    assert [block["id"] for block in reader.blocks()] == ["1", "2"]


def test_stream_begins_anew_for_the_last_event_of_another_journal(three, stream):
    reader = stream(three, **{"Last-Event-ID": 999}).until(b"DescribeLimits").until(b"}\n\n")
    assert [block["id"] for block in reader.blocks()] == ["0", "1", "2"]


def test_stream_takes_the_same_filters(three, stream):
    reader = stream(three, "?since=0&service=dynamodb&limit=2&redact=1")
    while reader.more():
        pass
    assert [block["id"] for block in reader.blocks()] == ["0", "2"]


def test_every_reader_gets_every_event(aws, observed, stream):
    readers = [stream(observed).until(b":\n\n") for _ in range(8)]
    for _ in range(3):
        aws("sqs", "list_queues")
    for reader in readers:
        reader.until(b"id: 2\n").until(b"}\n\n")
        assert [block["id"] for block in reader.blocks()] == ["0", "1", "2"]


def test_one_reader_too_many_is_refused_with_a_remedy(daemon, stream):
    readers = [stream(daemon).until(b":\n\n") for _ in range(64)]
    reply = daemon.request("GET", EVENTS)
    assert (reply.status, "end one of them" in reply.json["message"]) == (503, True)
    readers[0].close()
    wait_for(lambda: daemon.request("GET", EVENTS).status == 200, "a place for another reader")


def test_client_that_goes_is_noticed(daemon, stream):
    reader = stream(daemon).until(b":\n\n")
    assert daemon.request("GET", OBSERVE).json["readers"] == 1
    reader.close()
    wait_for(lambda: daemon.request("GET", OBSERVE).json["readers"] == 0, "the reader to be gone")


def test_client_that_goes_is_noticed_on_a_port_too(stream):
    port = free_port()
    daemon = Daemon(None, "--listen", f"127.0.0.1:{port}").start()
    try:
        reader = stream(daemon, port=port).until(b":\n\n")
        assert daemon.request("GET", OBSERVE).json["readers"] == 1
        reader.close()
        wait_for(lambda: daemon.request("GET", OBSERVE).json["readers"] == 0, "the reader to be gone")
    finally:
        daemon.remove()


def test_client_that_sends_no_more_reads_on(aws, observed, stream):
    reader = stream(observed).until(b":\n\n")
    reader.socket.shutdown(socket.SHUT_WR)
    reader.until(b":\n\n:\n\n")
    aws("sqs", "list_queues")
    reader.until(b"id: 0\n")


def test_curl_reads_a_stream(three):
    done = subprocess.run(
        ["curl", "-sN", "--unix-socket", three.socket, "-H", "Accept: text/event-stream",
         f"http://localhost{EVENTS}?since=1&limit=2"],
        stdout=subprocess.PIPE, timeout=TIMEOUT, check=True,
    )  # fmt: skip
    assert names(contract.events_of(done.stdout)) == ALL[1:]


def test_connection_goes_on_behind_lines(three):
    connection = UnixConnection(three.socket)
    for _ in range(3):
        connection.request("GET", EVENTS)
        assert connection.getresponse().read().count(b"\n") == 3
        connection.request("GET", OBSERVE)
        assert json.loads(connection.getresponse().read())["readers"] == 0
    connection.close()


def test_head_tells_the_kind_and_leaves_no_reader(daemon):
    reply = daemon.request("HEAD", EVENTS)
    assert (reply.status, reply.headers["Content-Type"], reply.body) == (200, "application/x-ndjson", b"")
    assert daemon.request("HEAD", EVENTS, headers=STREAM).headers["Content-Type"] == "text/event-stream"
    assert daemon.request("GET", OBSERVE).json["readers"] == 0


def test_rules_change_while_streams_are_open(observed, stream):
    reader = stream(observed).until(b":\n\n")
    assert observed.faults(THROTTLED) == [THROTTLED]
    assert observed.request("GET", EVENTS).status == 200
    reader.close()


def test_daemon_ends_in_peace_with_open_streams(daemon, stream):
    readers = [stream(daemon).until(b":\n\n") for _ in range(3)]
    assert daemon.end() == 0
    for reader in readers:
        while reader.more():
            pass
    assert "chaos-control:" not in daemon.said().replace("chaos-control: listening", "")


SEND = """
import socket, sys
port, count = map(int, sys.argv[1:])
request = (b"POST / HTTP/1.1\\r\\nHost: localhost\\r\\nX-Amz-Target: DynamoDB_20120810.ListTables\\r\\n"
    b"Authorization: AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/dynamodb/aws4_request, "
    b"SignedHeaders=host, Signature=0\\r\\nContent-Type: application/x-amz-json-1.0\\r\\n"
    b"Content-Length: 2\\r\\n\\r\\n{}")
with socket.create_connection(("127.0.0.1", port)) as connection:
    for _ in range(count):
        connection.sendall(request)
        got = b""
        while not got.endswith(b"}"):
            got += connection.recv(65536)
"""


def answered(listening):
    """A server that answers each request with {}."""
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        threading.Thread(target=answer_all, args=(connection,), daemon=True).start()


def answer_all(connection):
    pending = b""
    with connection:
        while data := connection.recv(65536):
            *whole, pending = (pending + data).split(b"\r\n\r\n{}")
            connection.sendall(len(whole) * b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


@pytest.fixture
def server():
    """The port of a server that answers at once."""
    listening = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=answered, args=(listening,), daemon=True).start()
    yield listening.getsockname()[1]
    listening.close()


@pytest.fixture
def calls(run, server):
    """Makes calls that are over fast: calls(count)."""
    return lambda count: run("python3", "-c", SEND, server, count, check=True)


RING = 32768


def own_memory(daemon):
    """KiB that are the daemon's alone."""
    status = open(f"/proc/{daemon.process.pid}/status").read()
    return int(status.partition("RssAnon:")[2].split()[0])


@pytest.fixture
def overflow(observed, stream, calls):
    """A reader that does not read while more calls are made than the ring holds."""
    reader = stream(observed, size=4096).until(b":\n\n")
    calls(RING + 12000)
    return reader


def test_reader_that_stalls_is_told_what_it_lost_and_counts_stay_exact(observed, overflow):
    told = operations(observed)["dynamodb", "ListTables"]
    assert (told["attempts"], told["statuses"]) == (RING + 12000, {"200": RING + 12000})
    overflow.until(f"id: {RING + 11999}\n".encode()).until(b"}\n\n")
    blocks = overflow.blocks()
    lost = sum(json.loads(block["data"])["lost"] for block in blocks if block.get("event") == "lost")
    ids = [int(block["id"]) for block in blocks if "id" in block]
    assert lost > 0 and ids == sorted(ids)
    assert len(ids) + lost == RING + 12000
    totals = observed.request("GET", STATS).json["totals"]
    assert (totals["events"], totals["lost"], totals["overwritten"]) == (RING + 12000, 0, 12000)


def test_reader_that_stalls_costs_the_daemon_bounded_memory(observed, stream, calls):
    calls(1000)
    before = own_memory(observed)
    for _ in range(8):
        stream(observed, "?since=0", size=4096).until(b":\n\n")
    calls(RING)
    # A feed's piece and a connection's buffer for each, with room to spare.
    assert own_memory(observed) - before < 8 * 256


# ---- who observes ----


def test_nothing_is_told_while_nobody_observes(daemon, boto, moto):
    boto(moto)("sqs", "list_queues")
    assert events(daemon) == []
    stats = daemon.request("GET", STATS).json
    assert (stats["operations"], stats["totals"]["calls"], stats["totals"]["observed"]) == ([], 1, 0)


@pytest.mark.parametrize("path", [EVENTS, STATS, METRICS])
def test_who_reads_observes(daemon, boto, moto, path):
    aws = boto(moto)
    daemon.request("GET", path)
    assert daemon.request("GET", OBSERVE).json == {"observed": True, "kept": False, "readers": 0}
    aws("sqs", "list_queues")
    assert names(events(daemon)) == [("sqs", "ListQueues")]


@pytest.mark.parametrize("path", [STATUS, SNAPSHOT, OBSERVE, FAULTS, PAUSE])
def test_who_looks_at_the_daemon_does_not_observe(daemon, path):
    daemon.request("GET", path)
    assert not daemon.request("GET", STATUS).json["observed"]


def test_observing_disturbs_no_rule_and_no_count(daemon, boto, moto):
    aws = boto(moto)
    daemon.faults(THROTTLED)
    aws("dynamodb", "list_tables")
    before = daemon.request("GET", STATS).json["rules"]
    for method in ("POST", "DELETE", "POST"):
        daemon.request(method, OBSERVE)
        assert aws("dynamodb", "list_tables")["code"] == "ThrottlingException"
    after = daemon.request("GET", STATS).json["rules"]
    assert [rule["id"] for rule in after] == [rule["id"] for rule in before]
    assert [rule["taken"] for rule in after] == [4]


def test_observing_ends_by_delete(observed, boto, moto):
    observed.request("GET", STATS)
    assert observed.request("DELETE", OBSERVE).json == {"observed": False, "kept": False, "readers": 0}
    boto(moto)("sqs", "list_queues")
    assert events(observed) == []


def test_open_stream_keeps_observing_over_delete(observed, stream):
    stream(observed).until(b":\n\n")
    assert observed.request("DELETE", OBSERVE).json == {"observed": True, "kept": False, "readers": 1}


def test_a_lease_goes_on_after_the_daemon_is_killed_and_not_after_its_end(daemon):
    daemon.request("GET", STATS)
    daemon.end(signal.SIGKILL)
    daemon.start()
    assert daemon.request("GET", OBSERVE).json == {"observed": True, "kept": False, "readers": 0}
    daemon.end(signal.SIGTERM)
    daemon.start()
    assert not daemon.request("GET", STATUS).json["observed"]


def test_what_is_kept_outlives_the_daemon(daemon):
    daemon.request("POST", OBSERVE)
    daemon.end(signal.SIGKILL)
    daemon.start()
    assert daemon.request("GET", OBSERVE).json["kept"]


def test_option_observes_from_the_beginning_and_is_not_saved(boto, moto):
    daemon = Daemon(None, "--observe").start()
    try:
        assert daemon.request("GET", OBSERVE).json == {"observed": True, "kept": True, "readers": 0}
        boto(moto, folder=daemon.folder)("sqs", "list_queues")
        assert names(events(daemon)) == [("sqs", "ListQueues")]
        daemon.end()
        daemon.options = ()
        daemon.start()
        assert not daemon.request("GET", STATUS).json["observed"]
    finally:
        daemon.remove()


@pytest.fixture
def cramped():
    """Asks a daemon whose folder has room for the rules, and not for events."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("no mount of its own is to be had here")
    folder = runtime_folder()
    script = 'mount -t tmpfs -o size=16m,mode=0700 none "$1" && exec "$0" -d "$1"'
    command = ["unshare", "-rm", "sh", "-c", script, BUILD / "chaos-control", folder]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def ask(method, path, body=None):
        there = f"/proc/{process.pid}/root{folder}/control.sock"
        return talk(UnixConnection(there), method, path, body)

    def answers():
        try:
            return ask("GET", STATUS).status == 200
        except OSError:
            return False

    wait_for(answers, "chaos-control to answer")
    yield ask
    process.terminate()
    process.wait(TIMEOUT)


@pytest.mark.parametrize("method, path", [("POST", OBSERVE), ("GET", EVENTS), ("GET", STATS), ("GET", METRICS)])
def test_file_system_without_room_for_events_is_said_and_rules_stay(cramped, method, path):
    assert cramped("POST", FAULTS, [THROTTLED]).status == 200
    reply = cramped(method, path)
    assert (reply.status, "no room on its file system" in reply.json["message"]) == (507, True)
    assert cramped("GET", FAULTS).json == [THROTTLED]
    assert not cramped("GET", STATUS).json["observed"]


# ---- counts ----


def test_stats_count_calls_attempts_faults_and_statuses(three):
    told = operations(three)
    assert set(told) == set(ALL)
    throttled = told["dynamodb", "ListTables"]
    assert (throttled["calls"], throttled["attempts"], throttled["faults"], throttled["failed"]) == (1, 1, 1, 1)
    assert throttled["statuses"] == {"400": 1}
    passed = told["sqs", "ListQueues"]
    assert (passed["calls"], passed["faults"], passed["failed"]) == (1, 0, 0)
    assert passed["statuses"] == {"200": 1}
    assert 0 < passed["p50Ms"] <= passed["p90Ms"] <= passed["p99Ms"]


def test_stats_tell_each_rule_with_its_counts(aws, observed):
    never = {"service": "s3", "probability": 0}
    observed.outages({"service": "kms", "region": "*"})
    observed.faults(THROTTLED, never)
    for _ in range(2):
        aws("dynamodb", "list_tables")
    aws("s3", "list_buckets")
    rules = observed.request("GET", STATS).json["rules"]
    counts = [
        (rule["list"], rule["rule"], *(rule[name] for name in ("matched", "fired", "delivered", "taken")))
        for rule in rules
    ]
    assert counts == [
        ("outages", {"service": "kms", "region": "*"}, 0, 0, 0, 0),
        ("faults", THROTTLED, 2, 2, 2, 2),
        ("faults", never, 1, 0, 0, 0),
    ]
    assert len({rule["id"] for rule in rules}) == 3


def test_counts_of_a_rule_that_is_removed_stay_in_the_totals(aws, observed):
    observed.faults(THROTTLED)
    aws("dynamodb", "list_tables")
    observed.faults()
    observed.faults({"service": "kms"})
    stats = observed.request("GET", STATS).json
    assert [rule["fired"] for rule in stats["rules"]] == [0]
    totals = stats["totals"]
    assert (totals["faults"], totals["delivered"], totals["taken"]) == (1, 1, 1)


def removed(daemon):
    return [
        (rule["list"], rule["number"], rule["rule"], rule["fired"], rule["taken"])
        for rule in daemon.request("GET", STATS).json["removed"]
    ]


def test_stats_tell_rules_that_were_removed_with_their_last_counts(aws, observed):
    other = {"service": "kms"}
    observed.outages({"service": "kms", "region": "*"})
    observed.faults(other, THROTTLED)
    assert removed(observed) == []
    aws("dynamodb", "list_tables")
    observed.request("DELETE", FAULTS, [THROTTLED])
    assert removed(observed) == [("faults", 2, THROTTLED, 1, 1)]
    for rule in ({"service": "sns"}, {"service": "ses"}, {"service": "sqs"}):
        observed.faults(rule)
    aws("sqs", "list_queues")
    told = removed(observed)
    assert told[0] == ("faults", 2, THROTTLED, 1, 1)
    assert [rule for _, _, rule, *_ in told[1:]] == [other, {"service": "sns"}, {"service": "ses"}]
    assert [counts for *_, counts, _ in told[1:]] == [0, 0, 0]


def test_rule_that_is_replaced_by_an_equal_one_was_removed(aws, observed):
    observed.faults(THROTTLED)
    aws("dynamodb", "list_tables")
    observed.faults(THROTTLED)
    assert removed(observed) == [("faults", 1, THROTTLED, 1, 1)]
    assert [rule["fired"] for rule in observed.request("GET", STATS).json["rules"]] == [0]


def test_the_last_4096_removed_rules_are_kept_and_the_others_counted(observed):
    many = [{"service": f"s{i}"} for i in range(4100)]
    observed.faults(*many)
    observed.faults()
    stats = observed.request("GET", STATS).json
    assert stats["forgotten"] == 4
    assert [one["rule"] for one in stats["removed"]] == many[4:]


def test_counts_outlive_the_daemon(aws, observed):
    observed.faults(THROTTLED)
    aws("dynamodb", "list_tables")
    before = observed.request("GET", STATS).json
    observed.end(signal.SIGKILL)
    observed.start()
    assert observed.request("GET", STATS).json == before


SOAK = """
import collections, json, sys, threading
import http.client
port, threads, count = map(int, sys.argv[1:])
HEAD = {"X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Type": "application/x-amz-json-1.0",
    "Authorization": "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=0"}
counts, lock = collections.Counter(), threading.Lock()
def work():
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for _ in range(count):
        connection.request("POST", "/", b"{}", HEAD)
        answer = connection.getresponse()
        answer.read()
        with lock:
            counts[str(answer.status)] += 1
        if answer.will_close:
            connection.close()
all = [threading.Thread(target=work) for _ in range(threads)]
[one.start() for one in all]
[one.join() for one in all]
print(json.dumps(counts))
"""


def soak(daemon, port, processes, threads, count):
    """Runs programs that call while rules change and the daemon dies; gives what they have counted."""
    command = [BUILD / "chaos-run", "-d", daemon.folder, "--", "python3", "-c", SOAK]
    running = [
        subprocess.Popen(
            [*command, str(port), str(threads), str(count)], stdout=subprocess.PIPE, env=environment()
        )
        for _ in range(processes)
    ]
    try:
        deadline = time.monotonic() + 4 * TIMEOUT
        while any(one.poll() is None for one in running):
            assert time.monotonic() < deadline, "the programs hang"
            daemon.faults({"service": "dynamodb", "probability": 0.1})
            daemon.faults({"service": "dynamodb", "probability": 0.1, "error": {"statusCode": 400}})
            time.sleep(0.1)
            daemon.end(signal.SIGKILL)
            daemon.start()
        told = [json.loads(one.communicate(timeout=TIMEOUT)[0]) for one in running]
    finally:
        for one in running:
            one.kill()
            one.wait()
    return sum(map(collections.Counter, told), collections.Counter())


def test_counts_are_those_of_the_clients_though_rules_change_and_the_daemon_dies(observed, server):
    counts = soak(observed, server, processes=3, threads=4, count=1500)
    assert counts["400"] and counts["503"]
    told = operations(observed)["dynamodb", "ListTables"]
    assert told["statuses"] == counts
    assert (told["attempts"], told["unfinished"]) == (3 * 4 * 1500, 0)
    totals = observed.request("GET", STATS).json["totals"]
    assert (totals["calls"], totals["observed"]) == (3 * 4 * 1500, 3 * 4 * 1500)
    faults = counts["400"] + counts["503"]
    assert told["faults"] == totals["faults"] == totals["delivered"] == totals["taken"] == faults


# ---- metrics ----


def metrics(daemon):
    text = daemon.request("GET", METRICS).body.decode()
    samples = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation and family.type != "unknown", family.name
        for sample in family.samples:
            key = sample.name, tuple(sorted(sample.labels.items()))
            assert key not in samples, key
            samples[key] = sample.value
    return samples


def labelled(service, operation, **more):
    return tuple(sorted({"service": service, "operation": operation, **more}.items()))


def test_metrics_say_what_stats_say(three):
    samples = metrics(three)
    for (service, operation), one in operations(three).items():
        labels = labelled(service, operation)
        assert samples["chaos_calls_total", labels] == one["calls"]
        assert samples["chaos_attempts_total", labels] == one["attempts"]
        assert samples["chaos_faults_total", labels] == one["faults"]
        for status, count in one["statuses"].items():
            assert samples["chaos_answers_total", labelled(service, operation, status=status)] == count
    stats = three.request("GET", STATS).json
    (rule,) = stats["rules"]
    for name in ("matched", "fired", "delivered", "taken"):
        assert samples[f"chaos_rule_{name}_total", (("list", "faults"), ("rule", rule["id"]))] == rule[name]
    assert samples["chaos_requests_total", ()] == stats["totals"]["calls"]
    assert samples["chaos_taken_total", ()] == stats["totals"]["taken"]
    assert samples["chaos_processes", ()] == 1
    assert samples["chaos_observed", ()] == 1
    assert samples["chaos_blind_total", (("reason", "tls"),)] == 0


def test_metrics_have_durations_as_a_histogram(three):
    samples = metrics(three)
    labels = labelled("sqs", "ListQueues")
    (event,) = events(three, "?service=sqs")
    buckets = sorted(
        (float(dict(key)["le"]), value)
        for (name, key), value in samples.items()
        if name == "chaos_duration_seconds_bucket" and dict(key)["operation"] == "ListQueues"
    )
    assert [value for bound, value in buckets] == [float(event["durationMs"] <= 1000 * bound) for bound, _ in buckets]
    assert buckets[-1] == (float("inf"), 1)
    assert samples["chaos_duration_seconds_count", labels] == 1
    assert samples["chaos_duration_seconds_sum", labels] == pytest.approx(event["durationMs"] / 1000, abs=2e-6)


# ---- snapshot ----


def test_snapshot_holds_all_of_it(three):
    three.latency(3)
    snapshot = three.request("GET", SNAPSHOT).json
    assert names(snapshot["events"]) == ALL
    assert snapshot["rules"] == {"outages": [], "faults": [THROTTLED]}
    assert snapshot["effects"] == three.request("GET", EFFECTS).json
    assert snapshot["stats"] == three.request("GET", STATS).json
    assert snapshot["status"] == three.request("GET", STATUS).json
    assert snapshot["processes"] == three.request("GET", "/_chaos/processes").json
    assert snapshot["version"] == snapshot["status"]["version"]


def test_snapshot_takes_filters(three):
    snapshot = three.request("GET", f"{SNAPSHOT}?service=sqs").json
    assert names(snapshot["events"]) == [("sqs", "ListQueues")]
    assert three.request("GET", f"{SNAPSHOT}?service=kms").json["events"] == []


# ---- pause ----


def test_pause_holds_for_the_next_request_also_on_an_open_connection(observed, client, sink):
    observed.faults({"service": "kinesis"})
    steered = client(python("py_http.py", sink.port))
    observed.request("POST", PAUSE)
    assert steered.ask().status == 200
    assert observed.request("POST", RESUME).json == {"paused": False}
    assert steered.ask().status == 503
    assert observed.request("POST", PAUSE).json == {"paused": True}
    assert observed.request("GET", STATUS).json["paused"]
    assert steered.ask().status == 200
    told = events(observed)
    assert [event["action"] for event in told] == [None, "error", None]
    assert told[0]["connection"] == told[1]["connection"]


def test_pause_leaves_latency_out(observed, client, sink):
    observed.latency(1)
    steered = client(python("py_http.py", sink.port))
    steered.ask()
    observed.request("POST", PAUSE)
    steered.ask()
    assert [event["action"] for event in events(observed)] == ["delay", None]


def test_pause_keeps_the_rules_as_they_are(daemon):
    daemon.faults(THROTTLED)
    daemon.outages({"service": "kms", "region": "*"})
    daemon.request("POST", PAUSE)
    assert daemon.request("GET", FAULTS).json == [THROTTLED]
    assert daemon.faults({}) == [{}]
    assert daemon.request("GET", OUTAGES).json == [{"service": "kms", "region": "*"}]
    assert daemon.request("GET", PAUSE).json == {"paused": True}


def test_pause_outlives_the_daemon(aws, observed):
    observed.faults(THROTTLED)
    observed.request("POST", PAUSE)
    observed.end(signal.SIGKILL)
    aws("dynamodb", "list_tables")
    observed.start()
    assert observed.request("GET", STATUS).json["paused"]
    aws("dynamodb", "list_tables")
    assert [event["status"] for event in events(observed)] == [200, 200]


# ---- the document ----


def test_document_is_served_as_it_is_in_the_source(daemon):
    document = daemon.request("GET", "/_chaos/openapi.json").json
    assert document == contract.DOCUMENT
    assert document["info"]["version"] == daemon.request("GET", STATUS).json["version"]


def test_document_is_openapi():
    openapi_spec_validator.validate(contract.DOCUMENT)


def test_document_names_every_path_and_no_other(daemon):
    message = daemon.request("GET", "/none").json["message"]
    paths = message.partition("paths are ")[2].replace(" and ", ", ").split(", ")
    assert sorted(paths) == sorted(contract.operations())


@pytest.mark.parametrize("path", contract.operations())
def test_document_names_every_method_of_a_path(daemon, path):
    declared = contract.operations()[path]
    for method in ("GET", "POST", "PATCH", "DELETE", "PUT", "TRACE"):
        reply = daemon.request(method, path)
        if method in declared:
            assert reply.status in (200, 400), (method, reply)
        else:
            assert reply.status == 405
            assert set(reply.headers["Allow"].split(", ")) == declared
