"""The reference pages of leaks, written from the rules and the shipped leaks.yaml."""

import re
from collections.abc import Iterator
from textwrap import wrap
from typing import Final

from tasuki.insight.leak.report import DEPARTMENTS, SEVERITIES
from tasuki.insight.leak.rule import Mending, Rule, rules
from tasuki.insight.leak.setting import BoardSource, LeakSettings
from tasuki.insight.leak.sweep import OF_THE_LEDGER

_WIDTH: Final = 88
_PARAMETER: Final = re.compile(r":(\w+)")
_OWN: Final = frozenset({"now", "today"})
_TOLD: Final = {
    "archive": "the archive's entries",
    "handoff": "the handoffs of model.yaml, as `tasuki handoffs` shows them",
    "outbox": "writes that are not finished, and dead letters",
    "sync_cursor": "when each mapping last succeeded",
    "xref": "the hub's links, as `links:` says",
}
_MENDING: Final = {
    Mending.NONE: "Nothing: a person has to decide.",
    Mending.RUN: "`tasuki leaks mend KEY` gives the record a turn in a normal run of "
    "the mappings that `mend:` in leaks.yaml names. The run uses the same intents and "
    "keys as always, so nothing is made twice.",
    Mending.RETRY: "`tasuki leaks mend KEY` tries the write again under its own key; "
    "one that is in doubt is looked up first.",
    Mending.ARCHIVE: "`tasuki leaks mend KEY` archives what the ledger knows of it, as "
    "`tasuki archive sweep` does.",
}
_HEAD: Final = """# Leaks (バケツの穴)

What `tasuki leaks` looks for. [How to use it](../how-to/leaks.md);
[how it works](../concepts/leaks.md).

| rule | name | | severity | department |
|---|---|---|---|---|
"""


def index_page() -> str:
    """Return the page that lists the rules."""
    rows = [
        f"| [{one.id}](leaks/{one.id}.md) | {one.name_ja} | {one.name_en} | "
        f"{SEVERITIES[one.severity][1]} | {DEPARTMENTS[one.department][1]} |"
        for one in rules().values()
    ]
    return _HEAD + "\n".join(rows) + "\n"


def rule_page(rule: Rule, settings: LeakSettings) -> str:
    """Return the page of one rule."""
    return "\n".join(_lines(rule, settings)) + "\n"


def _lines(rule: Rule, settings: LeakSettings) -> Iterator[str]:
    severity, department = SEVERITIES[rule.severity], DEPARTMENTS[rule.department]
    yield from (f"# {rule.id} {rule.name_ja}", "")
    yield f"{rule.name_en[:1].upper()}{rule.name_en[1:]}. {rule.why}"
    yield from ("", "| | |", "|---|---|")
    yield f"| severity | {severity[1]} ({severity[0]}) |"
    yield f"| department | {department[1]} ({department[0]}) |"
    for name, value in _thresholds(rule, settings):
        yield f"| `{name}` | {value} |"
    yield from ("", "## What to do", "")
    yield from (f"- {rule.remedy_ja}", f"- {_sentence(rule.remedy_en)}")
    yield from ("", "What Tasuki can do: " + _MENDING[rule.mending])
    yield from ("", "## How it is found", "")
    yield from _sources(rule, settings)
    yield from ("", "```sql", *wrap(rule.find, _WIDTH), "```", "")
    yield "`yen` is what is at risk; it is blank where nobody can say."
    blind = [one for one in settings.sources if rule.id in one.blind]
    if blind:
        yield from ("", "Where it cannot be seen:", "")
        yield from (f"- `{x.stream}`: {x.blind[rule.id]}" for x in blind)
    yield from ("", "## When it is none", "")
    yield "Let one rest, with a reason: `tasuki leaks snooze KEY --until DAY --why …`."
    yield f"In `mappings/leaks.yaml`, `rules: {{{rule.id}: {{on: false}}}}` turns the"
    yield "rule off; `severity:` and `department:` there change what is said of it."


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _thresholds(rule: Rule, settings: LeakSettings) -> Iterator[tuple[str, int]]:
    names = dict.fromkeys(_PARAMETER.findall(rule.find))
    if rule.about == "sync_cursor":
        names["sync_lag_minutes"] = None
    for name in names:
        if name not in _OWN and name in settings.thresholds:
            yield name, settings.thresholds[name]


def _sources(rule: Rule, settings: LeakSettings) -> Iterator[str]:
    for need in rule.needs:
        table, _, system = need.partition(":")
        if system:
            yield f"- a connected system that `links:` calls `{system}`"
            continue
        streams = [_stream(one) for one in settings.sources if one.table == table]
        if table in OF_THE_LEDGER:
            streams.insert(0, _TOLD[table])
        if table == "invoice_plan":
            streams.append("the hub's billing plans, once there are any")
        if not streams:
            streams.append("nothing shipped: name your source in leaks.yaml")
        yield f"- `{table}`: {', '.join(dict.fromkeys(streams))}"


def _stream(one: BoardSource) -> str:
    return f"`{one.stream}`"
