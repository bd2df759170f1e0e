"""What goes wrong between the systems over HTTP, and what is left of it: nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tasuki.engine.answer import Answer, ruling_of, settled
from tasuki.model.errors import NotSentError
from tasuki.sandbox.faults import Fault, Kind
from tests.end_to_end.relay import (
    CUSTOMERS,
    INVOICES,
    LEADS,
    LIFECYCLE,
    Relay,
)

_INVOICES_PATH = "/iv/invoices$"
_CALLS_OF_A_LEAD_RUN = 4  # a token, two look-ups, one write


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    with Relay(tmp_path) as made:
        yield made


def contacts_with_lead(relay: Relay) -> list[str]:
    rows = relay.rows("Lead").values()
    return sorted(str(row["HubSpot_Contact_Id__c"]) for row in rows)


def billed_deals(relay: Relay) -> list[str]:
    rows = relay.won().values()
    return sorted(str(row["Name"]) for row in rows if row.get("freee_Invoice_Id__c"))


class Usual(NamedTuple):
    """Who becomes a lead, and what is billed, on a day without trouble."""

    leads: list[str]
    invoices: list[str]


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Usual:
    with Relay(tmp_path_factory.mktemp("usual")) as undisturbed:
        undisturbed.first_pass()
        found = Usual(contacts_with_lead(undisturbed), billed_deals(undisturbed))
    assert all(found)
    return found


# -- a person works in Salesforce between two runs -------------------------------------


def test_a_converted_lead_is_followed_to_its_contact(relay: Relay) -> None:
    relay.run(LEADS)
    lead = next(iter(relay.rows("Lead").values()))
    contact, leads = str(lead["HubSpot_Contact_Id__c"]), len(relay.rows("Lead"))
    made = relay.act("salesforce", "convert_lead", lead=lead["Id"])
    relay.edit_contact(contact, jobtitle="新任部長")
    report = relay.run(LEADS)
    link = relay.link(LEADS, contact)
    assert report["reasons"]["attached"] == {"cannot_update_converted_lead": 1}
    assert (link.destination, link.destination_id) == (
        "salesforce/Contact",
        made["contact"],
    )
    assert len(relay.rows("Lead")) == leads
    relay.edit_contact(contact, jobtitle="本部長")
    again = relay.run(LEADS)
    assert (again["dead"], again["created"], again["left_over"]) == (0, 0, 0)


def merged_leads(relay: Relay) -> tuple[str, str, str]:
    """Merge two leads; returns the loser's contact, the winner's, and the survivor."""
    relay.run(LEADS)
    loser, winner = list(relay.rows("Lead").values())[:2]
    relay.act(
        "salesforce", "merge", object="Lead", winner=winner["Id"], loser=loser["Id"]
    )
    name = "HubSpot_Contact_Id__c"
    return str(loser[name]), str(winner[name]), str(winner["Id"])


def test_a_merged_lead_belongs_to_the_survivors_contact(relay: Relay) -> None:
    contact, other, survivor = merged_leads(relay)
    leads = len(relay.rows("Lead"))
    relay.edit_contact(contact, jobtitle="新任部長")
    report = relay.run(LEADS)
    assert report["reasons"]["held"] == {"shares_counterpart": 1}
    assert relay.rows("Lead")[survivor].get("Title") != "新任部長"
    relay.edit_contact(other, jobtitle="本部長")
    relay.run(LEADS)
    assert relay.rows("Lead")[survivor]["Title"] == "本部長"
    assert len(relay.rows("Lead")) == leads


def test_a_person_gives_a_merged_lead_to_the_other_contact(relay: Relay) -> None:
    contact, other, survivor = merged_leads(relay)
    relay.edit_contact(contact, jobtitle="新任部長")
    relay.run(LEADS)
    (hold,) = [h for h in relay.ledger.holds(LEADS) if h.source_id == contact]
    answer = settled(hold, Answer("own"))
    relay.ledger.rule([ruling_of(hold, answer, "sato", "the customer said so")])
    report = relay.run(LEADS)
    assert (report["ruled"], report["held"]) == ({"carried_out": 1}, 0)
    assert relay.rows("Lead")[survivor]["Title"] == "新任部長"
    assert relay.link(LEADS, contact).destination_id == survivor
    relay.edit_contact(other, jobtitle="本部長")
    report = relay.run(LEADS)
    assert report["reasons"]["skipped"] == {"counterpart_yielded": 1}
    assert relay.rows("Lead")[survivor]["Title"] == "新任部長"


def test_a_deleted_lead_is_let_go_and_not_made_again(relay: Relay) -> None:
    relay.run(LEADS)
    lead = next(iter(relay.rows("Lead").values()))
    contact = str(lead["HubSpot_Contact_Id__c"])
    relay.act("salesforce", "delete", object="Lead", id=lead["Id"])
    leads = len(relay.rows("Lead"))
    for title in ("新任部長", "本部長"):
        relay.edit_contact(contact, jobtitle=title)
        report = relay.run(LEADS)
        assert report["reasons"]["skipped"] == {"counterpart_deleted": 1}
        assert report["left_over"] == 0
    assert relay.link(LEADS, contact).state == "detached"
    assert len(relay.rows("Lead")) == leads
    assert any(
        "counterpart_deleted" in one.words
        for one in relay.story(f"hubspot/contacts/{contact}").moments
    )


def test_contacts_merged_in_hubspot_keep_one_lead(relay: Relay) -> None:
    relay.run(LEADS)
    first, second = [
        str(row["HubSpot_Contact_Id__c"])
        for row in list(relay.rows("Lead").values())[:2]
    ]
    leads = len(relay.rows("Lead"))
    relay.act("hubspot", "merge", stream="contacts", primary=first, other=second)
    report = relay.run(LEADS)
    assert report["dead"] == report["created"] == report["left_over"] == 0
    assert relay.link(LEADS, first).destination_id == relay.lead_of(first)["Id"]
    assert len(relay.rows("Lead")) == leads


def test_an_invoiced_deal_that_changes_is_held_for_a_person(relay: Relay) -> None:
    relay.run(LEADS)
    relay.sell()
    relay.bill()
    deal = next(row for row in relay.won().values() if row.get("freee_Invoice_Id__c"))
    line = relay.lines_of(str(deal["Id"]))[0]
    fields = {"UnitPrice": float(str(line["UnitPrice"])) + 1}
    relay.act(
        "salesforce", "edit", object="OpportunityLineItem", id=line["Id"], fields=fields
    )
    before = relay.invoices()
    report = relay.run(INVOICES)
    assert report["reasons"]["held"] == {"changed_after_sent": 1}
    assert relay.invoices() == before


# -- set up wrongly --------------------------------------------------------------------


def test_a_wrong_token_stops_the_run_and_blames_no_record(relay: Relay) -> None:
    relay.reopen(HUBSPOT_TOKEN="pat-revoked")
    stopped = relay.run(LEADS)
    assert (stopped["state"], stopped["exit_code"]) == ("stopped", 3)
    assert stopped["error"].startswith("hubspot")
    assert stopped["remedy"]
    assert "pat-revoked" not in stopped["error"] + stopped["remedy"]
    assert relay.rows("Lead") == {}
    assert relay.ledger.dead_letters() == []
    relay.reopen()
    assert relay.run(LEADS)["created"] == len(relay.rows("Lead")) > 0


def test_a_token_that_is_revoked_in_the_middle_leaves_the_rest_for_later(
    relay: Relay,
) -> None:
    relay.run(LEADS)
    relay.sell()
    relay.bill()
    made = len(relay.invoices())
    deals = [row for row in relay.won().values() if row["Invoice_Hold__c"]]
    for deal in deals:
        relay.act(
            "salesforce", "edit", object="Opportunity", id=deal["Id"],
            fields={"Invoice_Hold__c": False},
        )  # fmt: skip
    relay.plant("freee", Fault(Kind.UNAUTHORISED, path="invoices", times=0, skip=1))
    stopped = [one for one in relay.bill() if one["state"] == "stopped"]
    assert stopped
    assert all("tasuki login freee" in one["remedy"] for one in stopped)
    assert len(relay.invoices()) < made + len(deals)
    relay.heal()
    relay.bill()
    assert len(relay.invoices()) == made + len(deals)
    assert relay.ledger.open_intents(INVOICES) == []


def test_an_unknown_field_is_named_and_the_records_come_when_it_exists(
    relay: Relay,
) -> None:
    shipped = relay.project.mappings.file(LEADS).text
    own = relay.place / "mappings" / f"{LEADS}.yaml"
    wrong = shipped.replace("  Title: {from", "  Titel__c: {from").partition("\ntests:")
    own.write_text(wrong[0], encoding="utf-8")
    relay.reopen()
    report = relay.run(LEADS)
    letters = relay.ledger.dead_letters()
    assert len(letters) == report["dead"] > 0
    assert all("Titel__c" in one.words and one.remedy for one in letters)
    with_title = {key for key, row in relay.contacts().items() if row.get("jobtitle")}
    assert {one.source_id for one in letters} <= with_title
    own.unlink()
    relay.reopen()
    relay.ledger.replay([one.id for one in letters])
    again = relay.run(LEADS)
    assert (again["state"], again["dead"]) == ("done", 0)
    assert again["created"] == len(letters)
    assert len(relay.rows("Lead")) == report["created"] + len(letters)


# -- a system goes away ----------------------------------------------------------------


@pytest.mark.parametrize("system", ["hubspot", "salesforce"])
def test_a_system_that_is_down_is_told_and_nothing_is_lost(
    relay: Relay, system: str
) -> None:
    with relay.without(system):
        stopped = relay.run(LEADS)
        assert stopped["state"] == "stopped"
        assert stopped["error"].startswith(system)
        assert stopped["remedy"] == NotSentError.remedy
    done = relay.run(LEADS)
    assert done["state"] == "done"
    assert len(relay.rows("Lead")) == done["created"] > 0
    assert relay.run(LEADS)["created"] == 0


@pytest.mark.parametrize("skip", range(6))
def test_salesforce_going_down_after_any_call_costs_no_lead(
    relay: Relay, usual: Usual, skip: int
) -> None:
    relay.plant("salesforce", Fault(Kind.RESET_AFTER, skip=skip, times=0))
    broken = relay.run(LEADS)
    assert broken["state"] == ("stopped" if skip < _CALLS_OF_A_LEAD_RUN else "done")
    relay.heal()
    assert relay.run(LEADS)["state"] == "done"
    assert contacts_with_lead(relay) == usual.leads


@pytest.mark.parametrize(
    "kind", [Kind.RESET_BEFORE, Kind.RESET_AFTER, Kind.ERROR_AFTER]
)
@pytest.mark.parametrize("skip", [0, 1, 3])
def test_a_few_lost_answers_of_freee_make_no_invoice_twice_and_lose_none(
    relay: Relay, usual: Usual, kind: Kind, skip: int
) -> None:
    relay.run(LEADS)
    relay.sell()
    fault = Fault(kind, "POST", _INVOICES_PATH, skip=skip, times=3)
    relay.plant("freee", fault)
    relay.bill()
    relay.bill()
    assert fault.fired == fault.times
    assert billed_deals(relay) == usual.invoices
    assert len(relay.invoices()) == len(usual.invoices)
    assert relay.ledger.open_intents(INVOICES) == []


@pytest.mark.parametrize("kind", [Kind.RESET_BEFORE, Kind.RESET_AFTER])
def test_when_freee_never_answers_each_deal_is_billed_once_or_asks_a_person(
    relay: Relay, usual: Usual, kind: Kind
) -> None:
    relay.run(LEADS)
    relay.sell()
    relay.plant("freee", Fault(kind, "POST", _INVOICES_PATH, skip=1, times=0))
    relay.bill()
    relay.heal()
    for _ in range(3):
        last = relay.bill()[-1]
    held = last["reasons"].get("held", {}).get("in_doubt", 0)
    assert len(billed_deals(relay)) + held == len(usual.invoices)
    assert len(relay.invoices()) == len(billed_deals(relay))
    assert relay.ledger.open_intents(INVOICES) == []


def test_freee_switched_off_before_the_invoices_only_delays_them(
    relay: Relay, usual: Usual
) -> None:
    relay.run(LEADS)
    relay.sell()
    relay.run(INVOICES)
    relay.run(CUSTOMERS)
    with relay.without("freee"):
        stopped = relay.run(INVOICES)
    assert stopped["state"] == "stopped"
    assert stopped["remedy"] == NotSentError.remedy
    relay.bill()
    assert billed_deals(relay) == usual.invoices
    assert len(relay.invoices()) == len(usual.invoices)


def test_salesforce_going_away_before_the_write_back_only_delays_it(
    relay: Relay,
) -> None:
    relay.run(LEADS)
    relay.sell()
    relay.run(INVOICES)
    relay.run(CUSTOMERS)
    relay.plant("salesforce", Fault(Kind.ERROR_BEFORE, "PATCH", times=0, status=503))
    made = relay.run(INVOICES)["created"]
    assert len(relay.invoices()) == made > 0
    assert not [row for row in relay.won().values() if row.get("freee_Invoice_Id__c")]
    relay.heal()
    again = relay.run(INVOICES)
    assert (again["created"], again["written_back"]) == (0, made)
    numbers = {
        str(row["freee_Invoice_Id__c"]) for row in relay.won().values()
        if row.get("freee_Invoice_Id__c")
    }  # fmt: skip
    assert numbers == set(relay.invoices())


def test_a_lifecycle_that_hubspot_refused_for_its_rate_arrives_later(
    relay: Relay,
) -> None:
    relay.run(LEADS)
    relay.sell()
    relay.plant(
        "hubspot", Fault(Kind.THROTTLE, "POST", "update", times=2, retry_after=0.1)
    )
    report = relay.run(LIFECYCLE)
    assert (report["state"], report["left_over"]) == ("done", 0)
    assert report["updated"] > 0
