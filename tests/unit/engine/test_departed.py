"""Records deleted at the source, and fields that a mapping has dropped."""

import pytest

from tasuki.engine.explain import explain
from tasuki.engine.preview import preview_sync
from tasuki.engine.run import run_sync
from tasuki.engine.sync import Options
from tasuki.engine.tally import Ending, RunReport
from tests.unit.engine.stage import TEXT, Small, small

ARCHIVE = TEXT + "deletes: archive\narchive: {Status: Unqualified}\n"
DETACH = TEXT + "deletes: detach\n"


def run(it: Small, **options: object) -> RunReport:
    return run_sync(it.sync(), Options(**options) if options else None)  # type: ignore[arg-type]


def lead(it: Small) -> dict[str, object]:
    (found,) = it.sfa.records("Lead").values()
    return found


def test_by_default_nothing_happens_to_the_counterpart() -> None:
    with small() as it:
        it.person("p1")
        run(it)
        it.crm.delete("people", "p1")
        report = run(it)
        assert report.tally.reasons_of(Ending.SKIPPED) == {"source_deleted": 1}
        assert it.ledger.links("leads", ["p1"])["p1"].state == "live"


def test_detach_closes_the_link_and_leaves_the_counterpart_alone() -> None:
    with small(DETACH) as it:
        it.person("p1")
        run(it)
        before = it.sfa.records("Lead")
        it.crm.delete("people", "p1")
        assert run(it).tally.reasons_of(Ending.SKIPPED) == {"link_closed": 1}
        assert it.ledger.links("leads", ["p1"])["p1"].state == "closed"
        assert it.sfa.records("Lead") == before
        told = explain(it.ledger, "crm/people/p1")
        assert any("link_closed" in one.words for one in told.moments)
        assert run(it, only=("p1",)).tally.reasons_of(Ending.SKIPPED) == {
            "link_closed": 1
        }


def test_archive_gives_the_counterpart_the_values_that_say_so_once() -> None:
    with small(ARCHIVE) as it:
        it.person("p1")
        run(it)
        it.crm.delete("people", "p1")
        planned = preview_sync(it.sync())
        (change,) = planned.changes
        assert (change.action, change.reason) == ("update", "archive")
        assert [(f.name, f.new) for f in change.fields] == [("Status", "Unqualified")]
        assert run(it).tally.ended[Ending.UPDATED] == 1
        assert lead(it)["Status"] == "Unqualified"
        told = explain(it.ledger, "crm/people/p1")
        assert any("archived: source_deleted" in one.words for one in told.moments)
        effects = len(it.sfa.effects)
        again = run(it, only=("p1",))
        assert again.tally.reasons_of(Ending.SKIPPED) == {"counterpart_archived": 1}
        assert len(it.sfa.effects) == effects


@pytest.mark.parametrize("text", [ARCHIVE, DETACH])
def test_a_record_that_comes_back_goes_on_with_its_counterpart(text: str) -> None:
    with small(text) as it:
        it.person("p1")
        run(it)
        it.crm.delete("people", "p1")
        run(it)
        it.crm.restore("people", "p1")
        it.person("p1", name="改名")
        assert run(it).tally.ended[Ending.UPDATED] == 1
        assert lead(it)["Name"] == "改名"
        assert it.ledger.links("leads", ["p1"])["p1"].state == "live"


def test_a_value_that_archiving_wrote_over_is_sent_again_when_its_record_is_back() -> (
    None
):
    text = ARCHIVE.replace("  Name:", "  Status: {const: Open}\n  Name:")
    with small(text) as it:
        it.person("p1")
        run(it)
        it.crm.delete("people", "p1")
        run(it)
        assert lead(it)["Status"] == "Unqualified"
        it.crm.restore("people", "p1")
        run(it)
        assert lead(it)["Status"] == "Open"


def test_a_merged_record_is_no_deleted_one() -> None:
    with small(ARCHIVE) as it:
        it.person("p1")
        run(it)
        it.person("p2", email="other@x.jp")
        it.crm.merge("people", "p1", "p2")
        run(it)
        assert all("Status" not in one for one in it.sfa.records("Lead").values())


@pytest.mark.parametrize("text", [ARCHIVE, DETACH])
def test_a_run_that_would_let_go_of_many_stops_before_any(text: str) -> None:
    with small(text + "guards: {deletes: 2}\n") as it:
        ids = [f"p{n}" for n in range(1, 13)]
        for one in ids:
            it.person(one)
        run(it)
        for one in ids[:3]:
            it.crm.delete("people", one)
        planned = preview_sync(it.sync())
        assert planned.guard == "would let go of 3 deleted records (guard: 2)"
        report = run(it)
        assert report.state == "refused"
        assert "would let go of 3 deleted records (guard: 2)" in report.error
        states = {row.state for row in it.ledger.links("leads", ids).values()}
        assert states == {"live"}
        assert all("Status" not in one for one in it.sfa.records("Lead").values())
        # A person's word is enough; nothing has been passed over meanwhile.
        assert run(it, allow=3).state == "done"
        states = {row.state for row in it.ledger.links("leads", ids[:3]).values()}
        assert states <= {"closed", "archived"}


def test_a_counterpart_that_is_gone_itself_is_let_go() -> None:
    with small(ARCHIVE) as it:
        it.person("p1")
        run(it)
        (one,) = it.sfa.records("Lead")
        it.sfa.delete("Lead", one)
        it.crm.delete("people", "p1")
        report = run(it)
        assert report.tally.reasons_of(Ending.SKIPPED) == {"counterpart_deleted": 1}


def dropped(text: str) -> str:
    """Return the mapping without its field `Name`."""
    return text.replace("  Name: {from: name, required: true, pii: false}\n", "")


def test_fields_that_are_mapped_no_more_are_left_alone() -> None:
    with small() as it:
        it.person("p1")
        run(it)
        it.text = dropped(TEXT)
        assert run(it).tally.ended[Ending.UNCHANGED] == 1
        assert lead(it)["Name"] == "P1"


def test_fields_that_are_mapped_no_more_are_cleared_by_choice_and_once() -> None:
    with small() as it:
        it.person("p1")
        it.person("p2")
        run(it)
        first, second = it.sfa.records("Lead")
        it.sfa.put("Lead", second, Name="typed by a person")
        it.text = dropped(TEXT) + "unmapped: clear\n"
        planned = preview_sync(it.sync())
        assert [(f.name, f.old, f.new) for c in planned.changes for f in c.fields] == [
            ("Name", "P1", None)
        ]
        assert run(it).tally.ended[Ending.UPDATED] == 1
        leads = it.sfa.records("Lead")
        assert (leads[first]["Name"], leads[second]["Name"]) == (
            None,
            "typed by a person",
        )
        assert run(it, full=True).tally.ended[Ending.UNCHANGED] == 2


def test_a_field_that_finds_the_counterpart_is_never_cleared() -> None:
    with small() as it:
        it.person("p1")
        run(it)
        it.text = TEXT.replace("  Email: {from: email, pii: true}\n", "")
        it.text += "unmapped: clear\n"
        run(it)
        assert lead(it)["Email"] == "p1@x.jp"
