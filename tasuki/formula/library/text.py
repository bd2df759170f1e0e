"""Text: change it, cut it, join it, look into it."""

from tasuki.formula.errors import RefusedValueError
from tasuki.formula.functions import Example, Function, Kind, function
from tasuki.formula.limits import MAX_TEXT
from tasuki.formula.values import as_list, as_text, as_whole, fits

_SIDES = ("left", "right")


def text_(value: object) -> str:
    """Write a number, date or truth value as text.

    Numbers have no exponent and no zeros behind the last digit: 50000.0 is "50000".
    """
    return as_text(value)


def lower(text: object) -> str:
    """Write in small letters."""
    return as_text(text).lower()


def upper(text: object) -> str:
    """Write in capital letters."""
    return as_text(text).upper()


def trim(text: object) -> str:
    """Take away the spaces around a text, full-width ones too."""
    return as_text(text).strip()


def len_(value: object) -> int:
    """Count the characters of a text, or the items of a list."""
    return len(value if isinstance(value, list | tuple) else as_text(value))


def left(text: object, count: object) -> str:
    """Return the first characters."""
    return as_text(text)[: as_whole(count, 0, MAX_TEXT)]


def right(text: object, count: object) -> str:
    """Return the last characters."""
    written = as_text(text)
    return written[max(len(written) - as_whole(count, 0, MAX_TEXT), 0) :]


def substring(text: object, start: object, count: object = None) -> str:
    """Return characters from a place on; the first one is 1, as in a spreadsheet."""
    first = as_whole(start, 1, MAX_TEXT) - 1
    length = MAX_TEXT if count is None else as_whole(count, 0, MAX_TEXT)
    return as_text(text)[first : first + length]


def replace(text: object, old: object, new: object) -> str:
    """Put one piece of text in the place of another, everywhere."""
    written, piece, other = as_text(text), as_text(old), as_text(new)
    if not piece:
        raise RefusedValueError(reason="empty text cannot be replaced")
    fits(len(written) + written.count(piece) * max(len(other) - len(piece), 0))
    return written.replace(piece, other)


def split(text: object, separator: object) -> list[str]:
    """Cut a text at every separator; the pieces are trimmed, empty ones left out.

    HubSpot joins the choices of a multiple-choice property with semicolons.
    """
    between = as_text(separator)
    if not between:
        raise RefusedValueError(reason="text cannot be split at empty text")
    pieces = (piece.strip() for piece in as_text(text).split(between))
    return [piece for piece in pieces if piece]


def join(list_: object, separator: object = "") -> str:
    """Join the items of a list to one text; missing items are left out."""
    pieces = [as_text(item) for item in as_list(list_) if item is not None]
    between = as_text(separator)
    fits(sum(map(len, pieces)) + len(between) * len(pieces))
    return between.join(pieces)


def concat(*values: object) -> str:
    """Join values to one text; missing values are left out, where + gives nothing."""
    pieces = [
        value if type(value) is str else as_text(value)
        for value in values
        if value is not None
    ]
    joined = "".join(pieces)
    fits(len(joined))
    return joined


def contains(text: object, piece: object) -> bool:
    """Tell whether a text has a piece in it."""
    return as_text(piece) in as_text(text)


def starts_with(text: object, piece: object) -> bool:
    """Tell whether a text begins so."""
    return as_text(text).startswith(as_text(piece))


def ends_with(text: object, piece: object) -> bool:
    """Tell whether a text ends so."""
    return as_text(text).endswith(as_text(piece))


def pad(text: object, width: object, fill: object = "0", side: object = "left") -> str:
    """Fill a text up to a width, on the left or the right."""
    written, filler, where = as_text(text), as_text(fill), as_text(side)
    if len(filler) != 1:
        raise RefusedValueError(reason="pad fills with one character")
    if where not in _SIDES:
        raise RefusedValueError(reason="pad fills on the side 'left' or 'right'")
    length = as_whole(width, 0, 1_000)
    return (
        written.rjust(length, filler)
        if where == "left"
        else written.ljust(length, filler)
    )


def text_functions() -> tuple[Function, ...]:
    """Return the functions for text."""
    return (*_changing(), *_cutting(), *_looking())


def _changing() -> tuple[Function, ...]:
    return (
        function(
            lower,
            Example('lower("TARO@Sample.co.jp")', "taro@sample.co.jp"),
            group="text",
            returns=Kind.TEXT,
            template="{0}.lower()",
        ),
        function(
            upper,
            Example('upper("jpy")', "JPY"),
            group="text",
            returns=Kind.TEXT,
            template="{0}.upper()",
        ),
        function(
            trim,
            Example('trim(" 山田　")', "山田"),
            group="text",
            returns=Kind.TEXT,
            template="{0}.strip()",
        ),
        function(
            replace,
            Example('replace("2026/05/31", "/", "-")', "2026-05-31"),
            group="text",
            returns=Kind.TEXT,
        ),
        function(
            pad,
            Example("pad(42, 6)", "000042"),
            Example('pad("AB", 4, " ", side="right")', "AB  "),
            group="text",
            returns=Kind.TEXT,
        ),
        function(
            text_,
            Example("text(0.50)", "0.5"),
            Example("text(Amount)", "50000", {"Amount": 50000.0}),
            group="text",
            returns=Kind.TEXT,
        ),
    )


def _cutting() -> tuple[Function, ...]:
    return (
        function(
            left,
            Example('left("東京都港区", 3)', "東京都"),
            group="text",
            returns=Kind.TEXT,
        ),
        function(
            right,
            Example('right("INV-0042", 4)', "0042"),
            group="text",
            returns=Kind.TEXT,
        ),
        function(
            substring,
            Example('substring("2026-05-31", 6, 2)', "05"),
            Example('substring("T7000012050002", 2)', "7000012050002"),
            group="text",
            returns=Kind.TEXT,
        ),
        function(
            split,
            Example('split("web; seminar;", ";")', ["web", "seminar"]),
            group="text",
        ),
        function(
            join,
            Example('join(["山田", null, "太郎"], " ")', "山田 太郎"),
            group="text",
            returns=Kind.TEXT,
        ),
        function(
            concat,
            Example('concat("契約 ", 12, null)', "契約 12"),
            group="text",
            nulls="see",
            returns=Kind.TEXT,
        ),
    )


def _looking() -> tuple[Function, ...]:
    return (
        function(len_, Example('len("請求書")', 3), group="text", returns=Kind.NUMBER),
        function(
            contains,
            Example('contains("株式会社サンプル", "株式会社")', gives=True),
            group="text",
            returns=Kind.TRUTH,
        ),
        function(
            starts_with,
            Example('starts_with("INV-0042", "INV-")', gives=True),
            group="text",
            returns=Kind.TRUTH,
        ),
        function(
            ends_with,
            Example('ends_with("taro@sample.co.jp", ".jp")', gives=True),
            group="text",
            returns=Kind.TRUTH,
        ),
    )
