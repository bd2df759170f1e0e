"""A ledger that comes back from a backup knows less than was done: nothing is doubled."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tasuki.engine.sync import Options
from tasuki.engine.tally import RunReport
from tasuki.model.write import WriteClass
from tasuki.testing import FakeFault, Lie
from tests.simulation.killing import (
    LEASE,
    Kill,
    Stage,
    check_rerun_is_quiet,
    creations,
    kill_everywhere,
    open_intents,
    rows,
)
from tests.simulation.scenes import Scene

HOUR = 3700.0


def done(told: object) -> RunReport:
    assert isinstance(told, RunReport)
    assert told.state == "done", told.error
    return told


def win(stage: Stage, first: int, last: int) -> None:
    for n in range(first, last + 1):
        account, won = f"a{n % 2 + 1}", {"name": f"D{n}", "amount": n, "won": True}
        stage.source.put("Deal", f"d{n}", AccountId=account, **won)


def bill(stage: Stage, options: Options | None = None) -> RunReport:
    stage.clock.advance(LEASE + 1)
    return done(stage.run(options=options))


def backed_up_between(
    scene: Scene, path: Path, deals: int = 20, **scene_options: object
) -> Stage:
    """Bill some deals, make a backup, bill as many again, and restore the backup."""
    stage = scene.invoices(0, **scene_options)  # type: ignore[arg-type]
    win(stage, 1, deals)
    bill(stage)
    stage.ledger.back_up(path)
    win(stage, deals + 1, 2 * deals)
    bill(stage)
    assert len(creations(stage.destination, "invoice")) == 2 * deals
    stage.ledger.restore(path, {}, force=True)
    assert len(rows(stage.ledger, "link")) == deals + 2
    return stage


def subjects(stage: Stage) -> list[str]:
    there = stage.destination.records("invoice").values()
    return sorted(str(one["subject"]) for one in there)


def each_deal(count: int) -> list[str]:
    return sorted(f"D{n}" for n in range(1, count + 1))


def test_invoices_made_after_the_backup_are_adopted_and_none_is_made_twice(
    scene: Scene, tmp_path: Path
) -> None:
    stage = backed_up_between(scene, tmp_path / "backup.db")
    report = bill(stage)
    assert (report.tally.ended["attached"], report.tally.ended["created"]) == (20, 0)
    assert subjects(stage) == each_deal(40)
    assert len(rows(stage.ledger, "link")) == 40 + 2
    check_rerun_is_quiet(stage)


def test_a_deal_that_is_new_since_the_restore_is_billed_after_a_look(
    scene: Scene, tmp_path: Path
) -> None:
    stage = backed_up_between(scene, tmp_path / "backup.db", deals=3)
    win(stage, 7, 7)
    report = bill(stage)
    assert (report.tally.ended["attached"], report.tally.ended["created"]) == (3, 1)
    assert subjects(stage) == each_deal(7)
    before = stage.clock.now()
    win(stage, 8, 9)
    assert bill(stage).tally.ended["created"] == 2
    waited = (stage.clock.now() - before).total_seconds() - LEASE
    assert waited < 60, "only the first run waits for what was still on its way"
    assert subjects(stage) == each_deal(9)


def test_a_deal_that_slept_at_the_restore_is_looked_up_whenever_it_wakes(
    scene: Scene, tmp_path: Path
) -> None:
    """Billed after the backup and reopened before the restore: the first run sees no
    reason to bill it, a later one does."""
    stage = scene.invoices(0)
    stage.ledger.back_up(tmp_path / "backup.db")
    win(stage, 1, 2)
    bill(stage)
    stage.source.put("Deal", "d1", AccountId="a2", name="D1", amount=1, won=False)
    stage.ledger.restore(tmp_path / "backup.db", {}, force=True)
    bill(stage)
    win(stage, 1, 1)
    bill(stage)
    assert subjects(stage) == each_deal(2)
    assert len(rows(stage.ledger, "link")) == 2 + 2


def test_an_invoice_that_lands_right_after_the_restore_is_waited_for(
    scene: Scene, tmp_path: Path
) -> None:
    stage = scene.invoices(0)
    stage.ledger.back_up(tmp_path / "backup.db")
    win(stage, 1, 1)
    stage.destination.dies_late["invoice"] = LEASE + 30

    def die(now: str) -> None:
        if now == "before write books/invoice":
            raise Kill(now)

    stage._one(stage.before[0], None)
    stage.destination.on_step = die
    with pytest.raises(Kill):
        stage._one(stage.mapping, None)
    stage.destination.on_step = lambda _: None
    stage.clock.advance(LEASE + 1)
    stage.ledger.restore(tmp_path / "backup.db", {}, force=True)
    report = done(stage.run())
    assert (report.tally.ended["attached"], report.tally.ended["created"]) == (1, 0)
    assert subjects(stage) == each_deal(1)


def test_a_look_alike_without_our_mark_is_a_persons_question(
    scene: Scene, tmp_path: Path
) -> None:
    stage = scene.invoices(0)
    stage.ledger.back_up(tmp_path / "backup.db")
    win(stage, 1, 1)
    bill(stage)
    for row in stage.destination.streams["invoice"].rows.values():
        row.mark = ""
    stage.ledger.restore(tmp_path / "backup.db", {}, force=True)
    assert bill(stage).tally.ended["held"] == 1
    stage.clock.advance(HOUR)
    assert bill(stage).tally.ended["held"] == 1
    assert subjects(stage) == each_deal(1)


def test_where_nothing_can_be_looked_up_a_person_decides(
    scene: Scene, tmp_path: Path
) -> None:
    stage = backed_up_between(
        scene, tmp_path / "backup.db", deals=2, write_class=WriteClass.NONE
    )
    report = bill(stage)
    assert (report.tally.ended["held"], report.tally.ended["created"]) == (2, 0)
    held = [row for row in rows(stage.ledger, "intent") if row["state"] == "held"]
    assert {row["error_words"] for row in held} == {
        "the ledger was restored: this may have been sent before"
    }
    win(stage, 5, 5)
    stage.clock.advance(HOUR)
    report = bill(stage)
    assert (report.tally.ended["held"], report.tally.ended["created"]) == (2, 1)
    assert subjects(stage) == each_deal(5)


def test_a_move_to_another_database_looks_nothing_up(
    scene: Scene, tmp_path: Path
) -> None:
    stage = scene.invoices(0)
    stage.ledger.back_up(tmp_path / "backup.db")
    stage.ledger.restore(tmp_path / "backup.db", {}, force=True, newest=True)
    win(stage, 1, 2)
    stage.destination.plant(FakeFault(Lie.ACCESS, call="probe", times=0))
    assert bill(stage).tally.ended["created"] == 2


def test_a_ledger_brought_back_by_other_means_can_be_marked(
    scene: Scene, tmp_path: Path
) -> None:
    stage = scene.invoices(0)
    win(stage, 1, 2)
    bill(stage)
    stage.ledger.back_up(tmp_path / "backup.db")
    stage.ledger.restore(tmp_path / "backup.db", {}, force=True, newest=True)
    stage.ledger.mark_restored("2026-04-01T00:00:00.000000+00:00")
    stage.destination.calls.clear()
    win(stage, 3, 3)
    bill(stage)
    assert stage.destination.calls["probe invoice"] == 1
    assert subjects(stage) == each_deal(3)


def test_a_natural_key_needs_no_look(scene: Scene, tmp_path: Path) -> None:
    stage = scene.leads(4)
    stage.ledger.back_up(tmp_path / "backup.db")
    bill(stage)
    made = len(creations(stage.destination, "Lead"))
    stage.ledger.restore(tmp_path / "backup.db", {}, force=True)
    bill(stage)
    assert len(creations(stage.destination, "Lead")) == made
    assert not open_intents(stage)


def test_the_first_run_after_a_restore_survives_kills(
    new_scene: Callable[[], Scene], tmp_path: Path
) -> None:
    def build() -> Stage:
        stage = backed_up_between(new_scene(), tmp_path / "backup.db", deals=1)
        win(stage, 3, 3)
        return stage

    def verify(stage: Stage) -> None:
        assert subjects(stage) == each_deal(3)
        assert len(rows(stage.ledger, "link")) == 3 + 2

    where = kill_everywhere(build, verify, step=5)
    assert where.total() > 30
