"""Carrying out what people have decided about holds.

A ruling counts for the question it was made about: when the record or the candidates
have changed since, it is stale, and the question is put anew. It never goes around a
claim: a create that follows from it is recorded and checked like any other.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from tasuki import plan
from tasuki.engine.holding import SHARED, digest_of, fingerprint_of
from tasuki.engine.sync import Sync
from tasuki.engine.turn import Accept, Relink, StillDead, StillInDoubt, Turn
from tasuki.ledger.hold_rows import RulingEndRow, RulingRow
from tasuki.mapping import Faulty, Waiting

log = logging.getLogger("tasuki.engine")

REJECTED = "rejected_by_person"
LEAVE = "leave"
LEAVE_FOR_GOOD = "leave_for_good"
LEAVING = frozenset({LEAVE, LEAVE_FOR_GOOD})
"""Choices that leave a record out: they stand, rather than being carried out once."""
_NOT_YET = (Waiting, Faulty, StillDead, StillInDoubt)


@dataclass(slots=True)
class Rulings:
    """The rulings of one sync that stand, by source id."""

    sync: Sync
    standing: dict[str, RulingRow]
    yielding: frozenset[str] = field(init=False)
    """Records whose counterpart a standing ruling gives to another one."""

    def __post_init__(self) -> None:
        own = [row for row in self.standing.values() if row.choice == "own"]
        self.yielding = frozenset(filter(None, (row.target for row in own)))

    @classmethod
    def of(cls, sync: Sync) -> "Rulings":
        """Return the rulings that a run begins with."""
        rows = sync.ledger.open_rulings(sync.id)
        return cls(sync, {row.source_id: row for row in rows if row.source_id})

    def apply(self, turns: Sequence[Turn]) -> None:
        """Let rulings take the place of the holds they are about."""
        if not self.standing:
            return
        for turn in turns:
            ruling = self.standing.get(turn.record.id)
            if ruling is not None:
                self._apply(turn, ruling)
            elif turn.record.id in self.yielding and _is_update(turn):
                self._wait_for_the_owner(turn)

    def _apply(self, turn: Turn, ruling: RulingRow) -> None:
        verdict = turn.verdict
        if ruling.choice in LEAVING and self._is_left_out(turn, ruling):
            if not isinstance(verdict, (plan.Unchanged, StillInDoubt, Relink)):
                turn.verdict = plan.Skip(REJECTED)
            return
        if not isinstance(verdict, plan.Hold):
            if isinstance(verdict, _NOT_YET):
                return
            if _has_begun(turn, ruling):
                turn.ruling = ruling
            elif ruling.choice == "create" and isinstance(verdict, plan.Create):
                # Taken up before its twin, which is not to be held because of it.
                turn.ruling, turn.match_hashes = ruling, ()
            else:
                self._end(turn, ruling, "moot", "the record is not held any more")
            return
        words = "" if _has_begun(turn, ruling) else _change_since(turn, verdict, ruling)
        if words:
            self._end(turn, ruling, "stale", words)
            return
        turn.ruling = ruling
        self._carry_out(turn, verdict, ruling)

    @staticmethod
    def _is_left_out(turn: Turn, ruling: RulingRow) -> bool:
        """Say whether a record that was left out still is what it was then."""
        if ruling.choice == LEAVE_FOR_GOOD:
            return True
        if isinstance(turn.verdict, plan.Hold):
            return not _change_since(turn, turn.verdict, ruling, candidates=False)
        return bool(ruling.fingerprint) and ruling.fingerprint == turn.fingerprint

    def _end(self, turn: Turn, ruling: RulingRow, outcome: str, words: str) -> None:
        turn.ruling_end = RulingEndRow(ruling.id, outcome, words)
        if outcome == "stale":
            log.warning(
                "sync=%s record=%s the decision '%s' of %s is not carried out: %s",
                self.sync.id, turn.record.id, ruling.choice, ruling.who, words,
            )  # fmt: skip

    def _carry_out(self, turn: Turn, hold: plan.Hold, ruling: RulingRow) -> None:
        """Put what was decided in the place of the hold."""
        payload = turn.payload
        match ruling.choice:
            case "attach":
                turn.verdict = self._attached(turn, hold, ruling)
            case "create" if payload is not None:
                turn.verdict = plan.Create(payload.for_create())
            case "own" if payload is not None and hold.candidates:
                (one,) = hold.candidates
                turn.yields = one.taken_by or ""
                fields = payload.for_update()
                turn.verdict = plan.Update(one.id, fields, attaching=True)
            case "accept":
                turn.verdict = Accept()
            case "send" | "found" if _goes_out(turn, hold):
                assert payload is not None and turn.link is not None  # noqa: S101, PT018
                changed = plan.changed_fields(payload, turn.link.sent)
                turn.verdict = plan.Update(turn.link.destination_id, changed)
            case _:  # about a write in doubt: settled when it was looked up
                turn.ruling = None

    def _attached(
        self, turn: Turn, hold: plan.Hold, ruling: RulingRow
    ) -> plan.Change | Relink:
        found = [c for c in hold.candidates if f"{c.stream}/{c.id}" == ruling.target]
        if len(found) != 1 or turn.payload is None:
            turn.ruling = None
            self._end(turn, ruling, "stale", "the candidate is not there any more")
            return hold
        (one,) = found
        taken_by = one.taken_by or self._given_before(ruling)
        if taken_by is not None:
            turn.ruling = None
            words = f"{ruling.target} is the counterpart of {taken_by}"
            self._end(turn, ruling, "stale", words)
            return hold
        if one.attach_only or one.stream != str(self.sync.mapping.destination):
            return plan.Attach(one.stream, one.id)
        if self.sync.mapping.write.value in {"once", "create_only"}:
            return Relink(one.stream, one.id)
        return plan.Update(one.id, turn.payload.for_update(), attaching=True)

    def _given_before(self, ruling: RulingRow) -> str | None:
        """Return the record that was given the same candidate first, if any was."""
        if self.sync.mapping.write.value != "once":
            return None
        rows = [
            row
            for row in self.standing.values()
            if row.choice == "attach" and row.target == ruling.target
        ]
        first = min(rows, key=lambda row: row.id)
        return None if first.id == ruling.id else first.source_id

    def _wait_for_the_owner(self, turn: Turn) -> None:
        """Keep a record from writing to what is being given to another one."""
        assert isinstance(turn.verdict, plan.Update)  # noqa: S101 - by the caller
        home = self.sync.mapping.destination
        target = turn.verdict.target_id
        turn.verdict = plan.Hold(SHARED, f"{home}/{target} is given to another record")


def _goes_out(turn: Turn, hold: plan.Hold) -> bool:
    """Say whether what the hold is about is an update that could be sent."""
    known = turn.payload is not None and turn.link is not None
    return known and "not_there" not in hold.choices


def _is_update(turn: Turn) -> bool:
    return isinstance(turn.verdict, plan.Update)


def _has_begun(turn: Turn, ruling: RulingRow) -> bool:
    """Say whether a run that was killed had begun to carry the ruling out."""
    return any(
        row.created_at >= ruling.ruled_at and row.operation != "write_back"
        for row in turn.open_intents
    )


def _change_since(
    turn: Turn, hold: plan.Hold, ruling: RulingRow, *, candidates: bool = True
) -> str:
    """Return what has changed since the ruling was made; "" for nothing."""
    if hold.reason != ruling.reason:
        return f"it is held for another reason now ({hold.reason})"
    if fingerprint_of(turn, hold) != ruling.fingerprint:
        return "the record has changed since"
    asked_alone = candidates or not ruling.fingerprint
    if asked_alone and digest_of(hold) != ruling.digest:
        return "the candidates have changed since"
    return ""
