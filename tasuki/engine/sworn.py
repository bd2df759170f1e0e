"""A person's word about a write in doubt: checked against what the system shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tasuki import plan
from tasuki.engine.sync import Sync
from tasuki.ledger.hold_rows import RulingRow
from tasuki.ledger.rows import IntentRow
from tasuki.model.write import Confirmed, Sighting

HELD = "held"
_ABOUT_DOUBT = frozenset({"found", "not_there"})


def words_given(rulings: Mapping[str, RulingRow]) -> dict[str, RulingRow]:
    """Return the rulings about writes in doubt, by source id."""
    return {one: row for one, row in rulings.items() if row.choice in _ABOUT_DOUBT}


def held_doubts(sync: Sync, rulings: Mapping[str, RulingRow]) -> list[IntentRow]:
    """Return the held writes that these rulings are about."""
    sent = sync.ledger.intents_of(sync.id, sorted(rulings))
    return [row for rows in sent.values() for row in rows if row.state == HELD]


@dataclass(frozen=True, slots=True)
class Proof:
    """What a look at a document has shown.

    Attributes:
        document: The document as a receipt; None when it cannot be ours.
        is_marked: It carries our mark: it is the one, whatever else it says.
        words: Why it cannot be ours.
        differs: Field → (sent, shown), where the system shows another value.
    """

    document: Confirmed | None
    is_marked: bool = False
    words: str = ""
    differs: Mapping[str, tuple[object, object]] | None = None


def prove(sync: Sync, row: IntentRow, target_id: str, sighting: Sighting) -> Proof:
    """Look at the document that is said to be this write's own (one call at most)."""
    where = f"{row.destination}/{target_id}"
    owner = sync.ledger.reverse_links(sync.id, [target_id]).get(target_id)
    if owner is not None and owner != row.source_id:
        return Proof(None, words=f"{where} is the counterpart of {row.source}/{owner}")
    for one in sighting.found:
        if one.id == target_id:
            return Proof(one, is_marked=True)
    if sighting.found:
        marked = ", ".join(f"{row.destination}/{one.id}" for one in sighting.found)
        return Proof(None, words=f"{where} has not our mark, and {marked} has it")
    names = sorted({*row.payload, *sync.mapping.receipt_names})
    stream = sync.mapping.destination.stream
    shown = sync.destination.destination.fetch(stream, [target_id], names)
    if target_id not in shown:
        return Proof(None, words=f"there is no {where}")
    values = {
        name: value for name, value in shown[target_id].items() if value is not None
    }
    answer = {"id": target_id, **values}
    return Proof(
        Confirmed(row.id, target_id, answer=answer),
        differs=differences(row.payload, values),
    )


def differences(
    sent: Mapping[str, object], shown: Mapping[str, object]
) -> dict[str, tuple[object, object]]:
    """Return where a system shows another value than was sent; lists aside."""
    return {
        name: (value, shown[name])
        for name, value in sent.items()
        if name in shown and _is_plain(value) and _text(value) != _text(shown[name])
    }


def _is_plain(value: object) -> bool:
    return value is not None and not isinstance(value, (list, dict))


def _text(value: object) -> str:
    text = str(plan.stored(value)).strip()
    whole, dot, rest = text.partition(".")
    return whole if dot and not rest.strip("0") else text


def new_suspects(ruling: RulingRow, suspects: Sequence[Confirmed]) -> list[Confirmed]:
    """Return the look-alikes that the person has not seen when giving the word."""
    asked: Sequence[Mapping[str, str]] = ruling.question.get("candidates", ())
    seen = {one["ref"].rpartition("/")[2] for one in asked}
    return [one for one in suspects if one.id not in seen]
