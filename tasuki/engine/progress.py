"""How far a backfill has come, as the ledger says; light to load."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tasuki.engine.part import PLAN, count_in, end_of, passed_of
from tasuki.ledger import Ledger, decode, lease_name
from tasuki.model.record import Span


@dataclass(frozen=True, slots=True)
class PartState:
    """How far one part of a backfill has come.

    Attributes:
        number: From 1.
        span: The range of ids.
        counted: Records it held when the backfill was planned.
        passed: Records that its cursor has passed; one that came twice counts twice.
        is_done: It was read to its end.
        is_held: Somebody works on it now.
    """

    number: int
    span: Span
    counted: int
    passed: int
    is_done: bool
    is_held: bool


@dataclass(frozen=True, slots=True)
class Backfill:
    """A planned backfill and the state of its parts."""

    sync: str
    began: str
    account: str
    revision: str
    allow: int | None
    parts: tuple[PartState, ...]

    @property
    def counted(self) -> int:
        """Return the records that the source held when it was planned."""
        return sum(part.counted for part in self.parts)

    @property
    def passed(self) -> int:
        """Return the records whose outcome is recorded."""
        return sum(part.passed for part in self.parts)

    @property
    def is_done(self) -> bool:
        """Say whether every part was read to its end."""
        return all(part.is_done for part in self.parts)

    def parts_under_way(self) -> bool:
        """Say whether somebody works on it now: it is not planned anew under them."""
        return any(one.is_held for one in self.parts)

    def free(self) -> list[PartState]:
        """Return the parts that wait for somebody."""
        return [one for one in self.parts if not (one.is_done or one.is_held)]

    def as_json(self) -> dict[str, Any]:
        """Return plain values for `--json` and flows."""
        return {
            "sync": self.sync,
            "began": self.began,
            "done": self.is_done,
            "counted": self.counted,
            "passed": self.passed,
            "parts": [
                {
                    "part": one.number,
                    "after": one.span.after,
                    "until": one.span.until,
                    "counted": one.counted,
                    "passed": one.passed,
                    "state": _state(one),
                }
                for one in self.parts
            ],
        }


def _state(part: PartState) -> str:
    if part.is_done:
        return "done"
    return "running" if part.is_held else "waiting"


def read_backfill(ledger: Ledger, sync_id: str) -> Backfill | None:
    """Return the backfill of a sync that was planned last."""
    stored = ledger.cursor(sync_id, PLAN)
    if stored is None:
        return None
    plan = decode(stored.position)
    held = ledger.parts_held(lease_name(sync_id))
    parts = []
    for number, (after, until, counted) in enumerate(plan["parts"], start=1):
        end = ledger.cursor(sync_id, end_of(number))
        is_done = end is not None and end.revision == stored.revision
        passed = count_in(ledger.cursor(sync_id, passed_of(number)))
        is_held = lease_name(sync_id, f"part {number}/") in held
        span = Span(after, until)
        parts.append(PartState(number, span, counted, passed, is_done, is_held))
    began, account, allow = plan["began"], plan["account"], plan["allow"]
    revision = stored.revision
    return Backfill(sync_id, began, account, revision, allow, tuple(parts))


def unfinished(ledger: Ledger, sync_ids: Iterable[str]) -> list[Backfill]:
    """Return the backfills of these syncs that have been planned and not finished."""
    found = (read_backfill(ledger, one) for one in sync_ids)
    return [one for one in found if one is not None and not one.is_done]
