"""Rows as HubSpot wants to hear them: the request of a batch, made without a call."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from tasuki.model.write import Operation, Request, UnrenderedError, Write

from .paths import Paths
from .settings import HubspotSettings


def render(settings: HubspotSettings, stream: str, write: Write) -> Request:
    """Return the request of one row, as a batch of one.

    Raises:
        UnrenderedError: a create without a key, which HubSpot would double.
    """
    if write.operation is Operation.CREATE and not write.key:
        msg = "a create needs a match on a unique property"
        raise UnrenderedError(msg)
    return batch_request(Paths(settings.api_version), stream, [write])


def batch_request(paths: Paths, stream: str, rows: Sequence[Write]) -> Request:
    """Return the request of rows of one operation."""
    verb = "update" if rows[0].operation is Operation.UPDATE else "upsert"
    body = {"inputs": [_input(write) for write in rows]}
    return Request("POST", paths.batch(stream, verb), body)


def _input(write: Write) -> dict[str, object]:
    """Return a row as HubSpot wants it; `objectWriteTraceId` comes back with it."""
    properties = {name: as_text(value) for name, value in write.fields.items()}
    row: dict[str, object] = {
        "objectWriteTraceId": write.ref,
        "properties": properties,
    }
    if write.operation is Operation.UPDATE:
        row["id"] = write.target_id
    elif write.key:
        row["idProperty"], row["id"] = write.key
        properties.setdefault(*write.key)
    return row


def as_text(value: object) -> str:
    """Return a value as HubSpot takes it; "" empties a property.

    >>> as_text(True), as_text(None), as_text(Decimal("1E+3")), as_text(["a", "b"])
    ('true', '', '1000', 'a;b')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, list | tuple):
        return ";".join(map(as_text, value))
    return str(value)
