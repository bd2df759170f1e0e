"""What the engine asks of a mapping: what to read, how to match, the key, the receipt."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from decimal import Decimal
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.mapping import (
    CompiledMapping,
    Faulty,
    MatchStep,
    MatchValue,
    OnChange,
    Payload,
    WriteMode,
    fingerprint,
)
from tasuki.model.record import Query
from tests.unit.mapping.mapping_project import (
    FIELDS,
    HEAD,
    MATCH,
    compiled,
    load,
    project,
    record,
)

DEAL = """version: 1
source: salesforce/Opportunity
where: IsWon = true
include: {account: AccountId, lines: OpportunityLineItems, owner: OwnerId}
destination: freee/invoice
write: once
key: concat(Id, "-", period)
qualify:
  lines: count(lines) > 0
  sum: sum(lines, TotalPrice) == Amount
fields:
  name: = first(account.Short_Name__c, account.Name)
  mail: owner.Email
write_back: {Invoice__c: = receipt.number, Note__c: '= concat(Name, ": ", receipt.number)'}
"""


def test_only_what_is_really_used_is_read(tmp_path: Path) -> None:
    assert compiled(tmp_path, DEAL).query() == Query(
        stream="Opportunity",
        fields=("Amount", "Id", "Name", "period"),
        where="IsWon = true",
        include={
            "account": ("AccountId", ("Name", "Short_Name__c")),
            "lines": ("OpportunityLineItems", ("TotalPrice",)),
            "owner": ("OwnerId", ("Email",)),
        },
    )


def test_the_key_is_text_and_none_where_it_is_blank(tmp_path: Path) -> None:
    mapping = compiled(tmp_path, DEAL)

    assert mapping.key(record(Id="7", period=202605)) == "7-202605"
    assert compiled(tmp_path / "b", FIELDS).key(record(email="x")) is None


def test_what_goes_back_reads_the_receipt_and_the_record(tmp_path: Path) -> None:
    mapping = compiled(tmp_path, DEAL)

    back = mapping.write_back(record(Name="保守"), {"number": "INV-1", "id": 9})

    assert back == {"Invoice__c": "INV-1", "Note__c": "保守: INV-1"}
    assert compiled(tmp_path / "b", FIELDS).write_back(record(), {}) == {}


def test_match_steps_keep_their_order_and_leave_out_blanks(tmp_path: Path) -> None:
    text = (
        "match:\n  - Ext__c: ext\n  - Email: lower(mail)\n"
        "  - {object: Contact, Email: mail, then: attach}\nfields: {Email: mail}\n"
    )
    mapping = compiled(tmp_path, text)
    ext, mail = MatchStep("Lead", "Ext__c"), MatchStep("Lead", "Email")
    contact = MatchStep("Contact", "Email", attach=True)

    assert mapping.match_steps == (ext, mail, contact)
    assert mapping.match_values(record(ext=5, mail=" A@b.c ")) == (
        MatchValue(ext, "5"),
        MatchValue(mail, "a@b.c"),
        MatchValue(contact, "A@b.c"),
    )
    assert mapping.match_values(record(mail="")) == ()


def test_the_natural_key_is_the_first_unique_field_of_the_stream_itself(
    tmp_path: Path,
) -> None:
    text = (
        "match:\n  - {object: Contact, Ext__c: a, then: attach}\n  - Email: mail\n"
        "  - Ext__c: ext\nfields: {Email: mail}\n"
    )
    mapping = compiled(tmp_path, text)

    assert mapping.natural_key(record(a="0", ext="5", mail="m"), {"Ext__c"}) == (
        "Ext__c",
        "5",
    )
    assert mapping.natural_key(record(mail="m"), {"Ext__c"}) is None


def test_a_match_value_that_cannot_be_made_is_a_fault(tmp_path: Path) -> None:
    mapping = compiled(tmp_path, "match: [{No__c: number(no)}]\n" + FIELDS)

    made = mapping.match_values(record(no="x"))

    assert isinstance(made, Faulty)
    assert made.field == "match.No__c"


def test_a_reverse_link_asks_by_the_records_own_id(tmp_path: Path) -> None:
    back = "version: 1\nsource: salesforce/Lead\ndestination: hubspot/contacts\n"
    back += "write: update_only\nmatch: [{link: lead, reverse: true}]\nfields: {a: b}\n"
    loaded = load(project(tmp_path, back=back, lead=HEAD + MATCH + FIELDS))
    step = MatchStep("contacts", "", link="lead")

    assert loaded["back"].match_values(record()) == (MatchValue(step, "1"),)
    assert list(loaded["back"].reverse_needs(record())) == [("lead", "1")]
    assert loaded["back"].after == ("lead",)


@pytest.mark.parametrize(
    ("text", "write", "on_change"),
    [
        (MATCH + FIELDS, WriteMode.UPSERT, OnChange.UPDATE),
        (FIELDS + "write: once\nkey: Id\n", WriteMode.ONCE, OnChange.HOLD),
        (
            FIELDS + "write: once\nkey: Id\non_change: update\n",
            WriteMode.ONCE,
            OnChange.UPDATE,
        ),
        (FIELDS + "write: create_only\n", WriteMode.CREATE_ONLY, OnChange.UPDATE),
    ],
)
def test_a_change_after_sending_is_held_for_what_is_written_once(
    text: str, write: WriteMode, on_change: OnChange, tmp_path: Path
) -> None:
    mapping = compiled(tmp_path, text)

    assert (mapping.write, mapping.on_change) == (write, on_change)


LOOKUP = "fields:\n  A: {lookup: area, by: {k: k}, take: v}\n"


def revision(folder: Path, text: str, **files: str) -> str:
    return compiled(folder, text, **files).revision


def test_the_revision_follows_all_that_can_change_a_payload(tmp_path: Path) -> None:
    before = revision(tmp_path / "a", LOOKUP, **{"lookups__area.csv": "k,v\n1,2\n"})
    other = revision(tmp_path / "b", LOOKUP, **{"lookups__area.csv": "k,v\n1,3\n"})
    same = revision(
        tmp_path / "c",
        LOOKUP + "description: 説明\nguards: {creates: 5}\n",
        **{"lookups__area.csv": "k,v\n1,2\n"},
    )

    assert before == same
    assert before != other
    assert revision(tmp_path / "d", FIELDS) != revision(
        tmp_path / "e", FIELDS + "qualify: {x: email}\n"
    )


def test_a_compiled_mapping_cannot_be_changed(tmp_path: Path) -> None:
    mapping = compiled(tmp_path, FIELDS)

    with pytest.raises(FrozenInstanceError):
        mapping.id = "other"  # type: ignore[misc]


def test_threads_do_not_disturb_each_other(tmp_path: Path) -> None:
    mapping = compiled(tmp_path, "fields:\n  A: = number(a)\n  B: = result.A + 1\n")

    def run(number: int) -> bool:
        made = mapping.evaluate(record(a=str(number) if number % 3 else "x"))
        if isinstance(made, Payload):
            return made.fields == {"A": number, "B": number + 1}
        return isinstance(made, Faulty) and made.field == "A" and number % 3 == 0

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(run, range(2000)))


def test_equal_payloads_have_equal_fingerprints() -> None:
    one = {"a": Decimal("1.0"), "b": [{"c": Decimal("2.50"), "d": None}]}
    other = {"b": [{"d": None, "c": Decimal("2.5")}], "a": 1}

    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": "1"}),
        ({"a": Decimal("1.5")}, {"a": "1.5"}),
        ({"a": None}, {}),
        ({"a": 1}, {"a": True}),
        ({"a": [1, 2]}, {"a": [2, 1]}),
        ({"a": 2**70}, {"a": 2**70 + 1}),
    ],
)
def test_different_payloads_have_different_fingerprints(
    one: dict[str, object], other: dict[str, object]
) -> None:
    assert fingerprint(one) != fingerprint(other)


@given(
    st.dictionaries(
        st.text(max_size=5),
        st.one_of(
            st.none(),
            st.text(max_size=5),
            st.integers(),
            st.decimals(allow_nan=False, allow_infinity=False),
        ),
    )
)
def test_a_fingerprint_is_the_same_in_any_order(fields: dict[str, object]) -> None:
    assert fingerprint(fields) == fingerprint(dict(reversed(fields.items())))


WIDE = """
qualify:
  no_email: email != null
  opted_out: hs_email_optout != true
  low: lifecyclestage in ["marketingqualifiedlead"] or number(score) >= 60
fields:
  Id__c: hs_object_id
  Email: = lower(email)
  LastName: {from: lastname, default: （姓未入力）, max: 80}
  FirstName: {from: firstname, max: 40}
  Company: = first(company, email)
  Phone: phone
  Rating: = "Hot" if number(score) >= 80 else "Warm"
  LeadSource: {from: source, values: {A: 広告, B: 展示会}, default: Other}
  Status: {const: Open, write: on_create}
  City: city
  State: state
  Zip: zip
  Title: {from: title, as: trim}
  Name: = concat(lastname, " ", firstname)
  Website: website
  Industry: industry
  Employees: = number(employees)
  Revenue: = number(revenue)
  Country: {const: JP}
  Owner: {from: owner, default: x}
"""


def test_twenty_fields_are_mapped_and_the_time_is_printed(tmp_path: Path) -> None:
    mapping: CompiledMapping = compiled(tmp_path, WIDE)
    person = record(
        hs_object_id="1", email="Taro@Sample.co.jp", lastname="山田", firstname="太郎",
        company="サンプル", phone="03-1234-5678", score="82", source="B", city="港区",
        title=" 部長 ", employees="100", revenue="1000000", hs_email_optout="false",
    )  # fmt: skip
    rounds = 5_000

    start = process_time()
    for _ in range(rounds):
        made = mapping.evaluate(person)
    each = (process_time() - start) / rounds * 1e6

    print(f"20 fields: {each:.1f} µs a record")
    assert isinstance(made, Payload)
    assert len(made.fields) == 20
    assert made.fields["Rating"] == "Hot"


def test_match_values_may_read_the_source_by_its_prefix(tmp_path: Path) -> None:
    text = "match: [{No__c: source.no}, {Email: lower(mail)}]\nfields: {No__c: mail}\n"
    mapping = compiled(tmp_path, text)

    made = mapping.match_values(record(no=7, mail="A@b.c"))

    assert isinstance(made, tuple)
    assert [value.value for value in made] == ["7", "a@b.c"]
