"""The small company of the month-end demo: twelve customers, forty won deals."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from tasuki.sandbox.demo_deals import WON
from tasuki.sandbox.demo_firms import corporate_number
from tasuki.sandbox.world import Company, Deal, Line, World

MONTH_END: Final = datetime(2026, 5, 31, 9, 0, tzinfo=UTC)
"""The evening in Japan on which the month is closed."""
MONTH_AFTER: Final = datetime(2026, 7, 1, 0, 0, tzinfo=UTC)
"""The morning after the day on which most are to have paid."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer, where it is billed, and how many deals it has won for us."""

    name: str
    deals: int
    system: str = ""
    closing_day: int = 0
    terms: str = "月末締め翌月末払い"


CUSTOMERS: Final = (
    Customer("株式会社あさひ製作所", 4),
    Customer("有限会社いずみ商店", 3),
    Customer("株式会社うみねこ運輸", 3),
    Customer("えのき食品株式会社", 6, closing_day=31),
    Customer("株式会社おおぞら設計", 3),
    Customer("かえで法律事務所", 2),
    Customer("株式会社きさらぎ印刷", 3, terms="月末締め翌々月10日払い"),
    Customer("くすのき医院", 2),
    Customer("株式会社けやき建設", 4, "moneyforward"),
    Customer("こだま電機株式会社", 4, "moneyforward"),
    Customer("さくら学園", 3, "moneyforward"),
    Customer("株式会社しらかば", 3, "moneyforward"),
)
LATE: Final = "株式会社うみねこ運輸 02"
PART: Final = "株式会社きさらぎ印刷 01"
DISPUTED: Final = "株式会社おおぞら設計 01"
RETURNED: Final = "株式会社あさひ製作所 02"
"""The deals that something happens to."""

_WORK: Final = (("保守サービス", 48_000), ("導入支援", 131_500), ("研修", 77_777))
_FOOD: Final = (("会議用コーヒー豆", 1_015), ("来客用緑茶", 983))
_EXEMPT: Final = ("社宅の家賃立替", 65_000)


def month_world() -> World:
    """Return the company: standard lines, food at the reduced rate, some exempt."""
    numbers = iter(range(1, 1_000))
    companies = [
        Company(
            name=one.name,
            corporate_number=corporate_number(place),
            state="東京都",
            street=f"中央区銀座{place}-1",
            email=f"keiri@firm{place}.example.co.jp",
            payment_terms=one.terms,
            deals=[
                Deal(
                    f"{one.name} {count:02d}",
                    WON,
                    date(2026, 5, 5 + (place + 3 * count) % 24),
                    list(_lines(next(numbers))),
                    won=True,
                )
                for count in range(1, one.deals + 1)
            ],
        )
        for place, one in enumerate(CUSTOMERS, 1)
    ]
    return World(MONTH_END, [], companies)


def _lines(number: int) -> Iterator[Line]:
    """Yield a deal's lines: work; food for every second, rent for every fifth."""
    ten, eight, none = Decimal(10), Decimal(8), Decimal(0)
    for place in range(1 + number % 2):
        text, price = _WORK[(number + place) % 3]
        yield Line(text, f"W-{number}", Decimal(1 + number % 3), Decimal(price), ten)
    if not number % 2:
        text, price = _FOOD[number % 4 // 2]
        amount = Decimal(price)
        yield Line(
            text, f"F-{number}", Decimal(3 + number), amount, eight, reduced=True
        )
    if not number % 5:
        text, price = _EXEMPT
        yield Line(text, f"E-{number}", Decimal(1), Decimal(price), none, exempt=True)
