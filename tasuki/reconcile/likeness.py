"""Where two systems show different values of one field. Pure."""

from collections.abc import Mapping
from decimal import Decimal

from tasuki.model.likeness import is_blank, is_same
from tasuki.reconcile.finding import FieldDrift

_HIDDEN = "***"


def drift(
    expected: Mapping[str, object],
    told: Mapping[str, object],
    actual: Mapping[str, object],
    hidden: frozenset[str] = frozenset(),
) -> tuple[FieldDrift, ...]:
    """Return the fields of ours that have another value over there.

    Args:
        expected: What the mapping gives now, as the destination would show it.
        told: What was sent last, likewise; a blank that was never sent is not ours.
        actual: What stands there. Fields it does not show are not compared.
        hidden: Fields whose values are personal.
    """
    return tuple(
        FieldDrift(name, *_shown(name, actual[name], value, hidden))
        for name, value in expected.items()
        if name in actual
        and (not is_blank(value) or not is_blank(told.get(name)))
        and not is_same(value, actual[name])
    )


def _shown(
    name: str, old: object, new: object, hidden: frozenset[str]
) -> tuple[object, object]:
    if name not in hidden:
        return old, str(new) if isinstance(new, Decimal) else new
    return tuple(value if is_blank(value) else _HIDDEN for value in (old, new))  # type: ignore[return-value]
