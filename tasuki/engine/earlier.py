"""Counterparts that a killed run has made, and that its record no longer leads to.

A create by a natural key (class B) is simply sent again, and finds what the first one
made. That does not hold when the record changed meanwhile: it has another key now, or
does not qualify any more. Then the old key is looked up, or the counterpart would stay
behind without a link.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from tasuki.engine.sync import Sync
from tasuki.engine.turn import StillInDoubt, Turn
from tasuki.ledger.rows import IntentRow
from tasuki.model.write import Operation

_UNCERTAIN = frozenset({"sending", "in_doubt"})


def made_earlier(sync: Sync, turns: Iterable[Turn]) -> Mapping[str, str]:
    """Return the id of each such counterpart, by source id.

    Costs no call unless a run was killed or an answer lost, and the record changed.
    """
    asked: dict[str, dict[str, str]] = defaultdict(dict)
    for turn in turns:
        row = _left_behind(turn)
        if row is not None:
            asked[row.key_field][row.source_id] = row.key_value
    found: dict[str, str] = {}
    for name, wanted in asked.items():
        values = sorted(set(wanted.values()))
        stream = sync.mapping.destination.stream
        hits = sync.destination.destination.find(stream, name, values)
        for source_id, value in wanted.items():
            if len(hits.get(value, ())) == 1:
                found[source_id] = hits[value][0].id
    return found


def _left_behind(turn: Turn) -> IntentRow | None:
    if turn.link is not None or isinstance(turn.verdict, StillInDoubt):
        return None
    now = (turn.identity.key_field, turn.identity.key_value)
    for row in turn.open_intents:
        uncertain = row.operation == Operation.CREATE and row.state in _UNCERTAIN
        if uncertain and row.key_field and (row.key_field, row.key_value) != now:
            return row
    return None


def doubtful_fields(turn: Turn) -> frozenset[str]:
    """Return the fields whose value over there is not known for certain.

    An update that was sent without an answer may have changed them, whatever the link
    says was sent last.
    """
    return frozenset(
        name
        for row in turn.open_intents
        if row.operation == Operation.UPDATE
        for name in row.payload
    )
