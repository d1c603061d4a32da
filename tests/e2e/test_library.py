# SPDX-License-Identifier: Apache-2.0
"""What the library shows to the dynamic linker."""

import re
import subprocess

import pytest

from harness import ROOT, SHIM

HOOKS = set(
    re.findall(
        r"^HOOK[A-Z_]*\([^,]*,\s*(\w+)", (ROOT / "shim" / "hooks.def").read_text(), re.MULTILINE
    )
)


def symbols(*options):
    lines = subprocess.run(
        ["nm", "-D", *options, SHIM], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return {line.split()[-1].split("@")[0] for line in lines}


def dynamic(tag):
    lines = subprocess.run(
        ["readelf", "-dW", SHIM], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [line.split("[")[1].rstrip("]") for line in lines if f"({tag})" in line and "[" in line]


@pytest.fixture(autouse=True, scope="module")
def plain_build():
    if "__asan_init" in symbols("--undefined-only"):
        pytest.skip("a sanitized build needs its runtime")


def test_exactly_the_hooked_names_are_exported():
    assert symbols("--defined-only") == HOOKS


def test_no_hooked_name_is_imported():
    assert symbols("--undefined-only") & HOOKS == set()


def test_libc_is_all_that_is_needed():
    assert dynamic("NEEDED") == ["libc.so.6"]
