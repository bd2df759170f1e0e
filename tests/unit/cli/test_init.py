"""`tasuki init`: a few questions, or options, and the project works."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tasuki.cli import main
from tasuki.cli.answers import Answers, ask_for
from tasuki.model.errors import ConfigError

URL = "https://example.my.salesforce.com"


def asked(*typed: str) -> Answers:
    """Answer the questions in turn; an empty answer takes the default."""
    answers = iter(typed)
    return ask_for(lambda _, default: next(answers) or default)


def test_only_return_is_a_rehearsal_of_everything() -> None:
    assert asked("", "", "") == Answers()


def test_a_real_system_is_asked_for_its_address() -> None:
    answers = asked("salesforce、freee", "Salesforce freee", URL + "/", "123", "はい")
    assert answers == Answers(
        ("salesforce", "freee"), ("salesforce", "freee"), URL, "123", True
    )
    text = answers.connections({})
    assert f"base_url: {URL}\n" in text
    assert "company_id: 123\n" in text
    assert "hubspot" not in text


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (("hubspod",), "there is no connector 'hubspod'"),
        (("", "salesforce", "example.com"), "Salesforce needs the address"),
        (("", "freee", "abc"), "freee needs the number"),
    ],
)
def test_an_answer_that_makes_no_project_is_refused(
    typed: tuple[str, ...], told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        asked(*typed)


def test_a_project_that_bills_by_plans_is_deployed_so(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path), "--yes", "--billing", "plan"]) == 0
    text = (tmp_path / "prefect.yaml").read_text()
    wanted = "plans: plan.salesforce-hub, invoices: invoice.hub-freee,"
    assert text.count(wanted) == 1
    assert "credit_notes: credit_note.hub-freee}" in text
    assert "{mapping: payment.freee-hub, deals: [payment.hub-salesforce]}" in text
    assert "invoice.salesforce-freee" not in text
    assert main(["init", str(tmp_path / "x"), "--yes", "--billing", "barter"]) == 2


def test_a_project_of_two_systems_has_no_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new"
    options = ["--system", "salesforce", "--system", "freee", "--real", "salesforce"]
    arguments = ["init", str(folder), *options, "--salesforce-url", URL]
    assert main([*arguments, "--copy-mappings"]) == 0
    said = capsys.readouterr().out
    assert "write SF_ID, SF_SECRET" in said
    assert "lead.hubspot-salesforce" not in said
    env = (folder / ".env").read_text()
    assert "SF_SECRET=\n" in env
    assert "HUBSPOT" not in env
    (folder / ".env").write_text(env.replace("=\n", "=x\n"))
    assert main(["--project", str(folder), "check"]) == 0
    assert "8 mappings, 2 connections (salesforce, freee)" in capsys.readouterr().out


def test_a_wrong_option_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    assert main(["init", str(folder), "--real", "freee"]) == 2
    assert not folder.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="asks on a terminal")
def test_it_asks_on_a_terminal_and_only_there(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "tasuki.cli", "init", str(tmp_path / "new")]
    process = subprocess.Popen(command, stdin=theirs, stderr=subprocess.PIPE)
    os.write(ours, b"hubspot,salesforce\n\n\n")
    said = process.communicate(timeout=60)[1].decode()
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 0, said
    assert "Which systems does the company use? [hubspot, salesforce, freee]" in said
    assert "freee:" not in (tmp_path / "new" / "connections.yaml").read_text()
    silent = subprocess.run(
        [*command[:-1], str(tmp_path / "other")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    assert silent.stderr == b""
