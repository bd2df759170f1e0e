"""Receiving kintone's webhooks: unsigned hints, so the address holds the secret.

kintone sends none for records that were changed in batches, drops the 61st in a minute
and never tries again: the scheduled reading is what nothing escapes.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from tasuki.model.errors import DeliveryError
from tasuki.model.hint import CHANGED, DELETED, Hint
from tasuki.webhook import Acknowledgement, Delivery, TokenScheme

from .settings import KintoneSettings

_DELETED = "DELETE_RECORD"


class KintoneWebhook:
    """Deliveries of a domain's apps to one connection."""

    content_types = frozenset({"application/json"})
    acknowledgement = Acknowledgement()

    def __init__(self, settings: KintoneSettings) -> None:
        assert settings.webhook is not None  # noqa: S101 - the receiver has looked
        self._scheme = TokenScheme(settings.webhook.secrets())
        self._streams = {str(app.app): name for name, app in settings.apps.items()}

    def verify(self, delivery: Delivery, now: datetime) -> None:
        """Raise DeliveryError unless the secret stands behind the address's path."""
        self._scheme.verify(delivery, now)

    def parse(self, delivery: Delivery) -> Sequence[Hint]:
        """Return the record that the notification names; none of an unknown app."""
        try:
            told: Any = orjson.loads(delivery.body)
        except ValueError:
            raise DeliveryError("body", "its body is no JSON", 400) from None
        if not isinstance(told, dict):
            raise DeliveryError("body", "its body is no notification", 400)
        event = str(told.get("id") or "")
        app = told.get("app")
        number = str(app.get("id") or "") if isinstance(app, dict) else ""
        stream, record_id = self._streams.get(number, ""), _record_id(told)
        if not stream or not record_id:
            return [Hint("", "", CHANGED, event)]
        kind = DELETED if told.get("type") == _DELETED else CHANGED
        return [Hint(stream, record_id, kind, event)]


def _record_id(told: dict[str, Any]) -> str:
    """Return the record's number, wherever this kind of notification has it."""
    record = told.get("record")
    cell = record.get("$id") if isinstance(record, dict) else None
    found = cell.get("value") if isinstance(cell, dict) else told.get("recordId")
    return str(found) if str(found or "").isdecimal() else ""
