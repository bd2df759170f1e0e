"""Writing Salesforce: one outcome a row, no record twice, lost ones found again."""

from datetime import date
from decimal import Decimal

import pytest

from tasuki.model.errors import LeaseLostError, ThrottledError, TransientError
from tasuki.model.write import (
    Confirmed,
    Deferred,
    Gone,
    Operation,
    Rejected,
    Write,
    WriteClass,
)
from tests.contract.salesforce.org import KEY, an_org, update, upsert


def test_an_upsert_creates_once_and_then_updates():
    with an_org() as org:
        first = org.write("Lead", upsert("a", "1", Rating="Warm"))["a"]
        second = org.write("Lead", upsert("a", "1", Rating="Hot"))["a"]
        assert isinstance(first, Confirmed)
        assert first.created is True
        assert second == Confirmed("a", first.id, created=False)
        assert org.row("Lead", first.id)["Rating"] == "Hot"
        assert org.alive("Lead") == 1


def test_a_thousand_rows_cost_five_calls():
    with an_org() as org:
        found = org.write("Lead", *(upsert(f"r{n}", str(n)) for n in range(1_000)))
        assert all(isinstance(one, Confirmed) for one in found.values())
        assert org.calls() == 5


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"LastName": None}, "REQUIRED_FIELD_MISSING"),
        ({"Rating": "Lukewarm"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"LastName": "山" * 81}, "STRING_TOO_LONG"),
        ({"Email": "no-address"}, "INVALID_EMAIL_ADDRESS"),
        (
            {"OwnerId": "0055hA000009999AAA"},
            "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        ),
        ({"OwnerId": "somebody"}, "MALFORMED_ID"),
        ({"IsConverted": True}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
    ],
)
def test_a_refused_row_says_why_and_what_to_do_and_spares_the_others(
    fields: dict[str, object], code: str
):
    with an_org() as org:
        found = org.write(
            "Lead", upsert("a", "1"), upsert("b", "2", **fields), upsert("c", "3")
        )
        refused = found["b"]
        assert isinstance(refused, Rejected)
        assert refused.code == code
        assert refused.remedy.endswith(".")
        assert isinstance(found["a"], Confirmed)
        assert isinstance(found["c"], Confirmed)


def test_a_refusal_repeats_no_value_of_the_record():
    with an_org() as org:
        bad = org.write("Lead", upsert("a", "1", Email="taro.yamada at sample"))["a"]
        assert isinstance(bad, Rejected)
        assert "yamada" not in bad.words
        assert "invalid email address" in bad.words


def test_a_value_another_record_holds_is_refused():
    with an_org() as org:
        own = org.add("Account", Name="甲", freee_Partner_Id__c="7")
        other = org.add("Account", Name="乙")
        found = org.write("Account", update("a", other, freee_Partner_Id__c="7"))["a"]
        assert isinstance(found, Rejected)
        assert found.code == "DUPLICATE_VALUE"
        assert own in found.words


def test_a_record_asked_for_twice_is_sent_in_two_calls_and_the_later_wins():
    with an_org() as org:
        found = org.write(
            "Lead",
            upsert("a", "k1", Title="旧"),
            upsert("b", "K1", Title="新"),
            upsert("c", "k2"),
        )
        first, second = found["a"], found["b"]
        assert isinstance(first, Confirmed)
        assert isinstance(second, Confirmed)
        assert first.id == second.id
        assert (first.created, second.created) == (True, False)
        assert org.row("Lead", first.id)["Title"] == "新"
        assert org.calls() == 2


def test_a_create_without_a_key_is_refused_and_not_sent():
    with an_org() as org:
        blind = Write("a", Operation.CREATE, {"LastName": "山田", "Company": "x"})
        found = org.write("Lead", blind)["a"]
        assert isinstance(found, Rejected)
        assert found.code == "NO_KEY"
        assert org.calls() == 0
        assert org.system.destination.facts("Lead").create_class is WriteClass.UPSERT


def test_a_field_the_org_does_not_have_blames_only_rows_that_use_it():
    with an_org() as org:
        rows = [upsert(f"r{n}", str(n)) for n in range(20)]
        rows[7] = upsert("bad", "7", Nonsense__c="x")
        found = org.write("Lead", *rows)
        bad = found.pop("bad")
        assert isinstance(bad, Rejected)
        assert bad.code == "INVALID_FIELD"
        assert all(isinstance(one, Confirmed) for one in found.values())
        assert org.calls() == 3


def test_a_value_the_org_cannot_read_blames_only_its_row():
    with an_org() as org:
        rows = [upsert(f"r{n}", str(n)) for n in range(40)]
        rows[11] = upsert("bad", "11", AnnualRevenue="a lot")
        found = org.write("Lead", *rows)
        bad = found.pop("bad")
        assert isinstance(bad, Rejected)
        assert bad.code == "JSON_PARSER_ERROR"
        assert "a lot" not in bad.words
        assert all(isinstance(one, Confirmed) for one in found.values())


def test_an_external_id_field_that_is_none_refuses_every_row():
    with an_org() as org:
        found = org.write(
            "Lead", upsert("a", "x", field="Title"), upsert("b", "y", field="Title")
        )
        assert {type(one) for one in found.values()} == {Rejected}
        assert org.calls() == 1


def test_updating_a_converted_lead_leads_to_its_contact():
    with an_org() as org:
        own, other = org.leads(2)
        contact = org.act("convert_lead", lead=own)["contact"]
        found = org.write(
            "Lead", update("a", own, Title="部長"), update("b", other, Title="部長")
        )
        assert isinstance(found["b"], Confirmed)
        gone = found["a"]
        assert isinstance(gone, Gone)
        assert gone.moved_to == ("Contact", contact)


def test_upserting_converted_leads_finds_all_contacts_in_one_call():
    with an_org() as org:
        contacts = [
            org.act("convert_lead", lead=one)["contact"] for one in org.leads(30)
        ]
        found = org.write("Lead", *(upsert(f"r{n}", str(n)) for n in range(1, 31)))
        moved = [one.moved_to for one in found.values() if isinstance(one, Gone)]
        assert moved == [("Contact", one) for one in contacts]
        assert org.calls() == 2


@pytest.mark.parametrize(("status", "kind"), [(503, Deferred), (400, Rejected)])
def test_rows_stay_reported_when_a_moved_record_cannot_be_looked_up(
    status: int, kind: type
):
    with an_org() as org:
        own = org.leads(2)
        org.act("convert_lead", lead=own[0])
        org.fault("error_before", path="/query", status=status, times=0)
        found = org.write("Lead", *(update(one, one, Title="部長") for one in own))
        assert isinstance(found[own[0]], kind)
        assert isinstance(found[own[1]], Confirmed)


def test_updating_a_merged_record_leads_to_the_last_survivor():
    with an_org() as org:
        first, second, third = org.leads(3)
        org.act("merge", object="Lead", winner=second, loser=first)
        org.act("merge", object="Lead", winner=third, loser=second)
        gone = org.write("Lead", update("a", first, Title="部長"))["a"]
        assert isinstance(gone, Gone)
        assert gone.moved_to == ("Lead", third)


def test_updating_a_deleted_or_unknown_record_says_that_it_is_gone():
    with an_org() as org:
        [own] = org.leads(1)
        org.act("delete", object="Lead", id=own)
        found = org.write(
            "Lead",
            update("a", own, Title="x"),
            update("b", "00Q5hA000009999EBA", Title="x"),
        )
        for one in found.values():
            assert isinstance(one, Gone)
            assert one.moved_to is None


def test_pointing_at_a_deleted_parent_is_a_refusal_not_a_loss():
    with an_org() as org:
        account = org.add("Account", Name="甲")
        contact = org.add("Contact", LastName="山田")
        org.act("delete", object="Account", id=account)
        found = org.write("Contact", update("a", contact, AccountId=account))["a"]
        assert isinstance(found, Rejected)
        assert found.code == "ENTITY_IS_DELETED"


def test_a_parent_may_be_named_by_its_external_id():
    with an_org() as org:
        account = org.add("Account", Name="甲", freee_Partner_Id__c="7")
        fields = {"LastName": "山田", "Account": {"freee_Partner_Id__c": "7"}}
        row = Write("a", Operation.CREATE, fields, key=(KEY, "1"))
        found = org.write("Contact", row)["a"]
        assert isinstance(found, Confirmed)
        assert org.row("Contact", found.id)["AccountId"] == account


def test_amounts_and_days_arrive_as_they_are():
    with an_org() as org:
        own = org.add(
            "Opportunity", Name="x", StageName="Prospecting", CloseDate="2026-04-30"
        )
        fields = {
            "Amount": Decimal("1100000.50"),
            "Paid_On__c": date(2026, 5, 31),
            "Invoice_Number__c": None,
        }
        assert isinstance(
            org.write("Opportunity", update("a", own, **fields))["a"], Confirmed
        )
        row = org.row("Opportunity", own)
        assert (row["Amount"], row["Paid_On__c"]) == (1_100_000.5, "2026-05-31")


def test_row_locks_are_tried_again_later():
    with an_org() as org:
        org.fault("partial", method="PATCH")
        found = org.write("Lead", *(upsert(f"r{n}", str(n)) for n in range(6)))
        kinds = [type(found[f"r{n}"]) for n in range(6)]
        assert kinds == [Confirmed, Confirmed, Deferred, Confirmed, Confirmed, Deferred]
        assert org.alive("Lead") == 4


def test_a_lost_answer_is_asked_for_again_and_makes_no_second_lead():
    with an_org() as org:
        org.fault("reset_after", method="PATCH")
        found = org.write("Lead", upsert("a", "1"))["a"]
        assert isinstance(found, Confirmed)
        assert org.alive("Lead") == 1


def test_rows_done_before_an_error_are_reported_and_the_rest_waits():
    with an_org() as org:
        org.fault("error_before", method="PATCH", status=503, skip=1, times=0)
        found = org.write("Lead", *(upsert(f"r{n}", str(n)) for n in range(300)))
        assert [type(found[f"r{n}"]) for n in (0, 199, 200, 299)] == [
            Confirmed,
            Confirmed,
            Deferred,
            Deferred,
        ]


def test_nothing_done_at_all_is_an_error_of_the_whole_batch():
    with an_org() as org:
        org.fault("error_before", method="PATCH", status=503, times=0)
        with pytest.raises(TransientError):
            org.write("Lead", upsert("a", "1"))


def test_too_fast_is_told_by_403_and_waits_as_long_as_asked():
    with an_org() as org:
        org.fault("limit_403", method="PATCH", retry_after=7, times=1)
        assert isinstance(org.write("Lead", upsert("a", "1"))["a"], Confirmed)
        assert org.wire.budget.pauses == [7.0]  # type: ignore[attr-defined]
        assert max(org.clock.waits) >= 7


def test_a_day_without_calls_left_is_throttling_not_a_refusal():
    with an_org(daily_limit=1) as org:
        org.write("Lead", upsert("a", "1"))
        with pytest.raises(ThrottledError):
            org.write("Lead", upsert("b", "2"))


def test_the_fence_stands_before_every_call_and_stops_the_next():
    with an_org() as org:

        def fence() -> None:
            if org.alive("Lead"):
                where = "sync"
                raise LeaseLostError(where, "another run")

        rows = [upsert(f"r{n}", str(n)) for n in range(300)]
        with pytest.raises(LeaseLostError):
            org.system.destination.write("Lead", rows, fence)
        assert org.alive("Lead") == 200


def test_find_compares_without_case_and_leaves_out_the_bin():
    with an_org() as org:
        own = org.lead(1, Email="taro@sample.co.jp")
        other = org.lead(2, Email="TARO@sample.co.jp")
        gone = org.lead(3, Email="taro@sample.co.jp")
        org.act("delete", object="Lead", id=gone)
        found = org.system.destination.find(
            "Lead", "Email", ["Taro@Sample.co.jp", "x@y.jp"]
        )
        assert set(found) == {"Taro@Sample.co.jp"}
        assert [one.id for one in found["Taro@Sample.co.jp"]] == [own, other]


def test_find_shows_converted_leads_for_what_they_are():
    with an_org() as org:
        [own] = org.leads(1)
        contact = org.act("convert_lead", lead=own)["contact"]
        [found] = org.system.destination.find("Lead", KEY, ["1"])["1"]
        assert found.fields["IsConverted"] is True
        assert found.fields["ConvertedContactId"] == contact


HOSTILE = [
    "') OR (Id != null) OR Company IN ('",
    "\\",
    "\\'",
    "a'b",
    'a"b',
    "a\nb",
    "a\\' OR Id != null --",
    "%",
    "_",
    "\u2028",
    "日本'語",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_no_value_can_leave_its_quotes(value: str):
    with an_org() as org:
        org.lead(1)
        assert org.system.destination.find("Lead", "Company", [value]) == {}
        own = org.lead(2, Company=value)
        stored = str(org.row("Lead", own)["Company"])
        found = org.system.destination.find("Lead", "Company", [stored])
        assert [one.id for one in found[stored]] == [own]


def test_find_asks_for_hundreds_of_values_in_few_calls():
    with an_org() as org:
        org.leads(900)
        values = [f"p{n}@sample.co.jp" for n in range(1, 901)]
        assert len(org.system.destination.find("Lead", "Email", values)) == 900
        assert org.calls() == 5


def test_long_japanese_values_stay_within_a_url():
    with an_org() as org:
        names = [f"{n}{'株式会社' * 15}" for n in range(120)]
        for n, name in enumerate(names):
            org.lead(n, Company=name)
        assert len(org.system.destination.find("Lead", "Company", names)) == 120


def test_find_learns_that_a_field_is_a_number():
    with an_org() as org:
        own = org.lead(1, NumberOfEmployees=300)
        find = org.system.destination.find
        for _ in range(2):
            found = find("Lead", "NumberOfEmployees", ["300", "many"])
            assert [one.id for one in found["300"]] == [own]
        assert org.calls() == 3


def test_fetch_gives_present_values_and_leaves_out_what_is_gone():
    with an_org() as org:
        first, second = org.leads(2)
        org.act("delete", object="Lead", id=first)
        found = org.system.destination.fetch(
            "Lead", [first, second], ["Email", "Rating"]
        )
        assert found == {
            second: {"Id": second, "Email": "p2@sample.co.jp", "Rating": None}
        }


def test_two_thousand_records_are_fetched_in_one_call():
    with an_org() as org:
        assert (
            len(org.system.destination.fetch("Lead", org.leads(2_000), ["Email"]))
            == 2_000
        )
        assert org.calls() == 1


def test_counting_costs_one_call_and_keys_a_call_per_two_thousand():
    with an_org() as org:
        expected = org.leads(2_500)
        assert org.system.destination.count("Lead") == 2_500
        found = list(org.system.destination.keys("Lead", [KEY]))
        assert [one.id for one in found] == expected
        assert found[0].fields[KEY] == "1"
        assert org.calls() == 3


def test_no_write_of_class_b_is_ever_sighted():
    with an_org() as org:
        [sighting] = org.system.destination.probe("Lead", [upsert("a", "1")])
        assert (sighting.ref, sighting.found) == ("a", ())
        assert org.calls() == 0
