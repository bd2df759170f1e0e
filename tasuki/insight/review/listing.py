"""The page as one long list for spreadsheets: a figure a line."""

import csv
import io
from typing import Any, Final

from tasuki.insight.review.page import Page

_BOM: Final = "\ufeff"  # without it, Excel reads UTF-8 as something else
_NAMES: Final = ("stage", "name", "department", "severity", "rule")
_LISTS: Final = ("funnel", "conversion", "sla", "leaks", "open_leaks")
_SINGLE: Final = ("deals", "hub")


def csv_text(page: Page) -> str:
    """Return every figure as CSV that Excel reads: week, group, of, figure, value."""
    sink = io.StringIO(newline="")
    sink.write(_BOM)
    writer = csv.writer(sink)
    writer.writerow(["week", "group", "of", "figure", "value"])
    told = page.to_json()
    for group in _LISTS:
        for one in told[group]:
            of = next(str(one[name]) for name in _NAMES if name in one)
            _write(writer, page, (group, of), one)
    for group in _SINGLE:
        _write(writer, page, (group, ""), told[group])
    return sink.getvalue()


def _write(
    writer: Any,  # noqa: ANN401 - csv has no name for it
    page: Page,
    where: tuple[str, str],
    figures: dict[str, Any],
) -> None:
    for name, value in figures.items():
        if name not in _NAMES or (where[0] == "open_leaks" and name == "department"):
            shown = " ".join(map(str, value)) if isinstance(value, tuple) else value
            writer.writerow([page.week.label, *where, name, _blank(shown)])


def _blank(value: object) -> object:
    return "" if value is None else value
