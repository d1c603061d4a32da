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


@pytest.fixture
def run(sink):
    def run(*command, cwd=None, **more):
        return subprocess.run(
            [BUILD / "chaos-run", *command], cwd=cwd, timeout=180, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=environment(
                AWS_ENDPOINT_URL=f"http://127.0.0.1:{sink.port}",
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
