"""The commands that care for the ledger, as a person types them."""

import os
from pathlib import Path

import pytest

from tests.unit.cli.rehearsing import LEADS, Desk


@pytest.fixture
def used(desk: Desk) -> Desk:
    """A project whose leads have been handed on."""
    assert desk.tasuki("run", LEADS, "--yes-really", "100").code in {0, 1}
    return desk


def address_sent(desk: Desk) -> str:
    """Return the e-mail address of somebody who has become a lead."""
    import sqlite3

    with sqlite3.connect(desk.folder / ".tasuki/ledger.db") as connection:
        (email,) = connection.execute(
            "SELECT json_extract(sent, '$.Email') FROM link LIMIT 1"
        ).fetchone()
    connection.close()
    return str(email)


def test_a_backup_is_restored_into_an_empty_ledger(used: Desk) -> None:
    made = used.tasuki("backup", str(used.folder / "copy.db"), "--json").json()
    assert made["rows"]["link"] > 0
    refused = used.tasuki("restore", made["file"])
    assert (refused.code, "not empty" in refused.err) == (3, True)
    for path in (used.folder / ".tasuki").glob("ledger.db*"):
        path.unlink()
    told = used.tasuki("restore", made["file"])
    assert told.code == 0
    assert "looked up before each create" in told.out
    assert used.tasuki("run", LEADS).code in {0, 1}


def test_a_backup_without_a_name_goes_where_git_does_not_look(used: Desk) -> None:
    path = Path(used.tasuki("backup", "--json").json()["file"])
    assert path.parent == used.folder / ".tasuki/backups"


@pytest.mark.parametrize("arguments", [[], ["x.db", "--mark"], ["--mark", "--force"]])
def test_restore_wants_a_file_or_a_mark(desk: Desk, arguments: list[str]) -> None:
    said = desk.tasuki("restore", *arguments)
    assert (said.code, said.err.count("\n")) == (2, 2)


def test_a_ledger_can_be_marked_as_restored(used: Desk) -> None:
    assert used.tasuki("restore", "--mark").code == 0
    assert "restored" in used.tasuki("doctor", "--deep", "--offline").out


def test_the_deep_doctor_says_one_line_at_the_end(used: Desk) -> None:
    said = used.tasuki("doctor", "--deep", "--offline")
    assert said.code == 0, said.out
    assert said.out.splitlines()[-1].endswith("well, 0 to look at")


def test_repair_goes_with_deep(desk: Desk) -> None:
    assert desk.tasuki("doctor", "--repair").code == 2


def test_a_key_file_is_changed_and_every_token_opens(used: Desk) -> None:
    path = used.folder / ".tasuki/secret.key"
    old = path.read_text().split()
    for arguments in (["new"], ["rotate"], ["rotate", "--drop-old"]):
        said = used.tasuki("keys", *arguments)
        assert said.code == 0, said
        assert not any(key in said.out for key in path.read_text().split())
    assert path.read_text().split() != old
    assert len(path.read_text().split()) == 1
    assert used.tasuki("doctor", "--offline").code == 0


def test_a_key_of_the_environment_is_shown_once_and_stored_nowhere(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASUKI_SECRET_KEY", "a key that is long enough")
    key = desk.tasuki("keys", "new").out.strip()
    assert len(key) > 40
    place = desk.folder / ".tasuki"
    files = [path for path in place.rglob("*") if path.is_file()]
    assert all(key.encode() not in path.read_bytes() for path in files)
    assert desk.tasuki("keys", "rotate", "--drop-old").code == 2


def test_a_machine_without_the_key_says_so_and_makes_none(
    used: Desk,
) -> None:
    from tasuki.ports import Token
    from tasuki.project import Project

    with Project(used.folder, environment=dict(os.environ)).open_ledger() as ledger:
        ledger.tokens("freee").save(Token("a", "r"))
    path = used.folder / ".tasuki/secret.key"
    path.unlink()
    said = used.tasuki("doctor", "--offline")
    assert said.code == 3
    assert "there is no key for the tokens of 'freee'" in said.out
    assert not path.exists()


def test_a_person_is_looked_at_first_and_then_erased(used: Desk) -> None:
    email = address_sent(used)
    looked = used.tasuki("forget", email)
    assert (looked.code, "--yes erases" in looked.out) == (0, True)
    erased = used.tasuki("forget", email, "--yes", "--json").json()
    assert erased["rows"]["link"] == 1
    assert used.tasuki("forget", email).code == 1
