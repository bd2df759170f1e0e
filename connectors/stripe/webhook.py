"""Receiving Stripe's webhooks: signed events, one object each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from tasuki.model.errors import DeliveryError
from tasuki.model.hint import CHANGED, DELETED, Hint
from tasuki.webhook import Acknowledgement, Delivery, StripeScheme

from .settings import StripeSettings


class StripeWebhook:
    """Deliveries of one endpoint to one connection."""

    content_types = frozenset({"application/json"})
    acknowledgement = Acknowledgement()

    def __init__(self, settings: StripeSettings) -> None:
        assert settings.webhook is not None  # noqa: S101 - the receiver has looked
        self._scheme = StripeScheme(settings.webhook.secrets())
        self._account = settings.account
        self._is_live = settings.is_live

    def verify(self, delivery: Delivery, now: datetime) -> None:
        """Raise DeliveryError unless the endpoint's secret has signed it just now."""
        self._scheme.verify(delivery, now)

    def parse(self, delivery: Delivery) -> Sequence[Hint]:
        """Return the object that the event is about; nothing of another account's."""
        try:
            event: Any = orjson.loads(delivery.body)
        except ValueError:
            raise DeliveryError("body", "its body is no JSON", 400) from None
        if not isinstance(event, dict):
            raise DeliveryError("body", "its body is no event", 400)
        nothing = [Hint("", "", CHANGED, str(event.get("id") or ""))]
        if str(event.get("account") or "") != self._account:
            return nothing
        if bool(event.get("livemode")) is not self._is_live:
            return nothing
        content = event.get("data")
        shown = content.get("object") if isinstance(content, dict) else None
        if not isinstance(shown, dict) or not shown.get("id"):
            return nothing
        stream = str(shown.get("object") or "")
        is_gone = str(event.get("type")) == f"{stream}.deleted"
        kind = DELETED if is_gone else CHANGED
        return [Hint(stream, str(shown["id"]), kind, str(event.get("id") or ""))]
