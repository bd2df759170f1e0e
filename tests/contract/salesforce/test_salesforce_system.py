"""Description, doctor and links of one Salesforce connection."""

import subprocess
import sys

from connectors.salesforce import CONNECTOR
from tasuki.model.record import Schema
from tasuki.ports import Counting, Dated, Destination, Source
from tests.contract.salesforce.org import KEY, LOGIN, an_org


def described(stream: str) -> Schema:
    with an_org() as org:
        return org.system.describe(stream)


def test_a_description_tells_types_lengths_lists_and_duties():
    fields = described("Lead").fields
    assert (fields["LastName"].type, fields["LastName"].length) == ("text", 80)
    assert fields["LastName"].required
    assert not fields["FirstName"].required
    assert fields["Rating"].options == ("Hot", "Warm", "Cold")
    assert fields["AnnualRevenue"].type == "number"
    assert fields["SystemModstamp"].type == "datetime"
    assert fields["HasOptedOutOfEmail"].type == "boolean"
    assert not fields["HasOptedOutOfEmail"].required
    assert fields["OwnerId"].references == "User"


def test_only_an_external_id_is_unique_and_the_org_keeps_its_own_fields():
    fields = described("Lead").fields
    assert fields[KEY].unique
    assert not fields["Email"].unique
    assert fields[KEY].writable
    assert not fields["SystemModstamp"].writable


def test_the_doctor_is_content_with_a_healthy_org():
    with an_org(settings={"external_ids": {"Lead": KEY}}) as org:
        checks = list(org.system.doctor())
        assert [one.ok for one in checks] == [True, True, True]


def test_the_doctor_names_each_flaw_with_a_remedy():
    ids = {"Lead": "Title", "Contact": "Nonsense__c", "Nothing": KEY}
    with an_org(settings={"external_ids": ids}, daily_limit=40) as org:
        for _ in range(36):
            org.system.destination.count("Lead")
        checks = list(org.system.doctor())
        assert [one.ok for one in checks] == [True, False, False, False, False]
        assert all(one.remedy for one in checks if not one.ok)


def test_the_doctor_says_when_the_login_fails():
    with an_org(settings={"auth": LOGIN | {"client_secret": "x"}}) as org:
        [check] = org.system.doctor()
        assert not check.ok
        assert "client" in check.remedy


def test_records_have_pages_in_lightning():
    settings = CONNECTOR.settings(
        connector="salesforce", base_url="https://acme.my.salesforce.com", auth=LOGIN
    )
    with an_org() as org:
        system = CONNECTOR.open(settings, org.wire)
        assert system.record_url("Lead", "00Qx") == (
            "https://acme.lightning.force.com/lightning/r/Lead/00Qx/view"
        )


def test_the_halves_are_what_the_engine_asks_for():
    with an_org() as org:
        source: Source = org.system.source
        destination: Destination = org.system.destination
        assert isinstance(destination, Counting)
        assert source is not destination


def test_limits_follow_the_settings():
    settings = CONNECTOR.settings(
        connector="salesforce",
        base_url="https://acme.my.salesforce.com",
        auth=LOGIN,
        limits={"per_day": 15_000, "in_flight": 2},
    )
    [limit] = CONNECTOR.limits(settings)
    assert (limit.calls, limit.seconds) == (15_000, 86_400)


def test_importing_the_connector_loads_neither_the_sdk_nor_the_stand_in():
    code = (
        "import sys, connectors.salesforce; "
        "print([m for m in sys.modules if m.split('.')[0] in "
        "('simple_salesforce', 'requests', 'cryptography') or 'sandbox' in m])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_a_record_says_when_it_changed_and_its_fields_no_more_than_that():
    with an_org() as org:
        first, second = org.leads(2)
        org.clock.sleep(60)
        org.act("edit", object="Lead", id=first, fields={"Title": "部長"})
        assert isinstance(org.system, Dated)
        told = org.system.changed_at("Lead", [first, second], ["Title", "Phone"])
        assert told[first]["Title"] == told[first]["Phone"]
        assert (told[first]["Title"] - told[second]["Title"]).total_seconds() >= 60
