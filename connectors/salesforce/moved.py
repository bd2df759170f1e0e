"""Finding out where a record went that can no longer be written to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tasuki.model.write import Gone, Operation, Outcome, Rejected, Write

from . import errors, soql
from .client import Client

_MERGEABLE = frozenset({"Account", "Contact", "Lead"})
_CONVERTED = "CANNOT_UPDATE_CONVERTED_LEAD"
_GENERATIONS = 5  # a survivor may itself have been merged since


def trace(
    client: Client, stream: str, writes: Sequence[Write], outcomes: list[Outcome]
) -> list[Outcome]:
    """Complete every Gone with its new place; one query for all rows of a kind."""
    gone = {one.ref: one for one in outcomes if isinstance(one, Gone)}
    if not gone:
        return outcomes
    rows = [write for write in writes if write.ref in gone]
    found: dict[str, Outcome] = {}
    converted = [write for write in rows if gone[write.ref].code == _CONVERTED]
    if converted:
        places = _converted(client, stream, converted)
        for write in converted:
            found[write.ref] = _converted_outcome(gone[write.ref], write, places)
    others = [write for write in rows if gone[write.ref].code != _CONVERTED]
    if others:
        found |= _deleted(client, stream, others, gone)
    return [found.get(one.ref, one) for one in outcomes]


def _converted(
    client: Client, stream: str, writes: Sequence[Write]
) -> Mapping[str, str]:
    """Return the contact of each converted lead, by external id or by id."""
    key = writes[0].key
    by_key = writes[0].operation is Operation.CREATE and key is not None
    field = key[0] if by_key and key else "Id"
    field = soql.name(field, client.where(stream))
    asked = [w.key[1] if by_key and w.key else w.target_id or "" for w in writes]
    head = soql.select(soql.columns(("Id", field), ("ConvertedContactId",)), stream)
    places: dict[str, str] = {}
    for row in _rows(client, stream, f"{head} WHERE {field} IN", asked):
        if row["ConvertedContactId"]:
            places[_place_key(str(row[field]), by_key=by_key)] = str(
                row["ConvertedContactId"]
            )
    return places


def _place_key(value: str, *, by_key: bool) -> str:
    return value.casefold() if by_key else value[:15]


def _converted_outcome(gone: Gone, write: Write, places: Mapping[str, str]) -> Outcome:
    by_key = write.operation is Operation.CREATE and write.key is not None
    value = write.key[1] if by_key and write.key else write.target_id or ""
    contact = places.get(_place_key(value, by_key=by_key))
    if contact is None:
        return Rejected(write.ref, gone.code, gone.words, errors.remedy(gone.code))
    return replace(gone, moved_to=("Contact", contact))


def _deleted(
    client: Client, stream: str, writes: Sequence[Write], gone: Mapping[str, Gone]
) -> dict[str, Outcome]:
    """Return where merged rows live on; rows that are there after all are refused."""
    places = _Survivors(client, stream)
    places.look_up(write.target_id or "" for write in writes)
    found: dict[str, Outcome] = {}
    for write in writes:
        one = gone[write.ref]
        survivor = places.of(write.target_id or "")
        if survivor is None:
            found[write.ref] = one
        elif survivor[:15] == (write.target_id or "")[:15]:
            # It exists: the row points at something else that does not.
            words = errors.remedy(one.code)
            found[write.ref] = Rejected(write.ref, one.code, one.words, words)
        else:
            found[write.ref] = replace(one, moved_to=(stream, survivor))
    return found


class _Survivors:
    """Merged records and what they were merged into, read from the recycle bin."""

    def __init__(self, client: Client, stream: str) -> None:
        self._client = client
        self._stream = stream
        self._master: dict[str, str | None] = {}
        self._alive: dict[str, str] = {}

    def look_up(self, ids: Iterable[str]) -> None:
        """Read the bin for these ids, and on for survivors that are gone as well."""
        merged = ("MasterRecordId",) if self._stream in _MERGEABLE else ()
        listed = soql.columns(("Id", "IsDeleted"), merged)
        head = f"{soql.select(listed, self._stream)} WHERE Id IN"
        wanted = [one for one in dict.fromkeys(ids) if one]
        for _ in range(_GENERATIONS):
            if not wanted:
                return
            following: list[str] = []
            for row in _rows(self._client, self._stream, head, wanted, deleted=True):
                own = str(row["Id"])
                master = row.get("MasterRecordId")
                if row["IsDeleted"] is not True:
                    self._alive[own[:15]] = own
                else:
                    self._master[own[:15]] = str(master) if master else None
                    following += [str(master)] if master else []
            wanted = [one for one in following if one[:15] not in self._alive]

    def of(self, record_id: str) -> str | None:
        """Return the living record that this one became, itself if it lives."""
        for _ in range(_GENERATIONS):
            if living := self._alive.get(record_id[:15]):
                return living
            record_id = self._master.get(record_id[:15]) or ""
        return None


def _rows(
    client: Client,
    stream: str,
    head: str,
    values: Sequence[str],
    *,
    deleted: bool = False,
) -> Iterable[dict[str, object]]:
    literals = [soql.text(one) for one in dict.fromkeys(values)]
    for part in soql.chunks(literals, head):
        yield from client.rows(
            f"{head} ({','.join(part)})", stream, kind="look-up", deleted=deleted
        )
