"""Every row is looked at, what is wrong is named, and only safe things are repaired."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from tasuki.ledger import ConfirmRow, Ledger, MatchKeyRow
from tests.unit.ledger.material import SYNC, ManualClock, decision, intent, letter, link


def flaws(ledger: Ledger, *, repair: bool = False) -> dict[str, int]:
    return {one.name: one.found for one in ledger.audit(repair=repair) if one.found}


def break_it(ledger: Ledger, *statements: str) -> None:
    with ledger._database.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


@pytest.fixture
def sound(ledger: Ledger) -> Ledger:
    """Two records sent, one given up, one run ended."""
    ledger.start_run("run-1", SYNC, "run")
    with ledger.transaction(None, "run-1") as tx:
        tx.put_links([link(1), link(2)])
        tx.add_intents([intent(n, claim=f"k{n}") for n in (1, 2)])
        tx.confirm([ConfirmRow(f"I0000{n}", f"00Q{n}") for n in (1, 2)])
        tx.put_match_keys([MatchKeyRow("hash", SYNC, "c1")])
        tx.add_decisions([decision(3, "dead", "cause")])
        tx.put_dead_letters([letter(3)])
        tx.put_cursor(SYNC, "", "7", "r1")
    ledger.finish_run("run-1", "done", {}, {})
    return ledger


def test_a_sound_ledger_has_no_flaw(sound: Ledger) -> None:
    assert flaws(sound) == {}


@pytest.mark.parametrize(
    ("name", "statements"),
    [
        ("business keys", [
            "DROP INDEX intent_claim", "UPDATE intent SET claim = 'k1'",
        ]),
        ("receipts", ["DELETE FROM link WHERE source_id = 'c2'"]),
        ("links", ["UPDATE link SET destination_id = '' WHERE source_id = 'c1'"]),
        ("links", ["UPDATE link SET state = 'odd' WHERE source_id = 'c1'"]),
        ("states of intents", ["UPDATE intent SET state = 'odd' WHERE id = 'I00001'"]),
        ("confirmed intents", ["UPDATE intent SET destination_id = NULL"]),
        ("match values", ["UPDATE match_key SET source_id = 'nobody'"]),
        ("runs", ["UPDATE run SET state = 'running'"]),
        ("open intents", [
            "UPDATE intent SET state = 'planned', created_at = '2026-03-01T00'",
        ]),
        ("times", ["UPDATE cursor SET updated_at = '2026-04-01T01:00:00'"]),
        ("schema", ["DROP INDEX link_reverse"]),
        ("schema", ["ALTER TABLE run DROP COLUMN host"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found(
    sound: Ledger, name: str, statements: list[str]
) -> None:
    break_it(sound, *statements)
    found = [one for one in sound.audit() if one.found]
    assert name in {one.name for one in found}
    assert all(one.words and one.remedy for one in found)


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("match values", "UPDATE match_key SET source_id = 'nobody'"),
        ("runs", "UPDATE run SET state = 'running', finished_at = NULL"),
    ],
)
def test_what_no_run_can_miss_is_repaired_when_asked(
    sound: Ledger, name: str, statement: str
) -> None:
    break_it(sound, statement)
    assert flaws(sound) == flaws(sound) == {name: 1}
    (mended,) = [one for one in sound.audit(repair=True) if one.found]
    assert mended.repaired == mended.found == 1
    assert flaws(sound) == {}


def test_money_is_never_repaired(sound: Ledger) -> None:
    break_it(sound, "DELETE FROM link", "UPDATE intent SET created_at = '2020'")
    before = sound.intents(["I00001", "I00002"])
    assert flaws(sound, repair=True) == {"receipts": 2}
    assert sound.intents(["I00001", "I00002"]) == before


def test_a_run_at_work_is_no_flaw(sound: Ledger, clock: ManualClock) -> None:
    lease = sound.acquire_lease(f"sync:{SYNC}")
    sound.start_run("run-2", SYNC, "run")
    with sound.transaction(lease, "run-2") as tx:
        tx.add_intents([intent(7)], "sending")
    assert flaws(sound, repair=True) == {}
    clock.sleep(61)
    assert flaws(sound) == {"runs": 1}


def test_a_damaged_page_is_found(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "ledger.db"
    with (
        Ledger.open(f"sqlite:///{path}", clock) as ledger,
        ledger.transaction(None) as tx,
    ):
        tx.put_links([link(n) for n in range(500)])
    with sqlite3.connect(path) as connection:
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'link_reverse'"
        ).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = bytearray(path.read_bytes())
    begin = (page - 1) * size
    content[begin + 200 : begin + size] = b"\x07" * (size - 200)
    path.write_bytes(content)
    with Ledger.open(f"sqlite:///{path}", clock) as ledger:
        first = next(iter(ledger.audit()))
    assert (first.name, bool(first.found)) == ("file", True)
    assert "backup" in first.remedy
