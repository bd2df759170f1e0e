"""Sets a paper as a PDF of A4 pages in Japanese: `pdf_of`."""

from collections.abc import Sequence
from typing import Final

from tasuki.paper import typeface
from tasuki.paper.sheet import (
    BOTTOM,
    HAIR,
    INK,
    LEFT,
    NAVY,
    PALE,
    RED,
    RIGHT,
    SOFT,
    TOP,
    WHITE,
    WIDTH,
    Sheet,
)
from tasuki.paper.values import Mark, Paper
from tasuki.paper.wording import Fact, Row, Wording

MIME: Final = "application/pdf"

_SIZE: Final = 9.0
_SMALL: Final = 7.5
_LINE: Final = 13.0
_PAD: Final = 5.5
_ISSUER: Final = 352.0
_HEAD: Final = 19.0
_SHORT: Final = 3
_KEEP: Final = 3
"""With fewer lines they stay on the first page, whatever follows on the next."""


class _Columns:
    """Where the table's columns end, from the left; the day only where it is shown."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.day = LEFT + 6
        self.what = LEFT + (44 if any(row.day for row in rows) else 6)
        self.amount = RIGHT - 6
        self.price = RIGHT - 84
        self.unit = RIGHT - 160
        self.quantity = RIGHT - 192
        self.room = self.quantity - 52 - self.what


def missing_characters(paper: Paper) -> str:
    """Return what stands on the paper and is not in the typeface."""
    wording = Wording(paper)
    who, issuer = paper.recipient, paper.issuer
    texts = [
        wording.addressee, wording.in_person, paper.subject, paper.note, paper.terms,
        *who.address.lines, issuer.name, issuer.person, *issuer.address.lines,
        *(row.what for row in wording.rows()),
    ]  # fmt: skip
    return typeface.missing("".join(texts))


def pdf_of(paper: Paper) -> bytes:
    """Return the PDF of a paper: the same paper, the same bytes.

    Raises:
        BillingError: The paper's sums cannot be calculated.
    """
    wording = Wording(paper)
    setting = _Setting(wording, 0)
    pages = setting.compose()
    return _Setting(wording, pages).finished()


class _Setting:
    """One pass over the pages; the first counts them."""

    def __init__(self, wording: Wording, pages: int) -> None:
        self._w = wording
        self._paper = wording.paper
        self._pages = pages
        self._page = 1
        number = self._paper.number or "下書き"
        self._sheet = Sheet(
            f"{wording.title} {number}",
            self._paper.issuer.name,
            self._paper.recipient.name,
        )
        self._rows = wording.rows()
        self._columns = _Columns(self._rows)

    def finished(self) -> bytes:
        """Set everything and return the document."""
        self.compose()
        return self._sheet.done()

    def compose(self) -> int:
        """Set everything; return how many pages it took."""
        self._background()
        y = self._table(self._head())
        y = self._sums(y + 14)
        y = self._payment(y + 16)
        self._note(y + 14)
        self._foot()
        return self._page

    # The head of the first page

    def _background(self) -> None:
        if self._paper.mark is Mark.DRAFT:
            self._sheet.watermark(Mark.DRAFT.value)

    def _head(self) -> float:
        sheet, wording = self._sheet, self._w
        title_size = 21 if len(wording.title) <= _SHORT else 18
        sheet.text(
            LEFT,
            TOP + 22,
            wording.title,
            title_size,
            colour=NAVY,
            strong=True,
            spacing=7,
        )
        self._stamp()
        y = TOP + 18.0
        for fact in wording.facts():
            sheet.text(_ISSUER, y, fact.name, _SMALL, colour=SOFT)
            sheet.text(RIGHT, y, fact.value, _SIZE, align="right")
            y += 13
        line = max(y - 4, TOP + 34)
        sheet.rule(line, thick=1.2, colour=NAVY)
        left = self._recipient(line + 26)
        right = self._issuer(line + 24)
        left = self._subject(max(left + 10, line + 84))
        return self._due(max(left + 8, right + 10)) + 16

    def _stamp(self) -> None:
        mark = self._paper.mark
        if mark is Mark.NONE:
            return
        colour = RED if mark is Mark.DRAFT else SOFT
        wide = typeface.width(mark.value, 11) + 18
        x = 258.0
        self._sheet.box(x, TOP + 5, wide, 20, line=colour, thick=1.0)
        self._sheet.text(
            x + wide / 2, TOP + 19, mark.value, 11, colour=colour, align="centre",
            strong=True,
        )  # fmt: skip

    def _recipient(self, y: float) -> float:
        sheet, wording = self._sheet, self._w
        room = _ISSUER - 24 - LEFT
        for text in self._paper.recipient.address.lines:
            for line in typeface.wrap(text, _SMALL + 0.5, room):
                sheet.text(LEFT, y - 6, line, _SMALL + 0.5, colour=SOFT)
                y += 11
        y += 8 if self._paper.recipient.address.lines else 4
        size = 13.0
        lines = typeface.wrap(wording.addressee, size, room)
        for line in lines:
            sheet.text(LEFT, y, line, size, strong=True)
            y += 18
        sheet.rule(y - 12, LEFT, LEFT + room, thick=0.7, colour=INK)
        if wording.in_person:
            y += 4
            for line in typeface.wrap(wording.in_person, 10, room):
                sheet.text(LEFT, y, line, 10)
                y += 14
        return y

    def _issuer(self, y: float) -> float:
        sheet, who = self._sheet, self._paper.issuer
        room = RIGHT - _ISSUER
        for line in typeface.wrap(who.name, 11, room):
            sheet.text(_ISSUER, y, line, 11, strong=True)
            y += 15
        if who.registration_number:
            sheet.text(_ISSUER, y, f"登録番号 {who.registration_number}", _SIZE)
            y += 14
        contact = "　".join(
            part
            for part in (
                f"TEL {who.phone}" if who.phone else "",
                f"担当 {who.person}" if who.person else "",
            )
            if part
        )
        for text in (*who.address.lines, contact, who.email):
            for line in typeface.wrap(text, 8, room) if text else ():
                sheet.text(_ISSUER, y, line, 8, colour=SOFT)
                y += 11.5
        return y

    def _subject(self, y: float) -> float:
        room = _ISSUER - 24 - LEFT
        if self._paper.subject:
            self._sheet.text(LEFT, y, "件名", _SMALL, colour=SOFT)
            for line in typeface.wrap(self._paper.subject, 10, room - 30):
                self._sheet.text(LEFT + 30, y, line, 10)
                y += 14
            y += 3
        self._sheet.text(LEFT, y, self._w.opening, _SIZE)
        return y + 8

    def _due(self, y: float) -> float:
        """Set the sum that is to be paid, large."""
        sheet, paper = self._sheet, self._paper
        fact = self._w.totals()[-1]
        sheet.box(LEFT, y, RIGHT - LEFT, 42, fill=PALE)
        sheet.box(LEFT, y, 4, 42, fill=NAVY)
        sheet.text(LEFT + 18, y + 26, fact.name, 10.5, colour=NAVY, strong=True)
        sheet.text(LEFT + 96, y + 29, fact.value, 20, strong=True)
        wide = typeface.width(fact.value, 20)
        taxed = "（源泉徴収後）" if self._w.sums.withholding else "（税込）"
        sheet.text(LEFT + 102 + wide, y + 28, taxed, 8.5, colour=SOFT)
        dues = [one for one in self._w.payment() if one.name == "お支払期限"]
        if dues and paper.due_on:
            sheet.text(
                RIGHT - 14, y + 17, "お支払期限", _SMALL, colour=SOFT, align="right"
            )
            sheet.text(
                RIGHT - 14, y + 32, dues[0].value, 11, align="right", strong=True
            )
        return y + 42

    # The table

    def _table(self, y: float) -> float:
        y = self._table_head(y)
        last = len(self._rows) - 1
        for place, row in enumerate(self._rows):
            lines = typeface.wrap(row.what, _SIZE, self._columns.room)
            remarks = (
                typeface.wrap(row.remark, 7, self._columns.room) if row.remark else []
            )
            high = len(lines) * _LINE + len(remarks) * 10 + _PAD
            # The last line takes the sums' beginning along: never a bare sum alone.
            needed = high + (self._sums_height() if place == last else 0)
            fits_alone = y + high <= BOTTOM
            if y + needed > BOTTOM and not (
                place == last and fits_alone and last < _KEEP
            ):
                y = self._table_head(self._turn())
            self._row(y, row, lines, remarks)
            y += high
            self._sheet.rule(y)
        self._sheet.rule(y, thick=0.9, colour=NAVY)
        return y

    def _table_head(self, y: float) -> float:
        sheet, at = self._sheet, self._columns
        sheet.box(LEFT, y, RIGHT - LEFT, _HEAD, fill=NAVY)
        base = y + 12.8
        if at.what > LEFT + 6:
            sheet.text(at.day, base, "取引日", 8, colour=WHITE)
        sheet.text(at.what, base, "品目・内容", 8, colour=WHITE)
        sheet.text(at.quantity, base, "数量", 8, colour=WHITE, align="right")
        sheet.text(at.unit - 14, base, "単位", 8, colour=WHITE, align="centre")
        sheet.text(at.price, base, "単価", 8, colour=WHITE, align="right")
        amount = f"金額（{self._w.price_mode}）"
        sheet.text(at.amount, base, amount, 8, colour=WHITE, align="right")
        return y + _HEAD

    def _row(
        self, y: float, row: Row, lines: Sequence[str], remarks: Sequence[str]
    ) -> None:
        sheet, at = self._sheet, self._columns
        base = y + 12.2
        sheet.text(at.day, base, row.day, 8, colour=SOFT)
        for number, line in enumerate(lines):
            sheet.text(at.what, base + number * _LINE, line, _SIZE)
        below = base + len(lines) * _LINE - 2
        for number, line in enumerate(remarks):
            sheet.text(at.what, below + number * 10, line, 7, colour=SOFT)
        sheet.text(at.quantity, base, row.quantity, _SIZE, align="right")
        sheet.text(at.unit - 14, base, row.unit, 8, align="centre")
        sheet.text(at.price, base, row.price, _SIZE, align="right")
        sheet.text(at.amount, base, row.amount, _SIZE, align="right")

    # Below the table

    def _sums_height(self) -> float:
        rows = max(len(self._w.totals()) + 1, len(self._w.classes()) + 2)
        return 30 + rows * 16 + len(self._w.tax_notes) * 12

    def _sums(self, y: float) -> float:
        if y + self._sums_height() - 30 > BOTTOM:
            y = self._turn() + 10
        return max(self._classes(y), self._totals(y))

    def _totals(self, y: float) -> float:
        sheet, x = self._sheet, 366.0
        for fact in self._w.totals():
            if fact.strong:
                sheet.box(x, y + 3, RIGHT - x, 22, fill=PALE)
                sheet.text(x + 8, y + 18, fact.name, 9.5, colour=NAVY, strong=True)
                sheet.text(
                    RIGHT - 6, y + 18.5, fact.value, 12, align="right", strong=True
                )
                y += 27
                continue
            sheet.text(x + 8, y + 11, fact.name, 8.5, colour=SOFT)
            sheet.text(RIGHT - 6, y + 11, fact.value, 9.5, align="right")
            y += 16
            sheet.rule(y, x)
        return y

    def _classes(self, y: float) -> float:
        sheet = self._sheet
        rows = self._w.classes()
        has_yen = any(row.yen for row in rows)
        base, tax, end = (LEFT + 178, LEFT + 242, LEFT + 300) if has_yen else (
            LEFT + 196, LEFT + 286, LEFT + 292)  # fmt: skip
        mode = self._w.price_mode
        sheet.text(LEFT, y + 9, "税率別内訳", _SMALL, colour=SOFT)
        sheet.text(base, y + 9, f"対象額（{mode}）", _SMALL, colour=SOFT, align="right")
        sheet.text(tax, y + 9, "消費税額", _SMALL, colour=SOFT, align="right")
        if has_yen:
            sheet.text(end, y + 9, "円換算", _SMALL, colour=SOFT, align="right")
        y += 14
        sheet.rule(y, LEFT, end, colour=NAVY)
        for row in rows:
            sheet.text(LEFT, y + 11, row.name, 8.5)
            sheet.text(base, y + 11, row.base, _SIZE, align="right")
            sheet.text(tax, y + 11, row.tax, _SIZE, align="right")
            sheet.text(end, y + 11, row.yen, _SIZE, align="right")
            y += 16
            sheet.rule(y, LEFT, end)
        for words in self._w.tax_notes:
            sheet.text(LEFT, y + 11, words, _SMALL, colour=SOFT)
            y += 12
        return y

    def _payment(self, y: float) -> float:
        facts: list[Fact] = self._w.payment()
        if not facts:
            return y
        room = RIGHT - LEFT - 100
        texts = [(one.name, typeface.wrap(one.value, _SIZE, room)) for one in facts]
        high = 14 + sum(len(lines) * 14 for _, lines in texts)
        if y + high > BOTTOM:
            y = self._turn() + 10
        self._sheet.box(LEFT, y, RIGHT - LEFT, high, line=HAIR)
        y += 17
        for name, lines in texts:
            self._sheet.text(LEFT + 12, y, name, _SMALL, colour=SOFT)
            for line in lines:
                self._sheet.text(LEFT + 88, y, line, _SIZE)
                y += 14
        return y - 3

    def _note(self, y: float) -> float:
        texts = typeface.wrap(self._paper.note, 8.5, RIGHT - LEFT - 36)
        if not self._paper.note:
            return y
        for number, line in enumerate(texts):
            if y + 12 > BOTTOM:
                y = self._turn() + 10
            if number == 0:
                self._sheet.text(LEFT, y + 8, "備考", _SMALL, colour=SOFT)
            self._sheet.text(LEFT + 36, y + 8, line, 8.5)
            y += 12.5
        return y

    # Every page

    def _turn(self) -> float:
        """End the page, begin the next; return where it begins."""
        self._foot()
        self._sheet.turn()
        self._page += 1
        self._background()
        number = self._paper.number or "未採番"
        left = f"{self._w.title}　{number}　{self._w.addressee}"
        self._sheet.text(LEFT, TOP, left, 8, colour=SOFT)
        if self._paper.mark is not Mark.NONE:
            self._sheet.text(
                RIGHT, TOP, self._paper.mark.value, 8, colour=SOFT, align="right"
            )
        self._sheet.rule(TOP + 6)
        return TOP + 16

    def _foot(self) -> None:
        y = BOTTOM + 26
        self._sheet.text(LEFT, y, self._w.notice, 7, colour=SOFT)
        if self._pages > 1:
            place = f"{self._page} / {self._pages}"
            self._sheet.text(WIDTH / 2, y, place, 7.5, colour=SOFT, align="centre")
        self._sheet.text(
            RIGHT, y, self._paper.issuer.name, 7, colour=SOFT, align="right"
        )
