"""The page as one long list for spreadsheets: a figure a line."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, Final

from tasuki.insight.review.page import Page

_BOM: Final = "\ufeff"  # without it, Excel reads UTF-8 as something else
_LISTS: Final = {
    "funnel": ("stage",),
    "conversion": ("name",),
    "sla": ("department",),
    "leaks": ("severity",),
    "open_leaks": ("rule", "department"),
}
"""Groups, and what tells their lines apart."""
_SINGLE: Final = ("deals", "hub")


def csv_text(page: Page) -> str:
    """Return every figure as CSV that Excel reads: week, group, of, figure, value."""
    sink = io.StringIO(newline="")
    sink.write(_BOM)
    writer = csv.writer(sink)
    writer.writerow(["week", "group", "of", "figure", "value"])
    told = page.to_json()
    for group, names in _LISTS.items():
        for one in told[group]:
            of = " ".join(str(one.pop(name)) for name in names)
            writer.writerows(_rows(page, (group, of), one))
    for group in _SINGLE:
        writer.writerows(_rows(page, (group, ""), told[group]))
    return sink.getvalue()


def _rows(
    page: Page, where: tuple[str, str], figures: dict[str, Any]
) -> Iterator[Sequence[object]]:
    for name, value in figures.items():
        shown = " ".join(map(str, value)) if isinstance(value, tuple) else value
        yield page.week.label, *where, name, "" if shown is None else shown
