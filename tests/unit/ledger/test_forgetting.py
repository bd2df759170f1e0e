"""A person is erased to the last byte; money evidence stays and is named."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tasuki.engine.run import run_sync
from tasuki.engine.sync import Options
from tasuki.engine.tally import Ending, RunReport
from tasuki.ledger import Ledger
from tasuki.ledger.findings import Met
from tasuki.ledger.handoffs import Handoff
from tasuki.ledger.tables import Stored
from tasuki.model.write import WriteClass
from tasuki.testing import (
    FakeStream,
    FakeSystem,
    ManualClock,
    fake_sync,
    mappings_of,
)
from tests.unit.ledger.material import KEY

LEADS = """
version: 1
source: crm/people
destination: sfa/Lead
match: [{Email: email}]
fields: {Email: email, Name: name, Phone: phone}
relates: {people: friend}
"""
STAGES = """
version: 1
source: sfa/Lead
destination: crm/people
write: update_only
match: [{email: Email}]
fields:
  greeting: = concat("様 ", Name)
"""
INVOICES = """
version: 1
source: crm/people
destination: books/invoice
write: once
key: id
qualify: {not_won: won}
fields: {subject: name, total: amount}
"""
MAPPINGS = mappings_of({"leads": LEADS, "phases": STAGES, "invoices": INVOICES})
MAIL, NAME, PHONE = "kanaria@x.jp", "金糸雀太郎", "090-7731-0042"
PLANTED = (MAIL, NAME, PHONE)


class Office:
    """Three fakes and a ledger that knows some people."""

    def __init__(self, ledger: Ledger, clock: ManualClock) -> None:
        self.ledger, self.clock = ledger, clock
        people = FakeStream("people", look_back=9)
        self.crm = FakeSystem(clock, people, name="crm")
        self.sfa = FakeSystem(clock, FakeStream("Lead", look_back=9), name="sfa")
        self.books = FakeSystem(
            clock, FakeStream("invoice", WriteClass.MARKER), name="books"
        )
        self.crm.put("people", "p1", email=MAIL, name=NAME, phone=PHONE, friend="p2")
        self.crm.put("people", "p2", email="other@x.jp", name="他人", phone="03")

    def run(self, name: str, *, full: bool = False) -> RunReport:
        systems = {"crm": self.crm, "sfa": self.sfa, "books": self.books}
        mapping = MAPPINGS[name]
        source = systems[mapping.source.connection]
        destination = systems[mapping.destination.connection]
        self.clock.advance(130)
        sync = fake_sync(mapping, source, destination, self.ledger)
        return run_sync(sync, Options(full=full))

    def everything(self) -> str:
        with self.ledger._database.engine.connect() as connection:
            return str(
                [
                    tuple(row)
                    for table in Stored.metadata.tables.values()
                    for row in connection.execute(table.select())
                ]
            )


@pytest.fixture
def office(url: str) -> Iterator[Office]:
    clock = ManualClock()
    with Ledger.open(url, clock, secret_key=KEY) as ledger:
        made = Office(ledger, clock)
        made.run("leads")
        made.run("phases")
        yield made


@pytest.mark.parametrize("asked", [MAIL, MAIL.upper(), "crm/people/p1", "p1"])
def test_a_person_is_found_and_erased_across_all_syncs(
    office: Office, asked: str
) -> None:
    assert all(word in office.everything() for word in PLANTED)
    erased = office.ledger.forget(asked)
    assert {trace.sync for trace in erased.traces} == {"leads", "phases"}
    assert [word for word in PLANTED if word in office.everything()] == []
    assert office.ledger.links("leads", ["p1", "p2"]).keys() == {"p2"}
    assert "other@x.jp" in office.everything()


def test_a_look_changes_nothing(office: Office) -> None:
    before = office.everything()
    found = office.ledger.erasure(MAIL)
    assert [trace.ref for trace in found.traces if trace.sync == "leads"] == [
        "crm/people/p1"
    ]
    assert office.everything() == before


def test_somebody_with_a_longer_address_is_somebody_else(office: Office) -> None:
    assert office.ledger.erasure(MAIL.removeprefix("k")).traces == []
    assert office.ledger.erasure("nobody@x.jp").traces == []


def test_no_byte_of_the_person_stays_in_the_files(tmp_path: Path) -> None:
    clock = ManualClock()

    def held() -> list[str]:
        content = b"".join(
            path.read_bytes() for path in tmp_path.iterdir() if path.is_file()
        )
        return [word for word in PLANTED if word.encode() in content]

    with Ledger.open(f"sqlite:///{tmp_path}/l.db", clock, secret_key=KEY) as ledger:
        office = Office(ledger, clock)
        office.run("leads")
        office.crm.put("people", "p1", name=f"{NAME}二")
        office.run("leads")
        assert held() == list(PLANTED)
        ledger.forget(MAIL)
        assert held() == []
        copy = tmp_path / "copies" / "backup.db"
        ledger.back_up(copy)
        content = copy.read_bytes()
    assert [word for word in PLANTED if word.encode() in content] == []


def test_what_was_recorded_of_it_names_nobody(office: Office) -> None:
    office.ledger.forget(MAIL, suppress=True)
    with office.ledger._database.engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM forgotten")).all()
    assert rows
    assert all("p1" not in str(row) and MAIL not in str(row) for row in rows)


def test_evidence_of_money_is_kept_and_named(office: Office) -> None:
    office.crm.put("people", "p1", won=True, amount=1000)
    office.run("invoices")
    erased = office.ledger.forget(MAIL)
    (kept,) = erased.kept
    assert (kept.sync, kept.ref) == ("invoices", "crm/people/p1")
    assert kept.until == "2037-12-31"
    assert office.ledger.links("leads", ["p1"]) == {}
    assert office.ledger.links("invoices", ["p1"]).keys() == {"p1"}
    office.run("invoices", full=True)
    assert len(office.books.records("invoice")) == 1


def test_a_source_that_still_has_the_record_brings_the_person_back(
    office: Office,
) -> None:
    office.ledger.forget(MAIL)
    report = office.run("leads", full=True)
    assert report.tally.ended["skipped"] == 0
    assert MAIL in office.everything()
    assert len(office.sfa.records("Lead")) == 2, "and makes no second record"


def test_a_suppressed_record_is_passed_over_whatever_happens_to_it(
    office: Office,
) -> None:
    office.ledger.forget(MAIL, suppress=True)
    office.ledger.rotate_keys()
    office.crm.put("people", "p1", phone=PHONE + "1")
    for _ in range(2):
        report = office.run("leads", full=True)
        assert report.tally.reasons_of(Ending.SKIPPED) == {"forgotten": 1}
        office.run("phases", full=True)
    assert [word for word in PLANTED if word in office.everything()] == []
    office.ledger.forget("p1")  # asked again, without the option
    assert office.ledger.suppressed("crm/people", ["p1", "p2"]) == {"p1"}


def test_an_unfinished_write_of_an_erased_person_is_given_up(office: Office) -> None:
    with office.ledger._database.engine.begin() as connection:
        connection.execute(
            text("UPDATE intent SET state = 'in_doubt' WHERE source_id = 'p1'")
        )
    office.ledger.forget(MAIL, suppress=True)
    assert office.ledger.open_intents("leads") == []


def test_leaks_about_a_person_are_erased_on_both_sides(office: Office) -> None:
    lead = office.ledger.links("leads", ["p1"])["p1"].destination_id
    refs = ("crm/people/p1", f"sfa/Lead/{lead}", "crm/people/p2")
    leaks = [Met("L01", ref, ref, "critical", "marketing", None, "") for ref in refs]
    office.ledger.put_sweep(leaks, {"L01": ""}, {}, office.clock.now())
    office.ledger.forget("crm/people/p1")
    assert [one.ref for one in office.ledger.findings()] == ["crm/people/p2"]


def waiting(handoff: str, subject: str, source: str) -> Handoff:
    at = ManualClock().now()
    return Handoff(
        handoff, "mql_to_sal", subject, f"{source}:{handoff}", source, "marketing",
        "inside_sales", "", "", at, at, at, "8 business_hours", "r",
    )  # fmt: skip


def test_nobody_is_late_any_more_with_an_erased_person(office: Office) -> None:
    book = office.ledger.handoffs()
    others = [waiting("b", "person/p2", "crm"), waiting("c", "person/p1", "elsewhere")]
    mine = [waiting("a", "person/p1", "crm"), waiting("d", "person/p1", "sfa")]
    book.keep([*mine, *others], [])
    office.ledger.forget(MAIL)
    states = {one.id: (one.state, one.closed_at is not None) for one in book.rows()}
    assert states["a"] == states["d"] == ("withdrawn", True)
    assert states["b"] == states["c"] == ("open", False)
