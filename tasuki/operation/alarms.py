"""Noting what is wrong with a project, and telling people of it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

from tasuki.alert.dead_channel import is_dead
from tasuki.alert.deliver import Sent, note_findings, tell_everybody
from tasuki.alert.message import Message
from tasuki.alert.notice import Notice
from tasuki.alert.opening import open_channels
from tasuki.alert.source import dead_letter, drift, hold, login, run
from tasuki.alert.source.concern import Concern, concern_of
from tasuki.ledger import Ledger
from tasuki.ledger.rows import time_text
from tasuki.mapping.problem import nearest
from tasuki.model.errors import ConfigError, RemoteError
from tasuki.operation.handoff_notices import SOURCE as HANDOFF
from tasuki.operation.handoff_notices import of_handoffs
from tasuki.operation.leak_notices import OVERDUE, of_leaks
from tasuki.operation.leak_notices import SOURCE as LEAK
from tasuki.project import Project

_SWITCH_ON = "Write `enabled: true` into mappings/alerts.yaml of this project."


class ChannelView(NamedTuple):
    """How a channel stands; `error` is why it takes nothing, `since` since when."""

    name: str
    kind: str
    last_told: str
    waiting: int
    is_dead: bool
    attempts: int
    since: str
    error: str

    def to_json(self) -> dict[str, object]:
        """Return plain values."""
        return self._asdict()


def concern_in(project: Project, sync: str) -> Concern:
    """Return whom a mapping of a project concerns."""
    if sync not in {one.id for one in project.mappings}:
        return Concern()
    mapping = project.mappings[sync]
    is_money = mapping.write.value == "once"
    takers = {one.id: one.taker for one in project.model.rules}
    return concern_of(mapping.model.handoff, takers, is_money=is_money)


def note_from_ledger(project: Project, ledger: Ledger) -> None:
    """Note what the ledger itself shows; findings of other looks stay as they are."""

    def concerns(sync: str) -> Concern:
        return concern_in(project, sync)

    now = project.clock.now()
    used = {mapping.id for mapping in project.used}
    found: dict[str, Iterable[Notice]] = {
        dead_letter.SOURCE: dead_letter.notices(ledger.causes(), concerns),
        hold.SOURCE: hold.notices(ledger.holds(), concerns, now),
        login.SOURCE: login.notices(ledger.logins(), project.connections.keys()),
        run.SOURCE: run.notices(ledger.last_runs().values(), used, concerns),
    }
    book = ledger.alerts()
    for source, notices in found.items():
        note_findings(book, source, notices)
    _note_crossings(project, ledger, now)


def _note_crossings(project: Project, ledger: Ledger, now: datetime) -> None:
    """Note leaks and late handoffs; what a person lets rest is silent."""
    board, at = project.handoffs(ledger), time_text(now)
    rests = {x.subject for x in ledger.findings() if x.rule == OVERDUE and x.rests(at)}
    late = of_handoffs(project.model, board.judged, ledger.handoffs().noted(), rests)
    known = {one.row.id for one in board.judged} | {row.id for row in board.orphans}
    book = ledger.alerts()
    note_findings(book, HANDOFF, *late)
    note_findings(book, LEAK, *of_leaks(ledger, now, known))


def note_drift(project: Project, ledger: Ledger, report: dict[str, Any]) -> None:
    """Note what a look at one mapping's schemas has found, as its JSON tells it."""

    def concerns(sync: str) -> Concern:
        return concern_in(project, sync)

    found = drift.notices(report, concerns, project.clock.now())
    note_findings(ledger.alerts(), drift.source_of(report["sync"]), found)


def send_alerts(project: Project, ledger: Ledger) -> Sent:
    """Look at the ledger, and tell each channel what it should know now.

    Where alerts are off, what is found is noted all the same: it is told once they are
    switched on, if it is still so.
    """
    alerts = project.alerts
    note_from_ledger(project, ledger)
    if not alerts.enabled:
        return Sent()
    channels = open_channels(alerts, project.root, project.clock)
    return tell_everybody(ledger.alerts(), alerts.terms, channels, project.clock)


def try_channels(
    project: Project, ledger: Ledger, channel: str | None = None
) -> dict[str, str]:
    """Send a test message; what waits for a channel that takes it is tried again.

    Returns:
        By channel why it did not arrive; "" where it did.

    Raises:
        ConfigError: alerts are off, or there is no such channel.
    """
    alerts = project.alerts
    if not alerts.enabled:
        raise ConfigError("mappings/alerts.yaml", "alerts are off", _SWITCH_ON)
    if channel is not None and channel not in alerts.channels:
        listed = f"There are: {', '.join(alerts.channels)}."
        remedy = nearest(channel, alerts.channels, listed)
        what = f"there is no channel '{channel}'"
        raise ConfigError("mappings/alerts.yaml", what, remedy)
    answers = {}
    now, language = project.clock.now(), alerts.terms.language
    for name, one in open_channels(alerts, project.root, project.clock).items():
        if channel in {None, name}:
            message = Message(uuid4().hex, now, language, (), is_test=True)
            try:
                answers[name] = ""
                one.send(message, 0)
                ledger.alerts().try_now(name)
            except RemoteError as error:
                answers[name] = f"{error}. {error.remedy}"
    return answers


def channel_views(project: Project, ledger: Ledger) -> list[ChannelView]:
    """Return how the channels of a project stand; none where alerts are off."""
    alerts = project.alerts
    if not alerts.enabled:
        return []
    book = ledger.alerts()
    last, unsent = book.last_sent(), {one.channel: one for one in book.unsent()}
    views = []
    for name, model in alerts.channels.items():
        row = unsent.get(name)
        views.append(
            ChannelView(
                name,
                model.kind,
                last.get(name, ""),
                1 if row else 0,
                row is not None and is_dead(row, alerts.terms),
                row.attempts if row else 0,
                (row.failing_since or "") if row else "",
                row.error if row else "",
            )
        )
    return views
