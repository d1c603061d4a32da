# SPDX-License-Identifier: Apache-2.0
"""Steers chaos-run: rules that hold inside of a block, and what became of them."""

from .client import Chaos, ChaosError, NotRunning, Refused, Rules

__all__ = [
    "Chaos", "ChaosError", "NotRunning", "Refused", "Rules",
    "faults", "outages", "latency", "events", "stats",
]  # fmt: skip


def faults(rules, must_fire=False):
    """Fault rules that hold inside of a `with` block. Gives their Rules, with the counts."""
    return Chaos().faults(rules, must_fire=must_fire)


def outages(rules, must_fire=False):
    """Outage rules, likewise."""
    return Chaos().outages(rules, must_fire=must_fire)


def latency(milliseconds):
    """Every call waits so long, inside of a `with` block."""
    return Chaos().latency(milliseconds)


def events(**filters):
    """What happened: a dict for each attempt, the oldest first."""
    return Chaos().events(**filters)


def stats():
    """Counts of operations, of rules, and of all."""
    return Chaos().stats()
