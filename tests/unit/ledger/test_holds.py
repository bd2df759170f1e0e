"""Questions to people, their answers, and that an answer ends once; both databases."""

from datetime import timedelta

import pytest
from alembic import command
from alembic.config import Config

from tasuki.ledger import (
    HoldRow,
    Ledger,
    NewHold,
    NewRuling,
    RulingEndRow,
    encode,
)
from tasuki.ledger.database import Database
from tasuki.ledger.migration import SCRIPTS
from tasuki.ledger.rows import time_text
from tests.unit.ledger.material import SYNC, ManualClock, intent, link


def hold(number: int, reason: str = "ambiguous_match", digest: str = "d1") -> NewHold:
    return NewHold(
        f"c{number}",
        SYNC,
        "hubspot/contacts",
        reason,
        "two fit",
        encode({"choices": ["attach", "create"]}),
        digest,
        "f1",
        "v1",
        "r1",
    )


def ruling(number: int, choice: str = "create") -> NewRuling:
    return NewRuling(
        f"c{number}",
        SYNC,
        "ambiguous_match",
        choice,
        "",
        "{}",
        "d1",
        "f1",
        "sato",
        "so",
    )


def put(ledger: Ledger, *rows: NewHold) -> None:
    with ledger.transaction(None, "run1") as tx:
        tx.put_holds(rows)


def test_a_question_is_listed_until_it_is_settled(ledger: Ledger) -> None:
    put(ledger, hold(1), hold(2))
    found = ledger.holds(SYNC)
    assert [row.ref for row in found] == ["hubspot/contacts/c1", "hubspot/contacts/c2"]
    assert found[0].choices == ("attach", "create")
    with ledger.transaction(None) as tx:
        tx.close_holds(SYNC, ["c1"])
    assert [row.source_id for row in ledger.holds()] == ["c2"]
    assert ledger.holds("other") == []


def test_a_question_keeps_its_age_while_its_reason_stays(
    ledger: Ledger, clock: ManualClock
) -> None:
    put(ledger, hold(1))
    (first,) = ledger.holds()
    clock.sleep(60)
    put(ledger, hold(1, digest="d2"))
    (again,) = ledger.holds()
    assert (again.since, again.digest) == (first.since, "d2")
    assert again.seen_at > first.seen_at
    put(ledger, hold(1, reason="in_doubt"))
    assert ledger.holds()[0].since > first.since
    with ledger.transaction(None) as tx:
        tx.close_holds(SYNC, ["c1"])
    clock.sleep(60)
    put(ledger, hold(1, reason="in_doubt"))
    assert ledger.holds()[0].since == ledger.holds()[0].seen_at


def test_only_held_records_with_an_answer_are_taken_up(ledger: Ledger) -> None:
    put(ledger, hold(1), hold(2))
    ledger.rule([ruling(1), ruling(3)])
    assert ledger.ruled(SYNC) == ["c1"]
    assert [row.source_id for row in ledger.open_rulings(SYNC)] == ["c1", "c3"]
    assert ledger.open_rulings("other") == []


def test_an_answer_ends_once_whoever_says_it_again(ledger: Ledger) -> None:
    put(ledger, hold(1))
    ledger.rule([ruling(1)])
    (row,) = ledger.open_rulings(SYNC)
    for outcome in ("carried_out", "stale"):
        with ledger.transaction(None, "run2") as tx:
            tx.end_rulings([RulingEndRow(row.id, outcome, "words")])
    (told,) = ledger.rulings_about(["c1"])
    assert (told.outcome, told.ended_run, told.who, told.why) == (
        "carried_out",
        "run2",
        "sato",
        "so",
    )
    assert ledger.open_rulings(SYNC) == []
    assert ledger.ruled(SYNC) == []


def test_a_newer_answer_withdraws_the_older_one_and_both_are_kept(
    ledger: Ledger,
) -> None:
    put(ledger, hold(1))
    ledger.rule([ruling(1)])
    ledger.rule([ruling(1, "leave")])
    told = [(r.choice, r.outcome, r.words) for r in ledger.rulings_about(["c1"])]
    assert told == [("create", "withdrawn", "replaced"), ("leave", "", "")]


def test_an_answer_that_is_taken_back_puts_the_question_again(ledger: Ledger) -> None:
    put(ledger, hold(1))
    ledger.rule([ruling(1, "leave")])
    with ledger.transaction(None) as tx:
        tx.close_holds(SYNC, ["c1"])
    assert ledger.ruled(SYNC) == []
    ledger.withdraw(ledger.open_rulings(SYNC), "suzuki", "a mistake")
    assert ledger.ruled(SYNC) == ["c1"]
    (told,) = ledger.rulings_about(["c1"])
    assert (told.outcome, told.words, told.ended_by) == (
        "withdrawn",
        "a mistake",
        "suzuki",
    )


def test_an_answer_says_until_when_it_counts(
    ledger: Ledger, clock: ManualClock
) -> None:
    until = clock.now() + timedelta(hours=2)
    ledger.rule([ruling(1)], until)
    assert ledger.open_rulings(SYNC)[0].expires_at == until


def test_what_an_older_version_held_is_listed_after_the_upgrade(
    new_url: str, clock: ManualClock
) -> None:
    database = Database(new_url, clock, 10.0, "FULL")
    with database.writing() as connection:
        config = Config()
        config.set_main_option("script_location", str(SCRIPTS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        rows = [
            (1, "c1", "held", "ambiguous_match", "Email: a, b"),
            (2, "c2", "held", "in_doubt", ""),
            (3, "c3", "skipped", "no_email", ""),
            (4, "c2", "sent", "", ""),
        ]
        for number, source_id, *said in rows:
            texts = (source_id, SYNC, *said, "r1", "v1", "run1", f"2026-04-0{number}")
            values = ", ".join(f"'{text}'" for text in texts)
            connection.exec_driver_sql(
                f"INSERT INTO decision VALUES ({number}, {values})"
            )
    database.engine.dispose()
    with Ledger.open(new_url, clock) as ledger:
        found: list[HoldRow] = ledger.holds()
    assert [(r.source_id, r.reason, r.detail, r.digest, r.since) for r in found] == [
        ("c1", "ambiguous_match", "Email: a, b", "", "2026-04-01")
    ]


@pytest.mark.parametrize("state", ["confirmed", "held"])
def test_writes_are_counted_since_a_time(
    ledger: Ledger, clock: ManualClock, state: str
) -> None:
    with ledger.transaction(None) as tx:
        tx.add_intents([intent(1)], "sending")
    clock.sleep(10)
    since = time_text(clock.now())
    with ledger.transaction(None) as tx:
        tx.add_intents([intent(2), intent(3)], "sending")
        tx.set_state(["I00001", "I00002"], state)
    assert ledger.written_since(SYNC, since, [state]) == {"create": 1}
    assert ledger.written_since(SYNC, since, [state, "sending"]) == {"create": 2}


def test_a_forgotten_person_leaves_no_question_and_no_answer(ledger: Ledger) -> None:
    with ledger.transaction(None) as tx:
        tx.put_links([link(1), link(2)])
    put(ledger, hold(1), hold(2))
    ledger.rule([ruling(1), ruling(2)])
    ledger.withdraw(ledger.open_rulings(SYNC)[:1], "sato", "so")
    ledger.forget("hubspot/contacts/c1")
    assert [row.source_id for row in ledger.holds()] == ["c2"]
    assert ledger.rulings_about(["c1"]) == []
    assert len(ledger.rulings_about(["c2"])) == 1
