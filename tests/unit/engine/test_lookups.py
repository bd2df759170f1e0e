"""Lookups in other systems' records and in links: in bulk, once, and with clear endings."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tasuki.engine.preview import preview_sync
from tasuki.engine.run import run_sync
from tasuki.engine.sync import Sync
from tasuki.engine.tally import Ending
from tasuki.ledger import Ledger
from tasuki.testing import (
    FakeStream,
    FakeSystem,
    ManualClock,
    fake_sync,
    temporary_ledger,
)
from tests.unit.mapping.mapping_project import load, project

LEAD = """
version: 1
source: crm/people
destination: sfa/Lead
match: [{Person_Id: id}]
fields:
  Person_Id: id
  OwnerId: {lookup: seller, by: {Email: owner_email}, take: Id%s}
"""
SELLER = "from: sfa/User\nwhere: IsActive\n"


@dataclass
class Office:
    """A marketing tool, a sales tool with its users, and a third system with masters."""

    ledger: Ledger
    clock: ManualClock
    folder: Path
    crm: FakeSystem = field(init=False)
    sfa: FakeSystem = field(init=False)
    master: FakeSystem = field(init=False)

    def __post_init__(self) -> None:
        self.crm = FakeSystem(self.clock, FakeStream("people"), name="crm")
        streams = FakeStream("Lead"), FakeStream("User"), FakeStream("Note")
        self.sfa = FakeSystem(self.clock, *streams, name="sfa")
        self.master = FakeSystem(self.clock, FakeStream("area"), name="master")

    def user(self, name: str, email: str = "", *, active: bool = True) -> None:
        mail = email or f"{name}@x.jp"
        self.sfa.put("User", name, Id=name, Email=mail, IsActive=active)

    def person(self, name: str, owner: str | None, **fields: object) -> None:
        self.crm.put("people", name, owner_email=owner, **fields)

    def sync(self, text: str = LEAD % "", name: str = "leads", **files: str) -> Sync:
        whole = {"lookups__seller.yaml": SELLER, **files, f"{name}.yaml": text}
        mappings = load(project(self.folder, **whole))
        sync = fake_sync(mappings[name], self.crm, self.sfa, self.ledger)
        sync.others = {"master": self.master}
        return sync

    def owners(self) -> dict[str, object]:
        rows = self.sfa.streams["Lead"].alive()
        return {str(row.fields["Person_Id"]): row.fields.get("OwnerId") for row in rows}

    def asked(self, stream: str) -> list[str]:
        kinds = ("find", "fetch", "count", "keys")
        calls = {kind: self.sfa.calls[f"{kind} {stream}"] for kind in kinds}
        return [kind for kind, number in calls.items() for _ in range(number)]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    clock = ManualClock()
    with temporary_ledger(clock) as ledger:
        yield Office(ledger, clock, tmp_path)


def test_an_owner_is_looked_up_by_mail_without_regard_to_case(office: Office) -> None:
    office.user("u1")
    office.user("u2")
    office.person("a", "U1@X.jp")
    office.person("b", "u2@x.jp")
    office.person("c", "nobody@x.jp")
    office.person("d", None)

    run_sync(office.sync())

    assert office.owners() == {"a": "u1", "b": "u2", "c": None, "d": None}


def test_a_page_is_looked_up_in_two_calls_whatever_its_size(office: Office) -> None:
    for number in range(40):
        office.user(f"u{number}")
        office.person(f"p{number}", f"u{number}@x.jp")
    run_sync(office.sync())
    assert office.asked("User") == ["find", "fetch"]


def test_many_keys_read_a_small_table_whole_and_once(office: Office) -> None:
    for number in range(120):
        office.user(f"u{number}")
        office.person(f"p{number}", f"u{number}@x.jp")
    office.crm.streams["people"].page_size = 60

    run_sync(office.sync())

    assert office.owners()["p119"] == "u119"
    assert office.asked("User") == ["count", "keys"]


def test_a_key_nobody_has_is_asked_once_in_a_run(office: Office) -> None:
    for name in ("a", "b", "c"):
        office.person(name, "nobody@x.jp")
    office.crm.streams["people"].page_size = 1
    run_sync(office.sync())
    assert office.asked("User") == ["find"]


def test_records_that_do_not_qualify_ask_nothing(office: Office) -> None:
    office.user("u1")
    office.person("a", "u1@x.jp", cold=True)
    run_sync(office.sync(LEAD % "" + "qualify: {cold: cold != true}\n"))
    assert office.asked("User") == []


def test_only_records_for_which_the_condition_holds_are_in_the_table(
    office: Office,
) -> None:
    office.user("gone", "u@x.jp", active=False)
    office.user("here", "u@x.jp")
    office.person("a", "u@x.jp")
    run_sync(office.sync())
    assert office.owners() == {"a": "here"}


def test_a_key_that_two_records_have_is_a_dead_letter_that_names_them(
    office: Office,
) -> None:
    office.user("u1", "u@x.jp")
    office.user("u2", "u@x.jp")
    office.person("a", "u@x.jp")

    shown = preview_sync(office.sync())
    report = run_sync(office.sync())

    told = "OwnerId: 2 records of sfa/User have this Email: u1, u2"
    assert [(c.action, c.reason, c.target) for c in shown.changes] == [
        ("dead", "lookup", told)
    ]
    assert report.tally.ended[Ending.DEAD] == 1
    (letter,) = office.ledger.dead_letters("leads")
    assert (letter.cause, letter.words) == ("lookup", told)
    assert "mappings/lookups/seller.yaml" in letter.remedy
    assert "u@x.jp" not in f"{letter.words}{letter.remedy}"


def test_two_records_that_give_the_same_value_are_no_question(office: Office) -> None:
    for name in ("u1", "u2"):
        office.sfa.put("User", name, Id="same", Email="u@x.jp", IsActive=True)
    office.person("a", "u@x.jp")
    run_sync(office.sync())
    assert office.owners() == {"a": "same"}


def test_on_error_and_default_decide_where_nothing_certain_is_found(
    office: Office,
) -> None:
    office.user("u1", "u@x.jp")
    office.user("u2", "u@x.jp")
    office.person("a", "u@x.jp")
    office.person("b", "nobody@x.jp")
    run_sync(office.sync(LEAD % ", on_error: default, default: queue"))
    assert office.owners() == {"a": "queue", "b": "queue"}


def test_a_preview_looks_up_as_a_run_does(office: Office) -> None:
    office.user("u1")
    office.person("a", "u1@x.jp")
    (change,) = preview_sync(office.sync(LEAD % ", pii: false")).changes
    assert {f.name: f.new for f in change.fields}["OwnerId"] == "u1"


def test_a_value_that_changed_over_there_is_sent_at_the_next_reading(
    office: Office,
) -> None:
    office.user("u1")
    office.person("a", "u1@x.jp")
    run_sync(office.sync())
    office.sfa.put("User", "u1", Id="u9")
    office.crm.put("people", "a", note="read again")
    run_sync(office.sync())
    assert office.owners() == {"a": "u9"}


def test_keys_of_several_fields_find_the_record_that_has_them_all(
    office: Office,
) -> None:
    office.sfa.put("User", "u1", Id="u1", Area="東", Size="L")
    office.sfa.put("User", "u2", Id="u2", Area="東", Size="S")
    office.person("a", None, area="東", size="s")
    rule = "by: {Area: area, Size: size}"
    text = (LEAD % "").replace("by: {Email: owner_email}", rule)
    run_sync(office.sync(text, lookups__seller="from: sfa/User\n"))
    assert office.owners() == {"a": "u2"}


def test_a_lookup_may_be_keyed_by_what_another_lookup_gave(office: Office) -> None:
    office.user("u1")
    office.master.put("area", "東京", Boss="u1@x.jp")
    office.person("a", None, area="東京")
    text = """
version: 1
source: crm/people
destination: sfa/Lead
match: [{Person_Id: id}]
fields:
  Person_Id: id
  Boss: {lookup: area, by: {id: area}, take: Boss}
  OwnerId: {lookup: seller, by: {Email: result.Boss}, take: Id}
"""
    run_sync(office.sync(text, lookups__area="from: master/area\n"))
    assert office.owners() == {"a": "u1"}


def test_items_of_a_list_look_up_in_one_call_too(office: Office) -> None:
    for name in ("x", "y"):
        office.sfa.put("User", name, Id=f"id-{name}", Email=name, IsActive=True)
    lines = [{"who": "x"}, {"who": "y"}, {"who": "z"}]
    office.person("a", None, lines=lines)
    text = """
version: 1
source: crm/people
destination: sfa/Lead
match: [{Person_Id: id}]
fields:
  Person_Id: id
  Lines:
    each: lines
    fields: {Owner: {lookup: seller, by: {Email: who}, take: Id, default: none}}
"""
    run_sync(office.sync(text))
    (row,) = office.sfa.streams["Lead"].alive()
    owners = [{"Owner": "id-x"}, {"Owner": "id-y"}, {"Owner": "none"}]
    assert row.fields["Lines"] == owners
    assert office.asked("User") == ["find", "fetch"]


NOTE = """
version: 1
source: crm/people
destination: sfa/Note
match: [{key: id}]
fields:
  key: id
  Name: {link: leads, of: boss, take: Person_Id}
  Number: {link: leads, of: boss, take: receipt.number}
"""


def test_a_link_gives_what_was_sent_and_what_was_answered(office: Office) -> None:
    office.person("boss", None)
    both = {"leads.yaml": LEAD % ""}
    run_sync(office.sync())
    (intent,) = office.ledger.intents_of("leads", ["boss"])["boss"]
    office.person("a", None, boss="boss")

    run_sync(office.sync(NOTE, "notes", **both))

    notes = {
        row.fields["key"]: row.fields for row in office.sfa.streams["Note"].alive()
    }
    assert notes["a"]["Name"] == "boss"
    assert intent.receipt["number"]
    assert notes["a"]["Number"] == intent.receipt["number"]


def test_a_record_waits_for_the_link_that_a_value_is_taken_of(office: Office) -> None:
    office.person("a", None, boss="b")
    report = run_sync(office.sync(NOTE, "notes", **{"leads.yaml": LEAD % ""}))
    assert report.tally.ended[Ending.WAITING] == 1
