"""How a project stands, read from its files and its ledger: no call to any system."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from tasuki.engine.progress import Backfill, read_backfill
from tasuki.ledger import Ledger, RunRow, lease_name
from tasuki.ledger.budget import calls_left, meter_name
from tasuki.ledger.inbox import Backlog
from tasuki.ledger.lease import LeaseRow
from tasuki.ledger.rows import text_time
from tasuki.ledger.standing import MeterRow
from tasuki.model.policy import Limit
from tasuki.operation.alarms import ChannelView, channel_views
from tasuki.project import Project

_BAD_ENDS = frozenset({"stopped", "refused", "crashed", "lost"})


@dataclass(frozen=True, slots=True)
class WindowView:
    """One limit of a connection, and what is left of it."""

    window: str
    seconds: float
    calls: int
    left: int


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """One connection: whether it may be used, and what it may still call."""

    name: str
    connector: str
    login: str
    words: str
    paused_until: datetime | None
    windows: tuple[WindowView, ...]

    def as_json(self) -> dict[str, object]:
        """Return plain values."""
        until = self.paused_until
        return {
            "connection": self.name,
            "connector": self.connector,
            "login": self.login,
            "words": self.words,
            "paused_until": until.isoformat() if until else None,
            "limits": [
                {"window": w.window, "seconds": w.seconds, "calls": w.calls,
                 "left": w.left}
                for w in self.windows
            ],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class SyncView:
    """One mapping: when it ran, how far it read, what is left over."""

    name: str
    last: RunRow | None
    cursor_age: float | None
    holders: tuple[str, ...]
    pending: int
    in_doubt: int
    held: int
    dead: int
    backfill: Backfill | None

    def as_json(self) -> dict[str, object]:
        """Return plain values."""
        last = self.last
        return {
            "mapping": self.name,
            "last_run": last.id if last else None,
            "last_state": last.state if last else None,
            "last_started_at": last.started_at if last else None,
            "last_finished_at": last.finished_at if last else None,
            "last_error": last.error if last else "",
            "cursor_age_seconds": self.cursor_age,
            "holders": list(self.holders),
            "pending": self.pending,
            "in_doubt": self.in_doubt,
            "held": self.held,
            "dead": self.dead,
            "backfill": _backfill(self.backfill),
        }

    def wants_a_look(self) -> bool:
        """Say whether something is left over, or the last run ended badly."""
        ended_badly = self.last is not None and self.last.state in _BAD_ENDS
        return bool(ended_badly or self.in_doubt or self.held or self.dead)


def _backfill(found: Backfill | None) -> dict[str, object] | None:
    if found is None:
        return None
    return {
        "began": found.began,
        "done": found.is_done,
        "counted": found.counted,
        "passed": found.passed,
        "parts": len(found.parts),
        "parts_done": sum(part.is_done for part in found.parts),
    }


@dataclass(frozen=True, slots=True)
class Picture:
    """How everything stands at one moment."""

    at: datetime
    connections: tuple[ConnectionView, ...]
    syncs: tuple[SyncView, ...]
    totals: dict[tuple[str, str], float]
    inbox: Backlog
    channels: tuple[ChannelView, ...]
    size: int | None
    schema_version: str
    ledger: str
    last_runs: dict[str, RunRow] = field(default_factory=dict)

    def inbox_age(self) -> float | None:
        """Return the age in seconds of the oldest webhook that waits."""
        oldest = self.inbox.oldest
        return (self.at - oldest).total_seconds() if oldest else None

    def wants_a_look(self) -> bool:
        """Say whether a person should look."""
        stopped = any(one.login == "stopped" for one in self.connections)
        stopped = stopped or any(one.is_dead for one in self.channels)
        return stopped or any(one.wants_a_look() for one in self.syncs)

    def as_json(self) -> dict[str, object]:
        """Return plain values."""
        inbox = self.inbox
        return {
            "at": self.at.isoformat(),
            "connections": [one.as_json() for one in self.connections],
            "mappings": [one.as_json() for one in self.syncs],
            "inbox": {
                "waiting": inbox.waiting,
                "given_up": inbox.dead,
                "oldest_seconds": self.inbox_age(),
            },
            "alert_channels": [one.to_json() for one in self.channels],
            "ledger_bytes": self.size,
            "ledger_version": self.schema_version,
        }  # fmt: skip


def take_picture(project: Project, ledger: Ledger) -> Picture:
    """Read how a project stands."""
    runs = ledger.last_runs()
    return Picture(
        at=project.clock.now(),
        connections=tuple(_connections(project, ledger)),
        syncs=tuple(_syncs(project, ledger, runs)),
        totals=ledger.totals(),
        inbox=ledger.inbox_backlog(),
        channels=tuple(channel_views(project, ledger)),
        size=ledger.size(),
        schema_version=ledger.schema_version,
        ledger=ledger.url_masked,
        last_runs=runs,
    )


def _connections(project: Project, ledger: Ledger) -> Iterator[ConnectionView]:
    meters = {row.name: row for row in ledger.meters()}
    logins = {row.connection: row for row in ledger.logins()}
    now = project.clock.now()
    for name, one in project.connections.items():
        login = logins.get(name)
        state, words = "none needed" if login is None else "valid", ""
        if login is not None and login.refused_at:
            state, words = "stopped", login.refused_words
        elif (
            login is None and one.connector.login and one.connector.login(one.settings)
        ):
            state = "missing"
        limits = one.connector.limits(one.settings)
        mine = [meters[n] for n in (meter_name(name, lim) for lim in limits)
                if n in meters]  # fmt: skip
        until = max((row.paused_until for row in mine), default=0.0)
        paused = datetime.fromtimestamp(until, now.tzinfo)
        yield ConnectionView(
            name,
            one.connector.name,
            state,
            words,
            paused if paused > now else None,
            tuple(_window(name, limit, meters, now) for limit in limits),
        )


def _window(
    name: str, limit: Limit, meters: dict[str, MeterRow], now: datetime
) -> WindowView:
    row = meters.get(meter_name(name, limit))
    tat = row.tat if row is not None else 0.0
    left = calls_left(limit, tat, now.timestamp())
    return WindowView(limit.window, limit.seconds, limit.calls, left)


def _syncs(
    project: Project, ledger: Ledger, runs: dict[str, RunRow]
) -> Iterator[SyncView]:
    writes, held, dead = ledger.open_writes(), ledger.open_holds(), ledger.unsolved()
    cursors, leases = ledger.main_cursors(), ledger.held_leases()
    now = project.clock.now()
    used = {mapping.id for mapping in project.used}
    for name in (m.id for m in project.mappings if m.id in used or m.id in runs):
        cursor = cursors.get(name)
        read_at = text_time(cursor.updated_at) if cursor else None
        age = (now - read_at).total_seconds() if read_at else None
        in_doubt = writes.get((name, "in_doubt"), 0)
        pending = sum(n for (sync, _), n in writes.items() if sync == name) - in_doubt
        yield SyncView(
            name,
            runs.get(name),
            age,
            tuple(_holder(row) for row in leases if _is_of(row, name)),
            pending,
            in_doubt,
            held.get(name, 0),
            dead.get(name, 0),
            read_backfill(ledger, name),
        )


def _is_of(row: LeaseRow, sync: str) -> bool:
    own = lease_name(sync)
    return row.name == own or row.name.startswith(f"{own}#")


def _holder(row: LeaseRow) -> str:
    part = row.name.partition("#")[2]
    words = f"process {row.pid} on {row.host}"
    return f"{words} (part {part})" if part else words
