"""The normalisation rules against the vectors, one test for each row."""

from collections.abc import Callable
from typing import Any

import pytest

from tasuki.japan.address import find_prefecture, postcode
from tasuki.japan.company import company, company_match
from tasuki.japan.corporate import check_corporate_number, check_registration_number
from tasuki.japan.dates import parse_date
from tasuki.japan.email import email
from tasuki.japan.encoding import decode_csv
from tasuki.japan.number import amount
from tasuki.japan.person import person
from tasuki.japan.phone import phone
from tasuki.japan.text import kana, text
from tests.vector_files import cases


def _company_name(value: str) -> dict[str, Any]:
    found = company(value)
    names = ("core_key", "legal_form", "form_position")
    return {name: getattr(found, name, None) for name in names}


def _phone(value: str) -> dict[str, Any]:
    found = phone(value)
    if found is None:
        return {"e164": None, "ext": None, "valid": False}
    return {"e164": found.e164, "ext": found.ext, "valid": True}


def _prefecture(value: str) -> dict[str, Any]:
    found = find_prefecture(value)
    return {
        "prefecture": found.name if found else None,
        "iso": found.iso if found else None,
    }


def _email(value: str) -> dict[str, Any]:
    found = email(value)
    names = ("canonical", "match_key", "domain", "company_domain", "free_mail")
    return {name: getattr(found, name, None) for name in names}


def _person_name(value: str) -> dict[str, Any]:
    found = person(value)
    return {
        "display": found.display if found else None,
        "key": found.key if found else None,
    }


def _amount(value: str) -> str | None:
    found = amount(value)
    return None if found is None else str(found)


def _date(value: str) -> str | None:
    found = parse_date(value)
    return found.isoformat() if found else None


def _csv_decode(value: str) -> dict[str, Any]:
    found = decode_csv(bytes.fromhex(value))
    return {
        "encoding": found.encoding if found else None,
        "text": found.text if found else None,
    }


_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "company_name": _company_name,
    "company_match": lambda names: company_match(*names),
    "phone": _phone,
    "email": _email,
    "prefecture": _prefecture,
    "amount": _amount,
    "date": _date,
    "csv_decode": _csv_decode,
    "postcode": postcode,
    "person_name": _person_name,
    "text_nfkc": text,
    "kana": kana,
    "corporate_number": lambda value: check_corporate_number(value)._asdict(),
    "registration_number": lambda value: check_registration_number(value)._asdict(),
}


def _is_as_expected(answer: Any, expected: Any) -> bool:
    """Compare what a row names: a row may be silent about a field."""
    if isinstance(answer, dict):
        if expected is None:
            return not any(answer.values())
        return set(expected) <= set(answer) and all(
            answer[name] == expected[name] for name in expected
        )
    return bool(answer == expected)


@pytest.mark.vectors
@pytest.mark.parametrize("vector", cases("normalization") + cases("corporate_number"))
def test_a_value_is_normalised_as_its_vector_says(vector: dict[str, Any]) -> None:
    function = _FUNCTIONS.get(vector["kind"])
    assert function is not None, (
        f"{vector['id']}: no function for the kind '{vector['kind']}'"
    )
    answer = function(vector["input"])
    assert _is_as_expected(answer, vector["expected"]), (
        f"{answer!r}, not {vector['expected']!r}"
    )
