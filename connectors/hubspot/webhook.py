"""Receiving HubSpot's webhooks: the v3 signature, and events of a hundred at most.

Versions 1 and 2 of the signature are refused: they sign no time, so whoever has once
seen a delivery can repeat it for ever.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from tasuki.model.errors import DeliveryError
from tasuki.model.hint import CHANGED, DELETED, ERASED, MERGED, Hint
from tasuki.webhook import (
    Acknowledgement,
    Delivery,
    hmac_sha256,
    is_same,
    refuse_stale,
)

from .settings import HubspotSettings

_STREAMS = {
    "contact": "contacts",
    "company": "companies",
    "deal": "deals",
    "ticket": "tickets",
    "product": "products",
    "line_item": "line_items",
    "0-1": "contacts",
    "0-2": "companies",
    "0-3": "deals",
    "0-5": "tickets",
    "0-7": "products",
    "0-8": "line_items",
}
_KINDS = {"deletion": DELETED, "merge": MERGED, "privacyDeletion": ERASED}
# HubSpot signs the address with these characters as they are, however they are sent.
_DECODED = {
    "%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$",
    "%27": "'", "%28": "(", "%29": ")", "%2A": "*", "%2C": ",", "%3B": ";",
}  # fmt: skip
_NOTHING = Hint("", "")
_NAMED = (
    "portalId", "subscriptionId", "subscriptionType", "occurredAt", "propertyName",
    "objectTypeId", "associationType", "toObjectId",
)  # fmt: skip


class HubspotWebhook:
    """Deliveries of one app to one connection."""

    content_types = frozenset({"application/json"})
    acknowledgement = Acknowledgement()

    def __init__(self, settings: HubspotSettings) -> None:
        assert settings.webhook is not None  # noqa: S101 - the receiver has looked
        self._secrets = settings.webhook.secrets()
        self._public_url = settings.webhook.public_url

    def verify(self, delivery: Delivery, now: datetime) -> None:
        """Raise DeliveryError unless the v3 signature is right and of about now."""
        headers = delivery.headers
        stamp = headers.get("x-hubspot-request-timestamp", "")
        given = headers.get("x-hubspot-signature-v3", "")
        if not given:
            raise DeliveryError("signature", "it has no signature of version 3")
        url = _plain(self._public_url or delivery.url)
        wanted = [
            signature(secret, delivery.method, url, delivery.body, stamp)
            for secret in self._secrets
        ]
        if not any([is_same(given, one) for one in wanted]):  # noqa: C419 - all are compared
            raise DeliveryError(
                "signature", "the signature is not of this secret and address"
            )
        refuse_stale(stamp, 1000, now)

    def parse(self, delivery: Delivery) -> Sequence[Hint]:
        """Return a hint for each record that an event names."""
        try:
            events: Any = orjson.loads(delivery.body)
        except ValueError:
            raise DeliveryError("body", "its body is no JSON", 400) from None
        if not isinstance(events, list):
            raise DeliveryError("body", "its body is no list of events", 400)
        return [hint for event in events for hint in _hints(event)]


def signature(secret: str, method: str, url: str, body: bytes, stamp: str) -> str:
    """Return the v3 signature of a request.

    Args:
        secret: The app's client secret.
        method: In capitals.
        url: The whole address, with its query.
        body: Byte for byte.
        stamp: The time in the header, in milliseconds.
    """
    head, tail = f"{method}{url}".encode(), stamp.encode("utf-8", "replace")
    return base64.b64encode(hmac_sha256(secret, head + body + tail)).decode()


def _plain(url: str) -> str:
    for coded, plain in _DECODED.items():
        url = url.replace(coded, plain).replace(coded.lower(), plain)
    return url


def _hints(event: object) -> Iterator[Hint]:
    if not isinstance(event, dict):
        yield _NOTHING
        return
    named, _, what = str(event.get("subscriptionType", "")).partition(".")
    if named == "object":
        named = str(event.get("objectTypeId", ""))
    stream = _STREAMS.get(named, named)
    ids = list(dict.fromkeys(_ids(event)))
    if not stream or not ids:
        yield _NOTHING
    for one in ids:
        yield Hint(stream, one, _KINDS.get(what, CHANGED), _event(event, one))


def _ids(event: Mapping[str, Any]) -> Iterator[str]:
    """Yield every record of the event's own type that it may have changed."""
    merged = event.get("mergedObjectIds")
    for one in (
        event.get("objectId"),
        event.get("newObjectId"),
        event.get("primaryObjectId"),
        event.get("fromObjectId"),
        *(merged if isinstance(merged, list) else ()),
    ):
        if isinstance(one, int | str) and str(one).isdigit():
            yield str(one)


def _event(event: Mapping[str, Any], record_id: str) -> str:
    """Return what is the same at every delivery; `eventId` may be used twice."""
    return "/".join([record_id, *(str(event.get(name, "")) for name in _NAMED)])
