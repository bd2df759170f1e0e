"""What people do in the org's screens: convert, close, edit, delete, merge."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from tasuki.sandbox.world import Company, World

from .checks import RequestError, complete, single, values
from .schema import ENTITIES, STAGES
from .store import Row, Store, moment

_OPEN = "Negotiation/Review"
_WON = "Closed Won"


_SALES = ("本社営業", "北日本営業", "関東営業", "中部営業", "西日本営業")


class Acts:
    """A person's acts. `waiting` are companies that begin as a lead, by person id."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.waiting: dict[str, dict[str, Any]] = {}

    def seed(self, world: World) -> None:
        """Fill the org with accounts and deals; companies of a lead wait for it."""
        stamp = moment(min(world.today, self._store.now()))
        self._sales_people(stamp)
        for company in world.companies:
            if company.person_id is not None:
                self.waiting[str(company.person_id)] = _plain(company)
            else:
                self._company(_plain(company), None, stamp)

    def _sales_people(self, stamp: str) -> None:
        """Hire the owners that the shipped territory table names."""
        table = self._store.tables["User"]
        for number, name in enumerate(_SALES, 1):
            row = table.blank() | {
                "Id": f"00500000000000{number}AAA",
                "LastName": name,
                "Name": name,
                "Username": f"sales{number}@example.co.jp",
                "Email": f"sales{number}@example.co.jp",
                "IsActive": True,
                "CreatedDate": stamp,
                "LastModifiedDate": stamp,
            }
            table.put(row, None, stamp)

    def act(self, name: str, body: Mapping[str, Any]) -> dict[str, object]:
        """Carry out one act; raises RequestError when it cannot be done."""
        acts = {
            "convert_lead": self.convert_lead,
            "close_won": self.close_won,
            "create": self.edit,
            "edit": self.edit,
            "late_commit": self.edit,
            "delete": self.delete,
            "merge": self.merge,
        }
        if name not in acts:
            raise RequestError(404, "NOT_FOUND", f"no such act: {name}")
        return acts[name](body)

    def _id(self, name: str, asked: object) -> str:
        """Return a living row's id from its id or one of its external ids."""
        table = self._store.tables[name]
        row = table.get(str(asked))
        if row is not None:
            return str(row["Id"])
        for field in table.unique:
            if found := table.holder(field, str(asked)):
                return found
        raise RequestError(404, "NOT_FOUND", f"no {name} {asked}")

    def convert_lead(self, body: Mapping[str, Any]) -> dict[str, object]:
        """Make account, contact and opportunities of a lead (id or external id)."""
        lead = self._store.tables["Lead"].rows[self._id("Lead", body["lead"])]
        if lead.get("IsConverted"):
            raise RequestError(400, "CANNOT_UPDATE_CONVERTED_LEAD", "already converted")
        person = str(lead.get("HubSpot_Contact_Id__c") or "")
        known = self.waiting.pop(person, None)
        company = known or _plain(Company(str(lead["Company"])))
        if not company["deals"]:
            day = self._store.now().date() + timedelta(days=30)
            name = f"{lead['Company']}-"
            company["deals"] = [{"name": name, "close_date": str(day), "lines": []}]
        account, opportunities = self._company(company, lead, self._store.stamp())
        contact = self._contact(lead, str(account["Id"]))
        first = opportunities[0]["Id"] if opportunities else None
        self._store.save(
            "Lead",
            {
                "IsConverted": True,
                "Status": "Closed - Converted",
                "ConvertedDate": str(self._store.now().date()),
                "ConvertedAccountId": account["Id"],
                "ConvertedContactId": contact["Id"],
                "ConvertedOpportunityId": first,
            },
            str(lead["Id"]),
        )
        return {
            "account": account["Id"],
            "contact": contact["Id"],
            "opportunity": first,
            "opportunities": [one["Id"] for one in opportunities],
        }

    def _contact(self, lead: Row, account_id: str) -> Row:
        kept = (
            "LastName",
            "FirstName",
            "Email",
            "Phone",
            "MobilePhone",
            "Title",
            "LeadSource",
            "HasOptedOutOfEmail",
            "HubSpot_Contact_Id__c",
            "OwnerId",
        )
        fields = {name: lead[name] for name in kept if lead.get(name) is not None}
        single(self._store, ENTITIES["Contact"], fields, None)
        return self._store.save("Contact", {**fields, "AccountId": account_id})

    def _company(
        self, company: dict[str, Any], lead: Row | None, stamp: str
    ) -> tuple[Row, list[Row]]:
        fields = {
            "Name": company["name"],
            "Phone": company["phone"],
            "Corporate_Number__c": company["corporate_number"],
            "BillingPostalCode": company["postcode"],
            "BillingState": company["state"],
            "BillingStreet": company["street"],
            "Billing_Email__c": company["email"],
            "Payment_Terms__c": company["payment_terms"],
        }
        filled = {k: v for k, v in fields.items() if v}
        account = self._store.save("Account", filled, stamp=stamp)
        if lead is None and company["email"]:
            self._store.save(
                "Contact",
                {
                    "LastName": "ご担当者",
                    "Email": company["email"],
                    "AccountId": account["Id"],
                },
                stamp=stamp,
            )
        deals = [
            self._deal(deal, str(account["Id"]), stamp, opened=lead is not None)
            for deal in company["deals"]
        ]
        return account, deals

    def _deal(
        self, deal: dict[str, Any], account_id: str, stamp: str, *, opened: bool
    ) -> Row:
        stage = str(deal.get("stage"))
        if deal.get("won"):
            stage = _OPEN if opened else _WON
        elif stage not in STAGES:
            stage = _OPEN
        row = self._store.save(
            "Opportunity",
            {
                "Name": deal["name"],
                "AccountId": account_id,
                "StageName": stage,
                "CloseDate": str(deal["close_date"]),
                "Invoice_Hold__c": bool(deal.get("hold")),
            },
            stamp=stamp,
        )
        for order, line in enumerate(deal["lines"], 1):
            self._store.save(
                "OpportunityLineItem",
                {
                    "OpportunityId": row["Id"],
                    "Name": line["description"],
                    "Description": line["description"],
                    "ProductCode": line["product_code"],
                    "Quantity": float(line["quantity"]),
                    "UnitPrice": float(line["unit_price"]),
                    "SortOrder": order,
                    "Tax_Rate__c": str(line["tax_rate"]).removesuffix(".0"),
                    "Reduced_Tax__c": bool(line["reduced"]),
                    "Tax_Exempt__c": bool(line["exempt"]),
                },
                stamp=stamp,
            )
        return self._store.tables["Opportunity"].rows[str(row["Id"])]

    def close_won(self, body: Mapping[str, Any]) -> dict[str, object]:
        """Win an opportunity, today or on `close_date`."""
        own = self._id("Opportunity", body["opportunity"])
        day = str(body.get("close_date") or self._store.now().date())
        date.fromisoformat(day)
        self._store.save("Opportunity", {"StageName": _WON, "CloseDate": day}, own)
        return {"id": own}

    def edit(self, body: Mapping[str, Any]) -> dict[str, object]:
        """Create or edit a row; `seconds` ago is stamped, but only now visible."""
        name = str(body["object"])
        entity = ENTITIES[name]
        own = self._id(name, body["id"]) if body.get("id") else None
        found = values(self._store, entity, body["fields"])
        if own is None:
            complete(entity, found)
        single(self._store, entity, found, own)
        ago = timedelta(seconds=float(body.get("seconds", 0)))
        stamp = moment(self._store.now() - ago)
        return {"id": self._store.save(name, found, own, stamp)["Id"]}

    def delete(self, body: Mapping[str, Any]) -> dict[str, object]:
        """Put a row into the recycle bin."""
        name = str(body["object"])
        return {"id": self._store.delete(name, self._id(name, body["id"]))["Id"]}

    def merge(self, body: Mapping[str, Any]) -> dict[str, object]:
        """Merge `loser` into `winner`: children move, the loser goes to the bin."""
        name = str(body["object"])
        if "MasterRecordId" not in ENTITIES[name].fields:
            raise RequestError(400, "INVALID_OPERATION", f"{name} cannot be merged")
        winner, loser = self._id(name, body["winner"]), self._id(name, body["loser"])
        for child, field in ENTITIES[name].children.values():
            for row in self._store.children(child, field, loser):
                self._store.save(child, {field: winner}, str(row["Id"]))
        self._store.delete(name, loser, winner)
        self._store.save(name, {}, winner)
        return {"id": winner}


def _plain(company: Company) -> dict[str, Any]:
    """Return a company as JSON holds it."""
    found = asdict(company)
    for deal in found["deals"]:
        deal["close_date"] = str(deal["close_date"])
        for line in deal["lines"]:
            for name in ("quantity", "unit_price"):
                line[name] = float(line[name])
            rate = line["tax_rate"]
            line["tax_rate"] = f"{rate.normalize():f}"
    return found
