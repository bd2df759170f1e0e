"""Receiving freee's webhooks: a fixed token in a header, one event each.

freee tells of expense and approval requests only (2026): invoices, deals and partners
are read on a schedule. What it tells is stored and counted, and starts a mapping once
one reads that stream.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from tasuki.model.errors import DeliveryError
from tasuki.model.hint import CHANGED, DELETED, Hint
from tasuki.webhook import Acknowledgement, Delivery, TokenScheme

from .settings import FreeeSettings


class FreeeWebhook:
    """Deliveries of one app to one connection."""

    content_types = frozenset({"application/json"})
    acknowledgement = Acknowledgement()

    def __init__(self, settings: FreeeSettings) -> None:
        assert settings.webhook is not None  # noqa: S101 - the receiver has looked
        self._scheme = TokenScheme(settings.webhook.secrets(), "x-freee-token")

    def verify(self, delivery: Delivery, now: datetime) -> None:
        """Raise DeliveryError unless the app's token was given."""
        self._scheme.verify(delivery, now)

    def parse(self, delivery: Delivery) -> Sequence[Hint]:
        """Return the one record that the event names."""
        try:
            event: Any = orjson.loads(delivery.body)
        except ValueError:
            raise DeliveryError("body", "its body is no JSON", 400) from None
        if not isinstance(event, dict):
            raise DeliveryError("body", "its body is no event", 400)
        stream = str(event.get("resource", "")).rpartition(":")[2]
        record = event.get(stream)
        record_id = record.get("id") if isinstance(record, dict) else None
        if not isinstance(record_id, int):
            return [Hint("", "")]
        kind = DELETED if event.get("action") == "destroyed" else CHANGED
        return [Hint(stream, str(record_id), kind, str(event.get("id", "")))]
