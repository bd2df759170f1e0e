"""What is looked for is found, by each condition and by all of them together."""

import csv
import io
from decimal import Decimal

import pytest

from tasuki.archive.entry import Entry
from tasuki.archive.listing import csv_text, file_name, file_names
from tasuki.archive.query import Query, matches

ENTRY = Entry(
    2, "create", "invoice", "INV-2025-0002",
    transaction_date="2025-06-30", amount="660000", counterparty="有限会社田中工務店",
    counterparty_key="田中工務店", registration_number="T8010001012345",
    direction="issued", mime="application/pdf", content_path="ab/abc",
)  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "is_found"),
    [
        ({"date_from": "2025-06-30", "date_to": "2025-06-30"}, True),
        ({"date_from": "2025-07-01"}, False),
        ({"date_to": "2025-06-29"}, False),
        ({"amount_min": Decimal(660000), "amount_max": Decimal("660000.0")}, True),
        ({"amount_min": Decimal(660001)}, False),
        ({"amount_max": Decimal(66000)}, False),
        ({"counterparty": "(有)田中工務店"}, True),
        ({"counterparty": "田中"}, True),
        ({"counterparty": "鈴木工務店"}, False),
        ({"doc_no": "inv-2025"}, True),
        ({"doc_no": "0003"}, False),
        ({"direction": "received"}, False),
        ({"registration_number": "T8010001012345"}, True),
        ({"registration_number": "T1010001012345"}, False),
        ({"doc_type": "credit_note"}, False),
        ({"date_from": "2025-06-01", "amount_min": Decimal(1), "doc_no": "2"}, True),
        ({"date_from": "2025-06-01", "amount_min": Decimal(10**9)}, False),
    ],
)
def test_all_that_is_asked_for_must_hold(
    asked: dict[str, object], *, is_found: bool
) -> None:
    assert matches(Query(**asked), ENTRY) is is_found  # type: ignore[arg-type]


def test_only_the_latest_version_is_found_unless_history_is_asked_for() -> None:
    assert not matches(Query(), ENTRY, {2})
    assert matches(Query(include_history=True), ENTRY, {2})
    assert not matches(Query(), ENTRY._replace(op="export"))


def test_an_entry_without_date_or_amount_is_in_no_range() -> None:
    bare = ENTRY._replace(transaction_date=None, amount=None)
    assert matches(Query(), bare)
    assert not matches(Query(date_from="2025-01-01"), bare)
    assert not matches(Query(amount_min=Decimal(0)), bare)


def test_a_file_is_named_as_the_tax_office_does() -> None:
    assert file_name(ENTRY) == "20250630_有限会社田中工務店_660000_INV-2025-0002.pdf"


def test_a_name_leads_out_of_no_folder_and_fits_any_disk() -> None:
    named = file_name(ENTRY._replace(counterparty="../" + "長" * 200, doc_no="a/b:c"))
    assert "/" not in named
    assert not named.startswith(".")
    assert len(named.encode()) < 255


def test_two_files_of_one_name_are_told_apart() -> None:
    names = file_names([ENTRY, ENTRY._replace(seq=3)])
    assert len(set(names.values())) == 2


def test_the_list_opens_in_a_spreadsheet_and_works_nothing_out() -> None:
    evil = ENTRY._replace(counterparty="=HYPERLINK(1)", amount="-110000")
    text = csv_text([evil], {2: "a.pdf"})
    assert text.startswith("\N{ZERO WIDTH NO-BREAK SPACE}")
    heads, row = csv.reader(io.StringIO(text[1:]))
    told = dict(zip(heads, row, strict=True))
    assert told["取引先"] == "'=HYPERLINK(1)"
    assert told["取引金額"] == "-110000"
    assert told["授受"] == "発行"
