"""Our mark among an invoice's tags, which are not printed on it."""

from collections.abc import Mapping
from typing import Final

ALIKE: Final = ("partner_id", "billing_date", "total_amount")
"""What makes a person say: that is the same invoice."""


def tags_of(row: Mapping[str, object]) -> list[str]:
    """Return an invoice's tags."""
    tags = row.get("tag_names")
    return [str(tag) for tag in tags] if isinstance(tags, list) else []


def carries(row: Mapping[str, object], mark: str) -> bool:
    """Say whether an invoice has exactly this tag."""
    return mark in tags_of(row)


def marks_of(row: Mapping[str, object], prefix: str) -> list[str]:
    """Return the tags that are marks of Tasuki's."""
    return [tag for tag in dict.fromkeys(tags_of(row)) if tag.startswith(prefix)]
