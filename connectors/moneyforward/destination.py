"""Writing to Money Forward: every stream is of class C, one row per call."""

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

from .billings import Billings
from .client import MoneyForward
from .partners import Items, Partners
from .sweeping import Lookout


class MoneyForwardDestination:
    """The streams `partner`, `item` and `billing`."""

    def __init__(self, office: MoneyForward) -> None:
        self._office = office
        self.billings = Billings(office)
        self._lookout = Lookout(office, self.billings)
        self._coded: dict[str, Partners | Items] = {
            "partner": Partners(office),
            "item": Items(office),
        }

    def facts(self, stream: str) -> WriteFacts:
        """Return how the stream wants to be written to."""
        self._stream(stream)
        quiet = self._office.settings.quiet_seconds
        return WriteFacts(WriteClass.MARKER, batch_size=1, quiet_seconds=quiet)

    def write(
        self, stream: str, writes: Sequence[Write], fence: Callable[[], None]
    ) -> list[Outcome]:
        """Send the rows one after the other; Money Forward has no batches."""
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
                outcomes += [
                    Deferred(one.ref, error.code, error.answer)
                    for one in writes[place:]
                ]
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
        """Look for our marks: tags of invoices, codes of partners and items."""
        coded = self._coded.get(stream)
        return coded.probe(writes) if coded else self._lookout.probe(writes)

    def stated(
        self, stream: str, ids: Sequence[str]
    ) -> Mapping[str, Mapping[str, object]]:
        """Return the sums that invoices state now."""
        return {} if stream in self._coded else self.billings.stated(ids)

    def print_of(self, stream: str, record_id: str) -> bytes | None:
        """Return an invoice's PDF (one call); the other streams have none."""
        return None if stream in self._coded else self.billings.print_of(record_id)

    def sweep_facts(self, stream: str) -> SweepFacts:
        """Return how many records a list brings, and that invoices carry marks."""
        return self._stream(stream).sweep_facts

    def sweep(self, stream: str, query: SweepQuery) -> Iterator[Sequence[Swept]]:
        """Yield every record of a stream."""
        coded = self._coded.get(stream)
        return coded.sweep(query) if coded else self._lookout.sweep(query)

    def shown(self, stream: str, fields: Mapping[str, object]) -> Mapping[str, object]:
        """Return what a list would show of these fields, an invoice's total added."""
        coded = self._coded.get(stream)
        return coded.shown(fields) if coded else self._lookout.shown(fields)

    def _stream(self, stream: str) -> Partners | Items | Billings:
        if stream == "billing":
            return self.billings
        if stream in self._coded:
            return self._coded[stream]
        words = "Money Forward has the streams billing, item and partner"
        raise ConfigError(self._office.where(stream), words)
