"""`tasuki plan` and `tasuki run --plan` as a person types them."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasuki.cli.moments import moment_of
from tasuki.model.errors import ConfigError
from tasuki.sandbox.rehearsal import Rehearsal
from tests.unit.cli.rehearsing import LEADS, Desk

RUN = ("run", LEADS, "--yes-really", "1000")


def _rows(desk: Desk) -> list[str]:
    """Return all that the ledger says, without the meters of the calls made."""
    with closing(sqlite3.connect(desk.folder / ".tasuki/ledger.db")) as ledger:
        return [row for row in ledger.iterdump() if 'INTO "budget"' not in row]


def _records(rehearsal: Rehearsal) -> dict[str, str]:
    """Return every record that the systems hold."""
    hubspot, salesforce = (
        rehearsal.servers[name].sandbox.dump() for name in ("hubspot", "salesforce")
    )
    held = {"hubspot": hubspot["stores"], "salesforce": salesforce["tables"]}
    return {name: json.dumps(one, default=str) for name, one in held.items()}


def test_a_plan_foretells_the_calls_of_its_run(desk: Desk) -> None:
    told = desk.tasuki("plan", LEADS, "--json", "--show", "3").json()
    made = desk.tasuki(*RUN, "--json").json()
    assert made["created"] == told["counts"]["create"] > 0
    foretold = {
        f"{cost['connection']}:{kind}": n
        for cost in told["costs"]
        for kind, n in cost["calls"].items()
    }
    actual = {
        k: n for k, n in made["calls"].items() if not k.endswith((":auth", "set-up"))
    }
    assert foretold == actual


def test_a_plan_says_what_it_costs_at_each_connection(desk: Desk) -> None:
    out = desk.tasuki("plan", LEADS, "--show", "2").out
    assert "calls a run will make:" in out
    assert "under its limits" in out
    assert "of 100,000 calls in 1 day" in out


def test_a_saved_plan_goes_to_a_file_and_is_run_from_it(desk: Desk) -> None:
    path = desk.folder / "leads.plan"
    said = desk.tasuki("plan", LEADS, "--save", str(path), "--only", "1", "--json")
    assert said.code == 0, said.err
    assert said.json()["saved"] == str(path)
    head = json.loads(path.read_text().splitlines()[0])
    assert (head["sync"], head["only"]) == (LEADS, ["1"])
    ran = desk.tasuki("run", "--plan", str(path), "--json")
    assert ran.code == 0, ran.err
    again = desk.tasuki("run", "--plan", str(path))
    assert again.code == 1
    assert "leads.plan: was carried out already, by run " in again.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("plan", LEADS, "--save", "{plan}", "--sample", "5"), "a sample is no whole"),
        (("plan", LEADS, "--save", "{there}"), "exists already"),
        (("plan", LEADS, "--only", "1", "--since", "1 day"), "do not go together"),
        (("plan", LEADS, "--since", "tomorrow"), "'tomorrow' is no day and no time"),
        (("run", LEADS, "--since", "2999-01-01"), "'2999-01-01' lies ahead"),
        (("run",), "which mapping?"),
        (("run", "--plan", "{there}"), "there.yaml: is no saved plan"),
        (("run", "--plan", "{there}", "--full"), "the plan says what is read"),
        (("run", "--plan", "{plan}"), "No such file or directory"),
    ],
)
def test_wishes_that_cannot_be_are_one_line(
    desk: Desk, arguments: tuple[str, ...], words: str
) -> None:
    there = desk.write("there.yaml", "a: 1\n")
    places = {"there": str(there), "plan": str(desk.folder / "new.plan")}
    said = desk.tasuki(*(one.format(**places) for one in arguments))
    assert said.code == 2
    assert words in said.err
    assert "Traceback" not in said.err
    assert there.read_text() == "a: 1\n"


def test_a_plan_of_another_mapping_is_not_run(desk: Desk) -> None:
    path = desk.folder / "leads.plan"
    desk.tasuki("plan", LEADS, "--save", str(path), "--only", "1")
    said = desk.tasuki("run", "customer.salesforce-freee", "--plan", str(path))
    assert said.code == 2
    assert f"leads.plan: is a plan of {LEADS}, not of customer" in said.err


NOW = datetime(2026, 4, 10, 20, 30, tzinfo=UTC)  # 05:30 of the 11th in Tokyo


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-04-01", "2026-04-01T00:00:00+09:00"),
        ("2026-04-01T09:30", "2026-04-01T09:30:00+09:00"),
        ("2026-04-01T09:30:00Z", "2026-04-01T09:30:00+00:00"),
        ("0 days", "2026-04-11T00:00:00+09:00"),
        ("1 day", "2026-04-10T00:00:00+09:00"),
        ("3日", "2026-04-08T00:00:00+09:00"),
        ("2 weeks ago", "2026-03-28T00:00:00+09:00"),
        ("6 hours", "2026-04-10T23:30:00+09:00"),
    ],
)
def test_a_moment_is_one_of_tokyo(text: str, moment: str) -> None:
    assert moment_of(text, NOW).isoformat() == moment


@pytest.mark.parametrize("text", ["", "3", "days", "-1 day", "2026-13-01"])
def test_what_is_no_moment_is_said(text: str) -> None:
    with pytest.raises(ConfigError, match="no day and no time"):
        moment_of(text, NOW)


def test_planning_changes_no_table_and_sends_nothing(
    desk: Desk, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    """Reading never changes state: the ledger's rows and the systems' records."""
    desk.tasuki("status")  # the ledger is there
    desk.tasuki("plan", LEADS, "--show", "0")  # logged in, connections remembered
    before, writes = _rows(desk), _records(rehearsal)
    saved = tmp_path / "x.plan"
    assert desk.tasuki("plan", LEADS, "--save", str(saved)).code == 0
    assert desk.tasuki("plan", LEADS, "--full", "--sample", "10").code == 0
    assert desk.tasuki("plan", LEADS, "--since", "3 days").code == 0
    assert _rows(desk) == before
    assert _records(rehearsal) == writes
