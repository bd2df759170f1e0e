"""Holds and rulings as the ledger takes and gives them."""

from datetime import datetime
from typing import Any, NamedTuple

from tasuki.ledger.rows import decode, text_time

GUARD = "guard"
"""The reason of a hold that is about a whole run; its `source_id` is empty."""


class NewHold(NamedTuple):
    """A question to a person, about to be recorded. `question_text` is JSON."""

    source_id: str
    sync: str
    source: str
    reason: str
    detail: str
    question_text: str
    digest: str
    fingerprint: str
    version: str
    revision: str


class HoldRow(NamedTuple):
    """A recorded question to a person; see `tables.Hold`."""

    source_id: str
    sync: str
    source: str
    reason: str
    detail: str
    question_text: str
    digest: str
    fingerprint: str
    version: str
    revision: str
    state: str
    run_id: str
    since: str
    seen_at: str

    @property
    def ref(self) -> str:
        """The record, `connection/stream/id`; the run's id for a guard."""
        if self.reason == GUARD:
            return str(self.question.get("run", self.run_id))
        return f"{self.source}/{self.source_id}" if self.source else self.source_id

    @property
    def question(self) -> dict[str, Any]:
        """Candidates, changed fields, payload, choices (decoded on each use)."""
        return decode(self.question_text)

    @property
    def choices(self) -> tuple[str, ...]:
        """What a person may decide, the usual answer first where there is one."""
        return tuple(self.question.get("choices", ()))


class NewRuling(NamedTuple):
    """A person's decision, about to be recorded."""

    source_id: str
    sync: str
    reason: str
    choice: str
    target: str
    question_text: str
    digest: str
    fingerprint: str
    who: str
    why: str


class RulingRow(NamedTuple):
    """A person's decision, and what became of it; `outcome` is "" while it stands."""

    id: int
    source_id: str
    sync: str
    reason: str
    choice: str
    target: str
    question_text: str
    digest: str
    fingerprint: str
    who: str
    why: str
    ruled_at: str
    expires_text: str | None
    outcome: str
    words: str
    ended_by: str
    ended_run: str
    ended_at: str

    @property
    def question(self) -> dict[str, Any]:
        """The question as the person saw it."""
        return decode(self.question_text)

    @property
    def expires_at(self) -> datetime | None:
        """When it lapses unused."""
        return text_time(self.expires_text)


class RulingEndRow(NamedTuple):
    """What became of a ruling: carried_out, stale, moot, expired or withdrawn."""

    ruling_id: int
    outcome: str
    words: str = ""
    who: str = ""
