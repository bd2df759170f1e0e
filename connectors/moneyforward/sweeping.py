"""Invoices as a list shows them: swept to compare both sides, or looked through."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from tasuki.model.sweep import SweepQuery, Swept
from tasuki.model.write import Sighting, Write

from .amounts import Config, sums
from .billings import Billings
from .client import MoneyForward
from .listing import BILLINGS, Row, pages, window, years
from .marks import ALIKE, carries, marks_of
from .schema import flat_billing
from .settings import TOKYO
from .translation import UnfitError, day_of, to_header, to_items

_STREAM: Final = "billing"
_MARGIN: Final = timedelta(days=31)  # somebody may have moved the billing date
_SHOWN: Final = ("partner_id", "subject", "billing_date", "payment_date")
_ALONE: Final = 6


class Lookout:
    """Looks through the office's invoices."""

    def __init__(self, office: MoneyForward, billings: Billings) -> None:
        self._office = office
        self._settings = office.settings
        self._billings = billings

    def sweep(self, query: SweepQuery) -> Iterator[list[Swept]]:
        """Yield every invoice of the history, whatever its fields: marks may be old."""
        today = self._office.clock.now().astimezone(TOKYO).date()
        names = {*query.fields, *ALIKE}
        for first, last in years(self._settings.history_from, today):
            asked = window("created_at", first, last)
            for rows, _ in pages(self._office, BILLINGS, _STREAM, asked, kind="sweep"):
                yield [self._swept(row, names) for row in rows]

    def _swept(self, row: Row, names: set[str]) -> Swept:
        flat = flat_billing(row)
        prefix = self._settings.mark_prefix
        shown = {name: flat[name] for name in names if name in flat}
        marks = tuple(mark.removeprefix(prefix) for mark in marks_of(row, prefix))
        return Swept(str(row["id"]), shown, marks)

    def shown(self, fields: Mapping[str, object]) -> Mapping[str, object]:
        """Return what a list shows of an invoice made from these fields."""
        try:
            body = to_header(fields)
            items = to_items(fields, self._settings) if "lines" in fields else []
        except UnfitError:
            return {}  # it would be refused, so there is nothing to compare with
        flat = flat_billing({**body, "partner_id": fields.get("partner_id")})
        shown = {name: flat[name] for name in _SHOWN if flat[name] is not None}
        if items and not fields.get("withholding"):
            shown["total_amount"] = sums(items, self._config())["total_price"]
        return shown

    def _config(self) -> Config:
        return self._billings.rounding.kept or Config(
            consumption_tax_display_type="internal"
            if self._settings.price_mode == "inclusive"
            else "external"
        )

    # Probing

    def probe(self, writes: Sequence[Write]) -> list[Sighting]:
        """Look for the marks of writes in doubt, many writes per call."""
        wanted = [_Wanted(write, self._billings.mark(write)) for write in writes]
        if wanted:
            self._billings.rounding.known()
        rows = {str(row["id"]): row for row in self._candidates(wanted)}
        return [self._sighting(one, list(rows.values())) for one in wanted]

    def _sighting(self, wanted: "_Wanted", rows: Sequence[Row]) -> Sighting:
        confirmed = self._billings.confirmed
        found = tuple(
            confirmed(wanted.ref, row) for row in rows if carries(row, wanted.mark)
        )
        total = self.shown(wanted.fields).get("total_amount")
        suspects = tuple(
            confirmed(wanted.ref, row)
            for row in rows
            if not found and self._looks_like(row, wanted, total)
        )
        return Sighting(wanted.ref, found, suspects)

    def _looks_like(self, row: Row, wanted: "_Wanted", total: object) -> bool:
        """Say whether this may be the invoice, its tag taken off by somebody."""
        if marks_of(row, self._settings.mark_prefix):
            return False
        number = wanted.fields.get("invoice_number")
        if number and row.get("billing_number") == number:
            return True
        return (
            wanted.is_customer(row)
            and row.get("billing_date") == wanted.day.isoformat()
            and total in {None, row.get("total_price")}
        )

    def _candidates(self, wanted: Sequence["_Wanted"]) -> Iterator[Row]:
        """Yield the invoices that may be those, by customer or by their days."""
        by_partner: dict[str, list[_Wanted]] = {}
        for one in wanted:
            by_partner.setdefault(one.partner, []).append(one)
        if len(by_partner) > _ALONE or "" in by_partner:
            # Reading whole days is cheaper than asking for one customer at a time.
            by_partner = {"": list(wanted)}
        for partner, several in by_partner.items():
            days = [one.day for one in several]
            asked = window("billing_date", min(days) - _MARGIN, max(days) + _MARGIN)
            if partner:
                asked["partner_id"] = partner
            for rows, _ in pages(self._office, BILLINGS, _STREAM, asked, kind="probe"):
                yield from rows


class _Wanted:
    """One write in doubt, as far as it narrows the search."""

    def __init__(self, write: Write, mark: str) -> None:
        self.ref, self.mark, self.fields = write.ref, mark, write.fields
        try:
            self.day = date.fromisoformat(day_of(write.fields, "billing_date"))
        except (UnfitError, KeyError) as error:
            # It was sent, so it was readable then: the mapping's answer has changed.
            msg = f"{write.ref}: billing_date cannot be read any more"
            raise ValueError(msg) from error
        self.partner = str(write.fields.get("partner_id") or "")
        self._department = str(write.fields.get("department_id") or "")

    def is_customer(self, row: Row) -> bool:
        """Say whether the row bills the same partner, or the same department of it."""
        if self.partner:
            return str(row.get("partner_id")) == self.partner
        return str(row.get("department_id")) == self._department
