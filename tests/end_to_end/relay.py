"""A company's three tools as stand-ins over HTTP, and a project that joins them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx

from tasuki.clock import SystemClock
from tasuki.demo.people import People
from tasuki.engine.explain import Story, explain
from tasuki.engine.run import run_sync
from tasuki.engine.sync import Options
from tasuki.ports import Token
from tasuki.project import Project
from tasuki.registry import Registry
from tasuki.sandbox.demo_world import demo_world
from tasuki.sandbox.faults import Fault
from tasuki.sandbox.rehearsal import ENVIRONMENT, SYSTEMS, Rehearsal
from tasuki.sandbox.server import SandboxServer

LEADS = "lead.hubspot-salesforce"
LIFECYCLE = "lifecycle.salesforce-hubspot"
CUSTOMERS = "customer.salesforce-freee"
INVOICES = "invoice.salesforce-freee"
PAYMENTS = "payment.freee-salesforce"
CHAIN = (LEADS, LIFECYCLE, CUSTOMERS, INVOICES, PAYMENTS)

Report = dict[str, Any]
Row = dict[str, Any]

_POLICY = "{attempts: 3, first: 0.02, factor: 2, ceiling: 0.1, total: 30, settle: 20}"
_POLICIES = "".join(
    f"{name}: {_POLICY}\n" for name in ("standard", "money", "patient", "hasty")
)


class Relay:
    """The tools, the people who work in them, and the syncs between."""

    def __init__(
        self,
        place: Path,
        ledger_url: str = "",
        *,
        people: int = 60,
        won: int = 13,
        more: Sequence[str] = (),
    ) -> None:
        self.place = place
        self._client = httpx.Client(timeout=30)
        self.world = demo_world(
            people=people, deals=won + 8, won=won, today=SystemClock().now()
        )
        systems = (*SYSTEMS, *more)
        self.rehearsal = Rehearsal(Registry(place), systems=systems).start(self.world)
        self.people = People(self.rehearsal, self.world)
        self._write_project()
        self._more = {"TASUKI_LEDGER_URL": ledger_url} if ledger_url else {}
        self.project = Project(place, environment=ENVIRONMENT | self._more)
        self.ledger = self.project.open_ledger()
        self.ledger.tokens("freee").save(Token(ENVIRONMENT["FREEE_TOKEN"]))
        if "moneyforward" in more:
            self.ledger.tokens("moneyforward").save(Token("sandbox-token"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
        self.people.close()
        self.ledger.close()
        self.rehearsal.stop()

    def _write_project(self) -> None:
        """Write connections, and policies that do not keep a test waiting."""
        text = self.rehearsal.connections_yaml()
        text = text.replace("quiet_seconds: 5 ", "quiet_seconds: 0.3 ")
        (self.place / "connections.yaml").write_text(text, encoding="utf-8")
        (self.place / "mappings").mkdir(exist_ok=True)
        (self.place / "mappings/policies.yaml").write_text(_POLICIES, encoding="utf-8")

    def reopen(self, **environment: str) -> None:
        """Read the project's files anew, as the next process does."""
        told = ENVIRONMENT | self._more | environment
        self.project = Project(self.place, environment=told)

    # -- running -----------------------------------------------------------------------

    def run(self, mapping: str, **options: Any) -> Report:
        """Run one sync as a process of its own would: systems opened anew."""
        given = Options(**{"allow": 10_000} | options)
        sync = self.project.open_sync(self.project.mappings[mapping], self.ledger)
        try:
            return run_sync(sync, given).as_json()
        finally:
            sync.source.close()
            sync.destination.close()

    def bill(self) -> list[Report]:
        """Run customers and invoices as the billing flow does."""
        reports = [self.run(CUSTOMERS), self.run(INVOICES)]
        if reports[-1]["waiting"]:
            reports += [self.run(CUSTOMERS), self.run(INVOICES)]
        return reports

    def sell(self) -> None:
        """Let inside sales call and field sales win."""
        self.people.work_leads()
        self.people.convert_and_win()

    def first_pass(self) -> list[Report]:
        """Run the whole chain with people working in between."""
        reports = [self.run(LEADS)]
        self.sell()
        reports += [self.run(LIFECYCLE), *self.bill()]
        self.people.pay()
        return [*reports, self.run(PAYMENTS)]

    def another_pass(self) -> list[Report]:
        """Run the whole chain while nobody works."""
        return [self.run(LEADS), self.run(LIFECYCLE), *self.bill(), self.run(PAYMENTS)]

    # -- the systems -------------------------------------------------------------------

    def act(self, system: str, name: str, **body: object) -> Any:
        """Do what a person does in a system's screens."""
        url = f"{self.rehearsal.servers[system].url}/__act/{name}"
        answer = self._client.post(url, json=body)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()

    def plant(self, system: str, *faults: Fault) -> None:
        """Let a system misbehave."""
        self.rehearsal.servers[system].faults.plant(*faults)

    def heal(self) -> None:
        """Let every system behave again."""
        for server in self.rehearsal.servers.values():
            server.faults.clear()

    @contextmanager
    def without(self, system: str) -> Iterator[None]:
        """Switch a system off, and on again with all it knew at the same address."""
        server = self.rehearsal.servers[system]
        server.stop()
        yield
        again = SandboxServer(server.sandbox, server.port)
        self.rehearsal.servers[system] = again.start()

    def edit_contact(self, contact: str, **properties: str) -> None:
        """Change a contact in HubSpot's screens."""
        self.act(
            "hubspot", "edit", stream="contacts", id=contact, properties=properties
        )

    def contacts(self) -> dict[str, Mapping[str, Any]]:
        """Return HubSpot's contacts by id."""
        store = self.rehearsal.servers["hubspot"].sandbox.store("contacts")  # type: ignore[attr-defined]
        return {str(row.id): row.values for row in store.rows.values()}

    def rows(self, table: str) -> dict[str, Row]:
        """Return the living rows of a Salesforce object by id."""
        tables = self.rehearsal.servers["salesforce"].sandbox.store.tables  # type: ignore[attr-defined]
        return {
            key: row
            for key, row in tables[table].rows.items()
            if not row.get("IsDeleted")
        }

    def lead_of(self, contact: str) -> Row:
        """Return the lead made of a contact."""
        found = [
            row
            for row in self.rows("Lead").values()
            if row.get("HubSpot_Contact_Id__c") == contact
        ]
        assert len(found) == 1, found
        return found[0]

    def lines_of(self, opportunity: str) -> list[Row]:
        """Return the lines of an opportunity."""
        lines = self.rows("OpportunityLineItem").values()
        return [one for one in lines if one["OpportunityId"] == opportunity]

    def won(self) -> dict[str, Row]:
        """Return the won opportunities by id."""
        deals = self.rows("Opportunity").items()
        return {key: row for key, row in deals if row["IsWon"]}

    def invoices(self) -> dict[str, Row]:
        """Return freee's invoices by id."""
        rows = self.rehearsal.servers["freee"].sandbox.invoices.rows  # type: ignore[attr-defined]
        return {str(key): row for key, row in rows.items()}

    def partners(self) -> dict[str, Row]:
        """Return freee's partners by id."""
        rows = self.rehearsal.servers["freee"].sandbox.partners.rows  # type: ignore[attr-defined]
        return {str(key): row for key, row in rows.items()}

    # -- the ledger --------------------------------------------------------------------

    def link(self, sync: str, source_id: str) -> Any:
        """Return a record's link, None without."""
        return self.ledger.links(sync, [source_id]).get(source_id)

    def story(self, ref: str) -> Story:
        """Return what `tasuki explain` tells."""
        return explain(self.ledger, ref)
