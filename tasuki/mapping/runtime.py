"""What generated mapping code stands on, beside the runtime of formulas."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from tasuki.formula.errors import RefusedValueError
from tasuki.formula.operators import blank, call_one
from tasuki.formula.values import as_text, exact, kind
from tasuki.mapping.result import Faulty, Payload, Waiting

PLAIN = frozenset({str, int, bool, type(None), Decimal})
MISSING = object()
_DEEPEST = 20


def plain(value: object, depth: int = 0) -> object:
    """Return a value as payloads hold it: JSON's kinds, exact numbers, ISO dates."""
    if type(value) in PLAIN:
        return value
    if depth > _DEEPEST:
        msg = "values nested too deeply"
        raise RefusedValueError(msg)
    if isinstance(value, Mapping):
        return {str(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        value = sorted(value, key=str)
    if isinstance(value, list | tuple):
        return [plain(item, depth + 1) for item in value]
    return _plain_scalar(value)


def _plain_scalar(value: object) -> object:
    if isinstance(value, float):
        return exact(value)
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return str(value)
    msg = f"{kind(value)} of no known kind"
    raise RefusedValueError(msg)


def _moment(value: datetime) -> str:
    """Write a time; one without a zone is left without, so nothing is invented."""
    return (value.astimezone(UTC) if value.tzinfo else value).isoformat()


def word(value: object) -> str:
    """Return a value as text: a key of a table, an id, a match value."""
    if value is None:
        return ""
    return as_text(exact(value)).strip()


def items(value: object) -> list[Mapping[str, object]]:
    """Return the items of a list that `each` goes through."""
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        msg = f"{kind(value)} where a list is needed"
        raise RefusedValueError(msg)
    if not all(isinstance(item, Mapping) for item in value):
        msg = "an item of the list is no record"
        raise RefusedValueError(msg)
    return list(value)


def without_blanks(made: Mapping[str, object]) -> dict[str, object]:
    """Return an entry of a list: its blank fields are left out."""
    return {name: value for name, value in made.items() if value is not None}


RUNTIME: Mapping[str, object] = {
    "_PLAIN": PLAIN,
    "_MISSING": MISSING,
    "_Payload": Payload,
    "_Waiting": Waiting,
    "_Faulty": Faulty,
    "_plain": plain,
    "_word": word,
    "_items": items,
    "_without_blanks": without_blanks,
    "_is_blank": blank,
    "_call": call_one,
    "_len": len,
    "_Exception": Exception,
    "_dictionary": dict,
}
