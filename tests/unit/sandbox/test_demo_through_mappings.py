"""What the shipped mappings make of the demo's people and won deals."""

from collections import Counter
from pathlib import Path

import pytest

from tasuki.mapping import MappingSet, load_mappings
from tasuki.mapping.result import Faulty, Payload, Skip
from tasuki.model.record import Record
from tasuki.sandbox.demo_world import HERO, demo_world, many_people
from tasuki.sandbox.world import Company, Deal, Person

SHIPPED = Path(__file__).parents[3] / "mappings"
WORLD = demo_world()


@pytest.fixture(scope="module")
def mappings() -> MappingSet:
    return load_mappings([SHIPPED], today=WORLD.today.date)


def contact(person: Person) -> Record:
    fields: dict[str, object] = {
        "hs_object_id": str(person.id),
        "email": person.email.strip().lower(),
        "lastname": person.lastname,
        "firstname": person.firstname,
        "company": person.company,
        "phone": person.phone,
        "state": person.state,
        "jobtitle": person.jobtitle,
        "lifecyclestage": person.lifecycle,
        "hubspotscore": str(person.score),
        "hs_analytics_source": person.source,
        "hs_email_optout": "true" if person.opted_out else "false",
    }
    kept = {name: value or None for name, value in fields.items()}
    return Record(str(person.id), "1", kept)


def opportunity(company: Company, deal: Deal) -> Record:
    lines = [
        {
            "Description": line.description,
            "ProductCode": line.product_code,
            "Quantity": line.quantity,
            "UnitPrice": line.unit_price,
            "TotalPrice": line.quantity * line.unit_price,
            "Tax_Rate__c": str(line.tax_rate),
            "Reduced_Tax__c": line.reduced,
            "Tax_Exempt__c": line.exempt,
        }
        for line in deal.lines
    ]
    fields: dict[str, object] = {
        "Id": "006000000000001AAA",
        "Name": deal.name,
        "AccountId": "001000000000001AAA",
        "CloseDate": deal.close_date.isoformat(),
        "Amount": sum(line.quantity * line.unit_price for line in deal.lines),
        "Invoice_Hold__c": deal.hold,
        "account": {"Payment_Terms__c": company.payment_terms or None},
        "lines": lines,
    }
    return Record("006000000000001AAA", "1", fields)


def test_three_in_five_people_become_leads(mappings):
    lead = mappings["lead.hubspot-salesforce"]
    made = [lead.evaluate(contact(person)) for person in WORLD.people]
    kinds = Counter(type(one) for one in made)
    reasons = {one.reason for one in made if isinstance(one, Skip)}
    assert set(kinds) == {Payload, Skip}
    assert 550 <= kinds[Payload] <= 650
    assert reasons == {
        "no_email",
        "opted_out",
        "free_mail",
        "with_sales",
        "below_threshold",
    }


def test_the_hero_becomes_a_hot_lead_with_her_name_and_companys_in_order(mappings):
    hero = next(person for person in WORLD.people if person.id == HERO.person_id)
    made = mappings["lead.hubspot-salesforce"].evaluate(contact(hero))
    assert made.fields["Company"] == HERO.company
    assert made.fields["Email"] == "misaki.takahashi@kirisaki-design.example.jp"
    assert made.fields["Phone"] == "03-1234-5678"
    assert made.fields["State"] == "東京都"
    assert made.fields["Rating"] == "Hot"


def test_every_one_of_many_people_becomes_a_lead(mappings):
    lead = mappings["lead.hubspot-salesforce"]
    assert all(
        isinstance(lead.evaluate(contact(person)), Payload)
        for person in many_people(1000)
    )


def test_most_won_deals_become_invoices_and_the_troubled_ones_do_not(mappings):
    invoice = mappings["invoice.salesforce-freee"]
    refused = Counter()
    for company in WORLD.companies:
        for deal in company.deals:
            if not deal.won:
                continue
            made = invoice.evaluate(opportunity(company, deal), lambda *_: "501")
            match made:
                case Skip():
                    refused[made.reason] += 1
                case Faulty():
                    refused[made.cause] += 1
                case _:
                    refused["invoice"] += 1
    assert refused["on_hold"] == 2
    assert refused["no_lines"] == 1
    assert refused["formula"] >= 1
    assert refused["document"] >= 1
    assert refused["invoice"] >= 34
    assert refused.total() == 40
