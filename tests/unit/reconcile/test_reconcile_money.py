"""Invoices are compared by their marks; whatever happens, none is made a second time."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tasuki.testing import watch_ledger
from tests.simulation.killing import Kill, Killer
from tests.unit.reconcile.office import Office, found, lost_ledger, office, only


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as opened:
        opened.deals(40)
        opened.run("invoices")
        assert len(opened.books.records("invoice")) == 40
        yield opened


def unmark(it: Office, invoice: str) -> None:
    it.books.streams["invoice"].rows[invoice].mark = ""


def test_after_forty_invoices_a_lost_ledger_makes_none_again(it: Office) -> None:
    with lost_ledger(it):
        report = it.reconcile("invoices")
        assert (report.counts, report.exit_code) == ({"unlinked": 40}, 1)
        mended = it.reconcile("invoices", repair=True)
        assert (mended.exit_code, mended.after["created"]) == (0, 0)
        again = it.run("invoices", full=True)
        assert again.tally.ended["unchanged"] == 40
        assert len(it.books.effects) == 40
        assert it.reconcile("invoices").exit_code == 0


def test_a_ledger_restored_from_before_the_last_ones_makes_none_again(
    it: Office,
) -> None:
    with lost_ledger(it):
        it.deals(40)
        it.reconcile("invoices", repair=True)  # the old backup knows these 40
        it.deals(45)
        old = it.ledger.cursor("invoices")
        assert old is None
        with lost_ledger(it):
            it.reconcile("invoices", repair=True)
            it.run("invoices")
        it.reconcile("invoices", repair=True)
        it.run("invoices", full=True)
    assert len(it.books.records("invoice")) == 45


def test_a_mark_edited_away_is_made_good_by_what_the_deal_was_told(it: Office) -> None:
    unmark(it, it.invoice_of("d7"))
    with lost_ledger(it):
        it.reconcile("invoices", repair=True)
        it.run("invoices", full=True)
        assert len(it.books.records("invoice")) == 40
        assert it.ledger.count_links("invoices") == 40


def test_a_mark_edited_away_and_a_deal_told_nothing_are_held(it: Office) -> None:
    unmark(it, it.invoice_of("d7"))
    it.sfa.put("Deal", "d7", invoice_id=None)
    with lost_ledger(it):
        report = it.reconcile("invoices", repair=True)
        reason = "a document without our mark looks the same"
        assert ("missing", "d7", reason) in found(report)
        assert report.exit_code == 1
        for _ in range(2):
            it.run("invoices", full=True)
        assert len(it.books.records("invoice")) == 40
        assert it.ledger.last_decisions("invoices", ["d7"])["d7"].outcome == "held"


def test_a_deleted_document_is_not_made_again_by_a_lost_ledger(it: Office) -> None:
    it.books.delete("invoice", it.invoice_of("d7"))
    with lost_ledger(it):
        report = it.reconcile("invoices", repair=True)
        assert ("missing", "d7", "billed before, the document is gone") in found(report)
        it.run("invoices", full=True)
        assert len(it.books.records("invoice")) == 39


def test_a_deal_that_was_copied_with_its_fields_is_billed_once(it: Office) -> None:
    """A copy carries the id of the first deal's invoice: no proof of its own."""
    first = it.invoice_of("d7")
    it.sfa.put(
        "Deal", "copy", name="D7", partner="a7", amount=7, won=True, invoice_id=first
    )
    with lost_ledger(it):
        it.reconcile("invoices", repair=True)
        it.run("invoices", full=True)
        assert len(it.books.records("invoice")) == 41
        assert it.invoice_of("copy") != first


def test_a_mark_of_a_deal_that_is_not_there_is_remembered(it: Office) -> None:
    deal = it.sfa.streams["Deal"].rows.pop("d7")
    with lost_ledger(it):
        report = it.reconcile("invoices", repair=True)
        assert only_of(report, "extra") == 1
        it.sfa.streams["Deal"].rows["d7"] = deal
        it.sfa.put("Deal", "d7", name="D7!", invoice_id=None)
        it.run("invoices", full=True)
        assert len(it.books.records("invoice")) == 40
        assert it.ledger.last_decisions("invoices", ["d7"])["d7"].outcome == "held"


def only_of(report: object, kind: str) -> int:
    return report.counts[kind]  # type: ignore[attr-defined, no-any-return]


def test_a_deleted_and_a_cancelled_invoice_are_told_and_not_made_again(
    it: Office,
) -> None:
    it.books.delete("invoice", it.invoice_of("d1"))
    it.books.cancel("invoice", it.invoice_of("d2"))
    for _ in range(2):
        report = it.reconcile("invoices", repair=True)
        assert found(report) == {
            ("missing", "d1", "document deleted"),
            ("missing", "d2", "document cancelled"),
        }
        assert (report.exit_code, report.left_over()) == (1, 2)
    it.run("invoices", full=True)
    assert len(it.books.effects) == 40
    it.sfa.put("Deal", "d1", won=False)
    it.sfa.put("Deal", "d2", won=False)
    it.run("invoices")
    assert it.reconcile("invoices").exit_code == 0


def test_a_copy_with_the_same_mark_is_a_second_live_invoice(it: Office) -> None:
    first = it.invoice_of("d3")
    copy = it.books.put("invoice", "", **it.books.records("invoice")[first])
    it.books.streams["invoice"].rows[copy].mark = (
        it.books.streams["invoice"].rows[first].mark
    )
    one = only(it.reconcile("invoices", repair=True))
    assert (one.kind, set(one.targets)) == ("duplicated", {first, copy})
    it.books.cancel("invoice", copy)
    assert it.reconcile("invoices").exit_code == 0


def test_one_typed_by_hand_that_looks_the_same_is_told(it: Office) -> None:
    typed = it.books.put("invoice", "", partner="a5", total=5, subject="by hand")
    one = only(it.reconcile("invoices"))
    assert (one.kind, one.source_id, one.reason) == (
        "duplicated", "d5", "another document looks the same",
    )  # fmt: skip
    assert one.targets == (it.invoice_of("d5"), typed)


def test_an_issued_document_that_was_altered_is_told_and_left(it: Office) -> None:
    it.books.put("invoice", it.invoice_of("d6"), total=999)
    report = it.reconcile("invoices", repair=True)
    one = only(report)
    assert (one.kind, [f.name for f in one.fields]) == ("drifted", ["total"])
    assert (one.fields[0].old, one.fields[0].new) == (999, 6)
    assert len(it.books.effects) == 40


def test_an_invoice_of_a_deal_that_is_not_won_any_more_is_an_extra(it: Office) -> None:
    it.sfa.put("Deal", "d8", won=False)
    it.run("invoices")
    one = only(it.reconcile("invoices", repair=True))
    assert (one.kind, one.source_id) == ("extra", "d8")
    assert one.reason == "the record does not qualify: not_won"


def test_a_deal_that_was_passed_over_is_billed_once(it: Office) -> None:
    it.deals(41)
    report = it.reconcile("invoices")
    assert report.exit_code == 0, "changed since the last run that read the stream"
    cursor = it.ledger.cursor("invoices")
    assert cursor is not None
    with it.ledger.transaction(None) as tx:
        tx.put_cursor("invoices", "", str(it.sfa._changes), cursor.revision)
    it.later()
    it.run("invoices")
    mended = it.reconcile("invoices", repair=True)
    assert found(mended) == {("missing", "d41", "never sent")}
    assert (mended.exit_code, len(it.books.effects)) == (0, 41)
    assert it.reconcile("invoices").exit_code == 0


def test_a_repair_killed_at_any_step_leaves_nothing_twice(tmp_path: Path) -> None:
    kills = 0
    for at in range(1, 400, 9):
        with office(tmp_path) as it:
            it.deals(6)
            it.run("invoices")
            it.books.delete("invoice", it.invoice_of("d6"))
            it.deals(7)
            with lost_ledger(it):
                it.later()
                killer = Killer(at)
                with ExitStack() as stack:
                    stack.enter_context(watch_ledger(it.ledger, killer))
                    it.sfa.on_step = it.books.on_step = killer
                    try:
                        it.reconcile("invoices", repair=True)
                    except Kill:
                        kills += 1
                    it.sfa.on_step = it.books.on_step = lambda _: None
                it.later()  # leases run out, quiet times too
                it.reconcile("invoices", repair=True)
                it.run("invoices", full=True)
                marks = [r.mark for r in it.books.streams["invoice"].alive()]
                assert len(set(marks)) == len(marks) == 6, killer.where
                after = it.reconcile("invoices")
                assert found(after) == {("missing", "d6", "held: in_doubt")}
            if killer.steps < at:
                break
    assert kills > 5
