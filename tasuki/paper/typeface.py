"""The typeface of the PDFs, and lines of Japanese text that fit."""

import io
import lzma
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any, Final

NAME: Final = "TasukiGothic"
GETA: Final = "〓"
"""What stands for a character that the typeface lacks, as printers have always done."""

_FILE: Final = "biz-udp-gothic.ttf.xz"
# 行頭禁則 and 行末禁則: what must not begin a line, what must not end one.
_NOT_FIRST: Final = frozenset(
    "、。，．・：；？！ー）〕］｝〉》」』】〙〗’”),.:;?!]}%％々ゝゞヽヾぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ※"
)
_NOT_LAST: Final = frozenset("（〔［｛〈《「『【〘〖‘“([{￥¥$")
_SELECTORS: Final = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))


@cache
def _font() -> Any:  # noqa: ANN401 - reportlab has no types
    """Load the typeface once: it takes half a second."""
    from reportlab.pdfbase import pdfmetrics  # noqa: PLC0415 - most commands print none
    from reportlab.pdfbase.ttfonts import TTFont  # noqa: PLC0415

    packed = files("tasuki.paper").joinpath("font", _FILE).read_bytes()
    font = TTFont(NAME, io.BytesIO(lzma.decompress(packed)))
    pdfmetrics.registerFont(font)
    return font


def load() -> None:
    """Make the typeface known to the library that writes PDFs."""
    _font()


def width(text: str, size: float) -> float:
    """Return how wide a text is, in points."""
    return float(_font().stringWidth(text, size))


def missing(text: str) -> str:
    """Return the characters of a text that the typeface lacks, each once."""
    known = _font().face.charToGlyph
    composed = _composed(text)
    found = (char for char in composed if ord(char) not in known and char > " ")
    return "".join(dict.fromkeys(found))


def printable(text: str) -> str:
    """Return a text as it can be set: composed, without control characters."""
    known = _font().face.charToGlyph
    return "".join(
        " " if char <= " " else char if ord(char) in known else GETA
        for char in _composed(text)
    )


def _composed(text: str) -> str:
    composed = unicodedata.normalize("NFC", text)
    return "".join(
        char for char in composed if not any(ord(char) in one for one in _SELECTORS)
    )


def wrap(text: str, size: float, room: float) -> list[str]:
    """Return a text in lines that fit, by the rules of Japanese typesetting.

    Words of Latin letters and numbers stay whole where they fit in a line at all.
    """
    lines: list[str] = []
    for paragraph in text.splitlines() or [""]:
        line = ""
        for piece in _pieces(printable(paragraph), size, room):
            if line and width(line + piece, size) > room:
                lines.append(line.rstrip())
                line = piece.lstrip()
            else:
                line += piece
        lines.append(line.rstrip())
    return lines


def _pieces(text: str, size: float, room: float) -> Iterator[str]:
    """Yield what is not to be divided: words, and characters with their brackets."""
    piece = ""
    for char in text:
        joined = piece and (
            char in _NOT_FIRST
            or piece[-1] in _NOT_LAST
            or (_is_of_a_word(piece[-1]) and _is_of_a_word(char))
        )
        if joined and width(piece + char, size) <= room:
            piece += char
        else:
            if piece:
                yield piece
            piece = char
    if piece:
        yield piece


def _is_of_a_word(char: str) -> bool:
    return char.isascii() and char != " "
