"""`issuer.yaml`: who bills, as it stands on invoices that Tasuki itself sets."""

import re
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from tasuki.billing.qualified import is_registration_number
from tasuki.japan.corporate import corporate_number
from tasuki.mapping.files import read_document
from tasuki.mapping.problem import Problems, nearest
from tasuki.mapping.yaml_text import Document
from tasuki.model.errors import ConfigError
from tasuki.paper.values import Address, BankAccount, Issuer

FILE = "issuer.yaml"
_EXAMPLE = """\
Write one, for example:
    name: 株式会社サンプル
    registration_number: T7000012050002
    address: {postal_code: 105-0014, prefecture: 東京都, city: 港区, street: 芝1-1-1}
    bank_accounts:
      - {bank: 例銀行, branch: 本店, number: "1234567", holder: カ）サンプル}"""
_PEPPOL = re.compile(r"\d{4}:\S+")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Address(_Part):
    postal_code: str = ""
    prefecture: str = ""
    city: str = ""
    street: str = ""
    building: str = ""


class _Account(_Part):
    bank: str = Field(min_length=1)
    branch: str = Field(min_length=1)
    number: str = Field(pattern=r"^[0-9]{1,8}$")
    holder: str = Field(min_length=1)
    kind: str = "普通"


class _Issuer(_Part):
    name: str = Field(min_length=1)
    registration_number: str = ""
    registered_from: date | None = None
    registered_until: date | None = None
    corporate_number: str = ""
    peppol_id: str = ""
    address: _Address = _Address()
    phone: str = ""
    email: str = ""
    person: str = ""
    bank_accounts: list[_Account] = Field(default_factory=list, max_length=6)
    fees: str = ""
    note: str = ""

    @field_validator("registration_number")
    @classmethod
    def _has_its_check_digit(cls, text: str) -> str:
        if text and not is_registration_number(text):
            msg = f"'{text}' is no registration number: T, 13 digits, right check digit"
            raise ValueError(msg)
        return text

    @field_validator("corporate_number")
    @classmethod
    def _is_corporate(cls, text: str) -> str:
        if text and corporate_number(text) != text:
            msg = f"'{text}' is no corporate number: its check digit is not right"
            raise ValueError(msg)
        return text

    @field_validator("peppol_id")
    @classmethod
    def _has_its_scheme(cls, text: str) -> str:
        if text and not _PEPPOL.fullmatch(text):
            msg = f"'{text}' is no Peppol id such as 0188:7000012050002"
            raise ValueError(msg)
        return text


_PARTS: dict[str, type[_Part]] = {"address": _Address, "bank_accounts": _Account}


def load_issuer(root: Path) -> Issuer:
    """Read who bills.

    Raises:
        ConfigError: there is no such file.
        MappingError: all problems of it.
    """
    path = root / FILE
    if not path.is_file():
        raise ConfigError(str(path), "there is no such file", _EXAMPLE)
    problems = Problems()
    document = read_document(FILE, path, problems)
    found: Issuer | None = None
    if document is not None:
        try:
            found = _issuer(_Issuer.model_validate(document.value))
        except ValidationError as error:
            _note(document, error, problems)
    problems.raise_any()
    assert found is not None  # noqa: S101 - else there were problems
    return found


def _issuer(read: _Issuer) -> Issuer:
    return Issuer(
        name=read.name,
        registration_number=read.registration_number,
        registered_from=read.registered_from,
        registered_until=read.registered_until,
        corporate_number=read.corporate_number,
        peppol_id=read.peppol_id,
        address=Address(**read.address.model_dump()),
        phone=read.phone,
        email=read.email,
        person=read.person,
        bank_accounts=tuple(
            BankAccount(**one.model_dump()) for one in read.bank_accounts
        ),
        fees=read.fees,
        note=read.note,
    )


def _note(document: Document, error: ValidationError, problems: Problems) -> None:
    for one in error.errors(include_url=False):
        place = one["loc"]
        if one["type"] == "extra_forbidden":
            known = _PARTS.get(str(place[0]), _Issuer).model_fields
            listed = f"Known: {', '.join(known)}."
            word = str(place[-1])
            remedy, what = nearest(word, known, listed), f"unknown key '{word}'"
            problems.add(document.key_problem(place, what, remedy))
            continue
        words = one["msg"].removeprefix("Value error, ")
        name = ".".join(str(part) for part in place)
        problems.add(document.problem(place, f"{name}: {words}" if name else words))
