"""`tasuki tidy` and its file, as a person uses them."""

import sqlite3
from contextlib import closing

import pytest

from tests.unit.cli.rehearsing import LEADS, Desk


@pytest.fixture
def aged(desk: Desk) -> Desk:
    """A project that handed its leads on two years ago."""
    assert desk.tasuki("run", LEADS, "--yes-really", "100").code in {0, 1}
    with closing(sqlite3.connect(desk.folder / ".tasuki/ledger.db")) as connection:
        connection.execute("UPDATE intent SET done_at = '2024' || substr(done_at, 5)")
        connection.commit()
    return desk


def payloads(desk: Desk) -> int:
    with closing(sqlite3.connect(desk.folder / ".tasuki/ledger.db")) as connection:
        query = "SELECT count(*) FROM intent WHERE payload <> '{}'"
        return int(connection.execute(query).fetchone()[0])


def test_a_dry_run_counts_and_changes_nothing(aged: Desk) -> None:
    before = payloads(aged)
    told = aged.tasuki("tidy", "--dry-run", "--json").json()
    assert told["rows"]["payloads"] == before > 0
    assert payloads(aged) == before
    assert "would be taken out" in aged.tasuki("tidy", "--dry-run").out


def test_tidying_takes_what_the_dry_run_said_and_the_next_run_writes_nothing(
    aged: Desk,
) -> None:
    said = aged.tasuki("tidy", "--compact")
    assert (said.code, "evidence of money is kept" in said.out) == (0, True)
    assert payloads(aged) == 0
    told = aged.tasuki("run", LEADS, "--full", "--json")
    assert told.code in {0, 1}
    assert told.json()["created"] == told.json()["updated"] == 0
    deep = aged.tasuki("doctor", "--deep", "--offline")
    assert deep.out.splitlines()[-1].endswith("well, 0 to look at")


def test_what_the_file_keeps_for_good_stays(aged: Desk) -> None:
    before = payloads(aged)
    aged.write("retention.yaml", "payloads: never\ndecisions: 90\n")
    told = aged.tasuki("tidy", "--json").json()
    assert told["days"]["payloads"] is None
    assert told["days"]["decisions"] == 90
    assert payloads(aged) == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("decision: 90", "retention.yaml:1:1: unknown key 'decision'"),
        ("runs: 90\npayloads: soon", "retention.yaml:2:11: payloads: 'soon'"),
        ("runs: 3", "retention.yaml:1:7: runs: '3' is no length of time"),
        ("runs: 90.5", "retention.yaml:1:7: runs: '90.5' is no length"),
        ("runs: true", "retention.yaml:1:7: runs: 'True' is no length"),
        ("- 90", "retention.yaml:1:1: "),
    ],
)
def test_a_wrong_file_is_told_with_its_place_and_nothing_goes(
    aged: Desk, text: str, words: str
) -> None:
    before = payloads(aged)
    aged.write("retention.yaml", text)
    said = aged.tasuki("tidy")
    assert (said.code, said.out) == (2, "")
    assert words in said.err
    assert words in aged.tasuki("check").err
    assert payloads(aged) == before
