"""What became of each row of a batch, whatever the HTTP status was.

Version 2026-09 answers 200 with `errors` in the body, earlier ones 207, and both may
refuse the whole batch with a 400 for one bad row. Rows are told apart by the trace id
that we send along; an answer without one is matched by record id or key.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tasuki.model.write import (
    Confirmed,
    Deferred,
    Gone,
    InDoubt,
    Operation,
    Outcome,
    Rejected,
    Write,
)

from .vendor_errors import RefusedError, masked, validations

Error = Mapping[str, Any]
"""One error of an answer, or a whole refusal."""

_PASSING = {"RATE_LIMITS", "RATE_LIMIT", "INTERNAL_ERROR", "TIMEOUT", "LOCKED"}
_FORMAT = "Turn the value into what the property takes, with a formula in the mapping."
_REMEDIES = {
    "CONFLICT": "Another HubSpot record has this unique value: merge the two there.",
    "INVALID_DATE": _FORMAT,
    "INVALID_EMAIL": "Correct the e-mail address at its source.",
    "INVALID_INTEGER": _FORMAT,
    "INVALID_LONG": _FORMAT,
    "INVALID_NUMERIC": _FORMAT,
    "INVALID_OPTION": (
        "Add the option to the property in HubSpot, or a line to the mapping's "
        "`values`."
    ),
    "INVALID_LIFECYCLE_STAGE": (
        "A lifecycle stage only moves forward: clear it in HubSpot first, or leave it "
        "out of the mapping."
    ),
    "PROPERTY_DOESNT_EXIST": (
        "Create the property in HubSpot (Settings > Properties), or take it out of the "
        "mapping."
    ),
    "READ_ONLY_VALUE": "Take the property out of the mapping: HubSpot fills it itself.",
    "REQUIRED_FIELD": (
        "Fill the property in the mapping, or ask the HubSpot administrator to relax "
        "the validation rule."
    ),
    "VALIDATION_ERROR": (
        "Correct the record at its source; if the rule is an administrator's, it is in "
        "HubSpot under Settings > Properties."
    ),
}
_DEFAULT_REMEDY = "Correct the record at its source; the next run picks it up."
_BY_NAME = {"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"}
_FOR_ALL = ("non-unique", "infer object type")
_RECEIPT = ("id", "url", "createdAt", "updatedAt")
_SHORTEST_VALUE = 3
"""Shorter values are not masked in HubSpot's words: they would cut words apart."""


class Tally:
    """The outcomes of one batch as far as they are known."""

    def __init__(self, writes: Sequence[Write]) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self._rows = {write.ref: write for write in writes}
        self._by_id = {w.target_id: w for w in writes if w.target_id}
        self._by_key = {w.key[1].casefold(): w for w in writes if w.key}

    def open_of(self, part: Sequence[Write]) -> list[Write]:
        """Return those of these rows of which nothing is known yet."""
        return [write for write in part if write.ref not in self.outcomes]

    def read(self, body: Error) -> list[Error]:
        """Take an answer's `results` and `errors`; return errors that name no row."""
        for result in body.get("results") or ():
            write = self._of_result(result)
            if write is not None:
                self.outcomes[write.ref] = _confirmed(write, result)
        return self._take_errors(body.get("errors") or ())

    def read_refusal(self, refusal: RefusedError) -> list[Error]:
        """Take the refusal of a whole batch: nothing of it was done."""
        category = refusal.body.get("category") or refusal.code
        whole: dict[str, Any] = {"message": refusal.answer, **refusal.body}
        whole["category"] = category
        details = whole.pop("errors", None) or ()
        if self._blame_all(whole):
            return []
        errors = [{"category": category, **detail} for detail in details]
        return self._take_errors([*errors, whole])

    def settle(self, write: Write, unnamed: Sequence[Error]) -> None:
        """Give the only row left what the answer said of nobody."""
        if unnamed:
            self.outcomes[write.ref] = outcome_of(write, unnamed[0])
            return
        words = "the answer did not mention this row"
        self.outcomes[write.ref] = InDoubt(write.ref, words)

    def _take_errors(self, errors: Iterable[Error]) -> list[Error]:
        unnamed: list[Error] = []
        for error in errors:
            named = list(self._of_error(error))
            for write in named:
                if write.ref not in self.outcomes:
                    self.outcomes[write.ref] = outcome_of(write, error)
            if not named:
                unnamed.append(error)
        return unnamed

    def _blame_all(self, error: Error) -> bool:
        """Refuse every row that an error is about by what the row is made of.

        An unknown property or key is wrong in each row that has it: looking for one
        guilty row would send every row on its own.
        """
        message = str(error.get("message") or "")
        names = {name for code, name in validations(message) if code in _BY_NAME}
        is_for_all = any(words in message.lower() for words in _FOR_ALL)
        blamed = [
            write
            for write in self.open_of(list(self._rows.values()))
            if is_for_all or names & set(write.fields)
        ]
        for write in blamed:
            self.outcomes[write.ref] = outcome_of(write, error)
        return bool(blamed)

    def _of_result(self, result: Error) -> Write | None:
        write = self._rows.get(str(result.get("objectWriteTraceId") or ""))
        write = write or self._by_id.get(str(result.get("id")))
        if write is not None:
            return write
        for one in self._rows.values():
            value = one.key and (result.get("properties") or {}).get(one.key[0])
            if value and one.key and value.casefold() == one.key[1].casefold():
                return one
        return None

    def _of_error(self, error: Error) -> Iterable[Write]:
        context = error.get("context") or {}
        for ref in _listed(context.get("objectWriteTraceId")):
            if ref in self._rows:
                yield self._rows[ref]
        for name in ("id", "ids", "objectId"):
            for one in _listed(context.get(name)):
                write = self._by_id.get(one) or self._by_key.get(one.casefold())
                if write is not None:
                    yield write


def outcome_of(write: Write, error: Error) -> Outcome:
    """Return what an error means for the row it is about."""
    message = str(error.get("message") or "")
    category = str(error.get("category") or error.get("code") or "")
    found = validations(message)
    if not category and not found:
        # No error of HubSpot's is without a category: it says nothing about the row.
        return InDoubt(write.ref, _without_values(message, write))
    code = found[0][0] if found else _known_code(error, message, category)
    words = ", ".join(f"{what} on {name}" for what, name in found)
    words = words or _without_values(message, write)
    if category == "OBJECT_NOT_FOUND" and write.operation is Operation.UPDATE:
        return Gone(write.ref, category, words)
    if category in _PASSING:
        return Deferred(write.ref, category, words)
    remedy = _REMEDIES.get(code) or _REMEDIES.get(category) or _DEFAULT_REMEDY
    return Rejected(write.ref, code, words, remedy)


def _known_code(error: Error, message: str, category: str) -> str:
    sub = str(error.get("subCategory") or error.get("code") or "").rpartition(".")[2]
    if sub in _REMEDIES:
        return sub
    lower = message.lower()
    if "does not exist" in lower and "property" in lower:
        return "PROPERTY_DOESNT_EXIST"
    if "required" in lower:
        return "REQUIRED_FIELD"
    return category


def _confirmed(write: Write, result: Error) -> Confirmed:
    """Return the receipt; an id other than the asked one is the survivor of a merge."""
    made = result.get("new")
    answer = {name: result[name] for name in _RECEIPT if result.get(name)}
    if write.operation is Operation.UPDATE:
        made = False
    return Confirmed(write.ref, str(result["id"]), made, answer)


def _without_values(message: str, write: Write) -> str:
    for value in sorted(map(str, write.fields.values()), key=len, reverse=True):
        if len(value) >= _SHORTEST_VALUE:
            message = message.replace(value, "(value)")
    return masked(message)


def _listed(value: object) -> list[str]:
    if value is None:
        return []
    return [str(v) for v in value] if isinstance(value, list) else [str(value)]
