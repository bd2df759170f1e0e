"""A backup is one moment of the ledger, whole, and comes back on either database."""

import os
import shutil
import sqlite3
import stat
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from tasuki.ledger import Ledger
from tasuki.ledger.backup import digests
from tasuki.ledger.tables import Stored
from tasuki.model.errors import LeaseLostError, LedgerError
from tasuki.ports import Token
from tests.unit.ledger.material import (
    KEY,
    SYNC,
    ManualClock,
    Other,
    decision,
    intent,
    letter,
    link,
)

MARK = ("", "restored")
_MOST_MEMORY = 5 * 1024 * 1024


def fill(ledger: Ledger, count: int = 3) -> None:
    with ledger.transaction(None, "run-1") as tx:
        tx.put_links([link(n) for n in range(count)])
        tx.add_intents([intent(n, claim=f"k{n}") for n in range(count)])
        tx.add_decisions([decision(n, "held", "why") for n in range(count)])
        tx.put_dead_letters([letter(n) for n in range(count)])
        tx.put_cursor(SYNC, "", "7", "r1")
    ledger.start_run("run-1", SYNC, "run")
    ledger.remember_connection("freee", "freee", "12345")
    ledger.tokens("freee").save(Token("access", "refresh"))


def content(ledger: Ledger) -> dict[str, list[tuple[object, ...]]]:
    """Everything but what a restore is meant to change."""
    found = {}
    with ledger._database.engine.connect() as connection:
        for table in Stored.metadata.sorted_tables:
            rows = [tuple(row) for row in connection.execute(table.select())]
            found[table.name] = sorted(rows, key=str)
    found["cursor"] = [row for row in found["cursor"] if row[:2] != MARK]
    del found["budget"], found["lease"]
    return found


@pytest.fixture
def backup(ledger: Ledger, tmp_path: Path) -> Path:
    """Of a ledger with some of everything."""
    fill(ledger)
    path = tmp_path / "backup.db"
    ledger.back_up(path)
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty ledger elsewhere."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/other.db"
        return
    server = str(request.getfixturevalue("postgres_server"))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE other")
    yield server.replace("/postgres?", "/other?")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP DATABASE other WITH (FORCE)")


def test_a_backup_comes_back_on_either_database(
    ledger: Ledger, backup: Path, other: str, clock: ManualClock
) -> None:
    with Ledger.open(other, clock, secret_key=KEY) as restored:
        restored.restore(backup, {})
        assert content(restored) == content(ledger)
        assert restored.cursor(*MARK) is not None
        assert restored.tokens("freee").load() == Token("access", "refresh")
        with restored.transaction(None) as tx:  # numbers go on after the restored ones
            tx.add_decisions([decision(9, "held", "later")])
            tx.put_dead_letters([letter(9)])


def test_only_its_owner_may_read_a_backup(backup: Path) -> None:
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600


def test_a_backup_leaves_nothing_else_behind(backup: Path) -> None:
    there = {path.name for path in backup.parent.iterdir()}
    assert {name for name in there if not name.startswith("ledger.db")} == {backup.name}


def test_an_older_backup_is_replaced_and_nothing_else_is(
    ledger: Ledger, backup: Path, tmp_path: Path
) -> None:
    ledger.back_up(backup)
    letter_of_mine = tmp_path / "letter.txt"
    letter_of_mine.write_text("dear")
    with pytest.raises(LedgerError, match="it is not a backup"):
        ledger.back_up(letter_of_mine)
    assert letter_of_mine.read_text() == "dear"


def test_the_ledger_itself_is_no_place_for_its_backup(
    tmp_path: Path, clock: ManualClock
) -> None:
    path = tmp_path / "ledger.db"
    with (
        Ledger.open(f"sqlite:///{path}", clock) as ledger,
        pytest.raises(LedgerError, match="the ledger itself"),
    ):
        ledger.back_up(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_said_so(
    ledger: Ledger, tmp_path: Path
) -> None:
    folder = tmp_path / "shut"
    folder.mkdir(mode=0o500)
    with pytest.raises(LedgerError, match="cannot be written"):
        ledger.back_up(folder / "backup.db")


def test_a_place_that_is_no_folder_is_said_so(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="cannot be written"):
        ledger.back_up(tmp_path / "file" / "backup.db")


WRITER = """
from tests.unit.ledger.material import link, intent
number = 0
say("ready")
while True:
    number += 1
    with ledger.transaction(None) as tx:
        tx.put_links([link(number)])
        tx.add_intents([intent(number)])
    if number == 200:
        say("busy")
"""


def test_a_backup_is_one_moment_while_others_write(
    url: str, ledger: Ledger, tmp_path: Path
) -> None:
    with Other(url, WRITER) as writer:
        writer.hear()
        writer.hear()
        notes = [ledger.back_up(tmp_path / f"{n}.db") for n in range(5)]
    counts = [note.rows["link"] for note in notes]
    assert all(note.rows["link"] == note.rows["intent"] for note in notes), counts
    assert counts[-1] > counts[0], "the writer stood still"


def test_a_ledger_that_is_not_empty_is_kept(ledger: Ledger, backup: Path) -> None:
    with ledger.transaction(None) as tx:
        tx.put_links([link(50)])
    before = content(ledger)
    with pytest.raises(LedgerError, match="not empty") as caught:
        ledger.restore(backup, {})
    assert "--force" in caught.value.remedy
    assert content(ledger) == before
    ledger.restore(backup, {}, force=True)
    assert ledger.links(SYNC, ["c50"]) == {}


def test_a_restore_that_fails_halfway_changes_nothing(
    ledger: Ledger, backup: Path
) -> None:
    """A row that no longer fits: the file's own account of itself is made to agree."""
    before = content(ledger)
    with sqlite3.connect(backup) as file:
        file.execute("DROP INDEX intent_claim")
        file.execute("UPDATE intent SET claim = 'one for all'")
    file.close()
    with sqlite3.connect(backup) as file:
        found = {name: hashed for name, (_, hashed) in digests(file).items()}
        for name, hashed in found.items():
            file.execute(
                f"UPDATE backup SET manifest = json_set(manifest, '$.digests.{name}', ?)",
                (hashed,),
            )
    file.close()
    with pytest.raises(LedgerError, match="one business key"):
        ledger.restore(backup, {}, force=True)
    assert content(ledger) == before


def test_an_altered_backup_is_refused(ledger: Ledger, backup: Path) -> None:
    with sqlite3.connect(backup) as file:
        file.execute("UPDATE link SET destination_id = 'other' WHERE source_id = 'c1'")
    file.close()
    with pytest.raises(LedgerError, match=r"altered \(table link\)"):
        ledger.restore(backup, {}, force=True)


@pytest.mark.parametrize("place", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_damaged_backup_is_refused(
    ledger: Ledger, backup: Path, place: float
) -> None:
    bytes_of_it = bytearray(backup.read_bytes())
    begin = int(len(bytes_of_it) * place) // 4096 * 4096
    bytes_of_it[begin : begin + 4096] = os.urandom(4096)
    backup.write_bytes(bytes_of_it)
    before = content(ledger)
    with suppress(LedgerError):  # a page that holds nothing does no harm
        ledger.restore(backup, {}, force=True)
    assert content(ledger) == before


def test_a_backup_cut_short_is_refused(ledger: Ledger, backup: Path) -> None:
    backup.write_bytes(backup.read_bytes()[:20_000])
    with pytest.raises(LedgerError, match="damaged"):
        ledger.restore(backup, {}, force=True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("json_set(manifest, '$.schema', '9000')", "schema 9000"),
        ("json_set(manifest, '$.format', 2)", "newer tasuki"),
    ],
)
def test_a_backup_of_a_newer_version_is_refused(
    ledger: Ledger, backup: Path, change: str, words: str
) -> None:
    with sqlite3.connect(backup) as file:
        file.execute(f"UPDATE backup SET manifest = {change}")
    file.close()
    with pytest.raises(LedgerError, match=words) as caught:
        ledger.restore(backup, {}, force=True)
    assert "\n" not in str(caught.value)


def test_another_companys_backup_is_refused(ledger: Ledger, backup: Path) -> None:
    with pytest.raises(LedgerError, match="freee account 12345, this project to 999"):
        ledger.restore(backup, {"freee": "999"}, force=True)
    ledger.restore(backup, {"freee": "12345", "hubspot": "1"}, force=True)


@pytest.mark.parametrize("kind", ["ledger", "text", "nothing"])
def test_what_is_no_backup_is_refused(
    ledger: Ledger, tmp_path: Path, clock: ManualClock, kind: str
) -> None:
    path = tmp_path / "what.db"
    if kind == "ledger":
        Ledger.open(f"sqlite:///{path}", clock).close()
    if kind == "text":
        path.write_text("no database at all " * 100)
    words = "no such file" if kind == "nothing" else "not a backup"
    with pytest.raises(LedgerError, match=words):
        ledger.restore(path, {})


def test_nothing_is_restored_under_a_run(ledger: Ledger, backup: Path) -> None:
    lease = ledger.acquire_lease(f"sync:{SYNC}")
    with pytest.raises(LedgerError, match=f"a run of {SYNC} is under way"):
        ledger.restore(backup, {}, force=True)
    ledger.release_lease(lease)
    ledger.restore(backup, {}, force=True)


def test_a_run_that_slept_through_a_restore_writes_nothing(
    ledger: Ledger, backup: Path, clock: ManualClock
) -> None:
    asleep = ledger.acquire_lease(f"sync:{SYNC}", 60)
    clock.sleep(61)
    ledger.restore(backup, {}, force=True)
    with pytest.raises(LeaseLostError), ledger.transaction(asleep) as tx:
        tx.put_links([link(77)])
    newer = ledger.acquire_lease(f"sync:{SYNC}", 60)
    assert newer.fence > asleep.fence
    assert ledger.links(SYNC, ["c77"]) == {}


def test_the_newer_of_two_tokens_stays(
    ledger: Ledger, backup: Path, clock: ManualClock
) -> None:
    clock.sleep(60)
    ledger.tokens("freee").save(Token("renewed since", "r2"))
    ledger.restore(backup, {}, force=True)
    assert ledger.tokens("freee").load() == Token("renewed since", "r2")


def test_a_backup_put_in_place_by_hand_knows_what_it_is(
    backup: Path, tmp_path: Path, clock: ManualClock
) -> None:
    place = tmp_path / "by_hand.db"
    shutil.copy(backup, place)
    with Ledger.open(f"sqlite:///{place}", clock) as ledger:
        assert ledger.cursor(*MARK) is not None
        again = ledger.back_up(tmp_path / "again.db")
    assert again.rows["link"] == 3


def test_memory_does_not_grow_with_the_ledger(ledger: Ledger, tmp_path: Path) -> None:
    fill(ledger, 5_000)
    tracemalloc.start()
    ledger.back_up(tmp_path / "big.db")
    ledger.restore(tmp_path / "big.db", {}, force=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < _MOST_MEMORY
    with ledger._database.engine.connect() as connection:
        count = connection.execute(text("SELECT count(*) FROM intent")).scalar()
    assert count == 5_000
