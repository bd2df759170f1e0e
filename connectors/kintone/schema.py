"""What an app's form says of its fields."""

import threading
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tasuki.model.errors import ConfigError
from tasuki.model.record import FieldFacts, Schema

from .client import Client
from .values import ID, PEOPLE, REVISION

_FRESH: Final = 600.0
"""Seconds a form is taken for what it was: apps are changed while we run."""
_KEY_LENGTH: Final = 64

_TYPES: Final = {
    "SINGLE_LINE_TEXT": "text",
    "MULTI_LINE_TEXT": "text",
    "RICH_TEXT": "text",
    "LINK": "text",
    "NUMBER": "number",
    "CALC": "number",
    "DATE": "date",
    "DATETIME": "datetime",
    "TIME": "text",
    "DROP_DOWN": "picklist",
    "RADIO_BUTTON": "picklist",
    "STATUS": "picklist",
    "CHECK_BOX": "list",
    "MULTI_SELECT": "list",
    "CATEGORY": "list",
    "SUBTABLE": "list",
    "CREATED_TIME": "datetime",
    "UPDATED_TIME": "datetime",
    "RECORD_NUMBER": "text",
    "CREATOR": "text",
    "MODIFIER": "text",
}
_READ_ONLY: Final = frozenset(
    {
        "CALC", "CATEGORY", "CREATED_TIME", "CREATOR", "FILE", "MODIFIER",
        "RECORD_NUMBER", "STATUS", "STATUS_ASSIGNEE", "UPDATED_TIME",
    }
)  # fmt: skip
_NO_FIELDS: Final = frozenset({"GROUP", "REFERENCE_TABLE", "LABEL", "SPACER", "HR"})


class Form:
    """One app's fields, as they were a moment ago."""

    def __init__(self, fields: Mapping[str, Mapping[str, Any]]) -> None:
        self.fields = fields
        self.people = frozenset(
            code for code, one in fields.items() if one.get("type") in PEOPLE
        )
        copied = {c for one in fields.values() for c in _copied(one)}
        self.facts = {
            code: _facts(code, one, is_copied=code in copied)
            for code, one in fields.items()
            if one.get("type") not in _NO_FIELDS
        }
        for code in (ID, REVISION):
            self.facts[code] = FieldFacts(
                code, code, "number", writable=False, unique=code == ID
            )

    def code_of(self, kind: str) -> str:
        """Return the code of the field of a type that an app has once; "" for none."""
        found = (c for c, one in self.fields.items() if one.get("type") == kind)
        return next(found, "")

    def is_writable(self, code: str) -> bool:
        """Say whether kintone takes a value for this field at all."""
        facts = self.facts.get(code)
        return bool(facts and facts.writable)


class Forms:
    """The forms of one connection, read when they are needed."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._forms: dict[str, tuple[float, Form]] = {}
        self._lock = threading.Lock()

    def of(self, stream: str) -> Form:
        """Return the form of a stream's app; one call, the first time."""
        with self._lock:
            now = self._client.wire.clock.monotonic()
            known = self._forms.get(stream)
            if known is None or now - known[0] > _FRESH:
                known = (now, Form(self._client.form(stream)))
                self._forms[stream] = known
            return known[1]

    def changed(self, stream: str) -> str:
        """Return the code of 更新日時, which may have been renamed.

        Raises:
            ConfigError: the app's form has none.
        """
        code = self.of(stream).code_of("UPDATED_TIME")
        if not code:
            what = "the app has no field of the type 更新日時"
            remedy = "Put 更新日時 on the app's form, and update the app."
            raise ConfigError(self._client.where(stream), what, remedy)
        return code

    def schema(self, stream: str) -> Schema:
        """Return a stream's fields for `tasuki check`."""
        return Schema(stream, self.of(stream).facts)


def _copied(field: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields that a lookup fills: kintone refuses values for them."""
    lookup = field.get("lookup")
    for pair in (lookup or {}).get("fieldMappings") or ():
        yield str(pair.get("field"))


def _facts(code: str, field: Mapping[str, Any], *, is_copied: bool) -> FieldFacts:
    kind = str(field.get("type") or "")
    options = field.get("options")
    ordered = sorted(
        options.items() if isinstance(options, dict) else (),
        key=lambda pair: int(pair[1].get("index") or 0),
    )
    computed = bool(field.get("expression")) and kind == "SINGLE_LINE_TEXT"
    length = field.get("maxLength")
    unique = _is(field.get("unique"))
    return FieldFacts(
        code,
        label=str(field.get("label") or ""),
        type="list" if kind in PEOPLE else _TYPES.get(kind, "other"),
        writable=kind not in _READ_ONLY and not is_copied and not computed,
        required=_is(field.get("required")) and not _has_default(field),
        unique=unique,
        length=_length(length, unique=unique and kind == "SINGLE_LINE_TEXT"),
        options=tuple(name for name, _ in ordered),
    )


def _has_default(field: Mapping[str, Any]) -> bool:
    return bool(field.get("defaultValue")) or _is(field.get("defaultNowValue"))


def _length(given: object, *, unique: bool) -> int | None:
    told = int(str(given)) if given not in {None, ""} else None
    if not unique:
        return told
    return min(told, _KEY_LENGTH) if told else _KEY_LENGTH


def _is(value: object) -> bool:
    return value is True or value == "true"
