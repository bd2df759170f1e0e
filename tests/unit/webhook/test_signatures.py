"""Deliveries are proved as the vendors sign them, and refused otherwise."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.freee.settings import FreeeSettings, TokenSettings
from connectors.freee.webhook import FreeeWebhook
from connectors.hubspot.settings import HubspotSettings, StaticAuth
from connectors.hubspot.webhook import HubspotWebhook
from tasuki.connector import WebhookSettings
from tasuki.model.errors import DeliveryError
from tasuki.webhook import (
    BodyScheme,
    Delivery,
    Scheme,
    SlackScheme,
    StripeScheme,
    TokenScheme,
    Webhook,
)

_FILE = Path(__file__).parents[2] / "vectors" / "signatures.json"
VECTORS: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
Proof = Scheme | Webhook


def hubspot(secret: str, url: str | None = None, former: str = "") -> Webhook:
    webhook = WebhookSettings(
        secret=SecretStr(secret),
        former_secret=SecretStr(former) if former else None,
        public_url=url,
    )
    auth = StaticAuth(token=SecretStr("pat"))
    return HubspotWebhook(
        HubspotSettings(connector="hubspot", auth=auth, webhook=webhook)
    )


def hubspot_delivery(one: dict[str, str], **changed: str) -> Delivery:
    one = one | changed
    headers = {
        "x-hubspot-request-timestamp": one["timestamp"],
        "x-hubspot-signature-v3": one["signature"],
    }
    return Delivery("POST", one["url"], headers, one["body"].encode())


def stripe_delivery(one: dict[str, str], header: str = "") -> Delivery:
    header = header or f"t={one['timestamp']},v1={one['v1']},v0={one['v0']}"
    headers = {"stripe-signature": header}
    return Delivery("POST", "https://h/x", headers, one["body"].encode())


def slack_delivery(one: dict[str, str], **changed: str) -> Delivery:
    one = one | changed
    headers = {
        "x-slack-request-timestamp": one["timestamp"],
        "x-slack-signature": one["signature"],
    }
    return Delivery("POST", "https://h/x", headers, one["body"].encode())


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def refused(proof: Proof, delivery: Delivery, now: datetime) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        proof.verify(delivery, now)
    assert caught.value.status == 401
    return caught.value


V3 = VECTORS["hubspot_v3"]
STRIPE = VECTORS["stripe"][0]
SLACK = VECTORS["slack"][0]


@pytest.mark.parametrize("one", V3, ids=lambda one: one["timestamp"])
def test_a_hubspot_vector_is_proved(one: dict[str, str]) -> None:
    now = at(int(one["timestamp"]) / 1000)
    hubspot(one["secret"]).verify(hubspot_delivery(one), now)


@pytest.mark.parametrize(
    "changed",
    [
        {"body": "{'example_field':'another'}"},
        {"url": "https://www.example.com/webhook_uri?x=1"},
        {"timestamp": "1693657560001"},
        {"signature": ""},
        {"signature": "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Z="},
        {"signature": "署名"},
    ],
)
def test_a_hubspot_delivery_that_was_changed_is_refused(
    changed: dict[str, str],
) -> None:
    proof = hubspot(V3[0]["secret"])
    refused(proof, hubspot_delivery(V3[0], **changed), at(1693657560))


@pytest.mark.parametrize("seconds", [301, -301, 86_400, -86_400])
def test_a_hubspot_delivery_of_another_time_is_refused_both_ways(seconds: int) -> None:
    now = at(1693657560) + timedelta(seconds=seconds)
    told = refused(hubspot(V3[0]["secret"]), hubspot_delivery(V3[0]), now)
    assert told.cause == "time"


@pytest.mark.parametrize("seconds", [299, -299])
def test_a_hubspot_delivery_within_the_tolerance_is_taken(seconds: int) -> None:
    now = at(1693657560) + timedelta(seconds=seconds)
    hubspot(V3[0]["secret"]).verify(hubspot_delivery(V3[0]), now)


@pytest.mark.parametrize("one", VECTORS["hubspot_refused"], ids=lambda o: o["version"])
def test_older_signatures_of_hubspot_prove_nothing(one: dict[str, str]) -> None:
    headers = {"x-hubspot-signature": one["signature"]}
    delivery = Delivery("POST", V3[0]["url"], headers, one["body"].encode())
    assert "version 3" in str(refused(hubspot(one["secret"]), delivery, at(0)))


def test_the_public_address_is_signed_whatever_the_proxy_says() -> None:
    one = V3[0]
    behind = hubspot_delivery(one, url="http://10.0.0.5:8780/hooks/hubspot")
    refused(hubspot(one["secret"]), behind, at(1693657560))
    hubspot(one["secret"], one["url"]).verify(behind, at(1693657560))


def test_the_former_secret_is_taken_while_it_is_changed() -> None:
    proof = hubspot("another-secret", former=V3[0]["secret"])
    proof.verify(hubspot_delivery(V3[0]), at(1693657560))


def test_the_stripe_vector_is_proved() -> None:
    scheme = StripeScheme(["another", STRIPE["secret"]])
    scheme.verify(stripe_delivery(STRIPE), at(1533204620))


def test_one_right_signature_among_several_of_stripe_is_enough() -> None:
    header = f"t={STRIPE['timestamp']},v1=bad_signature,v1={STRIPE['v1']}"
    StripeScheme([STRIPE["secret"]]).verify(
        stripe_delivery(STRIPE, header), at(1533204620)
    )


@pytest.mark.parametrize(
    "header",
    [
        "i'm not even a real signature header",
        f"t={STRIPE['timestamp']},v0={STRIPE['v1']}",
        f"t={STRIPE['timestamp']},v1=bad_signature",
        f"v1={STRIPE['v1']}",
        f"t={STRIPE['timestamp']},t=1533204621,v1={STRIPE['v1']}",
        f"t=1533204621,v1={STRIPE['v1']}",
        "t=,v1=",
    ],
)
def test_a_stripe_header_that_proves_nothing_is_refused(header: str) -> None:
    scheme = StripeScheme([STRIPE["secret"]])
    refused(scheme, stripe_delivery(STRIPE, header), at(1533204620))


@pytest.mark.parametrize("seconds", [301, -301])
def test_a_stripe_delivery_of_another_time_is_refused(seconds: int) -> None:
    now = at(1533204620 + seconds)
    told = refused(StripeScheme([STRIPE["secret"]]), stripe_delivery(STRIPE), now)
    assert told.cause == "time"


def test_the_slack_vector_is_proved_and_nothing_like_it() -> None:
    scheme = SlackScheme([SLACK["secret"]])
    now = at(1531420618)
    scheme.verify(slack_delivery(SLACK), now)
    refused(scheme, slack_delivery(SLACK, body="token=another"), now)
    refused(scheme, slack_delivery(SLACK, timestamp="1531420619"), now)
    refused(scheme, slack_delivery(SLACK), now + timedelta(seconds=301))
    refused(scheme, Delivery("POST", "https://h/x", {}, b""), now)


# The digest was made apart, with openssl dgst -sha256 -hmac.
RAW = "U0mpat5utIvvkRCSUeRrc98GaurZo2HAhVgM9RdgWts="


@pytest.mark.parametrize(
    ("scheme", "headers", "token"),
    [
        (TokenScheme(["the-secret"]), {}, "the-secret"),
        (TokenScheme(["the-secret"]), {"authorization": "Basic eDp0aGUtc2VjcmV0"}, ""),
        (TokenScheme(["the-secret"], "x-token"), {"x-token": "the-secret"}, ""),
    ],
)
def test_a_fixed_secret_is_taken_where_it_belongs(
    scheme: TokenScheme, headers: dict[str, str], token: str
) -> None:
    scheme.verify(Delivery("POST", "https://h/x", headers, b"", token), at(0))


@pytest.mark.parametrize(
    ("scheme", "headers", "token"),
    [
        (TokenScheme(["the-secret"]), {}, ""),
        (TokenScheme(["the-secret"]), {}, "the-secre"),
        (TokenScheme(["the-secret"]), {"authorization": "Basic %%%"}, ""),
        (TokenScheme(["the-secret"]), {"authorization": "Bearer the-secret"}, ""),
        (TokenScheme(["the-secret"], "x-token"), {}, "the-secret"),
        (TokenScheme(["the-secret"], "x-token"), {"x-token": "THE-SECRET"}, ""),
    ],
)
def test_a_fixed_secret_that_was_not_given_is_missed(
    scheme: TokenScheme, headers: dict[str, str], token: str
) -> None:
    told = refused(scheme, Delivery("POST", "https://h/x", headers, b"", token), at(0))
    assert "the-secre" not in str(told)


def test_freee_gives_its_token_in_a_header() -> None:
    settings = FreeeSettings(
        connector="freee",
        company_id=1,
        auth=TokenSettings(flow="token", token=SecretStr("t")),
        webhook=WebhookSettings(secret=SecretStr("freee-token")),
    )
    webhook = FreeeWebhook(settings)
    body = b'{"id": "e1", "resource": "accounting:expense_application", "action": "created", "expense_application": {"id": 7}}'
    delivery = Delivery("POST", "https://h/x", {"x-freee-token": "freee-token"}, body)
    webhook.verify(delivery, at(0))
    assert [hint.record_id for hint in webhook.parse(delivery)] == ["7"]
    refused(webhook, Delivery("POST", "https://h/x", {}, body), at(0))


def test_schemes_do_not_show_their_secrets() -> None:
    makes: list[Callable[[], object]] = [
        lambda: StripeScheme(["s3cret"]),
        lambda: SlackScheme(["s3cret"]),
        lambda: TokenScheme(["s3cret"]),
        lambda: BodyScheme(["s3cret"], "x-signature"),
        lambda: Delivery("POST", "https://h/x", {}, b"", "s3cret"),
    ]
    assert not [one for make in makes if "s3cret" in (one := repr(make()))]


def test_a_digest_of_the_body_is_compared() -> None:
    scheme = BodyScheme(["webhook-key"], "x-xero-signature")
    body = b'{"events":[]}'
    scheme.verify(Delivery("POST", "u", {"x-xero-signature": RAW}, body), at(0))
    refused(scheme, Delivery("POST", "u", {"x-xero-signature": RAW}, b"{}"), at(0))
    refused(scheme, Delivery("POST", "u", {}, body), at(0))
