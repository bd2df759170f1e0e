"""Whom a mapping concerns, and whether it is about money."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

OPERATIONS = "operations"
_RECEIVERS: Mapping[str, str] = {
    "mql_to_sal": "inside_sales",
    "sal_to_sql": "marketing",
    "won_to_customer": "back_office",
    "won_to_invoiced": "back_office",
    "won_to_planned": "back_office",
    "planned_to_invoiced": "back_office",
    "invoiced_to_paid": "back_office",
}


class Concern(NamedTuple):
    """Whom what goes wrong with a mapping concerns; "" for everybody."""

    department: str = ""
    is_money: bool = False


Concerns = Callable[[str], Concern]
"""Gives the concern of a mapping by its id."""


def concern_of(handoff: str | None, *, is_money: bool) -> Concern:
    """Return whom a handoff concerns: the department that waits for it."""
    return Concern(_RECEIVERS.get(handoff or "", ""), is_money)
