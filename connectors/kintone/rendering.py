"""Rows as kintone wants to hear them: the request of a batch, made without a call."""

from collections.abc import Collection, Sequence

from tasuki.model.write import Operation, Request, UnrenderedError, Write

from .settings import AppSettings, KintoneSettings
from .values import cells


def render(settings: KintoneSettings, stream: str, write: Write) -> Request:
    """Return the request of one row, as a batch of one.

    Raises:
        UnrenderedError: a create without a key, which kintone would double.
    """
    # Without connections.yaml, what a first app would be sent.
    app = settings.app_of(stream) if settings.apps else AppSettings(app=1)
    row = row_of(write, app.people)
    return batch_request(app, write.operation, [row])


def batch_request(
    app: AppSettings, operation: Operation, rows: Sequence[dict[str, object]]
) -> Request:
    """Return the request of rows of one operation."""
    body: dict[str, object] = {"app": app.app, "records": list(rows)}
    if operation is Operation.CREATE:
        body["upsert"] = True
    return Request("PUT", f"{app.root}/records.json", body)


def row_of(
    write: Write, people: Collection[str], revision: int | None = None
) -> dict[str, object]:
    """Return one row of a batch.

    Raises:
        UnrenderedError: it has no key, or a value that kintone has no form for.
    """
    if write.operation is Operation.UPDATE:
        row: dict[str, object] = {"id": int(write.target_id or 0)}
        row["record"] = cells(write.fields, people)
        if revision is not None:
            row["revision"] = revision
        return row
    if not (write.key and write.key[1]):
        msg = "a create needs a match on a field without doubles (重複禁止)"
        raise UnrenderedError(msg)
    field, value = write.key
    key = {"field": field, "value": value}
    return {"updateKey": key, "record": cells(write.fields, people, field)}
