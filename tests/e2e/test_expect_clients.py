# SPDX-License-Identifier: Apache-2.0
"""What test_expect.py says of sockets holds for curl, and for AWS' SDKs for Java with Apache's
client: the error is the one that a real server would have told them at the head."""

import collections
import subprocess

import pytest

from harness import ROOT
from sink import Sink, answer
from test_clients import CURL, SIGNED

Outcome = collections.namedtuple("Outcome", "status code attempts")
UPLOADS = 6
ERRORS = {"SlowDown": 503, "InternalError": 500}


def fault(code):
    error = {"statusCode": ERRORS[code], "code": code}
    return {"service": "s3", "operation": "PutObject", "error": error}


def stored(request):
    """An ETag with a dash is no checksum: the SDKs do not compare it."""
    return answer(200, b"", "application/xml", 'ETag: "0-1"\r\n')


def refused(code):
    error = f"<Error><Code>{code}</Code><Message>no</Message><RequestId>1</RequestId></Error>"
    return answer(ERRORS[code], error.encode(), "application/xml", "Connection: close\r\n")


@pytest.fixture(scope="session")
def java_classes(tmp_path_factory):
    """Compiles the program that uses the SDKs; gives the class path."""
    folder, libraries = tmp_path_factory.mktemp("java"), ROOT / "build/java/*"
    sources = (ROOT / "tests/java").glob("*.java")
    command = ["javac", "-XDsuppressNotes", "-cp", libraries, "-d", folder, *sources]
    subprocess.run(command, check=True)
    return f"{folder}:{libraries}"


@pytest.fixture
def uploads(client, java_classes):
    """Starts the SDKs: uploads(port)() gives what each client saw, and the seconds of each."""

    def start(port, **options):
        command = ["java", "-XX:TieredStopAtLevel=1", "-cp", java_classes, "Uploads"]
        program = client([*command, f"http://127.0.0.1:{port}"], **options)

        def upload():
            program.process.stdin.write(b"\n")
            program.process.stdin.flush()
            lines = [program.line().split() for _ in range(UPLOADS)]
            upload.seconds = [float(line[4]) for line in lines]
            return {line[0]: Outcome(int(line[1]), line[2], int(line[3])) for line in lines}

        upload.finish = program.finish
        return upload

    return start


def all_stored(outcomes):
    return set(outcomes.values()) == {Outcome(200, "-", 1)}


@pytest.mark.parametrize("code", ERRORS)
def test_java_sees_what_a_real_server_would_say_and_works_again(daemon, uploads, sink, code):
    real = Sink()
    real.early = lambda request: refused(code)
    wanted = uploads(real.port, shim=False)()
    assert len(real.requests) == sum(one.attempts for one in wanted.values())
    real.close()

    sink.reply = stored
    upload = uploads(sink.port)
    daemon.faults(fault(code))
    assert upload() == wanted
    assert daemon.totals()["faults"] == len(real.requests)
    daemon.faults()
    assert all_stored(upload())
    daemon.faults(fault(code))
    assert upload() == wanted
    upload.finish()
    sink.settle()
    assert (len(sink.requests), sink.unfinished) == (UPLOADS, [])


def test_java_waits_the_latency(daemon, uploads, sink):
    sink.reply = stored
    upload = uploads(sink.port)
    daemon.latency(200)
    assert all_stored(upload())
    assert min(upload.seconds) >= 0.2
    daemon.latency(0)
    assert all_stored(upload())
    upload.finish()
    sink.settle()
    assert (len(sink.requests), sink.unfinished) == (2 * UPLOADS, [])


@pytest.fixture(params=["http", "https"])
def server(request, sink):
    return sink if request.param == "http" else request.getfixturevalue("tls_sink")


SIZES = {"small": 5, "large": 3 << 20}
BEHIND = "/bucket/behind"


@pytest.fixture(params=SIZES)
def curl(request, run, server, authority, tmp_path):
    """Uploads a file, and asks for another on the same connection if that is kept: curl() gives
    what is printed, body and status of the one and the other."""
    size = SIZES[request.param]
    file = tmp_path / "file"
    file.write_bytes(b"x" * size)
    words = [*CURL, *SIGNED, "--cacert", authority.ca]

    def curl(*more):
        top = [*words, "-H", "Expect: 100-continue", *more, "-T", file, f"{server.url}/bucket/key"]
        done = run(*top, "--next", *words[1:], f"{server.url}{BEHIND}")
        assert done.returncode == 0, done.stderr
        server.settle()
        return done.stdout

    curl.size = size
    return curl


def served(server):
    assert server.unfinished == []
    return [(request.target, len(request.body)) for request in server.requests]


def test_curl_sees_the_fault_before_its_body(daemon, curl, server):
    daemon.faults(fault("SlowDown"))
    said = curl()
    assert "<Code>SlowDown</Code>" in said.partition('503{"served":true}200')[0]
    assert said.endswith('503{"served":true}200')
    assert served(server) == [(BEHIND, 0)]


def test_curl_sees_the_fault_behind_a_body_that_nobody_asked_for(daemon, curl, server):
    daemon.faults(fault("SlowDown"))
    daemon.latency(300)
    said = curl("--expect100-timeout", "0.05")
    assert said.endswith('503{"served":true}200')
    assert served(server) == [(BEHIND, 0)]


def test_curl_uploads_when_there_is_no_fault_for_it(daemon, curl, server):
    daemon.faults({"service": "s3", "operation": "DeleteObject"})
    assert curl() == '{"served":true}200' * 2
    assert served(server) == [("/bucket/key", curl.size), (BEHIND, 0)]


def test_curl_uploads_under_latency(daemon, curl, server):
    daemon.latency(300)
    assert curl("--expect100-timeout", "0.05") == '{"served":true}200' * 2
    assert served(server) == [("/bucket/key", curl.size), (BEHIND, 0)]


def test_curl_behind_a_refused_upload_is_faulted(daemon, curl, server):
    daemon.faults({"service": "s3", "operation": "GetObject"})
    server.early = lambda request: answer(403, b"no") if request.method == "PUT" else None
    said = curl()
    assert said.startswith("no403")
    assert said.endswith("503")
