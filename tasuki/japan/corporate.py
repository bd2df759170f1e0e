"""Corporate numbers (法人番号) and registration numbers of qualified invoice issuers.

A right check digit means well-formed, not registered: one typing error in
fifty passes.
"""

import re
from typing import Literal, NamedTuple

from tasuki.japan.text import folded_width, hyphenated

Reason = Literal[
    "length", "non_digit", "check_digit", "unexpected_T_prefix", "missing_T_prefix"
]

_LENGTH = 13
_SEPARATORS = re.compile(r"[\s-]")
_DIGITS = re.compile("[0-9]*")


class NumberCheck(NamedTuple):
    """What was found out about a number.

    Attributes:
        valid: Whether it is well-formed.
        reason: The first thing wrong with it, or None.
        normalized: The number in its own form, with T for a registration number.
        corporate_number: The thirteen digits.
        expected_check_digit: What the first digit must be, where it can be told.
    """

    valid: bool
    reason: Reason | None = None
    normalized: str | None = None
    corporate_number: str | None = None
    expected_check_digit: int | None = None


def corporate_number(value: str | None) -> str | None:
    """Return a corporate number's thirteen digits, or None.

    Example:
        >>> corporate_number("７０００-0120-5000-2"), corporate_number("T7000012050002")
        ('7000012050002', None)
    """
    return check_corporate_number(value).normalized


def registration_number(value: str | None) -> str | None:
    """Return a registration number as T and thirteen digits, or None.

    Example:
        >>> registration_number("Ｔ-7000012050002")
        'T7000012050002'
        >>> registration_number("T1234567890123") is None
        True
    """
    return check_registration_number(value).normalized


def check_corporate_number(value: str | None) -> NumberCheck:
    """Say whether a corporate number is well-formed, and if not, why.

    Example:
        >>> check_corporate_number("7000012050003").reason
        'check_digit'
    """
    written = _written(value)
    if written.startswith("T") and _DIGITS.fullmatch(written, 1):
        return NumberCheck(
            valid=False,
            reason="unexpected_T_prefix",
            expected_check_digit=_expected(written[1:]),
        )
    return _check(written, prefix="")


def check_registration_number(value: str | None) -> NumberCheck:
    """Say whether a registration number is well-formed, and if not, why.

    Sole traders' numbers follow the same check as corporate numbers.
    """
    written = _written(value)
    if written.startswith("T"):
        return _check(written[1:], prefix="T")
    checked = _check(written, prefix="")
    if checked.valid or checked.reason == "check_digit":
        return NumberCheck(
            valid=False,
            reason="missing_T_prefix",
            expected_check_digit=checked.expected_check_digit,
        )
    return checked


def check_digit(body: str) -> int:
    """Return the check digit of a twelve-digit body.

    Weights are 1 and 2 in turn from the right: 法人番号の指定等に関する省令 第2条.

    Example:
        >>> check_digit("000012050002")
        7
    """
    odd, even = sum(map(int, body[::-2])), sum(map(int, body[-2::-2]))
    return 9 - (odd + 2 * even) % 9


def _written(value: str | None) -> str:
    return _SEPARATORS.sub("", hyphenated(folded_width(value or ""))).upper()


def _expected(digits: str) -> int | None:
    return check_digit(digits[1:]) if len(digits) == _LENGTH else None


def _check(digits: str, *, prefix: str) -> NumberCheck:
    if not _DIGITS.fullmatch(digits):
        return NumberCheck(valid=False, reason="non_digit")
    expected = _expected(digits)
    if expected is None:
        return NumberCheck(valid=False, reason="length")
    if int(digits[0]) != expected:
        return NumberCheck(
            valid=False, reason="check_digit", expected_check_digit=expected
        )
    return NumberCheck(
        valid=True,
        normalized=prefix + digits,
        corporate_number=digits,
        expected_check_digit=expected,
    )
