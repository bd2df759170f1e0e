"""The page as one HTML file: nothing is loaded, it prints on A4, charts are SVG."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from html import escape
from typing import Final

from tasuki.clock import TOKYO
from tasuki.insight.kpi.label import pair_word, stage_word
from tasuki.insight.leak.report import SEVERITIES
from tasuki.insight.review import chart
from tasuki.insight.review.page import Page
from tasuki.insight.review.question import percent
from tasuki.insight.review.section import Section, heading, sections
from tasuki.insight.review.words import department_word, word
from tasuki.model.language import Language, one_of

_STYLE: Final = """
@page { size: A4; margin: 8mm 10mm; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1020px; padding: 20px 16px; color: #1c2530;
  background: #fff; font: 14px/1.55 "Hiragino Sans", "Yu Gothic", "Noto Sans CJK JP",
  "Noto Sans JP", Meiryo, sans-serif; }
h1 { font-size: 22px; margin: 0; color: #1b4f8f; }
h2 { font-size: 15px; margin: 0 0 6px; padding-left: 8px;
  border-left: 4px solid #1b4f8f; }
main { display: grid; grid-template-columns: 1fr 1fr; gap: 18px 28px; }
section { break-inside: avoid; min-width: 0; }
#summary, #questions, #funnel, #passing { grid-column: 1 / -1; }
#funnel .both { display: grid; grid-template-columns: 1fr 1fr; gap: 28px; }
p { margin: 0 0 6px; }
.when, .note { color: #5c6b7a; font-size: 12px; }
#summary { background: #eef3f9; padding: 8px 14px; border-radius: 4px; }
#summary h2 { border: 0; padding: 0; }
#summary ul { margin: 0; padding-left: 18px; }
table { border-collapse: collapse; width: 100%; font-size: 13px; align-self: start; }
th { text-align: right; font-weight: 600; color: #5c6b7a; font-size: 12px;
  border-bottom: 1px solid #9fb0c2; padding: 3px 6px; }
td { text-align: right; padding: 3px 6px; border-bottom: 1px solid #e3e8ee;
  font-variant-numeric: tabular-nums; vertical-align: top; }
.w { text-align: left; }
#questions td:first-child { white-space: nowrap; font-weight: 600; }
.down { color: #c0392b; } .up { color: #2c7a4f; }
svg { display: block; width: 100%; max-width: 470px; margin: 4px 0; }
svg text { font: 12px sans-serif; fill: #1c2530; }
.key { font-size: 12px; color: #5c6b7a; }
.key i { display: inline-block; width: 10px; height: 10px; margin: 0 4px 0 10px; }
@media screen and (max-width: 760px) {
  main, #funnel .both { display: block; } section { margin-top: 20px; } }
@media print {
  body { padding: 0; max-width: none; font-size: 10.5px; line-height: 1.4; }
  h1 { font-size: 16px; } h2 { font-size: 12px; margin: 0 0 3px; }
  main { gap: 6px 18px; } table { font-size: 9.5px; } td, th { padding: 1px 4px; }
  #worst svg, #leaks svg { display: none; }
  #funnel svg { max-width: 290px; }
  th, .when, .note, .key { font-size: 9px; } p { margin: 0 0 3px; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""


def html_text(page: Page, language: Language) -> str:
    """Return the whole file."""
    title = escape(heading(page, language))
    parts = "\n".join(_section(page, one, language) for one in sections(page, language))
    at = page.as_of.astimezone(TOKYO)
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8"/>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f'<h1>{title}</h1>\n<p class="when">{at:%Y-%m-%d %H:%M} Asia/Tokyo</p>\n'
        f"<main>\n{parts}\n</main>\n</body>\n</html>\n"
    )


def _section(page: Page, one: Section, language: Language) -> str:
    drawn = _CHARTS[one.name](page, language) if one.name in _CHARTS else ""
    both = f'<div class="both"><div>{drawn}</div>{_table(one)}</div>'
    return (
        f'<section id="{one.name}">\n<h2>{escape(one.title)}</h2>\n'
        f"{_lines(one)}{both}</section>"
    )


def _lines(one: Section) -> str:
    if one.name == "summary":
        items = "".join(f"<li>{escape(line)}</li>" for line in one.lines)
        return f"<ul>{items}</ul>\n"
    kind = ' class="note"' if one.heads else ""
    return "".join(f"<p{kind}>{escape(line)}</p>\n" for line in one.lines)


def _table(one: Section) -> str:
    if not one.heads:
        return ""
    heads = "".join(
        f"<th{_kind(one, at)}>{escape(head)}</th>" for at, head in enumerate(one.heads)
    )
    rows = "\n".join(
        "<tr>" + "".join(_cell(one, *each) for each in enumerate(row)) + "</tr>"
        for row in one.rows
    )
    return (
        f"<table>\n<thead><tr>{heads}</tr></thead>\n"
        f"<tbody>\n{rows}\n</tbody>\n</table>\n"
    )


def _kind(one: Section, at: int, colour: str = "") -> str:
    """Return the class of a column's cells: words stand left."""
    name = "w" if at < one.words else colour
    return f' class="{name}"' if name else ""


def _cell(one: Section, at: int, text: str) -> str:
    """Return a cell; a change of a figure has a colour."""
    colour = ""
    if text[:1] in {"+", "-"} and text.endswith("%") and text != "+0.0%":
        colour = "up" if text[0] == "+" else "down"
    return f"<td{_kind(one, at, colour)}>{escape(text)}</td>"


def _funnel(page: Page, language: Language) -> str:
    rows = [
        chart.Bar(
            stage_word(one.stage, language),
            one.entered,
            one.usual,
            f"{one.entered:,} ({percent(one.change, signed=True)})",
        )
        for one in page.funnel
    ]
    key = _key(language, ("week", chart.NOW), ("usual", chart.USUAL))
    return key + chart.bars(rows, word("funnel", language))


def _worst(page: Page, language: Language) -> str:
    unit = " 円" if language == "ja" else " yen"
    rows = [
        chart.Stack(
            pair_word(one.name, language),
            [(int(one.lost_yen or Decimal(0)), chart.BAD)],
            f"{one.lost_yen:,.0f}{unit}",
        )
        for one in page.worst
    ]
    return chart.stacks(rows, word("worst", language)) if rows else ""


def _agreed(page: Page, language: Language) -> str:
    rows = [
        chart.Stack(
            department_word(page, one.department, language),
            [(one.met, chart.GOOD), (one.late, chart.LATE), (one.breached, chart.BAD)],
            f"{one.met:,} / {one.late:,} / {one.breached:,}",
        )
        for one in page.agreed
    ]
    if not rows:
        return ""
    colours = (("met", chart.GOOD), ("late", chart.LATE), ("breached", chart.BAD))
    return _key(language, *colours) + chart.stacks(rows, word("agreed", language))


def _leaks(page: Page, language: Language) -> str:
    if not page.swept or not page.yen_at_risk:
        return ""
    rows = [
        chart.Stack(
            one_of(SEVERITIES[one.severity], language),
            [(one.yen, chart.BAD if one.severity == "critical" else chart.LATE)],
            f"{one.open:,} / ¥{one.yen:,}",
        )
        for one in page.severities
        if one.open
    ]
    return chart.stacks(rows, word("leaks", language))


def _key(language: Language, *named: tuple[str, str]) -> str:
    words = "".join(
        f'<i style="background:{colour}"></i>{escape(word(name, language))}'
        for name, colour in named
    )
    return f'<p class="key">{words}</p>\n'


_CHARTS: Final[Mapping[str, Callable[[Page, Language], str]]] = {
    "funnel": _funnel,
    "worst": _worst,
    "agreed": _agreed,
    "leaks": _leaks,
}
