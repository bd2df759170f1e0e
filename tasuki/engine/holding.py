"""Putting a question to a person: everything that is needed to decide it."""

from collections.abc import Sequence
from hashlib import blake2b

from tasuki import plan
from tasuki.engine.masking import masked
from tasuki.engine.sync import Sync
from tasuki.engine.turn import Turn
from tasuki.ledger.hold_rows import NewHold
from tasuki.ledger.rows import IntentRow, encode

IN_DOUBT = "in_doubt"
SHARED = "shares_counterpart"
DISAGREE = "totals_disagree"


def digest_of(hold: plan.Hold) -> str:
    """Return what changes when the question does: its reason, and what it is about."""
    about = hold.about or "\n".join(sorted(map(_told_apart, hold.candidates)))
    text = f"{hold.reason}\0{about or hold.detail}"
    return blake2b(text.encode(), digest_size=10).hexdigest()


def _told_apart(one: plan.Counterpart) -> str:
    # A twin's counterpart may not be visible yet: the question is about the twin.
    return f"← {one.taken_by}" if one.taken_by else f"{one.stream}/{one.id}"


def fingerprint_of(turn: Turn, hold: plan.Hold) -> str:
    """Return what changes when the record's part in the question does."""
    return "" if hold.reason in {IN_DOUBT, DISAGREE} else turn.fingerprint


def hold_row(sync: Sync, turn: Turn, hold: plan.Hold) -> NewHold:
    """Return what is recorded of a question about one record."""
    mapping, record = sync.mapping, turn.record
    return NewHold(
        record.id,
        mapping.id,
        str(mapping.source),
        hold.reason,
        hold.detail,
        encode(_question(sync, turn, hold)),
        digest_of(hold),
        fingerprint_of(turn, hold),
        record.version,
        mapping.revision,
    )


def _question(sync: Sync, turn: Turn, hold: plan.Hold) -> dict[str, object]:
    mapping, payload, link = sync.mapping, turn.payload, turn.link
    question: dict[str, object] = {
        "choices": list(hold.choices),
        "candidates": _candidates(hold.candidates),
        "write": mapping.write.value,
        "destination": str(mapping.destination),
    }
    if hold.about:
        question["about"] = hold.about
    if payload is not None:
        question["payload"] = masked(mapping, payload.fields)
    if link is not None:
        question["link"] = f"{link.destination}/{link.destination_id}"
    if hold.reason == "changed_after_sent" and payload is not None and link is not None:
        sent, now = masked(mapping, link.sent), masked(mapping, payload.fields)
        names = hold.detail.split(", ")
        question["changed"] = {n: [sent.get(n), now.get(n)] for n in names}
    return question


def _candidates(found: Sequence[plan.Counterpart]) -> list[dict[str, object]]:
    return [
        {
            "ref": f"{one.stream}/{one.id}",
            "step": one.step,
            "taken_by": one.taken_by,
            "attach_only": one.attach_only,
        }
        for one in found
    ]


def doubt_of(row: IntentRow, words: str) -> plan.Hold:
    """Return the question about a write that may have been done.

    Args:
        row: The write.
        words: Its documents in question, `connection/stream/id, …`, or what happened.
    """
    refs = [one for one in words.split(", ") if one.startswith(f"{row.destination}/")]
    named = tuple(
        plan.Counterpart(row.destination, one.rpartition("/")[2], "look-up")
        for one in refs
    )
    return plan.Hold(
        IN_DOUBT, words, named, ("found", "not_there"), f"{row.id} {words}"
    )


def doubt_row(sync: Sync, row: IntentRow, words: str, tries: int) -> NewHold:
    """Return what is recorded of the question about a write that may have been done."""
    hold, mapping = doubt_of(row, words), sync.mapping
    question: dict[str, object] = {
        "choices": list(hold.choices),
        "candidates": _candidates(hold.candidates),
        "write": mapping.write.value,
        "destination": row.destination,
        "about": hold.about,
        "payload": masked(mapping, row.payload),
        "sent_at": row.sent_at,
        "tries": tries,
    }
    return NewHold(
        row.source_id,
        row.sync,
        row.source,
        hold.reason,
        hold.detail,
        encode(question),
        digest_of(hold),
        "",
        row.version,
        row.revision,
    )


def keep_questions(sync: Sync, turns: Sequence[Turn]) -> None:
    """Keep a person's question open though its record would be skipped now.

    What was sent without an answer may stand at the destination all the same.
    """
    asked = {
        turn.record.id: turn
        for turn in turns
        if isinstance(turn.verdict, plan.Skip)
        and turn.previous is not None
        and (turn.previous.outcome, turn.previous.reason) == ("held", "in_doubt")
    }
    if not asked:
        return
    for source_id, rows in sync.ledger.intents_of(sync.id, list(asked)).items():
        question = next((row for row in rows if row.state == "held"), None)
        if question is not None:
            asked[source_id].verdict = plan.Hold("in_doubt", question.error_words)


def sums_row(sync: Sync, row: IntentRow, hold: plan.Hold) -> NewHold:
    """Return what is recorded of the question about sums that are not ours."""
    mapping = sync.mapping
    question: dict[str, object] = {
        "choices": list(hold.choices),
        "candidates": _candidates(hold.candidates),
        "write": mapping.write.value,
        "destination": row.destination,
        "about": hold.about,
        "payload": masked(mapping, row.payload),
        "link": hold.candidates[0].stream + "/" + hold.candidates[0].id,
    }
    return NewHold(
        row.source_id,
        row.sync,
        row.source,
        hold.reason,
        hold.detail,
        encode(question),
        digest_of(hold),
        "",
        row.version,
        row.revision,
    )
