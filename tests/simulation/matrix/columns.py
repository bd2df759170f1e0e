"""The columns: systems of every write class, each reached over HTTP by its connector."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasuki.mapping import CompiledMapping
from tasuki.registry import Registry
from tasuki.sandbox.server import Sandbox
from tasuki.testing import ManualClock, mapping_of

REGISTRY = Registry(Path(__file__).parent / "project")
RECORDS = ("o1", "o2", "o3")
EARLIER = ("e1", "e2", "e3")

# What a record's counterpart holds: its source id, and how often it is there.
Found = dict[str, list[Mapping[str, Any]]]


@dataclass(frozen=True)
class Column:
    """One system: how it is connected, filled and looked at.

    Attributes:
        write_class: A, B, C or D.
        title: As the page names it.
        connector: By name; the matrix's own come from its project's folder.
        mapping: From `crm/orders`.
        stand_in: Makes the stand-in on a test's clock.
        settings: Of the connection, besides `base_url`.
        counterparts: Reads the stand-in.
        paths: Regular expression of the requests that write.
        partial: Whether a batch can fail in part by the vendor's own words.
        calls: Calls that three records cost when nothing goes wrong.
        delete: Takes a counterpart away, as a person there would.
        late_index: The stand-in's setting for an index that lags.
    """

    write_class: str
    title: str
    connector: str
    mapping: CompiledMapping
    stand_in: Callable[..., Sandbox]
    settings: Mapping[str, Any]
    counterparts: Callable[[Any], Found]
    paths: str
    calls: int
    partial: bool = False
    delete: Callable[[Any, str], None] | None = None
    late_index: str = ""

    @property
    def name(self) -> str:
        return f"{self.write_class} {self.title}"


def _mapping(text: str) -> CompiledMapping:
    head = "version: 1\nsource: crm/orders\nretry: standard\n"
    return mapping_of(head + text, "matrix")


def _by(rows: Any, name: str) -> Found:
    found: Found = {}
    for row in rows:
        found.setdefault(str(row.get(name)), []).append(row)
    return found


def _sandbox(connector: str, **given: Any) -> Sandbox:
    made: Sandbox = REGISTRY.sandbox(connector)(**given)
    return made


def _till(clock: ManualClock, **given: Any) -> Sandbox:
    return _sandbox("till", clock=clock, **given)


def _salesforce(clock: ManualClock, **given: Any) -> Sandbox:
    return _sandbox("salesforce", now=clock.now, **given)


def _hubspot(clock: ManualClock, **given: Any) -> Sandbox:
    return _sandbox("hubspot", now=lambda: clock.now().timestamp(), **given)


def _freee(clock: ManualClock, **given: Any) -> Sandbox:
    company: Any = _sandbox("freee", clock=clock, **given)
    for name in (*EARLIER, *RECORDS):
        company.partners.add(f"買い手{name}", f"B-{name}")
    return company  # type: ignore[no-any-return]


def _pager(_: ManualClock, **given: Any) -> Sandbox:
    return _sandbox("pager", **given)


def _leads(org: Any) -> Found:
    return _by(
        (r for r in org.store.tables["Lead"].rows.values() if not r["IsDeleted"]),
        "HubSpot_Contact_Id__c",
    )


def _contacts(account: Any) -> Found:
    kept = account.stores["contacts"].rows.values()
    rows = [{**row.values, "id": row.id} for row in kept if not row.archived]
    return {k.partition("@")[0]: v for k, v in _by(rows, "email").items()}


def _partners(company: Any) -> Found:
    rows = company.partners.rows.values()
    return {k: v for k, v in _by(rows, "code").items() if not k.startswith("B-")}


CHARGE = Column(
    "A", "till charge", "till",
    _mapping("""
destination: till/charge
write: once
key: id
on_change: update
fields: {reference: id, amount: amount}
"""),
    _till, {"token": "till-sandbox"},
    lambda till: _by(till.rows.values(), "reference"),
    "/charges", calls=3,
    delete=lambda till, one: void(till.rows.pop(one)),
)  # fmt: skip
LEAD = Column(
    "B", "Salesforce Lead", "salesforce",
    _mapping("""
destination: salesforce/Lead
match: [{HubSpot_Contact_Id__c: id}]
fields: {HubSpot_Contact_Id__c: id, LastName: name, Company: name}
"""),
    _salesforce,
    {"auth": {"flow": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}},
    _leads, "composite/sobjects", calls=1, partial=True,
    delete=lambda org, one: void(org.acts.act("delete", {"object": "Lead", "id": one})),
)  # fmt: skip
CONTACT = Column(
    "B", "HubSpot contact", "hubspot",
    _mapping("""
destination: hubspot/contacts
match:
  - email: concat(id, "@x.example")
fields:
  email: = concat(id, "@x.example")
  lastname: name
"""),
    _hubspot, {"auth": {"token": "pat-sandbox"}},
    _contacts, "contacts/batch/(upsert|update)", calls=1, partial=True,
    delete=lambda account, one: void(account.acts.archive("contacts", one)),
    late_index="index_lag",
)  # fmt: skip
_COMPANY = {
    "company_id": 123456,
    "auth": {"flow": "oauth", "client_id": "sandbox-client", "client_secret": "sandbox-secret"},
}  # fmt: skip
PARTNER = Column(
    "B", "freee partner", "freee",
    _mapping("""
destination: freee/partner
match: [{code: id}]
fields: {code: id, name: name}
"""),
    _freee, _COMPANY, _partners, "/api/1/partners/", calls=3,
    delete=lambda company, one: void(company.partners.rows.pop(int(one))),
)  # fmt: skip
INVOICE = Column(
    "C", "freee invoice", "freee",
    _mapping("""
destination: freee/invoice
write: once
key: id
on_change: update
fields:
  partner_code: = concat("B-", id)
  subject: name
  billing_date: {const: "2026-04-30"}
  lines:
    each: lines
    fields: {description: what, quantity: {const: "1"}, unit_price: price, tax: {const: standard}}
"""),
    _freee, _COMPANY,
    lambda company: _by(company.invoices.rows.values(), "subject"),
    "/iv/invoices(/|$)", calls=3,
    delete=lambda company, one: void(company.invoices.delete(int(one))),
    late_index="index_lag",
)  # fmt: skip
MESSAGE = Column(
    "D", "pager message", "pager",
    _mapping("""
destination: pager/message
write: create_only
fields: {text: name}
"""),
    _pager, {"hook": "secret"},
    lambda pager: _by(({"text": one} for one in pager.texts), "text"),
    "/hooks/", calls=3,
)  # fmt: skip
COLUMNS = (CHARGE, LEAD, CONTACT, PARTNER, INVOICE, MESSAGE)


def void(_: object) -> None:
    """Drop what an act answers."""
