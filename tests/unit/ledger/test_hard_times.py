"""A process killed with a long WAL, and a folder that nobody may write to any more."""

import os
import shutil
import signal
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tasuki.clock import SystemClock
from tasuki.ledger import Ledger
from tasuki.model.errors import LedgerError
from tests.unit.ledger.material import SYNC, Other, link

NOBODY = 65_534
_WRITE = """
for number in range(40):
    row = LinkRow(f"c{number}", "lead.hubspot-salesforce", "a/b", "c/d", f"00Q{number}",
        "{}", "f1", "v1", "r1")
    with ledger.transaction(None) as tx:
        tx.put_links([row])
say("written")
wait()
"""


def links_in(path: Path) -> int:
    try:
        with closing(sqlite3.connect(path)) as connection:
            return int(connection.execute("SELECT count(*) FROM link").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def test_what_only_the_wal_of_a_killed_process_holds_is_there_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ledger.db"
    url = f"sqlite:///{path}"
    with Other(url, _WRITE) as other:
        assert other.hear() == "written"
        other.process.send_signal(signal.SIGKILL)
        other.process.wait(10)
    alone = tmp_path / "alone.db"
    shutil.copyfile(path, alone)
    assert path.with_name("ledger.db-wal").stat().st_size > 0
    assert links_in(alone) < 40, "the WAL held nothing"
    with Ledger.open(url, SystemClock()) as ledger:
        assert ledger.count_links(SYNC) == 40
        assert not [flaw for flaw in ledger.audit() if flaw.found]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a ledger in it, which an ordinary user may only read."""
    place = Path(tempfile.mkdtemp(prefix="tasuki-read"))
    path = place / "ledger.db"
    url = f"sqlite:///{path}"
    with Ledger.open(url, SystemClock()) as ledger, ledger.transaction(None) as tx:
        tx.put_links([link(1)])
    is_root = os.geteuid() == 0
    if is_root:
        for one in (place, path):
            os.chown(one, NOBODY, -1)
    path.chmod(0o400)
    place.chmod(0o500)
    if is_root:
        os.seteuid(NOBODY)
    yield place
    if is_root:
        os.seteuid(0)
    place.chmod(0o700)
    shutil.rmtree(place)


def test_a_ledger_in_a_folder_that_became_read_only_stops_with_one_line(
    folder: Path,
) -> None:
    with (
        pytest.raises(LedgerError) as caught,
        Ledger.open(f"sqlite:///{folder}/ledger.db", SystemClock()) as ledger,
        ledger.transaction(None) as tx,
    ):
        tx.put_links([link(2)])
    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{folder}/ledger.db: ")
    assert "right" in caught.value.remedy
