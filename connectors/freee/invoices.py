"""Writing invoices to freee請求書: once each, told apart by our mark in 社内メモ."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from tasuki.model.errors import ConfigError, InDoubtError, RejectedError
from tasuki.model.sweep import SweepFacts, SweepQuery, Swept
from tasuki.model.write import (
    Candidate,
    Confirmed,
    Gone,
    InDoubt,
    Operation,
    Outcome,
    Rejected,
    Sighting,
    Write,
)

from .amounts import sums
from .client import Freee, row_of, rows_of
from .listing import FUTURE, INVOICE_PAGE, INVOICES, Position, Row, Window, sweep
from .partners import masked
from .rendering import invoice_request
from .settings import TOKYO
from .sweeping import ALIKE, as_shown, swept
from .translation import (
    UnfitError,
    carries,
    full_mark,
    memo_with,
    to_changes,
    to_lines,
    to_request,
)

_STREAM: Final = "invoice"
_PARTNERS_PER_CALL: Final = 3
_MANY_PARTNERS: Final = 6
_MARGIN: Final = timedelta(days=31)  # somebody may have moved the billing date
_FINDABLE: Final = frozenset({"invoice_number", "subject"})

_RECEIPT: Final = (
    "id", "invoice_number", "partner_id", "partner_name", "partner_display_name",
    "billing_date", "payment_date", "subject",
    "total_amount", "amount_tax", "amount_including_tax", "amount_excluding_tax",
    "amount_withholding_tax",
    *(f"amount_{kind}_{rate}" for rate in ("10", "8", "8_reduced", "0")
      for kind in ("including_tax", "excluding_tax", "tax")),
    "sending_status", "payment_status", "cancel_status", "deal_status", "deal_id",
    "report_url", "memo", "created_at",
)  # fmt: skip

# What PUT wants again of the present invoice, and its names are the same.
_KEPT: Final = (
    "template_id", "branch_no", "billing_date", "issue_date", "payment_date",
    "payment_type", "subject", "tax_entry_method", "tax_fraction",
    "line_amount_fraction", "withholding_tax_entry_method", "invoice_note", "memo",
    "partner_id", "partner_title", "partner_display_name", "partner_sending_method",
    "partner_contact_name", "partner_contact_department", "partner_contact_email_to",
    "partner_contact_email_cc", "partner_address_zipcode",
    "partner_address_prefecture_code", "partner_address_street_name1",
    "partner_address_street_name2", "company_contact_name",
)  # fmt: skip
_KEPT_OF_LINES: Final = (
    "type", "description", "sales_date", "unit", "quantity", "unit_price", "tax_rate",
    "reduced_tax_rate", "withholding", "account_item_id", "tax_code", "item_id",
    "section_id", "tag_ids", "segment_1_tag_id", "segment_2_tag_id",
    "segment_3_tag_id",
)  # fmt: skip


class Invoices:
    """The destination stream `invoice`."""

    def __init__(self, freee: Freee) -> None:
        self._freee = freee
        self._settings = freee.settings

    # Writing

    def write_one(self, write: Write, fence: Callable[[], None]) -> Outcome:
        """Create one invoice (one call, never repeated) or update one by its id."""
        try:
            if write.operation is Operation.UPDATE:
                return self._update(write, fence)
            request = invoice_request(write, self._settings)
        except UnfitError as error:
            return Rejected(write.ref, error.code, error.words, error.remedy)
        try:
            answer = self._freee.ask_to(request, _STREAM, fence, repeatable=False)
        except InDoubtError as error:
            return InDoubt(write.ref, error.what)
        except RejectedError as error:
            return self._refused(write, error)
        row = row_of(answer, _STREAM)
        if "id" not in row:
            return InDoubt(write.ref, f"answer {answer.status} without an invoice")
        if not carries(row.get("memo"), self._mark(write)):
            return InDoubt(write.ref, "the answer is another invoice's")
        return _confirmed(write.ref, row, created=True)

    def _update(self, write: Write, fence: Callable[[], None]) -> Outcome:
        """Send the whole invoice with the changed fields: PUT replaces all of it."""
        changes = to_changes(write.fields, self._settings)
        row = self.single(str(write.target_id))
        if row is None:
            return Gone(write.ref, "404", "the invoice is not there any more")
        body = _as_request(row) | changes
        if "partner_code" in changes:
            body.pop("partner_id", None)
        if write.fields.get("memo") is not None:
            body["memo"] = memo_with(write.fields["memo"], self._marks_in(row, write))
        if self._settings.numbering == "ours":
            body.setdefault("invoice_number", row.get("invoice_number"))
        else:
            body.pop("invoice_number", None)
        path = f"{INVOICES}/{write.target_id}"
        try:
            answer = self._freee.change(
                "PUT", path, _STREAM, body, fence, repeatable=True
            )
        except RejectedError as error:
            return self._refused(write, error)
        return _confirmed(write.ref, row_of(answer, _STREAM) or row, created=False)

    def _refused(self, write: Write, error: RejectedError) -> Outcome:
        words = masked(error.answer, write.fields)
        if "404" in error.code and write.operation is Operation.UPDATE:
            return Gone(write.ref, "404", words)
        return Rejected(write.ref, error.code, words, _remedy(error.answer))

    def _mark(self, write: Write) -> str:
        if not write.mark:
            msg = f"{write.ref}: an invoice is never sent without a mark"
            raise ValueError(msg)
        return full_mark(write.mark, self._settings.mark_prefix)

    def _marks_in(self, row: Row, write: Write) -> str:
        """Return the marks that the present memo carries, or the write's own."""
        prefix = self._settings.mark_prefix
        words = str(row.get("memo") or "").split()
        marks = [word for word in words if word.startswith(prefix)]
        return " ".join(marks) or full_mark(write.mark or write.ref, prefix)

    # Looking up

    def find(self, field: str, values: Sequence[str]) -> dict[str, list[Candidate]]:
        """Return invoices by number or subject (one call per value)."""
        where = f"{self._freee.connection}/{_STREAM}"
        if field not in _FINDABLE:
            words = f"freee cannot search invoices by '{field}'"
            remedy = f"Match invoices on {' or '.join(sorted(_FINDABLE))}."
            raise ConfigError(where, words, remedy)
        found: dict[str, list[Candidate]] = {}
        for value in values:
            params: dict[str, str | int] = {field: value, "limit": 100}
            answer = self._freee.get(INVOICES, _STREAM, params, "look-up")
            # Whether freee compares whole or in part is not documented.
            hits = [
                Candidate(str(row["id"]), _STREAM, row)
                for row in rows_of(answer, "invoices", where)
                if str(row.get(field) or "").casefold() == value.casefold()
            ]
            if hits:
                found[value] = hits
        return found

    def fetch(self, ids: Sequence[str]) -> dict[str, Row]:
        """Return invoices as they are now, lines in Tasuki's words (one call each)."""
        found: dict[str, Row] = {}
        for invoice_id in ids:
            row = self.single(invoice_id)
            if row is not None:
                found[invoice_id] = row | {"lines": to_lines(row.get("lines"))}
        return found

    def single(self, invoice_id: str) -> Row | None:
        """Return one invoice as freee shows it; None when it is not there."""
        if not invoice_id.isdecimal():
            return None
        try:
            path = f"{INVOICES}/{invoice_id}"
            answer = self._freee.get(path, _STREAM, None, "look-up")
        except RejectedError as error:
            if "404" in error.code:
                return None
            raise
        return row_of(answer, _STREAM) or None

    # Sweeping

    sweep_facts = SweepFacts(INVOICE_PAGE - 1, marks=True, alike=ALIKE)

    def sweep(self, query: SweepQuery) -> Iterator[list[Swept]]:
        """Yield every invoice of the history, whatever its fields: marks may be old."""
        today = self._freee.clock.now().astimezone(TOKYO).date()
        window = Window(self._settings.history_from, today + FUTURE, {})
        names = {*query.fields, *ALIKE}
        for rows, _ in sweep(self._freee, Position((window,)), "sweep"):
            yield [swept(row, names, self._settings.mark_prefix) for row in rows]

    def shown(self, fields: Mapping[str, object]) -> Mapping[str, object]:
        """Return what a list shows of an invoice made from these fields."""
        try:
            return as_shown(fields, self._settings)
        except UnfitError:
            return {}  # freee would refuse it, so there is nothing to compare with

    # Probing

    def probe(self, writes: Sequence[Write]) -> list[Sighting]:
        """Look for the marks of writes in doubt, many writes per call."""
        wanted = [_Wanted.of(write, self._mark(write), self) for write in writes]
        rows = {str(row["id"]): row for row in self._candidates(wanted)}
        return [self._sighting(one, list(rows.values())) for one in wanted]

    def expected_total(self, write: Write) -> int | None:
        """Return the total that freee would compute; None when it cannot be told."""
        try:
            request = to_request(write.fields, self._mark(write), self._settings)
        except UnfitError:
            return None
        return sums(request)["total_amount"]

    def _sighting(self, wanted: "_Wanted", rows: Sequence[Row]) -> Sighting:
        found = tuple(
            _confirmed(wanted.ref, row)
            for row in rows
            if carries(row.get("memo"), wanted.mark)
        )
        suspects = tuple(
            _confirmed(wanted.ref, row, look_alike=True)
            for row in rows
            if not found and self._looks_like(row, wanted)
        )
        return Sighting(wanted.ref, found, suspects)

    def _looks_like(self, row: Row, wanted: "_Wanted") -> bool:
        """Say whether this may be the document, its mark edited away by somebody."""
        return (
            self._settings.mark_prefix not in str(row.get("memo") or "")
            and row.get("cancel_status") != "canceled"
            and wanted.is_partner(row)
            and row.get("billing_date") == wanted.day.isoformat()
            and wanted.total in {None, row.get("total_amount")}
        )

    def _candidates(self, wanted: Sequence["_Wanted"]) -> list[Row]:
        partners = sorted({one.partner for one in wanted if one.partner})
        chunks = -(-len(partners) // _PARTNERS_PER_CALL)
        days = [one.day for one in wanted]
        if not days:
            return []
        first, last = min(days), max(days)
        by_code = any(not one.partner for one in wanted)
        if by_code or (len(partners) > _MANY_PARTNERS and last - first < _MARGIN):
            # Reading whole days is cheaper than asking for three partners at a time,
            # unless there are more invoices than that.
            rows = self._sweep(Window(first, last, {}), 0 if by_code else chunks)
            if rows is not None:
                return rows
        found: list[Row] = []
        for start in range(0, len(partners), _PARTNERS_PER_CALL):
            some = partners[start : start + _PARTNERS_PER_CALL]
            days = [one.day for one in wanted if one.partner in some]
            filters = {"partner_ids": ",".join(some)}
            window = Window(min(days) - _MARGIN, max(days) + _MARGIN, filters)
            found.extend(self._sweep(window, 0) or ())
        return found

    def _sweep(self, window: Window, most_pages: int) -> list[Row] | None:
        """Return a window's invoices; None when they fill more than `most_pages`."""
        found: list[Row] = []
        pages = sweep(self._freee, Position((window,)), "probe")
        for count, (rows, after) in enumerate(pages, 1):
            found.extend(rows)
            if most_pages and count >= most_pages and after.windows:
                return None
        return found


class _Wanted:
    """One write in doubt, as far as it narrows the search."""

    def __init__(self, write: Write, mark: str, day: date, total: int | None) -> None:
        self.ref = write.ref
        self.mark = mark
        self.day = day
        self.total = total
        self.partner = str(write.fields.get("partner_id") or "")
        self._code = str(write.fields.get("partner_code") or "")

    @classmethod
    def of(cls, write: Write, mark: str, invoices: Invoices) -> "_Wanted":
        try:
            changes = to_changes(
                {"billing_date": write.fields.get("billing_date")},
                invoices._settings,  # noqa: SLF001 - the same module
            )
            day = date.fromisoformat(str(changes["billing_date"]))
        except (UnfitError, KeyError) as error:
            # It was sent, so it was readable then: the mapping's answer has changed.
            msg = f"{write.ref}: billing_date cannot be read any more"
            raise ValueError(msg) from error
        return cls(write, mark, day, invoices.expected_total(write))

    def is_partner(self, row: Row) -> bool:
        """Say whether the row bills the same partner."""
        if self.partner:
            return str(row.get("partner_id")) == self.partner
        return bool(self._code) and row.get("partner_code") == self._code


def _confirmed(
    ref: str, row: Row, *, created: bool | None = None, look_alike: bool = False
) -> Confirmed:
    answer = {name: row[name] for name in _RECEIPT if name in row}
    if row.get("cancel_status") == "canceled":
        answer["canceled"] = True
    if look_alike:
        answer["look_alike"] = True
    return Confirmed(ref, str(row["id"]), created, answer)


def _as_request(row: Row) -> dict[str, object]:
    """Return a present invoice as a request that would change nothing."""
    body = {name: row[name] for name in _KEPT if row.get(name) not in {None, ""}}
    body.setdefault("withholding_tax_entry_method", "out")
    lines = row.get("lines")
    body["lines"] = [
        {
            name: line[name]
            for name in _KEPT_OF_LINES
            if line.get(name) not in (None, "")
        }
        if line.get("type") != "text"
        else {"type": "text", "description": line.get("description")}
        for line in (lines if isinstance(lines, list) else ())
    ]
    return body


def _remedy(words: str) -> str:
    if "請求書番号" in words or "採番" in words or "invoice_number" in words:
        return (
            "freee's numbering setting differs from this connection's: set `numbering` "
            "to auto or ours as in freee請求書 (設定 > 採番), or correct a number "
            "that is taken."
        )
    if "取引先" in words:
        return (
            "Check that the partner exists in freee and is not archived, then replay."
        )
    if "テンプレート" in words or "template" in words:
        return "Correct `template_id`; `tasuki doctor` lists the templates."
    return "Correct the record at its source; the next run picks it up."
