"""What a comparison of people and leads finds, and what a repair makes of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasuki.ledger import LeaseHeldError
from tasuki.testing import FakeFault, Lie
from tests.unit.reconcile.office import Office, found, lost_ledger, office, only


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as opened:
        opened.people(12)
        opened.run("leads")
        yield opened


def test_two_sides_that_agree_cost_a_sweep_of_each_and_nothing_more(it: Office) -> None:
    it.crm.calls.clear()
    it.sfa.calls.clear()
    report = it.reconcile("leads")
    assert (report.exit_code, report.agree, report.source_records) == (0, 12, 12)
    assert dict(it.crm.calls) == {"read people": 2, "count people": 1}
    assert dict(it.sfa.calls) == {"sweep Lead": 3, "count Lead": 1}
    assert report.predicted == {"crm": 2, "sfa": 3}


def test_a_field_that_was_changed_over_there_is_named_and_sent_again(
    it: Office,
) -> None:
    lead = it.lead_of("p3")
    it.sfa.put("Lead", lead, Name="somebody else", Email="new@x.jp", Phone="03-1")
    report = it.reconcile("leads")
    one = only(report)
    assert (one.kind, one.reason, report.exit_code) == (
        "drifted", "changed at the destination", 1,
    )  # fmt: skip
    assert {f.name: (f.old, f.new) for f in one.fields} == {
        "Email": ("***", "***"), "Name": ("***", "***"),
    }  # fmt: skip
    assert it.sfa.records("Lead")[lead]["Name"] == "somebody else"
    mended = it.reconcile("leads", repair=True)
    assert (mended.exit_code, mended.after["updated"]) == (0, 1)
    assert (
        it.sfa.records("Lead")[lead] | {"Name": "N3", "Phone": "03-1"}
        == (it.sfa.records("Lead")[lead])
    )
    assert it.reconcile("leads").exit_code == 0


def test_a_record_that_was_passed_over_is_missing_and_a_run_makes_it_once(
    it: Office,
) -> None:
    it.people(13)
    it.later()
    sync = it.ledger.cursor("leads")
    assert sync is not None
    with it.ledger.transaction(None) as tx:  # a cursor that went past it
        tx.put_cursor("leads", "", str(it.crm._changes), sync.revision)
    it.run("leads")
    report = it.reconcile("leads")
    assert found(report) == {("missing", "p13", "never sent")}
    mended = it.reconcile("leads", repair=True)
    assert (mended.exit_code, mended.after["created"]) == (0, 1)
    assert it.reconcile("leads").exit_code == 0
    assert len(it.sfa.records("Lead")) == 13


def test_what_changed_since_the_last_run_is_that_of_the_next_one(it: Office) -> None:
    it.people(13)
    report = it.reconcile("leads")
    assert (report.exit_code, dict(report.accounted)) == (
        0, {"changed since the last run": 1},
    )  # fmt: skip


def test_a_source_record_that_is_gone_leaves_an_extra_or_only_a_link(
    it: Office,
) -> None:
    it.crm.delete("people", "p1")
    it.crm.delete("people", "p2")
    it.sfa.delete("Lead", it.lead_of("p2"))
    report = it.reconcile("leads")
    assert found(report) == {
        ("extra", "p1", "the source record is gone"),
        ("ledger_only", "p2", "both sides are gone"),
    }
    it.reconcile("leads", repair=True)
    assert len(it.sfa.records("Lead")) == 11, "nothing is ever deleted"
    assert found(it.reconcile("leads")) == {
        ("extra", "p1", "the source record is gone")
    }


def test_a_merged_person_hands_the_lead_to_the_survivor(it: Office) -> None:
    it.people(12)
    it.crm.put("people", "p20", email="p20@x.jp", name="N20", score=10)
    it.crm.merge("people", "p1", "p20")
    lead = it.lead_of("p1")
    assert ("extra", "p1", "merged at the source") in found(it.reconcile("leads"))
    it.reconcile("leads", repair=True)
    assert it.lead_of("p20") == lead


def test_a_lead_that_moved_is_followed_and_one_that_was_deleted_is_let_go(
    it: Office,
) -> None:
    contact = it.sfa.put("Contact", "c-9", Email="p1@x.jp")
    it.sfa.move("Lead", it.lead_of("p1"), ("Contact", contact))
    it.sfa.delete("Lead", it.lead_of("p2"))
    report = it.reconcile("leads")
    reason = "counterpart deleted, merged or converted"
    assert found(report) == {("missing", "p1", reason), ("missing", "p2", reason)}
    mended = it.reconcile("leads", repair=True)
    assert it.lead_of("p1") == contact
    assert mended.after["created"] == 0
    after = it.reconcile("leads")
    assert (after.exit_code, dict(after.accounted)) == (
        0, {"counterpart deleted by a person": 1},
    )  # fmt: skip


def test_two_leads_that_claim_one_person_are_a_persons_question(it: Office) -> None:
    it.sfa.put("Lead", "copy", Person_Id="p4", Name="N4", Email="p4@x.jp")
    report = it.reconcile("leads", repair=True)
    one = only(report)
    assert (one.kind, one.source_id) == ("duplicated", "p4")
    assert set(one.targets) == {"copy", it.lead_of("p4")}
    assert (report.exit_code, len(it.sfa.records("Lead"))) == (1, 13)


def test_a_lead_of_nobody_is_an_extra(it: Office) -> None:
    it.sfa.put("Lead", "stray", Person_Id="p99", Name="?")
    report = it.reconcile("leads")
    assert found(report) == {("extra", "p99", "the source record is gone")}


def test_one_delivered_and_no_longer_qualified_is_in_order(it: Office) -> None:
    it.crm.put("people", "p1", score=10)
    it.run("leads")
    report = it.reconcile("leads")
    assert (report.exit_code, dict(report.accounted)) == (
        0, {"no longer qualifies": 1},
    )  # fmt: skip


def test_a_lost_ledger_is_made_again_from_the_keys(it: Office) -> None:
    it.sfa.put("Contact", "c-1", Email="p50@x.jp")
    it.crm.put("people", "p50", email="p50@x.jp", name="N50", score=90)
    it.run("leads")
    with lost_ledger(it):
        report = it.reconcile("leads")
        assert report.counts == {"unlinked": 13}
        before = len(it.sfa.effects)
        mended = it.reconcile("leads", repair=True)
        assert (mended.exit_code, mended.after["created"]) == (0, 0)
        it.run("leads")
        assert len(it.sfa.effects) == before, "nothing was written"
        assert it.reconcile("leads").exit_code == 0


def test_a_source_that_is_suddenly_empty_stops_it_before_anything(it: Office) -> None:
    it.crm.streams["people"].rows.clear()
    for repair in (False, True):
        report = it.reconcile("leads", repair=repair)
        assert (report.state, report.exit_code) == ("stopped", 1)
        assert "answers with 0 of 12 known records" in report.error
        assert "--accept-empty" in report.remedy
    assert it.ledger.count_links("leads") == 12
    meant = it.reconcile("leads", repair=True, accept_empty=True)
    assert (meant.state, meant.counts["extra"]) == ("done", 12)
    assert len(it.sfa.records("Lead")) == 12


def test_a_destination_that_is_suddenly_empty_stops_it_too(it: Office) -> None:
    for row in it.sfa.streams["Lead"].rows.values():
        row.deleted = True
    report = it.reconcile("leads", repair=True)
    assert "shows 0 of 12 known counterparts" in report.error
    assert it.ledger.count_links("leads") == 12


@pytest.mark.parametrize(("system", "call"), [("crm", "read"), ("sfa", "sweep")])
def test_a_system_that_is_down_stops_it_and_nothing_is_mended(
    it: Office, system: str, call: str
) -> None:
    it.sfa.delete("Lead", it.lead_of("p2"))
    getattr(it, system).plant(FakeFault(Lie.LOST_BEFORE, call))
    report = it.reconcile("leads", repair=True)
    assert (report.state, report.exit_code) == ("stopped", 3)
    assert not report.repaired
    assert it.ledger.count_links("leads") == 12
    getattr(it, system).tell_the_truth()
    assert it.reconcile("leads", repair=True).exit_code == 0


def test_two_at_once_are_one_and_a_repair_keeps_runs_out(it: Office) -> None:
    for name, repair in (("reconcile:leads", False), ("sync:leads", True)):
        lease = it.ledger.acquire_lease(name)
        with pytest.raises(LeaseHeldError):
            it.reconcile("leads", repair=repair)
        it.ledger.release_lease(lease)
    lease = it.ledger.acquire_lease("sync:leads")
    assert it.reconcile("leads").exit_code == 0, "looking disturbs no run"
    it.ledger.release_lease(lease)


def test_a_sample_looks_at_so_many_links_and_reads_nothing_else(it: Office) -> None:
    it.crm.calls.clear()
    it.sfa.calls.clear()
    report = it.reconcile("leads", sample=5)
    assert (report.source_records, report.agree) == (5, 5)
    assert dict(it.crm.calls) == {"fetch people": 1}
    assert dict(it.sfa.calls) == {"fetch Lead": 1}


def test_what_was_found_is_shown_in_part_and_counted_whole(it: Office) -> None:
    for lead in it.sfa.records("Lead"):
        it.sfa.put("Lead", lead, Name="?")
    report = it.reconcile("leads", show=2)
    assert (len(report.findings), report.counts["drifted"]) == (2, 12)
    assert it.reconcile("leads", repair=True, show=0).after["updated"] == 12
