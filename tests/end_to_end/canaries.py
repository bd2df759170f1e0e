"""A company whose every secret and personal value occurs nowhere else.

A bad day is run with all faults that the stand-ins know; then everything that it left
behind is searched for these words.
"""

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tasuki.demo.people import People
from tasuki.ports import Token
from tasuki.project import Project
from tasuki.registry import Registry
from tasuki.sandbox.demo_world import demo_world
from tasuki.sandbox.faults import Fault, Kind
from tasuki.sandbox.rehearsal import ENVIRONMENT, Rehearsal
from tests.end_to_end.relay import CHAIN, CUSTOMERS, INVOICES, LEADS

ROOT = Path(__file__).parents[2]
WRITES = r"sobjects|composite|/iv/invoices|partners|batch/(create|update|upsert)"
HUBSPOT, SF, FREEE = "pat-kanaria-1f7", "sf-kanaria-2e8", "freee-kanaria-3d9"
ACCESS, REFRESH = "access-kanaria-4c1", "refresh-kanaria-5b2"
WRONG, PASSWORD = "wrong-kanaria-6a3", "pw-kanaria-7f4"
KEY = "key-kanaria-that-is-long-enough"
MAIL, LAST, FIRST, PHONE = "kanariamail", "金糸雀田", "金糸雀代", "7731"
PERSONAL = re.compile(
    f"{MAIL}|{LAST}|{FIRST}|90[- ]?{PHONE}[- ]?[0-9]{{4}}", re.IGNORECASE
)
MAY_HOLD_PERSONAL = {
    ("link", "sent"),
    ("intent", "payload"),
    ("intent", "key_value"),
    ("intent", "receipt"),
}
"""Columns that are there to hold what was sent; docs/how-to/production.md says so."""
POLICY = "{attempts: 2, first: 0.02, factor: 1, ceiling: 0.05, total: 3, settle: 1}"
UNREADABLE = """
version: 1
source: hubspot/contacts
destination: salesforce/Lead
match: [{HubSpot_Contact_Id__c: hs_object_id}]
fields:
  HubSpot_Contact_Id__c: hs_object_id
  Email: email
  Phone: {from: phone, as: number}
  Company: {from: email, as: date}
"""
REFUSED = """
version: 1
source: hubspot/contacts
destination: salesforce/Lead
match: [{HubSpot_Contact_Id__c: hs_object_id}]
qualify: {no_email: not blank(email)}
fields:
  HubSpot_Contact_Id__c: hs_object_id
  Email: email
  LastName: = concat(LONG)
  FirstName: firstname
  MobilePhone: phone
  Company: company
  Status: = concat(lastname, email)
""".replace("LONG", ", ".join(["lastname"] * 20))
LOUD = REFUSED.replace("concat(lastname, email)", "loud(lastname, email)")
BURST = """
version: 1
source: bursting/things
destination: salesforce/Lead
match: [{HubSpot_Contact_Id__c: id}]
fields: {HubSpot_Contact_Id__c: id, LastName: name}
"""
CARELESS = {"unreadable": UNREADABLE, "refused": REFUSED, "loud": LOUD, "burst": BURST}
"""Mappings that say nothing of personal data, and make what nobody accepts."""
FUNCTIONS = """
def loud(name: str, mail: str) -> str:
    '''Return nothing, ever.

    >>> loud(None, None)
    '''
    raise ValueError(f"{name} of {mail} is not to my liking")
"""
CONNECTOR = f"""
from collections.abc import Iterator

from pydantic import SecretStr

from tasuki.connector import ConnectionSettings, Connector


class Settings(ConnectionSettings):
    token: SecretStr


class Bursting:
    def __init__(self, settings, wire):
        self.token = settings.token.get_secret_value()
        self.source = self.destination = self

    def read(self, query, cursor):
        payload = {{"name": "{LAST}", "mail": "{MAIL}@x.jp", "token": self.token}}
        try:
            yield payload["amount"]
        except KeyError as error:
            raise RuntimeError(f"cannot read {{payload}}") from error

    def fetch(self, query, ids):
        return list(self.read(query, None))

    def doctor(self):
        raise OSError(f"no socket for {{self.token}}")

    def close(self):
        pass


CONNECTOR = Connector(
    name="bursting", settings=Settings, open=Bursting, limits=lambda settings: (),
    streams=("things",),
)
"""
"""A project's connector with mistakes, whose words quote a record and a token."""


BURSTING = 'bursting: {connector: bursting, token: "${BURSTING_TOKEN}"}\n'


@dataclass
class Company:
    """Three stand-ins full of canaries, a project without masks, and a bad day."""

    place: Path
    rehearsal: Rehearsal = field(init=False)
    process: "subprocess.Popen[str]" = field(init=False)
    environment: dict[str, str] = field(init=False)
    people: People = field(init=False)

    def __post_init__(self) -> None:
        options = {
            "hubspot": {"token": HUBSPOT},
            "salesforce": {"client_secret": SF},
            "freee": {"client_secret": FREEE},
        }
        world = demo_world(people=30, deals=10, won=5)
        for number, person in enumerate(world.people):
            person.lastname, person.firstname = f"{LAST}{number}", f"{FIRST}{number}"
            person.phone = f"090-{PHONE}-{number:04}"
            if person.email:
                person.email = f"{MAIL}{number}@{person.email.partition('@')[2]}"
        for company in world.companies:
            company.email = f"{MAIL}.office@sample.co.jp"
            company.phone = f"090-{PHONE}-9999"
        self.rehearsal = Rehearsal(Registry(self.place), options=options).start(world)
        (self.place / "mappings").mkdir()
        policies = ("standard", "money", "patient", "hasty")
        (self.place / "mappings/policies.yaml").write_text(
            "".join(f"{name}: {POLICY}\n" for name in policies)
        )
        for name, careless in CARELESS.items():
            (self.place / f"mappings/{name}.yaml").write_text(careless)
        (self.place / "mappings/functions.py").write_text(FUNCTIONS)
        own = self.place / "connectors/bursting"
        own.mkdir(parents=True)
        (own / "__init__.py").write_text(CONNECTOR)
        text = self.rehearsal.connections_yaml() + BURSTING
        text = text.replace("quiet_seconds: 5 ", "quiet_seconds: 0.2 ")
        (self.place / "connections.yaml").write_text(text)
        self.people = People(self.rehearsal, world)
        self.environment = {
            **os.environ,
            **ENVIRONMENT,
            "HUBSPOT_TOKEN": HUBSPOT,
            "SF_ID": "sandbox",
            "SF_SECRET": SF,
            "FREEE_ID": "sandbox-client",
            "FREEE_SECRET": FREEE,
            "BURSTING_TOKEN": WRONG,
            "TASUKI_SECRET_KEY": KEY,
            "TASUKI_PROJECT": str(self.place),
            "PYTHONPATH": str(ROOT),
        }
        self.environment.pop("TASUKI_LEDGER_URL", None)
        self.start()

    def start(self, **environment: str) -> None:
        """Start the process that runs commands."""
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests/end_to_end/speaker.py"),
             str(self.place / "said.log")],
            cwd=self.place, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=self.environment | environment,
        )  # fmt: skip

    def stop(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()

    def tasuki(self, *arguments: str) -> int:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(arguments) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, (self.place / "said.log").read_text()[-2000:]
        return int(line)

    def log_in(self) -> None:
        """Let the stand-in and the ledger agree on tokens of ours."""
        accounts: Any = self.rehearsal.servers["freee"].sandbox
        grants = accounts.accounts.grants
        grants.access[ACCESS] = grants.refresh[REFRESH] = "2100-01-01T00:00:00+00:00"
        project = Project(self.place, environment=self.environment)
        with project.open_ledger() as ledger:
            ledger.tokens("freee").save(Token(ACCESS, REFRESH))

    def minted(self) -> set[str]:
        """Return every token that the stand-ins have given out and still know."""
        accounts: Any = self.rehearsal.servers["freee"].sandbox
        dump = json.dumps(accounts.dump(), default=str)
        return set(re.findall(r'"([0-9a-f]{32})":', dump))

    def bad_day(self, at_once: int = 1) -> None:
        """Run everything under every fault, so many kinds of them together."""
        self.log_in()
        for name in CHAIN:
            self.tasuki("plan", name, "--verbose")
        self.tasuki("run", LEADS, "--yes-really", "9999")
        self.people.work_leads()
        self.people.convert_and_win()
        kinds = list(Kind)
        for number in range(0, len(kinds), at_once):
            for kind in kinds[number : number + at_once]:
                self._plant(kind)
            self._edit(number)
            for name in (LEADS, CUSTOMERS, INVOICES):
                self.tasuki("run", name, "--verbose", "--yes-really", "9999")
            for server in self.rehearsal.servers.values():
                server.faults.clear()
        for name in (*CHAIN, *CARELESS):
            self.tasuki("run", name, "--json", "--yes-really", "9999", "--full")
        self._look()

    def _plant(self, kind: Kind) -> None:
        for server in self.rehearsal.servers.values():
            server.faults.plant(
                Fault(kind, path=WRITES, seconds=0.1, times=2, skip=1),
                Fault(kind, path="token|search|query", seconds=0.1, times=1),
            )

    def _edit(self, number: int) -> None:
        """Let people change a few contacts, so that there is something to send."""
        store: Any = self.rehearsal.servers["hubspot"].sandbox
        some = list(store.store("contacts").rows.values())[:6]
        url = f"{self.rehearsal.servers['hubspot'].url}/__act/edit"
        for row in some:
            changed = {"lastname": f"{LAST}{number}", "jobtitle": f"役職{number}"}
            body = {"stream": "contacts", "id": str(row.id), "properties": changed}
            httpx.post(url, json=body).raise_for_status()

    def _look(self) -> None:
        for command in (
            ["dead"], ["dead", "1"], ["dead", "--json"], ["status"], ["doctor"],
            ["status", "--json"], ["check", "--live"], ["plan", LEADS, "--full"],
            ["plan", "refused", "--full", "--json"], ["plan", "refused", "--full"], ["explain", "1"],
            ["explain", f"hubspot/contacts/{self.someone()}"], ["keys", "rotate"],
            ["backup", "copy.db"], ["restore", "copy.db"], ["login", "hubspot"],
            ["run", "no-such-mapping"], ["nonsense"], ["run", "loud", "--full"],
            ["run", "burst"], ["run", "burst", "--json"], ["plan", "burst"],
            ["held"], ["held", "--json"], ["reconcile", LEADS],
            ["reconcile", LEADS, "--json"], ["reconcile", "refused"],
            ["reconcile", "loud"], ["freeze", f"hubspot/contacts/{self.someone()}", "--into", LEADS, "--print"], ["doctor", "bursting"],
            ["approve", "--mapping", LEADS, "--create"],
            ["held", f"hubspot/contacts/{self.someone()}"],
            ["reject", "--mapping", "refused", "--why", f"{LAST} asked for it"],
        ):  # fmt: skip
            self.tasuki(*command, "--verbose")

    def someone(self) -> str:
        store: Any = self.rehearsal.servers["hubspot"].sandbox
        return str(next(iter(store.store("contacts").rows.values())).id)


def secrets(company: Company) -> re.Pattern[str]:
    words = {
        HUBSPOT,
        SF,
        FREEE,
        ACCESS,
        REFRESH,
        WRONG,
        PASSWORD,
        KEY,
        *company.minted(),
    }
    return re.compile("|".join(map(re.escape, words)))


def files(place: Path) -> list[Path]:
    """Return what was left behind, but for databases, which are read by column."""
    own = {
        "connections.yaml",
        "policies.yaml",
        "functions.py",
        "__init__.py",
        *(f"{name}.yaml" for name in CARELESS),
    }
    return [
        path
        for path in place.rglob("*")
        if path.is_file()
        and path.name not in own
        and path.suffix != ".pyc"
        and ".db" not in path.name
    ]


def leaks(path: Path, pattern: re.Pattern[str]) -> list[str]:
    text = path.read_bytes().decode("utf-8", "replace")
    text = re.sub(r"\\u([0-9a-f]{4})", lambda m: chr(int(m[1], 16)), text)
    return [
        f"{path.name}: {line.strip()[:300]}"
        for line in text.splitlines()
        if pattern.search(line)
    ]


def columns(path: Path, pattern: re.Pattern[str]) -> Iterator[tuple[str, str, str]]:
    """Yield (table, column, value) of every value of a database that is hit."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute(
            "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c "
            "WHERE m.type = 'table'"
        ).fetchall()
        for table, column in names:
            for (value,) in connection.execute(f'SELECT "{column}" FROM "{table}"'):
                is_raw = isinstance(value, bytes)
                text = value.decode("utf-8", "replace") if is_raw else str(value)
                if pattern.search(text):
                    yield table, column, text
