"""Writing to freee: partners by upsert (class B), invoices by mark (class C)."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from tasuki.model.errors import AccessError, ConfigError, TransientError
from tasuki.model.sweep import SweepFacts, SweepQuery, Swept
from tasuki.model.write import (
    Candidate,
    Deferred,
    Outcome,
    Sighting,
    Write,
    WriteClass,
    WriteFacts,
)
from tasuki.ports import Cancellable

from .cancelling import Cancellations
from .client import Freee
from .invoices import Invoices
from .partners import Partners


class FreeeDestination:
    """The streams `partner` and `invoice`."""

    def __init__(self, freee: Freee) -> None:
        self._freee = freee
        self._partners = Partners(freee)
        self._invoices = Invoices(freee)
        self._cancellations = Cancellations(freee, self._invoices)

    def facts(self, stream: str) -> WriteFacts:
        """Return how the stream wants to be written to: one row per call."""
        if self._stream(stream) is self._partners:
            return WriteFacts(WriteClass.UPSERT, batch_size=1)
        quiet = self._freee.settings.quiet_seconds
        return WriteFacts(WriteClass.MARKER, batch_size=1, quiet_seconds=quiet)

    def write(
        self, stream: str, writes: Sequence[Write], fence: Callable[[], None]
    ) -> list[Outcome]:
        """Send the rows one after the other; freee has no batches."""
        target = self._stream(stream)
        outcomes: list[Outcome] = []
        for place, write in enumerate(writes):
            try:
                outcomes.append(target.write_one(write, fence))
            except (AccessError, TransientError) as error:
                if not outcomes:
                    raise
                # What is done stays told; the rest was certainly not begun, but for
                # this row, which may be repeated.
                rest = writes[place:]
                words = error.answer
                outcomes += [Deferred(one.ref, error.code, words) for one in rest]
                break
        return outcomes

    def find(
        self, stream: str, field: str, values: Sequence[str]
    ) -> Mapping[str, Sequence[Candidate]]:
        """Return the records whose field equals a value."""
        return self._stream(stream).find(field, values)

    def fetch(
        self, stream: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, object]]:
        """Return the present values of these records; absent when gone."""
        rows = self._stream(stream).fetch(ids)
        return {i: {name: row.get(name) for name in fields} for i, row in rows.items()}

    def probe(self, stream: str, writes: Sequence[Write]) -> list[Sighting]:
        """Look for invoices that carry the marks of these writes."""
        self._only_invoices(stream, "only invoices carry marks")
        return self._invoices.probe(writes)

    def cancellable(self, stream: str, record_id: str) -> Cancellable | None:
        """Return an invoice as it is now, to be asked about."""
        self._only_invoices(stream, "only invoices can be cancelled")
        return self._cancellations.look(record_id)

    def cancel(self, stream: str, record_id: str, fence: Callable[[], None]) -> None:
        """Cancel an invoice (取消), and its deal in freee会計 with it."""
        self._only_invoices(stream, "only invoices can be cancelled")
        self._cancellations.cancel(record_id, fence)

    def sweep_facts(self, stream: str) -> SweepFacts:
        """Return how many records a list brings, and that invoices carry marks."""
        return self._stream(stream).sweep_facts

    def sweep(self, stream: str, query: SweepQuery) -> Iterator[Sequence[Swept]]:
        """Yield every partner, or every invoice of the whole history, by list."""
        return self._stream(stream).sweep(query)

    def shown(self, stream: str, fields: Mapping[str, object]) -> Mapping[str, object]:
        """Return what a list would show of these fields, an invoice's total added."""
        return self._stream(stream).shown(fields)

    def _only_invoices(self, stream: str, words: str) -> None:
        if self._stream(stream) is not self._invoices:
            raise ConfigError(f"{self._freee.connection}/{stream}", words)

    def _stream(self, stream: str) -> Partners | Invoices:
        if stream == "partner":
            return self._partners
        if stream == "invoice":
            return self._invoices
        where = f"{self._freee.connection}/{stream}"
        raise ConfigError(where, "freee has the streams invoice and partner")
