"""Questions for the meeting, made of the figures: each department gets few, by yen."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from tasuki.insight.event import Stage
from tasuki.insight.kpi.label import pair_word, stage_word
from tasuki.insight.leak.rule import rules
from tasuki.insight.review.page import (
    Agreed,
    Deals,
    Done,
    OpenLeak,
    Passing,
    Question,
    StageLine,
)

MOST: Final = 3
"""Questions of each department."""
_FELL: Final = Decimal("-0.20")
_WIN_RATE_FELL: Final = Decimal("0.10")
_LEAST: Final = 3
_ORDER: Final = (
    "marketing", "inside_sales", "field_sales", "customer_success", "back_office",
    "operations",
)  # fmt: skip
_STAGES: Final[Mapping[Stage, str]] = {
    Stage.LEAD: "marketing",
    Stage.MQL: "marketing",
    Stage.SAL: "inside_sales",
    Stage.SQL: "inside_sales",
    Stage.WON: "field_sales",
    Stage.INVOICED: "back_office",
    Stage.PAID: "back_office",
}
"""Who brings customers into a stage."""
_ASK: Final[Mapping[str, tuple[str, str]]] = {
    "lost": (
        (
            "{pair}の転換率が{now}（直前4週 {before}）に下がり、"
            "{yen}円を失った計算です。"
            "{entries}件中、進まなかった{left}件は何で止まりましたか。"
        ),
        (
            "{pair} fell to {now} (four weeks before: {before}), worth {yen} yen. What "
            "stopped {left} of {entries}?"
        ),
    ),
    "fewer": (
        (
            "{stage}が{count}件で、直前4週の平均{usual}件から{change}です。"
            "何が減り、いつ戻りますか。"
        ),
        (
            "{stage}: {count}, against {usual} a week before ({change}). What fell "
            "away, and when does it come back?"
        ),
    ),
    "late": (
        (
            "他部門から受けた対応のうち、人による遅れが{people}件"
            "（遅れて完了 {late}、期限超過 {breached}）。"
            "原因は人手か手順か、今週いつまでに解消しますか。"
        ),
        (
            "{people} handoffs were late by people ({late} late, {breached} "
            "overdue). Hands or procedure, and by when is it solved?"
        ),
    ),
    "hub": (
        "連携側の遅れが{hub}件あります。どの連携がいつ直りますか。",
        "{hub} handoffs were late by the hub. Which sync, and when is it mended?",
    ),
    "leak": (
        "「{name}」が{count}件{yen}残っています。誰がいつまでに閉じますか。",
        "“{name}”: {count} open{yen}. Who closes them, by when?",
    ),
    "win": (
        (
            "受注率が{now}（直前4週 {before}）です。失注{lost}件の理由のうち、"
            "前工程へ返すべきものはどれですか。"
        ),
        (
            "Win rate {now} (four weeks before: {before}). Which reasons of {lost} "
            "lost deals belong to the departments before?"
        ),
    ),
    "silo": (
        (
            "{pair}は{now}（直前4週 {before}）に上がりましたが、受注率は{rate}"
            "（直前4週 {rate_before}）に下がりました。渡す基準を緩めていませんか。"
        ),
        (
            "{pair} rose to {now} (before: {before}) while the win rate fell to {rate} "
            "(before: {rate_before}). Has the bar been lowered?"
        ),
    ),
    "waits": (
        (
            "送信不可 {dead}件、判断待ち {held}件、異常終了 {bad}回です。"
            "今週中に片付ける順番はどうしますか。"
        ),
        (
            "{dead} dead letters, {held} held, {bad} runs that ended badly. In which "
            "order are they settled this week?"
        ),
    ),
}


_KINDS: Final = (
    "lost", "silo", "win", "late", "hub", "waits", "fewer", "leak",
)  # fmt: skip
"""Of questions without a sum, the first of these is asked first."""


class _Found(NamedTuple):
    department: str
    yen: Decimal | int
    name: str
    ja: Mapping[str, object]
    en: Mapping[str, object]


class Material(NamedTuple):
    """The figures that questions are made of."""

    funnel: Sequence[StageLine]
    passings: Sequence[Passing]
    deals: Deals
    agreed: Sequence[Agreed]
    leaks: Sequence[OpenLeak]
    done: Done


def questions_of(material: Material) -> tuple[Question, ...]:
    """Return the questions, by department, what costs most first."""
    found = list(_all(material))
    known = dict.fromkeys([*_ORDER, *(one.department for one in found)])
    listed = []
    for department in known:
        mine = [one for one in found if one.department == department]
        mine.sort(key=lambda one: (-one.yen, _KINDS.index(one.name)))
        for one in _one_of_a_kind(mine)[:MOST]:
            ja, en = _ASK[one.name]
            listed.append(
                Question(department, ja.format(**one.ja), en.format(**one.en))
            )
    return tuple(listed)


def _one_of_a_kind(found: Sequence[_Found]) -> list[_Found]:
    """Leave out later questions of what is asked once: fewer come in, so fewer pass."""
    kept: list[_Found] = []
    for one in found:
        if one.name != "fewer" or all(other.name != "fewer" for other in kept):
            kept.append(one)
    return kept


def _all(material: Material) -> Iterator[_Found]:
    for passing in material.passings:
        yield from _lost(passing)
    yield from _silo(material.passings, material.deals)
    yield from _win(material.deals)
    for line in material.funnel:
        yield from _fewer(line)
    for agreed in material.agreed:
        yield from _late(agreed)
    for leak in material.leaks:
        yield _leak(leak)
    yield from _waits(material.done)


def _lost(one: Passing) -> Iterator[_Found]:
    if one.now is None or one.before is None or one.now >= one.before:
        return
    if not one.flagged and (not one.lost_yen or one.entries < _LEAST):
        return
    given = {
        "now": percent(one.now),
        "before": percent(one.before),
        "yen": f"{one.lost_yen or 0:,.0f}",
        "entries": f"{one.entries:,}",
        "left": f"{one.entries - one.passed:,}",
    }
    yield _pair("lost", one, given, one.lost_yen or 0)


def _pair(
    name: str, one: Passing, given: Mapping[str, object], yen: Decimal | int
) -> _Found:
    ja, en = ({"pair": pair_word(one.name, x), **given} for x in ("ja", "en"))
    after = Stage(one.name.partition("->")[2])
    return _Found(_STAGES.get(after, "operations"), yen, name, ja, en)


def _silo(passings: Sequence[Passing], deals: Deals) -> Iterator[_Found]:
    """Ask whether more was passed on only because it was worse."""
    if deals.win_rate is None or deals.before is None:
        return
    if deals.win_rate >= deals.before or deals.won + deals.lost < _LEAST:
        return
    for one in passings:
        rose = one.now is not None and one.before is not None and one.now > one.before
        if rose and one.name.endswith(f"->{Stage.SQL}"):
            given = {
                "now": percent(one.now),
                "before": percent(one.before),
                "rate": percent(deals.win_rate),
                "rate_before": percent(deals.before),
            }
            yield _pair("silo", one, given, 0)


def _win(deals: Deals) -> Iterator[_Found]:
    now, before = deals.win_rate, deals.before
    if now is None or before is None or before - now < _WIN_RATE_FELL:
        return
    given = {"now": percent(now), "before": percent(before), "lost": f"{deals.lost:,}"}
    yield _Found("field_sales", 0, "win", given, given)


def _fewer(line: StageLine) -> Iterator[_Found]:
    change = line.change
    if change is None or change > _FELL or line.usual < _LEAST:
        return
    given = {
        "count": f"{line.entered:,}",
        "usual": f"{line.usual:,.1f}",
        "change": percent(change, signed=True),
    }
    ja, en = ({"stage": stage_word(line.stage, x), **given} for x in ("ja", "en"))
    yield _Found(_STAGES.get(line.stage, "operations"), 0, "fewer", ja, en)


def _late(one: Agreed) -> Iterator[_Found]:
    given = {
        "people": f"{one.by_people:,}",
        "late": f"{one.late:,}",
        "breached": f"{one.breached:,}",
        "hub": f"{one.by_hub:,}",
    }
    if one.by_people:
        yield _Found(one.department, 0, "late", given, given)
    if one.by_hub:
        yield _Found("operations", 0, "hub", given, given)


def _leak(one: OpenLeak) -> _Found:
    rule = rules()[one.rule]
    yen = f"{one.yen:,}"
    count = f"{one.open:,}"
    ja = {"name": rule.name_ja, "count": count, "yen": f"、{yen}円" if one.yen else ""}
    en = {
        "name": rule.name_en,
        "count": count,
        "yen": f", {yen} yen" if one.yen else "",
    }
    return _Found(one.department, one.yen, "leak", ja, en)


def _waits(done: Done) -> Iterator[_Found]:
    if done.dead or done.held or done.ended_badly:
        given = {
            "dead": f"{done.dead:,}",
            "held": f"{done.held:,}",
            "bad": f"{done.ended_badly:,}",
        }
        yield _Found("operations", 0, "waits", given, given)


def percent(share: Decimal | None, *, signed: bool = False) -> str:
    """Return a share as people read it; `-` where there is none.

    Example:
        >>> percent(Decimal("0.1234")), percent(Decimal("0.5"), signed=True)
        ('12.3%', '+50.0%')
    """
    if share is None:
        return "-"
    return f"{share * 100:+.1f}%" if signed else f"{share * 100:.1f}%"
