"""Reading Salesforce: nothing missed, deletions seen, calls near the minimum."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tasuki.model.errors import (
    ConfigError,
    CursorExpiredError,
    RejectedError,
    TransientError,
)
from tasuki.model.record import Query
from tests.contract.salesforce.org import KEY, Org, an_org, ids, leads, records

SECOND = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)


def opportunity(org: Org, *amounts: float) -> str:
    account = org.add(
        "Account", Name="株式会社サンプル", Payment_Terms__c="月末締め翌月末払い"
    )
    own = org.add(
        "Opportunity",
        Name="春の案件",
        AccountId=account,
        StageName="Prospecting",
        CloseDate="2026-04-30",
    )
    for amount in amounts:
        org.add(
            "OpportunityLineItem",
            OpportunityId=own,
            Quantity=1,
            UnitPrice=amount,
            Description="品目",
            Tax_Rate__c="10",
        )
    return own


BILLING = Query(
    "Opportunity",
    ("Name", "Amount", "AccountId", "Account.Name"),
    include={
        "account": ("AccountId", ("Name", "Payment_Terms__c")),
        "lines": ("OpportunityLineItems", ("UnitPrice", "Description")),
    },
)


def test_a_first_read_brings_every_record_once_in_the_fewest_calls():
    with an_org() as org:
        expected = org.leads(4_001)
        assert ids(org.pages(leads())) == expected
        assert org.calls("GET") == 3


def test_a_record_carries_id_version_time_and_only_what_was_asked_for():
    with an_org() as org:
        own = org.lead(7, Email="taro@sample.co.jp")
        [record] = records(org.pages(leads("Email")))
        assert record.id == own
        assert len(record.id) == 18
        assert record.fields == {"Id": own, "Email": "taro@sample.co.jp"}
        assert record.version == org.row("Lead", own)["SystemModstamp"]
        assert record.modified is not None
        assert record.modified.tzinfo is not None


def test_twenty_five_thousand_records_of_one_second_are_read_once_and_completely():
    with an_org(now=lambda: SECOND) as org:
        expected = org.leads(25_000)
        assert ids(org.pages(leads())) == expected
        assert org.calls("query") == 13


def test_a_query_that_never_ends_stops_with_a_line():
    with an_org(page_size=10) as org:
        org.leads(30)
        answers = []

        def again(url: str, *_: object, **__: object) -> Any:
            answers.append(url)
            return first

        client = org.system.client
        first = client.query(
            f"SELECT Id, {KEY}, SystemModstamp, IsDeleted, MasterRecordId FROM Lead "
            "ORDER BY SystemModstamp, Id",
            "Lead",
            kind="read",
        )
        client.follow = again  # type: ignore[method-assign]
        with pytest.raises(TransientError, match="the same page came again"):
            org.pages(leads())
        assert len(answers) == 1


def test_a_deleted_record_that_comes_back_is_read_again():
    with an_org() as org:
        own = org.lead(1)
        end = org.pages(leads())[-1].cursor
        org.act("delete", object="Lead", id=own)
        gone = org.pages(leads(), end)
        assert [(r.id, r.deleted) for r in records(gone)][-1] == (own, True)
        org.row("Lead", own)["IsDeleted"] = False
        org.act("edit", object="Lead", id=own, fields={"Title": "部長"})
        back = records(org.pages(leads(), gone[-1].cursor))
        assert [(r.id, r.deleted) for r in back][-1] == (own, False)


def test_a_converted_lead_comes_as_a_change_of_itself():
    with an_org() as org:
        own = org.lead(1, Email="p1@sample.co.jp")
        end = org.pages(leads())[-1].cursor
        org.act("convert_lead", lead=own)
        (record,) = [
            r for r in records(org.pages(leads("IsConverted"), end)) if r.id == own
        ]
        assert (record.deleted, record.fields["IsConverted"]) == (False, True)


def test_twelve_thousand_records_of_one_second_resume_from_every_page():
    with an_org(now=lambda: SECOND) as org:
        expected = org.leads(12_000)
        pages = org.pages(leads())
        assert ids(pages) == expected
        for number, page in enumerate(pages[:-1], 1):
            rest = org.pages(leads(), page.cursor)
            assert ids(pages[:number]) + ids(rest) == expected


def test_a_read_taken_up_again_ends_where_the_first_one_would_have_ended():
    with an_org(page_size=100) as org:
        org.leads(300)
        pages = org.pages(leads())
        org.clock.ahead += 86_400
        rest = org.pages(leads(), pages[0].cursor)
        assert rest[-1].cursor == pages[-1].cursor


def test_the_next_read_brings_only_what_changed():
    with an_org() as org:
        org.clock.ahead -= 86_400  # the server's Date header is real time
        org.leads(50)
        end = org.pages(leads())[-1].cursor
        org.clock.ahead += 3_600
        later = org.pages(leads(), end)[-1].cursor
        changed = org.lead(51)
        org.clock.ahead += 10
        assert ids(org.pages(leads(), later)) == [changed]


def test_a_row_committed_behind_the_cursor_is_still_read():
    with an_org() as org:
        org.leads(3)
        end = org.pages(leads())[-1].cursor
        own = org.act(
            "late_commit",
            object="Lead",
            seconds=200,
            fields={"LastName": "遅延", "Company": "株式会社遅延", KEY: "99"},
        )["id"]
        assert own in ids(org.pages(leads(), end))


@pytest.mark.parametrize("hours", [-2, 2])
def test_our_own_clock_being_wrong_loses_nothing(hours: int):
    with an_org() as org:

        class Wrong(type(org.clock)):
            def now(self) -> datetime:
                return super().now() + timedelta(hours=hours)

        org.system.client.clock = Wrong()
        org.leads(3)
        end = org.pages(leads())[-1].cursor
        fresh = org.lead(4)
        assert fresh in ids(org.pages(leads(), end))


def test_deleted_and_merged_records_come_as_such():
    with an_org() as org:
        first, second, third = org.leads(3)
        end = org.pages(leads())[-1].cursor
        org.act("delete", object="Lead", id=first)
        org.act("merge", object="Lead", winner=second, loser=third)
        found = {r.id: r for r in records(org.pages(leads(), end))}
        assert (found[first].deleted, found[first].merged_into) == (True, None)
        assert (found[third].deleted, found[third].merged_into) == (True, second)
        assert not found[second].deleted


def test_a_first_read_leaves_the_recycle_bin_out():
    with an_org() as org:
        first, second = org.leads(2)
        org.act("delete", object="Lead", id=first)
        assert ids(org.pages(leads())) == [second]


def test_a_locator_that_dies_in_the_middle_costs_one_call_and_no_record():
    with an_org(page_size=100) as org:
        expected = org.leads(500)
        found: list[str] = []
        for page in org.system.source.read(leads(), None):
            found += [record.id for record in page.records]
            if len(found) == 200:
                org.sandbox.queries.forget()
        assert found == expected
        assert org.calls("GET") == 6  # five pages, and one that found the locator dead


def test_parents_and_lines_come_with_the_deal_in_one_call():
    with an_org() as org:
        own = opportunity(org, 1_000, 2_500)
        [record] = records(org.pages(BILLING))
        assert record.id == own
        account, lines = record.fields["account"], record.fields["lines"]
        assert isinstance(account, dict)
        assert account["Payment_Terms__c"] == "月末締め翌月末払い"
        assert isinstance(lines, list)
        assert [one["UnitPrice"] for one in lines] == [1_000, 2_500]
        assert "attributes" not in str(record.fields)
        parent = record.fields["Account"]
        assert isinstance(parent, dict)
        assert parent["Name"] == "株式会社サンプル"
        assert org.calls("GET") == 1


def test_long_lists_of_lines_are_read_to_their_end():
    with an_org(page_size=2) as org:
        opportunity(org, 1, 2, 3, 4, 5)
        [record] = records(org.pages(BILLING))
        lines = record.fields["lines"]
        assert isinstance(lines, list)
        assert [one["UnitPrice"] for one in lines] == [1, 2, 3, 4, 5]


def test_deleted_lines_are_no_lines():
    with an_org() as org:
        own = opportunity(org, 1_000, 2_500)
        line = org.sandbox.store.children("OpportunityLineItem", "OpportunityId", own)[
            0
        ]
        end = org.pages(BILLING)[-1].cursor
        org.act("delete", object="OpportunityLineItem", id=line["Id"])
        [record] = records(org.pages(BILLING, end))
        assert record.fields["Amount"] == 2_500
        lines = record.fields["lines"]
        assert isinstance(lines, list)
        assert len(lines) == 1


def test_a_deal_without_account_or_lines_has_none_and_an_empty_list():
    with an_org() as org:
        org.add(
            "Opportunity", Name="x", StageName="Prospecting", CloseDate="2026-04-30"
        )
        [record] = records(org.pages(BILLING))
        assert record.fields["account"] is None
        assert record.fields["lines"] == []


def test_amounts_are_exact_and_never_floats():
    with an_org() as org:
        opportunity(org, 0.1, 11_000_000)
        [record] = records(org.pages(BILLING))
        lines = record.fields["lines"]
        assert isinstance(lines, list)
        prices = [one["UnitPrice"] for one in lines]
        assert prices == [Decimal("0.1"), 11_000_000]
        assert [type(one) for one in prices] == [Decimal, int]
        assert record.fields["Amount"] == Decimal("11000000.1")


def test_where_is_a_condition_of_its_own_also_with_or():
    with an_org() as org:
        org.clock.ahead -= 86_400
        hot = org.lead(1, Rating="Hot")
        warm = org.lead(2, Rating="Warm")
        org.lead(3, Rating="Cold")
        query = leads(where="Rating = 'Hot' OR Rating = 'Warm'")
        first = org.pages(query)
        assert ids(first) == [hot, warm]
        org.clock.ahead += 3_600
        assert (
            ids(org.pages(query, org.pages(query, first[-1].cursor)[-1].cursor)) == []
        )


@pytest.mark.parametrize(
    "query",
    [
        leads("Nonsense__c"),
        leads(where="Rating = "),
        leads(include={"lines": ("Nothings", ("Id",))}),
        Query("Nonsense", ("Id",)),
    ],
)
def test_a_query_the_org_cannot_read_names_the_mapping(query: Query):
    with an_org() as org, pytest.raises(RejectedError) as caught:
        org.pages(query)
    assert "mapping" in caught.value.remedy


@pytest.mark.parametrize(
    "query",
    [
        leads("Id FROM User --"),
        leads(where={"Rating": "Hot"}),
        Query("Lead; DROP", ("Id",)),
        leads(include={"x": ("Account Id", ("Name",))}),
    ],
)
def test_names_that_are_no_names_never_leave_this_machine(query: Query):
    with an_org() as org:
        with pytest.raises(ConfigError):
            org.pages(query)
        assert org.calls() == 0


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"v": 9, "since": null, "at": null, "following": ""}',
        '{"v": 1, "since": "2026-01-01T00:00:00.000Z OR Id != null", "at": null, "following": ""}',
        '{"v": 1, "since": null, "at": ["2026-01-01T00:00:00.000Z", "x\'"], "following": ""}',
    ],
)
def test_a_cursor_that_is_not_ours_asks_for_everything_again(cursor: str):
    with an_org() as org, pytest.raises(CursorExpiredError):
        org.pages(leads(), cursor)


def test_an_object_without_a_recycle_bin_is_read_as_well():
    with an_org() as org:
        query = Query("User", ("LastName",))
        end = org.pages(query)[-1].cursor
        assert [r.fields["LastName"] for r in records(org.pages(query, end))] == [
            "連携"
        ]


def test_an_empty_stream_still_gives_a_cursor_to_start_from():
    with an_org() as org:
        [page] = org.pages(leads())
        assert page.records == []
        own = org.lead(1)
        assert ids(org.pages(leads(), page.cursor)) == [own]


def test_fetch_tells_living_deleted_merged_and_unknown_records_apart():
    with an_org() as org:
        first, second, third = org.leads(3)
        org.act("delete", object="Lead", id=first)
        org.act("merge", object="Lead", winner=second, loser=third)
        ghost = "00Q5hA000009999EBA"
        asked = [first, second[:15], third, ghost]
        found = org.system.source.fetch(leads("Email"), asked)
        assert [r.deleted for r in found] == [True, False, True, True]
        assert found[1].fields["Email"] == "p2@sample.co.jp"
        assert found[2].merged_into == second
        assert org.calls("GET") == 1


def test_fetch_marks_records_for_which_where_does_not_hold():
    with an_org() as org:
        hot, cold = org.leads(2)
        org.act("edit", object="Lead", id=hot, fields={"Rating": "Hot"})
        org.act("edit", object="Lead", id=cold, fields={"Rating": "Cold"})
        ghost = "00Q5hA000009999EBA"
        query = leads("Email", where="Rating = 'Hot' OR Rating = 'Warm'")
        found = org.system.source.fetch(query, [hot, cold, ghost])
        assert [(r.outside, r.deleted) for r in found] == [
            (False, False),
            (True, False),
            (False, True),
        ]
        assert org.calls("GET") == 2


def test_fetch_cuts_a_thousand_ids_to_what_a_url_carries():
    with an_org() as org:
        expected = org.leads(1_000)
        found = org.system.source.fetch(leads(), expected)
        assert [r.id for r in found] == expected
        assert org.calls("GET") == 5


def test_a_look_back_of_zero_repeats_nothing_of_a_minute_ago():
    with an_org(settings={"look_back": 0}) as org:
        org.sandbox.store.save(
            "Lead",
            {"LastName": "山田", "Company": "x"},
            stamp="2026-01-01T00:00:00.000+0000",
        )
        end = org.pages(leads())[-1].cursor
        assert ids(org.pages(leads(), end)) == []
