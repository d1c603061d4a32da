# SPDX-License-Identifier: Apache-2.0
"""Tell the version of what the clients are made of: each function makes one that tells it."""

import importlib.metadata
import json
import re
import subprocess
from pathlib import Path


def number(text):
    found = re.search(r"\d+(\.\d+)+", text)
    return found[0] if found else "?"


def printed(*command):
    def tell():
        done = subprocess.run(command, capture_output=True, text=True)
        return number(done.stdout + done.stderr)

    return tell


def module(modules, name):
    """Of JavaScript's."""
    return lambda: json.loads((modules / name / "package.json").read_text())["version"]


def package(name, *folders):
    """Of Python's."""
    more = {"path": [str(folder) for folder in folders]} if folders else {}
    return lambda: next(iter(importlib.metadata.distributions(name=name, **more))).version


def jar(folder, name):
    return lambda: number(next(folder.glob(f"{name}-[0-9]*.jar")).name.removeprefix(name))


def linked(program, name):
    """Of a module in a program in Go."""

    def tell():
        done = subprocess.run(["go", "version", "-m", program], capture_output=True, text=True)
        return number(done.stdout.partition(f"{name}\t")[2])

    return tell


def locked(name):
    """Of a crate of Rust's."""
    lock = Path(__file__).resolve().parent / "rust/Cargo.lock"
    return lambda: number(lock.read_text().partition(f'name = "{name}"\n')[2])
