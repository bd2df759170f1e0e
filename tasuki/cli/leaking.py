"""The command that looks for leaks, shows them, lets them rest and mends them."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import Context, leave, of
from tasuki.cli.language import LanguageOption, spoken
from tasuki.model.errors import ConfigError
from tasuki.model.language import one_of

if TYPE_CHECKING:
    from datetime import datetime

    from tasuki.cli.screen import Screen
    from tasuki.insight.leak.report import Choice, LeakReport
    from tasuki.ledger import Ledger
    from tasuki.ledger.findings import StoredFinding
    from tasuki.model.language import Language


class Act(StrEnum):
    """What is done."""

    LOOK = "look"
    LIST = "list"
    SNOOZE = "snooze"
    WAKE = "wake"
    MEND = "mend"
    RULES = "rules"


_HEADS = {
    "ja": ("重要度", "キー", "内容", "対象", "円", "発生", "担当"),
    "en": ("severity", "key", "leak", "about", "yen", "since", "department"),
}
_SAYS = {
    "none": ("穴は見つかりませんでした。", "No leak was found."),
    "sum": (
        "{count}件（緊急 {critical}件）、計 {yen}円。新規 {new}件、解消 {gone}件。",
        "{count} open ({critical} critical), {yen} yen; {new} new, {gone} closed",
    ),
    "more": (
        "ほか {count} 件（--json または --csv）",
        "{count} more (--json or --csv)",
    ),
    "resting": ("休止中 {count}件", "{count} rest"),
    "calls": ("API 呼び出し {count}回", "{count} calls"),
    "not_looked": ("確認していないもの", "Not looked for"),
    "partly": ("一部だけ確認したもの", "Looked for in part"),
    "unread": ("読めなかった値", "Values that could not be read"),
    "never": (
        "まだ一度も確認していません: tasuki leaks",
        "Nobody has looked yet: tasuki leaks",
    ),
}
_SHOWN = 50


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("leaks")(leaks)


def leaks(
    context: typer.Context,
    act: Annotated[
        Act,
        typer.Argument(
            help="look (sweep and show), list (what was found, no call), snooze, wake, "
            "mend, rules."
        ),
    ] = Act.LOOK,
    keys: Annotated[
        list[str] | None, typer.Argument(help="Findings: L12/006xx, for three acts.")
    ] = None,
    rule: Annotated[list[str] | None, typer.Option(help="Only these rules.")] = None,
    severity: Annotated[
        list[str] | None, typer.Option(help="Only critical, high, medium or low.")
    ] = None,
    department: Annotated[
        list[str] | None, typer.Option(help="Only what is this department's turn.")
    ] = None,
    language: LanguageOption = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV that Excel reads.")
    ] = False,
    until: Annotated[
        str | None, typer.Option(help="snooze: until this day, 2026-12-01.")
    ] = None,
    why: Annotated[str, typer.Option("--why", help="snooze: why; kept with it.")] = "",
    by: Annotated[
        str | None, typer.Option("--by", help="snooze: who; TASUKI_USER or the user.")
    ] = None,
) -> None:
    """Find what falls through between departments, and mend what can be mended."""
    own = of(context)
    tongue = spoken(own, language)
    match act:
        case Act.RULES:
            _rules(own, tongue)
        case Act.SNOOZE | Act.WAKE:
            _rest(own, keys or [], act, _Until(until, why, by))
        case Act.MEND:
            _mend(own, keys or [])
        case Act.LOOK | Act.LIST:
            choice = _choice(rule or (), severity or (), department or ())
            report = _report(own, look=act is Act.LOOK).chosen(choice)
            _show(own, report, tongue, as_csv=as_csv)
            leave(report.exit_code)


def _choice(
    chosen: list[str] | tuple[str, ...],
    severities: list[str] | tuple[str, ...],
    departments: list[str] | tuple[str, ...],
) -> Choice:
    from tasuki.insight.leak.report import DEPARTMENTS, SEVERITIES, Choice
    from tasuki.insight.leak.rule import rules
    from tasuki.mapping.problem import nearest

    for option, given, known in (
        ("--rule", chosen, rules()),
        ("--severity", severities, SEVERITIES),
        ("--department", departments, DEPARTMENTS),
    ):
        for one in given:
            if one not in known:
                listed = f"There is: {', '.join(known)}."
                remedy = nearest(one, known, listed)
                raise ConfigError(option, f"there is no '{one}'", remedy)
    return Choice(frozenset(chosen), frozenset(severities), frozenset(departments))


def _report(own: Context, *, look: bool) -> LeakReport:
    from tasuki.insight.leak.report import of_hunt, of_ledger
    from tasuki.operation.leaks import hunt_once

    now = own.project.clock.now
    with own.ledger() as ledger:
        if not look:
            return of_ledger(ledger, now())
        return of_hunt(hunt_once(own.project, ledger), now())


# -- showing ---------------------------------------------------------------------------


def _show(
    own: Context, report: LeakReport, language: Language, *, as_csv: bool
) -> None:
    from tasuki.insight.leak.report import csv_text

    if as_csv and not own.screen.as_json:
        sys.stdout.write(csv_text(report.findings, language))
        return
    own.screen.show(report.to_json(), lambda screen: _told(screen, report, language))


def _told(screen: Screen, report: LeakReport, language: Language) -> None:
    from tasuki.insight.leak.report import table

    def say(name: str, **given: object) -> str:
        return one_of(_SAYS[name], language).format(**given)

    if report.swept_at is None:
        screen.line(say("never"))
        return
    found = report.findings
    if found:
        screen.table(_HEADS[language], table(found, language, _SHOWN))
        if len(found) > _SHOWN:
            screen.line(say("more", count=len(found) - _SHOWN))
        screen.line(
            say(
                "sum",
                count=f"{len(found):,}",
                critical=sum(one.severity == "critical" for one in found),
                yen=f"{report.yen:,}",
                new=len(report.opened),
                gone=len(report.closed),
            )
        )
    else:
        screen.line(say("none"))
    if report.resting:
        screen.line(say("resting", count=len(report.resting)))
    for name, listed in (("not_looked", report.not_looked), ("partly", report.partly)):
        if listed:
            screen.line(f"{say(name)}:")
            for why, ids in _by_reason(listed).items():
                screen.line(f"  {' '.join(ids)}: {why}")
    if report.unread:
        words = ", ".join(f"{name} {n}" for name, n in sorted(report.unread.items()))
        screen.line(f"{say('unread')}: {words}")
    if report.calls:
        screen.line(say("calls", count=report.calls_made or sum(report.calls.values())))


def _by_reason(listed: dict[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, why in listed.items():
        found.setdefault(why.partition("\n")[0], []).append(name)
    return found


def _rules(own: Context, language: Language) -> None:
    from tasuki.insight.leak.report import DEPARTMENTS, SEVERITIES
    from tasuki.insight.leak.rule import rules

    settings = own.project.leaks
    value = [
        {
            "rule": one.id,
            "name_ja": one.name_ja,
            "name_en": one.name_en,
            "severity": settings.severity(one).value,
            "department": settings.department(one).value,
            "on": settings.is_on(one),
            "mends": one.mending.value,
        }
        for one in rules().values()
    ]
    english = language == "en"

    def people(screen: Screen) -> None:
        screen.table(
            ("", "", "", ""),
            [
                (
                    str(one["rule"]) + ("" if one["on"] else " (off)"),
                    SEVERITIES[str(one["severity"])][english],
                    DEPARTMENTS[str(one["department"])][english],
                    str(one[f"name_{language}"]),
                )
                for one in value
            ],
        )

    own.screen.show(value, people)


# -- acting ----------------------------------------------------------------------------


class _Until:
    """How long a finding rests, why, and who says so."""

    def __init__(self, until: str | None, why: str, by: str | None) -> None:
        self.until, self.why, self.by = until, why, by

    def moment(self, now: datetime) -> datetime:
        """Return the moment at which it comes up again."""
        from datetime import date, datetime, time

        from tasuki.clock import TOKYO

        try:
            day = date.fromisoformat((self.until or "").strip())
        except ValueError:
            what = f"'{self.until or ''}' is no day"
            raise ConfigError("--until", what, "Write --until 2026-12-01.") from None
        found = datetime.combine(day, time(), TOKYO)
        if found <= now:
            what = f"{day} does not lie ahead"
            raise ConfigError("--until", what, "A leak rests until a day to come.")
        return found

    def reason(self) -> str:
        """Return why."""
        if not self.why.strip():
            where, what = "leaks snooze", "there is no reason given"
            raise ConfigError(where, what, 'Say why: --why "…".')
        return self.why.strip()


def _rest(own: Context, keys: list[str], act: Act, wish: _Until) -> None:
    from tasuki.cli.rulings import who_acts

    with own.ledger() as ledger:
        found = _named(ledger, keys, act)
        until = wish.moment(own.project.clock.now()) if act is Act.SNOOZE else None
        why = wish.reason() if act is Act.SNOOZE else ""
        who = who_acts(wish.by) if act is Act.SNOOZE else ""
        for one in found:
            ledger.snooze(one.rule, one.subject, until, why, who)
    value = [one.key for one in found]
    shown = f"until {wish.until}" if until else "awake"
    own.screen.show(value, lambda screen: _each(screen, value, shown))


def _each(screen: Screen, keys: list[str], words: str) -> None:
    for one in keys:
        screen.line(f"{one}: {words}")


def _named(ledger: Ledger, keys: list[str], act: Act) -> list[StoredFinding]:
    """Return the open findings of these keys."""
    where = f"leaks {act.value}"
    if not keys:
        raise ConfigError(where, "no finding is named", "For example L12/006xx.")
    known = {one.key: one for one in ledger.findings()}
    missing = [one for one in keys if one not in known]
    if missing:
        what = f"not open: {', '.join(missing)}"
        remedy = "`tasuki leaks list` shows what is open."
        raise ConfigError(where, what, remedy)
    return [known[one] for one in dict.fromkeys(keys)]


def _mend(own: Context, keys: list[str]) -> None:
    from tasuki.operation.leak_mending import mend

    done = []
    with own.ledger() as ledger:
        found = _named(ledger, keys, Act.MEND)
        done = [mend(own.project, ledger, one) for one in found]

    def people(screen: Screen) -> None:
        for one in done:
            screen.line(one.key)
            if one.archived:
                screen.line(f"  archived {one.archived}")
            for run in one.runs:
                counts = ", ".join(
                    f"{name} {run[name]}"
                    for name in ("created", "updated", "attached", "unchanged",
                                 "skipped", "held", "waiting", "dead", "in_doubt")
                    if run[name]
                )  # fmt: skip
                screen.line(f"  {run['sync']}: {counts or 'nothing to do'}")
                for outcome, reasons in run.get("reasons", {}).items():
                    screen.line(f"    {outcome}: {', '.join(reasons)}")
            if one.was_done_already:
                screen.line(
                    "    nothing was there to do: the hub holds it as done "
                    "(an invoice that was cancelled, say)"
                )
                screen.line(f"    `tasuki explain {one.ref}` tells why")
        screen.line("  The next `tasuki leaks` closes what is mended.")

    own.screen.show([one.to_json() for one in done], people)
    leave(max((one.exit_code for one in done), default=0))
