# SPDX-License-Identifier: Apache-2.0
"""What the preloaded library brings into a program."""

import re
import subprocess

from harness import BUILD, ROOT, SHIM

MODEL = BUILD / "obj/shim/engine/aws/model_data.o"
HOOKS = set(
    "dlopen dlsym vfork __xstat __xstat64 prctl execl execlp execle __asan_default_options".split()
).union(
    *(
        re.findall(r"^HOOK\w*\([^,]+, (\w+),", (ROOT / table).read_text(), re.MULTILINE)
        for table in ("shim/libc/hooks.def", "shim/tls/tls.def")
    )
)


def lines(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def symbols(kind):
    return {line.split()[-1].split("@")[0] for line in lines("nm", "-D", kind, SHIM)}


def test_it_exports_the_hooked_names_and_no_others():
    assert symbols("--defined-only") == HOOKS


def test_it_imports_no_name_that_it_takes_the_place_of():
    assert symbols("--undefined-only") & HOOKS == set()


def test_it_needs_libc_alone():
    needed = [line for line in lines("readelf", "-dW", SHIM) if "NEEDED" in line]
    assert [re.search(r"\[(.+)\]", line).group(1) for line in needed] == ["libc.so.6"]


def test_its_model_tables_need_no_relocation_and_stay_below_640_kb():
    (line,) = [line for line in lines("size", "-A", MODEL) if ".rodata" in line]
    assert int(line.split()[1]) <= 640_000
    assert not [line for line in lines("readelf", "-rW", MODEL) if ".data" in line]
