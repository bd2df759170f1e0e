"""The invented company that the stand-ins are seeded with: the shapes.

`tasuki.sandbox.demo_world` fills them with a Japanese company's customers.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal


@dataclass(slots=True)
class Person:
    """A contact of the marketing tool, typed in as people type."""

    id: int
    created: datetime
    modified: datetime
    email: str = ""
    lastname: str = ""
    firstname: str = ""
    company: str = ""
    phone: str = ""
    state: str = ""  # prefecture, as typed
    jobtitle: str = ""
    lifecycle: str = "lead"
    score: int = 0
    source: str = "ORGANIC_SEARCH"
    opted_out: bool = False


@dataclass(slots=True)
class Line:
    """One line of a deal; amounts without tax."""

    description: str
    product_code: str
    quantity: Decimal
    unit_price: Decimal
    tax_rate: Decimal  # 10, 8 or 0
    reduced: bool = False
    exempt: bool = False


@dataclass(slots=True)
class Deal:
    """A deal of one company; `won` deals are closed."""

    name: str
    stage: str
    close_date: date
    lines: list[Line] = field(default_factory=list)
    won: bool = False
    hold: bool = False  # "do not invoice yet"


@dataclass(slots=True)
class Company:
    """A company that sales deals with, and its deals."""

    name: str
    corporate_number: str = ""
    postcode: str = ""
    state: str = ""
    street: str = ""
    phone: str = ""
    email: str = ""
    payment_terms: str = "月末締め翌月末払い"
    person_id: int | None = None
    """The contact whose lead becomes this company when sales converts it."""
    deals: list[Deal] = field(default_factory=list)


@dataclass(slots=True)
class World:
    """Everything the stand-ins know on the first morning."""

    today: datetime
    people: list[Person] = field(default_factory=list)
    companies: list[Company] = field(default_factory=list)
