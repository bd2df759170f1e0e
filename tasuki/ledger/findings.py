"""Leaks in the ledger: opened once, seen again, closed when they are gone."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect, bindparam, select, text, update
from sqlalchemy.sql.expression import ClauseElement

from tasuki.ledger.database import Database
from tasuki.ledger.finding_tables import FINDING, LEAK_SWEEP, OPEN_FINDINGS
from tasuki.ledger.rows import decode, encode, time_text

_LOCK = 7_218_018
_AT_ONCE = 500


class StoredFinding(NamedTuple):
    """One leak as the ledger has it; times are text that sorts.

    Attributes:
        id: The ledger's own number of this occurrence.
        rule: `L12`.
        subject: What tells it from the rule's others.
        ref: The record it is about, `connection/stream/id`; "" where none is known.
        severity: As the project's rules say.
        department: Whose turn it is.
        yen: What is at risk; None where nobody can say.
        link: The record's page in its system's screens; "" where there is none.
        opened_at: The sweep that met it first.
        seen_at: The last sweep that met it.
        closed_at: The sweep that did not meet it any more; None while it is open.
        snoozed_until: A person lets it rest until then.
        snooze_reason: Why.
        snoozed_by: Who.
    """

    id: int
    rule: str
    subject: str
    ref: str
    severity: str
    department: str
    yen: int | None
    link: str
    opened_at: str
    seen_at: str
    closed_at: str | None
    snoozed_until: str | None
    snooze_reason: str
    snoozed_by: str

    @property
    def key(self) -> str:
        """`L12/006xx`, as people name it."""
        return f"{self.rule}/{self.subject}"

    def rests(self, now: str) -> bool:
        """Say whether a person lets it rest."""
        return self.snoozed_until is not None and self.snoozed_until > now


class Met(NamedTuple):
    """A leak that a sweep has met."""

    rule: str
    subject: str
    ref: str
    severity: str
    department: str
    yen: int | None
    link: str


class StoredSweep(NamedTuple):
    """One sweep: each rule with "" or why it was not looked for, and the calls."""

    id: int
    began_at: str
    finished_at: str
    rules: dict[str, Any]
    calls: dict[str, Any]


class Changed(NamedTuple):
    """What a sweep changed."""

    opened: list[StoredFinding]
    closed: list[StoredFinding]


class Findings:
    """The ledger's side of `tasuki leaks`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def findings(self, *, closed_since: datetime | None = None) -> list[StoredFinding]:
        """Return open findings, and those closed since a moment where one is given."""
        with self._database.reading() as connection:
            found = _open(connection)
            if closed_since is not None:
                ended = select(FINDING).where(
                    FINDING.c.closed_at >= time_text(closed_since)
                )
                rows = connection.execute(ended.order_by(FINDING.c.id))
                found += [StoredFinding._make(row) for row in rows]
        return found

    def put_sweep(
        self,
        met: Sequence[Met],
        looked: Mapping[str, str],
        calls: Mapping[str, int],
        began: datetime,
    ) -> Changed:
        """Write what a sweep met: one transaction, and others wait for it.

        Args:
            met: Every leak of the rules that were asked.
            looked: Every rule, with "" or why it was not asked: of those that were not,
                nothing is closed.
            calls: Calls by `connection:kind`.
            began: When the sweep began.
        """
        now = time_text(self._database.clock.now())
        asked = {rule for rule, why in looked.items() if not why}
        with self._database.writing() as connection:
            if not self._database.is_sqlite:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            before = {(one.rule, one.subject): one for one in _open(connection)}
            there = {(one.rule, one.subject) for one in met}
            new = [one for one in met if (one.rule, one.subject) not in before]
            again = [one for one in met if (one.rule, one.subject) in before]
            gone = [
                one
                for key, one in before.items()
                if one.rule in asked and key not in there
            ]
            self._see(connection, again, before, now)
            self._end(connection, gone, now)
            opened = self._begin(connection, new, now)
            connection.execute(
                LEAK_SWEEP.insert().values(
                    began_at=time_text(began),
                    finished_at=now,
                    rules=encode(dict(looked)),
                    calls=encode(dict(calls)),
                )
            )
        return Changed(opened, [one._replace(closed_at=now) for one in gone])

    def _see(
        self,
        connection: Connection,
        met: Sequence[Met],
        before: Mapping[tuple[str, str], StoredFinding],
        now: str,
    ) -> None:
        rows = [
            (*one[2:], now, before[one.rule, one.subject].id)
            for one in met
        ]  # fmt: skip
        self._database.run_many(connection, _seen, rows)

    def _end(
        self, connection: Connection, gone: Sequence[StoredFinding], now: str
    ) -> None:
        ids = [one.id for one in gone]
        for start in range(0, len(ids), _AT_ONCE):
            mine = FINDING.c.id.in_(ids[start : start + _AT_ONCE])
            connection.execute(update(FINDING).where(mine).values(closed_at=now))

    def _begin(
        self, connection: Connection, new: Sequence[Met], now: str
    ) -> list[StoredFinding]:
        """Open findings; one that a person let rest rests on if it comes back."""
        if not new:
            return []
        resting = _resting(connection, now)
        rows = []
        for one in new:
            until, why, who = resting.get((one.rule, one.subject), (None, "", ""))
            rows.append((*one, now, now, None, until, why, who))
        self._database.run_many(connection, _insert, rows)
        keys = {(one.rule, one.subject) for one in new}
        return [one for one in _open(connection) if (one.rule, one.subject) in keys]

    def snooze(
        self, rule: str, subject: str, until: datetime | None, why: str, who: str
    ) -> bool:
        """Let an open finding rest, or wake it (None); False where there is none."""
        with self._database.writing() as connection:
            done = connection.execute(
                update(FINDING)
                .where(
                    FINDING.c.rule == rule,
                    FINDING.c.subject == subject,
                    text(OPEN_FINDINGS),
                )
                .values(
                    snoozed_until=time_text(until) if until else None,
                    snooze_reason=why,
                    snoozed_by=who,
                )
            )
        return bool(done.rowcount)

    def last_leak_sweep(self) -> StoredSweep | None:
        """Return the newest sweep."""
        newest = select(LEAK_SWEEP).order_by(LEAK_SWEEP.c.id.desc()).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(newest).first()
        if row is None:
            return None
        return StoredSweep(row[0], row[1], row[2], decode(row[3]), decode(row[4]))


def _open(connection: Connection) -> list[StoredFinding]:
    query = select(FINDING).where(text(OPEN_FINDINGS)).order_by(FINDING.c.id)
    return [StoredFinding._make(row) for row in connection.execute(query)]


def _resting(
    connection: Connection, now: str
) -> dict[tuple[str, str], tuple[str, str, str]]:
    query = (
        select(FINDING)
        .where(FINDING.c.snoozed_until > now, FINDING.c.closed_at.is_not(None))
        .order_by(FINDING.c.id)
    )
    rows = [StoredFinding._make(row) for row in connection.execute(query)]
    return {
        (one.rule, one.subject): (
            str(one.snoozed_until),
            one.snooze_reason,
            one.snoozed_by,
        )
        for one in rows
    }


def _names(names: Collection[str]) -> dict[str, Any]:
    return {name: bindparam(f"new_{name}") for name in names}


_VARIES = ("ref", "severity", "department", "yen", "link", "seen_at")


def _seen(_: Dialect) -> ClauseElement:
    return (
        update(FINDING)
        .values(**_names(_VARIES))
        .where(FINDING.c.id == bindparam("which"))
    )


def _insert(_: Dialect) -> ClauseElement:
    names = [column.name for column in FINDING.c if column.name != "id"]
    return FINDING.insert().values({name: bindparam(name) for name in names})
