"""Every invoice that was sent is archived, wherever the process died."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tasuki.archive.chain import verify
from tasuki.archive.content import ContentStore
from tasuki.archive.query import Query
from tasuki.archive.terms import Terms
from tasuki.clock import TOKYO
from tasuki.engine.archiving import Archiving
from tasuki.engine.keeping import found
from tasuki.engine.run import run_sync
from tasuki.engine.sync import Options, Sync
from tasuki.engine.tally import RunReport
from tasuki.ledger import Ledger
from tasuki.ledger.rows import decode
from tasuki.mapping import CompiledMapping
from tasuki.model.write import WriteClass
from tasuki.testing import (
    FakeStream,
    FakeSystem,
    ManualClock,
    fake_sync,
    mappings_of,
    memory_ledger,
)
from tests.simulation.killing import LEASE, Killer, Stage

INVOICES = """
version: 1
source: sfa/Deal
destination: books/invoice
write: once
key: number
fields:
  number: number
  total: amount
  billing_date: day
evidence: {number: sent.number, amount: sent.total, counterparty: sent.number}
on_change: hold
retry: money
"""
MAPPING = mappings_of({"invoices": INVOICES})["invoices"]


@dataclass
class KeepingStage(Stage):
    """A stage that archives what it sends."""

    folder: Path = field(default=Path())

    def sync(self) -> Sync:
        sync = fake_sync(self.mapping, self.source, self.destination, self.ledger)
        sync.archive = Archiving(ContentStore(self.folder), Terms(self.folder))
        return sync

    def _one(self, _: CompiledMapping, options: Options | None) -> RunReport:
        return run_sync(self.sync(), options or Options(lease_seconds=LEASE))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def ledger(clock: ManualClock) -> Iterator[Ledger]:
    with memory_ledger(clock) as opened:
        yield opened


def build(
    ledger: Ledger, clock: ManualClock, folder: Path, deals: int = 2
) -> KeepingStage:
    source = FakeSystem(clock, FakeStream("Deal"), name="sfa")
    for at in range(1, deals + 1):
        source.put(
            "Deal", f"D{at}", number=f"N{at}", amount=1100 * at, day="2026-05-20"
        )
    books = FakeSystem(
        clock, FakeStream("invoice", WriteClass.MARKER, batch_size=1), name="books"
    )
    return KeepingStage(MAPPING, source, books, ledger, clock, folder=folder)


def check_archived(stage: KeepingStage) -> None:
    """Each invoice of the books is in the archive: once, with its bytes."""
    store = ContentStore(stage.folder)
    checked = verify(stage.ledger.archive_entries(), look=store.look)
    assert checked.faults == ()
    sent = {
        str(one.channel): one for one in found(stage.ledger, Query(doc_type="invoice"))
    }
    there = stage.destination.records("invoice")
    assert set(sent) == {f"books/invoice/{one}" for one in there}
    assert checked.entries == 2 * len(there)
    for one, fields in there.items():
        entry = sent[f"books/invoice/{one}"]
        content = decode(store.read(str(entry.content_sha256)).decode())
        assert content["number"] == fields["number"] == entry.doc_no
        assert entry.transaction_date == "2026-05-20"
        assert entry.amount == str(fields["total"])


def test_whatever_step_it_died_at_each_invoice_is_archived_once(
    tmp_path: Path,
) -> None:
    at, where = 1, set()
    empty = tmp_path / "empty.db"
    Ledger.open(f"sqlite:///{empty}", ManualClock()).close()
    while True:
        clock = ManualClock()
        copy = shutil.copy(empty, tmp_path / "ledger.db")
        with Ledger.open(f"sqlite:///{copy}", clock, durability="OFF") as ledger:
            stage = build(ledger, clock, tmp_path / str(at), deals=1)
            died = stage.run(kill_at=at)
            try:
                stage.recover()
                check_archived(stage)
            except BaseException as error:
                error.add_note(f"killed at step {at}: {died}")
                raise
        if not isinstance(died, Killer):
            break
        where.add(died.where)
        at += 1
        for left in tmp_path.glob("ledger.db*"):
            left.unlink()
    assert len(stage.destination.records("invoice")) == 1
    assert {"before _add", "after _add", "before commit", "after commit"} <= where


def test_invoices_of_before_the_archive_are_swept_in(
    ledger: Ledger, clock: ManualClock, tmp_path: Path
) -> None:
    stage = build(ledger, clock, tmp_path)
    run_sync(fake_sync(MAPPING, stage.source, stage.destination, ledger))
    assert ledger.archive_head()[0] == 0
    clock.advance(LEASE + 1)
    stage.run()
    check_archived(stage)


def test_a_write_that_cannot_be_archived_is_not_confirmed(
    ledger: Ledger, clock: ManualClock, tmp_path: Path
) -> None:
    stage = build(ledger, clock, tmp_path / "store")
    (tmp_path / "store").write_text("no folder")
    report = stage.run()
    assert isinstance(report, RunReport)
    assert report.state == "stopped"
    assert "cannot be archived" in report.error
    (tmp_path / "store").unlink()
    stage.recover()
    check_archived(stage)


def test_a_date_that_nobody_can_read_keeps_no_invoice_from_being_confirmed(
    ledger: Ledger, clock: ManualClock, tmp_path: Path
) -> None:
    stage = build(ledger, clock, tmp_path, deals=1)
    stage.source.put("Deal", "D1", number="N1", amount=5, day="some day in May")
    report = stage.run()
    assert isinstance(report, RunReport)
    assert report.state == "done", report.error
    (entry, _) = ledger.archive_entries()
    assert entry.transaction_date == clock.now().astimezone(TOKYO).date().isoformat()
