# SPDX-License-Identifier: Apache-2.0
"""What `make lint` says of a house whose rooms know the rooms above them: small houses, each with one
thing wrong."""

import subprocess

import pytest

from harness import ROOT, TIMEOUT

# A house in order. Each file is compiled as it stands.
HOUSE = {
    "shim/base/span.h": "int span_size(void);\n",
    "shim/base/span.c": '#include "span.h"\nint span_size(void)\n{\n\treturn 1;\n}\n',
    "shim/engine/http1.h": "int http1_parse(void);\n",
    "shim/engine/http1.c": (
        '#include "http1.h"\n#include "shim/base/span.h"\n'
        "int http1_parse(void)\n{\n\treturn span_size();\n}\n"
    ),
    "shim/engine/rules.h": "int rules_match(void);\n",
    "shim/engine/rules.c": (
        '#include "rules.h"\n#include "http1.h"\nint rules_match(void)\n{\n\treturn http1_parse();\n}\n'
    ),
    "shim/io/conn.h": "int conn_send(void);\n",
    "shim/io/conn.c": (
        '#include "conn.h"\n#include "shim/engine/rules.h"\n'
        "int conn_send(void)\n{\n\treturn rules_match();\n}\n"
    ),
    "shim/hooks/exports.c": (
        '#include "shim/io/conn.h"\n__attribute__((visibility("default"))) int close(int fd)\n'
        "{\n\treturn conn_send() + fd;\n}\n"
    ),
    "control/main.c": (
        '#include "shim/engine/rules.h"\nint close(int fd);\nint main(void)\n'
        "{\n\treturn close(rules_match());\n}\n"
    ),
    "tools/chaos-ctl.c": "int main(void)\n{\n\treturn 0;\n}\n",
}


@pytest.fixture
def lint(tmp_path):
    """Builds the house with other files in it, and gives its exit code, floors and complaints."""

    def run(**files):
        for path, text in {**HOUSE, **files}.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        for path in tmp_path.rglob("*.c"):
            into = tmp_path / "obj" / path.relative_to(tmp_path).with_suffix(".o")
            into.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(
                ["cc", "-fvisibility=hidden", "-I.", "-c", path, "-o", into],
                cwd=tmp_path, check=True, timeout=TIMEOUT,
            )  # fmt: skip
        done = subprocess.run(
            [ROOT / "tools/lint/rooms", "obj", tmp_path],
            cwd=tmp_path, capture_output=True, text=True, timeout=TIMEOUT,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr.splitlines()

    return run


def test_a_house_in_order_has_its_floors_printed(lint):
    code, floors, wrong = lint()
    assert (code, wrong) == (0, [])
    rooms = [line.split()[0] for line in floors.splitlines()]
    assert rooms.index("hooks") < rooms.index("io") < rooms.index("engine:") < rooms.index("base")
    assert "exports" in floors and "span" in floors


@pytest.mark.parametrize(
    "path, text, says",
    [
        (
            "shim/base/hex.h",
            '#include "shim/io/conn.h"\n',
            "shim/base/hex.h -> shim/io/conn.h: base may not use io (an #include)",
        ),
        (
            "shim/memory/table.c",
            "extern int rules_match(void);\nint table(void)\n{\n\treturn rules_match();\n}\n",
            "shim/memory/table.c -> shim/engine/rules.c: "
            "memory may not use engine: rules (rules_match)",
        ),
        (
            "shim/memory/table.c",
            "extern int conn_send(void);\nint (*table)(void) = conn_send;\n",
            "shim/memory/table.c -> shim/io/conn.c: memory may not use io (conn_send)",
        ),
        (
            "shim/engine/tls.c",
            '#include "rules.h"\n',
            "shim/engine/tls.c -> shim/engine/rules.h: "
            "engine: framing may not use engine: rules (an #include)",
        ),
        (
            "shim/process/attach.c",
            "int close(int);\nint attach(void)\n{\n\treturn close(3);\n}\n",
            "shim/process/attach.c -> shim/hooks/exports.c: process may not use hooks (close)",
        ),
        (
            "control/api.c",
            "int conn_send(void);\nint api(void)\n{\n\treturn conn_send();\n}\n",
            "control/api.c -> shim/io/conn.c: control may not use io (conn_send)",
        ),
        (
            "control/api.c",
            '#include "shim/io/conn.h"\n',
            "control/api.c -> shim/io/conn.h: control may not use io (an #include)",
        ),
        (
            "tools/show.c",
            '#include "shim/io/conn.h"\n',
            "tools/show.c -> shim/io/conn.h: tools may not use io (an #include)",
        ),
        ("shim/attic/box.h", "", "shim/attic/box.h: is in no room"),
    ],
)
def test_an_arrow_upwards_is_named(lint, path, text, says):
    code, _, wrong = lint(**{path: text})
    assert (code, wrong) == (1, [says])


def test_an_object_file_that_is_missing_is_named(lint, tmp_path):
    lint()
    (tmp_path / "obj/shim/io/conn.o").unlink()
    done = subprocess.run(
        [ROOT / "tools/lint/rooms", tmp_path / "obj", tmp_path],
        capture_output=True, text=True, timeout=TIMEOUT,
    )  # fmt: skip
    assert done.returncode == 1
    assert "shim/io/conn.c: has no object file" in done.stderr


def test_a_circle_of_calls_in_a_room_is_named(lint):
    code, _, wrong = lint(**{
        "shim/io/delay.c": "int send(void);\nint delay(void)\n{\n\treturn send();\n}\n",
        "shim/io/send.c": "int wait(void);\nint send(void)\n{\n\treturn wait();\n}\n",
        "shim/io/wait.c": "int delay(void);\nint wait(void)\n{\n\treturn delay();\n}\n",
    })  # fmt: skip
    circle = "shim/io/delay -(send)-> shim/io/send -(wait)-> shim/io/wait -(delay)-> shim/io/delay"
    assert (code, wrong) == (1, [f"a circle: {circle}"])


def test_a_circle_of_a_call_and_an_include_is_named(lint):
    code, _, wrong = lint(**{
        "shim/io/delay.h": "int delay(void);\n",
        "shim/io/delay.c": '#include "delay.h"\nint send(void);\nint delay(void)\n{\n\treturn send();\n}\n',
        "shim/io/send.c": '#include "delay.h"\nint send(void)\n{\n\treturn 0;\n}\n',
    })  # fmt: skip
    circle = "shim/io/delay -(send)-> shim/io/send -(an #include)-> shim/io/delay"
    assert (code, wrong) == (1, [f"a circle: {circle}"])


def function_of(lines):
    return "int longest(\n\tint a)\n{\n" + "\ta++;\n" * (lines - 5) + "\treturn a;\n}\n"


def test_a_function_has_at_most_50_lines(lint):
    assert lint(**{"shim/io/send.c": "\n" + function_of(50)})[0] == 0
    code, _, wrong = lint(**{"shim/io/send.c": "/* A word. */\n" + function_of(51)})
    assert (code, wrong) == (
        1,
        ["shim/io/send.c:2: a function of 51 lines; at most 50 are wanted"],
    )


def test_a_file_has_at_most_400_lines_unless_it_is_generated(lint):
    files = {"shim/io/send.c": "\n" * 400, "shim/engine/aws/model_data.c": "\n" * 401}
    assert lint(**files)[0] == 0
    code, _, wrong = lint(**{"shim/io/send.c": "\n" * 401})
    assert (code, wrong) == (1, ["shim/io/send.c: 401 lines; at most 400 are wanted"])
