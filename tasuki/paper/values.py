"""An invoice as its recipient gets it: who, to whom, when, and the document's sums."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from tasuki.billing.invoice import calculate
from tasuki.billing.tax import JAPAN_RATES, RateTable, TaxClass
from tasuki.billing.values import InvoiceDocument, Totals

REDUCED_LEGEND = "※は軽減税率対象です。"
"""What the mark of reduced-rate lines means."""


class Mark(StrEnum):
    """What kind of print it is, in the word that stands on it."""

    DRAFT = "下書き"
    """Not issued: for the person who approves it."""
    COPY = "控"
    """The issuer's own copy of what was issued."""
    NONE = ""


class PaperKind(StrEnum):
    """What the paper is."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address in Japan."""

    postal_code: str = ""
    prefecture: str = ""
    city: str = ""
    street: str = ""
    building: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """The address as it is written on a paper."""
        code = self.postal_code.removeprefix("〒").strip()
        where = f"{self.prefecture}{self.city}{self.street}".strip()
        found = (f"〒{code}" if code else "", where, self.building.strip())
        return tuple(one for one in found if one)


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Where to pay (振込先)."""

    bank: str
    branch: str
    number: str
    holder: str
    kind: str = "普通"

    @property
    def line(self) -> str:
        """The account in one line."""
        return f"{self.bank} {self.branch} {self.kind} {self.number}"


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who bills.

    Attributes:
        registration_number: T and 13 digits; empty for a business that is not
            registered, whose paper is a 区分記載請求書.
        registered_from: First day of the registration, where it is to be checked.
        registered_until: Its last day, where it has ended.
        corporate_number: 法人番号; by default the number's 13 digits.
        peppol_id: `scheme:number`, where it is not the corporate number.
        fees: What stands below the bank account, such as who bears the fee.
    """

    name: str
    registration_number: str = ""
    registered_from: date | None = None
    registered_until: date | None = None
    corporate_number: str = ""
    peppol_id: str = ""
    address: Address = Address()
    phone: str = ""
    email: str = ""
    person: str = ""
    bank_accounts: tuple[BankAccount, ...] = ()
    fees: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who is billed."""

    name: str
    honorific: str = "御中"
    department: str = ""
    person: str = ""
    address: Address = Address()
    corporate_number: str = ""
    peppol_id: str = ""


@dataclass(frozen=True, slots=True)
class Earlier:
    """The invoice that a paper takes back, all of it or a part."""

    number: str
    issued_on: date


@dataclass(frozen=True, slots=True)
class Paper:
    """Everything that stands on an invoice.

    Attributes:
        number: The invoice's number; empty before it has one.
        supplied_from: The day of supply, or the first of the period.
        supplied_until: The last day; None for one day.
        line_days: The day of supply of each line, as far as they are known.
        terms: The agreed terms of payment in words.
        earlier: What a credit note takes back.
    """

    document: InvoiceDocument
    issuer: Issuer
    recipient: Recipient
    issued_on: date
    kind: PaperKind = PaperKind.INVOICE
    number: str = ""
    due_on: date | None = None
    supplied_from: date | None = None
    supplied_until: date | None = None
    line_days: tuple[date | None, ...] = ()
    subject: str = ""
    note: str = ""
    terms: str = ""
    mark: Mark = Mark.NONE
    earlier: Earlier | None = None
    rates: RateTable = field(default=JAPAN_RATES, repr=False)

    @property
    def sums(self) -> Totals:
        """The document's sums."""
        return calculate(self.document, self.rates)

    @property
    def first_day(self) -> date:
        """The first day of supply; the day of issue where none is known."""
        return self.supplied_from or self.issued_on

    @property
    def last_day(self) -> date:
        """The last day of supply."""
        return self.supplied_until or self.first_day

    @property
    def has_reduced(self) -> bool:
        """Whether a line is taxed at the reduced rate, and marked."""
        return any(line.tax_class is TaxClass.REDUCED for line in self.document.lines)
