# SPDX-License-Identifier: Apache-2.0
"""The clients of the matrix: how each is run, how it is told whom to trust, which lane it takes."""

import dataclasses
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from harness import ROOT

PROGRAMS = Path(__file__).resolve().parent / "programs"
MODULES = ROOT / "build/js/node_modules"
JARS = ROOT / "build/java"
# What `make reach` installs.
REACH = ROOT / "build/reach"
REACH_MODULES = REACH / "js/node_modules"
REACH_JARS = REACH / "java"
BUN = REACH_MODULES / ".bin/bun"
DENO = REACH_MODULES / ".bin/deno"
GO = REACH / "go"
WHEELS = REACH / "py"

INSIDE, BRIDGE, SUPERVISED = "inside", "bridge", "supervised"
FAULTS = {
    "s3": (503, "SlowDown"),
    "dynamodb": (400, "ProvisionedThroughputExceededException"),
    "sqs": (403, "OverLimit"),
    "lambda": (429, "TooManyRequestsException"),
}


@dataclasses.dataclass
class Client:
    """In the words of a command, {url} is where the service is, {ca} the authority's file, {store} the
    same as a store of Java's, and {classes} the class path."""

    name: str
    lane: str
    command: list
    service: str = "s3"
    # How it is told of an authority if it is not the system that trusts it: variables, and options
    # behind the program's name.
    trust: tuple = ()
    options: tuple = ()
    # It does not ask the system.
    has_own_store: bool = False
    environment: dict = dataclasses.field(default_factory=dict)
    # Finds status and code in what a client has printed of which each call is a run of its own.
    # The others make a call for each line of their input, and print `STATUS CODE`.
    said: Callable | None = None
    # The error that is injected, if it is not the usual one of the service.
    error: tuple | None = None
    # Does it tell the status of an error?
    tells_status: bool = True
    # What has to be there, and what prints its version.
    needs: Path | None = None
    version: list | None = None
    # Needs nothing that `make check` has not installed.
    at_hand: bool = False

    def __post_init__(self):
        self.error = self.error or FAULTS[self.service]

    def is_there(self):
        return (not self.needs or self.needs.exists()) and shutil.which(self.command[0])

    @property
    def trusts_system_alone(self):
        return not self.trust and not self.options


def script(name, tool, program, *, service="s3", modules=MODULES, **more):
    """One of JavaScript's."""
    trust = "DENO_CERT" if tool == DENO else "NODE_EXTRA_CA_CERTS"
    words = [tool, "run", "-A"] if tool == DENO else [tool]
    return Client(
        name, BRIDGE, [*words, PROGRAMS / program, modules], service, (trust,),
        has_own_store=True, version=[tool, "--version"], **{"needs": modules, **more},
    )  # fmt: skip


def java(name, *words, jars=JARS, store=True, **more):
    trust = ("-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStorePassword=changeit")
    command = ["java", "-XX:TieredStopAtLevel=1", "-cp", "{classes}", "Sdk", *words]
    return Client(
        name, BRIDGE, command, options=trust if store else (), needs=jars,
        version=["java", "--version"], **more,
    )  # fmt: skip


def sdk2(name, kind, client, **more):
    return java(name, kind, f"software.amazon.awssdk.http.{client}", **more)


def go(name, program, service="s3", **more):
    return Client(name, SUPERVISED, [GO / program], service, ("AWS_CA_BUNDLE",),
                  version=["go", "version", "-m", GO / program], **more)


def wheel(name, kind, lane=BRIDGE, **more):
    """A package for Python whose TLS is its own."""
    return Client(name, lane, [sys.executable, PROGRAMS / "wheels.py", kind], needs=WHEELS,
                  environment={"PYTHONPATH": str(WHEELS)}, **more)


def between(pattern):
    """Finds `status` and `code` by a pattern; a call that says neither was good."""

    def said(printed):
        found = re.search(pattern, printed, re.DOTALL)
        if not found:
            return None, "-"
        status = found.groupdict().get("status")
        return status and int(status), found["code"] or "-"

    return said


AT_HAND = [
    Client("boto3", INSIDE, [sys.executable, PROGRAMS / "boto.py"], trust=("AWS_CA_BUNDLE",),
           has_own_store=True),
    Client(
        "boto3 dynamodb", INSIDE, [sys.executable, PROGRAMS / "boto.py"], "dynamodb",
        ("AWS_CA_BUNDLE",), has_own_store=True,
    ),
    Client(
        "aws s3api", INSIDE, [sys.executable, "-m", "awscli", "s3api", "list-buckets"],
        trust=("AWS_CA_BUNDLE",), has_own_store=True, said=between(r"error occurred \((?P<code>\w+)\)"), tells_status=False,
    ),
    Client(
        "curl", INSIDE,
        ["curl", "-s", "-w", " %{{http_code}}", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user",
         "test:test", "{url}"],
        trust=("CURL_CA_BUNDLE",),
        said=between(r"(?:<Code>(?P<code>\w+)<.*|) (?P<status>\d+)$"), version=["curl", "--version"],
    ),
    Client(
        "wget", INSIDE,
        ["wget", "-nv", "--content-on-error", "-O", "-", "--header",
         "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, "
         "SignedHeaders=host, Signature=0", "--tries=1", "{url}"],
        options=("--ca-certificate={ca}",),
        said=between(r"<Code>(?P<code>\w+)<.*ERROR (?P<status>\d+)"), version=["wget", "--version"],
    ),
    Client("ruby aws-sdk-s3", INSIDE, ["ruby", PROGRAMS / "ruby.rb"], trust=("AWS_CA_BUNDLE",),
           version=["ruby", "--version"]),
    Client("perl LWP", INSIDE, ["perl", PROGRAMS / "lwp.pl"], trust=("PERL_LWP_SSL_CA_FILE",)),
    Client("php streams", INSIDE, ["php", PROGRAMS / "http.php"], trust=("SSL_CERT_FILE",),
           version=["php", "--version"]),
    # It makes another exception of what it takes for a throttling.
    Client("boto3[crt]", BRIDGE, [sys.executable, PROGRAMS / "boto_crt.py"],
           error=(403, "AccessDenied")),
    script("node sdk3 s3", "node", "sdk3.mjs"),
    script("node sdk3 dynamodb", "node", "sdk3.mjs", service="dynamodb"),
    script("node sdk3 sqs", "node", "sdk3.mjs", service="sqs"),
    script("node sdk3 lambda", "node", "sdk3.mjs", service="lambda"),
    script("node fetch", "node", "fetch.mjs"),
    java("java sdk1", "v1"),
    sdk2("java sdk2 apache", "sync", "apache.ApacheHttpClient"),
    sdk2("java sdk2 apache5", "sync", "apache5.Apache5HttpClient"),
]  # fmt: skip

INSTALLED = [
    script("node sdk2 s3", "node", "sdk2.cjs", modules=REACH_MODULES),
    script("node sdk2 dynamodb", "node", "sdk2.cjs", modules=REACH_MODULES, service="dynamodb"),
    script("bun sdk3 s3", BUN, "sdk3.mjs"),
    script("bun sdk3 dynamodb", BUN, "sdk3.mjs", service="dynamodb"),
    script("bun fetch", BUN, "fetch.mjs"),
    script("deno sdk3 s3", DENO, "sdk3.mjs"),
    script("deno sdk3 dynamodb", DENO, "sdk3.mjs", service="dynamodb"),
    script("deno fetch", DENO, "fetch.mjs"),
    sdk2("java sdk2 url-connection", "sync", "urlconnection.UrlConnectionHttpClient", jars=REACH_JARS),
    sdk2("java sdk2 netty", "async", "nio.netty.NettyNioAsyncHttpClient", jars=REACH_JARS),
    sdk2("java sdk2 crt", "sync", "crt.AwsCrtHttpClient", jars=REACH_JARS, store=False),
    sdk2("java sdk2 crt async", "async", "crt.AwsCrtAsyncHttpClient", jars=REACH_JARS, store=False),
    go("go sdk2 dynamic s3", "dynamic"),
    go("go sdk2 dynamic dynamodb", "dynamic", "dynamodb"),
    go("go sdk2 static s3", "static"),
    go("go sdk2 static dynamodb", "static", "dynamodb"),
    Client(
        "rclone", SUPERVISED,
        [GO / "rclone", "--retries", "1", "--low-level-retries", "1", "lsd", ":s3,provider=AWS,env_auth,region=us-east-1{rclone}:"],
        trust=("SSL_CERT_FILE",),
        said=between(r"StatusCode: (?P<status>\d+),.*api error (?P<code>\w+):"), version=[GO / "rclone", "version"],
    ),
    Client(
        "terraform s3 backend", SUPERVISED,
        ["terraform", "-chdir={folder}", "init", "-reconfigure", "-no-color"],
        trust=("AWS_CA_BUNDLE",),
        said=between(r"StatusCode: (?P<status>\d+),.*api error (?P<code>\w+):"), version=["terraform", "version"],
    ),
    wheel("polars", "polars", trust=("SSL_CERT_FILE",)),
    wheel("deltalake", "deltalake", trust=("SSL_CERT_FILE",)),
    wheel("obstore", "obstore", trust=("SSL_CERT_FILE",)),
    wheel("pyarrow", "pyarrow"),
    wheel("treq", "treq", trust=("SSL_CERT_FILE",)),
]  # fmt: skip

for one in AT_HAND:
    one.at_hand = True
CLIENTS = [*AT_HAND, *INSTALLED]
