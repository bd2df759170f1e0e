"""Writing to HubSpot: upserts by a unique property, updates by id, 100 at a time."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from tasuki.model.errors import TransientError
from tasuki.model.sweep import SweepFacts, SweepQuery, Swept
from tasuki.model.write import (
    Candidate,
    Confirmed,
    Deferred,
    Outcome,
    Rejected,
    Sighting,
    Write,
    WriteClass,
    WriteFacts,
)

from .client import BATCH, LIST_PAGE, Client, chunks, rows
from .lookup import Lookup
from .outcomes import Tally
from .owners import STREAM, Owners
from .properties import Properties
from .rendering import as_text, batch_request
from .vendor_errors import RefusedError

Fence = Callable[[], None]

log = logging.getLogger("tasuki.hubspot")

_NO_KEY = (
    "Give the mapping a match on a unique property (for contacts `email`, else one "
    "made with 'require unique values'): HubSpot cannot create without doubles "
    "otherwise."
)


class Destination:
    """The writing half of HubSpot."""

    def __init__(self, client: Client, properties: Properties, owners: Owners) -> None:
        self._client = client
        self._owners = owners
        self._lookup = Lookup(client, properties)

    def facts(self, stream: str) -> WriteFacts:  # noqa: ARG002 - equal for all
        """Return how every stream wants to be written to."""
        return WriteFacts(WriteClass.UPSERT, BATCH)

    def write(
        self, stream: str, writes: Sequence[Write], fence: Fence
    ) -> list[Outcome]:
        """Send the rows and return one outcome per row.

        A row that HubSpot refuses never blocks the others: where a refusal does not
        name it, it is found by halving the batch.
        """
        if stream == STREAM:
            raise self._owners.refuse()
        outcomes: list[Outcome] = []
        for batch in _rounds(writes, outcomes):
            outcomes += self._batch(stream, batch, fence, is_first=not outcomes)
        return outcomes

    def find(
        self, stream: str, field: str, values: Sequence[str]
    ) -> Mapping[str, Sequence[Candidate]]:
        """Return the records whose property equals each value, without case.

        By a unique property this reads the records themselves; by any other it
        searches, and the search index is some seconds late.
        """
        if stream == STREAM:
            return self._owners.find(field, values)
        return self._lookup.find(stream, field, values)

    def fetch(
        self, stream: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, object]]:
        """Return the present values; a merged record's are those of its survivor."""
        if stream == STREAM:
            return self._owners.fetch(ids, fields)
        return self._lookup.fetch(stream, ids, fields)

    def probe(self, stream: str, writes: Sequence[Write]) -> list[Sighting]:
        """Look up keyed creates by their key; they may simply be sent again, too."""
        seen: dict[str, tuple[Confirmed, ...]] = {}
        by_field: dict[str, list[Write]] = defaultdict(list)
        for write in writes:
            if write.key:
                by_field[write.key[0]].append(write)
        for field, asked in by_field.items():
            keys = [write.key[1] for write in asked if write.key]
            found = self._lookup.find(stream, field, keys)
            for write in asked:
                near = found.get(write.key[1], ()) if write.key else ()
                seen[write.ref] = tuple(Confirmed(write.ref, c.id) for c in near)
        return [Sighting(write.ref, seen.get(write.ref, ())) for write in writes]

    def count(self, stream: str) -> int:
        """Return how many records the search index knows."""
        if stream == STREAM:
            return self._owners.count()
        body, _ = self._client.search(stream, (), (), limit=1, kind="look-up")
        return int(body.get("total") or 0)

    def keys(self, stream: str, fields: Sequence[str]) -> Iterator[Candidate]:
        """Yield every record with these fields."""
        if stream == STREAM:
            yield from self._owners.keys(fields)
            return
        for body, _ in self._client.list_pages(stream, fields, kind="look-up"):
            for row in rows(body):
                yield Candidate(row["id"], stream, row["properties"])

    def sweep_facts(self, stream: str) -> SweepFacts:  # noqa: ARG002 - equal for all
        """Return that a list brings 100 records a call."""
        return SweepFacts(LIST_PAGE)

    def sweep(self, stream: str, query: SweepQuery) -> Iterator[Sequence[Swept]]:
        """Yield every record by list: unlike search, it shows what was just written."""
        pages = self._client.list_pages(stream, query.fields, kind="sweep")
        for body, _ in pages:
            yield [Swept(row["id"], row["properties"]) for row in rows(body)]

    def shown(
        self,
        stream: str,  # noqa: ARG002 - equal for all
        fields: Mapping[str, object],
    ) -> Mapping[str, object]:
        """Return values as HubSpot keeps them: all of them are text."""
        return {name: as_text(value) for name, value in fields.items()}

    def _batch(
        self, stream: str, batch: Sequence[Write], fence: Fence, *, is_first: bool
    ) -> list[Outcome]:
        tally = Tally(batch)
        waiting: list[Sequence[Write]] = [batch]
        while waiting:
            part = waiting.pop()
            try:
                waiting += self._send(stream, part, tally, fence)
            except TransientError as error:
                if is_first and not tally.outcomes:
                    raise
                # Some rows are settled already; these wait for the next attempt.
                for write in part:
                    code = error.code or "TRANSIENT"
                    tally.outcomes[write.ref] = Deferred(write.ref, code, error.answer)
        return list(tally.outcomes.values())

    def _send(
        self, stream: str, part: Sequence[Write], tally: Tally, fence: Fence
    ) -> list[Sequence[Write]]:
        """Send some rows, record what is known of them, return what to send again."""
        part = tally.open_of(part)
        if not part:
            return []
        request = batch_request(self._client.paths, stream, part)
        is_refused = False
        try:
            body, _ = self._client.post(
                request.path,
                request.body,
                kind="write",
                where=self._client.where(stream),
                fence=fence,
            )
            unnamed = tally.read(body)
        except RefusedError as error:
            is_refused = True
            unnamed = tally.read_refusal(error)
        again = _to_repeat(part, unnamed, tally, is_refused=is_refused)
        if again:
            log.info(
                "connection=%s stream=%s rows=%s not mentioned: sent again",
                self._client.wire.connection,
                stream,
                sum(map(len, again)),
            )
        return again


def _rounds(
    writes: Sequence[Write], outcomes: list[Outcome]
) -> Iterator[Sequence[Write]]:
    """Cut rows into batches in which no record comes twice.

    HubSpot refuses a batch that names a record twice; the later row is sent after
    the earlier one, as it was meant. Rows without a key are settled on the way.
    """
    rounds: list[list[Write]] = []
    times: dict[str, int] = defaultdict(int)
    for write in writes:
        name = write.target_id or (write.key[1].casefold() if write.key else "")
        if not name:
            outcomes.append(
                Rejected(write.ref, "NO_KEY", "a create without a key", _NO_KEY)
            )
            continue
        turn = times[name]
        times[name] += 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(write)
    for one in rounds:
        yield from chunks(one, BATCH)


def _to_repeat(
    part: Sequence[Write],
    unnamed: Sequence[Mapping[str, object]],
    tally: Tally,
    *,
    is_refused: bool,
) -> list[Sequence[Write]]:
    """Return the rows to send again: together, or halved to find the bad one.

    A refusal that named its rows leaves good ones; an error that names none is about
    one of the rows that are left.
    """
    still = tally.open_of(part)
    if len(part) == 1 or (len(still) == 1 and unnamed and not is_refused):
        for write in still:
            tally.settle(write, unnamed)
        return []
    if len(still) < len(part) and (is_refused or not unnamed):
        return [still] if still else []
    middle = len(still) // 2
    return [half for half in (still[middle:], still[:middle]) if half]
