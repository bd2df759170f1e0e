"""What deliveries hint at: ids alone, whatever stands beside them."""

import json
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from connectors.hubspot.settings import HubspotSettings, StaticAuth
from connectors.hubspot.webhook import HubspotWebhook
from connectors.salesforce.sandbox.hooks import ORG_ID, envelope
from connectors.salesforce.settings import (
    ClientCredentials,
    OutboundSettings,
    SalesforceSettings,
)
from connectors.salesforce.webhook import SalesforceWebhook
from tasuki.connector import WebhookSettings
from tasuki.model.errors import DeliveryError
from tasuki.model.hint import Hint
from tasuki.webhook import Delivery

LEAD = "00Q5hA000000001AAA"
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    '<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>'
)
FILE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hosts">]><x>&f;</x>'


def hubspot() -> HubspotWebhook:
    auth = StaticAuth(token=SecretStr("pat"))
    webhook = WebhookSettings(secret=SecretStr("a-secret"))
    return HubspotWebhook(
        HubspotSettings(connector="hubspot", auth=auth, webhook=webhook)
    )


def salesforce() -> SalesforceWebhook:
    auth = ClientCredentials(
        flow="client_credentials", client_id="c", client_secret=SecretStr("s")
    )
    webhook = OutboundSettings(secret=SecretStr("a-secret"), org_id=ORG_ID[:15])
    settings = SalesforceSettings(
        connector="salesforce", base_url="https://h", auth=auth, webhook=webhook
    )
    return SalesforceWebhook(settings)


def body(text: object) -> Delivery:
    raw = text if isinstance(text, str) else json.dumps(text)
    return Delivery("POST", "https://h/x", {}, raw.encode())


def event(kind: str, **more: object) -> dict[str, object]:
    return {"subscriptionType": kind, "objectId": 7, "occurredAt": 1, **more}


@pytest.mark.parametrize(
    ("told", "hinted"),
    [
        (event("contact.creation"), [("contacts", "7", "changed")]),
        (event("contact.deletion"), [("contacts", "7", "deleted")]),
        (event("contact.privacyDeletion"), [("contacts", "7", "erased")]),
        (
            event(
                "company.merge",
                objectId=9,
                newObjectId=9,
                primaryObjectId=7,
                mergedObjectIds=[8],
            ),
            [
                ("companies", "9", "merged"),
                ("companies", "7", "merged"),
                ("companies", "8", "merged"),
            ],
        ),
        (
            event("object.propertyChange", objectTypeId="0-3"),
            [("deals", "7", "changed")],
        ),
        (
            event("object.creation", objectTypeId="2-77"),
            [("2-77", "7", "changed")],
        ),
        (event("conversation.creation"), [("conversation", "7", "changed")]),
        (
            event("contact.associationChange", objectId=None, fromObjectId=3),
            [("contacts", "3", "changed")],
        ),
        (event("contact.creation", objectId="7; DROP"), [("", "", "changed")]),
        ({}, [("", "", "changed")]),
        (5, [("", "", "changed")]),
    ],
)
def test_an_event_of_hubspot_hints_at_its_records(
    told: object, hinted: list[tuple[str, str, str]]
) -> None:
    found = hubspot().parse(body([told]))
    assert [(one.stream, one.record_id, one.kind) for one in found] == hinted


def test_nothing_personal_of_an_event_is_kept() -> None:
    told = event("contact.propertyChange", propertyName="email", propertyValue="a@b.jp")
    assert "a@b.jp" not in repr(hubspot().parse(body([told])))


def test_the_same_event_delivered_again_is_the_same() -> None:
    first = event("contact.propertyChange", eventId=1, attemptNumber=0)
    again = event("contact.propertyChange", eventId=2, attemptNumber=3)
    later = event("contact.propertyChange", eventId=1, occurredAt=2)
    one, two, three = hubspot().parse(body([first, again, later]))
    assert one.event == two.event != three.event


@pytest.mark.parametrize("text", ["", "no json", "{}", '"x"', "[1", "null", "\udcff"])
def test_a_body_of_hubspot_that_is_no_list_is_refused(text: str) -> None:
    raw = text.encode("utf-8", "surrogateescape")
    with pytest.raises(DeliveryError) as caught:
        hubspot().parse(Delivery("POST", "https://h/x", {}, raw))
    assert caught.value.status == 400


def test_an_empty_list_hints_at_nothing() -> None:
    assert hubspot().parse(body([])) == []


def test_an_outbound_message_hints_at_its_records() -> None:
    told = [("04l1", "Lead", LEAD), ("04l2", "Invoice__c", "a0B5hA000000002AAA")]
    assert salesforce().parse(body(envelope(told))) == [
        Hint("Lead", LEAD, event="04l1"),
        Hint("Invoice__c", "a0B5hA000000002AAA", event="04l2"),
    ]


def test_an_outbound_message_with_fields_keeps_the_record_s_own_id() -> None:
    whole = envelope([("04l1", "Lead", LEAD)])
    fields = "<sf:Email>a@b.jp</sf:Email><sf:Id2>x</sf:Id2></sObject>"
    (hint,) = salesforce().parse(body(whole.replace("</sObject>", fields)))
    assert hint == Hint("Lead", LEAD, event="04l1")


def test_a_message_of_another_org_is_refused() -> None:
    other = envelope([("04l1", "Lead", LEAD)], org="00D5h0000000002EAA")
    with pytest.raises(DeliveryError) as caught:
        salesforce().parse(body(other))
    assert (caught.value.status, caught.value.cause) == (401, "org")


@pytest.mark.parametrize(
    "text",
    [BOMB, FILE, "", "<", "no xml", "<a>" * 20 + "</a>" * 20, "<a/>", "{}"],
    ids=["bomb", "file", "empty", "cut", "text", "deep", "other", "json"],
)
def test_xml_that_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(DeliveryError):
        salesforce().parse(body(text))


def test_a_record_without_a_whole_id_is_noted_and_not_read() -> None:
    told = [("04l1", "Lead", "00Q' OR 1=1"), ("04l2", "Lead", LEAD)]
    found = salesforce().parse(body(envelope(told)))
    assert [one.record_id for one in found] == ["", LEAD]


def test_the_secret_of_an_org_stands_in_the_address_or_in_basic() -> None:
    now = datetime.fromtimestamp(0, UTC)
    salesforce().verify(Delivery("POST", "https://h/x", {}, b"", "a-secret"), now)
    with pytest.raises(DeliveryError):
        salesforce().verify(Delivery("POST", "https://h/x", {}, b""), now)
