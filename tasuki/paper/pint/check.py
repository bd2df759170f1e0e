"""Looks at a JP PINT invoice for what the official rules do not see, and its sums.

The official rules take a registration number with a wrong check digit, a line without
a rate, and a price that does not give its line's amount. Sums are looked at again, so
that a file can be judged without the official rules at hand.
"""

import math
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final, NamedTuple

from tasuki.billing.errors import BillingError
from tasuki.billing.qualified import is_registration_number
from tasuki.billing.rounding import minor_digits
from tasuki.paper.pint.ubl import CAC, CBC, UBL
from tasuki.paper.pint.writing import BILLING, NON_TAX

_SPACES: Final = {"u": UBL, "a": CAC, "b": CBC}
_TYPES: Final = {BILLING: "380", NON_TAX: "480"}
_NOUGHT: Final = frozenset({"E", "G"})
_TAXED: Final = frozenset({"S", "AA"})
_Key = tuple[str, str]


class Finding(NamedTuple):
    """One thing that is wrong with a file; `rule` names who says so."""

    rule: str
    where: str
    words: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.where}: {self.words}"


def check_xml(content: bytes) -> list[Finding]:
    """Return what is wrong with a digital invoice; empty where nothing was found.

    Raises:
        BillingError: It is no UBL invoice.
    """
    return list(_Checking(read_xml(content)).findings())


def read_xml(content: bytes) -> ET.Element:
    """Return the root of an invoice.

    Raises:
        BillingError: It is no UBL invoice, or declares entities.
    """
    remedy = "Name a JP PINT invoice: an XML file of UBL 2.1."
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise BillingError("invoice", "the file declares a document type", remedy)
    try:
        root = ET.fromstring(content)  # noqa: S314 - without entities, as seen above
    except (ET.ParseError, ValueError, LookupError) as error:
        raise BillingError("invoice", f"this is no XML ({error})", remedy) from None
    if root.tag != f"{{{UBL}}}Invoice":
        raise BillingError("invoice", "this is no UBL invoice", remedy)
    return root


class _Checking:
    """One look at one file."""

    def __init__(self, root: ET.Element) -> None:
        self._root = root
        self._currency = self._text(root, "b:DocumentCurrencyCode") or "JPY"
        self._is_taxed = self._text(root, "b:CustomizationID") != NON_TAX

    def findings(self) -> Iterator[Finding]:
        yield from self._head()
        yield from self._amounts()
        yield from self._lines()
        yield from self._classes()
        yield from self._totals()

    def _text(self, place: ET.Element, path: str) -> str:
        return (place.findtext(path, "", _SPACES) or "").strip()

    def _number(self, place: ET.Element, path: str) -> Decimal:
        """Return a number; zero where there is none."""
        return _decimal(self._text(place, path)) or Decimal(0)

    # The head

    def _head(self) -> Iterator[Finding]:
        kind = self._text(self._root, "b:CustomizationID")
        if kind not in _TYPES:
            words = f"'{kind}' is no specification of JP PINT"
            yield Finding("T-kind", "CustomizationID", words)
        number = self._text(self._root, "b:InvoiceTypeCode")
        if kind in _TYPES and number != _TYPES[kind]:
            words = f"'{number}' is not {_TYPES[kind]}; a credit note has it too"
            yield Finding("T-kind", "InvoiceTypeCode", words)
        if self._root.find(".//a:InvoicePeriod", _SPACES) is None:
            words = "there is none: it says the date of supply"
            yield Finding("T-period", "InvoicePeriod", words)
        for name in ("b:ID", "b:IssueDate"):
            if not self._text(self._root, name):
                yield Finding("T-head", name[2:], "there is none")
        yield from self._parties()

    def _parties(self) -> Iterator[Finding]:
        seller = "a:AccountingSupplierParty/a:Party"
        for who in (seller, "a:AccountingCustomerParty/a:Party"):
            name = self._text(
                self._root, f"{who}/a:PartyLegalEntity/b:RegistrationName"
            )
            where = who.split("/")[0].removeprefix("a:Accounting")
            if not name:
                yield Finding("T-name", where, "the party has no name")
            if not self._text(self._root, f"{who}/b:EndpointID"):
                words = "no EndpointID: no access point can deliver it"
                yield Finding("T-endpoint", where, words)
        registered = self._text(self._root, f"{seller}/a:PartyTaxScheme/b:CompanyID")
        if self._is_taxed and not is_registration_number(registered):
            words = f"'{registered}' is no registration number with its check digit"
            yield Finding("T-number", "SupplierParty", words)
        if not self._is_taxed and registered:
            words = "an issuer who is not registered must not show a number"
            yield Finding("T-number", "SupplierParty", words)

    # Every amount

    def _amounts(self) -> Iterator[Finding]:
        for place in self._root.iter():
            currency = place.get("currencyID")
            if currency is None:
                continue
            name = place.tag.rpartition("}")[2]
            value = _decimal((place.text or "").strip())
            if value is None:
                yield Finding("T-amount", name, f"'{place.text}' is no number")
            elif name != "PriceAmount" and _finer(value, minor_digits(currency)):
                words = f"{value:f} has more decimals than {currency}"
                yield Finding("T-decimals", name, words)
            elif name == "PriceAmount" and value < 0:
                yield Finding("T-price", name, "a price is never negative")

    # Lines and categories

    def _lines(self) -> Iterator[Finding]:
        unit = Decimal(1).scaleb(-minor_digits(self._currency))
        for line in self._root.iterfind("a:InvoiceLine", _SPACES):
            where = f"line {self._text(line, 'b:ID')}"
            if not self._text(line, "a:Item/b:Name"):
                yield Finding("T-item", where, "it does not say what was supplied")
            code, percent = self._key(line, "a:Item/a:ClassifiedTaxCategory")
            if not code or (not percent and code != "O"):
                yield Finding("T-rate", where, "it has no tax category with its rate")
            base = self._number(line, "a:Price/b:BaseQuantity") or Decimal(1)
            price = self._number(line, "a:Price/b:PriceAmount")
            exact = Fraction(self._number(line, "b:InvoicedQuantity"))
            exact = exact * Fraction(price) / Fraction(base)
            exact -= Fraction(self._allowance(line))
            net = self._number(line, "b:LineExtensionAmount")
            if abs(exact - Fraction(net)) >= Fraction(unit):
                words = f"quantity × price gives {float(exact):.2f}, not {net:f}"
                yield Finding("T-line", where, words)

    def _allowance(self, place: ET.Element) -> Decimal:
        """Return the allowances of a line or of the document, less its charges."""
        found = Decimal(0)
        for one in place.iterfind("a:AllowanceCharge", _SPACES):
            amount = self._number(one, "b:Amount")
            is_charge = self._text(one, "b:ChargeIndicator") == "true"
            found += -amount if is_charge else amount
        return found

    def _key(self, place: ET.Element, path: str) -> _Key:
        percent = _decimal(self._text(place, f"{path}/b:Percent"))
        shown = "" if percent is None else f"{percent.normalize():f}"
        return self._text(place, f"{path}/b:ID"), shown

    def _classes(self) -> Iterator[Finding]:
        nets: dict[_Key, Decimal] = defaultdict(Decimal)
        for line in self._root.iterfind("a:InvoiceLine", _SPACES):
            key = self._key(line, "a:Item/a:ClassifiedTaxCategory")
            nets[key] += self._number(line, "b:LineExtensionAmount")
        for one in self._root.iterfind("a:AllowanceCharge", _SPACES):
            amount = self._number(one, "b:Amount")
            is_charge = self._text(one, "b:ChargeIndicator") == "true"
            nets[self._key(one, "a:TaxCategory")] += amount if is_charge else -amount
        stated: dict[_Key, Decimal] = {}
        for part in self._breakdown():
            key = self._key(part, "a:TaxCategory")
            where = " ".join(one for one in key if one)
            if key in stated:
                yield Finding("T-category", where, "it stands there twice")
            stated[key] = self._number(part, "b:TaxableAmount")
            yield from self._tax(part, key, where)
        for key in sorted({*nets, *stated}):
            where = f"{key[0]} {key[1]}".strip()
            if nets.get(key, Decimal(0)) != stated.get(key, Decimal(0)):
                words = f"lines give {nets.get(key, 0)}, not {stated.get(key, 0)}"
                yield Finding("T-category", where, words)

    def _breakdown(self) -> list[ET.Element]:
        total = self._root.find("a:TaxTotal", _SPACES)
        return [] if total is None else total.findall("a:TaxSubtotal", _SPACES)

    def _tax(self, part: ET.Element, key: _Key, where: str) -> Iterator[Finding]:
        code, percent = key
        tax = self._number(part, "b:TaxAmount")
        if code == "O" and percent:
            yield Finding("T-rate", where, "what is out of scope has no rate")
        if code in _NOUGHT and percent not in {"0", ""}:
            yield Finding("T-rate", where, "its rate is 0")
        if code in _TAXED and self._is_taxed:
            scale = 10 ** minor_digits(self._currency)
            base = Fraction(self._number(part, "b:TaxableAmount")) * scale
            exact = base * Fraction(_decimal(percent) or 0) / 100
            if not math.floor(exact) <= Fraction(tax) * scale <= math.ceil(exact):
                words = f"{tax:f} is not one rounding of {float(exact / scale):.2f}"
                yield Finding("T-tax", where, words)
        elif tax:
            yield Finding("T-tax", where, f"{tax:f} where there is no tax")

    # Totals

    def _totals(self) -> Iterator[Finding]:
        stated = {
            name: self._number(self._root, f"a:LegalMonetaryTotal/b:{name}")
            for name in (
                "LineExtensionAmount", "TaxExclusiveAmount", "TaxInclusiveAmount",
                "AllowanceTotalAmount", "ChargeTotalAmount", "PrepaidAmount",
                "PayableRoundingAmount", "PayableAmount",
            )
        }  # fmt: skip
        tax = self._number(self._root, "a:TaxTotal/b:TaxAmount")
        lines = sum(
            (
                self._number(one, "b:LineExtensionAmount")
                for one in self._root.iterfind("a:InvoiceLine", _SPACES)
            ),
            Decimal(0),
        )
        taxes = sum(
            (self._number(one, "b:TaxAmount") for one in self._breakdown()), Decimal(0)
        )
        allowed = stated["AllowanceTotalAmount"] - stated["ChargeTotalAmount"]
        exclusive, inclusive = (
            stated["TaxExclusiveAmount"],
            stated["TaxInclusiveAmount"],
        )
        paid = stated["PrepaidAmount"] - stated["PayableRoundingAmount"]
        for name, found, wanted in (
            ("LineExtensionAmount", stated["LineExtensionAmount"], lines),
            ("AllowanceTotalAmount", allowed, self._allowance(self._root)),
            ("TaxExclusiveAmount", exclusive, lines - allowed),
            ("TaxTotal", tax, taxes),
            ("TaxInclusiveAmount", inclusive, exclusive + tax),
            ("PayableAmount", stated["PayableAmount"], inclusive - paid),
        ):
            if found != wanted:
                words = f"{found:f} stands there, {wanted:f} follows from the rest"
                yield Finding("T-total", name, words)


def _decimal(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _finer(value: Decimal, digits: int) -> bool:
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and exponent < -digits
