# SPDX-License-Identifier: Apache-2.0
"""What a shell proposes, in bash, zsh and fish."""

import os
import pty
import re
import select
import shutil
import subprocess

import pytest
from harness import BUILD, ROOT, environment

SCRIPTS = ROOT / "tools" / "completion"

# A line as it is typed, and as it stands once the only proposal was taken.
LINES = [
    ("chaos-run --no-br", "chaos-run --no-bridge"),
    ("chaos-run --report=js", "chaos-run --report=json:"),
    ("chaos-run --no-bridge doct", "chaos-run --no-bridge doctor"),
    ("chaos-run --expect dynamodb.PutI", "chaos-run --expect dynamodb.PutItem"),
    ("chaos-run --expect dynamodbst", "chaos-run --expect dynamodbstreams."),
    ("chaos-ctl faul", "chaos-ctl faults"),
    ("chaos-ctl -d /tmp faul", "chaos-ctl -d /tmp faults"),
    ("chaos-ctl paus", "chaos-ctl pause"),
    ("chaos-ctl watch dynamodb.PutI", "chaos-ctl watch dynamodb.PutItem"),
    ("chaos-ctl faults rem", "chaos-ctl faults remove"),
    ("chaos-ctl operations stepf", "chaos-ctl operations stepfunctions"),
    ("chaos-ctl --jsonl", "chaos-ctl --jsonl"),
    ("chaos-control --lis", "chaos-control --listen"),
]


def with_programs(**more):
    return environment(PATH=f"{BUILD}:{os.environ['PATH']}", TERM="dumb", **more)


def bash(line):
    """Calls the function that bash would call."""
    words = line.split(" ")
    script = f"""
        . {SCRIPTS}/chaos.bash
        compopt() {{ :; }}
        COMP_WORDS=({line}) COMP_CWORD={len(words) - 1}
        function=$(complete -p {words[0]} | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
        $function {words[0]} '{words[-1]}' '{words[-2]}'
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script], stdout=subprocess.PIPE, text=True, env=with_programs(), timeout=30
    )
    return [" ".join(words[:-1] + [proposal]) for proposal in done.stdout.split()]


def fish(line):
    command = f"source {SCRIPTS}/chaos.fish; complete -C '{line}'"
    done = subprocess.run(
        ["fish", "--no-config", "-c", command], stdout=subprocess.PIPE, text=True, env=with_programs(), timeout=30
    )
    stem = line.rpartition(" ")[0]
    return [f"{stem} {proposal.split(chr(9))[0]}" for proposal in done.stdout.splitlines()]


class Zsh:
    """One at a terminal."""

    def __init__(self, home):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe("zsh", ["zsh", "-f", "-i"], with_programs(ZDOTDIR=home))
        self.said = b""
        self.type(f"PS1='' fpath=({SCRIPTS} $fpath); unsetopt zle_bracketed_paste prompt_sp\n")
        self.type("autoload -Uz compinit; compinit -u -D; print -r -- be''gun\n")
        self.wait(b"begun")

    def type(self, text):
        os.write(self.fd, text.encode())

    def wait(self, mark):
        while mark not in self.said:
            assert select.select([self.fd], [], [], 30)[0], self.said
            self.said += os.read(self.fd, 65536)

    def close(self):
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def zsh(line, home):
    """What stands on the line after one tab: it is then read from the terminal."""
    shell = Zsh(home)
    try:
        shell.said = b""
        # The line is printed by a widget of the editor, instead of being run.
        shell.type("show() { print -r -- \"<$BUFFER>\"; BUFFER=; }; zle -N show; bindkey '^X' show; print -r -- re''ady\n")
        shell.wait(b"ready")
        shell.said = b""
        shell.type(line + "\t\x18")
        shell.wait(b">")
    finally:
        shell.close()
    found = re.search(rb"<(.*?)>", shell.said)
    return [found[1].decode().rstrip()]


@pytest.mark.parametrize("line, completed", LINES, ids=lambda value: value.replace(" ", "_"))
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_proposes(shell, line, completed, tmp_path):
    assert shutil.which(shell), f"{shell} is missing: 'make setup' installs it"
    proposals = {"bash": bash, "fish": fish, "zsh": lambda line: zsh(line, tmp_path)}[shell](line)
    assert completed in proposals, proposals
    assert len(proposals) == 1, proposals
