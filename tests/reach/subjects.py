# SPDX-License-Identifier: Apache-2.0
"""A client of the matrix under `chaos-run --strict`."""

import subprocess
import time
from pathlib import Path

import harness
from harness import BUILD, TIMEOUT, Answer


def under(daemon, command):
    return [BUILD / "chaos-run", "--strict", "-d", daemon.folder, "--", *command]


def child_of(pid):
    """The one child of a process; None: it has none, or several."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if len(children) == 1 else None


def lane_of(pid):
    """Which way does this process go? It has spoken to AWS already."""
    status = Path(f"/proc/{pid}/status").read_text()
    if "\nSeccomp:\t2\n" in status:
        return "supervised"
    maps = Path(f"/proc/{pid}/maps").read_text()
    if "libchaos-bridge.so" in maps:
        return "bridge"
    return "inside" if "libchaos-shim.so" in maps else None


class Steered:
    """Makes a call for each line that it is given."""

    def __init__(self, client, daemon, command, env):
        self.client, self.daemon = client, daemon
        self.program = harness.Client(under(daemon, command), env)

    def call(self):
        return self.program.ask(self.client.service)

    def lane(self):
        return lane_of(child_of(self.program.process.pid))

    def finish(self):
        """The exit code of chaos-run, and what was said beside the answers."""
        if not self.program.process.stdin.closed:
            self.program.process.stdin.close()
        code = self.program.process.wait(TIMEOUT)
        self.program.stderr.seek(0)
        return code, self.program.stderr.read()

    def kill(self):
        self.program.kill()


class Repeated:
    """Is run for each call."""

    def __init__(self, client, daemon, command, env):
        self.client, self.daemon = client, daemon
        self.command = under(daemon, command)
        self.env = env
        self.blind = None

    def call(self):
        since = time.monotonic()
        done = subprocess.run(
            self.command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=self.env,
            timeout=TIMEOUT,
        )  # fmt: skip
        seconds = time.monotonic() - since
        if done.returncode == 125:
            self.blind = done.stderr
        printed = done.stdout + done.stderr
        status, code = self.client.said(printed)
        if code == "-" and status is None:
            status = 200 if done.returncode == 0 else "error"
        return Answer(status, code, printed, seconds)

    def lane(self):
        # Nobody is left to be asked.
        return self.client.lane

    def finish(self):
        return (125, self.blind) if self.blind else (0, "")

    def kill(self):
        pass
