"""Bulk 2.0: thousands of rows in one job, and still one outcome for each row."""

import csv
import io
from decimal import Decimal

import pytest

from connectors.salesforce.bulk import bulk_error, table
from tasuki.model.errors import TransientError
from tasuki.model.write import Confirmed, Deferred, Gone, Operation, Rejected, Write
from tests.contract.salesforce.org import KEY, an_org, update, upsert

ROWS = 210
SMALL = {"bulk_threshold": ROWS}
INGEST = "jobs/ingest"


def many(count: int = ROWS) -> list[Write]:
    return [upsert(f"r{n}", str(n)) for n in range(count)]


def test_a_job_of_thousands_costs_five_calls():
    with an_org() as org:
        found = org.write("Lead", *many(2_000))
        assert all(isinstance(one, Confirmed) and one.created for one in found.values())
        assert org.alive("Lead") == 2_000
        assert org.calls() == org.calls(INGEST) == 5
        assert org.wire.calls.counts() == {
            ("sf", "auth"): 1,
            ("sf", "write"): 3,
            ("sf", "probe"): 2,
        }


def test_below_the_threshold_and_when_switched_off_no_job_is_made():
    for rows, threshold in ((ROWS - 1, ROWS), (ROWS, 0)):
        with an_org(settings={"bulk_threshold": threshold}) as org:
            org.write("Lead", *many(rows))
            assert org.calls(INGEST) == 0
            assert org.alive("Lead") == rows


def test_rows_with_quotes_line_breaks_and_commas_keep_their_words():
    words = '一行目\n二行目\r\n"引用", カンマ\t終わり'
    with an_org(settings=SMALL) as org:
        rows = many()
        rows[5] = upsert("odd", 'k,"5"', Description=words, Title="a\rb")
        found = org.write("Lead", *rows)["odd"]
        assert isinstance(found, Confirmed)
        row = org.row("Lead", found.id)
        assert (row["Description"], row["Title"], row[KEY]) == (words, "a\rb", 'k,"5"')


def test_refused_rows_are_told_apart_with_code_and_remedy():
    with an_org(settings=SMALL) as org:
        rows = many()
        rows[3] = upsert("list", "3", Rating="Lukewarm")
        rows[4] = upsert("long", "4", LastName="山" * 90)
        rows[6] = upsert("none", "6", LastName=None)
        rows[7] = upsert("type", "7", AnnualRevenue="a: lot")
        rows[8] = upsert("owner", "8", OwnerId="0055hA000009999AAA")
        found = org.write("Lead", *rows)
        codes = {
            ref: getattr(found.pop(ref), "code", "")
            for ref in ("list", "long", "none", "type", "owner")
        }
        assert codes == {
            "list": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "long": "STRING_TOO_LONG",
            "none": "REQUIRED_FIELD_MISSING",
            "type": "INVALID_TYPE_ON_FIELD_IN_RECORD",
            "owner": "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        }
        assert all(isinstance(one, Confirmed) for one in found.values())


def test_absent_fields_are_left_alone_and_none_empties_them():
    with an_org(settings=SMALL) as org:
        first = org.lead(0, Title="部長", Rating="Hot")
        second = org.lead(1, Title="部長", Rating="Hot")
        rows = many()
        rows[0] = upsert("a", "0", Title=None)
        rows[1] = upsert("b", "1", Rating="")
        org.write("Lead", *rows)
        kept = [
            (org.row("Lead", one)["Title"], org.row("Lead", one)["Rating"])
            for one in (first, second)
        ]
        assert kept == [(None, "Hot"), ("部長", None)]


def test_a_parent_is_named_in_a_column_of_its_own():
    with an_org(settings=SMALL) as org:
        account = org.add("Account", Name="甲", freee_Partner_Id__c="7")
        rows = [
            Write(
                f"r{n}",
                Operation.CREATE,
                {"LastName": "山田", "Account": {"freee_Partner_Id__c": "7"}},
                key=(KEY, str(n)),
            )
            for n in range(ROWS)
        ]
        found = org.write("Contact", *rows)["r9"]
        assert isinstance(found, Confirmed)
        assert org.row("Contact", found.id)["AccountId"] == account


def test_updates_by_id_go_in_one_job_and_moved_records_are_traced():
    with an_org(settings=SMALL) as org:
        own = org.leads(ROWS)
        contact = org.act("convert_lead", lead=own[0])["contact"]
        org.act("merge", object="Lead", winner=own[2], loser=own[1])
        found = org.write("Lead", *(update(one, one, Title="部長") for one in own))
        converted, merged = found[own[0]], found[own[1]]
        assert isinstance(converted, Gone)
        assert converted.moved_to == ("Contact", contact)
        assert isinstance(merged, Gone)
        assert merged.moved_to == ("Lead", own[2])
        assert org.row("Lead", own[3])["Title"] == "部長"


def test_a_record_asked_for_twice_goes_into_a_later_call():
    with an_org(settings=SMALL) as org:
        found = org.write("Lead", *many(), upsert("again", "7", Title="新"))
        assert isinstance(found["again"], Confirmed)
        assert found["again"].id == found["r7"].id  # type: ignore[union-attr]
        assert org.row("Lead", found["again"].id)["Title"] == "新"


def test_a_column_the_org_does_not_have_is_a_refusal_not_a_wait():
    with an_org(settings=SMALL) as org:
        found = org.write(
            "Lead", *(upsert(f"r{n}", str(n), Nonsense__c="x") for n in range(ROWS))
        )
        assert {type(one) for one in found.values()} == {Rejected}
        assert org.alive("Lead") == 0


def test_a_key_field_that_is_none_is_a_refusal():
    with an_org(settings=SMALL) as org:
        rows = [upsert(f"r{n}", str(n), field="Nonsense__c") for n in range(ROWS)]
        assert {type(one) for one in org.write("Lead", *rows).values()} == {Rejected}


def test_a_slow_job_is_looked_at_ever_less_often():
    with an_org(settings=SMALL, bulk_seconds=90) as org:
        org.write("Lead", *many())
        waits = org.clock.waits
        assert waits == sorted(waits)
        assert waits[-1] <= 20
        assert len(waits) < 16


def test_a_job_that_never_ends_is_aborted_and_tried_again_later():
    with an_org(settings=SMALL, bulk_seconds=100_000) as org:
        found = org.write("Lead", *many())
        assert {type(one) for one in found.values()} == {Deferred}
        org.clock.ahead += 200_000
        assert org.alive("Lead") == 0


def test_data_whose_answer_was_lost_never_starts():
    with an_org(settings=SMALL) as org:
        org.fault("reset_after", method="PUT")
        with pytest.raises(TransientError):
            org.write("Lead", *many())
        assert org.alive("Lead") == 0
        assert all(
            isinstance(one, Confirmed) for one in org.write("Lead", *many()).values()
        )
        assert org.alive("Lead") == ROWS


@pytest.mark.parametrize(
    "kind", ["reset_after", "reset_before", "error_after", "truncate"]
)
@pytest.mark.parametrize("method", ["POST", "PATCH", "GET"])
def test_lost_answers_about_a_job_change_nothing(kind: str, method: str):
    with an_org(settings=SMALL) as org:
        org.fault(kind, method=method, path=INGEST)
        found = org.write("Lead", *many())
        assert all(isinstance(one, Confirmed) for one in found.values())
        assert org.alive("Lead") == ROWS


def test_a_session_that_ends_in_the_middle_of_a_job_is_renewed():
    with an_org(settings=SMALL) as org:
        org.fault("unauthorised", method="GET", path=INGEST)
        assert all(
            isinstance(one, Confirmed) for one in org.write("Lead", *many()).values()
        )
        assert org.wire.calls.counts()["sf", "auth"] == 2


def test_csv_cells_are_spelled_as_salesforce_reads_them():
    row = upsert(
        "a",
        "1",
        AnnualRevenue=Decimal("1E+7"),
        HasOptedOutOfEmail=False,
        NumberOfEmployees=3,
    )
    body, key = table([row])
    [cells] = csv.DictReader(io.StringIO(body.decode()))
    assert key == KEY
    assert (
        cells["AnnualRevenue"],
        cells["HasOptedOutOfEmail"],
        cells["NumberOfEmployees"],
    ) == (
        "10000000",
        "false",
        "3",
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("A_CODE:some words:Field__c --", ("A_CODE", "some words", ["Field__c"])),
        (
            "A_CODE:words: with colon:F1,F2 --",
            ("A_CODE", "words: with colon", ["F1", "F2"]),
        ),
        ("A_CODE:words:--", ("A_CODE", "words", [])),
        ("A_CODE:words", ("A_CODE", "words", [])),
    ],
)
def test_an_error_cell_is_split(words: str, expected: tuple[str, str, list[str]]):
    assert bulk_error(words) == expected
