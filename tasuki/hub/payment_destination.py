"""Writing what was paid: what a system says of a document, on its due invoice."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tasuki.billing.errors import BillingError
from tasuki.billing.rounding import exact_decimal
from tasuki.hub.schema import INVOICE_STREAM, PAYMENT_FIELDS
from tasuki.ledger.billing import BillingBook
from tasuki.model.errors import ConfigError
from tasuki.model.write import (
    Candidate,
    Confirmed,
    Gone,
    Operation,
    Outcome,
    Rejected,
    Sighting,
    Write,
    WriteClass,
    WriteFacts,
)
from tasuki.ports import Question

_BATCH: Final = 200
_MATCH: Final = "Match by the link of the mapping that makes the invoices, reverse."
_REMEDY: Final = "Let the mapping fill `total` and `paid` with amounts."


class PaymentDestination:
    """The hub's writing half of `due_invoice`: payments, nothing of the invoice."""

    def __init__(self, book: BillingBook) -> None:
        self._book = book

    def facts(self, stream: str) -> WriteFacts:  # noqa: ARG002 - all alike
        """Return that payments are written to a due invoice, many at once."""
        return WriteFacts(WriteClass.UPSERT, batch_size=_BATCH, in_flight=1)

    def withdrawal(self, stream: str) -> Mapping[str, object]:  # noqa: ARG002
        """Return nothing: what was said of a payment stays until something else is."""
        return {}

    def review(
        self,
        stream: str,  # noqa: ARG002 - a payment is what a system says it is
        updates: Mapping[str, Mapping[str, object]],  # noqa: ARG002
    ) -> Mapping[str, Question]:
        """Return no questions."""
        return {}

    def write(
        self, stream: str, writes: Sequence[Write], fence: Callable[[], None]
    ) -> list[Outcome]:
        """Write payments, all in one transaction."""
        fence()
        ids = [str(write.target_id) for write in writes]
        known = {row.id for row in self._book.invoices(ids)}
        before = self._book.payments.told(ids)
        outcomes: list[Outcome] = []
        told: dict[str, Mapping[str, object]] = {}
        for write, one in zip(writes, ids, strict=True):
            if write.operation is Operation.CREATE:
                what = f"hub/{stream} is only written to, by `write: update_only`"
                outcomes.append(Rejected(write.ref, "update_only", what, _MATCH))
            elif one not in known:
                outcomes.append(Gone(write.ref, "gone", f"{one} was never due"))
            else:
                fields = {**told.get(one, before.get(one, {})), **write.fields}
                outcome = _checked(write, one, fields)
                if isinstance(outcome, Confirmed):
                    told[one] = fields
                outcomes.append(outcome)
        if told:
            self._book.payments.put(told)
        return outcomes

    def find(
        self,
        stream: str,
        field: str,
        values: Sequence[str],  # noqa: ARG002 - refused before they count
    ) -> Mapping[str, Sequence[Candidate]]:
        """Refuse: what a payment belongs to is known by a link."""
        what = f"due invoices are not found by '{field}'"
        raise ConfigError(f"hub/{stream}", what, _MATCH)

    def fetch(
        self,
        stream: str,  # noqa: ARG002 - one stream
        ids: Sequence[str],
        fields: Sequence[str],
    ) -> Mapping[str, Mapping[str, object]]:
        """Return what was told of due invoices before."""
        told = self._book.payments.told(ids)
        return {
            row.id: {name: told.get(row.id, {}).get(name) for name in fields}
            for row in self._book.invoices(ids)
        }

    def probe(self, stream: str, writes: Sequence[Write]) -> list[Sighting]:
        """Payments carry no marks: they are written by their invoice."""
        what = f"its records carry no marks ({len(writes)} asked for)"
        raise ConfigError(f"hub/{stream}", what)


def _checked(write: Write, one: str, fields: Mapping[str, object]) -> Outcome:
    unknown = sorted(set(fields) - set(PAYMENT_FIELDS))
    if unknown:
        what = f"hub/{INVOICE_STREAM} has no field {', '.join(unknown)} to write"
        remedy = f"It has: {', '.join(PAYMENT_FIELDS)}."
        return Rejected(write.ref, "unknown_field", what, remedy)
    for name in ("total", "paid"):
        try:
            exact_decimal(fields.get(name, 0 if name == "paid" else None))
        except BillingError as error:
            return Rejected(write.ref, name, f"{name}: {error.what}", _REMEDY)
    return Confirmed(write.ref, one, created=False, answer={"id": one})
