"""A system that suddenly lacks what it had: the run stops, nothing is let go."""

from collections.abc import Iterator

import pytest

from tasuki.engine.sync import Options
from tasuki.engine.tally import RunReport
from tasuki.ledger import Ledger
from tasuki.testing import (
    FakeFault,
    FakeSystem,
    Lie,
    ManualClock,
    mapping_of,
    temporary_ledger,
)
from tests.simulation.killing import Stage
from tests.simulation.scenes import LEADS, Scene

OPEN = LEADS + "guards: {creates: null, change_share: null}\n"


@pytest.fixture
def stage() -> Iterator[Stage]:
    clock = ManualClock()
    with temporary_ledger(clock) as ledger:
        it = Scene(ledger, clock).leads(people=36, page=5)
        it.mapping = mapping_of(OPEN, "leads")
        done(it)
        assert ledger.count_links("leads") == 24
        yield it


def done(stage: Stage, **options: object) -> RunReport:
    told = stage.run(options=Options(**options) if options else None)  # type: ignore[arg-type]
    assert isinstance(told, RunReport)
    return told


def hide(system: FakeSystem, stream: str, *but: str) -> dict[str, object]:
    """Answer as if nearly nothing was there; returns what to put back."""
    rows = system.streams[stream].rows
    hidden = {one: rows.pop(one) for one in list(rows) if one not in but}
    return dict(hidden)


def live_links(ledger: Ledger) -> int:
    return ledger.count_links("leads")


def test_a_full_read_that_lacks_most_known_records_stops_and_is_repeated(
    stage: Stage,
) -> None:
    hidden = hide(stage.source, "people", "p1", "p2")
    told = done(stage, full=True)
    assert (told.state, told.exit_code) == ("stopped", 1)
    assert "of 24 known records" in told.error
    assert "--accept-empty" in told.remedy
    assert (live_links(stage.ledger), stage.ledger.cursor("leads")) == (24, None)
    stage.source.streams["people"].rows.update(hidden)  # type: ignore[arg-type]
    stage.source.put("people", "p4", name="renamed")
    after = done(stage)
    assert (after.state, after.full) == ("done", True)
    lead = stage.ledger.links("leads", ["p4"])["p4"].destination_id
    assert stage.destination.records("Lead")[lead]["Name"] == "renamed"


def test_a_person_may_say_that_it_is_meant(stage: Stage) -> None:
    hide(stage.source, "people", "p1")
    told = done(stage, full=True, accept_empty=True)
    assert told.state == "done"
    assert stage.ledger.cursor("leads") is not None
    assert len(stage.destination.records("Lead")) == 24


def test_records_that_were_merged_away_are_in_order(stage: Stage) -> None:
    linked = [f"p{n}" for n in range(1, 37) if n % 3]
    for loser in linked[1:20]:
        stage.source.merge("people", loser, linked[0])
    assert done(stage, full=True).state == "done"


def test_a_batch_of_counterparts_that_are_all_gone_lets_no_link_go(
    stage: Stage,
) -> None:
    stage.destination.streams["Lead"].batch_size = 50
    hidden = hide(stage.destination, "Lead")
    for n in range(1, 37):
        stage.source.put("people", f"p{n}", name=f"new {n}")
    told = done(stage)
    assert told.state == "stopped"
    assert "says that 24 of 24 known records are gone" in told.error
    assert live_links(stage.ledger) == 24
    stage.destination.streams["Lead"].rows.update(hidden)  # type: ignore[arg-type]
    assert done(stage).tally.ended["updated"] == 24
    names = {row["Name"] for row in stage.destination.records("Lead").values()}
    assert names == {f"new {n}" for n in range(1, 37) if n % 3}


def test_when_nobody_can_tell_what_was_answered_is_kept(stage: Stage) -> None:
    stage.destination.streams["Lead"].batch_size = 50
    hidden = hide(stage.destination, "Lead")
    for n in range(1, 37):
        stage.source.put("people", f"p{n}", name=f"new {n}")
    stage.destination.plant(FakeFault(Lie.LOST_BEFORE, "fetch"))
    told = done(stage)
    assert (told.state, live_links(stage.ledger)) == ("stopped", 24)
    stage.destination.streams["Lead"].rows.update(hidden)  # type: ignore[arg-type]
    assert done(stage).tally.ended["updated"] == 24


def test_a_few_counterparts_deleted_by_people_are_let_go_as_ever(stage: Stage) -> None:
    for lead in list(stage.destination.records("Lead"))[:4]:
        stage.destination.delete("Lead", lead)
    for n in range(1, 37):
        stage.source.put("people", f"p{n}", name=f"new {n}")
    told = done(stage)
    assert (told.state, live_links(stage.ledger)) == ("done", 20)


def test_records_that_wait_are_not_dropped_by_an_empty_answer(stage: Stage) -> None:
    ids = [f"p{n}" for n in range(1, 13)]
    with stage.ledger.transaction(None) as tx:
        from tasuki.ledger import NewDecision

        tx.add_decisions(
            [NewDecision(i, "leads", "held", "x", "", "", "") for i in ids]
        )
    hidden = hide(stage.source, "people")
    stage.clock.sleep(7200)
    told = done(stage)
    assert "says that 12 of 12 awaited records are gone" in told.error
    outcomes = {d.outcome for d in stage.ledger.last_decisions("leads", ids).values()}
    assert outcomes == {"held"}
    stage.source.streams["people"].rows.update(hidden)  # type: ignore[arg-type]
    assert done(stage).state == "done"


def test_a_cursor_of_another_account_is_not_believed(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """The same place in another account: everything before it would be lost."""
    assert done(stage).full is False
    stage.source.account_name = "the new one"
    told = done(stage)
    assert told.full is True
    assert "leads to another account now: everything is read" in caplog.text
    assert done(stage).full is False
