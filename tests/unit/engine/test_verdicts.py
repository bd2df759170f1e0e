"""One record of each kind: what a preview says, and what a run then does."""

from collections.abc import Iterator

import pytest

from tasuki.engine.explain import explain
from tasuki.engine.preview import preview_sync
from tasuki.engine.run import run_sync
from tasuki.engine.tally import Ending
from tasuki.ledger import LeaseHeldError
from tests.unit.engine.stage import Small, small


@pytest.fixture
def office() -> Iterator[Small]:
    with small() as office:
        yield office


def everybody(office: Small) -> None:
    """Somebody for each verdict, after a first run that made two leads."""
    office.person("known")
    office.person("changed")
    run_sync(office.sync())
    office.crm.put("people", "known", note="of no interest")
    office.crm.put("people", "changed", name="OTHER")
    office.person("new")
    office.person("cold", score=10)
    office.person("faulty", name=None)
    office.person("twin", email="KNOWN@x.jp")
    office.person("there")
    office.sfa.put("Lead", "L-there", Email="there@x.jp")
    office.person("customer")
    office.sfa.put("Contact", "C-1", Email="customer@x.jp")
    office.person("double")
    office.sfa.put("Lead", "L-1", Email="double@x.jp")
    office.sfa.put("Lead", "L-2", Email="double@x.jp")
    office.person("gone")
    office.crm.delete("people", "gone")


EXPECTED = {
    "known": ("unchanged", ""),
    "changed": ("update", ""),
    "new": ("create", ""),
    "cold": ("skip", "not_ready"),
    "faulty": ("dead", "required"),
    "twin": ("hold", "duplicate_record"),
    "there": ("update", "attach"),
    "customer": ("attach", ""),
    "double": ("hold", "ambiguous_match"),
    "gone": ("skip", "source_deleted"),
}


def test_a_preview_names_every_verdict_and_changes_nothing(office: Small) -> None:
    everybody(office)
    before, effects = office.dump(), len(office.sfa.effects + office.crm.effects)
    shown = preview_sync(office.sync(), show=50)
    assert office.dump() == before
    assert len(office.sfa.effects + office.crm.effects) == effects
    found = {
        one.ref.rpartition("/")[2]: (one.action, one.reason) for one in shown.changes
    }
    assert found == {k: v for k, v in EXPECTED.items() if v[0] != "unchanged"}
    assert shown.counts["unchanged"] == 1


def test_a_preview_shows_old_and_new_values_but_no_personal_ones(office: Small) -> None:
    everybody(office)
    changes = {one.ref: one for one in preview_sync(office.sync()).changes}
    (name,) = changes["crm/people/changed"].fields
    assert (name.name, name.old, name.new) == ("Name", "CHANGED", "OTHER")
    shown = {f.name: f.new for f in changes["crm/people/new"].fields}
    assert shown == {"Person_Id": "new", "Email": "***", "Name": "NEW"}


def test_a_run_does_what_the_preview_said(office: Small) -> None:
    everybody(office)
    tally = run_sync(office.sync()).tally
    assert {ending: n for ending, n in tally.ended.items() if n} == {
        Ending.CREATED: 1,
        Ending.UPDATED: 1,
        Ending.ATTACHED: 2,
        Ending.UNCHANGED: tally.ended[Ending.UNCHANGED],
        Ending.SKIPPED: 2,
        Ending.HELD: 2,
        Ending.DEAD: 1,
    }
    leads = office.sfa.records("Lead")
    assert leads["L-there"]["Person_Id"] == "there"
    assert office.crm.records("people")["new"]["lead_id"] in leads
    assert "lead_id" not in office.crm.records("people")["twin"]


def test_what_stays_held_is_one_decision_however_often_it_is_looked_at(
    office: Small,
) -> None:
    everybody(office)
    for _ in range(4):
        run_sync(office.sync())
        office.clock.advance(3700)
    story = office.ledger.everything_about("double")
    assert [(row.outcome, row.reason) for row in story.decisions] == [
        ("held", "ambiguous_match")
    ]


def test_a_held_record_goes_on_once_a_person_has_decided(office: Small) -> None:
    everybody(office)
    run_sync(office.sync())
    office.sfa.delete("Lead", "L-2")
    office.clock.advance(3700)
    assert run_sync(office.sync()).tally.ended[Ending.ATTACHED] == 1
    assert office.sfa.records("Lead")["L-1"]["Person_Id"] == "double"


def test_a_story_tells_what_happened_and_why(office: Small) -> None:
    everybody(office)
    run_sync(office.sync())
    story = explain(office.ledger, "crm/people/changed")
    lead = next(
        i for i, f in office.sfa.records("Lead").items() if f["Person_Id"] == "changed"
    )
    assert story.refs[:2] == ["crm/people/changed", f"sfa/Lead/{lead}"]
    told = [(m.kind, m.words) for m in story.moments]
    assert ("sent", "created") in told
    assert ("sent", "updated; Name") in told
    assert ("written_back", "lead_id") in told
    assert [m.at for m in story.moments] == sorted(m.at for m in story.moments)
    by_lead = explain(office.ledger, f"sfa/Lead/{lead}")
    assert {m.words for m in by_lead.moments} == {m.words for m in story.moments}
    assert any("not_ready" in m.words for m in explain(office.ledger, "cold").moments)
    assert "x.jp" not in str(story.as_json())


def test_a_second_run_at_the_same_time_says_who_holds_the_lease(office: Small) -> None:
    lease = office.ledger.acquire_lease("sync:leads", 60)
    with pytest.raises(LeaseHeldError, match="is held by process"):
        run_sync(office.sync())
    office.ledger.release_lease(lease)
    assert run_sync(office.sync()).state == "done"


def test_a_lead_deleted_over_there_is_let_go_and_not_made_again(office: Small) -> None:
    office.person("p1")
    run_sync(office.sync())
    (lead,) = office.sfa.records("Lead")
    office.sfa.delete("Lead", lead)
    for name in ("B", "C"):
        office.crm.put("people", "p1", name=name)
        tally = run_sync(office.sync()).tally
        assert tally.reasons_of(Ending.SKIPPED) == {"counterpart_deleted": 1}
    assert not office.sfa.records("Lead")


def test_a_lead_merged_over_there_is_followed(office: Small) -> None:
    office.person("p1")
    run_sync(office.sync())
    (lead,) = office.sfa.records("Lead")
    office.sfa.put("Lead", "L-master", Email="other@x.jp")
    office.sfa.move("Lead", lead, ("Lead", "L-master"))
    office.crm.put("people", "p1", name="B")
    run_sync(office.sync())
    assert office.sfa.records("Lead")["L-master"]["Name"] == "B"
    assert office.ledger.link_targets("leads", ["p1"]) == {"p1": "L-master"}


def test_a_converted_lead_is_followed_and_never_written_to_again(office: Small) -> None:
    office.person("p1")
    run_sync(office.sync())
    (lead,) = office.sfa.records("Lead")
    office.sfa.put("Contact", "C-9")
    office.sfa.move("Lead", lead, ("Contact", "C-9"))
    for name in ("B", "C"):
        office.crm.put("people", "p1", name=name)
        assert run_sync(office.sync()).state == "done"
    link = office.ledger.links("leads", ["p1"])["p1"]
    assert (link.destination, link.destination_id) == ("sfa/Contact", "C-9")
    assert office.sfa.records("Contact")["C-9"] == {}
