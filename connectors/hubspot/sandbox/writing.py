"""Writing as HubSpot does it: its checks, its batches, its three ways to refuse."""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from tasuki.sandbox.server import Reply

from .catalogue import LIFECYCLE, Property
from .searching import BadSearchError, moment
from .store import Row, Store

BATCH_CAP = 100
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
_FAIL_EVERY = 3
_LONGEST = 65_536

Problem = dict[str, object]
"""One entry of an answer's `errors`."""


class BadBatchError(ValueError):
    """The whole request is refused; the words are HubSpot's."""


class Writer:
    """Creates, updates and upserts rows of one type.

    Args:
        store: The rows.
        now: Epoch seconds.
        next_id: Gives ids to new rows.
        required: Properties that a new row must have (an administrator's rules).
    """

    def __init__(
        self,
        store: Store,
        now: Callable[[], float],
        next_id: Callable[[], int],
        required: Sequence[str] = (),
    ) -> None:
        self._store = store
        self._now = now
        self._next_id = next_id
        self._required = required

    def check_batch(self, verb: str, inputs: Sequence[Mapping[str, Any]]) -> None:
        """Refuse what HubSpot refuses as a whole, whatever the rows hold."""
        if not 0 < len(inputs) <= BATCH_CAP:
            words = f"The maximum number of inputs supported in a batch is {BATCH_CAP}"
            raise BadBatchError(words)
        if verb == "create":
            return
        ids = [str(one.get("id") or "") for one in inputs]
        keys = {str(one.get("idProperty") or "") for one in inputs}
        if not all(ids) or (verb == "upsert" and "" in keys):
            words = "Invalid input JSON: some required fields were not set: [id]"
            raise BadBatchError(words)
        for key in keys - {""}:
            is_unique = key in self._store.key_names()
            if not is_unique or (verb == "update" and key == "email"):
                words = f"Unable to perform update/upsert by non-unique property {key}"
                raise BadBatchError(words)
        lower = [one.lower() for one in ids]
        if len(set(lower)) < len(lower):
            words = "Duplicate IDs found in batch input. IDs must be unique"
            raise BadBatchError(words)

    def prepare(
        self, verb: str, asked: Mapping[str, Any]
    ) -> tuple[Row | None, dict[str, str | None], Problem | None]:
        """Return the row meant, its new values, and what is wrong; change nothing.

        The row is None for a record yet to be made.
        """
        row = self._meant(verb, asked)
        if row is None and verb == "update":
            words = "Could not get some objects, they may be deleted or not exist."
            return None, {}, _problem(asked, "OBJECT_NOT_FOUND", words)
        values = {name: _text(v) for name, v in (asked.get("properties") or {}).items()}
        if verb == "upsert":
            values.setdefault(str(asked["idProperty"]), str(asked["id"]))
        if values.get("email"):
            values["email"] = str(values["email"]).strip().lower()
        return row, values, self._wrong(asked, row, values)

    def commit(self, row: Row | None, values: Mapping[str, str | None]) -> Row:
        """Store new values and return the row at its new version."""
        stamp = int(self._now() * 1000)
        if row is None:
            made = Row(self._next_id(), dict(values), stamp, stamp)
        else:
            made = Row(row.id, {**row.values, **values}, row.created, stamp)
        self._store.put(made)
        return made

    def _meant(self, verb: str, asked: Mapping[str, Any]) -> Row | None:
        if verb == "create":
            return None
        record_id, key = str(asked["id"]), str(asked.get("idProperty") or "")
        if key and key != "hs_object_id":
            return self._store.by_key(key, record_id)
        return self._store.live(int(record_id)) if record_id.isdecimal() else None

    def _wrong(
        self,
        asked: Mapping[str, Any],
        row: Row | None,
        values: Mapping[str, str | None],
    ) -> Problem | None:
        checked = [self._wrong_value(name, values, row) for name in values]
        found = [one for one in checked if one]
        if found:
            words = f"Property values were not valid: {orjson.dumps(found).decode()}"
            return _problem(asked, "VALIDATION_ERROR", words)
        missing = [n for n in self._required if row is None and not values.get(n)]
        if missing:
            words = f"Some required properties were not set: {missing}"
            return _problem(asked, "VALIDATION_ERROR", words)
        for name in self._store.key_names():
            other = self._store.by_key(name, values.get(name) or "")
            if other is not None and (row is None or other.id != row.id):
                words = f"Record already exists. Existing ID: {other.id}"
                return _problem(asked, "CONFLICT", words)
        return None

    def _wrong_value(
        self, name: str, values: Mapping[str, str | None], row: Row | None
    ) -> dict[str, object] | None:
        one, value = self._store.properties.get(name), values[name] or ""
        if one is None:
            return _invalid(name, "PROPERTY_DOESNT_EXIST", f'"{name}" does not exist')
        if one.read_only:
            return _invalid(name, "READ_ONLY_VALUE", f'"{name}" is read only')
        if not value:
            return None
        if name == "lifecyclestage" and row is not None:
            before = row.values.get(name) or LIFECYCLE[0]
            if value in LIFECYCLE and LIFECYCLE.index(value) < LIFECYCLE.index(before):
                words = f"{value} is before {before}"
                return _invalid(name, "INVALID_LIFECYCLE_STAGE", words)
        code = _format_problem(name, one, value)
        return _invalid(name, code, f"{value} was not valid") if code else None


def _format_problem(name: str, one: Property, value: str) -> str:
    if name == "email" and not _ADDRESS.fullmatch(value):
        return "INVALID_EMAIL"
    if len(value) > _LONGEST:
        return "PROPERTY_VALUE_TOO_LONG"
    if one.options and value not in one.options:
        return "INVALID_OPTION"
    if one.type == "number":
        try:
            Decimal(value)
        except InvalidOperation:
            return "INVALID_NUMERIC"
    if one.type in {"date", "datetime"}:
        try:
            moment(value)
        except BadSearchError:
            return "INVALID_DATE"
    return ""


def _invalid(name: str, code: str, words: str) -> dict[str, object]:
    return {"isValid": False, "message": words, "error": code, "name": name}


def _text(value: object) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _problem(asked: Mapping[str, Any], category: str, words: str) -> Problem:
    context: dict[str, list[str]] = {}
    if asked.get("objectWriteTraceId"):
        context["objectWriteTraceId"] = [str(asked["objectWriteTraceId"])]
    if category == "OBJECT_NOT_FOUND":
        context["ids"] = [str(asked["id"])]
    return {
        "status": "error",
        "category": category,
        "message": words,
        "context": context,
    }


def write_batch(
    writer: Writer,
    verb: str,
    inputs: Sequence[Mapping[str, Any]],
    *,
    refusals: str,
    is_dated: bool,
    is_failing: bool,
) -> Reply:
    """Carry out one batch.

    Args:
        writer: Of the object type.
        verb: `create`, `update` or `upsert`.
        inputs: The rows.
        refusals: `rows`: bad rows are listed beside the good ones' results. `whole`:
            one bad row refuses all, and is named. `silent`: … and is not named.
        is_dated: The API version answers 200 or 201 also with errors, not 207.
        is_failing: Every third row fails for a reason that will pass.
    """
    writer.check_batch(verb, inputs)
    prepared = [writer.prepare(verb, asked) for asked in inputs]
    problems = [problem for _, _, problem in prepared if problem]
    if problems and refusals != "rows":
        return refuse_whole(problems, named=refusals == "whole")
    results: list[dict[str, object]] = []
    errors: list[Problem] = []
    for number, (asked, (row, values, problem)) in enumerate(
        zip(inputs, prepared, strict=True), 1
    ):
        if problem is None and is_failing and number % _FAIL_EVERY == 0:
            problem = _problem(asked, "INTERNAL_ERROR", "planted error")  # noqa: PLW2901
        if problem is None and row is None:
            # Two rows of one batch may have made the same record.
            row, values, problem = writer.prepare(verb, asked)  # noqa: PLW2901
        if problem is not None:
            errors.append(problem)
            continue
        made = writer.commit(row, values)
        more = {"objectWriteTraceId": asked.get("objectWriteTraceId")}
        names = ["hs_object_id", *values]
        if verb == "upsert":
            results.append(made.shown(names, new=row is None, **more))
        else:
            results.append(made.shown(names, **more))
    results.reverse()  # HubSpot promises no order
    return batch_reply(results, errors, 201 if verb == "create" else 200, is_dated)


def batch_reply(
    results: Sequence[object],
    errors: Sequence[object],
    status: int,
    is_dated: bool,  # noqa: FBT001
) -> Reply:
    """Return a batch answer, with its errors where the API version puts them."""
    body: dict[str, object] = {"status": "COMPLETE", "results": results}
    if errors:
        body |= {"numErrors": len(errors), "errors": errors}
    return Reply(status if is_dated or not errors else 207, body)


def refuse_whole(problems: Sequence[Problem], *, named: bool) -> Reply:
    """Return the 400 that HubSpot gives for a batch with a bad row."""
    first = problems[0]
    body: dict[str, object] = {
        "status": "error",
        "message": first["message"],
        "category": first["category"],
        "correlationId": "00000000-0000-0000-0000-000000000000",
    }
    if named:
        body["errors"] = [
            {"message": one["message"], "context": one["context"]} for one in problems
        ]
    return Reply(404 if first["category"] == "OBJECT_NOT_FOUND" else 400, body)
