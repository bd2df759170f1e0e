"""Writing invoices: several calls for one document, and never half of one for whole.

An invoice is a draft, its items, a look at the whole, and what the mapping wants of it
then. Every call has a key of its own, made of the row: whoever sends the row again,
after any stop, goes on with the same draft. It is reported done only when every item
is seen in it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from tasuki.model.errors import (
    AccessError,
    InDoubtError,
    RejectedError,
    TransientError,
)
from tasuki.model.write import Confirmed, Gone, InDoubt, Operation, Outcome, Write
from tasuki.model.write import Rejected as Refused

from .amounts import Rate, UnfitError, total
from .client import REPLAYED, Row, Stripe, is_missing
from .keys import body_key, key_of
from .rendering import (
    amount_of,
    changes,
    finish_of,
    invoice,
    items,
    rounding_of,
)
from .schema import INVOICES, ITEMS, LINE, LINES, MARK, STATE, WITHDRAWN, flat, part

Fence = Callable[[], None]

_STREAM: Final = "invoice"
_MOST_DRAFTS: Final = 20  # one after the other, each withdrawn before the next
_SPENT: Final = 4  # keys of one call that Stripe answers with an error of its own
_RECEIPT: Final = (
    "id", "number", "status", "partner_id", "currency", "total", "tax", "subtotal",
    "amount_due", "payment_date", "hosted_invoice_url", "invoice_pdf", "created",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Draft:
    """A row on its way to Stripe: which document, and by which keys."""

    write: Write
    fence: Fence
    turn: int

    def key(self, step: str) -> str:
        return key_of(self.write, f"{self.turn}-{step}")


@contextmanager
def surely_sent() -> Iterator[None]:
    """Let no error look as if nothing had been sent: an earlier call was."""
    try:
        yield
    except (AccessError, TransientError) as error:
        raise InDoubtError(error.where, error.answer) from error


class Invoices:
    """The destination stream `invoice`."""

    def __init__(self, stripe: Stripe) -> None:
        self._stripe = stripe
        self._settings = stripe.settings
        self._rates: dict[str, Rate] = {}

    def write_one(self, write: Write, fence: Fence) -> Outcome:
        """Create an invoice, or change the header of a draft."""
        try:
            if write.operation is Operation.UPDATE:
                return self._update(write, fence)
            header, lines = (
                invoice(write, self._settings),
                items(write, self._settings),
            )
            expected = self.expected(lines, rounding_of(write, self._settings))
        except UnfitError as error:
            return Refused(write.ref, error.code, error.words)
        except RejectedError as error:
            return Refused(write.ref, error.code, error.answer, error.remedy)
        return self._create(write, header, lines, expected, fence)

    def _update(self, write: Write, fence: Fence) -> Outcome:
        body = changes(write.fields)
        path = f"{INVOICES}/{write.target_id}"
        try:
            row, _ = self._stripe.post(path, _STREAM, body, body_key(write), fence)
        except RejectedError as error:
            if is_missing(error):
                return Gone(write.ref, error.code, error.answer)
            return Refused(write.ref, error.code, error.answer, error.remedy)
        return confirmed(write.ref, row, created=False)

    # Creating

    def _create(
        self,
        write: Write,
        header: Mapping[str, object],
        lines: list[dict[str, object]],
        expected: int,
        fence: Fence,
    ) -> Outcome:
        """Make the document, or go on with the one that an earlier try began."""
        for turn in range(_MOST_DRAFTS):
            draft = _Draft(write, fence, turn)
            try:
                row = self._begin(draft, header)
            except RejectedError as error:
                return self._unbegun(write, error)
            if row is None:
                continue
            try:
                outcome = self._carry_on(draft, row, lines, expected)
            except (AccessError, InDoubtError, RejectedError, TransientError) as error:
                # The draft is there: whatever comes, this row is sent again as it is.
                return InDoubt(write.ref, f"draft {row['id']}: {error}")
            if outcome is not None:
                return outcome
        return InDoubt(write.ref, f"{_MOST_DRAFTS} drafts were withdrawn or deleted")

    def _unbegun(self, write: Write, error: RejectedError) -> Outcome:
        if error.code in {"idempotency_error", REPLAYED}:
            return InDoubt(write.ref, error.answer)
        return Refused(write.ref, error.code, error.answer, error.remedy)

    def _begin(self, draft: _Draft, header: Mapping[str, object]) -> Row | None:
        """Return the draft of this turn; None when it has been taken away since."""
        row, known = self._once(
            INVOICES, header, draft, "invoice", lambda: self._seek(draft)
        )
        if not known:
            return row
        with surely_sent():
            return self._stripe.single(INVOICES, str(row["id"]), _STREAM, "look-up")

    def _seek(self, draft: _Draft) -> Row | None:
        """Look for this row's draft among the customer's: a list is never late."""
        params = {"customer": str(draft.write.fields.get("partner_id"))}
        for rows, _ in self._stripe.pages(INVOICES, _STREAM, params, "look-up"):
            for row in rows:
                metadata = part(row, "metadata")
                ours = metadata.get(MARK) == draft.write.mark
                if ours and metadata.get(STATE) != WITHDRAWN:
                    return row
        return None

    def _carry_on(
        self,
        draft: _Draft,
        row: Row,
        lines: list[dict[str, object]],
        expected: int,
    ) -> Outcome | None:
        """Bring a draft to its end; None when it was withdrawn by an earlier try."""
        write, one = draft.write, str(row["id"])
        if part(row, "metadata").get(STATE) == WITHDRAWN:
            self._withdraw(draft, one)
            return None
        if row.get("status") == "draft":
            try:
                self._add(draft, one, lines)
            except RejectedError as error:
                self._withdraw(draft, one)
                return Refused(write.ref, error.code, error.answer, error.remedy)
        row = self._stripe.get(f"{INVOICES}/{one}", _STREAM, None, "look-up")
        found = self.lines_of(row)
        if missing(found, len(lines)):
            words = f"invoice {one} lacks lines of ours: somebody has changed it"
            return InDoubt(write.ref, words)
        is_ours = len(found) == len(lines)
        if not is_ours:
            return confirmed(write.ref, row, created=True)
        # What does not agree stays a draft: the engine holds it for a person.
        if row.get("total") == expected:
            row = self._finish(draft, row)
        stated = self.stated_by(row)
        return replace(confirmed(write.ref, row, created=True), stated=stated)

    def _add(self, draft: _Draft, one: str, lines: list[dict[str, object]]) -> None:
        for place, line in enumerate(lines):
            body = {"invoice": one, **line}

            def seek(wanted: str = str(place)) -> Row | None:
                row = self._stripe.get(f"{INVOICES}/{one}", _STREAM, None, "look-up")
                found = [x for x in self.lines_of(row) if _line(x) == wanted]
                return found[0] if found else None

            self._once(ITEMS, body, draft, f"item-{place}", seek)

    def _once(
        self,
        path: str,
        body: Mapping[str, object],
        draft: _Draft,
        step: str,
        seek: Callable[[], Row | None],
    ) -> tuple[Row, bool]:
        """Do one call; where its key is spent on an error of Stripe's, look first."""
        for spent in range(_SPENT):
            key = draft.key(f"{step}.{spent}" if spent else step)
            try:
                return self._stripe.post(path, _STREAM, body, key, draft.fence)
            except RejectedError as error:
                if error.code != REPLAYED:
                    raise
            with surely_sent():
                found = seek()
            if found is not None:
                return found, True
        where = self._stripe.where(_STREAM)
        raise RejectedError(where, "Stripe answers with errors of its own", REPLAYED)

    def _finish(self, draft: _Draft, row: Row) -> Row:
        """Do with a whole draft what the mapping wants; a final one stays as it is."""
        finish, path = finish_of(draft.write.fields), f"{INVOICES}/{row['id']}"
        if finish == "draft":
            return row
        if row.get("status") == "draft":
            body = {"auto_advance": False}
            key = draft.key("finalize")
            row, _ = self._stripe.post(
                f"{path}/finalize", _STREAM, body, key, draft.fence
            )
        if finish == "send" and row.get("status") == "open":
            row, _ = self._stripe.post(
                f"{path}/send", _STREAM, {}, draft.key("send"), draft.fence
            )
        return row

    # Withdrawing

    def _withdraw(self, draft: _Draft, one: str) -> None:
        """Take a draft away that must not stay: first said so, then its items, then it.

        Who stops in between is followed by one who sees what was meant. Items go
        first: none may be left to wait for the customer's next invoice.
        """
        path = f"{INVOICES}/{one}"
        said = {"metadata": {STATE: WITHDRAWN}}
        row, _ = self._stripe.post(
            path, _STREAM, said, draft.key("withdraw"), draft.fence
        )
        for line in self.lines_of(row):
            item = item_of(line)
            if item and _line(line) is not None:
                self._stripe.delete(f"{ITEMS}/{item}", _STREAM, draft.fence)
        self._stripe.delete(path, _STREAM, draft.fence)

    # Sums and lines

    def expected(self, lines: list[dict[str, object]], rounding: str) -> int:
        """Return the total as we compute it, with the account's rates."""
        pairs = [(amount_of(line), self._rate(line)) for line in lines]
        return total(pairs, rounding)

    def stated_by(self, row: Row) -> dict[str, object]:
        """Return an invoice's sums by our names, and how they are rounded."""
        told = flat(_STREAM, row)
        rates = [self.rate(one) for one in set(self._settings.tax_rates.values())]
        stated = {
            "total_incl": told.get("total"),
            "tax_total": told.get("tax"),
            "tax_rounding": self._settings.tax_rounding,
        }
        if rates and all(rate.inclusive for rate in rates):
            stated["price_mode"] = "inclusive"
        return stated

    def stated(self, ids: Sequence[str]) -> dict[str, dict[str, object]]:
        """Return the sums that invoices state now; absent when gone."""
        found = {}
        for one in ids:
            row = self._stripe.single(INVOICES, one, _STREAM, "look-up")
            if row is not None:
                found[one] = self.stated_by(row)
        return found

    def rate(self, rate_id: str) -> Rate:
        """Return what a tax rate of the account says (one call, remembered)."""
        if rate_id not in self._rates:
            path = f"/v1/tax_rates/{rate_id}"
            row = self._stripe.get(path, _STREAM, None, "set-up")
            percentage = Decimal(str(row.get("percentage")))
            self._rates[rate_id] = Rate(percentage, bool(row.get("inclusive")))
        return self._rates[rate_id]

    def _rate(self, line: Mapping[str, object]) -> Rate | None:
        rates = line.get("tax_rates")
        return self.rate(str(rates[0])) if isinstance(rates, list) and rates else None

    def lines_of(self, row: Row) -> list[Row]:
        """Return all lines of an invoice; it shows the first ten itself."""
        shown = part(row, "lines")
        rows = shown.get("data")
        if isinstance(rows, list) and not shown.get("has_more"):
            return [one for one in rows if isinstance(one, dict)]
        path = f"{INVOICES}/{row['id']}/lines"
        listed = self._stripe.pages(path, _STREAM, None, "look-up")
        return [one for rows, _ in listed for one in rows]

    def is_whole(self, row: Row) -> bool:
        """Say whether every line that was meant is in the invoice."""
        metadata = part(row, "metadata")
        count = str(metadata.get(LINES) or "")
        if not count.isdecimal() or metadata.get(STATE) == WITHDRAWN:
            return False
        return not missing(self.lines_of(row), int(count))


def missing(found: list[Row], count: int) -> set[str]:
    """Return the places whose lines are not there."""
    return {str(place) for place in range(count)} - {str(_line(x)) for x in found}


def _line(row: Row) -> object:
    return part(row, "metadata").get(LINE)


def item_of(line: Row) -> str:
    """Return the id of the item that a line shows."""
    details = part(part(line, "parent"), "invoice_item_details")
    return str(details.get("invoice_item") or line.get("invoice_item") or "")


def confirmed(ref: str, row: Row, *, created: bool | None = None) -> Confirmed:
    """Return the receipt of an invoice."""
    told = flat(_STREAM, row)
    answer = {name: told[name] for name in _RECEIPT if told.get(name) is not None}
    return Confirmed(ref, str(row["id"]), created, answer)
