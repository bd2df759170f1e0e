"""Phone numbers as Japanese offices write them, in E.164 and in the domestic form.

`phonenumbers` is loaded only for what the numbering plan below does not settle: it
takes 0.1 s to import, and refuses 「(代)」 and 「内線」 outright.
"""

import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from tasuki.japan.text import folded_width

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_LONGEST = 200
_JAPAN = 81
_DASHES = re.compile("[‐-―−ー─━]")
_EXTENSION = re.compile(
    r"[\s(,;/-]*(?:内線(?:番号)?|内|ext(?:ensio)?n?|(?<![a-z])x|#)[\s.:=()-]*(?:no\.?\s*)?"
    r"([0-9]{1,8}(?:-[0-9]{1,6})?)[^0-9]*$",
    re.IGNORECASE,
)
_NOTE = re.compile(r"\([^()0-9]*\)")
_BEFORE_NUMBER = re.compile(r"^[^0-9+(]+|^\((?![0-9+])")
_AFTER_NUMBER = re.compile(r"[^0-9]+$")
_NUMBER = re.compile(r"\+?[0-9().\s/·・~〜-]+")
# One of two numbers, or the first of a range: 「03-1234-5678〜9」.
_RUN = re.compile(r"[+(]*[0-9][0-9() .-]*[0-9]")
_NOT_DIGIT = re.compile("[^0-9]+")
_TRUNK_ZERO = re.compile(r"^(\+[0-9]{1,3})[\s-]*\(0\)")
_JAPAN_AND_TRUNK_ZERO = re.compile("^810*")
_AMERICAN_GROUPS = [3, 3, 4]

# 電気通信番号計画: mobile and data 060/070/080/090, IP 050, free dial 0120 and 0800,
# 0570, and the two area codes of two digits. Other area codes are looked up.
_SETTLED = re.compile(
    r"(?:0[6-9]0[1-9]|050[1-9])[0-9]{7}|0120[0-9]{6}|0800[0-9]{7}|0570[0-9]{6}|0[36][1-9][0-9]{7}"
)
# Where the groups of those numbers end; 03 and 06 before the mobile 0[6-9]0.
_GROUPS = (
    ("03", (2, 6)),
    ("0120", (4, 7)),
    ("0570", (4, 7)),
    ("0800", (4, 7)),
    ("060", (3, 7)),
    ("06", (2, 6)),
    ("0", (3, 7)),
)
_DOMESTIC_LENGTHS = frozenset({10, 11})
_PLAIN = re.compile("0[0-9]{1,4}-[0-9]{1,4}-[0-9]{3,4}")
# A domestic number and nothing else, however its groups are set apart: the long way
# below would take it as it is. Not 00 and 010, which may lead abroad.
_SIMPLE = re.compile(
    r"\(?0(?!0|10)[0-9]{1,4}[ .)-]{0,2}[0-9]{1,4}[ .)-]{0,2}[0-9]{3,4}"
)
_WRITTEN_GROUPS = re.compile(r"(0[0-9]{1,4})[\s.()-]+([0-9]{1,4})[\s.()-]+([0-9]{3,4})")


class Phone(NamedTuple):
    """A phone number that can be dialled.

    Attributes:
        e164: The number with its country, the form to store and to compare.
        ext: The extension (内線), or None.
        national: The form to show: domestic for Japan, international for others.
    """

    e164: str
    ext: str | None
    national: str


def phone(value: str | None) -> Phone | None:
    """Take a phone number apart; None for what cannot be dialled.

    Example:
        >>> phone("０３ー１２３４ー５６７８（内線 123）")
        Phone(e164='+81312345678', ext='123', national='03-1234-5678')
    """
    if not value or len(value) > _LONGEST:
        return None
    if _PLAIN.fullmatch(value):
        plain = _domestic(value.replace("-", ""), value)
        return Phone(plain[0], None, plain[1]) if plain else None
    written = _DASHES.sub("-", folded_width(value))
    if _SIMPLE.fullmatch(written):
        simple = _domestic(_NOT_DIGIT.sub("", written), written)
        if simple:
            return Phone(simple[0], None, simple[1])
    ext = None
    if found := _EXTENSION.search(written):
        written, ext = written[: found.start()], found[1]
    for candidate in _candidates(written):
        if numbers := _e164(candidate):
            return Phone(numbers[0], ext, numbers[1])
    return None


def phone_jp(value: str | None) -> str | None:
    """Return a number as Japan writes it; a foreign one with its country.

    The writer's own groups are kept: area codes have two to five digits, and a library
    splits some of them wrongly.

    Example:
        >>> phone_jp("+81-3-1234-5678"), phone_jp("0422-12-3456"), phone_jp("未定")
        ('03-1234-5678', '0422-12-3456', None)
    """
    found = phone(value)
    return found.national if found else None


def phone_e164(value: str | None) -> str | None:
    """Return a number in E.164, the form to store and to compare.

    Example:
        >>> phone_e164("(03)1234-5678"), phone_e164("9012345678")
        ('+81312345678', '+819012345678')
    """
    found = phone(value)
    return found.e164 if found else None


def valid_phone(value: str | None) -> bool | None:
    """Say whether a text holds a number that can be dialled; None for None."""
    return None if value is None else phone(value) is not None


def _candidates(written: str) -> list[str]:
    """Return the numbers that a text may hold: all of it first, then its parts."""
    whole = _bare(written)
    return [whole, *_RUN.findall(written)] if whole else _RUN.findall(written)


def _bare(written: str) -> str:
    """Return a number without labels and notes; empty where letters stand inside it."""
    number = _BEFORE_NUMBER.sub("", _NOTE.sub("", written))
    number = _AFTER_NUMBER.sub("", number)
    return number if _NUMBER.fullmatch(number.removeprefix("(")) else ""


def _e164(written: str) -> tuple[str, str] | None:
    number = _TRUNK_ZERO.sub(r"\1", written.replace("(+", "+"))
    digits = _NOT_DIGIT.sub("", number)
    if number.startswith("+"):
        return (
            _domestic("0" + _JAPAN_AND_TRUNK_ZERO.sub("", digits), "")
            if digits[:2] == "81"
            else _foreign(digits)
        )
    for abroad in ("010", "00"):
        # 010 is Japan's prefix for calls abroad, 00 that of most other countries.
        if digits.startswith(abroad) and (found := _from_abroad(digits[len(abroad) :])):
            return found
    if digits.startswith("0"):
        return _domestic(digits, number)
    return _without_zero(number, digits)


def _from_abroad(digits: str) -> tuple[str, str] | None:
    if digits.startswith("81"):
        return _domestic("0" + _JAPAN_AND_TRUNK_ZERO.sub("", digits), "")
    return _foreign(digits)


def _without_zero(number: str, digits: str) -> tuple[str, str] | None:
    """Read a number whose leading zero a spreadsheet dropped, or whose + is missing."""
    if digits.startswith("81") and (found := _from_abroad(digits)):
        return found
    groups = [len(group) for group in _NOT_DIGIT.split(number) if group]
    return None if groups == _AMERICAN_GROUPS else _domestic("0" + digits, "")


def _domestic(digits: str, number: str) -> tuple[str, str] | None:
    if _SETTLED.fullmatch(digits):
        return f"+81{digits[1:]}", _as_written(digits, number) or _grouped(digits)
    if not _is_assigned(digits):
        return None
    return f"+81{digits[1:]}", _as_written(digits, number) or _library_form(digits)


def _as_written(digits: str, number: str) -> str | None:
    """Return the writer's own three groups, if there are three."""
    found = _WRITTEN_GROUPS.fullmatch(number.lstrip("("))
    return (
        "-".join(found.groups()) if found and len(digits) in _DOMESTIC_LENGTHS else None
    )


def _grouped(digits: str) -> str:
    first, second = next(sizes for start, sizes in _GROUPS if digits.startswith(start))
    return f"{digits[:first]}-{digits[first:second]}-{digits[second:]}"


def _is_assigned(digits: str) -> bool:
    """Say whether a domestic number exists in the plan, as the library knows it.

    00 begins a carrier's own service, which cannot be called from abroad: no E.164.
    """
    if len(digits) not in _DOMESTIC_LENGTHS or digits.startswith("00"):
        return False
    number = digits[1:]
    return all(each.fullmatch(number) for each in _library_plan(len(number)))


@cache
def _library_plan(length: int) -> tuple[re.Pattern[str], ...]:
    """Return the library's patterns for Japan: what any number is, and each kind.

    Both must match; that is what its `is_valid_number` asks, at a tenth of the time.
    """
    from phonenumbers import PhoneMetadata  # noqa: PLC0415 - heavy, see the module's note

    japan: Any = PhoneMetadata.metadata_for_region("JP")
    kinds = (japan.fixed_line, japan.mobile, japan.toll_free, japan.premium_rate)
    others = (japan.shared_cost, japan.voip, japan.personal_number, japan.pager)
    found = [
        "|".join(
            f"(?:{each.national_number_pattern})"
            for each in group
            if each is not None
            and each.national_number_pattern
            and length in each.possible_length
        )
        for group in (
            (japan.general_desc,),
            (*kinds, *others, japan.uan, japan.voicemail),
        )
    ]
    return tuple(re.compile(each or r"(?!)") for each in found)


def _library_form(digits: str) -> str:
    import phonenumbers  # noqa: PLC0415 - heavy, see the module's note

    national = phonenumbers.PhoneNumberFormat.NATIONAL
    return phonenumbers.format_number(_parsed(digits), national)


def _parsed(digits: str) -> "PhoneNumber":
    """Return a domestic number as the library parses it, at a fifth of the time."""
    from phonenumbers import PhoneNumber  # noqa: PLC0415 - heavy, see the module's note

    return PhoneNumber(country_code=_JAPAN, national_number=int(digits))


def _foreign(digits: str) -> tuple[str, str] | None:
    import phonenumbers  # noqa: PLC0415 - heavy, see the module's note

    try:
        parsed = phonenumbers.parse(f"+{digits}", None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    formats = phonenumbers.PhoneNumberFormat
    return (
        phonenumbers.format_number(parsed, formats.E164),
        phonenumbers.format_number(parsed, formats.INTERNATIONAL),
    )
