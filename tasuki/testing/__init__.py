"""Deterministic fakes for tests of mappings, connectors and whole runs. Public."""

from tasuki.testing.clock import ManualClock
from tasuki.testing.destination import FakeDestination
from tasuki.testing.faults import FakeFault, Lie
from tasuki.testing.mapping import mapping_of, mappings_of
from tasuki.testing.runs import (
    fake_sync,
    memory_ledger,
    temporary_ledger,
    watch_ledger,
)
from tasuki.testing.source import FakeSource
from tasuki.testing.store import Effect, FakeStream
from tasuki.testing.system import FakeSystem

__all__ = [
    "Effect",
    "FakeDestination",
    "FakeFault",
    "FakeSource",
    "FakeStream",
    "FakeSystem",
    "Lie",
    "ManualClock",
    "fake_sync",
    "mapping_of",
    "mappings_of",
    "memory_ledger",
    "temporary_ledger",
    "watch_ledger",
]
