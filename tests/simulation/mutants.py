"""Rules of the engine, broken one at a time, to see that the simulation notices.

Each mutant replaces one method or function by one that forgets a rule which the
promises rest on, and names the play in which that must come to light.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest

from tasuki.engine import course, decide, journal
from tasuki.engine.counterparts import Search
from tasuki.engine.decide import Decider
from tasuki.engine.journal import Journal
from tasuki.engine.outcomes import Outcomes
from tasuki.engine.pages import Progress
from tasuki.engine.settle import Settler
from tasuki.engine.sync import Sync
from tasuki.engine.tally import Ending
from tasuki.ledger import Lease, Ledger
from tasuki.ledger.lease import LeaseRow
from tasuki.ledger.rows import IntentRow, encode
from tasuki.ledger.transaction import Tx
from tasuki.model.write import Sighting

Patch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Mutant:
    """One broken rule, and where it shows."""

    rule: str
    patch: Patch
    play: str = ""
    """The play that is killed at its steps; empty: shown by a worker that was stopped."""


def _receipt_before_the_call(patch: pytest.MonkeyPatch) -> None:
    real = Tx.add_intents

    def add(self: Tx, rows: Any, state: Any = "planned", until: Any = None) -> None:
        real(self, rows, "confirmed" if state == "sending" else state, until)

    patch.setattr(Tx, "add_intents", add)


def _no_intent_before_the_call(patch: pytest.MonkeyPatch) -> None:
    real = Journal.commit

    def commit(self: Journal, intents: Any = (), turns: Any = (), **more: Any) -> Any:
        if intents:
            return frozenset()
        return real(self, intents, turns, **more)

    patch.setattr(Journal, "commit", commit)


def _no_quiet_time(patch: pytest.MonkeyPatch) -> None:
    def due_at(self: Settler, _: IntentRow) -> datetime:
        return self.sync.clock.now()

    patch.setattr(Settler, "due_at", due_at)


def _cursor_first(patch: pytest.MonkeyPatch) -> None:
    real = Progress.advance

    def advance(self: Progress) -> str | None:
        moved = real(self)
        return self._open[-1].cursor if self._open else moved

    patch.setattr(Progress, "advance", advance)


def _no_claim(patch: pytest.MonkeyPatch) -> None:
    real = Decider._identify

    def identify(self: Decider, made: Any, tries: Any) -> bool:
        found = real(self, made, tries)
        mark = made.turn.identity.mark + made.turn.record.id
        made.turn.match_hashes = ()  # where a mark is remembered, too
        made.turn.identity = made.turn.identity._replace(claim=None, mark=mark)
        return found

    patch.setattr(Decider, "_identify", identify)


def _sent_again_without_looking(patch: pytest.MonkeyPatch) -> None:
    def sightings(_: Settler, intents: Sequence[IntentRow]) -> dict[str, Sighting]:
        return {row.id: Sighting(row.id, ()) for row in intents}

    patch.setattr(Settler, "_sightings", sightings)


def _repeatable(patch: pytest.MonkeyPatch) -> None:
    """Class C is treated like class B."""
    patch.setattr(Sync, "settles_first", lambda _: False)


def _no_write_back_after_a_look(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Settler, "_write_back", lambda *_: [])


def _old_keys_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "made_earlier", lambda *_: {})


def _nothing_is_doubtful(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "doubtful_fields", lambda _: frozenset())


def _replaced_intents_stay_open(patch: pytest.MonkeyPatch) -> None:
    real = Journal.commit

    def commit(self: Journal, intents: Any = (), turns: Any = ()) -> Any:
        for turn in turns:
            turn.open_intents = ()
        return real(self, intents, turns)

    patch.setattr(Journal, "commit", commit)


def _left_intents_are_not_taken_up(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(course.Course, "_take_up", lambda _: None)


def _links_keep_only_the_last_update(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(journal, "sent_text", lambda turn: encode(turn.verdict.fields))


def _twins_are_not_noticed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Search, "_twins", lambda *_: ({}, {}))


def _waiting_children_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Ledger, "ready_after_wait", lambda *_: [])


def _write_backs_are_sent_at_once_or_never(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Journal, "plan_write_back", lambda *_: None)


def _people_are_written_over(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "respect_owners", lambda *_: None)


def _survivors_inherit_nothing(patch: pytest.MonkeyPatch) -> None:
    def skip(self: Journal, turn: Any, reason: str) -> None:
        self.end(turn, Ending.SKIPPED, reason)

    patch.setattr(Journal, "skip", skip)


def _moved_counterparts_are_made_anew(patch: pytest.MonkeyPatch) -> None:
    real = Outcomes._gone

    def gone(self: Outcomes, turn: Any, outcome: Any) -> None:
        real(self, turn, replace(outcome, moved_to=None))

    patch.setattr(Outcomes, "_gone", gone)


def _no_fence_in_transactions(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Lease, "extend", lambda *_: None)
    patch.setattr(Lease, "check", lambda _: None)


def _no_fence_before_calls(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Lease, "check", lambda _: None)
    # Else a write whose sender lives is left in doubt, and nothing is sent twice.
    patch.setattr(Ledger, "living_senders", lambda *_: {})


def _no_lease(patch: pytest.MonkeyPatch) -> None:
    """Anyone may take any lease, and nobody is fenced off."""
    patch.setattr(LeaseRow, "is_free", lambda *_: True)
    _no_fence_in_transactions(patch)


MUTANTS: dict[str, Mutant] = {
    "receipt before the call": Mutant(
        "a receipt is written after the call", _receipt_before_the_call, "invoices"
    ),
    "no intent before the call": Mutant(
        "an intent is durable before its call",
        _no_intent_before_the_call,
        "invoices",
    ),
    "no quiet time": Mutant(
        "what is in doubt is not looked up before its quiet time is over",
        _no_quiet_time,
        "late landings",
    ),
    "cursor first": Mutant(
        "the cursor moves with the outcomes it passes", _cursor_first, "leads"
    ),
    "no claim": Mutant(
        "a business key belongs to one live intent", _no_claim, "invoices"
    ),
    "sent again without looking": Mutant(
        "class C is looked up before it is sent again",
        _sent_again_without_looking,
        "invoices",
    ),
    "class C as class B": Mutant(
        "a create that cannot be repeated is not repeated", _repeatable, "invoices"
    ),
    "no write-back after a look": Mutant(
        "what a look-up confirms is written back",
        _no_write_back_after_a_look,
        "invoices",
    ),
    "old keys forgotten": Mutant(
        "what was made under an old key is found", _old_keys_forgotten, "change of mind"
    ),
    "nothing is doubtful": Mutant(
        "an update without an answer may have happened",
        _nothing_is_doubtful,
        "change of mind",
    ),
    "replaced intents stay open": Mutant(
        "an intent that is decided anew is closed", _replaced_intents_stay_open, "leads"
    ),
    "left intents are not taken up": Mutant(
        "the next run takes up what a dead one left",
        _left_intents_are_not_taken_up,
        "invoices",
    ),
    "links keep only the last update": Mutant(
        "a link says all that was sent", _links_keep_only_the_last_update, "upheaval"
    ),
    "twins are not noticed": Mutant(
        "of two records with one match value one is created",
        _twins_are_not_noticed,
        "leads",
    ),
    "waiting children are forgotten": Mutant(
        "a child whose parent has come gets its turn",
        _waiting_children_are_forgotten,
        "invoices",
    ),
    "write-backs are not recorded": Mutant(
        "a write-back is recorded with its receipt",
        _write_backs_are_sent_at_once_or_never,
        "leads",
    ),
    "people are written over": Mutant(
        "a field that people have set stays theirs",
        _people_are_written_over,
        "two sides",
    ),
    "survivors inherit nothing": Mutant(
        "the survivor of a merge takes the counterpart over",
        _survivors_inherit_nothing,
        "upheaval",
    ),
    "moved counterparts are dropped": Mutant(
        "a converted or merged counterpart is followed",
        _moved_counterparts_are_made_anew,
        "upheaval",
    ),
    "no fence": Mutant(
        "a worker that was replaced commits nothing", _no_fence_in_transactions
    ),
    "no fence before calls": Mutant(
        "a worker that was replaced calls nobody", _no_fence_before_calls
    ),
    "no lease": Mutant("one worker at a time works on a sync", _no_lease),
}


@contextmanager
def broken(mutant: Mutant) -> Iterator[None]:
    """Break one rule for as long as this lasts."""
    with pytest.MonkeyPatch.context() as patch:
        mutant.patch(patch)
        yield
