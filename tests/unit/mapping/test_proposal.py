"""A mapping proposed from two systems' own fields loads, and says what it is unsure of."""

from pathlib import Path

import pytest

from tasuki.mapping.live import compare
from tasuki.mapping.propose import Proposal, propose
from tasuki.model.record import FieldFacts, Schema, StreamRef
from tasuki.model.write import WriteClass
from tests.unit.mapping.mapping_project import load, project

CONTACTS = StreamRef("hubspot", "contacts")
LEAD = StreamRef("salesforce", "Lead")


def schema(stream: str, *fields: FieldFacts) -> Schema:
    return Schema(stream, {each.name: each for each in fields})


HUBSPOT = schema(
    "contacts",
    FieldFacts("hs_object_id", type="number", writable=False, unique=True),
    FieldFacts("email", "メールアドレス", length=65536),
    FieldFacts("lastname", "姓", length=65536),
    FieldFacts("phone", "電話番号", length=65536),
    FieldFacts("zip", "郵便番号", length=65536),
    FieldFacts("rank", type="picklist", options=("hot", "cold")),
    FieldFacts("num_employees", "従業員数"),
    FieldFacts("budget__c"),
    FieldFacts("unheard_of"),
)
SALESFORCE = schema(
    "Lead",
    FieldFacts("Id", writable=False, unique=True),
    FieldFacts("HubSpot_Contact_Id__c", unique=True, length=32),
    FieldFacts("LastName", "Last Name", required=True, length=80),
    FieldFacts("Company", required=True, length=255),
    FieldFacts("Email", length=80),
    FieldFacts("Phone", length=40),
    FieldFacts("PostalCode", "Zip/Postal Code", length=20),
    FieldFacts("Rank__c", type="picklist", options=("Hot", "Warm")),
    FieldFacts("NumberOfEmployees", type="number"),
    FieldFacts("Budget_2__c", length=20),
    FieldFacts("OwnerId", type="reference", references="User"),
    FieldFacts("CreatedDate", type="datetime"),
)


def proposal(read: Schema = HUBSPOT, written: Schema = SALESFORCE) -> Proposal:
    return propose((CONTACTS, read), (LEAD, written), WriteClass.UPSERT)


def test_fields_of_one_meaning_are_matched_in_either_language() -> None:
    made = proposal()
    assert made.name == "lead.hubspot-salesforce"
    assert {pair.there.name: pair.here.name for pair in made.pairs} == {
        "LastName": "lastname",
        "Email": "email",
        "Phone": "phone",
        "PostalCode": "zip",
        "Rank__c": "rank",
        "NumberOfEmployees": "num_employees",
        "Budget_2__c": "budget__c",
    }


def test_values_are_written_as_the_destination_wants_them() -> None:
    text = proposal().text
    for line in (
        "  - HubSpot_Contact_Id__c: hs_object_id\n  - Email: email(email)\n",
        "  no_email: valid_email(email)\n",
        "  HubSpot_Contact_Id__c: hs_object_id\n",
        "  LastName: {from: lastname, required: true, max: 80, pii: true}",
        "  Email: {formula: '= email(email)', max: 80, pii: true}",
        "  Phone: {from: phone, as: phone_jp, on_error: blank, pii: true}",
        "  PostalCode: {formula: '= postcode(zip)', max: 20}",
        "  NumberOfEmployees: {formula: '= number(num_employees)', on_error: blank}",
        '      "hot": "Hot"\n      "cold": null\n    default: null',
    ):
        assert line in text, line


def test_what_is_not_sure_is_said() -> None:
    made = proposal()
    assert made.missing == ("Company",)
    assert (
        "# Company: wanted for every new record, and nothing here is like it"
        in made.text
    )
    assert (
        "Budget_2__c: {from: budget__c, max: 20}    # (by likeness: is it?)"
        in made.text
    )
    assert "# not filled over there: OwnerId" in made.text
    assert "unheard_of" in made.text.partition("# not read here: ")[2]
    assert "by likeness" not in made.text.partition("  Email:")[2].partition("\n")[0]


def test_the_file_loads_and_fits_both_systems(tmp_path: Path) -> None:
    written = schema(
        "Lead", *(f for f in SALESFORCE.fields.values() if f.name != "Company")
    )
    made = proposal(written=written)
    mappings = load(project(tmp_path, **{f"{made.name}.yaml": made.text}))
    systems = {CONTACTS: HUBSPOT, LEAD: written}
    found = compare(
        mappings.file(made.name),
        mappings[made.name],
        mappings.rules(made.name),
        systems.__getitem__,
    )
    assert found.faults == ()


@pytest.mark.parametrize("create_class", [WriteClass.MARKER, WriteClass.NONE])
def test_what_cannot_be_repeated_is_written_once(
    tmp_path: Path, create_class: WriteClass
) -> None:
    invoice = schema(
        "invoice", FieldFacts("subject", "件名"), FieldFacts("total", "金額")
    )
    deals = schema(
        "Opportunity",
        FieldFacts("Id"),
        FieldFacts("Name", "商談名"),
        FieldFacts("Amount"),
    )
    refs = StreamRef("salesforce", "Opportunity"), StreamRef("freee", "invoice")
    made = propose((refs[0], deals), (refs[1], invoice), create_class, "mine")
    assert "write: once" in made.text
    assert "key: Id\n" in made.text
    assert load(project(tmp_path, mine=made.text))["mine"].fields == (
        "subject",
        "total",
    )


def test_field_names_that_are_no_words_are_read_as_they_are(tmp_path: Path) -> None:
    read = schema(
        "contacts",
        FieldFacts("$id", type="number", writable=False),
        FieldFacts("メール（本人）", "メールアドレス"),
        FieldFacts("電話 番号", "電話番号"),
    )
    made = proposal(read)
    assert """  Email: {formula: '= email(field("メール（本人）"))'""" in made.text
    text = made.text.replace("  # Company", "  Company: {const: x}\n  # Company")
    mapping = load(project(tmp_path, mine=text))["mine"]
    assert {"メール（本人）", "電話 番号"} <= set(mapping.query().fields)


def test_systems_with_nothing_in_common_are_said_so() -> None:
    made = proposal(schema("contacts", FieldFacts("zzz")))
    assert made.pairs == ()
    assert "# not read here: zzz" in made.text
