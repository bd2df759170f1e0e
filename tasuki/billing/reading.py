"""Reads the mapped fields of an invoice into values; notes every problem on the way."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeVar

from tasuki.billing.calendar import to_day
from tasuki.billing.errors import BillingError
from tasuki.billing.problem import Problem, problem
from tasuki.billing.rounding import Rounding, exact_decimal
from tasuki.billing.tax import TaxClass
from tasuki.billing.values import (
    Delivery,
    Discount,
    InvoiceDocument,
    Line,
    PriceMode,
    RoundingUnit,
    Withholding,
    WithholdingKind,
)

Fields = Mapping[str, object]
_Choice = TypeVar("_Choice", bound=StrEnum)

_CURRENCY_LETTERS: Final = 3
_MOST_DECIMALS: Final = 4


def read_document(fields: Fields) -> tuple[InvoiceDocument | None, tuple[Problem, ...]]:
    """Read an invoice from fields.

    Args:
        fields: ``lines`` (or ``deliveries`` with lines), each line with
            ``description``, ``quantity``, ``unit_price``, ``tax``, and perhaps
            ``unit``, ``discount``, ``price_mode``, ``withholding``,
            ``reduced_mark``; for the whole ``currency``, ``price_mode``,
            ``tax_rounding``, ``line_rounding``,
            ``rounding_unit``, ``document_discount``, ``withholding``, ``issuer_type``,
            ``prepaid``, ``supply_date``, ``fx_rate``, ``minor_digits``. Other fields
            are not looked at. Without a supply date the billing date decides the rates.

    Returns:
        The document and its problems; None where they keep sums from being calculated.
    """
    reading = Reading()
    document = reading.document(fields)
    problems = tuple(reading.problems)
    is_readable = all(found.code == "description_missing" for found in problems)
    return (document if is_readable else None), problems


class Reading:
    """One pass over the fields of a document, and the problems met."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def document(self, fields: Fields) -> InvoiceDocument:
        """Read the whole; meaningful only when no problem was noted."""
        rounding = Rounding.FLOOR
        rate = self.number(fields.get("fx_rate"), "fx_rate", required=False)
        return InvoiceDocument(
            deliveries=self._deliveries(fields),
            currency=self._currency(fields.get("currency")),
            price_mode=self.choice(fields, "price_mode", PriceMode.EXCLUSIVE),
            tax_rounding=self.choice(fields, "tax_rounding", rounding),
            line_rounding=self.choice(fields, "line_rounding", rounding),
            rounding_unit=self.choice(fields, "rounding_unit", RoundingUnit.INVOICE),
            discount=self._discount(fields.get("document_discount")),
            withholding=self._withholding(fields),
            prepaid=self.amount(fields.get("prepaid"), "prepaid"),
            supplied_on=self.day(fields, "supply_date") or self._billed_on(fields),
            fx_rate=rate,
            decimals=self._decimals(fields.get("minor_digits")),
        )

    def note(self, code: str, field: str, detail: str = "") -> None:
        """Record a problem once."""
        found = problem(code, field, detail)
        if found not in self.problems:
            self.problems.append(found)

    def day(self, fields: Fields, name: str) -> date | None:
        """Read an optional day."""
        try:
            return to_day(fields.get(name))
        except BillingError:
            self.note("date_invalid", name)
            return None

    def number(
        self, value: object, field: str, *, required: bool = True
    ) -> Decimal | None:
        """Read an exact number."""
        if value is None or (isinstance(value, str) and not value.strip()):
            if required:
                self.note("number_missing", field)
            return None
        try:
            return exact_decimal(value)
        except BillingError as error:
            self.note("number_invalid", field, error.what)
            return None

    def amount(self, value: object, field: str) -> Decimal:
        """Read an optional amount; nothing is zero."""
        return self.number(value, field, required=False) or Decimal(0)

    def choice(
        self, fields: Fields, name: str, default: _Choice, where: str = ""
    ) -> _Choice:
        """Read one of a few words."""
        value = fields.get(name)
        if value is None or value == "":
            return default
        kind = type(default)
        try:
            return kind(str(value))
        except ValueError:
            self.note("choice_unknown", where + name, ", ".join(kind))
            return default

    def _billed_on(self, fields: Fields) -> date | None:
        return self.day(fields, "billing_date")

    def _currency(self, value: object) -> str:
        if value is None or value == "":
            return "JPY"
        if not (isinstance(value, str) and _is_currency(value)):
            self.note("currency_unknown", "currency")
            return "JPY"
        return value

    def _decimals(self, value: object) -> int | None:
        if value is None:
            return None
        if type(value) is not int or not 0 <= value <= _MOST_DECIMALS:
            self.note("choice_unknown", "minor_digits", f"0 … {_MOST_DECIMALS}")
            return None
        return value

    def _deliveries(self, fields: Fields) -> tuple[Delivery, ...]:
        slips = _entries(fields.get("deliveries"))
        if slips is None:
            return (Delivery(self._lines(fields.get("lines"), "lines")),)
        if not slips:
            self.note("lines_missing", "deliveries")
        return tuple(
            self._delivery(slip, f"deliveries[{i}]") for i, slip in enumerate(slips)
        )

    def _delivery(self, slip: object, where: str) -> Delivery:
        if not isinstance(slip, Mapping):
            self.note("line_invalid", where)
            return Delivery(())
        name = slip.get("slip")
        return Delivery(
            lines=self._lines(slip.get("lines"), f"{where}.lines"),
            delivered_on=self.day(slip, "delivered_on"),
            slip=None if name is None else str(name),
        )

    def _lines(self, value: object, where: str) -> tuple[Line, ...]:
        entries = _entries(value)
        if not entries:
            self.note("lines_missing", where)
            return ()
        return tuple(
            self._line(entry, f"{where}[{i}]") for i, entry in enumerate(entries)
        )

    def _line(self, entry: object, where: str) -> Line:
        fields: Fields = entry if isinstance(entry, Mapping) else {}
        if not isinstance(entry, Mapping):
            self.note("line_invalid", where)
        quantity = self.number(fields.get("quantity"), f"{where}.quantity")
        price = self.number(fields.get("unit_price"), f"{where}.unit_price")
        mode = fields.get("price_mode")
        unit = fields.get("unit")
        return Line(
            description=self._description(fields.get("description"), where),
            quantity=quantity or Decimal(0),
            unit_price=price or Decimal(0),
            tax_class=self._tax_class(fields, where),
            discount=self.amount(fields.get("discount"), f"{where}.discount"),
            price_mode=self.choice(
                fields, "price_mode", PriceMode.EXCLUSIVE, f"{where}."
            )
            if mode
            else None,
            withholding=fields.get("withholding") is not False,
            unit=None if unit is None else str(unit),
            reduced_mark=fields.get("reduced_mark") is True,
        )

    def _description(self, value: object, where: str) -> str:
        text = "" if value is None else str(value).strip()
        if not text:
            self.note("description_missing", f"{where}.description")
        return text

    def _tax_class(self, fields: Fields, where: str) -> TaxClass:
        name = "tax" if "tax" in fields or "tax_class" not in fields else "tax_class"
        value = fields.get(name)
        if value is None or value == "":
            self.note("tax_class_missing", f"{where}.{name}")
        elif isinstance(value, str) and value in list(TaxClass):
            return TaxClass(value)
        else:
            self.note("tax_class_unknown", f"{where}.{name}", str(value)[:40])
        return TaxClass.STANDARD

    def _discount(self, value: object) -> Discount | None:
        if value is None:
            return None
        if not isinstance(value, Mapping):
            return Discount(self.amount(value, "document_discount"))
        amount = self.amount(value.get("amount"), "document_discount.amount")
        allocation = value.get("allocation", "proportional")
        if allocation == "proportional":
            return Discount(amount)
        where = "document_discount."
        return Discount(
            amount, self.choice(value, "allocation", TaxClass.STANDARD, where)
        )

    def _withholding(self, fields: Fields) -> Withholding | None:
        value = fields.get("withholding")
        if not isinstance(value, Mapping):
            if value:
                self.note("choice_unknown", "withholding", "{kind, base}")
            return None
        where = "withholding."
        return Withholding(
            kind=self.choice(value, "kind", WithholdingKind.FEE, where),
            base=self.choice(value, "base", PriceMode.EXCLUSIVE, where),
            issuer_is_individual=fields.get("issuer_type", "individual")
            == "individual",
        )


def _entries(value: object) -> Sequence[object] | None:
    if value is None or isinstance(value, (str, bytes, Mapping)):
        return None
    return tuple(value) if isinstance(value, Iterable) else None


def _is_currency(code: str) -> bool:
    return len(code) == _CURRENCY_LETTERS and code.isascii() and code.isupper()
