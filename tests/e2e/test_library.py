# SPDX-License-Identifier: Apache-2.0
"""What the preloaded library brings into a program."""

import re
import subprocess

from harness import BUILD, ROOT, SHIM

BRIDGE = BUILD / "libchaos-bridge.so"
MODEL = BUILD / "obj/shim/engine/aws/model_data.o"
HOOKS = set(
    "dlopen dlsym vfork __xstat __xstat64 prctl syscall execl execlp execle __asan_default_options".split()
).union(
    *(
        re.findall(r"^HOOK\w*\([^,]+, (\w+),", (ROOT / table).read_text(), re.MULTILINE)
        for table in ("shim/libc/hooks.def", "shim/tls/tls.def")
    )
)


def lines(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def symbols(kind, library=SHIM):
    return {line.split()[-1].split("@")[0] for line in lines("nm", "-D", kind, library)}


def needed(library):
    found = [line for line in lines("readelf", "-dW", library) if "NEEDED" in line]
    return [re.search(r"\[(.+)\]", line).group(1) for line in found]


def test_it_exports_the_hooked_names_and_no_others():
    assert symbols("--defined-only") == HOOKS


def test_it_imports_no_name_that_it_takes_the_place_of():
    assert symbols("--undefined-only") & HOOKS == set()


def test_it_needs_libc_alone():
    assert needed(SHIM) == ["libc.so.6"]


def test_the_bridge_exports_what_the_library_calls():
    assert symbols("--defined-only", BRIDGE) == {"bridge_api", "bridge_store_api"}


def test_the_bridge_brings_an_openssl_of_its_own():
    assert needed(BRIDGE) == ["libc.so.6"]
    openssl = re.compile(r"(SSL|EVP|CRYPTO|OPENSSL|X509|BIO|ERR)_")
    assert not [name for name in symbols("--undefined-only", BRIDGE) if openssl.match(name)]


def test_its_model_tables_need_no_relocation_and_stay_below_640_kb():
    (line,) = [line for line in lines("size", "-A", MODEL) if ".rodata" in line]
    assert int(line.split()[1]) <= 640_000
    assert not [line for line in lines("readelf", "-rW", MODEL) if ".data" in line]
