"""Late handoffs as notices: one for each kind of handoff and day of becoming due.

What was late already when the hub first knew of it counts to that day, so that a first
look tells of all the past at once. Neither day ever changes: what becomes late tomorrow
is told tomorrow. What waits for the hub is told to whoever runs it, to no department.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from tasuki.alert.notice import Notice, Severity
from tasuki.alert.source.concern import OPERATIONS
from tasuki.insight.handoff_board import Cause, Due, Judged, Standing, Why
from tasuki.insight.handoff_rule import (
    DEPARTMENT,
    MANAGER,
    OWNER,
    ROUND_ROBIN,
    SalesModel,
)

SOURCE: Final = "handoff"
_LATE: Final = frozenset({Standing.BREACHED, Standing.NEAR})
_STEPS: Final = {
    OWNER: ("担当者に知らせる", "tell the owner"),
    MANAGER: ("責任者に知らせる", "tell the head of the department"),
    DEPARTMENT: ("部門に知らせる", "tell the department"),
    ROUND_ROBIN: ("担当の変更を検討する", "consider another owner"),
}
_NAMED: Final = ("決めた相手に知らせる", "tell whom model.yaml names")


class _Group(NamedTuple):
    """What is told as one: a handoff, whose turn, a day, and a step if it is one."""

    handoff: str
    is_ours: bool
    day: str
    tell: str = ""

    @property
    def key(self) -> str:
        whose = "hub" if self.is_ours else self.tell or "late"
        return f"{SOURCE}/{self.handoff}/{whose}/{self.day}"


class HandoffNotices(NamedTuple):
    """What is told of handoffs now, and the keys of what a person lets rest."""

    found: list[Notice]
    hushed: frozenset[str]


def of_handoffs(
    model: SalesModel,
    judged: Iterable[Judged],
    noted: Mapping[str, datetime],
    resting: Collection[str] = (),
) -> HandoffNotices:
    """Return what is told of handoffs that are late or nearly so.

    Args:
        model: Says who gives and takes.
        judged: How handoffs stand.
        noted: When the hub first knew of each that is open.
        resting: Those that a person lets rest, by id.
    """
    listed = [one for one in judged if one.standing in _LATE]
    found = _notices(model, (x for x in listed if x.row.id not in resting), noted)
    silent = _notices(model, (x for x in listed if x.row.id in resting), noted)
    told = {one.key for one in found}
    return HandoffNotices(found, frozenset(x.key for x in silent) - told)


def _notices(
    model: SalesModel, judged: Iterable[Judged], noted: Mapping[str, datetime]
) -> list[Notice]:
    late: dict[_Group, list[Judged]] = {}
    steps: dict[_Group, list[Due]] = {}
    for one in judged:
        day = _day(model, one, noted.get(one.row.id))
        is_ours = one.cause is Cause.HUB and one.why is not Why.SENT_LATE
        late.setdefault(_Group(one.row.handoff, is_ours, day), []).append(one)
        for due in one.steps:
            if _is_told(one, due):
                group = _Group(one.row.handoff, is_ours, day, due.tell)
                steps.setdefault(group, []).append(due)
    return [
        *(_late(model, group, some) for group, some in late.items()),
        *(_step(model, group, some) for group, some in steps.items()),
    ]


def _is_told(one: Judged, due: Due) -> bool:
    """Say whether a step is told by itself; at the due time the lateness itself is."""
    nobody_to_propose = due.tell == ROUND_ROBIN and due.person is None
    return due.at > one.row.due_at and not nobody_to_propose


def _day(model: SalesModel, one: Judged, noted: datetime | None) -> str:
    due = one.row.due_at
    moment = max(due, noted) if noted else due
    return moment.astimezone(model.hours.zone).date().isoformat()


def _late(model: SalesModel, group: _Group, found: Sequence[Judged]) -> Notice:
    breached = sum(one.standing is Standing.BREACHED for one in found)
    row = found[0].row
    due = min(one.row.due_at for one in found)
    oldest = due.astimezone(model.hours.zone).date().isoformat()
    giver, taker = (model.department(x) for x in (row.giver, row.taker))
    how_ja = "期限を過ぎています" if breached else "期限が近づいています"
    how_en = "overdue" if breached else "nearly overdue"
    shown = breached or len(found)
    names = f"{giver.name}→{taker.name}"
    why_ja, why_en = _whose(group, taker.name, taker.id)
    return Notice(
        key=group.key,
        severity=Severity.HIGH if breached else Severity.MEDIUM,
        department=OPERATIONS if group.is_ours else row.taker,
        title_ja=f"引継ぎ {group.handoff}（{names}）：{shown:,} 件が{how_ja}",
        title_en=f"handoff {group.handoff}: {shown:,} {how_en}",
        body_ja=f"最も古い期限：{oldest}。{why_ja}",
        body_en=f"The oldest was due on {oldest}. {why_en}",
        opened_at=min(one.row.warn_at for one in found),
        remedy_ja=_look(group, "で相手と対処を見る"),
        remedy_en=_look(group, "says whose they are and what to do"),
    )


def _whose(group: _Group, name: str, ident: str) -> tuple[str, str]:
    if group.is_ours:
        return (
            "ハブがまだ渡していません。受け手の遅れではありません。",
            "The hub has not sent them on: the receivers are not late.",
        )
    return f"{name}の受領を待っています。", f"They wait for {ident}."


def _step(model: SalesModel, group: _Group, found: Sequence[Due]) -> Notice:
    rule = model.rule(group.handoff)
    taker = rule.taker if rule else ""
    do_ja, do_en = _STEPS.get(group.tell, _NAMED)
    count = len(found)
    return Notice(
        key=group.key,
        severity=Severity.HIGH,
        department=taker,
        title_ja=f"引継ぎ {group.handoff}：{count:,} 件について{do_ja}",
        title_en=f"handoff {group.handoff}: {do_en} about {count:,}",
        body_ja="期限から決めた時間が過ぎても受領されていません。",
        body_en="They are late by the agreed time, and still not accepted.",
        opened_at=min(one.at for one in found),
        remedy_ja=_look(group, "で相手と対処を見る"),
        remedy_en=_look(group, "says whose they are and what to do"),
    )


def _look(group: _Group, words: str) -> str:
    return f"`tasuki handoffs {group.handoff} --open` {words}"
