"""Saving a plan, and a run that does exactly what its plan says.

Before such a run sends anything it decides about everything, as the plan did, and
compares: nothing of what is decided is kept but digests. Then it runs as always, and
what its plan does not name, or names otherwise, is left for the next run.
"""

from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tasuki.engine.digests import Digests, act_of
from tasuki.engine.foresight import begin_at, turns_ahead
from tasuki.engine.preview import Preview, preview_sync
from tasuki.engine.restored import Distrust
from tasuki.engine.saved_plan import (
    VALID,
    Head,
    SavedPlan,
    plan_key,
    position_digest,
    write_plan,
)
from tasuki.engine.sync import Options, Sync
from tasuki.engine.turn import Turn
from tasuki.ledger import Lease
from tasuki.model.errors import PlanMovedError

USED = "plan"
"""The part of a sync's cursor that names the plan that was carried out last."""

NOT_PLANNED = "not_planned"
"""The reason of a record that its run's plan does not name as it is now."""

_NAMED = 5


def options_of(
    saved: SavedPlan, *, allow: int | None = None, lease_seconds: float = 120.0
) -> Options:
    """Return the options of the run that carries a plan out."""
    head = saved.head
    return Options(
        full=head.full,
        only=head.only,
        since=saved.since,
        plan=saved,
        allow=allow,
        lease_seconds=lease_seconds,
    )


def save_plan(
    sync: Sync, options: Options, path: Path, secret: bytes, *, show: int = 50
) -> Preview:
    """Preview a sync, and write what it would do to a file.

    Raises:
        ConfigError: the file is there already, or cannot be written.
    """
    key, now = plan_key(secret), sync.clock.now()
    position = position_digest(begin_at(sync, options), key)
    with closing(Digests()) as digests:
        found = preview_sync(
            sync, options, show=show, on_turns=lambda turns: digests.find(turns, key)
        )
        head = Head(
            sync=sync.id,
            revision=sync.mapping.revision,
            position=position,
            full=options.full,
            only=options.only,
            since=options.since.isoformat() if options.since else "",
            made_at=now.isoformat(),
            valid_until=(now + VALID).isoformat(),
            counts=dict(found.counts),
            creates=found.guarded.creates,
            changes=found.guarded.changes,
        )
        write_plan(path, head, digests.found(), key)
    return found


@dataclass(slots=True)
class Bound:
    """What binds a run to its saved plan; without one, nothing does.

    Attributes:
        left: Records that the plan does not name, or names otherwise.
    """

    sync: Sync
    options: Options
    left: int = 0
    _digests: Digests | None = field(default=None, init=False)

    def verify(self, lease: Lease) -> None:
        """Stop before anything is sent unless the run would do what was planned.

        Raises:
            PlanMovedError: it would not, or the plan was used before.
        """
        saved = self.options.plan
        if saved is None:
            return
        self._is_of_now(saved)
        self._digests = digests = Digests()
        digests.plan(saved.acts())
        position = begin_at(self.sync, self.options)
        if not self.options.is_partial:
            self._is_where_it_was(saved, position)
        for turns in turns_ahead(self.sync, self.options, position):
            lease.renew()
            digests.find(turns, saved.key)
        moved = digests.moved(_NAMED)
        if moved:
            source = self.sync.mapping.source
            named = ", ".join(f"{kind} {source}/{one}" for kind, one in moved.first)
            what = (
                f"{moved.new:,} new, {moved.changed:,} changed, {moved.gone:,} gone "
                f"since it was made: {named}"
            )
            raise PlanMovedError(saved.name, what)

    def carried_out(self, lease: Lease, run_id: str) -> None:
        """Remember that the plan has been carried out: once is all it is for."""
        saved, sync = self.options.plan, self.sync
        if saved is None:
            return
        with sync.ledger.transaction(lease, run_id) as tx:
            tx.put_cursor(sync.id, USED, saved.id, sync.mapping.revision)

    def _is_of_now(self, saved: SavedPlan) -> None:
        sync, head = self.sync, saved.head
        used = sync.ledger.cursor(sync.id, USED)
        if used is not None and used.position == saved.id:
            what = f"was carried out already, by run {used.run_id}"
            raise PlanMovedError(saved.name, what)
        if head.revision != sync.mapping.revision:
            raise PlanMovedError(saved.name, f"the mapping {sync.id} has changed since")
        if Distrust.of(sync).stamp:
            what = "the ledger was restored from a backup: creates are looked up first"
            raise PlanMovedError(saved.name, what)

    def _is_where_it_was(self, saved: SavedPlan, position: str | None) -> None:
        if position_digest(position, saved.key) != saved.head.position:
            what = "another run has read on since it was made"
            raise PlanMovedError(saved.name, what)

    def permits(self, turns: list[Turn]) -> tuple[list[Turn], list[Turn]]:
        """Part turns into those that may be carried out and those that may not."""
        saved, digests = self.options.plan, self._digests
        if saved is None or digests is None:
            return turns, []
        planned = digests.planned([turn.record.id for turn in turns])
        free: list[Turn] = []
        bound: list[Turn] = []
        for turn in turns:
            act = act_of(turn, saved.key)
            same = act is None or planned.get(act.id) == act
            (free if same else bound).append(turn)
        self.left += len(bound)
        return free, bound

    def close(self) -> None:
        """Give the disk space back."""
        if self._digests is not None:
            self._digests.close()
