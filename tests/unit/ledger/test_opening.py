"""Opening a ledger: migrations, and every way it can go wrong in one clear line."""

import os
import re
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event, text

from tasuki.clock import SystemClock
from tasuki.ledger import Ledger
from tasuki.ledger.database import Database
from tasuki.ledger.migration import HEAD, SCRIPTS
from tasuki.ledger.tables import Stored
from tasuki.model.errors import LedgerError
from tests.unit.ledger.material import (
    ROOT,
    SYNC,
    ManualClock,
    Other,
    child_environment,
    intent,
    link,
)


def engine_of(ledger: Ledger) -> Engine:
    return ledger._database.engine


def open_sqlite(path: Path, **options: float) -> Ledger:
    return Ledger.open(f"sqlite:///{path}", SystemClock(), **options)


def indexes(engine: Engine) -> dict[str, str]:
    query = (
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        if engine.dialect.name == "sqlite"
        else "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
    )
    with engine.connect() as connection:
        rows = connection.execute(text(query)).all()
    return {name: " ".join(sql.split()) for name, sql in rows if "alembic" not in name}


def test_migrations_make_the_tables_that_the_code_declares(ledger: Ledger) -> None:
    engine = engine_of(ledger)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        found = compare_metadata(context, Stored.metadata)
    assert found == []
    migrated = indexes(engine)
    Stored.metadata.drop_all(engine)
    Stored.metadata.create_all(engine)
    assert migrated == indexes(engine)


def test_the_code_knows_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_an_open_ledger_keeps_what_was_written(url: str, clock: ManualClock) -> None:
    with Ledger.open(url, clock) as first, first.transaction(None) as tx:
        tx.put_links([link(1)])
    with Ledger.open(url, clock) as second:
        assert second.links(SYNC, ["c1"]) == {"c1": link(1)}


def test_alembic_is_not_imported_for_a_ledger_that_is_up_to_date(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ledger.db"
    open_sqlite(path).close()
    script = (
        "import sys; from tasuki.clock import SystemClock; from tasuki.ledger import *;"
        f"Ledger.open('sqlite:///{path}', SystemClock());"
        "print('alembic' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=child_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"


def test_many_may_open_a_new_ledger_at_the_same_time(new_url: str) -> None:
    script = "say(ledger.cursor('s'))"
    others = [Other(new_url, script) for _ in range(3)]
    heard = [other.hear() for other in others]
    for other in others:
        other.__exit__(None, None, None)
    assert heard == ["None"] * 3


def test_a_ledger_of_a_newer_version_is_left_alone(
    url: str, clock: ManualClock
) -> None:
    with Ledger.open(url, clock) as ledger, engine_of(ledger).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9000'"))
    with pytest.raises(LedgerError, match="schema 9000") as caught:
        Ledger.open(url, clock)
    assert "newer tasuki" in caught.value.remedy


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("nonsense", "not a database URL"),
        ("mysql://u:secret@h/d", "no ledger can be kept in 'mysql'"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("sqlite:///ledger.db?colour=blue", "option that is not known: 'colour'"),
        ("postgresql://h/d?colour=secret", "option that is not known: 'colour'"),
    ],
)
def test_an_address_that_cannot_hold_a_ledger_is_refused(
    wrong: str, words: str
) -> None:
    with pytest.raises(LedgerError, match=words) as caught:
        Ledger.open(wrong, ManualClock())
    assert "secret" not in str(caught.value)


def test_a_password_is_in_no_message() -> None:
    with pytest.raises(LedgerError) as caught:
        Ledger.open("postgresql://me:s3cret@127.0.0.1:1/none", ManualClock())
    told = f"{caught.value} {caught.value.args} {caught.value.remedy}"
    assert "s3cret" not in told
    assert str(caught.value).startswith(
        "postgresql+psycopg://me:***@127.0.0.1:1/none: "
    )


@pytest.fixture
def guarded_url(postgres_url: str) -> Iterator[str]:
    """A database of a server that asks this one user for a password."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE guarded LOGIN PASSWORD 'right'")
        found = connection.execute("SHOW hba_file").fetchone()
        assert found is not None
        rules = Path(found[0])
        before = rules.read_text()
        rules.write_text(f"local all guarded scram-sha-256\n{before}")
        connection.execute("SELECT pg_reload_conf()")
    yield str(postgres_url).replace("postgres:@", "guarded:wr0ng@")
    rules.write_text(before)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("DROP ROLE guarded")


def test_a_wrong_password_and_a_missing_database_are_told_apart(
    guarded_url: str,
) -> None:
    with pytest.raises(LedgerError, match="refuses the log-in") as caught:
        Ledger.open(guarded_url, ManualClock())
    assert caught.value.remedy == "Correct user and password in the ledger's URL."
    assert "wr0ng" not in str(caught.value)
    elsewhere = re.sub(r"/ledger_\d+", "/none", guarded_url)
    with pytest.raises(LedgerError, match="no such database") as caught:
        Ledger.open(elsewhere.replace("guarded:wr0ng@", "postgres:@"), ManualClock())
    assert "createdb" in str(caught.value.remedy)


def test_only_its_owner_may_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ledger.db"
    with open_sqlite(path) as ledger, ledger.transaction(None) as tx:
        tx.put_links([link(1)])
        files = [path, path.with_name("ledger.db-wal")]
        assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600] * 2


def test_sqlite_commits_reach_the_disk(tmp_path: Path) -> None:
    with open_sqlite(tmp_path / "a.db") as ledger, engine_of(ledger).connect() as one:
        asked = ("journal_mode", "synchronous")
        found = [one.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked]
    assert found == ["wal", 2]


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"this is no database, but long enough to look like one" * 100)
    with pytest.raises(LedgerError, match="not a ledger, or is damaged") as caught:
        open_sqlite(path)
    assert caught.value.where == str(path)
    assert "backup" in caught.value.remedy


def test_a_full_disk_stops_the_run_and_writes_nothing(tmp_path: Path) -> None:
    with open_sqlite(tmp_path / "ledger.db") as ledger:

        @event.listens_for(engine_of(ledger), "checkout")
        def no_room(connection: sqlite3.Connection, *_: object) -> None:
            connection.execute("PRAGMA max_page_count = 60")

        with (
            pytest.raises(LedgerError, match="the disk is full") as caught,
            ledger.transaction(None) as tx,
        ):
            tx.add_intents([intent(number) for number in range(2000)])
        assert "Free disk space" in caught.value.remedy
        assert ledger.open_intents(SYNC) == []


def test_a_ledger_that_another_program_holds_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with open_sqlite(path, busy_seconds=0.1) as ledger:
        with sqlite3.connect(path, isolation_level=None) as browser:
            browser.execute("BEGIN IMMEDIATE")
            with (
                pytest.raises(LedgerError, match="another program holds"),
                ledger.transaction(None) as tx,
            ):
                tx.put_links([link(1)])
            browser.execute("ROLLBACK")
        browser.close()
        with ledger.transaction(None) as tx:
            tx.put_links([link(1)])


def test_a_ledger_that_may_not_be_written_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    open_sqlite(path).close()
    url = f"sqlite:///file:{path}?mode=ro&uri=true"
    with (
        Ledger.open(url, SystemClock()) as ledger,
        pytest.raises(LedgerError, match="may not be written"),
        ledger.transaction(None) as tx,
    ):
        tx.put_links([link(1)])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_said_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(LedgerError, match="cannot be made"):
        open_sqlite(tmp_path / "ledger.db")


@pytest.mark.postgres
def test_a_database_that_does_not_exist_is_said_so(postgres_url: str) -> None:
    with pytest.raises(LedgerError) as caught:
        Ledger.open(postgres_url.replace("ledger_", "nowhere_"), ManualClock())
    assert "nowhere_" in str(caught.value)
    assert str(caught.value).count("\n") == 0


@pytest.mark.postgres
def test_a_connection_that_breaks_does_not_stop_the_next_work(
    postgres_url: str,
) -> None:
    with Ledger.open(postgres_url, ManualClock()) as ledger:
        ledger.links(SYNC, ["c1"])
        with (
            Ledger.open(postgres_url, ManualClock()) as other,
            engine_of(other).begin() as connection,
        ):
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        assert ledger.links(SYNC, ["c1"]) == {}


def test_runs_and_tokens_of_the_first_version_live_on(
    new_url: str, clock: ManualClock
) -> None:
    database = Database(new_url, clock, 10.0, "FULL")
    with database.writing() as connection:
        config = Config()
        config.set_main_option("script_location", str(SCRIPTS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql(
            "INSERT INTO run VALUES ('r1', 's', 'run', 'running', '2026', NULL, 'h', 1,"
            " '{}', '{}', '')"
        )
        connection.exec_driver_sql(
            "INSERT INTO token VALUES ('freee', 'v1.xyz', NULL, '2026')"
        )
    database.engine.dispose()
    with Ledger.open(new_url, clock) as ledger:
        assert [row.connection for row in ledger.logins()] == ["freee"]
        assert ledger.logins()[0].refused_at is None
        ledger.start_run("r2", "s", "run")
        assert [row.state for row in ledger.runs()] == ["running", "lost"]
        found = ledger.run("r1")
    assert found is not None
    assert found.error == (
        "process 1 on h was silent for longer than its lease; run r2 took over"
    )
