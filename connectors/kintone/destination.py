"""Writing to kintone: upserts by a field without doubles, updates by number, 100 each.

A batch is taken or refused as a whole. kintone says nothing of fields that it does not
have, so those are refused here.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from tasuki.model.bisect import Bisection
from tasuki.model.errors import AccessError, TransientError
from tasuki.model.sweep import SweepFacts, SweepQuery, Swept
from tasuki.model.write import (
    Candidate,
    Confirmed,
    Deferred,
    Operation,
    Outcome,
    Rejected,
    Sighting,
    UnrenderedError,
    Write,
    WriteClass,
    WriteFacts,
)

from .client import BATCH, PAGE, Client, chunks, id_of
from .outcomes import alone, confirmed, named
from .queries import in_order, one_of
from .rendering import batch_request, row_of
from .schema import Form, Forms
from .values import ID, REVISION, as_text, plain_record, shown
from .vendor_errors import CONFLICT, BatchRefusedError

Fence = Callable[[], None]

_MOST_REVISIONS = 10_000
_NO_FIELD = (
    "Mend the mapping: `tasuki fields` lists the app's fields. kintone would drop the "
    "value without a word."
)
_NO_KEY = (
    "Give the mapping a match on a field with 値の重複を禁止する (a line of text, or a "
    "number)."
)


class Destination:
    """The writing half of kintone."""

    def __init__(self, client: Client, forms: Forms) -> None:
        self._client = client
        self._forms = forms
        self._revisions: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    def facts(self, stream: str) -> WriteFacts:  # noqa: ARG002 - equal for all
        """Return how every stream wants to be written to."""
        return WriteFacts(WriteClass.UPSERT, BATCH)

    def write(
        self, stream: str, writes: Sequence[Write], fence: Fence
    ) -> list[Outcome]:
        """Send the rows and return one outcome per row.

        A row that kintone refuses never blocks the others. An update of a record that
        was fetched names the revision that was seen: who changed it meanwhile is not
        written over, and the row is planned anew.
        """
        outcomes: dict[str, Outcome] = {}
        form = self._forms.of(stream)
        sound = [one for one in writes if self._is_sound(one, form, outcomes)]
        for batch in _rounds(sound):
            try:
                self._batch(stream, form, batch, outcomes, fence)
            except (AccessError, TransientError) as error:
                if not any(isinstance(o, Confirmed) for o in outcomes.values()):
                    raise
                # What is done stays told; the rest may be repeated.
                for one in sound:
                    late = Deferred(one.ref, error.code or "TRANSIENT", error.answer)
                    outcomes.setdefault(one.ref, late)
                break
        return list(outcomes.values())

    def find(
        self, stream: str, field: str, values: Sequence[str]
    ) -> Mapping[str, Sequence[Candidate]]:
        """Return the records whose field equals each value, without case.

        kintone compares letter by letter: a value is asked for as it is spelt, and in
        small letters. A third spelling over there is not found.
        """
        asked: dict[str, list[str]] = defaultdict(list)
        for value in dict.fromkeys(values):
            if value:
                asked[value.casefold()].append(value)
        spelt = (one for some in asked.values() for s in some for one in (s, s.lower()))
        unique = list(dict.fromkeys(spelt))
        if field == ID:
            unique = [one for one in unique if one.isdecimal()]
        found: dict[str, list[Candidate]] = {}
        for chunk in chunks(unique, BATCH):
            condition = [one_of(field, chunk)]
            pages = self._client.walk(stream, condition, [field], kind="look-up")
            for row in (row for rows, _, _ in pages for row in rows):
                candidate = Candidate(str(id_of(row)), stream, plain_record(row))
                has = as_text(candidate.fields.get(field)).casefold()
                for spelling in asked.get(has, ()):
                    found.setdefault(spelling, []).append(candidate)
        return found

    def fetch(
        self, stream: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, object]]:
        """Return the present values of these records, and remember their revisions."""
        numbers = [one for one in dict.fromkeys(ids) if one.isdecimal()]
        found: dict[str, Mapping[str, object]] = {}
        for chunk in chunks(numbers, PAGE):
            query = in_order([one_of(ID, chunk)], PAGE)
            wanted = [*fields, REVISION]
            rows, _, _ = self._client.records(stream, query, wanted, kind="look-up")
            for row in rows:
                values = plain_record(row)
                number = str(values[ID])
                self._remember(stream, number, values.get(REVISION))
                found[number] = {name: values.get(name) for name in fields}
        return found

    def probe(self, stream: str, writes: Sequence[Write]) -> list[Sighting]:
        """Look up keyed creates by their key; they may simply be sent again, too."""
        by_field: dict[str, list[Write]] = defaultdict(list)
        for write in writes:
            if write.key:
                by_field[write.key[0]].append(write)
        seen: dict[str, tuple[Confirmed, ...]] = {}
        for field, asked in by_field.items():
            found = self.find(stream, field, [w.key[1] for w in asked if w.key])
            for write in asked:
                near = found.get(write.key[1], ()) if write.key else ()
                seen[write.ref] = tuple(Confirmed(write.ref, c.id) for c in near)
        return [Sighting(write.ref, seen.get(write.ref, ())) for write in writes]

    def count(self, stream: str) -> int:
        """Return the number of records that the token may see."""
        query = in_order((), 1)
        _, total, _ = self._client.records(
            stream, query, [ID], kind="look-up", total=True
        )
        return total

    def keys(self, stream: str, fields: Sequence[str]) -> Iterator[Candidate]:
        """Yield every record with these fields."""
        for rows, _, _ in self._client.walk(stream, (), list(fields), kind="look-up"):
            for row in rows:
                yield Candidate(str(id_of(row)), stream, plain_record(row))

    def sweep_facts(self, stream: str) -> SweepFacts:  # noqa: ARG002 - equal for all
        """Return that a call brings 500 records."""
        return SweepFacts(PAGE)

    def sweep(self, stream: str, query: SweepQuery) -> Iterator[Sequence[Swept]]:
        """Yield every record, in the order of their numbers."""
        pages = self._client.walk(stream, (), query.fields, kind="sweep")
        for rows, _, _ in pages:
            yield [Swept(str(id_of(row)), plain_record(row)) for row in rows]

    def shown(
        self,
        stream: str,  # noqa: ARG002 - equal for all
        fields: Mapping[str, object],
    ) -> Mapping[str, object]:
        """Return values as a reading shows them."""
        return {name: shown(value) for name, value in fields.items()}

    def _is_sound(self, write: Write, form: Form, outcomes: dict[str, Outcome]) -> bool:
        """Refuse what kintone would drop silently, or could not be told."""
        key = [write.key[0]] if write.key else []
        unknown = [n for n in (*write.fields, *key) if not form.is_writable(n)]
        if unknown:
            words = f"the app takes no value for {', '.join(sorted(set(unknown)))}"
            outcomes[write.ref] = Rejected(write.ref, "NO_FIELD", words, _NO_FIELD)
            return False
        try:
            row_of(write, form.people)
        except UnrenderedError as error:
            is_keyless = write.operation is Operation.CREATE and not write.key
            outcome = Rejected(write.ref, "NO_FORM", str(error))
            if is_keyless:
                outcome = Rejected(write.ref, "NO_KEY", str(error), _NO_KEY)
            outcomes[write.ref] = outcome
            return False
        return True

    def _batch(
        self,
        stream: str,
        form: Form,
        batch: Sequence[Write],
        outcomes: dict[str, Outcome],
        fence: Fence,
    ) -> None:
        """Send rows together; those that a refusal names are left out, then."""
        waiting = list(batch)
        while waiting:
            try:
                outcomes |= self._send(stream, form, waiting, fence)
            except BatchRefusedError as refusal:
                blamed = named(waiting, refusal)
                if not blamed:
                    self._bisect(stream, form, waiting, refusal, outcomes, fence)
                    return
                outcomes |= blamed
                waiting = [one for one in waiting if one.ref not in blamed]
            else:
                return

    def _bisect(
        self,
        stream: str,
        form: Form,
        rows: Sequence[Write],
        refusal: BatchRefusedError,
        outcomes: dict[str, Outcome],
        fence: Fence,
    ) -> None:
        """Find the rows that a refusal without names is meant for."""
        if len(rows) == 1:
            self._settle(stream, rows[0], refusal, outcomes)
            return
        search = Bisection(list(rows))
        while part := search.next():
            try:
                outcomes |= self._send(stream, form, part, fence)
                search.accepted()
            except BatchRefusedError as error:
                blamed = search.refused()
                if blamed is not None:
                    self._settle(stream, blamed, error, outcomes)

    def _settle(
        self,
        stream: str,
        write: Write,
        refusal: BatchRefusedError,
        outcomes: dict[str, Outcome],
    ) -> None:
        if refusal.code == CONFLICT:
            self._forget(stream, write)
        outcomes[write.ref] = alone(write, refusal)

    def _send(
        self, stream: str, form: Form, part: Sequence[Write], fence: Fence
    ) -> dict[str, Outcome]:
        app = self._client.settings.app_of(stream)
        rows = [
            row_of(one, form.people, self._revisions.get((stream, one.target_id or "")))
            for one in part
        ]
        request = batch_request(app, part[0].operation, rows)
        answers = self._client.send(stream, request, fence)
        for one in part:
            self._forget(stream, one)
        return confirmed(part, answers)

    def _remember(self, stream: str, number: str, revision: object) -> None:
        with self._lock:
            if len(self._revisions) >= _MOST_REVISIONS:
                self._revisions.clear()  # only a guard less, for those
            if revision is not None:
                self._revisions[stream, number] = int(str(revision))

    def _forget(self, stream: str, write: Write) -> None:
        with self._lock:
            self._revisions.pop((stream, write.target_id or ""), None)


def _rounds(writes: Sequence[Write]) -> Iterator[Sequence[Write]]:
    """Cut rows into batches in which no record comes twice, the later one later."""
    rounds: list[list[Write]] = []
    times: dict[str, int] = defaultdict(int)
    for write in writes:
        name = write.target_id or (write.key[1].casefold() if write.key else "")
        turn = times[name]
        times[name] += 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(write)
    for one in rounds:
        yield from chunks(one, BATCH)
