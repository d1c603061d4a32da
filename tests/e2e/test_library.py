# SPDX-License-Identifier: Apache-2.0
"""What the preloaded library may bring into a program."""

import re
import subprocess

LIBRARY = "build/libchaos-shim.so"


def lines(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def hooks():
    with open("shim/hooks.def") as table:
        return set(re.findall(r"^HOOK\w*\([^,]+, (\w+),", table.read(), re.MULTILINE))


def symbols(kind):
    return {line.split()[-1].split("@")[0] for line in lines("nm", "-D", kind, LIBRARY)}


def test_it_exports_the_hooked_names_and_no_others():
    assert symbols("--defined-only") == hooks()


def test_it_imports_no_name_that_it_takes_the_place_of():
    assert symbols("--undefined-only") & hooks() == set()


def test_it_needs_libc_alone():
    needed = [line for line in lines("readelf", "-d", LIBRARY) if "NEEDED" in line]
    assert [re.search(r"\[(.+)\]", line).group(1) for line in needed] == ["libc.so.6"]


def test_its_model_tables_need_no_relocation_and_stay_below_600_kb():
    (line,) = [line for line in lines("size", "-A", "build/obj/shim/engine/aws/model_data.o") if ".rodata" in line]
    assert int(line.split()[1]) <= 600_000
    relocations = lines("readelf", "-rW", "build/obj/shim/engine/aws/model_data.o")
    assert not [line for line in relocations if ".data" in line]
