"""What else may happen to leads (class B): twins, changes at the wrong moment, losses."""

import pytest

from tasuki.engine.run import run_sync
from tasuki.engine.sync import Options
from tasuki.engine.tally import Ending, RunReport
from tasuki.testing import FakeFault, Lie, fake_sync, mapping_of
from tests.simulation.killing import (
    LEASE,
    Kill,
    Killer,
    Stage,
    check,
    check_rerun_is_quiet,
    creations,
    open_intents,
)
from tests.simulation.scenes import LEADS, Scene

BY_EMAIL = """
version: 1
source: crm/people
destination: sfa/Lead
qualify: {not_ready: score >= 50}
match: [{Email: email}]
fields: {Email: email, Name: name}
"""


def done(told: RunReport | Killer) -> RunReport:
    assert isinstance(told, RunReport)
    return told


def killed_after(stage: Stage, what: str, times: int = 1) -> None:
    """Run until the process dies right after something has happened."""
    left = times

    def step(where: str) -> None:
        nonlocal left
        if where == what:
            left -= 1
        if left <= 0:
            raise Kill(where)

    stage.source.on_step = stage.destination.on_step = step
    sync = fake_sync(stage.mapping, stage.source, stage.destination, stage.ledger)
    with pytest.raises(Kill):
        run_sync(sync, Options(lease_seconds=LEASE))
    stage.source.on_step = stage.destination.on_step = lambda _: None
    # The dead process gave its lease back while it fell: no matter, time passes anyway.
    stage.clock.advance(LEASE + 1)


@pytest.mark.parametrize("guarded", [True, False])
@pytest.mark.parametrize("batch", [1, 3, 50])
def test_of_two_records_with_one_address_only_the_first_becomes_a_lead(
    scene: Scene, *, guarded: bool, batch: int
) -> None:
    stage = scene.leads(people=8, batch=batch)
    if guarded:
        stage.mapping = mapping_of(f"{LEADS}guards: {{creates: 100}}\n", "leads")
    stage.source.put("people", "p8", email="P1@x.jp", score=90)
    report = done(stage.run())
    assert creations(stage.destination, "Lead") == list(
        stage.destination.records("Lead")
    )
    emails = [f["Email"] for f in stage.destination.records("Lead").values()]
    assert len({e.casefold() for e in emails}) == len(emails)
    assert report.tally.ended[Ending.HELD] == 1
    assert report.tally.reasons_of(Ending.HELD) == {"duplicate_record": 1}


def test_a_record_that_changes_while_it_is_read_is_created_once(scene: Scene) -> None:
    stage = scene.leads(people=8, batch=3, page=3)
    sync = fake_sync(stage.mapping, stage.source, stage.destination, stage.ledger)
    pages = 0

    def on_page(_: object) -> None:
        nonlocal pages
        pages += 1
        if pages in {1, 2}:
            stage.source.put("people", "p1", name=f"changed {pages}")

    sync.on_page = on_page
    run_sync(sync)
    creates = [e for e in stage.destination.effects if e.created]
    assert len({e.fields["Person_Id"] for e in creates}) == len(creates)
    (name,) = [
        fields["Name"]
        for fields in stage.destination.records("Lead").values()
        if fields["Person_Id"] == "p1"
    ]
    assert name == "changed 2"
    check_rerun_is_quiet(stage)


def test_a_key_that_changes_after_the_death_makes_no_second_lead(scene: Scene) -> None:
    stage = scene.leads(people=2)
    stage.mapping = mapping_of(BY_EMAIL, "leads")
    killed_after(stage, "after write sfa/Lead")
    stage.source.put("people", "p1", email="new@x.jp")
    stage.recover()
    expected = {"p1": {"Email": "new@x.jp"}, "p2": {"Email": "p2@x.jp"}}
    check(stage, expected)
    check_rerun_is_quiet(stage)


def test_a_lead_sent_before_the_death_keeps_its_link_though_it_does_not_qualify_now(
    scene: Scene,
) -> None:
    stage = scene.leads(people=2)
    killed_after(stage, "after write sfa/Lead")
    stage.source.put("people", "p1", score=0)
    stage.recover()
    check(stage, {"p1": {}, "p2": {}})


def test_an_update_sent_before_the_death_is_undone_when_the_source_went_back(
    scene: Scene,
) -> None:
    stage = scene.leads(people=2)
    done(stage.run())
    stage.source.put("people", "p1", name="other")
    killed_after(stage, "after write sfa/Lead")
    stage.source.put("people", "p1", name="N1")
    stage.recover()
    check(stage, {"p1": {"Name": "N1"}, "p2": {"Name": "N2"}})
    check_rerun_is_quiet(stage)


def test_an_update_whose_answer_was_lost_is_undone_when_the_source_went_back(
    scene: Scene,
) -> None:
    stage = scene.leads(people=2)
    done(stage.run())
    stage.source.put("people", "p1", name="other")
    stage.destination.plant(FakeFault(Lie.LOST_AFTER))
    assert done(stage.run()).state == "stopped"
    stage.source.put("people", "p1", name="N1")
    stage.recover()
    check(stage, {"p1": {"Name": "N1"}, "p2": {"Name": "N2"}})


def test_a_merged_record_hands_its_lead_to_the_survivor_on_the_same_page(
    scene: Scene,
) -> None:
    stage = scene.leads(people=2, page=50)
    stage.source.put("people", "p9", email="p9@x.jp", name="N9", score=10)
    done(stage.run())
    stage.source.merge("people", "p1", "p9")
    stage.source.put("people", "p9", score=90)
    stage.recover()
    check(stage, {"p9": {"Email": "p9@x.jp"}, "p2": {"Email": "p2@x.jp"}})
    check_rerun_is_quiet(stage)


def test_a_counterpart_found_and_deleted_at_once_is_made_anew(scene: Scene) -> None:
    stage = scene.leads(people=1)
    stage.mapping = mapping_of(
        LEADS.replace("Person_Id: id\n  - ", "Person_Id: id\n  - "), "leads"
    )
    there = stage.destination.put("Lead", Email="p1@x.jp")

    def step(where: str) -> None:
        if where == "before write sfa/Lead" and there in stage.destination.records(
            "Lead"
        ):
            stage.destination.delete("Lead", there)

    stage.destination.on_step = step
    sync = fake_sync(stage.mapping, stage.source, stage.destination, stage.ledger)
    run_sync(sync)
    stage.destination.on_step = lambda _: None
    stage.recover()
    check(stage, {"p1": {"Email": "p1@x.jp"}})


def test_what_was_sent_before_the_source_failed_is_not_sent_again(scene: Scene) -> None:
    stage = scene.leads(people=8, batch=2, page=3)
    stage.source.plant(FakeFault(Lie.NOT_SENT, "read", skip=2))
    assert done(stage.run()).state == "stopped"
    stage.recover()
    sent = [e.fields["Person_Id"] for e in stage.destination.effects]
    assert len(sent) == len(set(sent)), "a row was written twice"


@pytest.mark.parametrize("lie", list(Lie))
def test_whatever_happens_to_a_write_every_lead_arrives_once(
    scene: Scene, lie: Lie
) -> None:
    stage = scene.leads(people=8, batch=3)
    stage.destination.plant(FakeFault(lie, skip=1))
    for _ in range(4):
        done(stage.run())
        stage.clock.advance(3700)
    letters = [row.id for row in stage.ledger.dead_letters()]
    # A whole call that is refused is taken apart: no row of it was to blame.
    assert bool(letters) == (lie is Lie.ROW_REJECTED)
    stage.ledger.replay(letters)
    stage.recover()
    check(stage, {f"p{n}": {"Name": f"N{n}"} for n in (1, 2, 4, 5, 7, 8)})
    assert not stage.ledger.dead_letters()
    check_rerun_is_quiet(stage)


@pytest.mark.parametrize("lie", list(Lie))
def test_whatever_happens_to_a_write_back_the_source_hears_of_it(
    scene: Scene, lie: Lie
) -> None:
    stage = scene.leads(people=8, batch=3)
    stage.source.plant(FakeFault(lie, skip=1))
    for _ in range(3):
        done(stage.run())
        stage.clock.advance(3700)
    check(stage, {f"p{n}": {"Name": f"N{n}"} for n in (1, 2, 4, 5, 7, 8)})
    letters = stage.ledger.dead_letters()
    assert bool(letters) == (lie is Lie.ROW_REJECTED)
    stage.ledger.replay([row.id for row in letters])
    done(stage.run())
    done(stage.run())
    told = {p for p, f in stage.source.records("people").items() if "lead_id" in f}
    assert told == {f"p{n}" for n in (1, 2, 4, 5, 7, 8)}
    assert not stage.ledger.dead_letters()
    assert not stage.ledger.replayed("leads")
    assert not open_intents(stage)


def test_a_source_that_refuses_a_write_back_for_ever_does_not_stop_the_leads(
    scene: Scene,
) -> None:
    stage = scene.leads(people=8, batch=3)
    stage.source.plant(FakeFault(Lie.REJECTED, times=0))
    for _ in range(3):
        assert done(stage.run()).state == "done"
    check(stage, {f"p{n}": {} for n in (1, 2, 4, 5, 7, 8)})
    assert len(stage.ledger.dead_letters()) == 6
    assert stage.source.calls["write people"] < 20


def test_a_guard_sends_nothing_and_leaves_the_cursor(scene: Scene) -> None:
    stage = scene.leads(people=8, page=3)
    stage.mapping = mapping_of(f"{LEADS}guards: {{creates: 3}}\n", "leads")
    report = done(stage.run())
    assert report.state != "done"
    assert "would create 6 records" in report.error
    assert not stage.destination.effects
    assert not open_intents(stage)
    assert not stage.destination.records("Lead")
    done(stage.run(options=Options(allow=6, lease_seconds=LEASE)))
    check(stage, {f"p{n}": {} for n in (1, 2, 4, 5, 7, 8)})


def test_a_record_read_twice_counts_once_for_the_guard(scene: Scene) -> None:
    stage = scene.leads(people=3, page=2)
    stage.mapping = mapping_of(f"{LEADS}guards: {{creates: 2}}\n", "leads")
    sync = fake_sync(stage.mapping, stage.source, stage.destination, stage.ledger)
    changed = iter([True])

    def on_page(_: object) -> None:
        if next(changed, False):
            stage.source.put("people", "p1", name="changed")

    sync.on_page = on_page
    report = run_sync(sync)
    assert report.state == "done", report.error
    check(stage, {"p1": {"Name": "changed"}, "p2": {}})


def test_access_lost_in_the_middle_stops_and_blames_no_record(scene: Scene) -> None:
    stage = scene.leads(people=8, batch=2)
    stage.destination.plant(FakeFault(Lie.ACCESS, skip=1, times=2))
    for _ in range(2):
        report = done(stage.run())
        assert (report.state, report.exit_code) == ("stopped", 3)
        assert not stage.ledger.dead_letters()
    stage.recover()
    check(stage, {f"p{n}": {} for n in (1, 2, 4, 5, 7, 8)})


def test_an_expired_cursor_reads_everything_and_writes_nothing(scene: Scene) -> None:
    stage = scene.leads(people=8)
    stage.recover()
    stage.source.oldest_cursor = 10_000
    check_rerun_is_quiet(stage)


def test_a_source_that_is_suddenly_empty_changes_nothing(scene: Scene) -> None:
    stage = scene.leads(people=4)
    stage.recover()
    stage.source.streams["people"].rows.clear()
    check_rerun_is_quiet(stage)
    assert len(stage.destination.records("Lead")) == 3


def test_a_changed_mapping_reads_everything_and_sends_what_differs(
    scene: Scene,
) -> None:
    stage = scene.leads(people=2)
    stage.recover()
    stage.mapping = mapping_of(
        LEADS.replace("Name: name", 'Name: = concat(name, "様")'), "leads"
    )
    assert done(stage.run()).tally.ended[Ending.UPDATED] == 2
    check(stage, {"p1": {"Name": "N1様"}, "p2": {"Name": "N2様"}})
    check_rerun_is_quiet(stage)


def test_only_these_records_leaves_the_cursor(scene: Scene) -> None:
    stage = scene.leads(people=8)
    done(stage.run(options=Options(only=("p4", "p1", "gone"), lease_seconds=LEASE)))
    check(stage, {"p1": {}, "p4": {}})
    assert stage.ledger.cursor("leads") is None
    stage.recover()
    check(stage, {f"p{n}": {} for n in (1, 2, 4, 5, 7, 8)})


def test_a_dead_letter_is_solved_when_the_record_is_fine_later(scene: Scene) -> None:
    stage = scene.leads(people=2)
    stage.destination.streams["Lead"].required = ("Name",)
    stage.source.put("people", "p1", name=None)
    done(stage.run())
    assert [row.source_id for row in stage.ledger.dead_letters()] == ["p1"]
    stage.source.put("people", "p1", name="N1")
    stage.recover()
    check(stage, {"p1": {"Name": "N1"}, "p2": {}})
    assert not stage.ledger.dead_letters()


def test_a_lost_lease_stops_the_run_and_the_other_goes_on(scene: Scene) -> None:
    stage = scene.leads(people=8, batch=2)
    others: list[RunReport] = []

    def step(where: str) -> None:
        if where == "before write sfa/Lead" and not others:
            stage.destination.on_step = lambda _: None
            stage.clock.advance(LEASE + 1)  # this process was stopped for so long
            others.append(done(stage.run()))

    stage.destination.on_step = step
    sync = fake_sync(stage.mapping, stage.source, stage.destination, stage.ledger)
    report = run_sync(sync, Options(lease_seconds=LEASE))
    assert (report.state, report.exit_code) == ("stopped", 1)
    assert others[0].state == "done"
    check(stage, {f"p{n}": {} for n in (1, 2, 4, 5, 7, 8)})


class MistakeError(Exception):
    """A mistake of ours in a sender."""


@pytest.mark.parametrize("threads", [False, True])
def test_a_mistake_of_ours_comes_out_and_the_next_run_goes_on(
    scene: Scene, *, threads: bool
) -> None:
    stage = scene.leads(people=8, batch=2)
    left = [2]

    def step(where: str) -> None:
        if where == "after write sfa/Lead":
            left[0] -= 1
            if left[0] == 0:
                raise MistakeError

    stage.destination.on_step = step
    sync = fake_sync(stage.mapping, stage.source, stage.destination, stage.ledger)
    sync.threads = threads
    with pytest.raises(MistakeError):
        run_sync(sync, Options(lease_seconds=LEASE))
    stage.destination.on_step = lambda _: None
    stage.recover()
    check(stage, {f"p{n}": {} for n in (1, 2, 4, 5, 7, 8)})
    check_rerun_is_quiet(stage)
