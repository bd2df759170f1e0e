"""What must be true of ledger and systems: at any moment, and once all is quiet."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from tasuki.ledger.rows import decode
from tasuki.mapping import CompiledMapping
from tasuki.model.write import WriteClass
from tasuki.plan import stored
from tasuki.testing import Effect
from tasuki.testing.store import FakeRow
from tests.simulation.relay import OPEN, Relay, Row

_SINGLE = {WriteClass.KEY, WriteClass.MARKER, WriteClass.NONE}


def check_always(relay: Relay) -> None:
    """Whatever has just died: nothing is done twice, nothing is claimed that is not so."""
    for name, system in relay.systems.items():
        for stream in system.streams.values():
            made = [e for e in system.effects if e.stream == stream.name and e.created]
            if stream.write_class in _SINGLE:
                _single(f"{name}/{stream.name}", [e.mark for e in made])
            key = relay.keys.get((name, stream.name))
            if key:
                values = [str(e.fields.get(key)).casefold() for e in made]
                _single(f"{name}/{stream.name}.{key}", values)
    for link in relay.rows("link"):
        assert _row(relay, link) is not None, f"a link to nothing: {link}"
    for mapping in relay.chain:
        passed = list(_passed_without_outcome(relay, mapping))
        assert not passed, f"{mapping.id}: the cursor has passed {passed}"


def check_quiet(relay: Relay) -> None:
    """After quiet runs, links and systems agree to the last field."""
    check_always(relay)
    assert not relay.open_intents(), "intents left open"
    told = _told(relay)
    holders: dict[tuple[str, str], list[Row]] = defaultdict(list)
    homes = {mapping.id: str(mapping.destination) for mapping in relay.chain}
    for link in relay.rows("link"):
        # What is attached to (a contact, for a lead) is never written to.
        if link["state"] == "live" and link["destination"] == homes[str(link["sync"])]:
            holders[str(link["destination"]), str(link["destination_id"])].append(link)
    for place, links in holders.items():
        sent = [decode(str(link["sent"])) for link in links]
        names = {name for one in sent for name in one}
        unsaid = told[place].keys() - names - _not_told_again(relay, place[0])
        # A link that says nothing (made after a death) has everything sent again.
        assert not unsaid or {} in sent, (
            f"{place}: {sorted(unsaid)} were sent, no link says so"
        )
        for name in names:
            said = [one[name] for one in sent if name in one]
            assert told[place].get(name) in said, (
                f"{place}.{name}: {told[place].get(name)!r} was sent, the link says {said}"
            )
    _check_nothing_is_unlinked(relay, told)


def _single(where: str, values: list[str]) -> None:
    twice = [value for value, times in Counter(values).items() if times > 1]
    assert not twice, f"{where}: made twice: {twice}"


def _row(relay: Relay, link: Row) -> FakeRow | None:
    system, stream = relay.stream_of(str(link["destination"]))
    return system.streams[stream].rows.get(str(link["destination_id"]))


def _told(relay: Relay) -> dict[tuple[str, str], dict[str, object]]:
    """Return what each record was told by us, field by field, the last word only."""
    told: dict[tuple[str, str], dict[str, object]] = defaultdict(dict)
    for name, system in relay.systems.items():
        for effect in system.effects:
            fields = {n: stored(value) for n, value in effect.fields.items()}
            told[f"{name}/{effect.stream}", effect.id] |= fields
    return told


def _not_told_again(relay: Relay, ref: str) -> set[str]:
    """Return the fields that are written back, or with a create only.

    Links need not tell of them: no later run compares them with anything.
    """
    backs = [m.model.write_back or () for m in relay.chain if str(m.source) == ref]
    creates = [
        [name for name, rule in m.model.fields.items() if rule.write == "on_create"]
        for m in relay.chain
        if str(m.destination) == ref
    ]
    return {name for names in (*backs, *creates) for name in names}


def _check_nothing_is_unlinked(
    relay: Relay, told: dict[tuple[str, str], dict[str, object]]
) -> None:
    """Every living record that we have written to is known to a link."""
    links = relay.rows("link")
    known = {(str(r["destination"]), str(r["destination_id"])) for r in links}
    known |= {(str(r["source"]), str(r["source_id"])) for r in links}
    for ref, record_id in told:
        system, stream = relay.stream_of(ref)
        if not system.streams[stream].rows[record_id].deleted:
            assert (ref, record_id) in known, f"{ref}/{record_id} has no link"


def _passed_without_outcome(relay: Relay, mapping: CompiledMapping) -> Iterator[str]:
    stored_cursor = relay.ledger.cursor(mapping.id)
    if stored_cursor is None or stored_cursor.revision != mapping.revision:
        return
    links = {
        str(r["source_id"]): r for r in relay.rows("link") if r["sync"] == mapping.id
    }
    intents: dict[str, list[Row]] = defaultdict(list)
    for row in relay.rows("intent"):
        if row["sync"] == mapping.id and row["operation"] != "write_back":
            intents[str(row["source_id"])].append(row)
    decisions = relay.last_decisions()
    system = relay.systems[mapping.source.connection]
    for row in system.streams[mapping.source.stream].rows.values():
        if row.changed > int(stored_cursor.position):
            continue
        decision = decisions.get((mapping.id, row.id))
        if not _has_outcome(row, links.get(row.id), decision, intents[row.id]):
            yield f"{row.id} at {row.changed} (cursor {stored_cursor.position})"


def _has_outcome(
    row: FakeRow, link: Row | None, decision: Row | None, intents: list[Row]
) -> bool:
    version = str(row.changed)
    if link is not None and (link["version"] == version or link["state"] != "live"):
        return True
    if decision is not None and decision["outcome"] != "sent":
        return True
    if any(one["state"] in OPEN for one in intents):
        return True
    settled = [
        o for o in intents if o["state"] == "confirmed" and o["version"] == version
    ]
    return link is not None and link["version"] == "" and bool(settled)


def effects_of(relay: Relay, system: str, stream: str) -> list[Effect]:
    return [e for e in relay.systems[system].effects if e.stream == stream]


# -- comparing two worlds --------------------------------------------------------------


def shape(relay: Relay) -> dict[str, object]:
    """Return everything that lasts, with ids replaced by whose counterpart they are."""
    names: dict[str, str] = {}
    links = sorted(relay.rows("link"), key=lambda r: (r["state"] == "live", r["sync"]))
    for link in links:
        names[str(link["destination_id"])] = f"{link['sync']}:{link['source_id']}"

    def named(value: object) -> object:
        return names.get(value, value) if isinstance(value, str) else value

    streams = {
        f"{name}/{stream.name}": sorted(
            (
                str(named(row.id)),
                sorted(
                    (n, repr(named(v))) for n, v in row.fields.items() if v is not None
                ),
            )
            for row in stream.alive()
        )
        for name, system in relay.systems.items()
        for stream in system.streams.values()
    }
    decisions = relay.last_decisions().items()
    return {
        "streams": streams,
        "links": sorted(
            (r["sync"], r["source_id"], named(r["destination_id"]), r["state"])
            for r in links
        ),
        "letters": sorted(
            (r["sync"], r["source_id"], r["cause"])
            for r in relay.rows("dead_letter")
            if r["state"] in {"open", "replayed"}
        ),
        "left": sorted(
            (sync, source_id, row["outcome"], row["reason"])
            for (sync, source_id), row in decisions
            if row["outcome"] in {"held", "waiting", "dead", "in_doubt", "deferred"}
        ),
    }


def difference(one: dict[str, object], other: dict[str, object]) -> str:
    """Say in which parts two shapes differ."""
    parts = []
    for name, part in one.items():
        left, right = _lines(part), _lines(other[name])
        parts += [f"{name}: gone {row}" for row in left if row not in right]
        parts += [f"{name}: come {row}" for row in right if row not in left]
    return "\n".join(parts)


def _lines(part: object) -> list[str]:
    if isinstance(part, dict):
        return [f"{name} {row}" for name, rows in part.items() for row in rows]
    assert isinstance(part, list)
    return [str(row) for row in part]
