"""A mapped invoice in Tasuki's words, as Money Forward wants to hear it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from .amounts import CLASSES
from .client import as_decimal
from .schema import BILLING, NAMES
from .settings import TOKYO, MoneyForwardSettings

FIELDS: Final = frozenset(name for name, fact in BILLING.items() if fact.writable)
"""Every field that a mapping to `billing` may fill."""

_TEXTS: Final = (
    "subject", "memo", "payment_condition", "invoice_number", "invoice_note",
    "document_name",
)  # fmt: skip
_DATES: Final = ("billing_date", "payment_date", "sales_date")
_LINE_TEXTS: Final = {"detail": 200, "unit": 20, "delivery_number": 30}
_LINE_FIELDS: Final = frozenset(
    {
        "description", "quantity", "unit_price", "tax", "discount", "withholding",
        "price_mode", "reduced_mark", "delivery_date", "item_id", *_LINE_TEXTS,
    }
)  # fmt: skip
_DESCRIPTION: Final = 450
_TAG: Final = 255
_LARGEST: Final = Decimal(10_000_000_000)
_STEP: Final = Decimal("0.001")
_CREDIT_NOTE: Final = "返還インボイス"


class UnfitError(ValueError):
    """The payload cannot become an invoice: what is wrong, and what to do."""

    def __init__(self, code: str, words: str, remedy: str) -> None:
        super().__init__(code, words, remedy)
        self.code = code
        self.words = words
        self.remedy = remedy


def unfit(code: str, words: str) -> UnfitError:
    """Return the error of a value that is wrong in itself."""
    return UnfitError(code, words, "Correct the record at its source, or the mapping.")


def missing(name: str) -> UnfitError:
    """Return the error of a value that is not there."""
    return UnfitError(
        "missing", f"{name} is missing", f"Let the mapping fill `{name}`."
    )


def to_request(
    fields: Mapping[str, object], mark: str, settings: MoneyForwardSettings
) -> dict[str, object]:
    """Return the body that makes an invoice, but for its department.

    Raises:
        UnfitError: it would be refused, or say something else than meant.
    """
    body = to_header(fields)
    if "billing_date" not in body:
        raise missing("billing_date")
    if not (fields.get("partner_id") or fields.get("department_id")):
        remedy = "Let the mapping fill `partner_id` from the customer's link."
        raise UnfitError("partner", "there is nobody to bill", remedy)
    _check_number(body, settings)
    if fields.get("kind") == "credit_note":
        body.setdefault("document_name", _CREDIT_NOTE)
    body["tag_names"] = [*_tags(fields.get("tags")), mark]
    body["items"] = to_items(fields, settings)
    return body


def to_header(fields: Mapping[str, object]) -> dict[str, object]:
    """Return the given fields beside lines, tags and department in their words.

    Raises:
        UnfitError: a field there is not, or a value that does not fit.
    """
    _check_fields(fields)
    body: dict[str, object] = {}
    for name in _TEXTS:
        if fields.get(name) not in {None, ""}:
            body[NAMES.get(name, name)] = _text(fields, name, BILLING[name].length)
    for name in _DATES:
        if fields.get(name) not in {None, ""}:
            body[NAMES.get(name, name)] = day_of(fields, name)
    if "sales_date" not in body and fields.get("supply_date") not in {None, ""}:
        body["sales_date"] = day_of(fields, "supply_date")
    return body


def to_items(
    fields: Mapping[str, object], settings: MoneyForwardSettings
) -> list[dict[str, object]]:
    """Return the lines of an invoice in Money Forward's words."""
    lines = fields.get("lines")
    if not isinstance(lines, Sequence) or isinstance(lines, str) or not lines:
        raise missing("lines")
    found: list[dict[str, object]] = []
    for place, line in enumerate(lines, 1):
        if not isinstance(line, Mapping):
            raise unfit("lines", f"line {place} is not a set of fields")
        try:
            found.extend(_line(line, fields, settings))
        except UnfitError as error:
            words = f"line {place}: {error.words}"
            raise UnfitError(error.code, words, error.remedy) from None
    return found


def _check_fields(fields: Mapping[str, object]) -> None:
    unknown = sorted(set(fields) - FIELDS)
    if unknown:
        raise UnfitError(
            "unknown_field",
            f"Money Forward's invoices have no field {', '.join(unknown)}",
            "Take the field out of the mapping; `tasuki fields` lists those there are.",
        )
    if str(fields.get("currency") or "JPY") != "JPY":
        raise UnfitError(
            "currency",
            "クラウド請求書 bills in yen only",
            "Convert the amounts to yen in the mapping, or bill elsewhere.",
        )
    if str(fields.get("rounding_unit") or "invoice") != "invoice":
        raise UnfitError(
            "rounding_unit",
            "Money Forward rounds the tax once per invoice",
            "Bill each delivery by itself, or set `rounding_unit: invoice`.",
        )


def _check_number(body: Mapping[str, object], settings: MoneyForwardSettings) -> None:
    has_number = "billing_number" in body
    if settings.numbering == "ours" and not has_number:
        raise missing("invoice_number")
    if settings.numbering == "auto" and has_number:
        raise UnfitError(
            "invoice_number",
            "Money Forward numbers the invoices itself",
            "Take `invoice_number` out of the mapping or set `numbering: ours`.",
        )


def _tags(tags: object) -> list[str]:
    given = [tags] if isinstance(tags, str) else tags
    if given is None:
        return []
    if not isinstance(given, Sequence):
        raise unfit("tags", "tags is not a list of texts")
    texts = [str(tag).strip() for tag in given if str(tag).strip()]
    if any(len(text) > _TAG or "," in text for text in texts):
        raise unfit("tags", f"a tag has at most {_TAG} letters and no comma")
    return texts


def _line(
    line: Mapping[str, object],
    fields: Mapping[str, object],
    settings: MoneyForwardSettings,
) -> list[dict[str, object]]:
    unknown = sorted(set(line) - _LINE_FIELDS)
    if unknown:
        raise unfit("unknown_field", f"lines have no field {', '.join(unknown)}")
    description = str(line.get("description") or "").strip()
    if not description or len(description) > _DESCRIPTION:
        raise unfit("description", f"a description has 1 to {_DESCRIPTION} letters")
    mode = fields.get("price_mode") or settings.price_mode
    if str(line.get("price_mode") or mode) != str(mode):
        words = "there is one price mode (内税, 外税) per office"
        raise unfit("price_mode", words)
    body: dict[str, object] = {
        "name": description,
        "quantity": number_of(line, "quantity"),
        "price": number_of(line, "unit_price"),
        "excise": excise_of(line),
    }
    for name, most in _LINE_TEXTS.items():
        if line.get(name) not in {None, ""}:
            body[name] = _text(line, name, most)
    if line.get("delivery_date"):
        body["delivery_date"] = day_of(line, "delivery_date")
    if line.get("item_id"):
        body["item_id"] = str(line["item_id"])
    if fields.get("withholding"):  # null is for corporations
        body["is_deduct_withholding_tax"] = line.get("withholding") is not False
    return [body, *_discount(line, body)]


def _discount(
    line: Mapping[str, object], body: Mapping[str, object]
) -> list[dict[str, object]]:
    """Return a line's discount as a line of its own: there is none on lines."""
    if line.get("discount") in {None, "", 0}:
        return []
    taken = {n: v for n, v in body.items() if n not in {"item_id", "detail"}}
    words = f"値引（{body['name']}）"
    if len(words) > _DESCRIPTION:
        words = words[: _DESCRIPTION - 1] + "）"
    amount = -number_of(line, "discount")
    return [{**taken, "name": words, "quantity": 1, "price": amount}]


def excise_of(line: Mapping[str, object]) -> str:
    """Return the kind of tax of a line or an item.

    Raises:
        UnfitError: it is not said, or none of ours.
    """
    name = str(line.get("tax") or "")
    if name not in CLASSES:
        raise UnfitError(
            "tax",
            "the tax class is missing or unknown",
            f"Let the mapping fill `tax` with one of {', '.join(CLASSES)}; bare "
            "8 % is either reduced or the old rate, and only a person knows which.",
        )
    return CLASSES[name]


def number_of(line: Mapping[str, object], name: str) -> int | float:
    """Return a number as JSON has it; three decimals survive a float unchanged.

    Raises:
        UnfitError: it is none, or too large or too fine.
    """
    number = as_decimal(line.get(name))
    if number is None:
        raise unfit(name, f"{name} is not a decimal number")
    if abs(number) > _LARGEST:
        raise unfit(name, f"{name} is beyond {_LARGEST}")
    if number % _STEP:
        raise unfit(name, f"{name} has more than three decimals")
    return int(number) if number == number.to_integral_value() else float(number)


def _text(fields: Mapping[str, object], name: str, most: int | None) -> str:
    words = str(fields[name]).strip()
    if most is not None and len(words) > most:
        raise unfit(name, f"{name} is longer than {most} letters")
    return words


def day_of(fields: Mapping[str, object], name: str) -> str:
    """Return a day as text.

    Raises:
        UnfitError: it is none.
    """
    value = fields[name]
    if isinstance(value, datetime):
        return f"{value.astimezone(TOKYO):%Y-%m-%d}"
    try:
        day = value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        raise unfit(name, f"{name} is not a day (YYYY-MM-DD)") from None
    return day.isoformat()
