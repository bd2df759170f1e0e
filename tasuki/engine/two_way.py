"""The two ways of a pair of mappings share their links, and do not answer each other.

What one way has written comes back to the other as a change. It is none while the
fields it is made of are still what was written: trimmed, lower-cased or made narrow
by the system that keeps them, they count as the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tasuki import plan
from tasuki.engine.earlier import doubtful_fields
from tasuki.engine.sync import Sync
from tasuki.engine.turn import Turn
from tasuki.ledger.rows import BackRow, LinkRow, encode
from tasuki.mapping.pair import Pair
from tasuki.model.likeness import is_alike


def ways_back(
    sync: Sync, ids: Sequence[str], links: Mapping[str, LinkRow]
) -> dict[str, BackRow]:
    """Return what the way back knows of these records, by their ids.

    Only those that it has written, or looked at, since this way was there last.
    """
    pair = sync.mapping.pair
    if pair is None:
        return {}
    found = sync.ledger.back_links(pair.sync, str(sync.mapping.source), ids)
    seen = sync.ledger.link_times(sync.id, [one for one in found if one in links])
    return {
        one: back
        for one, back in found.items()
        if one not in links
        or (
            links[one].destination_id == back.source_id
            and back.updated_at >= seen.get(one, "")
        )
    }


def shared_link(sync: Sync, record_id: str, back: BackRow) -> LinkRow:
    """Return the link of a record that only the way back has met so far."""
    mapping = sync.mapping
    return LinkRow(
        record_id,
        sync.id,
        str(mapping.source),
        str(mapping.destination),
        back.source_id,
        "{}",
        "",
        "",
        mapping.revision,
    )


def leave_echoes(
    sync: Sync, turns: Sequence[Turn], backs: Mapping[str, BackRow]
) -> None:
    """Take fields out of updates that only say what the way back has written."""
    pair = sync.mapping.pair
    if pair is None or not backs:
        return
    for turn in turns:
        back, link, verdict = backs.get(turn.record.id), turn.link, turn.verdict
        if back is None or link is None or not isinstance(verdict, plan.Update):
            continue
        if turn.archiving or link.revision != sync.mapping.revision:
            continue  # a mapping that has changed says it anew
        echoed = _echoed(pair, turn, verdict, back)
        if echoed:
            known = link.sent | {n: plan.stored(v) for n, v in echoed.items()}
            turn.link = link._replace(sent_text=encode(known))
            left = {n: v for n, v in verdict.fields.items() if n not in echoed}
            turn.verdict = replace(verdict, fields=left) if left else plan.Unchanged()


def _echoed(
    pair: Pair, turn: Turn, verdict: plan.Update, back: BackRow
) -> dict[str, object]:
    told, now = back.sent, turn.record.fields
    doubtful = doubtful_fields(turn)
    return {
        name: value
        for name, value in verdict.fields.items()
        if name not in doubtful
        and name in pair.echoes
        and all(
            one in told and is_alike(now.get(one), told[one])
            for one in pair.echoes[name]
        )
    }
