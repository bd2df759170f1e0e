"""Commands that say how a project stands: status, metrics."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import leave, of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tasuki.cli.screen import Screen
    from tasuki.ledger import CauseCount, RunRow
    from tasuki.operation.picture import ConnectionView, Picture, SyncView

METRICS_PORT = 8781
_SHOWN_COUNTS = ("read", "created", "updated", "left_over")
_TICK = 0.25
_HOUR, _DAY = 3600.0, 86_400.0


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("status")(status)
    app.command("metrics")(metrics)


def status(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="How many runs.")] = 15,
) -> None:
    """Show how everything stands; exit code 1 when a person should look."""
    from tasuki.model.errors import LedgerError
    from tasuki.operation.picture import take_picture

    own = of(context)
    with own.ledger() as ledger:
        with suppress(LedgerError):  # said where it is written to, not where it is read
            ledger.close_left_open()
        found, causes = ledger.runs(limit=limit), ledger.causes()
        picture = take_picture(own.project, ledger)
    planned = _next_runs(own.project.environment)
    value = {
        "ledger": picture.ledger,
        **picture.as_json(),
        "runs": [_run(row) for row in found],
        "dead_letters": [c._asdict() for c in causes],
        "stopped_connections": [
            {
                "connection": one.name,
                "words": one.words,
                "remedy": f"tasuki login {one.name}",
            }
            for one in picture.connections
            if one.login == "stopped"
        ],
        "next_runs": planned,
    }

    def people(screen: Screen) -> None:
        _project(screen, picture, planned)
        _runs(screen, found, causes)

    own.screen.show(value, people)
    leave(1 if picture.wants_a_look() else 0)


def metrics(
    context: typer.Context,
    host: Annotated[
        str, typer.Option(help="Where to listen; loopback unless said otherwise.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, help="0: any that is free.")
    ] = METRICS_PORT,
    once: Annotated[bool, typer.Option("--once", help="Print them and end.")] = False,
) -> None:
    """Serve metrics for Prometheus, and /health/ready, until Ctrl-C."""
    from tasuki.operation.endpoint import serve_metrics
    from tasuki.operation.metrics import exposition
    from tasuki.operation.picture import take_picture
    from tasuki.stack import until_told

    own = of(context)
    clock = own.project.clock
    own.project.read_all()
    with own.ledger() as ledger:
        if once:
            text = exposition(take_picture(own.project, ledger)).decode()
            own.screen.show(
                {"metrics": text}, lambda screen: screen.line(text.rstrip())
            )
            return
        with until_told(), serve_metrics(own.project, ledger, host, port) as url:
            own.screen.show({"url": url}, lambda screen: screen.line(f"{url}/metrics"))
            while True:
                clock.sleep(_TICK)


def _run(row: RunRow) -> dict[str, object]:
    return {
        "run": row.id,
        "sync": row.sync,
        "state": row.state,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "counts": row.counts,
        "error": row.error,
    }


def _next_runs(environment: Mapping[str, str]) -> list[dict[str, str]]:
    """Return what Prefect will start next; nothing where it does not answer."""
    from tasuki.model.errors import TasukiError

    if not environment.get("PREFECT_API_URL"):
        return []
    from tasuki.cli.next_runs import next_runs

    with suppress(TasukiError, ValueError, KeyError, TypeError):
        return next_runs(environment)
    return []


def _project(screen: Screen, picture: Picture, planned: list[dict[str, str]]) -> None:
    size = f", {picture.size / 1e6:,.1f} MB" if picture.size is not None else ""
    version = f"version {picture.schema_version}"
    screen.line(f"ledger: {picture.ledger} ({version}{size})")
    age = picture.inbox_age()
    since = f", the oldest for {_span(age)}" if age is not None else ""
    dead = f", {picture.inbox.dead:,} given up" if picture.inbox.dead else ""
    screen.line(f"inbox: {picture.inbox.waiting:,} waiting{since}{dead}")
    for one in picture.connections:
        _connection(screen, one)
    for channel in picture.channels:
        if channel.since:
            kind = "dead" if channel.is_dead else "failing"
            since = channel.since[:16].replace("T", " ")
            screen.line(f"alerts {channel.name}: {kind} since {since}: {channel.error}")
            screen.line(f"  tasuki alerts test {channel.name}")
    screen.line()
    heads = (
        "mapping", "last run", "state", "read", "pending", "held", "dead", "in doubt",
        "by",
    )  # fmt: skip
    screen.table(heads, [_row(one) for one in picture.syncs])
    for sync in picture.syncs:
        if sync.backfill is not None and not sync.backfill.is_done:
            done = f"{sync.backfill.passed:,} of {sync.backfill.counted:,} records"
            screen.line(f"{sync.name}: backfill under way: {done}")
    for run in planned:
        screen.line(f"next: {run['at'][:16].replace('T', ' ')} {run['deployment']}")
    screen.line()


def _connection(screen: Screen, one: ConnectionView) -> None:
    left = ", ".join(
        f"{w.left:,} of {w.calls:,} calls per {w.seconds:g} s"
        + (f" ({w.window})" if w.window else "")
        for w in one.windows
    )
    if one.login == "stopped":
        screen.line(f"{one.name}: stopped: {one.words}")
        screen.line(f"  tasuki login {one.name}")
        return
    paused = ""
    if one.paused_until is not None:
        paused = f"; paused until {one.paused_until:%H:%M:%S} UTC"
    login = "" if one.login == "none needed" else f" login {one.login};"
    screen.line(f"{one.name}:{login} at once {left or 'any calls'}{paused}")


def _row(one: SyncView) -> tuple[object, ...]:
    began = one.last.started_at[:16].replace("T", " ") if one.last else "never"
    age = _span(one.cursor_age) + " ago" if one.cursor_age is not None else "-"
    return (
        one.name,
        began,
        one.last.state if one.last else "-",
        age,
        one.pending,
        one.held,
        one.dead,
        one.in_doubt,
        "; ".join(one.holders),
    )


def _span(seconds: float) -> str:
    if seconds >= 2 * _DAY:
        return f"{seconds / _DAY:.0f} d"
    if seconds >= 2 * _HOUR:
        return f"{seconds / _HOUR:.0f} h"
    return f"{seconds / 60:.0f} min"


def _runs(screen: Screen, found: list[RunRow], causes: list[CauseCount]) -> None:
    if not found:
        screen.line("no runs yet")
        return
    heads = ("started (UTC)", "sync", "state", "read", "created", "updated", "left", "")
    screen.table(heads, list(_listed(found)))
    if causes:
        screen.line()
        open_letters = [(c.sync, c.cause, c.times, c.remedy) for c in causes]
        screen.table(("sync", "cause", "open", "remedy"), open_letters)


def _listed(found: list[RunRow]) -> Iterator[tuple[object, ...]]:
    for row in found:
        counts = (int(row.counts.get(name, 0)) for name in _SHOWN_COUNTS)
        started = row.started_at[:19].replace("T", " ")
        yield (started, row.sync, row.state, *counts, row.error)
