"""Two mappings over one pair: one link, no echo, and a rule for conflicts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import pytest

from tasuki.engine.explain import explain
from tasuki.engine.preview import Preview, preview_sync
from tasuki.engine.run import run_sync
from tasuki.engine.sync import Sync
from tasuki.engine.tally import RunReport
from tasuki.ledger import Ledger
from tasuki.testing import (
    FakeStream,
    FakeSystem,
    ManualClock,
    fake_sync,
    mappings_of,
    temporary_ledger,
)

THERE = """
version: 1
two_way: back
source: crm/people
destination: sfa/Contact
match: [{Key: id}, {Email: email}]
fields:
  Key: id
  Email: {from: email, owner: RULE}
  Title: {from: title, owner: RULE}
  Phone: {from: phone, as: phone_jp, on_error: blank}
"""
BACK = """
version: 1
two_way: there
source: sfa/Contact
destination: crm/people
match: [{email: Email}]
fields:
  email: {from: Email, owner: RULE}
  title: {from: Title, owner: RULE}
  phone: Phone
"""


def trimmed(_name: str, value: object) -> object:
    """Keep text as strict systems do."""
    return value.strip().casefold() if isinstance(value, str) else value


@dataclass
class Both:
    """A marketing tool and a sales tool that both may change a contact."""

    ledger: Ledger
    clock: ManualClock
    rule: str = "newest"
    there: str = THERE
    back: str = BACK
    crm: FakeSystem = field(init=False)
    sfa: FakeSystem = field(init=False)

    def __post_init__(self) -> None:
        self.crm = FakeSystem(self.clock, FakeStream("people"), name="crm")
        self.sfa = FakeSystem(self.clock, FakeStream("Contact"), name="sfa")

    def sync(self, name: str) -> Sync:
        texts = {"there": self.there, "back": self.back}
        told = mappings_of({n: t.replace("RULE", self.rule) for n, t in texts.items()})
        ways = {"there": (self.crm, self.sfa), "back": (self.sfa, self.crm)}
        source, destination = ways[name]
        return fake_sync(told[name], source, destination, self.ledger)

    def plan(self, name: str) -> Preview:
        return preview_sync(self.sync(name))

    def run(self, name: str) -> RunReport:
        self.clock.sleep(1)
        report = run_sync(self.sync(name))
        assert (report.state, report.error) == ("done", "")
        return report

    def round(self, *order: str) -> int:
        """Run both ways; return how many records were written."""
        reports = [self.run(name) for name in order or ("there", "back")]
        return sum(sum(one.tally.written.values()) for one in reports)

    @property
    def person(self) -> dict[str, object]:
        return self.crm.records("people")["p1"]

    @property
    def contact(self) -> dict[str, object]:
        (found,) = self.sfa.records("Contact").values()
        return found

    def edit(self, **fields: object) -> None:
        """Change the contact in the sales tool."""
        (one,) = self.sfa.records("Contact")
        self.sfa.put("Contact", one, **fields)


@contextmanager
def both(rule: str = "newest", **texts: str) -> Iterator[Both]:
    clock = ManualClock()
    with temporary_ledger(clock) as ledger:
        it = Both(ledger, clock, rule, **texts)
        it.crm.put("people", "p1", email="TARO@x.jp", title="課長", phone="0312345678")
        yield it


def test_the_second_round_of_both_ways_writes_nothing() -> None:
    with both() as it:
        assert it.round() == 1
        assert it.round() == 0
        assert it.contact["Phone"] == "03-1234-5678"
        assert it.person["phone"] == "0312345678"  # spelled anew: no change


@pytest.mark.parametrize("order", [("there", "back"), ("back", "there")])
def test_systems_that_trim_and_lower_what_they_keep_do_not_answer_each_other(
    order: tuple[str, str],
) -> None:
    with both() as it:
        it.sfa.streams["Contact"].stores = trimmed
        it.crm.streams["people"].stores = trimmed
        it.crm.put("people", "p1", email=" ＴＡＲＯ@X.jp ", title="VP Sales")
        it.round(*order)
        it.edit(Title="  Chief  OFFICER ")
        assert it.round(*order) == 1
        assert it.person["title"] == "chief  officer"
        assert it.round(*order) == 0
        assert it.round(*reversed(order)) == 0
        # Another change of the same field goes its way all the same.
        it.crm.put("people", "p1", title="President")
        assert it.round(*order) == 1
        assert it.contact["Title"] == "president"
        assert it.round(*order) == 0


def test_a_change_on_either_side_reaches_the_other() -> None:
    with both() as it:
        it.round()
        it.edit(Title="部長")
        assert it.round() == 1
        assert it.person["title"] == "部長"
        it.crm.put("people", "p1", title="本部長")
        assert it.round() == 1
        assert it.contact["Title"] == "本部長"
        assert it.round() == 0


def test_a_change_that_is_taken_back_at_once_arrives_too() -> None:
    """The old value stands there again: it is no echo of what was sent long ago."""
    with both() as it:
        it.round()
        it.edit(Title="部長")
        it.run("back")
        it.edit(Title="課長")
        it.run("back")
        assert it.person["title"] == "課長"
        assert it.round() == 0


def test_both_mappings_share_their_link() -> None:
    with both() as it:
        it.round()
        (one,) = it.sfa.records("Contact")
        assert it.ledger.links("back", [one])[one].destination_id == "p1"
        assert it.crm.calls["find people"] == 0  # the link says it


def test_different_fields_changed_on_both_sides_are_no_conflict() -> None:
    with both() as it:
        it.round()
        it.crm.put("people", "p1", title="部長")
        it.edit(Email="new@x.jp")
        assert it.round() == 2
        assert (it.contact["Title"], it.person["email"]) == ("部長", "new@x.jp")
        assert it.round() == 0


@pytest.mark.parametrize("order", [("there", "back"), ("back", "there")])
@pytest.mark.parametrize("last", ["crm", "sfa"])
def test_the_newest_value_wins_whichever_way_runs_first(
    order: tuple[str, str], last: str
) -> None:
    with both() as it:
        it.round()
        it.clock.sleep(60)
        changes = {
            "crm": lambda: it.crm.put("people", "p1", title="crm"),
            "sfa": lambda: it.edit(Title="sfa"),
        }
        for name in sorted(changes, key=lambda one: one == last):
            it.clock.sleep(60)
            changes[name]()
        it.round(*order)
        assert (it.person["title"], it.contact["Title"]) == (last, last)
        assert it.round(*order) == 0
        told = {
            (one.sync, one.words)
            for one in explain(it.ledger, "crm/people/p1").moments
            if one.kind == "decided"
        }
        there = f"both_changed Title newer {'here' if last == 'crm' else 'there'}"
        back = f"both_changed title newer {'here' if last == 'sfa' else 'there'}"
        assert told <= {("there", there), ("back", back)}
        assert order[0] in {sync for sync, _ in told}


def test_a_plan_says_that_both_sides_changed_a_field() -> None:
    with both() as it:
        it.round()
        it.clock.sleep(60)
        it.crm.put("people", "p1", title="crm")
        it.clock.sleep(60)
        it.edit(Title="sfa")
        assert it.plan("there").reasons == {("unchanged", "both_changed"): 1}
        assert it.plan("back").reasons == {("update", "both_changed"): 1}


def test_within_one_second_the_first_in_the_alphabet_wins_both_ways() -> None:
    for order in (("there", "back"), ("back", "there")):
        with both() as it:
            it.round()
            it.edit(Title="sfa")
            it.crm.put("people", "p1", title="crm")
            it.round(*order)
            assert (it.person["title"], it.contact["Title"]) == ("crm", "crm")


@pytest.mark.parametrize(("dates", "wins"), [("fields", "crm"), ("records", "sfa")])
def test_a_system_that_dates_its_fields_is_believed_field_by_field(
    dates: Literal["fields", "records"], wins: str
) -> None:
    with both() as it:
        it.sfa.streams["Contact"].dates = dates
        it.round()
        it.edit(Title="sfa")
        it.clock.sleep(60)
        it.crm.put("people", "p1", title="crm")
        it.clock.sleep(60)
        it.edit(Other="another field, later")
        it.round()
        assert it.contact["Title"] == wins


def test_times_are_asked_for_only_where_both_sides_changed() -> None:
    with both() as it:
        it.round()
        it.crm.put("people", "p1", title="部長")
        it.round()
        assert it.sfa.calls["times Contact"] == 0
        it.crm.put("people", "p1", title="本部長")
        it.edit(Title="社長")
        it.run("there")
        assert (it.sfa.calls["times Contact"], it.crm.calls["times people"]) == (1, 1)


def test_a_system_that_tells_no_times_leaves_the_conflict_to_a_person() -> None:
    with both() as it:
        it.round()
        it.crm.put("people", "p1", title="部長")
        it.edit(Title="社長")
        it.sfa.streams["Contact"].dates = "nothing"
        it.run("there")
        (hold,) = it.ledger.holds()
        assert (hold.reason, hold.detail) == (
            "both_changed",
            "Title (when it changed is not known)",
        )
        assert it.contact["Title"] == "社長"


def test_a_conflict_can_be_held_for_a_person() -> None:
    there = THERE.replace("from: title, owner: RULE", "from: title, on_conflict: hold")
    with both("source", there=there) as it:
        it.round()
        it.crm.put("people", "p1", title="部長")
        assert it.round() == 1  # only one side changed: nobody is asked
        it.crm.put("people", "p1", title="本部長")
        it.edit(Title="社長")
        it.run("there")
        (hold,) = it.ledger.holds()
        assert (hold.reason, hold.detail) == ("both_changed", "Title")
        assert hold.choices == ("send", "accept")
        assert it.contact["Title"] == "社長"


@pytest.mark.parametrize(
    ("rule", "other", "wins"),
    [("source", "destination", "crm"), ("destination_if_set", "source", "sfa")],
)
def test_under_the_other_rules_the_owner_wins(rule: str, other: str, wins: str) -> None:
    with both(
        there=THERE.replace("RULE", rule), back=BACK.replace("RULE", other)
    ) as it:
        it.round()
        it.crm.put("people", "p1", title="crm")
        it.clock.sleep(60)
        it.edit(Title="sfa")
        it.round()
        assert (it.person["title"], it.contact["Title"]) == (wins, wins)
        assert it.round() == 0


def test_a_record_made_in_the_sales_tool_comes_back_once() -> None:
    with both() as it:
        it.round()
        it.sfa.put("Contact", "c9", Email="hanako@x.jp", Title="社長")
        it.round("back", "there")
        assert len(it.crm.records("people")) == 2
        assert it.round() + it.round() == 0
        assert (len(it.crm.records("people")), len(it.sfa.records("Contact"))) == (2, 2)


def test_a_changed_mapping_sends_what_it_says_now_though_it_came_from_there() -> None:
    with both() as it:
        it.round()
        it.back = BACK.replace("phone: Phone", "phone: '= Phone'\n  note: '= Phone'")
        assert it.round() == 1
        assert it.person["note"] == "03-1234-5678"


class Death(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("first", ["there", "back"])
def test_a_death_between_the_two_ways_makes_no_second_record(first: str) -> None:
    """The record is made, and its link is not written: the other way comes first."""
    with both() as it:

        def die(where: str) -> None:
            if where == "after write sfa/Contact":
                raise Death

        it.sfa.on_step = die
        with pytest.raises(Death):
            it.run("there")
        it.sfa.on_step = lambda _: None
        it.clock.sleep(300)  # the lease of the dead
        second = "back" if first == "there" else "there"
        it.round(first, second)
        assert (len(it.crm.records("people")), len(it.sfa.records("Contact"))) == (1, 1)
        assert it.round(first, second) == 0
