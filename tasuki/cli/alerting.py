"""The command about alerts: how channels stand, a test message, a round of telling."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import leave, of

if TYPE_CHECKING:
    from tasuki.alert.notice import Notice
    from tasuki.cli.context import Context
    from tasuki.cli.screen import Screen
    from tasuki.operation.alarms import ChannelView

_UNREACHABLE = 3


class Act(StrEnum):
    """What is done."""

    SHOW = "show"
    TEST = "test"
    SEND = "send"


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("alerts")(alerts)


def alerts(
    context: typer.Context,
    act: Annotated[
        Act,
        typer.Argument(
            help="show: channels, and what is found now. test: send a test message. "
            "send: tell what is due, as the flow send_alerts does."
        ),
    ] = Act.SHOW,
    channel: Annotated[
        str | None, typer.Argument(help="Of a test: this channel; else all.")
    ] = None,
) -> None:
    """Show how alert channels stand and what is found; test them; tell what is due."""
    own = of(context)
    match act:
        case Act.SHOW:
            _show(own)
        case Act.TEST:
            _test(own, channel)
        case Act.SEND:
            _send(own)


def _show(own: Context) -> None:
    from tasuki.alert.notice import stored
    from tasuki.operation.alarms import channel_views, note_from_ledger

    project = own.project
    with own.ledger() as ledger:
        note_from_ledger(project, ledger)
        views = channel_views(project, ledger)
        found = [stored(row) for row in ledger.alerts().notices()]
    enabled, language = project.alerts.enabled, project.alerts.terms.language
    found.sort(key=lambda one: (-one.severity.rank, one.opened_at))
    value = {
        "enabled": enabled,
        "channels": [one.to_json() for one in views],
        "findings": [one.to_json() for one in found],
    }

    def people(screen: Screen) -> None:
        if not enabled:
            screen.line("alerts are off: mappings/alerts.yaml has no `enabled: true`")
        _channels(screen, views)
        _findings(screen, [(one, one.title(language)) for one in found])

    own.screen.show(value, people)
    leave(1 if any(one.is_dead for one in views) else 0)


def _channels(screen: Screen, views: list[ChannelView]) -> None:
    if not views:
        return
    heads = ("channel", "kind", "last told (UTC)", "waiting", "state")
    rows = []
    for one in views:
        state = "works"
        if one.since:
            kind = "dead" if one.is_dead else "failing"
            state = f"{kind} since {one.since[:16].replace('T', ' ')}: {one.error}"
        last = one.last_told[:16].replace("T", " ") or "never"
        rows.append((one.name, one.kind, last, one.waiting, state))
    screen.table(heads, rows)
    screen.line()


def _findings(screen: Screen, found: list[tuple[Notice, str]]) -> None:
    if not found:
        screen.line("nothing is found")
        return
    rows = [
        (
            one.severity.value,
            one.department,
            f"{one.opened_at:%Y-%m-%d}",
            title,
            one.key,
        )
        for one, title in found
    ]
    screen.table(("severity", "department", "since", "finding", "key"), rows)


def _test(own: Context, channel: str | None) -> None:
    from tasuki.operation.alarms import try_channels

    with own.ledger() as ledger:
        answers = try_channels(own.project, ledger, channel)

    def people(screen: Screen) -> None:
        for name, words in answers.items():
            screen.line(f"{name}: {words or 'sent'}")

    failed = {name: words for name, words in answers.items() if words}
    value = {"sent": sorted(answers.keys() - failed.keys()), "failed": failed}
    own.screen.show(value, people)
    leave(_UNREACHABLE if failed else 0)


def _send(own: Context) -> None:
    from tasuki.operation.alarms import send_alerts

    with own.ledger() as ledger:
        sent = send_alerts(own.project, ledger)

    def people(screen: Screen) -> None:
        for name, count in sent.told.items():
            noted = f" ({sent.noted[name]})" if name in sent.noted else ""
            screen.line(f"{name}: told of {count}{noted}")
        for name, words in sent.failed.items():
            screen.line(f"{name}: {words}")
        if not sent.told and not sent.failed:
            screen.line("nothing to tell")

    own.screen.show(sent.to_json(), people)
    leave(1 if sent.failed else 0)
