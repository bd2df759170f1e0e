"""Writing customers: one call each, under a key of the row's own."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from tasuki.model.errors import RejectedError
from tasuki.model.write import (
    Confirmed,
    Gone,
    InDoubt,
    Operation,
    Outcome,
    Rejected,
    Write,
)

from .client import REPLAYED, Row, Stripe, is_missing
from .invoices import surely_sent
from .keys import body_key, key_of
from .rendering import render
from .schema import CUSTOMERS, MARK, flat, part

_STREAM: Final = "customer"
_SPENT: Final = 4
_LATELY: Final = timedelta(hours=26)  # longer than a key lives
_RECEIPT: Final = ("id", "name", "currency", "created")


class Customers:
    """The destination stream `customer`."""

    def __init__(self, stripe: Stripe) -> None:
        self._stripe = stripe

    def write_one(self, write: Write, fence: Callable[[], None]) -> Outcome:
        """Create a customer under its key, or update one by its id."""
        try:
            request = render(self._stripe.settings, _STREAM, write)
        except ValueError as error:
            return Rejected(write.ref, "unfit", str(error))
        is_update = write.operation is Operation.UPDATE
        try:
            if is_update:
                key = body_key(write)
                row, _ = self._stripe.post(
                    request.path, _STREAM, request.body, key, fence
                )
            else:
                row = self._create(write, dict(request.body), fence)
        except RejectedError as error:
            return self._refused(write, error)
        if row.get("deleted"):
            return Gone(write.ref, "deleted", "the customer was deleted")
        return customer_receipt(write.ref, row, created=not is_update)

    def _create(self, write: Write, body: Row, fence: Callable[[], None]) -> Row:
        for spent in range(_SPENT):
            key = key_of(write, f"customer.{spent}")
            try:
                return self._stripe.post(CUSTOMERS, _STREAM, body, key, fence)[0]
            except RejectedError as error:
                if error.code != REPLAYED:
                    raise
            with surely_sent():
                found = self._seek(write.mark)
            if found is not None:
                return found
        where = self._stripe.where(_STREAM)
        raise RejectedError(where, "Stripe answers with errors of its own", REPLAYED)

    def _seek(self, mark: str) -> Row | None:
        """Look through the customers of the last day: a list is never late."""
        since = self._stripe.clock.now() - _LATELY
        params = {"created[gte]": int(since.timestamp())}
        for rows, _ in self._stripe.pages(CUSTOMERS, _STREAM, params, "look-up"):
            for row in rows:
                if part(row, "metadata").get(MARK) == mark:
                    return row
        return None

    def _refused(self, write: Write, error: RejectedError) -> Outcome:
        if write.operation is Operation.UPDATE and is_missing(error):
            return Gone(write.ref, error.code, error.answer)
        if error.code in {REPLAYED, "idempotency_error"}:
            return InDoubt(write.ref, error.answer)
        return Rejected(write.ref, error.code, error.answer, error.remedy)


def customer_receipt(ref: str, row: Row, *, created: bool | None = None) -> Confirmed:
    """Return the receipt of a customer."""
    told = flat(_STREAM, row)
    answer = {name: told[name] for name in _RECEIPT if told.get(name) is not None}
    return Confirmed(ref, str(row["id"]), created, answer)
