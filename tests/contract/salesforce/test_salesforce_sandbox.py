"""The stand-in keeps the vendor's rules, and forgets nothing."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
import orjson
import pytest

from connectors.salesforce.sandbox import SalesforceSandbox
from connectors.salesforce.sandbox.checks import RequestError
from tasuki.sandbox.server import SandboxServer
from tasuki.sandbox.world import Company, Deal, Line, World
from tests.contract.salesforce.org import KEY, Still, a_still_org, an_org, ids, leads


def ask(org: Still, soql: str) -> list[dict[str, Any]]:
    return org.sandbox.queries.ask(soql, deleted=False)["records"]  # type: ignore[return-value]


def filled(org: Still) -> None:
    org.lead(1, LastName="Abe", Company="甲", NumberOfEmployees=10, Rating="Hot")
    org.lead(
        2, LastName="Ito", Company="乙", NumberOfEmployees=20, HasOptedOutOfEmail=True
    )
    org.lead(3, LastName="Ueda", Company="甲%", NumberOfEmployees=30, Rating="Cold")


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("NumberOfEmployees > 10", "23"),
        ("NumberOfEmployees >= 10 AND NumberOfEmployees < 30", "12"),
        ("NumberOfEmployees IN (10, 30)", "13"),
        ("NumberOfEmployees NOT IN (10, 30)", "2"),
        ("LastName = 'abe'", "1"),
        ("LastName != 'abe'", "23"),
        ("LastName LIKE '%e%'", "13"),
        ("LastName LIKE '_to'", "2"),
        ("Rating = null", "2"),
        ("Rating != null", "13"),
        ("HasOptedOutOfEmail = true", "2"),
        ("HasOptedOutOfEmail = FALSE", "13"),
        ("NOT (LastName = 'abe' OR LastName = 'ito')", "3"),
        ("(LastName = 'abe' OR LastName = 'ito') AND Company = '乙'", "2"),
        (f"{KEY} IN ('1', '3', '9')", "13"),
        ("CreatedDate = TODAY", ""),
        ("CreatedDate >= LAST_N_DAYS:2", "123"),
        ("SystemModstamp >= 2020-01-01T00:00:00Z", "123"),
        ("SystemModstamp < 2020-01-01T00:00:00.000+09:00", ""),
        ("Owner.Name = '連携'", "123"),
    ],
)
def test_conditions_are_understood(where: str, found: str):
    with a_still_org() as org:
        filled(org)
        rows = ask(org, f"SELECT {KEY} FROM Lead WHERE {where} ORDER BY {KEY}")
        assert "".join(row[KEY] for row in rows) == found


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("LastName", "123"),
        ("LastName DESC", "321"),
        ("Rating, LastName", "231"),
        ("Rating NULLS LAST", "312"),
        ("Rating DESC", "132"),
        ("NumberOfEmployees DESC LIMIT 2", "32"),
    ],
)
def test_orders_are_kept(order: str, found: str):
    with a_still_org() as org:
        filled(org)
        rows = ask(org, f"SELECT {KEY} FROM Lead ORDER BY {order}")
        assert "".join(row[KEY] for row in rows) == found


@pytest.mark.parametrize(
    ("soql", "code", "words"),
    [
        ("SELECT Id FORM Lead", "MALFORMED_QUERY", "unexpected token: 'FORM'"),
        ("SELECT Id FROM Lead WHERE", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        (
            "SELECT Id FROM Lead WHERE Id = '",
            "MALFORMED_QUERY",
            "no viable alternative",
        ),
        ("SELECT Id, Id FROM Lead", "MALFORMED_QUERY", "duplicate field selected: Id"),
        (
            "SELECT Id FROM Lead WHERE LastName = 'a' OR LastName = 'b' AND Id != null",
            "MALFORMED_QUERY",
            "unexpected token: 'AND'",
        ),
        (
            "SELECT Nope FROM Lead",
            "INVALID_FIELD",
            "No such column 'Nope' on entity 'Lead'",
        ),
        (
            "SELECT Nope.Name FROM Lead",
            "INVALID_FIELD",
            "Didn't understand relationship",
        ),
        ("SELECT Id FROM Leed", "INVALID_TYPE", "sObject type 'Leed' is not supported"),
        (
            "SELECT Id, (SELECT Id FROM Nopes) FROM Lead",
            "INVALID_TYPE",
            "Didn't understand",
        ),
        (
            "SELECT Id FROM Lead WHERE NumberOfEmployees = '1'",
            "INVALID_FIELD",
            "should not be",
        ),
        (
            "SELECT Id FROM Lead WHERE LastName = 1",
            "INVALID_FIELD",
            "should be enclosed",
        ),
        (
            "SELECT Id FROM Lead WHERE SystemModstamp > 2026-01-01",
            "INVALID_FIELD",
            "dateTime",
        ),
    ],
)
def test_a_query_with_a_mistake_is_refused_in_the_vendors_words(
    soql: str, code: str, words: str
):
    with a_still_org() as org:
        with pytest.raises(RequestError) as caught:
            ask(org, soql)
        assert caught.value.code == code
        assert words in caught.value.words


def test_only_some_locators_stay_open():
    with a_still_org(page_size=1, open_locators=2) as org:
        filled(org)
        answers = [
            org.sandbox.queries.ask("SELECT Id FROM Lead", deleted=False)
            for _ in range(3)
        ]
        urls = [str(one["nextRecordsUrl"]).rsplit("/", 1)[1] for one in answers]
        with pytest.raises(RequestError) as caught:
            org.sandbox.queries.more(urls[0])
        assert caught.value.code == "INVALID_QUERY_LOCATOR"
        assert not org.sandbox.queries.more(urls[2])["done"]


def world() -> World:
    def deal(**more: Any) -> Deal:
        line = Line("保守", "MNT", Decimal(2), Decimal("1500.5"), Decimal(10))
        food = Line("水", "WTR", Decimal(10), Decimal(100), Decimal(8), reduced=True)
        return Deal("保守契約", "Proposal", date(2026, 4, 30), [line, food], **more)

    return World(
        today=datetime(2030, 1, 1, tzinfo=UTC),
        companies=[
            Company(
                "株式会社既存",
                "1234567890123",
                email="ap@kizon.co.jp",
                deals=[deal(won=True, hold=True)],
            ),
            Company("株式会社新規", person_id=11, deals=[deal(won=True)]),
        ],
    )


def test_a_seeded_org_has_accounts_but_waits_for_leads():
    with a_still_org() as org:
        org.sandbox.seed(world())
        [account] = ask(
            org, "SELECT Name, Corporate_Number__c, Payment_Terms__c FROM Account"
        )
        assert account["Name"] == "株式会社既存"
        assert account["Payment_Terms__c"] == "月末締め翌月末払い"
        [won] = ask(
            org,
            "SELECT IsWon, Amount, Invoice_Hold__c, (SELECT Tax_Rate__c, Reduced_Tax__c, TotalPrice FROM OpportunityLineItems) FROM Opportunity",
        )
        assert (won["IsWon"], won["Amount"], won["Invoice_Hold__c"]) == (
            True,
            4_001.0,
            True,
        )
        lines = [
            (x["Tax_Rate__c"], x["Reduced_Tax__c"], x["TotalPrice"])
            for x in won["OpportunityLineItems"]["records"]
        ]
        assert lines == [("10", False, 3_001.0), ("8", True, 1_000.0)]


def test_seeded_rows_are_never_stamped_in_the_future():
    with a_still_org() as org:
        org.sandbox.seed(world())
        [row] = ask(org, "SELECT SystemModstamp FROM Account")
        assert str(row["SystemModstamp"]) <= org.sandbox.store.stamp()


def test_converting_a_lead_brings_its_company_contact_and_deal():
    with a_still_org() as org:
        org.sandbox.seed(world())
        lead = org.lead(11, Email="a@shinki.co.jp")
        made = org.act("convert_lead", lead="11")
        row = org.row("Lead", lead)
        assert row["IsConverted"] is True
        assert row["ConvertedContactId"] == made["contact"]
        assert org.row("Account", made["account"])["Name"] == "株式会社新規"
        assert org.row("Contact", made["contact"])[KEY] == "11"
        deal = org.row("Opportunity", made["opportunity"])
        assert (deal["IsWon"], deal["Amount"]) == (False, 4_001.0)
        org.act("close_won", opportunity=made["opportunity"], close_date="2026-04-20")
        deal = org.row("Opportunity", made["opportunity"])
        assert (deal["IsWon"], deal["CloseDate"]) == (True, "2026-04-20")
        with pytest.raises(RequestError):
            org.act("convert_lead", lead=lead)


def test_acts_and_counters_work_over_http():
    with SandboxServer(SalesforceSandbox()) as server:
        fields = {"LastName": "山田", "Company": "甲", KEY: "5"}
        made = httpx.post(
            f"{server.url}/__act/create", json={"object": "Lead", "fields": fields}
        )
        assert made.json()["id"].startswith("00Q")
        edit = {"object": "Lead", "id": "5", "fields": {"Title": "部長"}}
        assert httpx.post(f"{server.url}/__act/edit", json=edit).status_code == 200
        assert httpx.post(f"{server.url}/__act/nonsense", json={}).status_code == 404
        bad = {"object": "Lead", "fields": {"Rating": "Lukewarm"}}
        assert httpx.post(f"{server.url}/__act/create", json=bad).json()[0]["errorCode"]
        denied = httpx.get(f"{server.url}/services/data/v67.0/limits")
        assert denied.status_code == 401
        assert denied.json()[0]["errorCode"] == "INVALID_SESSION_ID"


def test_merging_moves_the_children():
    with a_still_org() as org:
        winner = org.add("Account", Name="甲")
        loser = org.add("Account", Name="甲（重複）")
        contact = org.add("Contact", LastName="山田", AccountId=loser)
        org.act("merge", object="Account", winner=winner, loser=loser)
        assert org.row("Contact", contact)["AccountId"] == winner
        assert org.row("Account", loser)["MasterRecordId"] == winner


def test_a_deleted_rows_external_id_is_free_again():
    with a_still_org() as org:
        first = org.lead(1)
        org.act("delete", object="Lead", id=first)
        assert org.lead(1) != first


def test_the_whole_state_goes_through_json_and_back():
    with an_org() as org:
        org.sandbox.seed(world())
        [first, second] = org.leads(2)
        org.act("convert_lead", lead=first)
        org.act("delete", object="Lead", id=second)
        org.system.destination.count("Lead")
        state = orjson.loads(orjson.dumps(org.sandbox.dump()))
        fresh = SalesforceSandbox(now=org.clock.now)
        fresh.load(state)
        assert orjson.loads(orjson.dumps(fresh.dump())) == state
        assert fresh.queries.ask("SELECT Id FROM Lead", deleted=False)["totalSize"] == 1
        kept = fresh.acts.act(
            "create",
            {"object": "Lead", "fields": {"LastName": "a", "Company": "b", KEY: "2"}},
        )
        assert kept["id"] not in {first, second}


def test_more_rows_than_the_vendor_takes_are_refused():
    with an_org() as org:
        org.system.destination.count("Lead")
        token = org.wire.tokens.load()
        assert token is not None
        record = {"attributes": {"type": "Lead"}, "LastName": "a", "Company": "b"}
        answer = httpx.patch(
            f"{org.server.url}/services/data/v67.0/composite/sobjects/Lead/{KEY}",
            json={
                "allOrNone": False,
                "records": [{**record, KEY: str(n)} for n in range(201)],
            },
            headers={"authorization": f"Bearer {token.access}"},
        )
        assert answer.status_code == 400
        assert answer.headers["sforce-limit-info"] == "api-usage=2/100000"
        assert org.alive("Lead") == 0


def test_a_record_sent_twice_in_one_call_is_refused_by_the_vendor():
    with a_still_org() as org:
        upsert = org.sandbox._upsert
        from tasuki.sandbox.server import Request

        record = {
            "attributes": {"type": "Lead"},
            "LastName": "a",
            "Company": "b",
            KEY: "1",
        }
        body = orjson.dumps({"records": [record, {**record, KEY: "1"}]})
        request = Request("PATCH", "", {}, {}, body, {"object": "Lead", "field": KEY})
        first, second = upsert(request).body  # type: ignore[misc]
        assert first["success"]
        assert second["errors"][0]["statusCode"] == "DUPLICATE_VALUE"


def test_a_session_ends_when_its_time_is_over():
    with an_org(token_seconds=60) as org:
        org.leads(1)
        assert len(ids(org.pages(leads()))) == 1
        org.clock.ahead += 61
        assert len(ids(org.pages(leads()))) == 1
        assert org.calls("token") == 2
