"""Writing invoices: once each, told apart by our mark among the tags (タグ)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

from tasuki.model.errors import ConfigError, InDoubtError, RejectedError
from tasuki.model.sweep import SweepFacts
from tasuki.model.write import (
    Candidate,
    Confirmed,
    Deferred,
    Gone,
    InDoubt,
    Operation,
    Outcome,
    Rejected,
    Write,
)

from .amounts import stated
from .client import CREATE, QUOTA, MoneyForward, row_of
from .coded import is_id, masked
from .departments import Departments
from .listing import BILLINGS, PAGE, Row, pages
from .marks import ALIKE, carries
from .rounding import OfficeRounding
from .schema import flat_billing, to_lines
from .settings import TOKYO
from .translation import UnfitError, to_header, to_request

_STREAM: Final = "billing"
_FINDABLE: Final = frozenset({"invoice_number"})
# Lines cannot be replaced in one call, and amounts of a document that is out never.
_FIXED: Final = frozenset(
    {
        "lines", "kind", "price_mode", "tax_rounding", "line_rounding", "withholding",
        "partner_id", "department", "department_id", "tags", "supply_date",
        "rounding_unit", "currency", "issuer_type",
    }
)  # fmt: skip


class Billings:
    """The writing half of the destination stream `billing`."""

    def __init__(self, office: MoneyForward) -> None:
        self._office = office
        self._settings = office.settings
        self._departments = Departments(office)
        self.rounding = OfficeRounding(office)
        self._full: tuple[datetime, str] | None = None

    # Writing

    def write_one(self, write: Write, fence: Callable[[], None]) -> Outcome:
        """Create one invoice (one call, never repeated) or update one by its id."""
        creating = write.operation is Operation.CREATE
        if creating and self._is_full():
            return self._put_off(write)
        try:
            if not creating:
                return self._update(write, fence)
            body = self._request(write)
        except UnfitError as error:
            return Rejected(write.ref, error.code, error.words, error.remedy)
        except RejectedError as error:
            return self._refused(write, error)
        return self._create(write, body, fence)

    def _request(self, write: Write) -> dict[str, object]:
        fields = write.fields
        body = to_request(fields, self.mark(write), self._settings)
        config = self.rounding.known()
        differs = config.differs(fields, self._settings.price_mode) if config else ""
        if differs:
            raise UnfitError(
                "rounding",
                differs,
                "Let mapping and office say the same: クラウド請求書 > 各種設定 > "
                "帳票設定, or take the field out of the mapping.",
            )
        return {"department_id": self._departments.choose(fields), **body}

    def _create(
        self, write: Write, body: Mapping[str, object], fence: Callable[[], None]
    ) -> Outcome:
        try:
            answer = self._office.change(
                "POST", CREATE, _STREAM, body, fence, repeatable=False
            )
        except InDoubtError as error:
            return InDoubt(write.ref, error.what)
        except RejectedError as error:
            if error.code == QUOTA:
                self._full = (self._next_month(), error.answer)
                return self._put_off(write)
            return self._refused(write, error)
        row = row_of(answer)
        if "id" not in row:
            return InDoubt(write.ref, f"answer {answer.status} without an invoice")
        if not carries(row, self.mark(write)):
            return InDoubt(write.ref, "the answer is another invoice's")
        self.rounding.note(row)
        return self.confirmed(write.ref, row, created=True)

    def _update(self, write: Write, fence: Callable[[], None]) -> Outcome:
        """Change what stands around the lines; the lines are left to a person."""
        fixed = sorted(_FIXED & set(write.fields))
        if fixed:
            words = f"{', '.join(fixed)} of an invoice that is there"
            raise UnfitError(
                "fixed", words, "Correct the invoice in クラウド請求書 by hand."
            )
        target = str(write.target_id)
        body = to_header(write.fields)
        if not is_id(target):
            return Gone(write.ref, "404", "no invoice has such an id")
        try:
            answer = self._office.change(
                "PUT", f"{BILLINGS}/{target}", _STREAM, body, fence, repeatable=True
            )
        except RejectedError as error:
            return self._refused(write, error)
        row = row_of(answer)
        if str(row.get("id")) != target:
            return InDoubt(write.ref, "the answer is another invoice's")
        return self.confirmed(write.ref, row, created=False)

    def _refused(self, write: Write, error: RejectedError) -> Outcome:
        words = masked(error.answer, write.fields)
        if error.code == "404" and write.operation is Operation.UPDATE:
            return Gone(write.ref, "404", words)
        return Rejected(write.ref, error.code, words, _remedy(error))

    # The plan's documents of a month

    def _is_full(self) -> bool:
        """Say whether the month's documents are used up, as the last refusal said."""
        if self._full and self._office.clock.now() >= self._full[0]:
            self._full = None
        return self._full is not None

    def _put_off(self, write: Write) -> Deferred:
        assert self._full is not None  # noqa: S101 - by the callers
        until, words = self._full
        return Deferred(
            write.ref,
            QUOTA,
            "the plan allows no more documents this month "
            f"({masked(words, write.fields)}); nothing is lost: it is made from "
            f"{until.astimezone(TOKYO):%Y-%m-%d} on, or after a change of plan",
        )

    def _next_month(self) -> datetime:
        now = self._office.clock.now().astimezone(TOKYO)
        first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return (first + timedelta(days=32)).replace(day=1)

    # What it answers

    def mark(self, write: Write) -> str:
        """Return the mark as it stands among the tags."""
        if not write.mark:
            msg = f"{write.ref}: an invoice is never sent without a mark"
            raise ValueError(msg)
        prefix = self._settings.mark_prefix
        return write.mark if write.mark.startswith(prefix) else f"{prefix}{write.mark}"

    def confirmed(
        self, ref: str, row: Row, *, created: bool | None = None
    ) -> Confirmed:
        """Return an invoice as a receipt, with the sums that it states."""
        answer = {n: v for n, v in flat_billing(row).items() if v is not None}
        return Confirmed(
            ref,
            str(row["id"]),
            created,
            answer,
            stated=stated(row, self._settings.price_mode),
        )

    def stated(self, ids: Sequence[str]) -> dict[str, dict[str, object]]:
        """Return the sums that invoices state now (one call each)."""
        mode = self._settings.price_mode
        return {i: stated(row, mode) for i in ids if (row := self.single(i))}

    def print_of(self, billing_id: str) -> bytes:
        """Return the PDF of an invoice (one call)."""
        path = f"{BILLINGS}/{quote(billing_id, safe='')}.pdf"
        return self._office.file(path, _STREAM)

    # Looking up

    sweep_facts = SweepFacts(PAGE, marks=True, alike=ALIKE)

    def find(self, field: str, values: Sequence[str]) -> dict[str, list[Candidate]]:
        """Return invoices by their number (one call per value)."""
        if field not in _FINDABLE:
            words = f"Money Forward cannot search invoices by '{field}'"
            remedy = f"Match invoices on {' or '.join(sorted(_FINDABLE))}."
            raise ConfigError(self._office.where(_STREAM), words, remedy)
        found: dict[str, list[Candidate]] = {}
        for value in values:
            # Whether the filter compares whole or in part is not documented.
            hits = {
                str(row["id"]): Candidate(str(row["id"]), _STREAM, flat_billing(row))
                for rows, _ in pages(
                    self._office, BILLINGS, _STREAM, {"document_number": value},
                    kind="look-up",
                )
                for row in rows
                if str(row.get("billing_number") or "").casefold() == value.casefold()
            }  # fmt: skip
            if hits:
                found[value] = list(hits.values())
        return found

    def fetch(self, ids: Sequence[str]) -> dict[str, Row]:
        """Return invoices as they are now, lines in Tasuki's words (one call each)."""
        return {
            i: flat_billing(row) | {"lines": to_lines(row.get("items"))}
            for i in ids
            if (row := self.single(i))
        }

    def single(self, invoice_id: str) -> Row | None:
        """Return one invoice; None when it is not there."""
        if not is_id(invoice_id):
            return None
        return self._office.single(f"{BILLINGS}/{invoice_id}", _STREAM) or None


def _remedy(error: RejectedError) -> str:
    words = error.answer
    if "期限" in words or "due_date" in words:
        return (
            "Let the mapping fill `payment_date`, or give the partner a payment term "
            "(支払期限) in クラウド請求書."
        )
    if "部門" in words or "department" in words or error.code == "404":
        return "See that the partner and its department are still there, then replay."
    if "番号" in words or "billing_number" in words:
        return "Correct `numbering`, or the invoice number that is taken."
    return "Correct the record at its source; the next run picks it up."
