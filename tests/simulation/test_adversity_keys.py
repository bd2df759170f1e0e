"""Creates under an idempotency key (class A): one key an intent, for as long as it lives."""

import pytest

from tasuki.engine.tally import Ending, RunReport
from tasuki.model.write import WriteClass
from tasuki.testing import FakeFault, FakeStream, FakeSystem, Lie, mapping_of
from tests.simulation.killing import (
    LEASE,
    Killer,
    Stage,
    check,
    check_rerun_is_quiet,
    creations,
    kill_everywhere,
    open_intents,
    rows,
)
from tests.simulation.scenes import Scene

CHARGES = """
version: 1
source: crm/orders
destination: till/charge
qualify: {called_off: not blank(amount)}
write: {write}
fields: {total: amount, memo: name}
on_change: {on_change}
"""
DAY = 86_400.0


def shop(
    scene: Scene,
    orders: int = 3,
    *,
    batch: int = 1,
    write: str = "once\nkey: id",
    on_change: str = "hold",
) -> Stage:
    crm = FakeSystem(scene.clock, FakeStream("orders", page_size=2), name="crm")
    till = FakeSystem(
        scene.clock, FakeStream("charge", WriteClass.KEY, batch_size=batch), name="till"
    )
    for n in range(1, orders + 1):
        crm.put("orders", f"o{n}", name=f"O{n}", amount=n * 100)
    text = CHARGES.replace("{write}", write).replace("{on_change}", on_change)
    return Stage(mapping_of(text, "charges"), crm, till, scene.ledger, scene.clock)


def done(told: RunReport | Killer) -> RunReport:
    assert isinstance(told, RunReport)
    return told


def keys_sent(stage: Stage, source_id: str) -> list[str]:
    return [
        str(row["mark"])
        for row in rows(stage.ledger, "intent")
        if row["source_id"] == source_id and row["operation"] == "create"
    ]


def decision(stage: Stage, source_id: str) -> tuple[str, str, str]:
    (row,) = stage.ledger.last_decisions("charges", [source_id]).values()
    return row.outcome, row.reason, row.detail


@pytest.mark.parametrize(("batch", "write"), [(1, "once\nkey: id"), (3, "create_only")])
def test_killed_anywhere_every_order_is_charged_once(
    new_scene: object, batch: int, write: str
) -> None:
    def build() -> Stage:
        return shop(new_scene(), 2, batch=batch, write=write)  # type: ignore[operator]

    def verify(stage: Stage) -> None:
        check(stage, {f"o{n}": {"total": n * 100} for n in (1, 2)})
        assert len(creations(stage.destination, "charge")) == 2
        check_rerun_is_quiet(stage)

    assert kill_everywhere(build, verify)["after write till/charge"]


@pytest.mark.parametrize("lie", list(Lie))
@pytest.mark.parametrize("batch", [1, 3])
def test_whatever_happens_to_a_write_every_order_is_charged_once(
    scene: Scene, lie: Lie, batch: int
) -> None:
    stage = shop(scene, orders=5, batch=batch)
    stage.destination.plant(
        FakeFault(lie, skip=1, times=2 // batch or 1, nth=1, seconds=50.0)
    )
    for _ in range(4):
        done(stage.run())
        stage.clock.advance(LEASE)
    stage.ledger.replay([row.id for row in stage.ledger.dead_letters()])
    stage.recover()
    check(stage, {f"o{n}": {"total": n * 100} for n in range(1, 6)})
    assert len(creations(stage.destination, "charge")) == 5
    check_rerun_is_quiet(stage)


@pytest.mark.parametrize("lie", [Lie.LOST_BEFORE, Lie.LOST_AFTER])
@pytest.mark.parametrize("on_change", ["hold", "update"])
def test_an_order_that_changed_in_doubt_is_settled_as_it_was_sent(
    scene: Scene, lie: Lie, on_change: str
) -> None:
    stage = shop(scene, on_change=on_change)
    stage.destination.plant(FakeFault(lie))
    assert done(stage.run()).state == "stopped"
    stage.source.put("orders", "o1", amount=999)
    report = done(stage.run())
    first = stage.destination.effects[0]
    assert (first.id, first.fields["total"]) == ("charge-1", 100)
    assert len(keys_sent(stage, "o1")) == 1
    held = report.tally.reasons_of(Ending.HELD)
    assert held == ({"changed_after_sent": 1} if on_change == "hold" else {})
    total = 100 if on_change == "hold" else 999
    check(stage, {"o1": {"total": total}, "o2": {}, "o3": {}})
    assert len(creations(stage.destination, "charge")) == 3


def test_what_was_refused_and_corrected_gets_a_key_of_its_own(scene: Scene) -> None:
    stage = shop(scene, orders=1)
    stage.destination.streams["charge"].required = ("total", "memo")
    stage.source.put("orders", "o1", name=None)
    assert done(stage.run()).tally.ended[Ending.DEAD] == 1
    stage.source.put("orders", "o1", name="O1")
    stage.recover()
    check(stage, {"o1": {"memo": "O1"}})
    assert len(set(keys_sent(stage, "o1"))) == 2


def test_a_refusal_whose_answer_was_lost_is_heard_the_second_time(scene: Scene) -> None:
    stage = shop(scene, orders=1)
    stage.destination.streams["charge"].required = ("nothing has this",)
    stage.destination.plant(FakeFault(Lie.LOST_AFTER))
    done(stage.run())
    report = done(stage.run())
    assert report.tally.ended[Ending.DEAD] == 1
    (letter,) = stage.ledger.dead_letters()
    assert (letter.cause, letter.payload["total"]) == ("REQUIRED_FIELD_MISSING", 100)
    assert letter.remedy
    assert not open_intents(stage)
    assert decision(stage, "o1")[:2] == ("dead", "REQUIRED_FIELD_MISSING")


@pytest.mark.parametrize("lie", [Lie.LOST_BEFORE, Lie.LOST_AFTER])
def test_a_key_that_may_be_forgotten_is_never_used_again(
    scene: Scene, lie: Lie
) -> None:
    stage = shop(scene)
    stage.destination.plant(FakeFault(lie))
    done(stage.run())
    sent = stage.destination.calls["write charge"]
    stage.clock.advance(DAY * 0.95)  # the vendor promises a day from its first sight
    report = done(stage.run())
    assert set(report.tally.reasons_of(Ending.HELD)) == {"in_doubt"}
    assert decision(stage, "o1")[:2] == ("held", "in_doubt")
    assert decision(stage, "o1")[2].startswith("sent without an answer, 1 time(s): ")
    assert decision(stage, "o1")[2].endswith("no answer")
    for _ in range(3):
        stage.clock.advance(DAY)
        assert done(stage.run()).state == "done"
    assert stage.destination.calls["write charge"] == sent + 2, "o2 and o3"
    made = {"o1"} if lie is Lie.LOST_AFTER else set()
    assert len(creations(stage.destination, "charge")) == 2 + len(made)


def test_many_stopped_runs_use_one_key_until_it_is_old(scene: Scene) -> None:
    stage = shop(scene, orders=1)
    stage.destination.plant(FakeFault(Lie.LOST_AFTER, times=12))
    for _ in range(12):
        assert done(stage.run()).state == "stopped"
        stage.clock.advance(3600.0)
    assert done(stage.run()).state == "done"
    check(stage, {"o1": {"total": 100}})
    assert len(keys_sent(stage, "o1")) == 1
    assert len(creations(stage.destination, "charge")) == 1


@pytest.mark.parametrize("lie", [Lie.LOST_BEFORE, Lie.LOST_AFTER])
def test_an_order_called_off_in_doubt_is_not_charged_for_that(
    scene: Scene, lie: Lie
) -> None:
    stage = shop(scene, orders=1)
    stage.destination.plant(FakeFault(lie))
    done(stage.run())
    stage.source.put("orders", "o1", amount=None)
    for _ in range(3):
        report = done(stage.run())
        assert set(report.tally.reasons_of(Ending.HELD)) <= {"in_doubt"}
        assert decision(stage, "o1")[2].startswith(
            "sent without an answer, and not wanted any more"
        )
        stage.clock.advance(3700.0)
    assert stage.destination.calls["write charge"] == 1


def test_too_fast_says_nothing_about_the_first_time(scene: Scene) -> None:
    stage = shop(scene, orders=1)
    stage.destination.plant(
        FakeFault(Lie.LOST_AFTER), FakeFault(Lie.THROTTLED), FakeFault(Lie.ROW_DEFERRED, nth=1)
    )  # fmt: skip
    for state in ("stopped", "stopped"):
        assert done(stage.run()).state == state
        assert [row["state"] for row in open_intents(stage)] != ["planned"]
    report = done(stage.run())
    assert (report.tally.ended[Ending.IN_DOUBT], report.exit_code) == (1, 1)
    stage.source.put("orders", "o1", amount=7)
    stage.recover()
    check(stage, {"o1": {"total": 100}})
    assert len(creations(stage.destination, "charge")) == 1


def test_a_key_used_with_another_body_becomes_a_persons_question(scene: Scene) -> None:
    stage = shop(scene, orders=1)
    stage.destination.plant(FakeFault(Lie.LOST_AFTER))
    done(stage.run())
    (key,) = stage.destination.streams["charge"].keys
    answer = stage.destination.streams["charge"].keys[key]
    answer.fields["total"] = 1  # type: ignore[index] - the vendor's memory
    for _ in range(6):
        report = done(stage.run())
    assert report.state == "done"
    assert decision(stage, "o1")[:2] == ("held", "in_doubt")
    assert len(creations(stage.destination, "charge")) == 1


def test_amounts_are_the_same_word_for_word_when_repeated(scene: Scene) -> None:
    stage = shop(scene, orders=1)
    stage.source.put("orders", "o1", amount="1100.50")
    stage.mapping = mapping_of(
        CHARGES.replace("{write}", "once\nkey: id").replace("{on_change}", "hold")
        .replace("total: amount", "total: = number(amount)"),
        "charges",
    )  # fmt: skip
    stage.destination.plant(FakeFault(Lie.LOST_AFTER))
    done(stage.run())
    assert done(stage.run()).state == "done"
    check(stage, {"o1": {"total": "1100.50"}})
    check_rerun_is_quiet(stage)
