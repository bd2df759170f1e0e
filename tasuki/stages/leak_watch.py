"""One look for leaks: one task run, one report, events after everything is stored."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from tasuki.insight.leak.report import (
    DEPARTMENTS,
    SEVERITIES,
    LeakReport,
    as_json,
    local,
    name_of,
    of_hunt,
)
from tasuki.insight.leak.rule import rules
from tasuki.ledger.findings import StoredFinding
from tasuki.model.language import Language, one_of
from tasuki.operation.leaks import hunt_once
from tasuki.project import Project
from tasuki.stages.language import language_here
from tasuki.stages.showing import show_report, tell
from tasuki.stages.stage import Report, in_a_thread

KEY = "tasuki-leaks"
_SHOWN = 10  # of each rule
_NAMED = 5
_TEXT: Mapping[str, tuple[str, str]] = {
    "title": ("バケツの穴", "Leaks"),
    "sum": (
        "{count}件（緊急 {critical}件）、計 {yen}円。新規 {new}件、解消 {gone}件。",
        "{count} open ({critical} critical), {yen} yen; {new} new, {gone} closed.",
    ),
    "rest": (
        "休止中 {resting}件。API 呼び出し {calls}回。",
        "{resting} rest. {calls} API calls.",
    ),
    "none": ("穴は見つかりませんでした。", "No leak was found."),
    "record": ("対象", "record"),
    "yen": ("円", "yen"),
    "since": ("発生", "since"),
    "command": ("直すコマンド", "to mend it"),
    "remedy": ("対処", "Remedy"),
    "more": ("ほか {count} 件", "{count} more"),
    "not_looked": ("確認していないもの", "Not looked for"),
}


def look_once() -> LeakReport:
    """Look for leaks in this project."""
    project = Project()
    with project.open_ledger() as ledger:
        return of_hunt(hunt_once(project, ledger), project.clock.now())


@task(
    name="leaks",
    task_run_name="leaks",
    persist_result=False,  # records never leave the ledger
    cache_policy=NO_CACHE,
)
async def run_leak_watch() -> Report:
    """Look for leaks, leave the report under a stable key, and tell what is new.

    Raises:
        StageError: the ledger or the project's files cannot be used. A system that is
            away is no such thing: its rules are told as not looked for.
    """
    report = await in_a_thread("leaks", KEY, look_once)
    line = one_line(report)
    get_run_logger().info(line)
    await show_report(KEY, markdown(report, language_here()), line)
    for found in _by_rule(report.opened).values():
        tell("tasuki.leak.found", "leaks", event_of(found))
    return {"line": line, "exit_code": report.exit_code, "open": len(report.findings)}


def event_of(found: Sequence[StoredFinding]) -> Mapping[str, object]:
    """Return what an event says about the new findings of one rule."""
    rule = rules()[found[0].rule]
    return {
        "rule": rule.id,
        "name_ja": rule.name_ja,
        "name_en": rule.name_en,
        "severity": found[0].severity,
        "department": found[0].department,
        "count": len(found),
        "yen": sum(one.yen or 0 for one in found),
        "findings": [one.key for one in found[:_NAMED]],
        "remedy_ja": rule.remedy_ja,
        "remedy_en": rule.remedy_en,
    }


def one_line(report: LeakReport) -> str:
    """Return a look in one line, for logs and states."""
    critical = sum(one.severity == "critical" for one in report.findings)
    return (
        f"leaks: {len(report.findings)} open, {critical} critical, "
        f"{len(report.opened)} new, {len(report.closed)} closed, "
        f"{len(report.not_looked)} rules not looked for, {report.calls_made} calls"
    )


def markdown(report: LeakReport, language: Language = "ja") -> str:
    """Return a look as Markdown: the worst rules first, each with its findings."""

    def say(name: str, **given: object) -> str:
        return one_of(_TEXT[name], language).format(**given)

    lines = [f"## {say('title')}", ""]
    if not report.findings:
        lines += [say("none"), ""]
    total = say(
        "sum",
        count=len(report.findings),
        critical=sum(one.severity == "critical" for one in report.findings),
        yen=f"{report.yen:,}",
        new=len(report.opened),
        gone=len(report.closed),
    )
    rest = say("rest", resting=len(report.resting), calls=report.calls_made)
    lines += [total, "", rest, ""]
    for rule, found in _by_rule(report.findings).items():
        lines += _section(rule, found, language)
    if report.not_looked:
        lines += [f"### {say('not_looked')}", ""]
        lines += [f"- {name}: {why}" for name, why in report.not_looked.items()]
    return "\n".join(lines).rstrip() + "\n"


def _section(
    rule: str, found: Sequence[StoredFinding], language: Language
) -> list[str]:
    first, told = found[0], rules()[rule]
    severity = one_of(SEVERITIES[first.severity], language)
    department = one_of(DEPARTMENTS[first.department], language)
    heads = [one_of(_TEXT[n], language) for n in ("record", "yen", "since", "command")]
    remedy = one_of((told.remedy_ja, told.remedy_en), language)
    lines = [
        f"### {rule} {name_of(first, language)}",
        "",
        f"{severity}、{department}、{len(found)}",
        "",
        f"{one_of(_TEXT['remedy'], language)}: {remedy}",
        "",
        f"| {' | '.join(heads)} |",
        "|---|---:|---|---|",
    ]
    for one in found[:_SHOWN]:
        shown = f"[{one.subject}]({one.link})" if one.link else f"`{one.subject}`"
        yen = "" if one.yen is None else f"{one.yen:,}"
        command = str(as_json(one)["command"])
        mended = f"`{command}`" if command else ""
        lines.append(f"| {shown} | {yen} | {local(one.opened_at)} | {mended} |")
    if len(found) > _SHOWN:
        more = one_of(_TEXT["more"], language).format(count=len(found) - _SHOWN)
        lines += ["", more]
    return [*lines, ""]


def _by_rule(
    findings: Sequence[StoredFinding],
) -> Mapping[str, list[StoredFinding]]:
    found: dict[str, list[StoredFinding]] = defaultdict(list)
    for one in findings:
        found[one.rule].append(one)
    return found
