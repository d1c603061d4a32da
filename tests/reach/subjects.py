# SPDX-License-Identifier: Apache-2.0
"""A client of the matrix under `chaos-run --strict`."""

import subprocess
import time

import harness
from harness import BUILD, TIMEOUT, Answer


def under(daemon, command):
    return [BUILD / "chaos-run", "--strict", "-d", daemon.folder, "--", *command]


def lanes(daemon):
    """Those that connections took."""
    processes = daemon.request("GET", "/_chaos/processes").json
    return {name for one in processes for name, count in one["lanes"].items() if count}


class Steered:
    """Makes a call for each line that it is given."""

    def __init__(self, client, daemon, command, env):
        self.client, self.daemon = client, daemon
        self.program = harness.Client(under(daemon, command), env)

    def call(self):
        return self.program.ask(self.client.service)

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

    def finish(self):
        return (125, self.blind) if self.blind else (0, "")

    def kill(self):
        pass
