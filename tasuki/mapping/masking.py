"""Masks personal data so that it keeps its form: a test of it still tests the same.

Each character becomes another of its kind at its place, whatever it was: 高橋様 and
佐藤様 both become 見本様. Nothing of the original can be told from the result but its
length, its kinds of characters, legal forms such as （株）, and free-mail domains.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping

from tasuki.mapping.concepts import concept
from tasuki.model.record import FieldFacts

_PERSONAL = frozenset(
    {
        "email",
        "last_name",
        "first_name",
        "full_name",
        "kana",
        "phone",
        "mobile",
        "fax",
        "street",
        "notes",
        "company",
        "website",
    }
)
_KANJI = "見本太郎花子仮名例文"
_HIRAGANA = "みほんたろうはなこ"
_KATAKANA = "ミホンタロウハナコ"
_HALF_KANA = "ﾐﾎﾝﾀﾛｳﾊﾅｺ"
_LETTERS = "sample"
_DIGITS = "0123456789"
_KEPT_DIGITS = 6  # area code and exchange: what decides how a number is written
_KEPT = re.compile(
    r"株式会社|有限会社|合同会社|合資会社|合名会社|\(株\)|（株）|㈱|\(有\)|（有）|㈲"
    r"|一般社団法人|学校法人|医療法人|Inc\.?|Ltd\.?|Co\.|様|さま|殿|https?://|www\.",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"^(?P<local>[^@＠]*)(?P<at>[@＠])(?P<domain>.*)$", re.DOTALL)


def personal_fields(
    names: Collection[str], said: Collection[str], labels: Mapping[str, str]
) -> frozenset[str]:
    """Return which of these source fields are personal: said so, or called so.

    Args:
        names: The fields read.
        said: `pii:` of the mapping.
        labels: What the system calls its fields.
    """
    return frozenset(
        name
        for name in names
        if name in said or concept(FieldFacts(name, labels.get(name, ""))) in _PERSONAL
    )


def masked(value: object, kept_domains: Collection[str] = ()) -> object:
    """Return a value in the same form that tells nothing of the original.

    Args:
        value: Text; lists and dicts are masked throughout, other values are kept.
        kept_domains: Mail domains that nobody is known by, such as gmail.com.
    """
    if isinstance(value, str):
        return _text(value, kept_domains)
    if isinstance(value, list):
        return [masked(each, kept_domains) for each in value]
    if isinstance(value, Mapping):
        return {name: masked(each, kept_domains) for name, each in value.items()}
    return value


def _text(text: str, kept_domains: Collection[str]) -> str:
    address = _EMAIL.match(text)
    if address is None:
        return "".join(_pieces(text))
    domain = address["domain"]
    plain = unicodedata.normalize("NFKC", domain).strip().lower()
    kept = plain in kept_domains
    local = "".join(_pieces(address["local"]))
    return f"{local}{address['at']}{domain if kept else _domain(domain)}"


def _domain(domain: str) -> str:
    """Mask the name in a domain; what stands behind it (co.jp, com) is no name."""
    labels = domain.split(".")
    second_level = len(labels) > 2 and len(labels[-2].strip()) <= 2  # noqa: PLR2004
    behind = 2 if second_level or len(labels) > 2 else 1  # noqa: PLR2004
    ends = labels[-behind:] if second_level else labels[-1:]
    named = labels[: len(labels) - len(ends)]
    return ".".join(["".join(_pieces(one)) for one in named] + ends)


def _pieces(text: str) -> Iterator[str]:
    """Yield the text with everything masked but what is kept whole."""
    digits = _counter()
    letters = _counter()
    behind = 0
    for kept in _KEPT.finditer(text):
        yield from _characters(text[behind : kept.start()], digits, letters)
        yield kept.group()
        behind = kept.end()
    yield from _characters(text[behind:], digits, letters)


def _counter() -> Callable[[], int]:
    numbers = iter(range(10**9))
    return lambda: next(numbers)


def _characters(
    text: str, digits: Callable[[], int], letters: Callable[[], int]
) -> Iterator[str]:
    for character in text:
        if character.isdecimal():
            place = digits()
            yield character if place < _KEPT_DIGITS else _digit(character, place)
        else:
            yield _letter(character, letters)


def _digit(character: str, place: int) -> str:
    """Return another digit of the same width."""
    zero = chr(ord(character) - unicodedata.decimal(character))
    return chr(ord(zero) + int(_DIGITS[(place + 1) % 10]))


def _letter(character: str, counter: Callable[[], int]) -> str:
    name = unicodedata.name(character, "")
    for kind, samples in (
        ("CJK UNIFIED", _KANJI),
        ("CJK COMPATIBILITY IDEOGRAPH", _KANJI),
        ("HIRAGANA LETTER", _HIRAGANA),
        ("HALFWIDTH KATAKANA LETTER", _HALF_KANA),
        ("KATAKANA LETTER", _KATAKANA),
    ):
        if name.startswith(kind):
            return samples[counter() % len(samples)]
    if unicodedata.category(character) not in {"Lu", "Ll", "Lo"}:
        return character  # ー too, which people also write for a hyphen
    sample = _LETTERS[counter() % len(_LETTERS)]
    if character.isupper():
        sample = sample.upper()
    if unicodedata.east_asian_width(character) == "F":
        return chr(ord(sample) + 0xFEE0)  # full-width forms, in the same order
    return sample
