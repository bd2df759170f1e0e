"""Companies for every shape of sync we ship, each on its first morning or a bad one.

A company is prepared undisturbed; then come the runs that are killed, and what people
do in between death and recovery.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from tasuki.ledger import Ledger
from tasuki.mapping import MappingSet
from tasuki.model.write import WriteClass
from tasuki.testing import (
    FakeFault,
    FakeStream,
    FakeSystem,
    Lie,
    ManualClock,
    mappings_of,
)
from tests.simulation.killing import LEASE
from tests.simulation.relay import Relay

LEADS = """
version: 1
source: crm/people
destination: sfa/Lead
qualify: {no_email: not blank(email), not_ready: score >= 50}
match:
  - Person_Id: id
  - Email: email
  - {object: Contact, Email: email, then: attach}
fields:
  Person_Id: id
  Email: email
  Name: {from: name, required: true}
  Phone: {from: phone, owner: destination_if_set}
  Status: {const: new, write: on_create}
write_back: {lead_id: = receipt.id}
"""
PROGRESS = """
version: 1
source: sfa/Lead
destination: crm/people
after: [leads]
write: update_only
qualify: {not_worked_yet: Status != "new"}
match: [{link: leads, reverse: true}]
fields: {stage: Status}
"""
CUSTOMERS = """
version: 1
source: sfa/Account
destination: books/partner
creates: wanted
match: [{code: id}]
fields: {code: id, name: name}
"""
INVOICES = """
version: 1
source: sfa/Deal
include: {account: AccountId}
destination: books/invoice
after: [customers]
write: once
key: number
qualify: {not_won: won}
fields:
  partner: {link: customers, of: AccountId}
  number: number
  subject: name
  total: amount
write_back: {invoice_id: = receipt.id}
on_change: hold
retry: money
"""
PAYMENTS = """
version: 1
source: books/invoice
destination: sfa/Deal
write: update_only
match: [{link: invoices, reverse: true}]
fields: {paid: = "yes" if paid else "no"}
"""
BY_EMAIL = """
version: 1
source: crm/people
destination: sfa/Lead
qualify: {not_ready: score >= 50}
match: [{Email: email}]
fields: {Email: email, Name: name, Status: {const: new, write: on_create}}
"""
TEXTS = {
    "leads": LEADS,
    "progress": PROGRESS,
    "customers": CUSTOMERS,
    "invoices": INVOICES,
    "payments": PAYMENTS,
}
RELAY: MappingSet = mappings_of(TEXTS)
OTHER_RELAY: MappingSet = mappings_of(
    TEXTS
    | {"leads": LEADS.replace("{from: name, required: true}", '= concat(name, "様")')}
)
ADDRESSED: MappingSet = mappings_of({"leads": BY_EMAIL})


def nothing(_: Relay) -> None:
    """Let time pass quietly."""


@dataclass(frozen=True)
class Play:
    """How a company comes to the run that is killed, and what must come of it.

    Attributes:
        prepare: Everything before the run that is killed.
        expect: What an undisturbed run must lead to; the killed ones are compared.
        chain: The syncs, in order.
        meanwhile: What people do between the death and the recovery.
        lies: What goes wrong during the killed run.
        twin: System, stream and id of a record that is held, as another has its key.
    """

    prepare: Callable[[Relay], None]
    expect: Callable[[Relay], None]
    chain: tuple[str, ...] = ("leads",)
    meanwhile: Callable[[Relay], None] = nothing
    lies: Callable[[Relay], None] = nothing
    mappings: MappingSet = RELAY
    batch: int = 3
    bulk: int = 0
    document: WriteClass = WriteClass.MARKER
    quiet: float = 60.0
    twin: tuple[str, str, str] | None = None

    def build(self, ledger: Ledger, clock: ManualClock) -> Relay:
        """Return the company right before the run that is killed."""
        relay = company(self, ledger, clock)
        self.prepare(relay)
        for system in relay.systems.values():
            system.tell_the_truth()
        return relay


def company(play: Play, ledger: Ledger, clock: ManualClock) -> Relay:
    """Return the empty systems."""
    batch = play.batch
    crm = FakeSystem(
        clock,
        FakeStream("people", page_size=3, batch_size=batch, look_back=1),
        name="crm",
    )
    lead = FakeStream(
        "Lead", batch_size=batch, bulk_threshold=play.bulk, bulk_size=play.bulk
    )
    deal = FakeStream(
        "Deal", page_size=2, batch_size=2, parents={"AccountId": "Account"}
    )
    sfa = FakeSystem(
        clock, lead, FakeStream("Contact"), FakeStream("Account"), deal, name="sfa"
    )
    books = FakeSystem(
        clock,
        FakeStream("partner", batch_size=1),
        FakeStream("invoice", play.document, batch_size=1, quiet_seconds=play.quiet),
        name="books",
    )
    systems = {system.name: system for system in (crm, sfa, books)}
    chain = [play.mappings[name] for name in play.chain]
    keys = {("books", "invoice"): "number", ("books", "partner"): "code"}
    return Relay(systems, chain, ledger, clock, keys)


# -- what people do --------------------------------------------------------------------


def person(relay: Relay, number: int, **fields: object) -> None:
    usual = {"email": f"p{number}@x.jp", "name": f"N{number}", "score": 80}
    relay.systems["crm"].put("people", f"p{number}", **usual | fields)


def deal(relay: Relay, place: int, **fields: object) -> None:
    usual = {
        "AccountId": f"a{place % 2 + 1}",
        "name": f"D{place}",
        "number": f"no-{place}",
        "amount": place * 1000,
        "won": True,
    }
    relay.systems["sfa"].put("Deal", f"d{place}", **usual | fields)


def lead_of(relay: Relay, number: int) -> str:
    (row,) = relay.ledger.links("leads", [f"p{number}"]).values()
    return row.destination_id


def convert(relay: Relay, lead: str) -> None:
    """Turn a lead into a contact, as inside sales does."""
    sfa = relay.systems["sfa"]
    fields = sfa.streams["Lead"].rows[lead].fields
    contact = sfa.put("Contact", Email=fields["Email"], Name=fields["Name"])
    sfa.move("Lead", lead, ("Contact", contact))


def settled(relay: Relay) -> None:
    relay.until_quiet(4)
    relay.clock.advance(LEASE + 1)


def leads(relay: Relay) -> dict[str, dict[str, object]]:
    """Return the living leads by the person they belong to."""
    found = relay.systems["sfa"].records("Lead").values()
    return {str(fields["Person_Id"]): fields for fields in found}


def billed(relay: Relay) -> dict[str, object]:
    found = relay.systems["books"].records("invoice").values()
    return {str(fields["subject"]): fields["total"] for fields in found}


# -- the plays -------------------------------------------------------------------------


def seven_people(relay: Relay) -> None:
    for number in range(1, 8):
        person(relay, number, score=80 if number % 3 else 10)
    person(relay, 8, email="P1@x.jp")  # a twin: held
    sfa = relay.systems["sfa"]
    sfa.put("Lead", Email="p2@x.jp", Name="known", Phone="03")
    sfa.put("Contact", Email="p4@x.jp", Name="a customer's")


def seven_expected(relay: Relay) -> None:
    there = leads(relay)
    assert set(there) == {"p1", "p2", "p5", "p7"}
    assert there["p2"] | {"Name": "N2", "Phone": "03"} == there["p2"]
    people = relay.systems["crm"].records("people")
    assert [p for p, fields in people.items() if "lead_id" in fields] == [
        "p1", "p2", "p5", "p7",
    ]  # fmt: skip
    (held,) = [r for r in relay.last_decisions().values() if r["outcome"] == "held"]
    assert (held["source_id"], held["reason"]) == ("p8", "duplicate_record")


def many_people(relay: Relay) -> None:
    for number in range(1, 15):
        person(relay, number)


def many_expected(relay: Relay) -> None:
    assert set(leads(relay)) == {f"p{number}" for number in range(1, 15)}


def four_deals(relay: Relay) -> None:
    for number in (1, 2):
        relay.systems["sfa"].put("Account", f"a{number}", name=f"A{number}")
    for number in range(1, 5):
        deal(relay, number, won=number != 3)
    deal(relay, 5, number="no-1")  # its number is taken: held


def four_expected(relay: Relay) -> None:
    assert billed(relay) == {"D1": 1000, "D2": 2000, "D4": 4000}
    assert set(relay.systems["books"].records("partner")) == {"partner-1", "partner-2"}
    deals = relay.systems["sfa"].records("Deal")
    assert [one for one, f in deals.items() if "invoice_id" in f] == ["d1", "d2", "d4"]
    (held,) = [r for r in relay.last_decisions().values() if r["outcome"] == "held"]
    assert (held["source_id"], held["reason"]) == ("d5", "duplicate_record")


def two_sides(relay: Relay) -> None:
    """People have worked on both sides since the last run."""
    for number in range(1, 5):
        person(relay, number)
    settled(relay)
    sfa = relay.systems["sfa"]
    for number in (1, 2):
        sfa.put("Lead", lead_of(relay, number), Status="working", Phone="090")
    for number in (2, 3, 4):
        person(relay, number, name=f"N{number} new", phone="03")


def two_expected(relay: Relay) -> None:
    there, people = leads(relay), relay.systems["crm"].records("people")
    assert [there[f"p{n}"]["Phone"] for n in (2, 3, 4)] == ["090", "03", "03"]
    assert [there[f"p{n}"]["Name"] for n in (1, 2, 3)] == ["N1", "N2 new", "N3 new"]
    stages = [people[f"p{n}"].get("stage") for n in (1, 2, 3)]
    assert stages == ["working", "working", None]


def upheaval(relay: Relay) -> None:
    """Records are deleted, merged and converted on both sides, then all change."""
    for number in range(1, 10):
        person(relay, number)
    person(relay, 10, score=10)
    settled(relay)
    crm, sfa = relay.systems["crm"], relay.systems["sfa"]
    crm.delete("people", "p1")
    crm.merge("people", "p2", "p10")  # into one without a lead
    crm.merge("people", "p3", "p4")  # into one with a lead
    sfa.delete("Lead", lead_of(relay, 5))
    convert(relay, lead_of(relay, 6))
    sfa.merge("Lead", lead_of(relay, 7), lead_of(relay, 8))
    for number in (4, 5, 6, 7, 9, 10):
        person(relay, number, name=f"N{number} new")


def upheaval_expected(relay: Relay) -> None:
    names = sorted(
        str(f["Name"]) for f in relay.systems["sfa"].records("Lead").values()
    )
    # p1 and p3 keep their leads, unlinked; p7's was merged into p8's: a person is asked.
    assert names == ["N1", "N10 new", "N3", "N4 new", "N8", "N9 new"]
    states = {str(r["source_id"]): str(r["state"]) for r in relay.rows("link")}
    detached = [one for one, state in states.items() if state == "detached"]
    assert sorted(detached) == ["p2", "p3", "p5"]
    assert states["p7"] == "shared"
    (contact,) = relay.systems["sfa"].records("Contact")
    assert relay.ledger.links("leads", ["p6"])["p6"].destination_id == contact


def refusals(relay: Relay) -> None:
    """Two rows were refused for want of a name, a write-back was refused too."""
    relay.systems["sfa"].streams["Lead"].required = ("Phone",)
    person(relay, 1, phone="03")
    for number in (2, 3, 4):
        person(relay, number)
    relay.systems["crm"].plant(FakeFault(Lie.ROW_REJECTED, stream="people", nth=1))
    for _ in range(2):
        relay.run()
        relay.clock.advance(LEASE + 1)
    relay.systems["sfa"].streams["Lead"].required = ()
    person(relay, 2, phone="04")
    letters = relay.ledger.dead_letters()
    assert len(letters) == 4
    replayed = [one.id for one in letters if one.source_id in {"p1", "p3"}]
    relay.ledger.replay(replayed)


def refusals_expected(relay: Relay) -> None:
    # Nobody replayed p4: what is required there has changed, so it is tried again.
    assert set(leads(relay)) == {"p1", "p2", "p3", "p4"}
    people = relay.systems["crm"].records("people")
    assert {p for p, f in people.items() if "lead_id" in f} == set(leads(relay))
    assert relay.ledger.dead_letters() == []


def lost_answers(relay: Relay) -> None:
    """Every second invoice of the run that is killed gets no answer; some were made."""
    four_deals(relay)
    relay.run()
    relay.clock.advance(LEASE + 1)


def lose_answers(relay: Relay) -> None:
    relay.systems["books"].plant(
        FakeFault(Lie.LOST_AFTER, stream="invoice"),
        FakeFault(Lie.LOST_BEFORE, stream="invoice"),
        FakeFault(Lie.LATE, stream="invoice", seconds=50.0),
    )


def write_late(relay: Relay) -> None:
    """What leaves right before a death is carried out half a quiet time later."""
    relay.systems["books"].dies_late["invoice"] = LEASE + 50.0


def another_revision(relay: Relay) -> None:
    for number in range(1, 6):
        person(relay, number)
    settled(relay)
    relay.chain = [OTHER_RELAY["leads"]]


def revised(relay: Relay) -> None:
    assert [f["Name"] for f in leads(relay).values()] == [
        f"N{n}様" for n in range(1, 6)
    ]


def addressed(relay: Relay) -> None:
    """People are known by their address only; some leads are there already."""
    for number in range(1, 6):
        person(relay, number)
    settled(relay)
    for number in (1, 2, 3):
        person(relay, number, name=f"N{number} new")
    for number in (6, 7, 8):
        person(relay, number)


def change_of_mind(relay: Relay) -> None:
    """After the death: names go back, addresses change, one does not qualify now."""
    person(relay, 1)
    person(relay, 2, name="N2 newer")
    person(relay, 6, email="other6@x.jp")
    person(relay, 7, score=0)


def minds_changed(relay: Relay) -> None:
    found = relay.systems["sfa"].records("Lead").values()
    names = {str(f["Email"]): f["Name"] for f in found}
    assert names["p1@x.jp"] == "N1"
    assert names["p2@x.jp"] == "N2 newer"
    assert names["p3@x.jp"] == "N3 new"
    assert names["p8@x.jp"] == "N8"
    assert "other6@x.jp" in names
    assert "p6@x.jp" not in names, "the old address was left behind"


def without_twins(play: Play) -> Play:
    """Return the play without records of which only the first is dealt with.

    Which one is the first may depend on who works when.
    """

    def prepare(relay: Relay) -> None:
        play.prepare(relay)
        if play.twin:
            system, stream, record_id = play.twin
            relay.systems[system].streams[stream].rows.pop(record_id)

    return replace(play, prepare=prepare, expect=nothing)


TWIN_DEAL = ("sfa", "Deal", "d5")
INVOICE_CHAIN = ("invoices", "customers", "invoices")
PLAYS: dict[str, Play] = {
    "leads": Play(seven_people, seven_expected, twin=("crm", "people", "p8")),
    "leads in bulk": Play(many_people, many_expected, batch=2, bulk=6),
    "invoices": Play(four_deals, four_expected, INVOICE_CHAIN, twin=TWIN_DEAL),
    "documents under a key": Play(
        four_deals,
        four_expected,
        INVOICE_CHAIN,
        document=WriteClass.KEY,
        twin=TWIN_DEAL,
    ),
    "two sides": Play(two_sides, two_expected, ("leads", "progress")),
    "upheaval": Play(upheaval, upheaval_expected),
    "refusals": Play(refusals, refusals_expected),
    "lost answers": Play(
        lost_answers,
        four_expected,
        ("customers", "invoices"),
        lies=lose_answers,
        twin=TWIN_DEAL,
    ),
    "late landings": Play(
        four_deals,
        four_expected,
        INVOICE_CHAIN,
        lies=write_late,
        quiet=60.0 + LEASE,
        twin=TWIN_DEAL,
    ),
    "another revision": Play(another_revision, revised),
    "change of mind": Play(
        addressed, minds_changed, meanwhile=change_of_mind, mappings=ADDRESSED
    ),
}
