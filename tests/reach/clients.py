# SPDX-License-Identifier: Apache-2.0
"""The clients of the matrix: how each is run, how it is told whom to trust, which lane it takes."""

import dataclasses
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from harness import ROOT
from versions import jar, linked, locked, module, package, printed

PROGRAMS = Path(__file__).resolve().parent / "programs"
MODULES = ROOT / "build/js/node_modules"
JARS = ROOT / "build/java"
# What tests/reach/install installs.
REACH = ROOT / "build/reach"
REACH_MODULES = REACH / "js/node_modules"
REACH_JARS = REACH / "java"
BUN = REACH_MODULES / ".bin/bun"
DENO = REACH_MODULES / ".bin/deno"
GO = REACH / "go"
# Debian's, which shares the OpenSSL of the system, beside the Node that is installed.
DEBIAN = REACH / "debian/usr"
DEBIAN_NODE = DEBIAN / "bin/node"
RUST = REACH / "rust/debug/reach"
WHEELS = REACH / "py"

INSIDE, BRIDGE, SUPERVISED = "inside", "bridge", "supervised"
ERRORS = {
    "s3": (503, "SlowDown"),
    "dynamodb": (400, "ProvisionedThroughputExceededException"),
    "sqs": (403, "OverLimit"),
    "lambda": (429, "TooManyRequestsException"),
}


@dataclasses.dataclass
class Client:
    """In the words of its commands {url} is where the service is, {ca} the authority's file,
    {store} the same as a store of Java's, {classes} the class path and {folder} an empty one."""

    name: str
    lane: str
    command: list
    service: str = "s3"
    # How it is told of an authority where the system does not trust it: variables, and options
    # behind the program's name.
    trust: tuple = ()
    options: tuple = ()
    # It does not ask the system.
    has_own_store: bool = False
    environment: dict = dataclasses.field(default_factory=dict)
    # Finds status and code in what a client has printed of which each call is a run of its own.
    # The others make a call for each line of their input, and print `STATUS CODE`.
    said: Callable | None = None
    # Runs once, without us.
    before: list | None = None
    # The error that is injected, if it is not the usual one of the service.
    error: tuple | None = None
    # Does it tell the status of an error?
    tells_status: bool = True
    # What has to be there.
    needs: Path | None = None
    versions: tuple = ()

    def __post_init__(self):
        self.error = self.error or ERRORS[self.service]

    def is_there(self):
        return (not self.needs or self.needs.exists()) and shutil.which(self.command[0])

    @property
    def trusts_system_alone(self):
        return not self.trust and not self.options


# It retries for long what may be over soon.
QUICK = {"error": (403, "AccessDenied")}


def boto(name, program="boto.py", lane=INSIDE, **more):
    command = [sys.executable, PROGRAMS / program]
    return Client(name, lane, command, versions=(package("boto3"),), **more)


def script(name, tool, program, service="s3", modules=MODULES, sdk=None):
    """One of JavaScript's."""
    words = [tool, "run", "-A"] if tool == DENO else [tool]
    return Client(
        name, BRIDGE, [*words, PROGRAMS / program, modules], service,
        trust=("DENO_CERT" if tool == DENO else "NODE_EXTRA_CA_CERTS",), has_own_store=True,
        needs=modules,
        versions=(printed(tool, "--version"), *([module(modules, sdk)] if sdk else ())),
    )  # fmt: skip


def sdk3(name, tool, service):
    return script(f"{name} SDK v3 {service}", tool, "sdk3.mjs", service,
                  sdk=f"@aws-sdk/client-{service}")  # fmt: skip


def on_debian(client):
    """The same in Debian's Node."""
    name = client.name.replace("Node", "Node 18")
    environment = {"LD_LIBRARY_PATH": str(DEBIAN / "lib/x86_64-linux-gnu")}
    version = printed("env", *(f"{key}={value}" for key, value in environment.items()),
                      DEBIAN_NODE, "--version")  # fmt: skip
    return dataclasses.replace(
        client, name=name, lane=INSIDE, command=[DEBIAN_NODE, *client.command[1:]],
        environment=environment, versions=(version, *client.versions[1:]),
    )  # fmt: skip


def sdk2(service):
    return script(f"Node SDK v2 {service}", "node", "sdk2.cjs", service, REACH_MODULES, "aws-sdk")


JAVA_TRUST = (
    "-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStorePassword=changeit",
)  # fmt: skip


def java(name, *words, jars=JARS, options=JAVA_TRUST, sdk="s3"):
    command = ["java", "-XX:TieredStopAtLevel=1", "-cp", "{classes}", "Sdk", *words]
    return Client(
        name, BRIDGE, command, options=options, needs=jars,
        versions=(printed("java", "--version"), jar(jars, sdk)),
    )  # fmt: skip


def java2(name, kind, client, **more):
    return java(f"Java SDK v2 {name}", kind, f"software.amazon.awssdk.http.{client}", **more)


def go(kind, service):
    name = "github.com/aws/aws-sdk-go-v2"
    return Client(
        f"Go SDK v2 {kind} {service}", SUPERVISED, [GO / kind], service, ("AWS_CA_BUNDLE",),
        versions=(linked(GO / kind, name),),
    )  # fmt: skip


def wheel(name, program="wheels.py", **more):
    """A package for Python whose TLS is its own."""
    return Client(
        name, BRIDGE, [sys.executable, PROGRAMS / program, name], trust=("SSL_CERT_FILE",),
        environment={"PYTHONPATH": str(WHEELS)}, needs=WHEELS / name,
        versions=(package(name, WHEELS),), **more,
    )  # fmt: skip


def between(pattern):
    """Finds `status` and `code` by a pattern; where it does not match, the call was good."""

    def said(printed):
        found = re.search(pattern, printed, re.DOTALL)
        if not found:
            return None, "-"
        status = found.groupdict().get("status")
        return status and int(status), (found["code"] or "-").replace(" ", "")

    return said


GO_SAYS = between(r"StatusCode: (?P<status>\d+),.*api error (?P<code>\w+):")
SIGNATURE = (
    "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=0"
)

# Of what `make check` has installed.
AT_HAND = [
    boto("boto3 s3", trust=("AWS_CA_BUNDLE",), has_own_store=True),
    boto("boto3 dynamodb", service="dynamodb", trust=("AWS_CA_BUNDLE",), has_own_store=True),
    # Of what it takes for a throttling it makes another exception.
    boto("boto3[crt]", "boto_crt.py", BRIDGE, error=(403, "AccessDenied")),
    Client(
        "AWS CLI", INSIDE, [sys.executable, "-m", "awscli", "s3api", "list-buckets"],
        trust=("AWS_CA_BUNDLE",), has_own_store=True, tells_status=False,
        said=between(r"error occurred \((?P<code>\w+)\)"), versions=(package("awscli"),),
    ),
    Client(
        "curl", INSIDE,
        ["curl", "-s", "-w", " %{{http_code}}", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user",
         "test:test", "{url}"],
        trust=("CURL_CA_BUNDLE",),
        said=between(r"(?:<Code>(?P<code>\w+)<.*|) (?P<status>\d+)$"),
        versions=(printed("curl", "--version"),),
    ),
    Client(
        "wget", INSIDE,
        ["wget", "-nv", "--tries=1", "--content-on-error", "-O", "-", "--header", SIGNATURE,
         "{url}"],
        options=("--ca-certificate={ca}",),
        said=between(r"<Code>(?P<code>\w+)<.*ERROR (?P<status>\d+)"),
        versions=(printed("wget", "--version"),),
    ),
    Client(
        "Ruby aws-sdk-s3", INSIDE, ["ruby", PROGRAMS / "ruby.rb"], trust=("AWS_CA_BUNDLE",),
        versions=(printed("ruby", "--version"),
                  printed("ruby", "-e", "require 'aws-sdk-s3'; puts Aws::S3::GEM_VERSION")),
    ),
    Client(
        "Perl LWP", INSIDE, ["perl", PROGRAMS / "lwp.pl"], trust=("PERL_LWP_SSL_CA_FILE",),
        versions=(printed("perl", "-MLWP", "-e", "print LWP->VERSION"),),
    ),
    Client(
        "PHP", INSIDE, ["php", PROGRAMS / "http.php"], trust=("SSL_CERT_FILE",),
        versions=(printed("php", "--version"),),
    ),
    sdk3("Node", "node", "s3"),
    sdk3("Node", "node", "dynamodb"),
    sdk3("Node", "node", "sqs"),
    sdk3("Node", "node", "lambda"),
    script("Node fetch", "node", "fetch.mjs"),
    java("Java SDK v1", "v1", sdk="aws-java-sdk-s3"),
    java2("apache", "sync", "apache.ApacheHttpClient"),
    java2("apache5", "sync", "apache5.Apache5HttpClient"),
]  # fmt: skip

INSTALLED = [
    on_debian(sdk3("Node", "node", "s3")),
    on_debian(sdk3("Node", "node", "dynamodb")),
    on_debian(sdk3("Node", "node", "sqs")),
    on_debian(sdk3("Node", "node", "lambda")),
    on_debian(script("Node fetch", "node", "fetch.mjs")),
    sdk2("s3"),
    sdk2("dynamodb"),
    sdk3("Bun", BUN, "s3"),
    sdk3("Bun", BUN, "dynamodb"),
    script("Bun fetch", BUN, "fetch.mjs"),
    sdk3("Deno", DENO, "s3"),
    sdk3("Deno", DENO, "dynamodb"),
    script("Deno fetch", DENO, "fetch.mjs"),
    java2("url-connection", "sync", "urlconnection.UrlConnectionHttpClient", jars=REACH_JARS),
    java2("netty", "async", "nio.netty.NettyNioAsyncHttpClient", jars=REACH_JARS),
    java2("aws-crt", "sync", "crt.AwsCrtHttpClient", jars=REACH_JARS, options=()),
    java2("aws-crt async", "async", "crt.AwsCrtAsyncHttpClient", jars=REACH_JARS, options=()),
    go("dynamic", "s3"),
    go("dynamic", "dynamodb"),
    go("static", "s3"),
    go("static", "dynamodb"),
    Client(
        "rclone", SUPERVISED,
        [GO / "rclone", "--retries", "1", "--low-level-retries", "1", "lsd", ":s3:"],
        trust=("AWS_CA_BUNDLE",),
        environment={
            "RCLONE_CONFIG": "/dev/null", "RCLONE_S3_ENDPOINT": "{url}",
            "RCLONE_S3_PROVIDER": "AWS", "RCLONE_S3_ENV_AUTH": "true",
        },
        said=GO_SAYS, versions=(printed(GO / "rclone", "version"),),
    ),
    Client(
        "restic", SUPERVISED,
        [GO / "restic", "-r", "s3:{url}/bucket", "--no-cache", "cat", "config"],
        trust=("SSL_CERT_FILE",), environment={"RESTIC_PASSWORD": "secret"},
        before=[GO / "restic", "-q", "-r", "s3:{url}/bucket", "--no-cache", "init"],
        # It asks by HEAD, and the error has no body then.
        said=between(r"(?P<code>Access Denied)"), tells_status=False, **QUICK,
        versions=(printed(GO / "restic", "version"),),
    ),
    Client(
        "Terraform's state in S3", SUPERVISED,
        ["terraform", f"-chdir={PROGRAMS / 'terraform'}", "init", "-reconfigure", "-no-color"],
        trust=("AWS_CA_BUNDLE",),
        environment={
            "TF_DATA_DIR": "{folder}", "TF_CLI_CONFIG_FILE": "/dev/null", "CHECKPOINT_DISABLE": "1",
        },
        said=GO_SAYS, versions=(printed("terraform", "version"),),
    ),
    Client(
        "Rust SDK", BRIDGE, [RUST], "sqs", trust=("SSL_CERT_FILE",), needs=RUST,
        versions=(locked("aws-sdk-sqs"),),
    ),
    wheel("obstore"),
    wheel("polars", **QUICK),
    wheel("deltalake", **QUICK),
    wheel("pyarrow", tells_status=False, **QUICK),
    wheel("treq", "fetch_treq.py"),
]  # fmt: skip
CLIENTS = [*AT_HAND, *INSTALLED]
