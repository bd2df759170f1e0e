"""What is said of a handoff: how it stands, why, what to do; Japanese or English."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from tasuki.insight.handoff_board import Cause, Due, Judged, Standing, Why
from tasuki.insight.handoff_gate import SourceLine
from tasuki.insight.handoff_rule import DEPARTMENT, ROUND_ROBIN, Person, SalesModel
from tasuki.model.language import Language, one_of

Words = tuple[str, str]
"""Japanese and English."""

STANDINGS: Final[dict[Standing, Words]] = {
    Standing.ON_TIME: ("期限内", "on time"),
    Standing.NEAR: ("期限間近", "near"),
    Standing.BREACHED: ("期限超過", "breached"),
    Standing.MET: ("期限内に完了", "met"),
    Standing.LATE: ("遅れて完了", "late"),
    Standing.NOT_COUNTED: ("対象外", "not counted"),
}
STATES: Final[dict[str, Words]] = {
    "open": ("対応待ち", "open"),
    "accepted": ("受領", "accepted"),
    "rejected": ("差戻し", "rejected"),
    "rejected_at_gate": ("条件未達", "rejected at the gate"),
    "out_of_scope": ("試行対象外", "out of scope"),
    "withdrawn": ("取下げ", "withdrawn"),
    "merged": ("名寄せ", "merged"),
}
CAUSES: Final[dict[Cause, Words]] = {
    Cause.PEOPLE: ("人", "people"),
    Cause.HUB: ("ハブ", "the hub"),
}
_WHY: Final[dict[Why, Words]] = {
    Why.RECEIVER: ("受け手の対応待ち", "waits for the receivers"),
    Why.DEAD: ("送信不可: {words}", "dead letter: {words}"),
    Why.HELD: ("保留: {words}", "held: {words}"),
    Why.IN_DOUBT: ("送信結果が不明", "sent, and no answer"),
    Why.NO_RUN: ("同期が完走していない", "no whole run since"),
    Why.NOT_SENT: ("ハブが渡していない", "the hub did not send it on"),
    Why.SENT_LATE: (
        "ハブが渡すまでに {took} 時間かかった",
        "sent on {took} h late",
    ),
}
_DO: Final[dict[Why, Words]] = {
    Why.RECEIVER: (
        "{who}が受領するか、理由を付けて差し戻す",
        "{who}: accept it, or give it back with a reason",
    ),
    Why.DEAD: ("`{remedy}` を見て直す", "see `{remedy}`, and mend it"),
    Why.HELD: ("`{remedy}` で判断する", "decide: `{remedy}`"),
    Why.IN_DOUBT: ("`{remedy}` で照会する", "look it up: `{remedy}`"),
    Why.NO_RUN: ("`tasuki status` で止まった同期を確かめる", "see `tasuki status`"),
    Why.NOT_SENT: (
        "`tasuki explain {id}` で経緯を確かめる",
        "see `tasuki explain {id}`",
    ),
    Why.SENT_LATE: ("`tasuki status` で遅れの原因を確かめる", "see `tasuki status`"),
}
_ANSWERED: Final = frozenset({Standing.MET, Standing.LATE})
_LATELY: Final = ("{state}（遅れ）", "{state}, late")
_IN_TIME: Final = ("{state}", "{state}")
_GIVEN: Final = ("理由を付けて差し戻すよう伝える", "ask for a reason next time")
_RUNS_THE_HUB: Final = ("ハブの運用担当", "whoever runs the hub")
_NONE: Final = ("-", "-")
_NOT_KNOWN: Final = ("（不明）", "(unknown)")
_AND: Final = ("、", ", ")
_BOTH: Final = ("兼務", "both")
_DAY: Final = timedelta(days=1)
_HOURS: Final = timedelta(hours=1)


def how_it_stands(one: Judged, language: Language) -> str:
    """Say how a handoff stands: late, nearly so; what it became once answered."""
    if one.standing not in _ANSWERED:
        return one_of(STANDINGS[one.standing], language)
    state = one_of(STATES[one.row.state], language)
    is_late = one.standing is Standing.LATE
    return one_of(_LATELY if is_late else _IN_TIME, language).format(state=state)


def why(one: Judged, language: Language) -> str:
    """Say what a late handoff waits for; "" where nothing is late."""
    if one.why is None:
        return ""
    text = one_of(_WHY[one.why], language)
    words = one.stuck.words if one.stuck else ""
    return text.format(words=words, took=f"{one.hub_took / _HOURS:.1f}")


def what_to_do(model: SalesModel, one: Judged, language: Language) -> str:
    """Say what somebody should do about a handoff; "" where nothing is to be done."""
    if one.unexplained:
        return one_of(_GIVEN, language)
    is_over = one.standing not in {Standing.NEAR, Standing.BREACHED}
    if one.why is None or is_over:
        return ""
    return one_of(_DO[one.why], language).format(
        who=who(model, one, language),
        id=one.row.subject.partition("/")[2],
        remedy=one.stuck.remedy if one.stuck else "",
    )


def who(model: SalesModel, one: Judged, language: Language) -> str:
    """Say whose turn it is: a person, the department, or whoever runs the hub."""
    if one.cause is Cause.HUB and one.why is not Why.SENT_LATE:
        return one_of(_RUNS_THE_HUB, language)
    if one.who is None:
        return model.department(one.row.taker).name
    return person_words(model, one.who, language)


def person_words(model: SalesModel, person: Person, language: Language) -> str:
    """Name a person, with all departments where there are several (兼務)."""
    if len(person.departments) < 2:  # noqa: PLR2004 - two are several
        return person.name
    names = [model.department(one).name for one in person.departments]
    listed = "・".join(names)
    both = one_of(_BOTH, language)
    return (
        f"{person.name}（{listed} {both}）"
        if language == "ja"
        else (f"{person.name} ({', '.join(names)}: {both})")
    )


def late_by(one: Judged, model: SalesModel, language: Language) -> str:
    """Say by how much a handoff is late, as its agreed time is counted."""
    length = one.late_by
    if not length:
        return ""
    unit = one.row.within.rpartition(" ")[2].rstrip("s")
    if unit == "day":
        return f"{length / _DAY:.1f} " + one_of(("日", "d"), language)
    if unit == "business_day":
        days = length / model.hours.day_length
        return f"{days:.1f} " + one_of(("営業日", "business d"), language)
    word = ("営業時間", "business h") if unit == "business_hour" else ("時間", "h")
    return f"{length / _HOURS:.1f} " + one_of(word, language)


def step(model: SalesModel, due: Due, one: Judged, language: Language) -> str:
    """Say a step of the escalation: whom to tell, or whom to propose."""
    name = due.person.name if due.person else ""
    department = model.department(one.row.taker).name
    if due.tell == ROUND_ROBIN:
        if not name:
            words = ("{name}で担当を決め直す", "{name}: choose somebody else")
            return one_of(words, language).format(name=department)
        words = ("担当の変更を提案: {name}", "propose {name} to take over")
        return one_of(words, language).format(name=name)
    if due.tell == DEPARTMENT or not name:
        name = department
    return one_of(("{name}に知らせる", "tell {name}"), language).format(name=name)


def channel(line: SourceLine, language: Language) -> str:
    """Name where customers came from."""
    return line.channel or one_of(_NOT_KNOWN, language)


def reasons(counts: Mapping[str, int], language: Language) -> str:
    """Say reasons with their numbers, the most frequent first."""
    if not counts:
        return one_of(_NONE, language)
    none = one_of(("理由なし", "no reason"), language)
    listed = [f"{name or none} {count:,}" for name, count in counts.items()]
    return one_of(_AND, language).join(listed)
