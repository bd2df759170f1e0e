"""The KPI report as tables for people, and as one long list for spreadsheets."""

import csv
import io
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from tasuki.insight.kpi.duration import Spread
from tasuki.insight.kpi.funnel import Counted
from tasuki.insight.kpi.label import pair_word, stage_word, word
from tasuki.insight.kpi.report import Asked, Figures, Report

_BOM: Final = "\ufeff"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class Sheet(NamedTuple):
    """One table: its title, heads and rows."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Any]]


def sheets(part: Figures, asked: Asked, language: str) -> Iterator[Sheet]:
    """Yield the tables of one part, from its first month with anything in it."""
    begun = next(
        (at for at, one in enumerate(part.periods) if any(one.counts.values())), 0
    )
    periods, followed = part.periods[begun:], part.cohorts[begun:]
    yield _counts(part, periods, asked, language)
    yield _rates(periods, "ratio", language)
    yield _rates(followed, "cohort", language)
    yield _times(part, language)
    yield _deals(part, language)
    if part.recurring.start or part.recurring.end:
        yield _recurring(part, language)
    yield _narrowings(part, language)


def _counts(
    part: Figures, periods: list[Counted], asked: Asked, language: str
) -> Sheet:
    stages = list(part.whole.counts)
    heads = [word("period", language), word("fiscal", language)]
    heads += [stage_word(one, language) for one in stages]
    rows: list[Sequence[Any]] = [
        [one.period.label, asked.fiscal(one.period), *one.counts.values()]
        for one in periods
    ]
    rows.append([word("whole", language), "", *part.whole.counts.values()])
    return Sheet(word("counts", language), heads, rows)


def _rates(counted: list[Counted], name: str, language: str) -> Sheet:
    pairs = list(counted[0].rates) if counted else []
    heads = [word("period", language), *(pair_word(one, language) for one in pairs)]
    rows = [[one.period.label, *map(_percent, one.rates.values())] for one in counted]
    return Sheet(word(name, language), heads, rows)


def _times(part: Figures, language: str) -> Sheet:
    names = ("stage", "ended", "p50", "p90", "open", "open_p50")
    rows = [
        _spread(stage_word(s, language), one) for s, one in part.stage_hours.items()
    ]
    rows += [_spread(pair_word(n, language), one) for n, one in part.step_hours.items()]
    rows.append(_spread(word("invoice_lag", language), part.invoice_days))
    rows.append(_spread(word("payment", language), part.payment_days))
    heads = [word(one, language) for one in names]
    return Sheet(word("times", language), heads, rows)


def _spread(name: str, one: Spread) -> list[Any]:
    times = (_plain(one.p50), _plain(one.p90))
    return [name, one.ended, *times, one.open, _plain(one.open_p50)]


def _deals(part: Figures, language: str) -> Sheet:
    deals, ahead = part.closing, part.forecast
    figures = (
        ("won", str(deals.won)),
        ("lost", str(deals.lost)),
        ("win_rate", _percent(deals.win_rate)),
        ("won_amount", _yen(deals.won_amount)),
        ("average_won", _yen(deals.average_won)),
        ("cycle", _plain(deals.cycle_p50)),
        ("open_deals", str(deals.open_deals)),
        ("velocity", _yen(deals.velocity)),
        ("open_amount", _yen(ahead.open_amount)),
        ("expected", _yen(ahead.expected)),
        ("between", f"{_yen(ahead.low)} – {_yen(ahead.high)}"),
    )
    rows = [[word(name, language), value] for name, value in figures]
    return Sheet(word("deals", language), ["", ""], rows)


def _recurring(part: Figures, language: str) -> Sheet:
    one = part.recurring
    figures = (
        ("start", _yen(one.start)),
        ("end", _yen(one.end)),
        ("nrr", _percent(one.nrr)),
        ("grr", _percent(one.grr)),
        ("logo_churn", _percent(one.logo_churn)),
        ("ltv", _yen(one.ltv)),
    )
    rows = [[word(name, language), value] for name, value in figures]
    return Sheet(word("recurring", language), ["", ""], rows)


def _narrowings(part: Figures, language: str) -> Sheet:
    names = (
        "handoff", "entries", "now", "interval", "before", "lost_yen", "volume_yen",
    )  # fmt: skip
    rows = [
        [
            pair_word(one.name, language),
            one.entries,
            _percent(one.now),
            f"{_percent(one.low)} – {_percent(one.high)}",
            _percent(one.before),
            _yen(one.lost_yen),
            _yen(one.volume_yen),
            word("flagged", language) if one.flagged else "",
        ]
        for one in part.bottlenecks
    ]
    heads = [*(word(one, language) for one in names), ""]
    return Sheet(word("bottlenecks", language), heads, rows)


def _percent(rate: Decimal | None) -> str:
    return "-" if rate is None else f"{rate * 100:.1f}%"


def _yen(amount: Decimal | None) -> str:
    return "-" if amount is None else f"{amount:,.0f}"


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"


def csv_text(report: Report) -> str:
    """Return every figure as CSV that Excel reads: part, group, name, value.

    One figure a line, under the names that the JSON has: for pivot tables.
    """
    sink = io.StringIO(newline="")
    sink.write(_BOM)
    writer = csv.writer(sink)
    writer.writerow(["part", "group", "of", "figure", "value"])
    for part in report.to_json()["parts"]:
        for path, value in _leaves({k: v for k, v in part.items() if k != "name"}):
            group, *between, figure = path if len(path) > 1 else (*path, "")
            name = _cell(part["name"] or "")
            writer.writerow([name, group, " ".join(between), figure, _value(value)])
    return sink.getvalue()


def _leaves(
    value: object, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, str(name)))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for inner in value:
            rest = {k: v for k, v in inner.items() if k != "name"}
            yield from _leaves(rest, (*path, str(inner.get("name", ""))))
    elif not isinstance(value, list):
        yield path, value


def _value(value: object) -> object:
    return "" if value is None else value


def _cell(text: str) -> str:
    # A spreadsheet would work a text out that begins like a formula.
    return f"'{text}" if text.startswith(_FORMULA) else text
