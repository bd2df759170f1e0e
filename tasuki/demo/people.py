"""What people do in the demo, in the systems' own screens: sell, win, pay."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tasuki.sandbox.rehearsal import Rehearsal
from tasuki.sandbox.world import World

_HTTP_ERROR = 400


@dataclass(slots=True)
class People:
    """The sales people and customers of the demo."""

    rehearsal: Rehearsal
    world: World
    # Held: each new client reads the machine's certificates, which takes 0.1 s.
    _client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))

    def close(self) -> None:
        """Close the connections to the stand-ins."""
        self._client.close()

    def work_leads(self) -> int:
        """Call some of the new leads; returns how many."""
        leads = self._leads()
        called = [lead for number, lead in enumerate(leads) if number % 7 == 0]
        for lead in called:
            if lead["Status"] == "Open - Not Contacted":
                values = {"Status": "Working - Contacted"}
                body = {"object": "Lead", "id": lead["Id"], "fields": values}
                self._act("salesforce", "edit", body)
        return len(called)

    def convert_and_win(self) -> int:
        """Convert the leads that became customers, and win their deals."""
        by_contact = {
            str(lead["HubSpot_Contact_Id__c"]): lead for lead in self._leads()
        }
        won = 0
        for company in self.world.companies:
            lead = by_contact.get(str(company.person_id))
            if company.person_id is None or lead is None or lead["IsConverted"]:
                continue
            made = self._act("salesforce", "convert_lead", {"lead": lead["Id"]})
            names = {deal.name: deal for deal in company.deals}
            for opportunity in made["opportunities"]:
                deal = names.get(self._name_of(opportunity))
                if deal is None or deal.won:
                    body = {"opportunity": opportunity}
                    if deal is not None:
                        body["close_date"] = deal.close_date.isoformat()
                    self._act("salesforce", "close_won", body)
                    won += 1
        return won

    def pay(self) -> int:
        """Pay two of three open invoices; returns how many."""
        rows = self._invoices()
        paying = [row for number, row in enumerate(rows) if number % 3]
        for row in paying:
            if row["payment_status"] != "settled":
                self._act("freee", "pay", {"id": row["id"]})
        return len(paying)

    def _leads(self) -> list[Mapping[str, Any]]:
        return self._dumped("salesforce", "Lead")

    def _name_of(self, opportunity: str) -> str:
        rows = self._dumped("salesforce", "Opportunity")
        return next(str(row["Name"]) for row in rows if row["Id"] == opportunity)

    def _invoices(self) -> list[Mapping[str, Any]]:
        sandbox: Any = self.rehearsal.servers["freee"].sandbox
        return sorted(sandbox.invoices.rows.values(), key=lambda row: int(row["id"]))

    def _dumped(self, system: str, name: str) -> list[Mapping[str, Any]]:
        sandbox: Any = self.rehearsal.servers[system].sandbox
        rows: Iterable[Mapping[str, Any]] = sandbox.store.tables[name].rows.values()
        return sorted(rows, key=lambda row: str(row["Id"]))

    def _act(self, system: str, name: str, body: Mapping[str, object]) -> Any:  # noqa: ANN401
        url = f"{self.rehearsal.servers[system].url}/__act/{name}"
        answer = self._client.post(url, json=body)
        if answer.status_code >= _HTTP_ERROR:
            msg = f"{system}: act {name}: {answer.text}"
            raise RuntimeError(msg)
        return answer.json()
