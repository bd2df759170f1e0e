"""Random weeks: people change records while systems lie and processes die.

The seed of each week is printed; the same seed gives the same week.
"""

from collections.abc import Callable
from random import Random

import pytest

from tasuki.testing import FakeFault, Lie
from tests.simulation.killing import (
    LEASE,
    Stage,
    check,
    check_rerun_is_quiet,
    creations,
    rows,
)
from tests.simulation.scenes import Scene

NewScene = Callable[[], Scene]


def plant(random: Random, stage: Stage) -> None:
    for system in (stage.source, stage.destination):
        system.tell_the_truth()
        for _ in range(random.randrange(3)):
            call = random.choice(
                ["write", "write", "write", "read", "fetch", "find", "probe"]
            )
            lies = (
                list(Lie)
                if call == "write"
                else [Lie.LOST_BEFORE, Lie.THROTTLED, Lie.ACCESS]
            )
            system.plant(
                FakeFault(
                    random.choice(lies),
                    call,
                    skip=random.randrange(4),
                    times=random.randrange(1, 4),
                    seconds=random.choice([1.0, 30.0, 59.0]),
                    nth=random.randrange(1, 4),
                )
            )


def one_run(random: Random, stage: Stage) -> None:
    plant(random, stage)
    late = random.choice([None, 1.0, 55.0])
    home = stage.mapping.destination.stream
    stage.destination.dies_late = {} if late is None else {home: late}
    stage.run(kill_at=random.randrange(1, 250) if random.random() < 0.6 else 0)
    stage.clock.advance(LEASE + random.randrange(1, 300))


def settle_down(stage: Stage) -> None:
    for system in (stage.source, stage.destination):
        system.tell_the_truth()
        system.dies_late = {}
    for _ in range(3):
        stage.ledger.replay([row.id for row in stage.ledger.dead_letters()])
        stage.clock.advance(3700)
        stage.recover()


def leads_week(stage: Stage, random: Random) -> None:
    people: dict[str, dict[str, object]] = {}
    for day in range(8):
        for _ in range(random.randrange(4)):
            who = f"p{random.randrange(1, 15)}"
            fields = people.setdefault(who, {"email": f"{who}@x.jp", "score": 80})
            fields["name"] = f"{who} of day {day}"
            stage.source.put("people", who, **fields)
        one_run(random, stage)
    settle_down(stage)
    expected = {f"p{n}": {} for n in (1, 2, 4, 5, 7)}
    expected |= {who: {"Name": fields["name"]} for who, fields in people.items()}
    check(stage, expected)
    assert len(creations(stage.destination, "Lead")) == len(expected)
    check_rerun_is_quiet(stage)


def invoices_week(stage: Stage, random: Random) -> None:
    won = {1, 2, 4}
    for _ in range(8):
        if random.random() < 0.5:
            number = random.randrange(5, 20)
            won.add(number)
            stage.source.put(
                "Deal",
                f"d{number}",
                AccountId=f"a{number % 2 + 1}",
                won=True,
                name=f"D{number}",
                amount=number * 1000,
            )
        one_run(random, stage)
    settle_down(stage)
    check(stage, {f"d{n}": {"total": n * 1000} for n in won})
    assert len(creations(stage.destination, "invoice")) == len(won)
    deals = stage.source.records("Deal")
    for row in rows(stage.ledger, "link"):
        if row["sync"] == "invoices":
            assert deals[str(row["source_id"])]["invoice_id"] == row["destination_id"]
    check_rerun_is_quiet(stage)


def run_weeks(new_scene: NewScene, seeds: range) -> None:
    kills = 0
    for seed in seeds:
        random = Random(seed)
        try:
            if seed % 2:
                stage = new_scene().leads(batch=random.choice([1, 2, 5]))
                leads_week(stage, random)
            else:
                stage = new_scene().invoices(batch=random.choice([1, 1, 3]))
                invoices_week(stage, random)
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
        kills += stage.kills
    print(f"\nseeds {seeds.start} to {seeds.stop - 1}: {kills} kills")
    assert kills


def test_random_weeks_lose_nothing_and_do_nothing_twice(new_scene: NewScene) -> None:
    run_weeks(new_scene, range(1, 11))


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_long_row_of_random_weeks(new_scene: NewScene) -> None:
    run_weeks(new_scene, range(1000, 1300))
