"""A mapped invoice in Tasuki's words, as freee請求書 wants to hear it."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from .settings import TOKYO, FreeeSettings

_ROUNDING: Final = {"floor": "omit", "round": "round", "ceil": "round_up"}
_ENTRY: Final = {"exclusive": "out", "inclusive": "in"}

# freee prints one 0 % for 非課税, 輸出免税 and 不課税; only 税区分コード tells which.
_TAXES: Final[Mapping[str, tuple[int, bool]]] = {
    "standard": (10, False),
    "reduced": (8, True),
    "legacy8": (8, False),
    "exempt": (0, False),
    "export": (0, False),
    "out_of_scope": (0, False),
}

_TEXTS: Final = {
    "subject": 255,
    "invoice_note": 4000,
    "invoice_number": 255,
    "partner_code": 255,
    "partner_display_name": 255,
    "partner_contact_name": 255,
    "partner_contact_department": 255,
    "partner_contact_email_to": 255,
    "partner_contact_email_cc": 255,
    "partner_address_zipcode": 10,
    "partner_address_street_name1": 255,
    "partner_address_street_name2": 255,
    "partner_bank_account": 255,
    "company_contact_name": 255,
    "company_name": 255,
    "company_description": 255,
    "bank_account_to_transfer": 255,
}
_DATES: Final = ("billing_date", "payment_date", "issue_date")
_NUMBERS: Final = ("partner_id", "template_id", "partner_address_prefecture_code")
_CHOICES: Final = {
    "partner_title": ("御中", "様", "(空白)"),
    "payment_type": ("transfer", "direct_debit", "card"),
    "partner_sending_method": ("email", "posting", "email_and_posting"),
}
_LINE_NUMBERS: Final = ("account_item_id", "tax_code", "item_id", "section_id")
_LINE_FIELDS: Final = {
    "type", "description", "quantity", "unit_price", "tax", "unit", "sales_date",
    "discount", "withholding", "price_mode", "reduced_mark", *_LINE_NUMBERS,
}  # fmt: skip
_OTHERS: Final = {
    "lines", "memo", "price_mode", "tax_rounding", "line_rounding", "withholding",
    "supply_date", "currency", "kind", "issuer_type", "rounding_unit",
}  # fmt: skip
FIELDS: Final = frozenset({*_TEXTS, *_DATES, *_NUMBERS, *_CHOICES, *_OTHERS})
"""Every field that a mapping to freee/invoice may fill."""

_MEMO: Final = 2000
_DESCRIPTION: Final = 255
_LARGEST_QUANTITY: Final = Decimal("99999999.999")
_LARGEST_PRICE: Final = Decimal("9999999999999.999")
_STEP: Final = Decimal("0.001")


class UnfitError(ValueError):
    """The payload cannot become a freee invoice: what is wrong, and what to do."""

    def __init__(self, code: str, words: str, remedy: str) -> None:
        super().__init__(code, words, remedy)
        self.code = code
        self.words = words
        self.remedy = remedy


def to_request(
    fields: Mapping[str, object], mark: str, settings: FreeeSettings
) -> dict[str, object]:
    """Return the body of POST /iv/invoices, but for the company.

    Raises:
        UnfitError: freee would refuse it, or it would say something else than meant.
    """
    body = _defaults(settings) | to_changes(fields, settings)
    for name in ("billing_date", "lines"):
        if not body.get(name):
            raise _missing(name)
    if ("partner_id" in body) == ("partner_code" in body):
        raise UnfitError(
            code="partner",
            words="exactly one of partner_id and partner_code is needed",
            remedy="Let the mapping fill `partner_id` from the customer's link.",
        )
    _check_number(body, settings)
    body["memo"] = memo_with(fields.get("memo"), mark)
    return body


def to_changes(
    fields: Mapping[str, object], settings: FreeeSettings
) -> dict[str, object]:
    """Return the given fields in freee's words, without memo and defaults."""
    _check_fields(fields)
    body: dict[str, object] = {}
    readers: list[tuple[Sequence[str], Callable[[Mapping[str, object], str], object]]]
    readers = [
        (tuple(_TEXTS), _text),
        (_DATES, _day),
        (_NUMBERS, _number),
        (tuple(_CHOICES), _choice),
    ]
    for names, read in readers:
        for name in names:
            if fields.get(name) not in {None, ""}:
                body[name] = read(fields, name)
    for name, target, words in (
        ("price_mode", "tax_entry_method", _ENTRY),
        ("tax_rounding", "tax_fraction", _ROUNDING),
        ("line_rounding", "line_amount_fraction", _ROUNDING),
    ):
        if fields.get(name) is not None:
            body[target] = _word(fields, name, words)
    if fields.get("lines") is not None:
        body["lines"] = _lines(fields, settings)
    return body


def memo_with(memo: object, mark: str) -> str:
    """Return 社内メモ with our mark on a line of its own at the end, cut to fit."""
    words = str(memo).strip() if memo is not None else ""
    room = _MEMO - len(mark) - 1
    if len(words) > room:
        words = words[: room - 1] + "…"
    return f"{words}\n{mark}" if words else mark


def carries(memo: object, mark: str) -> bool:
    """Say whether the memo holds exactly this mark, not a longer one."""
    edge = r"[0-9A-Za-z_-]"
    return bool(re.search(rf"(?<!{edge}){re.escape(mark)}(?!{edge})", str(memo or "")))


def full_mark(mark: str, prefix: str) -> str:
    """Return the mark as it stands in the memo."""
    return mark if mark.startswith(prefix) else f"{prefix}{mark}"


def to_lines(lines: object) -> list[dict[str, object]]:
    """Return freee's lines in Tasuki's words; every 0 % reads as `exempt`."""
    names = {(8, True): "reduced", (8, False): "legacy8", (10, False): "standard"}
    found: list[dict[str, object]] = []
    for line in lines if isinstance(lines, list) else ():
        row = {"description": line.get("description")}
        if line.get("type") == "text":
            found.append(row | {"type": "text"})
            continue
        rate = (int(line.get("tax_rate") or 0), bool(line.get("reduced_tax_rate")))
        row |= {
            "quantity": line.get("quantity"),
            "unit_price": Decimal(str(line.get("unit_price") or 0)),
            "tax": names.get(rate, "exempt"),
        }
        if line.get("unit"):
            row["unit"] = line["unit"]
        found.append(row)
    return found


def _defaults(settings: FreeeSettings) -> dict[str, object]:
    body: dict[str, object] = {
        "tax_entry_method": _ENTRY[settings.price_mode],
        "tax_fraction": _ROUNDING[settings.tax_rounding],
        "line_amount_fraction": _ROUNDING[settings.line_rounding],
        "withholding_tax_entry_method": _ENTRY[settings.withholding_price_mode],
        "partner_title": settings.partner_title,
    }
    if settings.template_id:
        body["template_id"] = settings.template_id
    return body


def _check_fields(fields: Mapping[str, object]) -> None:
    unknown = sorted(set(fields) - FIELDS)
    if unknown:
        raise UnfitError(
            code="unknown_field",
            words=f"freee invoices have no field {', '.join(unknown)}",
            remedy="Take the field out of the mapping; `tasuki fields` lists freee's.",
        )
    if str(fields.get("currency") or "JPY") != "JPY":
        raise UnfitError(
            code="currency",
            words="freee請求書 bills in yen only",
            remedy="Convert the amounts to yen in the mapping, or bill elsewhere.",
        )
    if str(fields.get("rounding_unit") or "invoice") != "invoice":
        raise UnfitError(
            code="rounding_unit",
            words="freee rounds the tax once per invoice",
            remedy="Bill each delivery by itself, or set `rounding_unit: invoice`.",
        )


def _check_number(body: dict[str, object], settings: FreeeSettings) -> None:
    has_number = "invoice_number" in body
    if settings.numbering == "ours" and not has_number:
        raise _missing(name="invoice_number")
    if settings.numbering == "auto" and has_number:
        raise UnfitError(
            code="invoice_number",
            words="freee numbers the invoices itself (自動採番)",
            remedy="Take `invoice_number` out of the mapping or set `numbering: ours`.",
        )


def _lines(
    fields: Mapping[str, object], settings: FreeeSettings
) -> list[dict[str, object]]:
    lines = fields["lines"]
    if not isinstance(lines, Sequence) or isinstance(lines, str) or not lines:
        raise _missing(name="lines")
    found: list[dict[str, object]] = []
    for place, line in enumerate(lines, 1):
        if not isinstance(line, Mapping):
            raise _unfit(code="lines", words=f"line {place} is not a set of fields")
        try:
            found.extend(_line(line, fields, settings))
        except UnfitError as error:
            words = f"line {place}: {error.words}"
            raise UnfitError(error.code, words, error.remedy) from None
    return found


def _line(
    line: Mapping[str, object], fields: Mapping[str, object], settings: FreeeSettings
) -> list[dict[str, object]]:
    unknown = sorted(set(line) - _LINE_FIELDS)
    if unknown:
        raise _unfit(
            code="unknown_field", words=f"lines have no field {', '.join(unknown)}"
        )
    description = str(line.get("description") or "").strip()
    if not description or len(description) > _DESCRIPTION:
        raise _unfit(
            code="description", words=f"a description has 1 to {_DESCRIPTION} letters"
        )
    if line.get("type") == "text":
        return [{"type": "text", "description": description}]
    mode = fields.get("price_mode") or settings.price_mode
    if str(line.get("price_mode") or mode) != str(mode):
        raise _unfit(
            code="price_mode", words="freee has one price mode (税込, 税別) per invoice"
        )
    quantity = _decimal(line, "quantity", _LARGEST_QUANTITY)
    body: dict[str, object] = {
        "type": "item",
        "description": description,
        # JSON's number: eight digits and three decimals survive a float unchanged.
        "quantity": int(quantity) if quantity == int(quantity) else float(quantity),
        "unit_price": _price(_decimal(line, "unit_price", _LARGEST_PRICE)),
        **_tax(line, settings),
        "withholding": bool(fields.get("withholding"))
        and line.get("withholding") is not False,
    }
    if line.get("unit"):
        body["unit"] = str(line["unit"])
    day = line.get("sales_date") or fields.get("supply_date")
    if day:
        body["sales_date"] = _day({"sales_date": day}, "sales_date")
    body |= {n: _number(line, n) for n in _LINE_NUMBERS if line.get(n) is not None}
    return [body, *_discount(line, body)]


def _discount(
    line: Mapping[str, object], body: Mapping[str, object]
) -> list[dict[str, object]]:
    """Return a line's discount as a line of its own: freee has none on lines."""
    if line.get("discount") in {None, "", 0}:
        return []
    amount = _decimal(line, "discount", _LARGEST_PRICE)
    words = f"値引（{body['description']}）"
    taken = {**body, "quantity": 1, "unit_price": _price(-amount)}
    taken["description"] = (
        words[: _DESCRIPTION - 1] + "）" if (len(words) > _DESCRIPTION) else words
    )
    return [taken]


def _tax(line: Mapping[str, object], settings: FreeeSettings) -> dict[str, object]:
    name = str(line.get("tax") or "")
    if name not in _TAXES:
        raise UnfitError(
            code="tax",
            words="the tax class is missing or unknown",
            remedy=f"Let the mapping fill `tax` with one of {', '.join(_TAXES)}; bare "
            "8 % is either reduced or the old rate, and only a person knows which.",
        )
    rate, reduced = _TAXES[name]
    body: dict[str, object] = {"tax_rate": rate, "reduced_tax_rate": reduced}
    code = dict(settings.tax_codes).get(name)  # type: ignore[call-overload]
    return body | ({"tax_code": code} if code is not None else {})


def _decimal(line: Mapping[str, object], name: str, largest: Decimal) -> Decimal:
    value = line.get(name)
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise _unfit(name, f"{name} is not a decimal number")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise _unfit(name, f"{name} is not a decimal number") from None
    if not number.is_finite() or abs(number) > largest:
        raise _unfit(name, f"{name} is beyond {largest}")
    if number % _STEP:
        raise _unfit(name, f"{name} has more than three decimals")
    return number


def _price(number: Decimal) -> str:
    return f"{number.quantize(_STEP):f}".rstrip("0").rstrip(".")


def _text(fields: Mapping[str, object], name: str) -> str:
    words = str(fields[name]).strip()
    if len(words) > _TEXTS[name]:
        raise _unfit(name, f"{name} is longer than {_TEXTS[name]} letters")
    return words


def _day(fields: Mapping[str, object], name: str) -> str:
    value = fields[name]
    if isinstance(value, datetime):
        return f"{value.astimezone(TOKYO):%Y-%m-%d}"
    if isinstance(value, date):
        return value.isoformat()
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise _unfit(name, f"{name} is not a day (YYYY-MM-DD)") from None


def _number(fields: Mapping[str, object], name: str) -> int:
    value = fields[name]
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    raise _unfit(name, f"{name} is not a whole number")


def _choice(fields: Mapping[str, object], name: str) -> str:
    value = str(fields[name])
    if value not in _CHOICES[name]:
        raise _unfit(name, f"{name} is none of {', '.join(_CHOICES[name])}")
    return value


def _word(fields: Mapping[str, object], name: str, words: Mapping[str, str]) -> str:
    value = str(fields[name])
    if value not in words:
        raise _unfit(name, f"{name} is none of {', '.join(words)}")
    return words[value]


def _missing(name: str) -> UnfitError:
    return UnfitError(
        "missing", f"{name} is missing", f"Let the mapping fill `{name}`."
    )


def _unfit(code: str, words: str) -> UnfitError:
    return UnfitError(code, words, "Correct the record at its source, or the mapping.")
