"""What each command does, on a project that speaks to stand-ins."""

import io
import json
import subprocess
import sys
import threading
import urllib.request
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasuki.cli import main
from tasuki.cli.app import EXIT_CODES
from tasuki.cli.reference import all_commands, markdown
from tests.unit.cli.rehearsing import LEADS, Desk

COMMANDS = all_commands()
ASKED = [
    "init",
    "login",
    "check",
    "new",
    "freeze",
    "show",
    "plan",
    "run",
    "explain",
    "collect",
    "kpi",
    "leaks",
    "review",
    "dead",
    "held",
    "approve",
    "reject",
    "withdraw",
    "billing",
    "reconcile",
    "drift",
    "handoffs",
    "replay",
    "test",
    "functions",
    "schema",
    "sandbox",
    "doctor",
    "deploy",
    "status",
    "fields",
    "up",
    "backup",
    "restore",
    "keys",
    "forget",
    "tidy",
    "backfill",
    "metrics",
    "alerts",
    "receive",
    "drain",
    *(
        f"archive {one}"
        for one in (
            *("search", "show", "export", "verify", "add", "correct", "void"),
            *("delete", "anchor", "sweep"),
        )
    ),
    *(f"invoice {one}" for one in ("preview", "xml", "check", "cancel")),
]


class Browser(webbrowser.BaseBrowser):
    """A person who allows everything at once."""

    def open(self, url: str, *_: object, **__: object) -> bool:
        threading.Thread(target=lambda: urllib.request.urlopen(url).close()).start()
        return True


@pytest.fixture
def browser() -> Iterator[None]:
    webbrowser.register("person", None, Browser("person"), preferred=True)
    yield
    webbrowser._tryorder.remove("person")  # type: ignore[attr-defined]
    del webbrowser._browsers["person"]  # type: ignore[attr-defined]


def test_every_command_that_is_promised_exists() -> None:
    assert set(ASKED) == set(COMMANDS)


@pytest.mark.parametrize("name", ASKED)
def test_every_command_and_option_says_what_it_is_for(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    assert len(command.help.splitlines()[0]) > 10
    for each in command.params:
        assert each.help, f"{name} {each.name}"
        assert each.help.endswith("."), f"{name} {each.name}"


def test_the_reference_page_has_every_command_and_exit_code() -> None:
    page = markdown()
    assert all(f"## tasuki {name}\n" in page for name in ASKED)
    assert all(f"| {code} | {words} |" in page for code, words in EXIT_CODES.items())


def test_a_new_project_is_without_problems(desk: Desk) -> None:
    for command in ("check", "test", "status", "dead"):
        said = desk.tasuki(command)
        assert said.code == 0, said
    assert desk.tasuki("check", "--live").code == 0
    assert "no problems" in desk.tasuki("check").out


def test_init_writes_a_project_and_refuses_to_write_over_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new"
    assert main(["init", str(folder)]) == 0
    said = capsys.readouterr().out
    for step in ("tasuki sandbox", "tasuki login freee", f"tasuki plan {LEADS}"):
        assert step in said
    assert (folder / ".env").stat().st_mode & 0o077 == 0
    assert ".env\n" in (folder / ".gitignore").read_text()
    assert "sandbox" not in (folder / ".env.example").read_text().split("FREEE")[1]
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert main(["init", str(folder)]) == 2
    assert "connections.yaml" in capsys.readouterr().err
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


def test_init_copies_the_shipped_mappings_on_request(desk: Desk) -> None:
    (desk.folder / "mappings" / "policies.yaml").unlink()
    said = desk.tasuki("init", str(desk.folder), "--copy-mappings")
    assert said.code == 0
    assert (desk.folder / "mappings" / f"{LEADS}.yaml").is_file()
    assert desk.tasuki("check").code == 0
    assert desk.tasuki("test").code == 0
    assert desk.tasuki("init", str(desk.folder), "--copy-mappings").code == 2


def test_a_shipped_mapping_without_its_system_goes_unused(desk: Desk) -> None:
    text = (desk.folder / "connections.yaml").read_text()
    desk.write("connections.yaml", text[: text.index("freee:")])
    said = desk.tasuki("check", "--json")
    assert said.code == 0
    assert "invoice.salesforce-freee" in said.json()["unused"]
    desk.write(
        "mappings/invoice.salesforce-freee.yaml",
        "version: 1\nsource: salesforce/Account\ndestination: freee/partner\n"
        "match: [{code: Id}]\nfields: {code: Id, name: Name}\n",
    )
    (desk.folder / "mappings" / "invoice.salesforce-freee.yaml").rename(
        desk.folder / "mappings" / "customer.salesforce-freee.yaml"
    )
    said = desk.tasuki("check")
    assert said.code == 2
    assert "connections.yaml has no connection 'freee'" in said.err
    assert "customer.salesforce-freee.yaml:3:" in said.err


def test_a_field_that_a_system_does_not_have_is_found_before_a_run(desk: Desk) -> None:
    desk.write(
        "mappings/mine.yaml",
        "version: 1\nsource: hubspot/contacts\ndestination: salesforce/Lead\n"
        "match: [{Email: email}]\nfields:\n  Email: email\n  LastNam: lastname\n",
    )
    said = desk.tasuki("check", "--live")
    assert said.code == 2
    assert "mappings/mine.yaml:7:3: unknown field 'LastNam'" in said.err
    assert "Did you mean 'LastName'?" in said.err


def test_a_plan_changes_nothing_and_a_run_does_what_it_said(desk: Desk) -> None:
    planned = desk.tasuki("plan", LEADS, "--json").json()
    assert desk.tasuki("status", "--json").json()["runs"] == []
    report = desk.tasuki("run", LEADS, "--json").json()
    assert report["read"] == sum(planned["counts"].values())
    assert 0 < report["created"] <= planned["counts"]["create"]
    again = desk.tasuki("run", LEADS, "--json").json()
    assert again["created"] == 0
    runs = desk.tasuki("status", "--json").json()["runs"]
    assert [run["sync"] for run in runs] == [LEADS, LEADS]


def test_a_delivered_record_can_be_explained(desk: Desk) -> None:
    desk.tasuki("run", LEADS)
    planned = desk.tasuki("plan", LEADS, "--full", "--show", "99", "--json").json()
    unknown = desk.tasuki("explain", "hubspot/contacts/1")
    assert unknown.code == 1
    skipped = next(c for c in planned["changes"] if c["action"] == "skip")
    said = desk.tasuki("explain", skipped["ref"])
    assert said.code == 0
    assert skipped["reason"] in said.out


@pytest.mark.usefixtures("browser")
def test_doctor_finds_a_rehearsing_project_well(desk: Desk) -> None:
    said = desk.tasuki("doctor")
    assert said.code == 3  # nobody has logged in to freee yet
    assert "tasuki login freee" in said.out
    assert desk.tasuki("login", "freee", "--port", "0").code == 0
    said = desk.tasuki("doctor", "--json")
    assert said.code == 0, said.out
    checks = said.json()["checks"]
    assert {"machine", "project", "ledger", "hubspot", "salesforce", "freee"} == {
        check["where"] for check in checks
    }
    secrets = ("sandbox-secret", "pat-sandbox")
    assert not any(secret in said.out for secret in secrets)
    assert desk.tasuki("doctor", "freeee").code == 2


def test_doctor_without_depth_calls_no_system(desk: Desk, rehearsal) -> None:
    before = rehearsal.calls()
    assert desk.tasuki("doctor", "--offline").code == 0
    assert rehearsal.calls() == before


def test_doctor_says_when_prefect_does_not_answer(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    said = desk.tasuki("doctor", "--offline")
    assert said.code == 3
    assert "BAD prefect: api" in said.out


def test_a_login_with_a_pasted_code_is_kept(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, rehearsal
) -> None:
    freee = rehearsal.servers["freee"].url
    query = "response_type=code&client_id=sandbox-client&redirect_uri="
    address = f"{freee}/public_api/authorize?{query}urn:ietf:wg:oauth:2.0:oob"
    with urllib.request.urlopen(address) as page:
        code = page.read().decode().rsplit(" ", 1)[-1]
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{code}\n"))
    said = desk.tasuki("login", "freee", "--paste", "--json")
    assert said.code == 0, said
    assert said.json()["renews_itself"] is True
    assert code not in said.out + said.err
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{code}\n"))
    said = desk.tasuki("login", "freee", "--paste")
    assert said.code == 3  # a code works once
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert desk.tasuki("login", "freee", "--paste").code == 3


def test_a_connection_without_a_login_says_so(desk: Desk) -> None:
    said = desk.tasuki("login", "hubspot")
    assert said.code == 2
    assert "logs in by itself" in said.err


def test_dead_letters_are_listed_replayed_and_dropped(desk: Desk) -> None:
    desk.write(
        f"mappings/{LEADS}.yaml",
        "version: 1\nsource: hubspot/contacts\ndestination: salesforce/Lead\n"
        "match: [{Email: email}]\n"
        "fields:\n  Email: email\n  LastName: {const: 山田}\n"
        "  Company: {const: x}\n  Rating: {const: 'no such rating'}\n",
    )
    said = desk.tasuki("run", LEADS, "--yes-really", "999", "--json")
    dead = said.json()["dead"]
    assert dead > 0, said.json()
    assert said.code == 1
    listed = desk.tasuki("dead", "--json")
    assert listed.code == 1
    letters = listed.json()["letters"]
    assert len(letters) == dead
    assert sum(cause["times"] for cause in listed.json()["causes"]) == dead
    number = str(letters[0]["id"])
    assert letters[0]["cause"] in desk.tasuki("dead", number).out
    assert desk.tasuki("dead").code == 1
    said = desk.tasuki("replay", number, "--json")
    assert said.json() == {"replayed": 1, "syncs": [LEADS]}
    assert desk.tasuki("replay", "987654").code == 2
    assert desk.tasuki("replay").code == 2
    other = str(letters[1]["id"])
    assert desk.tasuki("dead", other, "--drop", "--json").json()["state"] == "dropped"
    assert desk.tasuki("dead", "--drop").code == 2
    assert desk.tasuki("replay", "--all", "--json").json()["replayed"] == dead - 2


JSON = [
    ("check",),
    ("check", "--live"),
    ("show", LEADS),
    ("schema",),
    ("schema", "--model"),
    ("handoffs",),
    ("functions",),
    ("functions", "lower"),
    ("functions", "--markdown"),
    ("fields", "salesforce", "Lead"),
    ("test",),
    ("plan", LEADS),
    ("run", LEADS),
    ("status",),
    ("explain", "hubspot/contacts/1"),
    ("dead",),
    ("replay", "--all"),
    ("doctor", "--offline"),
    # … and their errors:
    ("show", "nothing"),
    ("functions", "nothing"),
    ("fields", "salesforce", "Nothing"),
    ("fields", "nothing", "Lead"),
    ("dead", "4711"),
    ("login", "nothing"),
    ("init", "."),
    ("deploy",),
    ("sandbox", "nothing"),
    ("sandbox", "--world", "flat", "--ports", "hubspot=0,salesforce=0,freee=0"),
    ("sandbox", "--ports", "hubspot"),
]


@pytest.mark.parametrize("arguments", JSON, ids=" ".join)
def test_json_is_one_value_and_nothing_else(
    desk: Desk, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk.folder)
    said = desk.tasuki(*arguments, "--json")
    value = json.loads(said.out)
    assert isinstance(value, dict | list)
    if said.code in {2, 3}:
        assert {"error", "remedy"} <= set(value) or arguments == ("test",)
        assert said.err == ""


def test_in_words_every_command_says_something(desk: Desk) -> None:
    for arguments in JSON[:16]:
        assert desk.tasuki(*arguments).out.strip(), arguments


def test_the_module_can_be_run(desk: Desk) -> None:
    command = [sys.executable, "-m", "tasuki.cli", "--project", str(desk.folder)]
    done = subprocess.run(
        [*command, "check", "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    unused = json.loads(done.stdout)["unused"]
    more = ("moneyforward", "stripe", "kintone")
    assert [one for one in unused if not any(name in one for name in more)] == []


@pytest.mark.parametrize("arguments", ["--help", f"run {LEADS}", "doctor --offline"])
def test_what_costs_seconds_is_not_imported(desk: Desk, arguments: str) -> None:
    desk.tasuki("status")  # the ledger is made: no migration is needed any more
    program = (
        "import sys; from tasuki.cli import main; main(sys.argv[1:]);"
        "heavy = {'prefect', 'alembic', 'hubspot', 'simple_salesforce', 'openapi_core'};"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "--project", str(desk.folder), *arguments.split()],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr.splitlines()[-1] == "[]"


def test_help_does_not_open_a_database() -> None:
    program = (
        "import sys; from tasuki.cli import main; main(['run', '--help']);"
        "print('sqlalchemy' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stderr.strip() == "False"
    assert "Run a sync once." in done.stdout
