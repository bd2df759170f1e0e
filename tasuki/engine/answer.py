"""What a person may decide about a hold, and what each decision means.

The words of this module are said before anything is recorded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tasuki.engine.holding import DISAGREE
from tasuki.engine.reviewed import BILLED, LOST
from tasuki.engine.rivals import ELSEWHERE
from tasuki.engine.ruled import LEAVE, LEAVE_FOR_GOOD
from tasuki.engine.sworn import HELD, Proof, prove
from tasuki.engine.sync import Sync
from tasuki.ledger.hold_rows import GUARD, HoldRow, NewRuling
from tasuki.ledger.rows import encode
from tasuki.model.errors import ConfigError
from tasuki.model.write import Operation, Sighting, Write, WriteClass

_OPTIONS = {
    "attach": "--attach CANDIDATE",
    "create": "--create",
    "own": "--own",
    "accept": "--accept",
    "send": "--send",
    "found": "--found ID",
    "not_there": "--not-there",
    "allow": "--guard RUN",
}
_USUAL = frozenset(
    {"changed_after_sent", "shares_counterpart", BILLED, LOST, DISAGREE, GUARD}
)
"""Reasons whose first choice is meant when nothing else is said."""

HOW: Mapping[str, str] = {
    "ambiguous_match": "Several counterparts fit: say which is it, or none of them.",
    "duplicate_record": "Another record has this counterpart or business key already.",
    "exists_already": "A document is there already: say whether it is this one.",
    "changed_after_sent": "The record changed after it was sent.",
    "both_changed": "Both sides changed it: say whose values count.",
    BILLED: "Part of the deal was billed already: say whether the difference is right.",
    ELSEWHERE: (
        "It is billed in another system, or has a billing plan: say whether it is to "
        "be billed here as well."
    ),
    LOST: (
        "The deal is lost, and was billed: say whether a credit note is to be made. "
        "Rejected, what was billed stays, and nothing more is billed of it."
    ),
    "in_doubt": "It was sent and never answered: say whether it is there.",
    "shares_counterpart": (
        "Two records lead to one counterpart, merged over there: say which owns it."
    ),
    DISAGREE: (
        "The document states other sums than we compute: correct it over there (the "
        "next look finds out), or say that its sums are right."
    ),
    GUARD: "The run would do unusually much: say whether that is meant.",
}
"""What each kind of hold asks, in a sentence."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision about one hold: what it is, and about which document.

    Attributes:
        choice: attach, create, own, accept, send, found, not_there, allow, leave or
            leave_for_good; "" for the usual one.
        target: The candidate or the document, where the choice names one.
        hours: How long an approved run may wait.
    """

    choice: str = ""
    target: str = ""
    hours: float = 24.0


def options_of(hold: HoldRow) -> str:
    """Return the options of `tasuki approve` that settle a hold."""
    named = [_OPTIONS[one] for one in hold.choices]
    if hold.reason in _USUAL - {GUARD} and named:
        named[0] = f"{named[0]} (usual)" if len(named) > 1 else "no option is needed"
    return ", ".join(named)


def settled(hold: HoldRow, answer: Answer) -> Answer:
    """Return the answer in full; raise ConfigError where this hold does not take it."""
    if answer.choice in {LEAVE, LEAVE_FOR_GOOD}:
        return answer
    where, choices = hold.ref, hold.choices
    if not hold.digest:
        what = "it was held by an older version, and its question is not known in full"
        raise ConfigError(where, what, f"Run `tasuki run {hold.sync}` once, then look.")
    if not choices:
        raise ConfigError(where, _impossible(hold), "Change the record, or reject it.")
    choice = answer.choice
    if not choice:
        if hold.reason not in _USUAL:
            what = f"held as {hold.reason}: it is not said what is approved"
            raise ConfigError(where, what, f"Say one of: {options_of(hold)}.")
        choice = choices[0]
    if choice not in choices:
        what = f"held as {hold.reason}, which {_OPTIONS[choice]} does not settle"
        raise ConfigError(where, what, f"Say one of: {options_of(hold)}.")
    target = answer.target
    if choice == "attach":
        target = _candidate(hold, target)
    elif choice == "own":
        target = str(hold.question["candidates"][0]["taken_by"])
    return Answer(choice, target, answer.hours)


def _impossible(hold: HoldRow) -> str:
    if hold.reason == "duplicate_record":
        return (
            f"two records have one business key ({hold.detail}), and a key has one "
            "live document, whatever is approved"
        )
    return f"held as {hold.reason} ({hold.detail}): there is nothing to approve"


def _candidate(hold: HoldRow, target: str) -> str:
    candidates: Sequence[Mapping[str, str]] = hold.question["candidates"]
    fits = [c for c in candidates if target in {c["ref"], c["ref"].rpartition("/")[2]}]
    listed = ", ".join(one["ref"] for one in candidates)
    if len(fits) != 1:
        what = f"'{target}' is none of the candidates"
        raise ConfigError(hold.ref, what, f"They are: {listed}.")
    (one,) = fits
    if one["taken_by"]:
        what = f"{one['ref']} is the counterpart of {one['taken_by']} already"
        raise ConfigError(hold.ref, what, "Choose another one, or merge the two.")
    return one["ref"]


def meaning(hold: HoldRow, answer: Answer) -> str:
    """Return what a decision means, in one sentence."""
    question, ref, target = hold.question, hold.ref, answer.target
    home = str(question.get("destination", ""))
    match answer.choice:
        case "attach" if _is_only_linked(hold, target):
            return f"{ref} is linked to {target}; nothing is written to it."
        case "attach":
            return f"{ref} is linked to {target}, and its fields are written there."
        case "create":
            return f"a new {home} is made of {ref}, beside what was found."
        case "own":
            counterpart = question["candidates"][0]["ref"]
            return (
                f"{ref} owns {counterpart} from now on, and all its fields are written "
                f"there; {target} is left out and writes to it no more."
            )
        case "accept" if hold.reason == DISAGREE:
            return (
                f"the sums that {question['candidates'][0]['ref']} states are right: "
                f"{ref} is told of it, and nothing else is sent."
            )
        case "accept":
            return (
                f"nothing is sent: you have dealt with it over there, and what {ref} "
                f"says now ({hold.detail}) counts as sent to {question.get('link')}."
            )
        case "send":
            return f"the changes of {ref} ({hold.detail}) go to {question.get('link')}."
        case "found" if hold.reason in {BILLED, LOST}:
            return f"{hold.detail}: it is {target}, made by hand; no other is made."
        case "found":
            return (
                f"{home}/{target} is the document of {ref}: linked, and nothing sent."
            )
        case "not_there":
            return (
                f"you swear that no document of {ref} is there: it is looked up once "
                "more where that can be done, and then sent again."
            )
        case "allow":
            return (
                f"one run of {hold.sync} may create {question['creates']}, change "
                f"{question['changes']} and let go of {question.get('deletes', 0)} "
                "records in all, with the mapping as it is, "
                f"within {answer.hours:g} hours."
            )
        case _:
            return _left_out(hold, answer)


def _is_only_linked(hold: HoldRow, target: str) -> bool:
    if hold.reason == "exists_already":
        return True
    found = hold.question["candidates"]
    return any(one["ref"] == target and one["attach_only"] for one in found)


def _left_out(hold: HoldRow, answer: Answer) -> str:
    if hold.reason == GUARD:
        return "nothing is sent; a run of the same size is refused again, unasked."
    if answer.choice == LEAVE_FOR_GOOD:
        return (
            f"{hold.ref} is left out (rejected_by_person) whatever becomes of it, "
            "until `tasuki withdraw`."
        )
    until = "until it changes" if hold.fingerprint else "while the question is this"
    return f"{hold.ref} is left out (rejected_by_person) {until}; nothing is sent."


def ruling_of(hold: HoldRow, answer: Answer, who: str, why: str) -> NewRuling:
    """Return what is recorded of a decision."""
    return NewRuling(
        hold.source_id,
        hold.sync,
        hold.reason,
        answer.choice,
        answer.target,
        encode(hold.question),
        hold.digest,
        hold.fingerprint,
        who,
        why,
    )


def look_at(sync: Sync, hold: HoldRow, target_id: str) -> Proof:
    """Look at the document that a person has found for a write in doubt."""
    sent = sync.ledger.intents_of(sync.id, [hold.source_id]).get(hold.source_id, [])
    rows = [row for row in sent if row.state == HELD]
    if not rows:
        return Proof(None, words=f"{hold.ref} has no write in doubt any more")
    row, stream = rows[-1], sync.mapping.destination.stream
    destination, sighting = sync.destination.destination, Sighting("", ())
    if destination.facts(stream).create_class is not WriteClass.NONE:
        write = Write(row.id, Operation.CREATE, row.payload, mark=row.mark)
        (sighting,) = destination.probe(stream, [write])
    return prove(sync, row, target_id, sighting)


def not_held(words: str, outcome: str, reason: str) -> str:
    """Return why a record that is not held cannot be approved."""
    if outcome == "skipped":
        return (
            f"{words}: it does not qualify ({reason}); only the record can change that"
        )
    if outcome == "dead":
        return f"{words}: it is a dead letter ({reason}); `tasuki dead` has the remedy"
    if outcome == "waiting":
        return f"{words}: it waits for its parent in {reason}"
    return words
