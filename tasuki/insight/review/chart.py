"""Charts as inline SVG: bars beside bars, and stacked bars. No scripts, no fonts."""

from collections.abc import Sequence
from decimal import Decimal
from html import escape
from typing import Final, NamedTuple

NOW, USUAL, GOOD, LATE, BAD = "#1b4f8f", "#b9c6d6", "#3d8b5f", "#e0a030", "#c0392b"
_WIDTH: Final = 470
_LEFT: Final = 138
_RIGHT: Final = 122
_ROW: Final = 30
_BAR: Final = 12
_THICK: Final = 16
_GAP: Final = 10


class Bar(NamedTuple):
    """One row: its name, the value now, the value before, and words beside it."""

    name: str
    now: Decimal | int
    before: Decimal | int | None
    note: str


class Stack(NamedTuple):
    """One row of parts that stand behind each other: value and colour."""

    name: str
    parts: Sequence[tuple[int, str]]
    note: str


def bars(rows: Sequence[Bar], title: str) -> str:
    """Draw rows of two bars each: now above, usual below."""
    most = max((max(one.now, one.before or 0) for one in rows), default=Decimal(0))
    drawn = []
    for at, one in enumerate(rows):
        top = at * _ROW
        drawn.append(_text(_LEFT - _GAP, top + 17, one.name, "end"))
        drawn.append(_rect(_LEFT, top + 3, _length(one.now, most), _BAR, NOW))
        if one.before is not None:
            length = _length(one.before, most)
            drawn.append(_rect(_LEFT, top + 3 + _BAR, length, _BAR - 4, USUAL))
        longest = max(_length(one.now, most), _length(one.before or 0, most))
        drawn.append(_text(_LEFT + longest + 6, top + 17, one.note))
    return _svg(drawn, len(rows) * _ROW, title)


def stacks(rows: Sequence[Stack], title: str) -> str:
    """Draw rows of stacked bars."""
    most = max((sum(part for part, _ in one.parts) for one in rows), default=0)
    drawn = []
    for at, one in enumerate(rows):
        top, left = at * _ROW, float(_LEFT)
        drawn.append(_text(_LEFT - _GAP, top + 18, one.name, "end"))
        for value, colour in one.parts:
            length = _length(value, most)
            drawn.append(_rect(left, top + 4, length, _THICK, colour))
            left += length
        drawn.append(_text(left + 6, top + 18, one.note))
    return _svg(drawn, len(rows) * _ROW, title)


def _length(value: Decimal | int, most: Decimal | int) -> float:
    room = _WIDTH - _LEFT - _RIGHT
    return float(value) / float(most) * room if most else 0.0


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'fill="{colour}"/>'
    )


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(drawn: Sequence[str], height: int, title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'role="img" aria-label="{escape(title)}">{"".join(drawn)}</svg>'
    )
