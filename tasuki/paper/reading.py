"""Reads a paper from what a mapping sends, and from what is known of its customer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from tasuki.billing.calendar import to_day
from tasuki.billing.document import DocumentError
from tasuki.billing.errors import BillingError
from tasuki.billing.reading import read_document
from tasuki.paper.values import (
    Address,
    Earlier,
    Issuer,
    Mark,
    Paper,
    PaperKind,
    Recipient,
)

Fields = Mapping[str, object]

# The words of the accounting systems that are connected, and our own, first one first.
_NAMES: Final = ("partner_display_name", "partner_name", "recipient", "long_name")
_DEPARTMENTS: Final = ("partner_contact_department", "department", "person_dept")
_PEOPLE: Final = ("partner_contact_name", "person_name")
_TITLES: Final = ("partner_title", "default_title", "name_suffix")
_CODES: Final = (
    "partner_address_zipcode", "zipcode", "zip", "address_postal_code",
)  # fmt: skip
_PREFECTURES: Final = ("prefecture", "address_state")
_CITIES: Final = ("city", "address_city")
_STREETS: Final = (
    "partner_address_street_name1", "street_name1", "address1", "address_line1",
)  # fmt: skip
_BUILDINGS: Final = (
    "partner_address_street_name2", "street_name2", "address2", "address_line2",
)  # fmt: skip
_CORPORATE: Final = ("corporate_number", "invoice_registration_number")
_NUMBERS: Final = ("invoice_number", "number", "billing_number", "document_number")
_ISSUED: Final = ("billing_date", "issue_date")
_DUE: Final = ("payment_date", "due_date")
_NOTES: Final = ("invoice_note", "note", "footer")
_SUBJECTS: Final = ("subject", "title", "description")
_LINE_DAYS: Final = ("sales_date", "delivery_date", "delivered_on")
_MODES: Final = ("price_mode", "tax_rounding", "line_rounding")
UNKNOWN_NAME: Final = "（宛名未定）"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an invoice.

    Attributes:
        sent: What the mapping sends, by its destination fields.
        receipt: What the system answered; empty before.
        customer: What the customer was sent with.
        modes: How the system rounds where `sent` does not say it.
    """

    sent: Fields
    receipt: Fields = field(default_factory=dict)
    customer: Fields = field(default_factory=dict)
    modes: Fields = field(default_factory=dict)


def read_paper(
    known: Known, issuer: Issuer, today: date, mark: Mark = Mark.NONE
) -> Paper:
    """Return the paper of an invoice.

    Args:
        known: What is known of it.
        issuer: Who bills.
        today: The day of issue where none is said.
        mark: What kind of print it is.

    Raises:
        DocumentError: The fields are no invoice; it carries every problem.
        BillingError: They are, but contradict each other.
    """
    sent = {name: value for name, value in known.sent.items() if value is not None}
    modes = {name: known.modes[name] for name in _MODES if known.modes.get(name)}
    document, problems = read_document(modes | sent)
    if document is None:
        raise DocumentError(problems)
    days = _line_days(sent, len(document.lines))
    slips = [one.delivered_on for one in document.deliveries]
    first, last = _period(sent, [*days, *slips])
    is_credit = sent.get("kind") == PaperKind.CREDIT_NOTE
    return Paper(
        document=document,
        issuer=issuer,
        recipient=_recipient(known),
        issued_on=_day(sent, _ISSUED) or _day(known.receipt, _ISSUED) or today,
        kind=PaperKind.CREDIT_NOTE if is_credit else PaperKind.INVOICE,
        number=_text((known.receipt, sent), _NUMBERS),
        due_on=_day(sent, _DUE) or _day(known.receipt, _DUE),
        supplied_from=first,
        supplied_until=last,
        line_days=days,
        subject=_text((sent,), _SUBJECTS),
        note=_text((sent,), _NOTES) or issuer.note,
        terms=_text((sent,), ("payment_terms", "payment_condition")),
        mark=mark,
        earlier=_earlier(sent),
    )


def _recipient(known: Known) -> Recipient:
    sent, receipt, customer = known.sent, known.receipt, known.customer
    name = (
        _text((sent, receipt), _NAMES)
        or _text((customer,), _NAMES)
        or _text((customer,), ("name", "Name"))
    )
    both = (sent, customer)
    corporate = _text(both, _CORPORATE).removeprefix("T")
    return Recipient(
        name=name or UNKNOWN_NAME,
        honorific=_honorific(_text(both, _TITLES)),
        department=_text(both, _DEPARTMENTS),
        person=_text(both, _PEOPLE),
        address=Address(
            postal_code=_text(both, _CODES),
            prefecture=_text(both, _PREFECTURES),
            city=_text(both, _CITIES),
            street=_text(both, _STREETS),
            building=_text(both, _BUILDINGS),
        ),
        corporate_number=corporate,
        peppol_id=_text(both, ("peppol_id",)),
    )


def _honorific(title: str) -> str:
    return "" if title == "(空白)" else title or "御中"


def _earlier(sent: Fields) -> Earlier | None:
    number = _text((sent,), ("original_number", "original_invoice_number"))
    day = _day(sent, ("original_date", "original_billing_date"))
    return Earlier(number, day) if number and day else None


def _line_days(sent: Fields, count: int) -> tuple[date | None, ...]:
    """Return each line's day of supply; nothing where the lines cannot be told."""
    slips = sent.get("deliveries")
    groups = slips if isinstance(slips, list | tuple) else [sent]
    found: list[date | None] = []
    for group in groups:
        lines = group.get("lines") if isinstance(group, Mapping) else None
        own = _day(group, ("delivered_on",)) if isinstance(group, Mapping) else None
        for line in lines if isinstance(lines, list | tuple) else ():
            told = _day(line, _LINE_DAYS) if isinstance(line, Mapping) else None
            found.append(told or own)
    return tuple(found) if len(found) == count else ()


def _period(
    sent: Fields, days: Iterable[date | None]
) -> tuple[date | None, date | None]:
    """Return the first and the last day of supply, as they are said or follow."""
    first = _day(sent, ("supply_from", "supply_date"))
    last = _day(sent, ("supply_until",))
    told = sorted({day for day in days if day is not None})
    if first is None and told:
        first, last = told[0], last or told[-1]
    return first, None if last == first else last


def _text(places: Iterable[Fields], names: Iterable[str]) -> str:
    wanted = tuple(names)
    for fields in places:
        for name in wanted:
            value = fields.get(name)
            if isinstance(value, str | int) and not isinstance(value, bool):
                text = str(value).strip()
                if text:
                    return text
    return ""


def _day(fields: Fields, names: Iterable[str]) -> date | None:
    for name in names:
        try:
            found = to_day(fields.get(name))
        except BillingError:
            continue
        if found is not None:
            return found
    return None
