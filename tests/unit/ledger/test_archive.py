"""The archive's table: a chain that only grows, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tasuki.archive.chain import verify
from tasuki.archive.entry import Draft
from tasuki.ledger import Ledger
from tasuki.model.errors import LedgerError
from tests.unit.ledger.material import KEY, ManualClock


def draft(number: int, channel: str | None = None) -> Draft:
    return Draft("invoice", f"INV-{number}", "test", amount="1100", channel=channel)


def test_entries_follow_each_other(ledger: Ledger) -> None:
    ledger.add_to_archive([draft(1), draft(2)])
    ledger.add_to_archive([draft(3)])
    checked = verify(ledger.archive_entries())
    assert (checked.entries, checked.faults) == (3, ())
    assert ledger.archive_head() == (3, checked.head)


def test_a_document_of_a_channel_is_archived_once(ledger: Ledger) -> None:
    one = draft(1, "books/invoice/1")
    assert len(ledger.add_to_archive([one, one])) == 1
    assert ledger.add_to_archive([one]) == []


def test_a_correction_follows_the_version_that_stands_now(ledger: Ledger) -> None:
    ledger.add_to_archive([draft(1)])
    late = draft(1)._replace(op="correct", supersedes=1, version=2, reason="x")
    ledger.add_to_archive([late])
    (entry,) = ledger.add_to_archive([late])
    assert (entry.supersedes, entry.version) == (2, 3)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE archive SET amount = '1' WHERE seq = 1",
        "DELETE FROM archive WHERE seq = 2",
        "DELETE FROM archive",
    ],
)
def test_the_database_itself_refuses_to_alter_it(
    ledger: Ledger, statement: str
) -> None:
    ledger.add_to_archive([draft(1), draft(2)])
    with (
        pytest.raises(LedgerError, match="append-only"),
        ledger._database.writing() as connection,
    ):
        connection.exec_driver_sql(statement)
    assert verify(ledger.archive_entries()).entries == 2


def test_no_row_is_put_over_another(ledger: Ledger) -> None:
    ledger.add_to_archive([draft(1), draft(2)])
    over = "INSERT OR REPLACE INTO archive SELECT * FROM archive WHERE seq = 1"
    statement = over if ledger._database.is_sqlite else "TRUNCATE archive"
    with (
        pytest.raises(LedgerError, match="append-only"),
        ledger._database.writing() as connection,
    ):
        connection.exec_driver_sql(statement)


def test_many_at_once_make_one_chain(ledger: Ledger) -> None:
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: ledger.add_to_archive([draft(n)]), range(30)))
    checked = verify(ledger.archive_entries())
    assert (checked.entries, checked.faults) == (30, ())


def test_nothing_is_archived_by_a_transaction_that_fails(ledger: Ledger) -> None:
    def die_after_archiving() -> None:
        with ledger.transaction(None) as tx:
            tx.archive([draft(1)])
            raise InterruptedError

    with pytest.raises(InterruptedError):
        die_after_archiving()
    assert ledger.archive_head()[0] == 0


def test_a_restore_adds_to_the_archive_and_replaces_nothing(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.add_to_archive([draft(1)])
    note = ledger.back_up(tmp_path / "backup.db")
    ledger.add_to_archive([draft(2)])
    head = ledger.archive_head()
    ledger.restore(note.path, {}, force=True)
    assert ledger.archive_head() == head

    with Ledger.open(
        f"sqlite:///{tmp_path}/empty.db", ManualClock(), secret_key=KEY
    ) as empty:
        empty.restore(note.path, {})
        assert verify(empty.archive_entries()).faults == ()
        assert empty.archive_head()[0] == 1


def test_a_backup_with_another_archive_is_refused(
    ledger: Ledger, tmp_path: Path
) -> None:
    with Ledger.open(
        f"sqlite:///{tmp_path}/other.db", ManualClock(), secret_key=KEY
    ) as other:
        other.add_to_archive([draft(7)])
        note = other.back_up(tmp_path / "backup.db")
    ledger.add_to_archive([draft(1)])
    head = ledger.archive_head()
    with pytest.raises(LedgerError, match="another one"):
        ledger.restore(note.path, {}, force=True)
    assert ledger.archive_head() == head
