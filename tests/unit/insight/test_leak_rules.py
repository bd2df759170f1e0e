"""The rules: what they find is what was planted, and what the vectors' queries find."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from ruamel.yaml import YAML

from tasuki.insight import leak
from tasuki.insight.leak.board import SCHEMA, Board
from tasuki.insight.leak.column import moment_text
from tasuki.insight.leak.rule import rules
from tests.unit.insight.leaky_company import NOW, TERMS, TODAY, LeakyCompany
from tests.vector_files import folder

GIVEN = {**TERMS, "now": moment_text(NOW), "today": TODAY.isoformat()}


@pytest.fixture(scope="module")
def company() -> LeakyCompany:
    return LeakyCompany()


@pytest.fixture(scope="module")
def board(company: LeakyCompany) -> Iterator[Board]:
    with closing(Board()) as made:
        lay_down(company, made)
        yield made


def lay_down(company: LeakyCompany, board: Board) -> None:
    for table, rows in company.rows.items():
        names = list(dict.fromkeys(name for row in rows for name in row))
        for some in {frozenset(row): None for row in rows}:
            alike = [row for row in rows if row.keys() == some]
            board.put(table, [{n: row[n] for n in names if n in row} for row in alike])


def test_every_planted_leak_is_found_and_nothing_else(
    company: LeakyCompany, board: Board
) -> None:
    began = process_time()
    found = {
        one.id: {row.subject for row in board.ask(one, GIVEN)}
        for one in rules().values()
    }
    seconds = process_time() - began
    planted = company.planted
    right = sum(len(found[rule] & planted[rule]) for rule in found)
    recall = right / sum(len(planted[rule]) for rule in found)
    precision = right / sum(len(subjects) for subjects in found.values())
    sizes = {name: len(rows) for name, rows in company.rows.items()}
    print(
        f"\n{sizes['sfa_lead']:,} leads, "
        f"{sum(d['is_won'] for d in company.rows['deal']):,} won deals, {right:,} leaks: "
        f"recall {recall:.1%}, precision {precision:.1%}, {seconds:.2f} s for 38 rules"
    )
    assert {rule: sorted(found[rule] ^ planted[rule])[:5] for rule in found} == {
        rule: [] for rule in found
    }
    assert min(len(planted[rule]) for rule in found) >= 20
    assert recall == 1.0
    assert precision >= 0.99
    assert seconds < 10


def test_a_sum_at_risk_is_told_where_there_is_one(board: Board) -> None:
    for rule in ("L12", "L16", "L20"):
        rows = board.ask(rules()[rule], GIVEN)
        assert rows
        assert all(row.yen is not None for row in rows)
    assert {row.yen for row in board.ask(rules()["L20"], GIVEN)} == {440}


def test_a_consolidated_invoice_bills_every_instalment_it_covers() -> None:
    with closing(Board()) as board:
        plans = [
            {"id": f"n{n}", "deal_id": "d", "bill_on": "2026-11-01", "cancelled": 0}
            for n in (1, 2, 3)
        ]
        board.put("invoice_plan", plans)
        board.put("invoice", [{"id": "i", "status": "sent"}])
        board.fill("INSERT INTO covered VALUES (?, ?)", [("n1", "i"), ("n2", "i")])
        assert [row.subject for row in board.ask(rules()["L12"], GIVEN)] == ["n3"]


def test_a_rule_says_everything_in_both_languages() -> None:
    path = Path(leak.__file__).with_name("rules.yaml")
    read = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    assert list(read) == [f"L{number:02d}" for number in range(1, 39)]
    for one in read.values():
        assert one.keys() - {"mend"} == {
            *("name", "severity", "department", "about", "needs", "why", "remedy", "find"),
        }  # fmt: skip
        assert one["name"].keys() == one["remedy"].keys() == {"ja", "en"}
        assert not one["name"]["ja"].isascii()
        assert one["name"]["en"].isascii()


# -- the vectors -------------------------------------------------------------------


def vectors() -> list[dict[str, Any]]:
    path = folder() / "leaks" / "leak_rules.json"
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def plain(company: LeakyCompany) -> Iterator[sqlite3.Connection]:
    """The same company in the vectors' own schema."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(
            (folder() / "leaks" / "schema.sql").read_text(encoding="utf-8")
        )
        for table, rows in company.rows.items():
            for row in rows:
                told = dict(row)
                if str(told.get("system", "")).startswith("accounting:"):
                    continue
                marks = ", ".join("?" for _ in told)
                db.execute(
                    f"INSERT INTO {table} ({', '.join(told)}) VALUES ({marks})",
                    list(told.values()),
                )
        # The vectors know one accounting system; of two, a customer is in one at least.
        for row in company.rows["xref"]:
            if row["system"].startswith("accounting:"):
                system = (
                    row["system"] if row["system"].endswith("stripe") else "accounting"
                )
                db.execute(
                    "INSERT INTO xref (kind, local_id, system, remote_id, remote_deleted) VALUES (?, ?, ?, ?, ?)",
                    (
                        row["kind"],
                        row["local_id"],
                        system,
                        row["remote_id"],
                        row["remote_deleted"],
                    ),
                )
        indexes = (
            "xref(local_id, kind, system)", "invoice_plan(deal_id)", "invoice(plan_id)",
            "payment(invoice_id)", "onboarding(deal_id)", "archive(invoice_id)", "invoice(deal_id)",
        )  # fmt: skip
        for number, one in enumerate(indexes):
            db.execute(f"CREATE INDEX index_{number} ON {one}")
        yield db


@pytest.mark.vectors
def test_the_board_has_the_tables_of_the_vectors() -> None:
    told = (folder() / "leaks" / "schema.sql").read_text(encoding="utf-8")
    assert SCHEMA.strip() == told.strip()


@pytest.mark.vectors
@pytest.mark.parametrize("vector", vectors(), ids=lambda one: one["id"])
def test_a_rule_finds_what_the_vectors_query_finds(
    vector: dict[str, Any], board: Board, plain: sqlite3.Connection
) -> None:
    rule = rules()[vector["id"]]
    theirs = {str(row[0]) for row in plain.execute(vector["sql"], GIVEN)}
    assert theirs
    assert {row.subject for row in board.ask(rule, GIVEN)} == theirs
    assert rule.severity == vector["severity"]
