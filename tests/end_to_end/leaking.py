"""A company in its stand-ins, with leaks that people and chance have made in them."""

import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

from tasuki.clock import TOKYO
from tests.end_to_end.relay import CUSTOMERS, INVOICES, LEADS, PAYMENTS, Relay

NOW = datetime.now(UTC)


def ago(hours: float) -> str:
    """A time as Salesforce spells it."""
    return (NOW - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def day(days: int) -> str:
    """So many days ago in Japan."""
    return (NOW.astimezone(TOKYO).date() - timedelta(days=days)).isoformat()


class Leaking:
    """What is planted in a company that has just been through the whole chain.

    `planted` holds, by rule, the subjects that were planted: each on a record of its
    own, so that what one rule finds is nobody else's doing.
    """

    def __init__(self, relay: Relay, each: int) -> None:
        self.relay = relay
        self.each = each
        self.planted: dict[str, set[str]] = defaultdict(set)
        self._leads = iter(self._open_leads())
        self._deals = iter(self._billed())
        self._home = str(next(self._deals)[1]["AccountId"])

    @classmethod
    def at(cls, relay: Relay, each: int) -> "Leaking":
        """Let the chain run, everybody do their work, and then things go wrong."""
        relay.run(LEADS)
        relay.bill()
        relay.run(PAYMENTS)
        made = cls(relay, each)
        made.tidy_up()
        return made

    def tidy_up(self) -> None:
        """Leave nothing that is late: invoices were sent and paid, leads are looked at."""
        for row in self.relay.invoices().values():
            row["sending_status"], row["payment_status"] = "sent", "settled"
        for row in self.relay.rows("Account").values():
            row["Billing_Email__c"] = (
                row.get("Billing_Email__c") or "keiri@sample.co.jp"
            )

    def _open_leads(self) -> list[tuple[str, dict[str, Any]]]:
        contacts = self.relay.contacts()
        return [
            (key, row)
            for key, row in self.relay.rows("Lead").items()
            if not row["IsConverted"]
            and contacts[str(row["HubSpot_Contact_Id__c"])]["lifecyclestage"]
            == "marketingqualifiedlead"
        ]

    def _billed(self) -> list[tuple[str, dict[str, Any]]]:
        """Won deals with an invoice, each of another customer."""
        found: dict[str, tuple[str, dict[str, Any]]] = {}
        for key, row in self.relay.won().items():
            if self.relay.link(INVOICES, key) and row["CloseDate"] < day(3):
                found.setdefault(str(row["AccountId"]), (key, row))
        return list(found.values())

    def invoice_of(self, deal: str) -> dict[str, Any]:
        return self.relay.invoices()[self.relay.link(INVOICES, deal).destination_id]

    def _next(self) -> tuple[str, dict[str, Any], dict[str, Any]]:
        key, row = next(self._deals)
        return key, row, self.invoice_of(key)

    def note(self, rule: str, subject: object) -> None:
        self.planted[rule].add(str(subject))

    def plant(self) -> None:
        for number in range(self.each):
            self._marketing(number)
            self._inside_sales()
            self._field_sales(number)
            self._wrong_invoices(number)
            self._late_invoices()
            self._customers(number)
        self._hub()
        self._renumber()

    def _renumber(self) -> None:
        """Leave no gap in the numbers but those that were planted."""
        usual = [
            row for row in self.relay.invoices().values()
            if row["invoice_number"] and row["invoice_number"][0] not in "Q写"
        ]  # fmt: skip
        for number, row in enumerate(usual, 1):
            row["invoice_number"] = f"R-{number:04d}"

    # -- by department ---------------------------------------------------------------

    def _marketing(self, number: int) -> None:
        new = {"email": f"late{number}@sample.co.jp", "lastname": "遅延", "company": "サンプル",
               "lifecyclestage": "marketingqualifiedlead", "hs_email_optout": "false"}  # fmt: skip
        made = self.relay.act("hubspot", "create", stream="contacts", properties=new)
        self._date_contact(str(made["id"]), 2)
        self.note("L01", made["id"])
        fresh = new | {"email": f"fresh{number}@sample.co.jp"}
        self.relay.act("hubspot", "create", stream="contacts", properties=fresh)

    def _date_contact(self, contact: str, hours: float) -> None:
        """Let a contact have been created so long ago."""
        store = self.relay.rehearsal.servers["hubspot"].sandbox.store("contacts")  # type: ignore[attr-defined]
        moment = NOW - timedelta(hours=hours)
        store.rows[int(contact)].values["createdate"] = moment.isoformat().replace(
            "+00:00", "Z"
        )

    def _inside_sales(self) -> None:
        key, row = next(self._leads)
        row["CreatedDate"] = ago(25)
        self.note("L02", key)
        _, row = next(self._leads)
        row["CreatedDate"] = ago(23)
        _, row = next(self._leads)
        row.update(CreatedDate=ago(99), LastActivityDate=day(1))
        key, row = next(self._leads)
        row.update(Status="Working - Contacted", OwnerId=self.leaver())
        self.note("L04", key)
        _, row = next(self._leads)
        row.update(OwnerId=self.leaver())  # nobody has qualified it
        key, row = next(self._leads)
        row["Status"] = "Closed - Not Converted"
        self.note("L08", key)
        key, row = next(self._leads)
        row["IsConverted"] = True
        self.note("L09", key)

    def leaver(self) -> str:
        """A person who has left."""
        table = self.relay.rehearsal.servers["salesforce"].sandbox.store.tables["User"]  # type: ignore[attr-defined]
        for key, row in table.rows.items():
            if row["LastName"] == "退職":
                return str(key)
        store = self.relay.rehearsal.servers["salesforce"].sandbox.store  # type: ignore[attr-defined]
        values = {
            "Username": "left@sample.co.jp",
            "LastName": "退職",
            "Email": "left@sample.co.jp",
            "IsActive": False,
        }
        return str(store.save("User", values)["Id"])

    def _open(self, **values: object) -> str:
        store = self.relay.rehearsal.servers["salesforce"].sandbox.store  # type: ignore[attr-defined]
        usual = {"Name": "商談", "AccountId": self._home, "StageName": "Qualification",
                 "CloseDate": day(-30), "Amount": 100_000.0, "OwnerId": self.owner()}  # fmt: skip
        row = store.save(
            "Opportunity",
            usual | {k: v for k, v in values.items() if k != "CreatedDate"},
        )
        row.update(values)
        return str(row["Id"])

    def owner(self) -> str:
        users = self.relay.rows("User").items()
        return next(key for key, row in users if row.get("IsActive"))

    def _field_sales(self, number: int) -> None:
        self.note("L05", self._open(OwnerId=self.leaver()))
        self._open()
        self.note("L06", self._open(LastActivityDate=day(32), CreatedDate=ago(2000)))
        self.note("L06", self._open(CreatedDate=ago(24 * 31)))
        self._open(LastActivityDate=day(29), CreatedDate=ago(2000))
        self.note("L07", self._open(CloseDate=day(1)))
        self._open(CloseDate=day(0))
        _, row, invoice = self._next()
        row.update(StageName="Closed Lost", IsWon=False)
        invoice["payment_status"] = "settled"
        self.note("L36", invoice["id"])
        won = self._open(
            StageName="Closed Won", IsWon=True, IsClosed=True, CloseDate=day(5)
        )
        self._has_lines(won, number)
        self.note("L12", won)
        quiet = self._open(
            StageName="Closed Won", IsWon=True, IsClosed=True, CloseDate=day(5)
        )
        self.relay.rows("Opportunity")[quiet]["Invoice_Hold__c"] = True

    def _has_lines(self, deal: str, number: int) -> None:
        store = self.relay.rehearsal.servers["salesforce"].sandbox.store  # type: ignore[attr-defined]
        line = {"OpportunityId": deal, "Description": "作業", "Quantity": 1.0, "UnitPrice": 100_000.0 + number,
                "Tax_Rate__c": "10", "Name": "作業"}  # fmt: skip
        store.save("OpportunityLineItem", line)

    def _wrong_invoices(self, number: int) -> None:
        deal, _, invoice = self._next()
        self.relay.act("freee", "pay", id=invoice["id"])
        invoice["cancel_status"] = "canceled"
        self.note("L12", deal)
        _, _, invoice = self._next()
        invoice["amount_excluding_tax"] -= 1
        self.note("L14", invoice["id"])
        _, _, invoice = self._next()
        invoice["total_amount"] -= 1
        self.note("L15", invoice["id"])
        deal, _, invoice = self._next()
        self._copy(invoice, number)
        self.note("L16", deal)
        _, _, invoice = self._next()
        invoice["invoice_number"] = None
        self.note("L35", invoice["id"])
        for place in ("0001", "0003"):
            _, _, invoice = self._next()
            invoice["invoice_number"] = f"Q{number:03d}-{place}"
        self.note("L38", f"Q{number:03d}-0003")

    def _copy(self, invoice: Mapping[str, Any], number: int) -> None:
        """Copy an invoice on freee's screen: its memo comes along."""
        invoices = self.relay.rehearsal.servers["freee"].sandbox.invoices  # type: ignore[attr-defined]
        row = dict(invoice) | {
            "id": 900_000 + number,
            "invoice_number": f"写し{number}",
        }
        invoices.rows[row["id"]] = row
        invoices._enter(row)

    def _late_invoices(self) -> None:
        _, _, invoice = self._next()
        invoice.update(
            sending_status="unsent", payment_status="unsettled", payment_date=day(-9)
        )
        self.note("L17", invoice["id"])
        _, _, invoice = self._next()
        invoice.update(payment_status="unsettled", payment_date=day(1))
        self.note("L19", invoice["id"])
        _, _, invoice = self._next()
        invoice.update(payment_status="unsettled", payment_date=day(0))

    def _customers(self, number: int) -> None:
        store = self.relay.rehearsal.servers["salesforce"].sandbox.store  # type: ignore[attr-defined]
        for _ in range(2):
            store.save(
                "Account",
                {"Name": f"双子{number}", "Website": f"https://twin{number}.co.jp"},
            )
        for name in ("甲", "乙"):
            values = {
                "Name": f"{name}{number}",
                "Corporate_Number__c": _corporate(number),
            }
            store.save("Account", values)
        for place in range(2):
            store.save(
                "Account",
                {
                    "Name": f"別会社{number}",
                    "Website": f"https://s{number}-{place}.co.jp",
                },
            )
        self.note("L29", _corporate(number))
        _, row, _ = self._next()
        account = str(row["AccountId"])
        self.relay.rows("Account")[account]["Billing_Email__c"] = None
        self.note("L37", account)
        _, row, _ = self._next()
        account = str(row["AccountId"])
        partner = self.relay.link(CUSTOMERS, account).destination_id
        self.relay.act("freee", "archive_partner", id=partner)
        self.note("L31", f"company:{account}")
        for key, won in self.relay.won().items():
            is_due = won["CloseDate"] <= day(1) and not won["Invoice_Hold__c"]
            if won["AccountId"] == account and is_due:
                self.note("L10", key)

    def _hub(self) -> None:
        deal, _, invoice = self._next()
        with closing(sqlite3.connect(self.relay.place / ".tasuki/ledger.db")) as db:
            old = (NOW - timedelta(hours=2)).isoformat(timespec="microseconds")
            db.execute("UPDATE dead_letter SET first_at = ?", (old,))
            for (source,) in db.execute(
                "SELECT source_id FROM dead_letter WHERE state = 'open'"
            ):
                self.note("L32", f"{INVOICES}:{source}")
            long = (NOW - timedelta(days=3)).isoformat(timespec="microseconds")
            db.execute(
                "UPDATE run SET started_at = ?1, finished_at = ?1 WHERE sync = ?2",
                (long, PAYMENTS),
            )
            self.note("L33", PAYMENTS)
            changed = "UPDATE intent SET payload = payload || ' ' WHERE source_id = ? AND sync = ?"
            db.execute(changed, (deal, INVOICES))
            self.note("L34", invoice["id"])
            db.commit()


def _corporate(number: int) -> str:
    """A corporate number with its right check digit."""
    twelve = f"{700_000_000_000 + number:012d}"
    total = sum(
        int(c) * (1 if place % 2 == 0 else 2)
        for place, c in enumerate(reversed(twelve))
    )
    return f"{9 - total % 9}{twelve}"
