"""The demo's companies and what they buy, as sales keeps them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from tasuki.clock import TOKYO
from tasuki.sandbox.demo_firms import Firm, corporate_number
from tasuki.sandbox.demo_spelling import full_width
from tasuki.sandbox.world import Company, Deal, Line

WON: Final = "Closed Won"
LOST: Final = "Closed Lost"
_OPEN: Final = (
    ("Prospecting", 20),
    ("Qualification", 20),
    ("Needs Analysis", 20),
    ("Proposal/Price Quote", 25),
    ("Negotiation/Review", 15),
)
_LOST_SHARE: Final = 0.3
_FOOD_SHARE: Final = 0.55
_EXEMPT_SHARE: Final = 0.15
USUAL_TERMS: Final = "月末締め翌月末払い"
_TERMS: Final = (
    (USUAL_TERMS, 38),
    ("月末締め・翌月末日払い", 6),
    ("末締翌月末", 5),
    ("20日締め翌月10日払い", 8),
    ("20日〆翌月末払い", 6),
    ("15日締切り翌月15日払い", 3),
    ("末締翌々月10日払", 5),
    ("月末締め翌月２５日払い", 4),
    ("月末締め翌月末払い（休日の場合は翌営業日）", 5),
    ("当月末締め翌々月5日銀行振込", 3),
    ("請求書発行後30日以内", 4),
    ("月末締め30日後", 3),
    ("Net 30", 4),
    ("NET30 EOM", 2),
    ("即日", 1),
)
_BLANK_TERMS: Final = 5
_MAILBOXES: Final = ("keiri", "seikyu", "accounting", "soumu", "invoice")
_TEN: Final = Decimal(10)
_EIGHT: Final = Decimal(8)
_ZERO: Final = Decimal(0)
_WEEKEND: Final = 5
_TROUBLE_FROM: Final = 12
"""With fewer won deals than this, all of them can be billed."""


@dataclass(frozen=True, slots=True)
class Product:
    """Something on the price list; `quantities` are what customers order of it."""

    code: str
    description: str
    unit_price: int
    quantities: tuple[str, ...]
    tax: str  # standard, reduced or exempt

    def line(self, quantity: str) -> Line:
        """Return a line with so much of it."""
        rates = {"standard": _TEN, "reduced": _EIGHT, "exempt": _ZERO}
        return Line(
            description=self.description,
            product_code=self.code,
            quantity=Decimal(quantity),
            unit_price=Decimal(self.unit_price),
            tax_rate=rates[self.tax],
            reduced=self.tax == "reduced",
            exempt=self.tax == "exempt",
        )


_FEW: Final = ("1", "2", "3")
_MANY: Final = ("6", "10", "12", "24", "48")
# Reduced: food and drink, and newspapers by subscription that appear twice a week or
# more (消費税法 別表第一). Exempt: gift cards, housing, insurance premiums (別表第二).
_SERVICES: Final = (
    Product(
        "PRJ-PM",
        "移転プロジェクト支援（人月）",
        900_000,
        ("1", "1.5", "0.5", "2"),
        "standard",
    ),
    Product(
        "PRJ-SE",
        "システム設定支援（人日）",
        68_000,
        ("2", "2.5", "5", "7.5"),
        "standard",
    ),
    Product("SAAS-STD", "受付クラウド スタンダード（年額）", 180_000, _FEW, "standard"),
    Product("SAAS-SEAT", "受付クラウド 追加ユーザー（年額）", 9_600, _MANY, "standard"),
    Product("RNT-COF", "コーヒーマシン レンタル（年額）", 96_000, _FEW, "standard"),
    Product("RNT-WAT", "ウォーターサーバー レンタル（月額）", 3_300, _MANY, "standard"),
    Product("INS-01", "設置・搬入作業", 35_000, _FEW, "standard"),
    Product("SUP-01", "複合機用トナー", 12_800, ("4", "6", "10"), "standard"),
    Product("TRN-01", "オンボーディング研修", 120_000, ("1", "2"), "standard"),
)
_FOOD: Final = (
    Product("FD-BEAN", "コーヒー豆 1kg", 3_200, _MANY, "reduced"),
    Product(
        "FD-RAW", "コーヒー生豆 量り売り（kg）", 2_400, ("12.5", "7.5", "20"), "reduced"
    ),
    Product("FD-WAT", "ミネラルウォーター 500ml 24本入", 1_980, _MANY, "reduced"),
    Product("FD-TEA", "来客用 緑茶ティーバッグ 100包", 1_450, _MANY, "reduced"),
    Product("FD-SNK", "オフィス菓子 詰合せ", 4_860, _FEW, "reduced"),
    Product(
        "NP-BIZ",
        "日刊経済紙 定期購読（月額・宅配）",
        4_900,
        ("3", "6", "12"),
        "reduced",
    ),
)
_EXEMPT: Final = (
    Product(
        "GC-5000",
        "社内表彰用ギフトカード 5,000円券",
        5_000,
        ("5", "10", "20"),
        "exempt",
    ),
    Product("HS-RENT", "社宅 賃料（月額）", 82_000, ("1", "2", "6"), "exempt"),
    Product("IN-FIRE", "オフィス備品 動産総合保険料", 14_300, ("1", "2"), "exempt"),
)
_THEMES: Final = (
    "オフィス移転支援",
    "受付クラウド導入",
    "オフィスコーヒー定期便",
    "総務アウトソーシング",
    "社内カフェ開設",
    "受付クラウド更新",
    "備品一括購買",
)


class Salesroom:
    """Keeps companies and deals as a sales department does."""

    def __init__(self, rng: Random, today: datetime) -> None:
        self._rng = rng
        self._today = today.astimezone(TOKYO).date()

    def company(self, firm: Firm, serial: int) -> Company:
        """Return a company as sales typed it from a business card."""
        rng = self._rng
        postcode, state = firm.place.postcode, firm.place.prefecture
        postcodes = (postcode, f"〒{postcode}", postcode.replace("-", ""))
        return Company(
            name=firm.name,
            corporate_number=corporate_number(serial),
            postcode=rng.choices((*postcodes, full_width(postcode)), (85, 5, 6, 4))[0],
            state=rng.choices((state, state[:-1]), (90, 10))[0],
            street=rng.choices((firm.street, full_width(firm.street)), (92, 8))[0],
            phone=firm.switchboard,
            email=f"{rng.choice(_MAILBOXES)}@{firm.mail_domain}",
            payment_terms=rng.choices(
                [phrase for phrase, _ in _TERMS], [weight for _, weight in _TERMS]
            )[0],
        )

    def forget_some_terms(self, companies: list[Company]) -> None:
        """Blank the payment terms of a few companies, where nobody asked."""
        few = min(_BLANK_TERMS, len(companies) // 10)
        for company in self._rng.sample(companies, few):
            company.payment_terms = ""

    def won(self, firm: Firm) -> Deal:
        """Return a deal closed on a weekday of the last two months."""
        closed = self._weekday(self._today - timedelta(days=self._rng.randint(1, 58)))
        return Deal(self._name(firm), WON, closed, self._lines(), won=True)

    def other(self, firm: Firm) -> Deal:
        """Return a deal that is open or lost."""
        rng = self._rng
        lines = self._lines()
        if rng.random() < _LOST_SHARE:
            closed = self._weekday(self._today - timedelta(days=rng.randint(5, 180)))
            return Deal(self._name(firm), LOST, closed, lines)
        stage = rng.choices([s for s, _ in _OPEN], [weight for _, weight in _OPEN])[0]
        expected = self._today + timedelta(days=rng.randint(3, 100))
        return Deal(self._name(firm), stage, expected, lines)

    def heroine(self, firm: Firm) -> Deal:
        """Return the deal of the demo's story: a new office, and coffee in it."""
        shelf = {product.code: product for product in (*_SERVICES, *_FOOD)}
        lines = [
            shelf["PRJ-PM"].line("1.5"),
            shelf["RNT-COF"].line("2"),
            shelf["FD-BEAN"].line("24"),
            shelf["FD-WAT"].line("48"),
            shelf["NP-BIZ"].line("12"),
        ]
        closed = self._weekday(self._today - timedelta(days=9))
        return Deal(f"{firm.body} 新オフィス移転一式", WON, closed, lines, won=True)

    def _name(self, firm: Firm) -> str:
        return f"{firm.body} {self._rng.choice(_THEMES)}"

    def _lines(self) -> list[Line]:
        rng = self._rng
        shelf = [*rng.sample(_SERVICES, rng.randint(1, 3))]
        if rng.random() < _FOOD_SHARE:
            shelf += rng.sample(_FOOD, rng.randint(1, 2))
        if rng.random() < _EXEMPT_SHARE:
            shelf.append(rng.choice(_EXEMPT))
        return [product.line(rng.choice(product.quantities)) for product in shelf]

    @staticmethod
    def _weekday(day: date) -> date:
        return day - timedelta(days=max(0, day.weekday() - _WEEKEND + 1))


def trouble(deals: list[Deal]) -> None:
    """Give a few won deals what a person must settle before they are billed.

    The last six: two on hold, one without lines, one whose 10 % line is marked as
    reduced, one whose food line is at 8 % without the mark (an old rate, or a mark
    forgotten?), and one that was given away for nothing.
    """
    if len(deals) < _TROUBLE_FROM:
        return
    *_, held, also_held, bare, contradictory, unmarked, free = deals
    held.hold = also_held.hold = True
    bare.lines = []
    first = _SERVICES[0].line("1")
    first.reduced = True
    contradictory.lines = [first]
    food = _FOOD[0].line("12")
    food.reduced = False
    unmarked.lines = [food]
    gift = _SERVICES[2].line("1")
    gift.unit_price, gift.description = _ZERO, f"{gift.description} 無償トライアル"
    free.lines = [gift]
