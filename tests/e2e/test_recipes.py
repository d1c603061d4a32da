# SPDX-License-Identifier: Apache-2.0
"""The recipes of tools/recipes, run as their README says."""

import os
import shutil
import subprocess
import sys

import pytest
from harness import BUILD, ROOT, environment
from sink import Sink

RECIPES = ROOT / "tools" / "recipes"
JAVA = ROOT / "build" / "java"


@pytest.fixture
def sink():
    server = Sink()
    yield server
    server.close()


@pytest.fixture(scope="module")
def orders(moto):
    """A server that has a table of orders, and looks at what is put there."""
    table = "orders --billing-mode PAY_PER_REQUEST --attribute-definitions AttributeName=id,AttributeType=S"
    subprocess.run(
        ["aws", "dynamodb", "create-table", "--table-name", *table.split(), "--key-schema",
         "AttributeName=id,KeyType=HASH"],
        check=True, stdout=subprocess.DEVNULL, timeout=60,
        env=environment(AWS_ENDPOINT_URL=moto, AWS_DEFAULT_REGION="us-east-1"),
    )  # fmt: skip
    return moto


@pytest.fixture(params=["sink", "orders"])
def url(request):
    server = request.getfixturevalue(request.param)
    return server if request.param == "orders" else f"http://127.0.0.1:{server.port}"


@pytest.fixture
def run(url):
    def run(*command, cwd=None, **more):
        return subprocess.run(
            [BUILD / "chaos-run", *command], cwd=cwd, timeout=180, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=environment(
                AWS_ENDPOINT_URL=url,
                PATH=f"{BUILD}:{os.environ['PATH']}", **more,
            ),
        )  # fmt: skip

    return run


def test_shell(run):
    done = run("sh", RECIPES / "orders.sh")
    assert done.returncode == 0, done.stdout
    assert "ThrottlingException" in done.stdout
    assert done.stdout.endswith("throttled, and then not\n")


def test_node(run):
    done = run("node", "--test", RECIPES / "node", NODE_PATH=ROOT / "build" / "js" / "node_modules")
    assert done.returncode == 0 and "pass 2" in done.stdout, done.stdout


def test_go(run, tmp_path):
    shutil.copytree(RECIPES / "go", tmp_path / "go")
    done = run("go", "test", "-v", cwd=tmp_path / "go", GOFLAGS="-mod=mod", GOPROXY="off")
    assert done.returncode == 0 and done.stdout.count("--- PASS") == 2, done.stdout


def test_junit(run, tmp_path):
    console = next(JAVA.glob("junit-platform-console-standalone-*.jar"))
    sources = sorted((RECIPES / "junit").glob("*.java"))
    subprocess.run(["javac", "-cp", console, "-d", tmp_path, *sources], check=True)
    done = run(
        "java", "-jar", console, "execute", "--disable-banner", "--class-path", tmp_path, "--select-class", "OrdersTest",
    )  # fmt: skip
    assert done.returncode == 0 and "2 tests successful" in done.stdout, done.stdout


def test_pytest(run):
    done = run(
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "chaos_run.plugin", RECIPES / "pytest",
        PYTHONPATH=ROOT / "tools" / "python" / "src",
    )  # fmt: skip
    assert done.returncode == 0 and "2 passed" in done.stdout, done.stdout
