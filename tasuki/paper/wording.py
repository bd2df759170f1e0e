"""The words and figures that stand on a paper, before anything is placed."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from tasuki.billing.invoice import line_amount
from tasuki.billing.rounding import to_decimal, whole_units
from tasuki.billing.tax import TaxClass
from tasuki.billing.values import Line, PriceMode, RoundingUnit, Totals
from tasuki.paper.values import REDUCED_LEGEND, Mark, Paper, PaperKind

_UNTAXED: Final = {
    TaxClass.EXEMPT: "非課税",
    TaxClass.EXPORT: "輸出免税",
    TaxClass.OUT_OF_SCOPE: "対象外",
}
_NOTICE: Final = {
    Mark.DRAFT: "承認のための下書きです。請求書として発行したものではありません。",
    Mark.COPY: "会計システムに送った内容から作成した控えです。",
}


class Row(NamedTuple):
    """A line of the table, as text; `remark` stands small below the description."""

    day: str
    what: str
    quantity: str
    unit: str
    price: str
    amount: str
    remark: str = ""


class ClassRow(NamedTuple):
    """The sums of one rate, as text."""

    name: str
    base: str
    tax: str
    yen: str = ""


class Fact(NamedTuple):
    """A name and what it is; `strong` for the sum that is to be paid."""

    name: str
    value: str
    strong: bool = False


def figure(amount: Decimal, digits: int | None = None) -> str:
    """Return an amount as a Japanese paper shows it.

    Example:
        >>> figure(Decimal("-1234500")), figure(Decimal("0.500"))
        ('△1,234,500', '0.5')
    """
    size = abs(amount)
    text = f"{size:,.{digits}f}" if digits is not None else f"{size:,f}"
    if digits is None and "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"△{text}" if amount < 0 else text


def day_text(day: date) -> str:
    """Return a day as a Japanese paper writes it.

    Example:
        >>> day_text(date(2026, 5, 1))
        '2026年5月1日'
    """
    return f"{day.year}年{day.month}月{day.day}日"


class Wording:
    """What stands on one paper."""

    def __init__(self, paper: Paper) -> None:
        self.paper = paper
        self.sums: Totals = paper.sums
        self._digits = paper.document.digits

    @property
    def title(self) -> str:
        """The paper's heading."""
        if self.paper.kind is PaperKind.INVOICE:
            return "請求書"
        registered = self.paper.issuer.registration_number
        return "適格返還請求書" if registered else "返還請求書"

    @property
    def opening(self) -> str:
        """The sentence above the sum."""
        if self.paper.kind is PaperKind.CREDIT_NOTE:
            return "下記のとおり返還いたします。"
        return "下記のとおりご請求申し上げます。"

    @property
    def notice(self) -> str:
        """What kind of print it is, in a sentence."""
        return _NOTICE.get(self.paper.mark, "")

    @property
    def addressee(self) -> str:
        """The recipient with the honorific."""
        who = self.paper.recipient
        honorific = "" if who.person else who.honorific
        return f"{who.name}　{honorific}".rstrip()

    @property
    def in_person(self) -> str:
        """The recipient's department and person."""
        who = self.paper.recipient
        person = f"{who.person} 様" if who.person else ""
        return "　".join(part for part in (who.department, person) if part)

    @property
    def price_mode(self) -> str:
        """Whether prices are with or without tax."""
        mode = self.paper.document.price_mode
        return "税込" if mode is PriceMode.INCLUSIVE else "税抜"

    def money(self, amount: Decimal) -> str:
        """Return an amount with its currency."""
        currency = self.paper.document.currency
        text = figure(amount, self._digits)
        if currency != "JPY":
            return f"{currency} {text}"
        return f"△￥{text[1:]}" if text.startswith("△") else f"￥{text}"

    def facts(self) -> list[Fact]:
        """Return number and days, for the head."""
        paper = self.paper
        found = [Fact("番号", paper.number or "未採番")]
        found.append(Fact("発行日", day_text(paper.issued_on)))
        if paper.last_day != paper.first_day:
            span = f"{day_text(paper.first_day)}〜{day_text(paper.last_day)}"
            found.append(Fact("取引期間", span))
        else:
            found.append(Fact("取引年月日", day_text(paper.first_day)))
        if paper.earlier is not None:
            day = day_text(paper.earlier.issued_on)
            found.append(Fact("対象の請求書", f"{paper.earlier.number}（{day}）"))
        return found

    def rows(self) -> list[Row]:
        """Return the lines, and the document's discount as the last."""
        document, paper = self.paper.document, self.paper
        days = paper.line_days or (None,) * len(document.lines)
        several = len({day for day in days if day is not None}) > 1
        found: list[Row] = []
        place = 0
        for delivery in document.deliveries:
            for line in delivery.lines:
                day = days[place] if several else None
                found.append(self._row(line, day, delivery.slip))
                place += 1
        if document.discount is not None and document.discount.amount:
            amount = figure(-document.discount.amount, self._digits)
            found.append(Row("", "値引", "", "", "", amount))
        return found

    def _row(self, line: Line, day: date | None, slip: str | None) -> Row:
        document = self.paper.document
        what = line.description or "（品目なし）"
        if line.tax_class is TaxClass.REDUCED and not what.endswith("※"):
            what += " ※"
        remarks = [f"納品書 {slip}"] if slip else []
        if line.discount:
            remarks.append(f"値引 {figure(-line.discount, self._digits)} を含む")
        if line.price_mode not in {None, document.price_mode}:
            other = "税込" if line.price_mode is PriceMode.INCLUSIVE else "税抜"
            remarks.append(f"単価は{other}")
        return Row(
            f"{day.month}/{day.day}" if day else "",
            what,
            figure(line.quantity),
            line.unit or "",
            figure(line.unit_price),
            figure(line_amount(line, document, self.paper.rates), self._digits),
            "、".join(remarks),
        )

    def classes(self) -> list[ClassRow]:
        """Return the sums of each rate."""
        inclusive = self.paper.document.price_mode is PriceMode.INCLUSIVE
        found = []
        for one in self.sums.breakdown:
            base = one.total_incl if inclusive else one.base_excl
            yen = "" if one.tax_jpy is None else f"￥{figure(one.tax_jpy, 0)}"
            tax = figure(one.tax, self._digits)
            untaxed = _UNTAXED.get(one.tax_class)
            if untaxed:
                found.append(ClassRow(untaxed, figure(base, self._digits), "—"))
                continue
            name = f"{figure(one.rate)}%対象"
            if one.tax_class is TaxClass.REDUCED:
                name = f"{figure(one.rate)}%（軽減）対象 ※"
            elif one.tax_class is TaxClass.LEGACY8:
                name = f"{figure(one.rate)}%（旧税率）対象"
            found.append(ClassRow(name, figure(base, self._digits), tax, yen))
        return found

    @property
    def tax_notes(self) -> list[str]:
        """What is to be known of the sums per rate."""
        return list(self._tax_notes())

    def _tax_notes(self) -> Iterator[str]:
        document = self.paper.document
        if self.paper.has_reduced:
            yield REDUCED_LEGEND
        if document.rounding_unit is RoundingUnit.DELIVERY:
            yield "消費税額の端数処理は納品書ごとに行っています。"
        if document.currency != "JPY" and document.fx_rate is not None:
            yield f"換算: 1 {document.currency} = {figure(document.fx_rate)}円"
        if not self.paper.issuer.registration_number:
            yield "適格請求書発行事業者の登録はありません（区分記載請求書）。"

    def totals(self) -> list[Fact]:
        """Return the sums, the one to be paid last."""
        sums, document = self.sums, self.paper.document
        found = [
            Fact("小計（税抜）", self.money(sums.subtotal_excl)),
            Fact("消費税額", self.money(sums.tax_total)),
            Fact("合計（税込）", self.money(sums.total_incl)),
        ]
        if sums.withholding:
            found.append(Fact("源泉徴収税額", self.money(-sums.withholding)))
        if document.prepaid:
            paid = to_decimal(whole_units(document.prepaid, self._digits), self._digits)
            found.append(Fact("お支払済", self.money(-paid)))
        name = "ご請求金額" if self.paper.kind is PaperKind.INVOICE else "返還金額"
        found.append(Fact(name, self.money(sums.amount_due), strong=True))
        return found

    def payment(self) -> list[Fact]:
        """Return how and until when to pay."""
        paper = self.paper
        if paper.kind is PaperKind.CREDIT_NOTE:
            return []
        found: list[Fact] = []
        if paper.due_on is not None:
            found.append(Fact("お支払期限", day_text(paper.due_on)))
        if paper.terms:
            found.append(Fact("お支払条件", paper.terms))
        for account in paper.issuer.bank_accounts:
            found.append(Fact("お振込先", account.line))
            found.append(Fact("口座名義", account.holder))
        if found and paper.issuer.fees:
            found.append(Fact("振込手数料", paper.issuer.fees))
        return found
