"""The page as sections: a title, a line or two, a table. Markdown is made of them."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from tasuki.insight.event import Stage
from tasuki.insight.kpi.label import pair_word, stage_word
from tasuki.insight.leak.report import SEVERITIES
from tasuki.insight.leak.rule import rules
from tasuki.insight.review.page import Page, Passing
from tasuki.insight.review.question import percent
from tasuki.insight.review.words import department_word, word
from tasuki.model.language import Language, one_of

_MOST_LEAKS = 5
_LEAKS = ("opened", "closed", "open", "yen")
_DONE = (
    "read", "sent", "unchanged", "skipped", "invoices", "calls", "runs",
    "ended_badly", "held", "dead",
)  # fmt: skip


class Section(NamedTuple):
    """One part of the page.

    Attributes:
        name: Equal in all languages.
        lines: Above the table.
        heads: Of the table; none where there is no table.
        words: So many columns hold words, those after them figures.
    """

    name: str
    title: str
    lines: Sequence[str] = ()
    heads: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    words: int = 1


def sections(page: Page, language: Language) -> Iterator[Section]:
    """Yield the page's sections in the order in which a meeting takes them."""
    summary = list(in_short(page, language))
    yield Section("summary", word("summary", language), summary)
    yield _questions(page, language)
    yield _funnel(page, language)
    yield _passings(page, language)
    yield _worst(page, language)
    yield _deals(page, language)
    yield _agreed(page, language)
    yield from _leaks(page, language)
    yield _done(page, language)


def heading(page: Page, language: Language) -> str:
    """Return the page's title: which week, from when to when."""
    week = page.week
    days = f"{week.start:%Y-%m-%d} – {week.last:%m-%d}"
    return f"{word('title', language)} {week.label} ({days})"


def in_short(page: Page, language: Language) -> Iterator[str]:
    """Yield the page in a few sentences."""
    if not page.known:
        yield word("unknown", language)
    lead = page.funnel[0]
    yield word(
        "sum_funnel",
        language,
        lead=_number(lead.entered),
        lead_change=percent(lead.change, signed=True),
        won=_number(page.deals.won),
        amount=_number(page.deals.won_amount),
        usual=_number(page.deals.usual_amount),
    )
    if page.worst:
        first = page.worst[0]
        pair = pair_word(first.name, language)
        yield word("sum_worst", language, pair=pair, yen=_number(first.lost_yen))
    sums = _sums(page.agreed, ("met", "late", "breached", "by_people", "by_hub"))
    yield word(
        "sum_agreed",
        language,
        met=sums["met"],
        late=sums["late"],
        breached=sums["breached"],
        people=sums["by_people"],
        hub=sums["by_hub"],
    )
    sums = _sums(page.severities, _LEAKS)
    yield (
        word("sum_leaks", language, **sums)
        if page.swept
        else word("leaks_never", language)
    )
    done = {name: _number(getattr(page.done, name)) for name in _DONE}
    yield word("sum_done", language, **done)


def _sums(lines: Sequence[NamedTuple], names: Sequence[str]) -> dict[str, str]:
    told = [one._asdict() for one in lines]
    return {name: _number(sum(one[name] for one in told)) for name in names}


def _questions(page: Page, language: Language) -> Section:
    rows = [
        (department_word(page, one.department, language), getattr(one, language))
        for one in page.questions
    ]
    lines = [] if rows else [word("questions_none", language)]
    heads = _words(("department", "question"), language) if rows else ()
    return Section("questions", word("questions", language), lines, heads, rows, 2)


def _funnel(page: Page, language: Language) -> Section:
    rows = [
        (
            stage_word(one.stage, language),
            _number(one.entered),
            f"{one.usual:,.1f}",
            percent(one.change, signed=True),
        )
        for one in page.funnel
    ]
    heads = _words(("stage", "week", "usual", "change"), language)
    return Section("funnel", word("funnel", language), (), heads, rows)


def _passings(page: Page, language: Language) -> Section:
    names = ("handoff", "entries", "passed", "now", "before", "win_rate", "judged")
    rows = [
        (
            pair_word(one.name, language),
            _number(one.entries),
            _number(one.passed),
            percent(one.now),
            percent(one.before),
            "-" if _is_last(one) else percent(one.win_rate),
            "-" if _is_last(one) else _number(one.won + one.lost),
        )
        for one in page.passings
    ]
    note = [word("passing_note", language)]
    heads = _words(names, language)
    return Section("passing", word("passing", language), note, heads, rows)


def _is_last(one: Passing) -> bool:
    """Say whether passing is winning: its win rate would say nothing."""
    return one.name.endswith(f"->{Stage.WON}")


def _worst(page: Page, language: Language) -> Section:
    title = word("worst", language)
    if not page.worst:
        return Section("worst", title, [word("worst_none", language)])
    rows = [
        (
            pair_word(one.name, language),
            _number(one.lost_yen),
            percent(one.now),
            percent(one.before),
            word("flag", language) if one.flagged else "",
        )
        for one in page.worst
    ]
    heads = [*_words(("handoff", "lost_yen", "now", "before"), language), ""]
    return Section("worst", title, (), heads, rows)


def _deals(page: Page, language: Language) -> Section:
    deals = page.deals
    rows = [
        (
            _number(deals.won),
            _number(deals.lost),
            percent(deals.win_rate),
            percent(deals.before),
            _number(deals.won_amount),
            _number(deals.usual_amount),
        )
    ]
    names = ("won", "lost", "rate", "before", "won_amount", "usual")
    heads = _words(names, language)
    return Section("deals", word("deals", language), (), heads, rows)


def _agreed(page: Page, language: Language) -> Section:
    title = word("agreed", language)
    if not page.agreed:
        return Section("agreed", title, [word("agreed_none", language)])
    rows = [
        (department_word(page, one.department, language), *map(_number, one[1:]))
        for one in page.agreed
    ]
    names = ("department", "met", "late", "breached", "by_people", "by_hub")
    return Section("agreed", title, (), _words(names, language), rows)


def _leaks(page: Page, language: Language) -> Iterator[Section]:
    title = word("leaks", language)
    if not page.swept:
        yield Section("leaks", title, [word("leaks_never", language)])
        return
    rows: list[Sequence[str]] = [
        (one_of(SEVERITIES[one.severity], language), *map(_number, one[1:]))
        for one in page.severities
    ]
    sums = _sums(page.severities, _LEAKS).values()
    rows.append((word("total", language), *sums))
    heads = _words(("severity", *_LEAKS), language)
    yield Section("leaks", title, (), heads, rows)
    if page.leaks:
        yield _open_leaks(page, language)


def _open_leaks(page: Page, language: Language) -> Section:
    rows = []
    for one in page.leaks[:_MOST_LEAKS]:
        rule = rules()[one.rule]
        name = f"{one.rule} {one_of((rule.name_ja, rule.name_en), language)}"
        department = department_word(page, one.department, language)
        rows.append((name, department, _number(one.open), _number(one.yen)))
    heads = _words(("leak", "department", "count", "yen"), language)
    return Section("leaks_open", word("leaks_open", language), (), heads, rows, 2)


def _done(page: Page, language: Language) -> Section:
    rows = [(word(name, language), _number(getattr(page.done, name))) for name in _DONE]
    heads = _words(("figure", "count"), language)
    return Section("done", word("done", language), (), heads, rows)


def _words(names: Sequence[str], language: Language) -> list[str]:
    return [word(name, language) for name in names]


def _number(value: Decimal | int | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def markdown(page: Page, language: Language) -> str:
    """Return the page as Markdown."""
    lines = [f"## {heading(page, language)}", ""]
    for one in sections(page, language):
        lines += [f"### {one.title}", ""]
        if one.name == "summary":
            lines += [*(f"- {line}" for line in one.lines), ""]
        elif one.lines:
            lines += [*one.lines, ""]
        if one.heads:
            lines += _table(one)
    return "\n".join(lines).rstrip() + "\n"


def _table(one: Section) -> list[str]:
    ruler = ["---"] * one.words + ["---:"] * (len(one.heads) - one.words)
    table = [one.heads, ruler, *(list(map(_cell, row)) for row in one.rows)]
    return ["| " + " | ".join(row) + " |" for row in table] + [""]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
