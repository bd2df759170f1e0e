"""Writing: upserts by external id and updates by id, 200 a call or one bulk job."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from tasuki.model.bisect import Bisection
from tasuki.model.errors import RejectedError, RemoteError, TransientError
from tasuki.model.sweep import SweepFacts, SweepQuery, Swept
from tasuki.model.write import (
    Candidate,
    Deferred,
    Gone,
    Operation,
    Outcome,
    Rejected,
    Sighting,
    Write,
    WriteClass,
    WriteFacts,
)

from . import bulk, soql
from .client import Client, page
from .errors import remedy
from .moved import trace
from .rendering import collection_path
from .rows import COLLECTION, collection_body, done, refused, rounds
from .settings import SalesforceSettings
from .sweeping import PAGE, every_row

_BULK_ROWS = 4_000  # 20 calls become 5 or 6; more rows would only cost more memory
_RETRIEVE = 2_000  # ids of one collections look-up
_NO_KEY = (
    "Give the mapping a key, or as its first `match` a field that is 'External ID' "
    "and 'Unique' in Salesforce: a create without one could be done twice."
)
_LEAD_MARKS = ("IsConverted", "ConvertedContactId")
_NO_KEY_FIELD = (
    "Check the object's name and that its key field is 'External ID' and 'Unique' in "
    "Setup > Object Manager; `tasuki doctor` looks at both."
)
_NOT_SEEN = (
    "Give the integration user read access to ConvertedContactId, IsDeleted and "
    "MasterRecordId, then replay the record."
)
_WHOLE = frozenset({"INVALID_TYPE", "METHOD_NOT_ALLOWED", "NOT_FOUND"})
_NO_COLUMN = re.compile(r"No such column '([\w.]+)'")


class SalesforceDestination:
    """The writing half. Creating is class B: an upsert by an external-id field.

    A create without a key cannot be made safe to repeat here, so it is refused.
    """

    def __init__(self, client: Client, settings: SalesforceSettings) -> None:
        self._client = client
        self._bulk_from = settings.bulk_threshold
        self._in_flight = settings.limit("in_flight")
        self._unquoted: set[tuple[str, str]] = set()

    def facts(self, stream: str) -> WriteFacts:  # noqa: ARG002 - the same for all
        """Return the same for every stream: upserts of 200 rows, or a bulk job."""
        return WriteFacts(
            create_class=WriteClass.UPSERT,
            batch_size=COLLECTION,
            bulk_threshold=self._bulk_from,
            bulk_size=_BULK_ROWS if self._bulk_from else 0,
            in_flight=self._in_flight,
        )

    def write(
        self, stream: str, writes: Sequence[Write], fence: Callable[[], None]
    ) -> list[Outcome]:
        """Send rows; from `bulk_threshold` rows on as a Bulk 2.0 job."""
        soql.name(stream, self._client.where(stream))
        outcomes: list[Outcome] = []
        keyed = [w for w in writes if w.key or w.operation is Operation.UPDATE]
        parts = list(self._parts(keyed))
        for index, part in enumerate(parts):
            try:
                outcomes += self._send(stream, part, fence)
            except RemoteError as error:
                if index == 0:
                    raise
                # What was done before must be reported. The rest is harmless to
                # repeat, and meets this error first if it persists.
                for late in parts[index:]:
                    outcomes += _deferred(late, error)
                break
        if len(keyed) < len(writes):
            outcomes += (
                Rejected(w.ref, "NO_KEY", "a create without an external id", _NO_KEY)
                for w in writes
                if not w.key and w.operation is Operation.CREATE
            )
        try:
            return trace(self._client, stream, keyed, outcomes)
        except RemoteError as error:
            return [_untraced(one, error) for one in outcomes]

    def _parts(self, writes: Sequence[Write]) -> Iterator[list[Write]]:
        for turn in rounds(writes):
            size = len(turn) if self._is_bulk(len(turn)) else COLLECTION
            for start in range(0, len(turn), size):
                yield turn[start : start + size]

    def _is_bulk(self, rows: int) -> bool:
        return bool(self._bulk_from) and rows >= max(self._bulk_from, COLLECTION + 1)

    def _send(
        self, stream: str, writes: Sequence[Write], fence: Callable[[], None]
    ) -> list[Outcome]:
        try:
            if len(writes) > COLLECTION:
                return bulk.send(self._client, stream, writes, fence)
            return self._collection(stream, writes, fence)
        except RejectedError as error:
            return self._apart(stream, writes, fence, error)

    def _apart(
        self,
        stream: str,
        writes: Sequence[Write],
        fence: Callable[[], None],
        error: RejectedError,
    ) -> list[Outcome]:
        """Find the rows for which Salesforce refused the whole call.

        A field or a type it cannot read makes it refuse all 200 rows; only the rows
        that are to blame may pay for that.
        """
        to_blame = _with_column(writes, error)
        hopeless = error.code in _WHOLE or len(writes) > COLLECTION
        if hopeless or len(writes) == 1 or len(to_blame) == len(writes):
            words = _NO_KEY_FIELD if hopeless else remedy(error.code)
            return [Rejected(w.ref, error.code, error.answer, words) for w in writes]
        if not to_blame:
            return self._searched(stream, writes, fence)
        refs = {w.ref for w in to_blame}
        halves = [to_blame, [w for w in writes if w.ref not in refs]]
        return [one for half in halves for one in self._send(stream, half, fence)]

    def _searched(
        self, stream: str, writes: Sequence[Write], fence: Callable[[], None]
    ) -> list[Outcome]:
        """Send the rows of a refused call but for those that are to blame."""
        search, outcomes = Bisection(list(writes)), list[Outcome]()
        while part := search.next():
            try:
                outcomes += self._collection(stream, part, fence)
            except RejectedError as error:
                blamed = search.refused()
                if blamed is not None:
                    words = error.answer, remedy(error.code)
                    outcomes.append(Rejected(blamed.ref, error.code, *words))
            else:
                search.accepted()
        return outcomes

    def _collection(
        self, stream: str, writes: Sequence[Write], fence: Callable[[], None]
    ) -> list[Outcome]:
        path = collection_path(stream, writes, self._client.where(stream))
        answer = self._client.change(
            path, stream, collection_body(stream, writes), fence=fence
        )
        rows = answer.body
        if not isinstance(rows, list) or len(rows) != len(writes):
            where = self._client.where(stream)
            raise TransientError(where, f"no answer for each of {len(writes)} rows")
        # Rows stand in the order of the request (documented for collections).
        return [_outcome(*pair) for pair in zip(writes, rows, strict=True)]

    def find(
        self, stream: str, field: str, values: Sequence[str]
    ) -> Mapping[str, Sequence[Candidate]]:
        """Return the records whose field equals a value, without those in the bin.

        Converted leads are found, too: their fields say so.
        """
        where = self._client.where(stream)
        marks = _LEAD_MARKS if stream == "Lead" else ()
        listed = soql.columns(("Id", soql.name(field, where)), marks)
        head = f"{soql.select(listed, soql.name(stream, where))} WHERE {field} IN"
        asked = list(dict.fromkeys(one for one in values if one))
        found: dict[str, list[Candidate]] = {}
        for row in self._matching(stream, field, head, asked):
            candidate = _candidate(stream, row)
            found.setdefault(_folded(row.get(field)), []).append(candidate)
        return {one: found[_folded(one)] for one in asked if _folded(one) in found}

    def _matching(
        self, stream: str, field: str, head: str, values: Sequence[str]
    ) -> Iterable[dict[str, object]]:
        if (stream, field) not in self._unquoted:
            try:
                return self._listed(stream, head, [soql.text(one) for one in values])
            except RejectedError as error:
                # A number field wants its values bare; this answer is how one learns.
                if "enclosed in quotes" not in error.answer:
                    raise
                self._unquoted.add((stream, field))
        numbers = [one for one in values if re.fullmatch(r"-?\d+(\.\d+)?", one)]
        return self._listed(stream, head, numbers)

    def _listed(
        self, stream: str, head: str, literals: Sequence[str]
    ) -> list[dict[str, object]]:
        rows: list[dict[str, object]] = []
        for part in soql.chunks(literals, head):
            text = f"{head} ({','.join(part)})"
            rows += self._client.rows(text, stream, kind="look-up")
        return rows

    def fetch(
        self, stream: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, object]]:
        """Return present values by id, 2,000 records a call."""
        where = self._client.where(stream)
        path = f"composite/sobjects/{soql.name(stream, where)}"
        names = soql.columns(("Id",), (soql.name(one, where) for one in fields))
        found: dict[str, Mapping[str, object]] = {}
        asked = list(dict.fromkeys(ids))
        for start in range(0, len(asked), _RETRIEVE):
            part = asked[start : start + _RETRIEVE]
            body = {"ids": part, "fields": names.split(", ")}
            rows = self._client.look(path, stream, kind="look-up", ask=body)
            if not isinstance(rows, list) or len(rows) != len(part):
                raise TransientError(where, f"no answer for each of {len(part)} ids")
            for one, row in zip(part, rows, strict=True):
                if isinstance(row, dict):
                    found[one] = {k: v for k, v in row.items() if k != "attributes"}
        return found

    def probe(self, stream: str, writes: Sequence[Write]) -> list[Sighting]:  # noqa: ARG002
        """Return no sightings: writes of class B carry no mark and need none."""
        return [Sighting(write.ref, ()) for write in writes]

    def count(self, stream: str) -> int:
        """Return how many records the stream holds, converted leads included."""
        text = soql.select("COUNT()", soql.name(stream, self._client.where(stream)))
        return page(self._client.query(text, stream, kind="look-up").body).total

    def keys(self, stream: str, fields: Sequence[str]) -> Iterator[Candidate]:
        """Yield every record with these fields, 2,000 a page."""
        marks = _LEAD_MARKS if stream == "Lead" else ()
        for rows in every_row(self._client, stream, (*fields, *marks), kind="look-up"):
            for row in rows:
                yield _candidate(stream, row)

    def sweep_facts(self, stream: str) -> SweepFacts:  # noqa: ARG002 - the same for all
        """Return that a query brings 2,000 records a call."""
        return SweepFacts(PAGE)

    def sweep(self, stream: str, query: SweepQuery) -> Iterator[Sequence[Swept]]:
        """Yield the records that claim one of ours; converted leads are among them."""
        pages = every_row(
            self._client, stream, query.fields, kind="sweep", filled=query.key
        )
        for rows in pages:
            yield [Swept(str(row["Id"]), row) for row in rows]

    def shown(
        self,
        stream: str,  # noqa: ARG002 - the same for all
        fields: Mapping[str, object],
    ) -> Mapping[str, object]:
        """Return what comes back as it was sent: all but parents named by their key."""
        return {
            name: value
            for name, value in fields.items()
            if not isinstance(value, Mapping | list)
        }


def _outcome(write: Write, row: object) -> Outcome:
    """Return what one row of a collections answer says."""
    if not isinstance(row, dict):
        return Deferred(write.ref, "NO_RESULT", "the answer has no result for the row")
    if row.get("success") is True:
        created = row.get("created")
        made = created if isinstance(created, bool) else False
        return done(write, str(row["id"]), made)
    found = row.get("errors")
    first = found[0] if isinstance(found, list) and found else {}
    code = str(first.get("statusCode") or "UNKNOWN")
    fields = [str(one) for one in first.get("fields") or []]
    return refused(write, code, str(first.get("message") or ""), fields)


def _with_column(writes: Sequence[Write], error: RejectedError) -> list[Write]:
    missing = _NO_COLUMN.search(error.answer)
    if not missing:
        return []
    name = missing[1].split(".")[0]
    return [w for w in writes if name in w.fields or (w.key and w.key[0] == name)]


def _deferred(writes: Iterable[Write], error: RemoteError) -> list[Outcome]:
    code = error.code or "NOT_DONE"
    return [Deferred(write.ref, code, error.answer) for write in writes]


def _untraced(outcome: Outcome, error: RemoteError) -> Outcome:
    """Return what to say of a moved record whose new place could not be asked for."""
    if not isinstance(outcome, Gone):
        return outcome
    if isinstance(error, RejectedError):
        return Rejected(outcome.ref, outcome.code, error.answer, _NOT_SEEN)
    return Deferred(outcome.ref, outcome.code, error.answer)


def _candidate(stream: str, row: dict[str, object]) -> Candidate:
    fields = {k: v for k, v in row.items() if k != "attributes"}
    return Candidate(str(row["Id"]), stream, fields)


def _folded(value: object) -> str:
    return str(value).casefold()
