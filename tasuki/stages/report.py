"""A run's report as people read it in the Prefect UI: Markdown, Japanese or English."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tasuki.clock import TOKYO
from tasuki.model.language import Language, one_of
from tasuki.stages.leftover import NOTHING, Item, LeftOver
from tasuki.stages.words import ACTIONS, ENDINGS, HOLDS, OUTCOMES, STATES, TEXT

_LISTED = 10
_SPECIAL = re.compile(r"([\\`*_\[\]<>|])")
_OF_OURS = re.compile(r"([\\\[\]<>|])")


def said(name: str, language: Language) -> str:
    """Return one of the reports' fixed texts."""
    return one_of(TEXT[name], language)


def markdown(
    report: Mapping[str, Any],
    language: Language = "ja",
    left: LeftOver = NOTHING,
) -> str:
    """Return the report of one run (`RunReport.as_json()`) as Markdown.

    Args:
        report: What the run says of itself.
        language: Of the reader.
        left: The records that wait for a person.
    """
    lines = [f"## {report['sync']}", "", _headline(report, language), ""]
    if report["error"]:
        began = report["created"] or report["updated"]
        is_guard = report["state"] == "refused" and not began
        name = "refused" if is_guard else "stopped"
        lines += _failure(name, report["error"], report["remedy"], language)
    lines += _outcomes(report, language)
    lines += _reasons(report, language)
    lines += ["", f"### {said('next', language)}", ""]
    lines += _next_steps(report, language, left)
    lines += _items("dead_title", left.dead, left.more_dead, language)
    lines += _items("held_title", left.held, left.more_held, language)
    return "\n".join(lines) + "\n"


def not_begun(mapping: str, error: str, remedy: str, language: Language = "ja") -> str:
    """Return the report of a run that ended before it had one of its own."""
    lines = [f"## {mapping}", "", *_failure("not_begun", error, remedy, language)]
    lines += [f"### {said('next', language)}", ""]
    lines += [f"- {said('stopped_do', language).format(sync=mapping)}"]
    lines += [f"- {said('look_do', language)}"]
    return "\n".join(lines) + "\n"


def dry_run(
    preview: Mapping[str, Any], language: Language = "ja", options: str | None = ""
) -> str:
    """Return what a run would do (`Preview.as_json()`) as Markdown.

    Args:
        preview: What would be done.
        language: Of the reader.
        options: The same choice as options of the command line; None: it has none.
    """
    sync = preview["sync"]
    lines = [f"## {sync}", "", f"**{said('dry_run', language)}**", ""]
    lines += _heads(said("would", language), said("count", language))
    for name, words in ACTIONS.items():
        if preview["counts"].get(name):
            lines.append(f"| {one_of(words, language)} | {preview['counts'][name]:,} |")
    lines += _planned(preview, language)
    calls = ", ".join(f"{kind} {n:,}" for kind, n in preview["calls"].items() if n)
    lines += ["", f"{said('cost', language)}: {calls or 0}", ""]
    lines += [f"### {said('next', language)}", "", f"- {said('really', language)}"]
    if options is not None:
        command = f"`tasuki run {sync}{options}`"
        lines += [f"- {said('as_command', language)}: {command}"]
    return "\n".join(lines) + "\n"


def one_line(report: Mapping[str, Any]) -> str:
    """Return a run in one line, for logs and states."""
    parts = [
        f"{name} {report[name]}" for name in ("read", *ENDINGS) if report.get(name)
    ]
    calls = f"calls {report['calls_made']}/{report['minimum_calls']}"
    return f"{report['sync']}: {', '.join(parts) or 'nothing new'}; {calls}"


def failure_line(error: str, remedy: str) -> str:
    """Return why a run failed and what to do in one line, for its state."""
    return " — ".join(" ".join(part.split()) for part in (error, remedy) if part)


def cell(text: str) -> str:
    """Return a system's words fit for a cell of a table: nothing of it is markup."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def ours(text: str) -> str:
    """Return words of ours in one line; what they set as code stays so."""
    return _OF_OURS.sub(r"\\\1", " ".join(text.split()))


def how(item: Item, language: Language) -> str:
    """Return what a person does about one record."""
    return HOLDS.get(item.reason, item.remedy) if language == "ja" else item.remedy


def local(text: str) -> str:
    """Return a time of the ledger as people in Japan read it."""
    moment = datetime.fromisoformat(text).astimezone(TOKYO)
    return moment.strftime("%Y-%m-%d %H:%M")


def _headline(report: Mapping[str, Any], language: Language) -> str:
    state = STATES.get(report["state"])
    reading = said("whole" if report["full"] else "changes", language)
    parts = [
        one_of(state, language) if state else str(report["state"]),
        f"{local(report['started_at'])} JST",
        reading,
        f"{said('when', language)} `{report['run']}`",
    ]
    return " · ".join(parts)


def _failure(name: str, error: str, remedy: str, language: Language) -> list[str]:
    return [
        f"> **{said(name, language)}**: {cell(error)}",
        ">",
        f"> **{said('remedy', language)}**: {ours(remedy)}",
        "",
    ]


def _heads(first: str, second: str) -> list[str]:
    return [f"| {first} | {second} |", "|---|---:|"]


def _outcomes(report: Mapping[str, Any], language: Language) -> list[str]:
    lines = _heads(said("outcome", language), said("count", language))
    for name, words in OUTCOMES.items():
        if report.get(name) or name == "read":
            lines.append(f"| {one_of(words, language)} | {report.get(name, 0):,} |")
    calls = f"{report['calls_made']:,}"
    if report["minimum_calls"]:  # a run that stopped does not know it
        calls += f" ({said('least', language)}: {report['minimum_calls']:,})"
    return [*lines, f"| {said('calls', language)} | {calls} |"]


def _reasons(report: Mapping[str, Any], language: Language) -> list[str]:
    reasons = {k: v for k, v in report["reasons"].items() if v}
    if not reasons:
        return []
    reason, count = said("reason", language), said("count", language)
    lines = ["", f"### {said('why', language)}", ""]
    lines += [
        f"| {said('outcome', language)} | {reason} | {count} |", "|---|---|---:|",
    ]  # fmt: skip
    for ending in ENDINGS:
        lines += [
            f"| {one_of(OUTCOMES[ending], language)} | `{name}` | {number:,} |"
            for name, number in reasons.get(ending, {}).items()
        ]
    return lines


def _next_steps(
    report: Mapping[str, Any], language: Language, left: LeftOver
) -> list[str]:
    wanted = {
        "guard_do": report["state"] == "refused",
        "stopped_do": report["state"] == "stopped",
        "look_do": report["state"] == "stopped",
        "dead_do": report["dead"] or report["write_back_failed"] or left.dead,
        "held_do": report["held"] or left.held,
    }
    steps = [
        f"- {said(name, language).format(sync=report['sync'], run=report['run'])}"
        for name, is_wanted in wanted.items()
        if is_wanted
    ]
    return steps or [said("nothing", language)]


def _items(
    title: str, items: Sequence[Item], more: int, language: Language
) -> list[str]:
    if not items:
        return []
    lines = ["", f"### {said(title, language)}", ""]
    lines += [_item(one, language) for one in items[:_LISTED]]
    more += max(0, len(items) - _LISTED)
    if more:
        lines.append(f"- {said('more', language).format(count=more)}")
    return lines


def _item(item: Item, language: Language) -> str:
    record = f"[{cell(item.ref)}]({item.url})" if item.url else f"`{item.ref}`"
    if item.other:
        record += f" → [{said('candidate', language)}]({item.other})"
    words = f"{cell(item.words)} " if item.words else ""
    line = f"- {record} `{item.reason}`: {words}\u2014 {ours(how(item, language))}"
    return f"{line} (`{item.command}`)"


def _planned(preview: Mapping[str, Any], language: Language) -> list[str]:
    lines: list[str] = []
    if preview["reasons"]:
        lines += ["", f"### {said('why', language)}", ""]
        heads = [said(name, language) for name in ("outcome", "reason", "count")]
        lines += [f"| {' | '.join(heads)} |", "|---|---|---:|"]
        lines += [
            f"| {one_of(ACTIONS[row['action']], language)} | `{row['reason']}` "
            f"| {row['count']:,} |"
            for row in preview["reasons"]
        ]
    if preview["changes"]:
        lines += ["", f"### {said('first', language)}", ""]
        lines += [f"- {_change(one, language)}" for one in preview["changes"]]
    return lines


def _change(change: Mapping[str, Any], language: Language) -> str:
    names = ", ".join(f"`{name}`" for name in change["fields"])
    target = f" → `{change['target']}`" if change["fields"] and change["target"] else ""
    reason = f" `{change['reason']}`" if change["reason"] else ""
    action = one_of(ACTIONS[change["action"]], language)
    return f"`{change['ref']}`{target}: {action}{reason} {names}".rstrip()
