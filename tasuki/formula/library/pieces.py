"""Pieces of text: what stands before, between, after; lines, digits, hosts, bytes."""

import re
from urllib.parse import urlsplit

from tasuki.formula.errors import RefusedValueError
from tasuki.formula.functions import Example, Function, Kind, function
from tasuki.formula.library.of_text import of_text
from tasuki.formula.limits import MAX_ITEMS, MAX_TEXT
from tasuki.formula.values import as_list, as_text, as_whole
from tasuki.japan.text import folded_width

_DIGITS = re.compile("[0-9]+")
_TAG = re.compile(r"<[a-zA-Z/!][^<>]{0,1000}>")
_SPACE = re.compile(r"\s+")


def before(text: object, piece: object) -> str:
    """Return what stands before the first such piece; all of it where there is none."""
    return as_text(text).partition(_some(piece))[0]


def after(text: object, piece: object) -> str | None:
    """Return what stands behind the first such piece; nothing where there is none."""
    _, found, rest = as_text(text).partition(_some(piece))
    return rest if found else None


def between(text: object, start: object, end: object) -> str | None:
    """Return what stands between two pieces; nothing where one is missing."""
    _, found, rest = as_text(text).partition(_some(start))
    inside, closed, _ = rest.partition(_some(end))
    return inside if found and closed else None


def find(text: object, piece: object) -> int | None:
    """Return the place of a piece in a text, from 1; nothing where it is not."""
    return as_text(text).find(_some(piece)) + 1 or None


def count_of(text: object, piece: object) -> int:
    """Count how often a piece stands in a text."""
    return as_text(text).count(_some(piece))


def remove(text: object, piece: object) -> str:
    """Take a piece away, everywhere."""
    return as_text(text).replace(_some(piece), "")


def contains_any(text: object, pieces: object) -> bool:
    """Tell whether a text has one of the pieces of a list in it."""
    written, wanted = as_text(text), as_list(pieces)
    if len(wanted) > MAX_ITEMS:
        raise RefusedValueError(reason=f"a list of more than {MAX_ITEMS:,} items")
    return any(as_text(each) in written for each in wanted if each is not None)


def split_lines(text: object) -> list[str]:
    """Return the lines of a text, trimmed; empty ones are left out."""
    return [line.strip() for line in as_text(text).splitlines() if line.strip()]


def left_bytes(text: object, count: object) -> str:
    """Return the first characters that fit into so many bytes of Shift_JIS (cp932)."""
    written, room = as_text(text), as_whole(count, 0, MAX_TEXT)
    encoded = written[:room].encode("cp932", "replace")[:room]
    return written[: len(encoded.decode("cp932", "ignore"))]


def bytes_of(text: object) -> int:
    """Count the bytes of a text in Shift_JIS (cp932): a kanji has two."""
    return len(as_text(text).encode("cp932", "replace"))


def mask(text: object, keep: object = 1) -> str:
    """Hide a text but for its first characters: 山田太郎 becomes 山***."""
    return as_text(text)[: as_whole(keep, 0, 1_000)] + "***"


def _one_line(text: str) -> str:
    """Bring a text into one line, every run of white space made one space."""
    return _SPACE.sub(" ", text).strip()


def _digits(text: str) -> str | None:
    """Return the digits of a text, full-width ones as well; nothing if it has none."""
    return "".join(_DIGITS.findall(folded_width(text))) or None


def _plain(text: str) -> str:
    """Take HTML tags away, and the usual entities: rich text of a CRM as plain text."""
    bare = _TAG.sub(" ", text)
    for entity, sign in (
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", '"'),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ):
        bare = bare.replace(entity, sign)
    return _one_line(bare)


def _host(website: str) -> str | None:
    """Return the host of a web address, without www; nothing for other text."""
    written = folded_width(website).strip()
    try:
        found = urlsplit(written if "//" in written else f"//{written}").hostname
    except ValueError:
        return None
    if not found or "." not in found.strip(".") or _SPACE.search(found):
        return None
    return found.removeprefix("www.")


def _some(piece: object) -> str:
    written = as_text(piece)
    if not written:
        raise RefusedValueError(reason="empty text stands everywhere")
    return written


def pieces_functions() -> tuple[Function, ...]:
    """Return these functions."""
    return (*_around(), *_looking(), *_whole())


def _text_of(call: object, *examples: Example, name: str | None = None) -> Function:
    return function(
        call,  # type: ignore[arg-type]  # always a function
        *examples,
        name=name,
        group="text",
        returns=Kind.TEXT,
    )


def _around() -> tuple[Function, ...]:
    return (
        _text_of(before, Example('before("INV-0042", "-")', "INV")),
        _text_of(
            after,
            Example('after("INV-0042", "-")', "0042"),
            Example('after("INV", "-")', None),
        ),
        _text_of(between, Example('between("商品（青）", "（", "）")', "青")),
        _text_of(remove, Example('remove("03-1234", "-")', "031234")),
        _text_of(mask, Example('mask("山田太郎")', "山***")),
        _text_of(left_bytes, Example('left_bytes("株式会社ABC", 9)', "株式会社A")),
    )


def _looking() -> tuple[Function, ...]:
    return (
        function(
            find,
            Example('find("請求書", "書")', 3),
            Example('find("請求書", "見")', None),
            group="text",
            returns=Kind.NUMBER,
        ),
        function(
            count_of,
            Example('count_of("a;b;c", ";")', 2),
            group="text",
            returns=Kind.NUMBER,
        ),
        function(
            contains_any,
            Example('contains_any("営業部長", ["部長", "課長"])', gives=True),
            group="text",
            returns=Kind.TRUTH,
        ),
        function(
            bytes_of,
            Example('bytes("株式会社A")', 9),
            name="bytes",
            group="text",
            returns=Kind.NUMBER,
        ),
    )


def _whole() -> tuple[Function, ...]:
    return (
        function(
            split_lines,
            Example('split_lines("東京都\\n\\n港区")', ["東京都", "港区"]),
            group="text",
        ),
        of_text(
            _one_line,
            ('one_line("東京都\\n 港区")', "東京都 港区"),
            name="one_line",
            longest=MAX_TEXT,
            group="text",
        ),
        of_text(
            _digits,
            ('digits("No.０４２-1")', "0421"),
            name="digits",
            longest=MAX_TEXT,
            group="text",
        ),
        of_text(
            _plain,
            ('plain("<p>a&amp;b</p>")', "a&b"),
            name="plain",
            longest=MAX_TEXT,
            group="text",
        ),
        of_text(
            _host,
            ('host("https://www.sample.co.jp/about")', "sample.co.jp"),
            ('host("なし")', None),
            name="host",
            group="text",
        ),
    )
