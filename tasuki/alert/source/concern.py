"""Whom a mapping concerns, and whether it is about money."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

OPERATIONS = "operations"
BACK_OFFICE = "back_office"
_INSIDE = frozenset(
    {"won_to_customer", "won_to_planned", "planned_to_invoiced", "invoiced_to_paid"}
)
"""Steps of billing, as the shipped mappings call them: no handoffs of their own."""


class Concern(NamedTuple):
    """Whom what goes wrong with a mapping concerns; "" for everybody."""

    department: str = ""
    is_money: bool = False


Concerns = Callable[[str], Concern]
"""Gives the concern of a mapping by its id."""


def concern_of(
    handoff: str | None, takers: Mapping[str, str], *, is_money: bool
) -> Concern:
    """Return whom a mapping's handoff concerns: the department that waits for it.

    Args:
        handoff: What the mapping says it carries.
        takers: The receiving department of each handoff, as model.yaml agrees.
        is_money: Whether the mapping is about money.
    """
    inside = BACK_OFFICE if handoff in _INSIDE else ""
    return Concern(takers.get(handoff or "", inside), is_money)
