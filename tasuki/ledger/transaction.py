"""Writing: everything in one transaction commits together, under the lease's fence."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from tasuki.archive.entry import Draft
from tasuki.ledger import archive, holds, writes
from tasuki.ledger.database import Build, Database
from tasuki.ledger.hold_rows import NewHold, RulingEndRow
from tasuki.ledger.lease import Lease, give_back
from tasuki.ledger.reading import claim_holders
from tasuki.ledger.revisit import match_key_owners
from tasuki.ledger.rows import (
    ConfirmRow,
    IntentRow,
    LinkRow,
    MatchKeyRow,
    NewDeadLetter,
    NewDecision,
    NewIntent,
    RelationRow,
    StateRow,
    encode,
    time_text,
)
from tasuki.model.errors import LedgerError

_NAMED = 3
_FINAL = frozenset({"confirmed", "rejected", "abandoned"})


def _places(row: type[tuple[object, ...]], *names: str) -> tuple[int, ...]:
    fields: tuple[str, ...] = row._fields  # type: ignore[attr-defined]
    return tuple(map(fields.index, names))


# What the rows of one batch have in common: said once, in the SQL itself.
_INTENT_ALIKE = _places(
    NewIntent,
    *("sync", "source", "destination", "destination_id", "operation", "mark"),
    *("claim", "key_field", "revision"),
)
_LINK_ALIKE = _places(LinkRow, "sync", "source", "destination", "revision", "state")
_MATCH_KEY_ALIKE = _places(MatchKeyRow, "sync")
_CONFIRM_ALIKE = (1, 2)  # the receipt, often empty, and the time


class ClaimTakenError(LedgerError):
    """A live document exists for this business key: nothing was recorded or sent.

    `taken` tells, for each refused intent's id, the intent that holds its claim.
    """

    remedy = (
        "Nothing was sent: run again, and look at the record with `tasuki explain`."
    )
    exit_code = 1

    def __init__(self, where: str, taken: Mapping[str, IntentRow]) -> None:
        names = sorted({f"{row.source}/{row.source_id}" for row in taken.values()})
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        what = f"already sent or under way for {', '.join(names[:_NAMED])}{more}"
        super().__init__(where, what)
        self.args = (where, taken)
        self.taken = taken


class TwinTakenError(LedgerError):
    """Records of another part are being created with the same match values.

    Attributes:
        taken: The ids of our records that have such a twin.
    """

    def __init__(self, where: str, taken: frozenset[str]) -> None:
        super().__init__(where, f"{len(taken)} records have a twin under way")
        self.args = (where, taken)
        self.taken = taken


class Tx:
    """One open transaction of the ledger; made by `Ledger.transaction`."""

    def __init__(
        self, database: Database, connection: Connection, run_id: str, fence: int
    ) -> None:
        self._database = database
        self._connection = connection
        self._run_id = run_id
        self._fence = fence
        self._now = time_text(database.clock.now())

    def add_intents(
        self,
        rows: Sequence[NewIntent],
        state: Literal["planned", "sending", "in_doubt"] = "planned",
        quiet_until: datetime | None = None,
    ) -> None:
        """Record writes before they are sent, or as they are.

        Args:
            rows: The writes, each with an id of its own.
            state: `sending` records and marks them in one statement; `in_doubt` is
                for what may have been sent before the ledger was restored.
            quiet_until: When what is in doubt may be looked up.

        Raises:
            ClaimTakenError: a live intent holds the claim of one of them, or two of
                them have the same; the whole transaction is undone.
        """
        attempts, sent_at = (1, self._now) if state == "sending" else (0, None)
        quiet = time_text(quiet_until) if quiet_until else None
        code = "restored" if state == "in_doubt" else ""
        begun = (state, attempts, quiet, None, code, "", self._run_id, self._fence)
        tail = (*begun, self._now, sent_at, None)
        claimed = [row for row in rows if row.claim is not None]
        plain = [row for row in rows if row.claim is None] if claimed else rows
        self._many(writes.add_intents, plain, tail, _INTENT_ALIKE)
        if not claimed:
            return
        self._many(writes.add_claimed_intents, claimed, tail, _INTENT_ALIKE)
        taken = self._taken(claimed)
        if taken:
            raise ClaimTakenError(self._database.where, taken)

    def mark_sending(self, ids: Sequence[str]) -> None:
        """Say that open intents are sent now (again), by this run."""
        if not ids:
            return
        done = self._database.run(
            self._connection,
            writes.mark_sending,
            ids=list(ids),
            new_sent_at=self._now,
            new_run_id=self._run_id,
            new_fence=self._fence,
        )
        if done.rowcount != len(ids):
            what = f"{len(ids) - done.rowcount} intents are no longer open"
            remedy = "Run again: the ledger is read afresh, nothing was sent."
            raise LedgerError(self._database.where, what, remedy)

    def confirm(self, rows: Sequence[ConfirmRow]) -> None:
        """Store receipts: these writes happened."""
        self._many(
            writes.confirm,
            [(target, receipt, self._now, one) for one, target, receipt in rows],
            alike=_CONFIRM_ALIKE,
        )

    def set_state(
        self,
        ids: Sequence[str],
        state: str,
        code: str = "",
        words: str = "",
        quiet_until: datetime | None = None,
    ) -> None:
        """Give all these intents one state."""
        self.set_states([StateRow(one, state, code, words, quiet_until) for one in ids])

    def set_states(self, rows: Sequence[StateRow]) -> None:
        """Give each intent its own state, code and words."""
        self._many(
            writes.set_state,
            [
                (
                    row.state,
                    time_text(row.quiet_until) if row.quiet_until else None,
                    row.error_code,
                    row.error_words,
                    self._now if row.state in _FINAL else None,
                    row.id,
                )
                for row in rows
            ],
        )

    def put_links(self, rows: Sequence[LinkRow]) -> None:
        """Store links, new ones and changed ones."""
        tail = (self._run_id, self._now, self._now)
        self._many(writes.put_links, rows, tail, _LINK_ALIKE)

    def put_match_keys(self, rows: Sequence[MatchKeyRow]) -> None:
        """Note the match values that records are created with."""
        self._many(writes.put_match_keys, rows, alike=_MATCH_KEY_ALIKE)

    def claim_match_keys(self, rows: Sequence[MatchKeyRow]) -> None:
        """Note match values beside other processes that may note the same ones.

        Raises:
            TwinTakenError: some are another record's; the transaction is undone.
        """
        if not rows:
            return
        # In one order everywhere: two processes never wait for each other.
        rows = sorted(set(rows))
        self._many(writes.claim_match_keys, rows, alike=_MATCH_KEY_ALIKE)
        keys = [row.key for row in rows]
        found = self._database.run(
            self._connection, match_key_owners, sync=rows[0].sync, ids=keys
        )
        owners = {str(key): str(owner) for key, owner in found.fetchall()}
        taken = frozenset(
            row.source_id
            for row in rows
            if owners.get(row.key, row.source_id) != row.source_id
        )
        if taken:
            raise TwinTakenError(self._database.where, taken)
        self.put_match_keys(rows)  # over those whose owner was never sent

    def detach_links(self, sync: str, source_ids: Sequence[str]) -> None:
        """Keep these links as history only: their counterpart is gone."""
        if source_ids:
            self._database.run(
                self._connection,
                writes.detach_links,
                ids=list(source_ids),
                which=sync,
                new_run_id=self._run_id,
                new_updated_at=self._now,
            )

    def put_relations(self, rows: Sequence[RelationRow]) -> None:
        """Store which records belong to one story; known ones stay as they are."""
        tail = (self._run_id, self._now)
        self._many(writes.put_relations, rows, tail)

    def add_decisions(self, rows: Sequence[NewDecision]) -> None:
        """Append decisions; the caller gives only those that changed."""
        tail = (self._run_id, self._now)
        self._many(writes.add_decisions, rows, tail)

    def put_dead_letters(self, rows: Sequence[NewDeadLetter]) -> None:
        """Open dead letters; one that is unsolved is counted up and renewed."""
        tail = ("open", 1, self._now, self._now, self._run_id)
        self._many(writes.put_dead_letters, rows, tail)

    def resolve_dead_letters(
        self, sync: str, source_ids: Sequence[str], state: str = "resolved"
    ) -> int:
        """Close the unsolved dead letters of these records; returns their number."""
        if not source_ids:
            return 0
        return self._database.run(
            self._connection,
            writes.resolve_dead_letters,
            ids=list(source_ids),
            which=sync,
            new_state=state,
            new_last_at=self._now,
            new_run_id=self._run_id,
        ).rowcount

    def put_holds(self, rows: Sequence[NewHold]) -> None:
        """Record questions to a person, new ones and changed ones."""
        tail = ("open", self._run_id, self._now, self._now)
        self._many(holds.put_holds, [(*row, *tail) for row in rows])

    def close_holds(self, sync: str, source_ids: Sequence[str]) -> None:
        """Note that these records wait for no person any more."""
        if source_ids:
            self._database.run(
                self._connection,
                holds.close_holds,
                ids=list(source_ids),
                which=sync,
                new_run_id=self._run_id,
                new_seen_at=self._now,
            )

    def end_rulings(self, rows: Sequence[RulingEndRow]) -> None:
        """Note what became of rulings; each ends once, whoever says it again."""
        self._many(holds.end_ruling, [(*row, self._run_id, self._now) for row in rows])

    def put_cursor(self, sync: str, part: str, position: str, revision: str) -> None:
        """Store how far the sync has read (its outcomes are in this transaction)."""
        row = (sync, part, position, revision, self._now, self._run_id)
        self._many(writes.put_cursor, [row])

    def forget_cursor(self, sync: str, part: str = "") -> None:
        """Let the next run read everything."""
        self._database.run(
            self._connection, writes.forget_cursor, which=sync, which_part=part
        )

    def finish_run(
        self,
        run_id: str,
        state: str,
        counts: Mapping[str, object],
        calls: Mapping[str, object],
        error: str = "",
    ) -> None:
        """Close the run's own row."""
        row = (state, self._now, encode(counts), encode(calls), error, run_id)
        self._many(writes.finish_run, [row])

    def archive(self, drafts: Sequence[Draft]) -> None:
        """Add to the archive: last, because others wait until this transaction ends."""
        archive.append(self._database, self._connection, drafts)

    def add_totals(self, sync: str, amounts: Mapping[str, float]) -> None:
        """Add a finished run to the sums over all runs of its sync."""
        rows = [(sync, what, amount) for what, amount in amounts.items() if amount]
        self._many(writes.add_total, sorted(rows))

    def give_back(self, lease: Lease) -> None:
        """Give the lease back as the last thing of this transaction."""
        give_back(self._database, self._connection, lease)

    def _taken(self, claimed: list[NewIntent]) -> dict[str, IntentRow]:
        found = self._database.run(
            self._connection, claim_holders, ids=[row.claim for row in claimed]
        )
        holders = {row.claim: row for row in map(IntentRow._make, found.fetchall())}
        return {
            row.id: holders[row.claim]
            for row in claimed
            if holders[row.claim].id != row.id
        }

    def _many(
        self,
        build: Build,
        rows: Sequence[tuple[object, ...]],
        tail: tuple[object, ...] = (),
        alike: Sequence[int] = (),
    ) -> None:
        self._database.run_many(self._connection, build, rows, tail, alike)
