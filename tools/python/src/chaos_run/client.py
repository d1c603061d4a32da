# SPDX-License-Identifier: Apache-2.0
"""The daemon's API by its socket, with the standard library alone."""

import contextlib
import http.client
import json
import os
import socket
import urllib.parse
from pathlib import Path

TIMEOUT = 30
PATHS = {"faults": "/_localstack/chaos/faults", "outages": "/outages"}
COUNTS = ("matched", "fired", "delivered", "taken")


class ChaosError(Exception):
    """Something is wrong with what chaos-run was asked for."""


class NotRunning(ChaosError):
    """There is no daemon in the folder."""


class Refused(ChaosError):
    """The daemon has said no; `status` is of HTTP, `answer` the JSON that it gave."""

    def __init__(self, status, answer):
        self.status, self.answer = status, answer
        super().__init__(f"{status}: {answer.get('message', answer)}")


def default_folder():
    """Where the daemon is that programs attach to."""
    named = os.environ.get("CHAOS_DIR")
    if named:
        return Path(named)
    session = os.environ.get("XDG_RUNTIME_DIR")
    return Path(session) / "chaos" if session else Path(f"/tmp/chaos-{os.getuid()}")


class _Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=TIMEOUT)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def _canonical(rule):
    return json.dumps(rule, sort_keys=True)


class Rules:
    """Rules of one block. The counts are those of now, and of its end once it is left."""

    def __init__(self, chaos, which, rules):
        self._chaos, self._which = chaos, which
        self.rules = list(rules)
        self._final = None

    def _lines(self):
        """What the daemon has counted of each rule; None for one that it does not have."""
        if self._final is not None:
            return self._final
        lines = {
            _canonical(line["rule"]): line
            for line in self._chaos.stats()["rules"]
            if line["list"] == self._which
        }
        return [lines.get(_canonical(rule)) for rule in self.rules]

    def _total(self, count):
        return sum(line[count] for line in self._lines() if line)

    @property
    def matched(self):
        """Calls that the rules were about, whatever their dice said."""
        return self._total("matched")

    @property
    def fired(self):
        """Calls that they have answered, or were about to."""
        return self._total("fired")

    @property
    def delivered(self):
        """Answers of which the program has read something."""
        return self._total("delivered")

    @property
    def taken(self):
        """Answers that it has read to their end."""
        return self._total("taken")

    @property
    def ids(self):
        """The rules' ids, as events name them."""
        return [line["id"] for line in self._lines() if line]

    def unfired(self):
        """The rules that have never fired."""
        return [rule for rule, line in zip(self.rules, self._lines()) if not line or not line["fired"]]

    def events(self, **filters):
        """What was done by these rules."""
        found = [event for rule in self.ids for event in self._chaos.events(rule=rule, **filters)]
        return sorted(found, key=lambda event: event["number"])

    def _settle(self):
        self._final = self._lines()

    def __repr__(self):
        counts = ", ".join(f"{count}={getattr(self, count)}" for count in COUNTS)
        return f"<{self._which}: {counts}>"


class Chaos:
    """The daemon of a runtime folder; without one, of that which this program runs under."""

    def __init__(self, folder=None):
        self.folder = Path(folder) if folder else default_folder()

    @property
    def is_running(self):
        try:
            self.request("GET", "/_chaos/status")
        except NotRunning:
            return False
        return True

    def request(self, method, path, body=None):
        """One request. Gives the JSON of the answer, or its text where it is something else."""
        data = None if body is None else json.dumps(body).encode()
        connection = _Connection(self.folder / "control.sock")
        try:
            connection.request(method, path, data)
            response = connection.getresponse()
            text = response.read().decode()
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError) as error:
            raise NotRunning(
                f"no chaos-control answers in {self.folder}; start this program with 'chaos-run {_command()}'"
            ) from error
        finally:
            connection.close()
        answer = json.loads(text) if "json" in (response.getheader("Content-Type") or "") and (
            "ndjson" not in response.getheader("Content-Type")) else text  # fmt: skip
        if response.status >= 400:
            raise Refused(response.status, answer if isinstance(answer, dict) else {"message": text})
        return answer

    def status(self):
        return self.request("GET", "/_chaos/status")

    def stats(self):
        return self.request("GET", "/_chaos/stats")

    def events(self, **filters):
        """A dict for each attempt, the oldest first; filters as /_chaos/events takes them."""
        query = urllib.parse.urlencode(filters)
        text = self.request("GET", "/_chaos/events" + ("?" + query if query else ""))
        return [json.loads(line) for line in text.splitlines()]

    @contextlib.contextmanager
    def observe(self):
        """Inside of the block each call has its event, and operations are counted."""
        path = "/_chaos/observe"
        # Who reads events now may be gone before the block has ended.
        is_kept = self.request("GET", path)["kept"]
        if not is_kept:
            self.request("POST", path)
        try:
            yield
        finally:
            if not is_kept:
                self.request("DELETE", path)

    @contextlib.contextmanager
    def _rules(self, which, rules, must_fire):
        rules = [rules] if isinstance(rules, dict) else list(rules)
        # A rule that is given twice is in force, and counts, once.
        rules = list({_canonical(rule): rule for rule in rules}.values())
        before = {_canonical(rule) for rule in self.request("GET", PATHS[which])}
        there = [rule for rule in rules if _canonical(rule) in before]
        if there:
            raise ChaosError(f"this rule is in force already, and would be removed: {there[0]}")
        block = Rules(self, which, rules)
        with self.observe():
            self.request("PATCH", PATHS[which], rules)
            try:
                yield block
            finally:
                try:
                    block._settle()
                finally:
                    self.request("DELETE", PATHS[which], rules)
        if must_fire and block.unfired():
            raise AssertionError(f"this rule never fired: {block.unfired()[0]}")

    def faults(self, rules, must_fire=False):
        """Fault rules that hold inside of a `with` block, beside those in force. Gives their Rules."""
        return self._rules("faults", rules, must_fire)

    def outages(self, rules, must_fire=False):
        """Outage rules, likewise."""
        return self._rules("outages", rules, must_fire)

    @contextlib.contextmanager
    def latency(self, milliseconds):
        """Every call waits so long, inside of a `with` block."""
        before = self.request("GET", "/_localstack/chaos/effects")
        self.request("POST", "/_localstack/chaos/effects", {"latency": milliseconds})
        try:
            yield
        finally:
            self.request("POST", "/_localstack/chaos/effects", {"latency": before.get("latency", 0)})


def _command():
    """As this program was called, for a message."""
    try:
        words = Path("/proc/self/cmdline").read_bytes().split(b"\0")[:-1]
    except OSError:
        return "…"
    text = " ".join(word.decode(errors="replace") for word in words)
    return text if len(text) <= 80 else text[:79] + "…"
