"""Bytes of Japanese files: what they say, and how to write them for Windows."""

import codecs
import re
import unicodedata
from typing import NamedTuple

from tasuki.japan.text import fold_variants, folded_width

_ISO_2022_JP_ESCAPES = (b"\x1b$B", b"\x1b$@", b"\x1b(J", b"\x1b(I")
# What cp932 has in place of characters that other systems use for the same sign.
_CP932_TWINS = str.maketrans("〜−‖¢£¬¥—–•·", "～－∥￠￡￢￥―‐・・") | {
    ord("©"): "(C)",
    ord("®"): "(R)",
}
# U+E000–F8FF is where cp932 keeps 外字; its bytes 80, A0 and FD–FF mean nothing.
# A half-width comma is how cp932 misreads the first byte of EUC-JP hiragana.
_DOUBTFUL = re.compile("[､\x80\ue000-\uf8ff]")
_MEANINGLESS = re.compile("[\x80\uf8f0-\uf8f3]")
# 〓 (geta) is what Japanese printers set for a missing character: it is noticed.
_MISSING = "〓"


class Decoded(NamedTuple):
    """A text and the encoding that it was in."""

    text: str
    encoding: str


class Encoded(NamedTuple):
    """Bytes, and the characters that had to be substituted, for a warning."""

    content: bytes
    substituted: tuple[str, ...]


def decode_csv(content: bytes) -> Decoded | None:
    """Return the text of a file from an office, or None where no encoding fits.

    Windows writes cp932, not the `shift_jis` codec, which refuses ㈱, 髙 and ①.

    Example:
        >>> decode_csv(bytes.fromhex("878aeee0938789ae2c8740"))
        Decoded(text='㈱髙島屋,①', encoding='cp932')
    """
    for encoding in _candidates(content):
        try:
            return Decoded(content.decode(encoding), encoding)
        except UnicodeDecodeError:
            continue
    return _without_mark(content)


def _without_mark(content: bytes) -> Decoded | None:
    """Return the text of bytes that are neither marked nor UTF-8.

    cp932 takes almost anything. Where it answers with characters that no office types,
    EUC-JP is asked as well; ordinary cp932 is hardly ever EUC-JP too.
    """
    try:
        decoded = Decoded(content.decode("cp932"), "cp932")
    except UnicodeDecodeError:
        return _in_euc(content)
    if not _DOUBTFUL.search(decoded.text):
        return decoded
    return _in_euc(content) or (None if _MEANINGLESS.search(decoded.text) else decoded)


def _in_euc(content: bytes) -> Decoded | None:
    try:
        return Decoded(content.decode("euc-jp"), "euc-jp")
    except UnicodeDecodeError:
        return None


def encode_cp932(value: str) -> Encoded:
    """Return a text as Windows reads it; what cp932 lacks is substituted and named.

    Example:
        >>> encode_cp932("𠮷野家—東京").substituted
        ('𠮷', '—')
    """
    try:
        content = value.encode("cp932")
    except UnicodeEncodeError:
        content = b""
    # Python's codec changes some signs without a word: ¥ to a backslash, ¢ to ￠.
    if content.decode("cp932") == value:
        return Encoded(content, ())
    pieces = [(character, _cp932(character)) for character in value]
    changed = dict.fromkeys(
        character for character, piece in pieces if piece.decode("cp932") != character
    )
    return Encoded(b"".join(piece for _, piece in pieces), tuple(changed))


def _candidates(content: bytes) -> tuple[str, ...]:
    if content.startswith(codecs.BOM_UTF8):
        return ("utf-8-sig",)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16",)
    # ISO-2022-JP is all ASCII bytes, so UTF-8 would take it for its own.
    if any(escape in content for escape in _ISO_2022_JP_ESCAPES):
        return ("iso-2022-jp", "utf-8")
    return ("utf-8",)


def _cp932(character: str) -> bytes:
    for candidate in (
        character.translate(_CP932_TWINS),
        fold_variants(character),
        folded_width(character),
        unicodedata.normalize("NFD", character)[0],
    ):
        try:
            return candidate.encode("cp932")
        except UnicodeEncodeError:
            continue
    return _MISSING.encode("cp932")
