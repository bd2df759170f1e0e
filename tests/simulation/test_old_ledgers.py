"""A ledger of every released version, with its work in it, goes on under this one."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event, text

from tasuki.ledger import Ledger
from tasuki.ledger.database import Database
from tasuki.ledger.migration import HEAD, SCRIPTS, bring_up_to_date, revision
from tasuki.testing import ManualClock
from tasuki.testing.store import FakeRow
from tests.simulation.killing import LEASE, check_rerun_is_quiet, creations
from tests.simulation.scenes import Scene
from tests.unit.ledger.material import KEY, Other

FOLDER = Path(__file__).parents[1] / "unit/ledger/ledgers"
RELEASED = sorted(path.stem for path in FOLDER.glob("*.sql"))
MADE = {  # what stood in the books when 0001.sql was written
    "invoice-3": ("da82631c6fed276622b4", "partner-2", "D1", 1000),
    "invoice-4": ("9a580f58d8eddab7bc4f", "partner-1", "D2", 2000),
    "invoice-5": ("9600ee7ec64111dcceec", "partner-1", "D4", 4000),
    "invoice-6": ("d556b038f5a607cfd652", "partner-2", "D5", 5000),
    "invoice-7": ("d321c8668efe4102535e", "partner-1", "D6", 6000),
    "invoice-8": ("cd37c3e444b3407d7589", "partner-1", "D8", 8000),
}

Url = Callable[[], str]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    return str(request.getfixturevalue("postgres_url"))


def load(url: str, version: str) -> None:
    """Put a frozen ledger in place, as that version left it."""
    dump = (FOLDER / f"{version}.sql").read_text(encoding="utf-8")
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            connection.executescript(dump)
        connection.close()
        return
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(SCRIPTS))
        config.attributes["connection"] = connection
        command.upgrade(config, version)
        for line in dump.splitlines():
            if line.startswith("INSERT INTO") and "alembic_version" not in line:
                connection.exec_driver_sql(line.replace("%", "%%"))
        for table in ("decision", "dead_letter"):
            connection.exec_driver_sql(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 100)"
            )
    engine.dispose()


def counts(url: str) -> dict[str, int]:
    database = Database(url, ManualClock(), 10.0, "OFF")
    tables = ("link", "intent", "decision", "dead_letter", "run", "cursor", "token")
    with database.reading() as connection:
        found = {
            table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar()
            for table in tables
        }
    database.engine.dispose()
    return {name: int(rows or 0) for name, rows in found.items()}


def test_every_released_version_is_here() -> None:
    assert "0001" in RELEASED


@pytest.mark.parametrize("version", RELEASED)
def test_an_old_ledger_loses_nothing_by_the_upgrade(url: str, version: str) -> None:
    load(url, version)
    before = counts(url)
    with Ledger.open(url, ManualClock(), secret_key=KEY) as ledger:
        assert [o.found for o in ledger.audit() if o.name == "schema"] == [0]
    assert counts(url) == before
    assert before["link"] > 5


@pytest.mark.parametrize("version", RELEASED)
def test_the_work_of_an_old_ledger_goes_on_and_nothing_is_sent_twice(
    url: str, version: str
) -> None:
    load(url, version)
    clock = ManualClock()
    clock.advance(300)
    with Ledger.open(url, clock, secret_key=KEY) as ledger:
        stage = Scene(ledger, clock).invoices(6)
        for n in (7, 8):
            amount = n * 1000
            deal = {"AccountId": "a1", "name": f"D{n}", "amount": amount, "won": True}
            stage.source.put("Deal", f"d{n}", **deal)
        for n in (1, 2):
            fields: dict[str, object] = {"code": f"a{n}", "name": f"A{n}"}
            partners = stage.destination.streams["partner"].rows
            partners[f"partner-{n}"] = FakeRow(f"partner-{n}", fields, n)
        for place, (made, (mark, partner, subject, total)) in enumerate(MADE.items()):
            row = {"partner": partner, "subject": subject, "total": total}
            invoices = stage.destination.streams["invoice"].rows
            invoices[made] = FakeRow(made, dict(row), place + 3, mark=mark)
        stage.destination._born = 100
        for _ in range(2):
            clock.advance(LEASE + 1)
            stage.run()
        subjects = [
            str(one["subject"]) for one in stage.destination.records("invoice").values()
        ]
        assert sorted(subjects) == ["D1", "D2", "D4", "D5", "D6", "D7", "D8"]
        made_now = creations(stage.destination, "invoice")
        assert len(made_now) == 1, "only the one that was refused before"
        check_rerun_is_quiet(stage)


class Died(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("step", range(1, 16))
def test_an_upgrade_may_be_killed_at_any_statement(url: str, step: int) -> None:
    load(url, RELEASED[0])
    before = counts(url)
    database = Database(url, ManualClock(), 10.0, "OFF")
    left = step

    def die(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Died

    event.listen(database.engine, "before_cursor_execute", die)
    try:
        bring_up_to_date(database)
    except Died:
        event.remove(database.engine, "before_cursor_execute", die)
        with database.reading() as connection:
            assert revision(connection) == RELEASED[0]
    finally:
        database.engine.dispose()
    with (
        Ledger.open(url, ManualClock(), secret_key=KEY) as ledger,
        ledger._database.reading() as connection,
    ):
        assert revision(connection) == HEAD
    assert counts(url) == before


def test_several_may_open_an_old_ledger_at_the_same_time(url: str) -> None:
    load(url, RELEASED[0])
    before = counts(url)
    others = [Other(url, "say(ledger.cursor('invoices').position)") for _ in range(3)]
    heard = [other.hear() for other in others]
    for other in others:
        other.__exit__(None, None, None)
    assert heard == ["14"] * 3
    assert counts(url) == before
