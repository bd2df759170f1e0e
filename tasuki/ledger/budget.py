"""API calls a connection may make, shared by all processes through the ledger.

Each window keeps one number, the theoretical arrival time of GCRA: from `tat`, every
call reserves its own moment. A process reserves a few moments at once, so that a call
does not cost a query, and a moment not used within `hold` seconds is given up. With a
burst of `b` and a rate of `r`, no window of `W` seconds can then see more than
`b - 1 + r * (W + hold)` calls; `r` is chosen so that this is the limit.

Money goes first: a part of the burst is kept for it. While others use the limit up,
their next moment lies that part later than money's, and each of their processes has
reserved a quarter of a second at most: no more than that can stand before a money call.
"""

from collections import defaultdict, deque
from collections.abc import Sequence
from math import ceil
from threading import Lock
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Dialect,
    Float,
    bindparam,
    func,
    literal_column,
)
from sqlalchemy.sql.expression import ClauseElement

from tasuki.ledger.database import Database, insert_into
from tasuki.ledger.tables import BUDGET
from tasuki.model.errors import ThrottledError
from tasuki.model.policy import Limit

_HOLD_SHARE = 0.05
_LONGEST_HOLD = 5.0
_AHEAD_SECONDS = 0.25
_QUOTA_SECONDS = 600.0
_FREE_BLOCK = 50


class Pace(NamedTuple):
    """How a limit is spread over time.

    Attributes:
        interval: Seconds between two calls once the burst is spent.
        burst: Calls that may be made at once after a rest.
        hold: Seconds after which a reserved moment is given up.
        block: Moments reserved with one query at most.
        kept: Of the burst: for money flows alone.
        is_quota: It counts hours or days: a pause of seconds spends nothing of it.
    """

    interval: float
    burst: int
    hold: float
    block: int
    kept: int = 0
    is_quota: bool = False

    def burst_for(self, *, money: bool) -> int:
        """Return the calls that a money flow, or another one, may make at once."""
        return self.burst if money else self.burst - self.kept

    def after_pause(self, until: float) -> float:
        """Return where the meter stands after a pause: one call at `until`, no burst.

        What is kept for money is kept. A quota is left as it is: its burst lies hours
        ahead, and whoever waits for it would not call for as long.
        """
        if self.is_quota:
            return 0.0
        return until + (self.burst - self.kept - 1) * self.interval

    @classmethod
    def of(cls, limit: Limit) -> "Pace":
        """Return the pace that never exceeds the limit in any of its windows.

        Short windows get an even pace with a small burst; long ones are quotas, half
        of which may be used at once, the last fifth of it by money flows only.
        """
        is_quota = limit.seconds >= _QUOTA_SECONDS
        burst = max(1, limit.calls // (2 if is_quota else 10))
        hold = min(_LONGEST_HOLD, limit.seconds * _HOLD_SHARE)
        interval = (limit.seconds + hold) / (limit.calls - burst + 1)
        ahead = max(1, int(_AHEAD_SECONDS / interval))
        block = min(ahead, burst * 4, limit.calls)
        kept = burst // (5 if is_quota else 2)
        return cls(interval, burst, hold, block, kept, is_quota)


_FREE = Pace(interval=0.0, burst=1, hold=1.0, block=_FREE_BLOCK)


class _Meter:
    """One window of one connection, with the moments this process reserved."""

    def __init__(
        self,
        database: Database,
        name: str,
        connection: str,
        pace: Pace,
        *,
        money: bool,
    ) -> None:
        self.name = name
        self.pace = pace
        self._burst = pace.burst_for(money=money)
        self._database = database
        self._connection = connection
        self._moments: deque[float] = deque()
        self._next_block = 1

    def take(self, now: float) -> float:
        """Return the moment of one call; the caller holds the budget's lock."""
        while self._moments:
            moment = self._moments.popleft()
            if moment + self.pace.hold > now:
                return moment
            # Reserved more than was needed: the next reservation is for one call.
            self._next_block = 1
            self._moments.clear()
        self._reserve(now)
        return self._moments.popleft()

    def is_over(self, moment: float, now: float) -> bool:
        """Say whether a moment was missed."""
        return moment + self.pace.hold <= now

    def forget(self) -> None:
        """Give up what was reserved."""
        self._moments.clear()
        self._next_block = 1

    def _reserve(self, now: float) -> None:
        pace, count = self.pace, self._next_block
        with self._database.writing() as connection:
            stored: Any = self._database.run(
                connection,
                _reserve,
                meter=self.name,
                owner=self._connection,
                first=now + count * pace.interval,
                now=now,
                step=count * pace.interval,
            ).one()
        tat, paused_until = stored
        begin = tat - count * pace.interval
        earliest = max(now, paused_until)
        self._moments.extend(
            max(earliest, begin + (place + 1 - self._burst) * pace.interval)
            for place in range(count)
        )
        self._next_block = min(pace.block, count * 2)


class LedgerBudget:
    """The calls one connection may still make (a `Budget`); safe between threads."""

    def __init__(
        self,
        database: Database,
        connection: str,
        limits: Sequence[Limit],
        patience: float | None = None,
        *,
        money: bool = False,
    ) -> None:
        self._database = database
        self._connection = connection
        self._patience = patience
        self._lock = Lock()
        named = [
            (limit.window, meter_name(connection, limit), Pace.of(limit))
            for limit in sorted(limits, key=lambda limit: -limit.seconds)
        ]
        self._meters = [
            (window, _Meter(database, name, connection, pace, money=money))
            for window, name, pace in named or [("", connection, _FREE)]
        ]
        self._turns: defaultdict[str, Lock] = defaultdict(Lock)

    def acquire(self, window: str = "") -> None:
        """Wait until one call may be made.

        Args:
            window: The call also counts against the limits of this name.

        Raises:
            ThrottledError: the wait would be longer than the budget's patience.
        """
        with self._lock:
            turn = self._turns[window]
        # One thread at a time waits for its moment: else each would reserve one of its
        # own, and a money flow would stand behind all of them.
        with turn:
            self._acquire([m for name, m in self._meters if name in {"", window}])

    def _acquire(self, meters: Sequence[_Meter]) -> None:
        moments: dict[str, float] = {}
        while True:
            now = self._now()
            with self._lock:
                for meter in meters:
                    if meter.name not in moments:
                        moments[meter.name] = meter.take(now)
            self._wait(max(moments.values(), default=now) - now)
            now = self._now()
            missed = [m for m in meters if m.is_over(moments[m.name], now)]
            if not missed:
                return
            for meter in missed:
                del moments[meter.name]

    def pause(self, seconds: float) -> None:
        """Let nobody call this connection for a while.

        Other processes see it with their next reservation, a quarter of a second
        later at most while they are busy.
        """
        until = self._now() + seconds
        with self._lock:
            with self._database.writing() as connection:
                for _, meter in self._meters:
                    self._database.run(
                        connection,
                        _pause,
                        meter=meter.name,
                        owner=self._connection,
                        first=meter.pace.after_pause(until),
                        until=until,
                    )
            for _, meter in self._meters:
                meter.forget()

    def _wait(self, seconds: float) -> None:
        if seconds <= 0:
            return
        if self._patience is not None and seconds > self._patience:
            words = "our own budget of calls is spent"
            raise ThrottledError(self._connection, words, "budget", seconds)
        self._database.clock.sleep(seconds)

    def _now(self) -> float:
        return self._database.clock.now().timestamp()


def calls_left(limit: Limit, tat: float, now: float) -> int:
    """Return the calls that may be made at once, by a meter's stored moment."""
    pace = Pace.of(limit)
    spent = max(0.0, tat - now) / pace.interval
    return max(0, pace.burst - ceil(spent))


def meter_name(connection: str, limit: Limit) -> str:
    """Return what a connection's window is called in the ledger."""
    return f"{connection}/{limit.window}/{limit.seconds:g}"


def _reserve(dialect: Dialect) -> ClauseElement:
    statement = insert_into(dialect, BUDGET).values(
        name=bindparam("meter"),
        connection=bindparam("owner"),
        tat=bindparam("first"),
        paused_until=literal_column("0.0"),
    )
    moved = _later(dialect, BUDGET.c.tat, bindparam("now", type_=Float()))
    return statement.on_conflict_do_update(
        index_elements=["name"],
        set_={"tat": moved + bindparam("step", type_=Float())},
    ).returning(BUDGET.c.tat, BUDGET.c.paused_until)


def _pause(dialect: Dialect) -> ClauseElement:
    statement = insert_into(dialect, BUDGET).values(
        name=bindparam("meter"),
        connection=bindparam("owner"),
        tat=bindparam("first"),
        paused_until=bindparam("until"),
    )
    new, old = statement.excluded, BUDGET.c
    return statement.on_conflict_do_update(
        index_elements=["name"],
        set_={
            "tat": _later(dialect, old.tat, new.tat),
            "paused_until": _later(dialect, old.paused_until, new.paused_until),
        },
    )


def _later(dialect: Dialect, *times: ColumnElement[float]) -> ColumnElement[float]:
    latest = func.max if dialect.name == "sqlite" else func.greatest
    return latest(*times, type_=Float())
