"""What counts as personal data where the mapping does not say."""

from pathlib import Path

import pytest

from tasuki.mapping.personal import is_personal
from tests.unit.mapping.mapping_project import compiled


@pytest.mark.parametrize(
    "name",
    [
        "email", "Billing_Email__c", "Phone", "MobilePhone", "lastname", "First_Name",
        "contact_name", "BillingStreet", "zipcode", "partner_address_zipcode", "fax",
        "担当者名", "メールアドレス", "姓", "Birthdate",
    ],
)  # fmt: skip
def test_a_persons_field_is_known_by_its_name(name: str) -> None:
    assert is_personal(name)


@pytest.mark.parametrize(
    "name", ["Amount", "Company", "Title", "hs_object_id", "Status", "subject", "total"]
)
def test_a_field_of_the_trade_is_not(name: str) -> None:
    assert not is_personal(name)


def test_a_formula_hides_what_it_reads(tmp_path: Path) -> None:
    mapping = compiled(
        tmp_path,
        "match: [{Key__c: id}]\n"
        "fields:\n"
        "  Key__c: id\n"
        '  Note__c: = concat("about ", lastname)\n'
        "  Copy__c: = result.Note__c\n"
        "  Domain__c: {formula: = domain(email), pii: false}\n"
        "  Secret__c: hobby\n"
        "  Amount__c: amount\n"
        "pii: [hobby]\n",
    )
    assert mapping.pii == {"Note__c", "Copy__c", "Secret__c"}


def test_what_is_personal_is_no_reason_to_read_everything_again(
    tmp_path: Path,
) -> None:
    text = "match: [{Key__c: id}]\nfields:\n  Key__c: id\n  Email: {from: email%s}\n"
    plain = compiled(tmp_path, text % "")
    shown = compiled(tmp_path, text % ", pii: false")
    assert plain.revision == shown.revision
    assert plain.pii != shown.pii
