"""The command that shows what a run would do: plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import Context, of
from tasuki.cli.runs import Full, Only, Since, options_for
from tasuki.model.errors import ConfigError

if TYPE_CHECKING:
    from tasuki.cli.screen import Screen
    from tasuki.engine.cost import ConnectionCost, Share
    from tasuki.engine.preview import PlannedChange, Preview
    from tasuki.engine.sync import Options

_SIGNS = {
    "create": "+",
    "update": "~",
    "attach": "&",
    "skip": "=",
    "hold": "!",
    "wait": "…",
    "dead": "x",
    "in_doubt": "?",
}
_CAUSES = {
    "too_long": "too long",
    "no_such_value": "no such picklist value",
    "required_empty": "required, and blank",
    "read_only": "read only",
    "gone": "no such field",
}
_UNITS = ((86_400, "days"), (3_600, "hours"), (60, "minutes"))


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("plan")(plan)


def plan(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A mapping's id.")],
    full: Full = False,
    only: Only = None,
    since: Since = None,
    sample: Annotated[int, typer.Option(min=0, help="Stop after so many records.")] = 0,
    show: Annotated[int, typer.Option(min=0, help="Changes to print.")] = 20,
    save: Annotated[
        Path | None,
        typer.Option("--save", help="Keep the plan in a file, for `run --plan`."),
    ] = None,
) -> None:
    """Show what a run would do and what it would cost; change nothing."""
    from tasuki.engine.preview import preview_sync

    own = of(context)
    options = options_for(own, full=full, only=only, since=since)
    if save is not None:
        found = _saved(own, name, options, save, sample=sample, show=show)
    else:
        with own.sync(name) as sync:
            found = preview_sync(sync, options, show=show, sample=sample)
    value = found.as_json() | ({"saved": str(save)} if save else {})

    def people(screen: Screen) -> None:
        _plan(screen, found)
        if save:
            screen.line(f"saved: {save}; valid for 24 hours; tasuki run --plan {save}")

    own.screen.show(value, people)


def _saved(
    own: Context, name: str, options: Options, path: Path, *, sample: int, show: int
) -> Preview:
    from tasuki.engine.planning import save_plan

    if sample:
        where, what = "--save", "a sample is no whole plan"
        raise ConfigError(where, what, "Leave --sample out, or choose by --only.")
    if path.exists():  # said before everything is read
        remedy = "Give another name, or remove it first."
        raise ConfigError(str(path), "exists already", remedy)
    with own.sync(name) as sync:
        keys = own.project.keys.read()
        if not keys:
            what, remedy = "there is no key to seal it with", "Run `tasuki doctor`."
            raise ConfigError("--save", what, remedy)
        return save_plan(sync, options, path, keys[0], show=show)


def _plan(screen: Screen, found: Preview) -> None:
    for change in found.changes:
        screen.line(_planned(change))
        if change.action == "update":
            for one in change.fields:
                screen.line(f"      {one.name}: {_value(one.old)} → {_value(one.new)}")
        for words in change.refusals:
            screen.line(f"      would be refused: {words}")
    left = sum(found.counts.values()) - found.counts["unchanged"] - len(found.changes)
    if left > 0:
        screen.line(f"  … and {left:,} more (--show N)")
    for (action, reason), count in found.reasons.most_common():
        screen.line(f"  {action}: {reason}: {count:,}")
    _foretold(screen, found)
    counts = ", ".join(f"{count:,} {action}" for action, count in found.counts.items())
    screen.line(f"{found.sync}: {counts or 'nothing to do'}")
    _cost(screen, found)


def _foretold(screen: Screen, found: Preview) -> None:
    if found.resent:
        names = ", ".join(name for name, _ in found.resent_fields.most_common())
        screen.line(
            f"  {_records(found.resent)} would be resent because the mapping changed "
            f"(fields: {names})"
        )
    if found.refused:
        screen.line(f"  {_records(found.refused)} would be refused:")
    for (cause, name, value), count in found.refusals.most_common():
        said = f" '{value}'" if value else ""
        screen.line(f"    {name}: {_CAUSES[cause]}{said}: {count:,}")
    if found.forecast:
        screen.line(f"  refusals not foretold: {found.forecast}")
    if found.guard:
        screen.line(f"  a guard will stop the run: {found.guard}")


def _records(count: int) -> str:
    return f"{count:,} record" if count == 1 else f"{count:,} records"


def _cost(screen: Screen, found: Preview) -> None:
    calls = ", ".join(
        f"{count:,} {kind}" for kind, count in found.calls.items() if count
    )
    screen.line(f"calls a run will make: {calls or 'none'}")
    for cost in found.costs:
        if cost.calls:
            screen.line(f"  {_of_connection(cost)}")


def _of_connection(cost: ConnectionCost) -> str:
    calls = ", ".join(f"{count:,} {kind}" for kind, count in cost.calls.items())
    quotas = "".join(f"; {_quota(one)}" for one in cost.quotas)
    time = "at once" if cost.seconds < 1 else f"about {_span(cost.seconds)}"
    return f"{cost.connection}: {calls}; {time} under its limits{quotas}"


def _quota(share: Share) -> str:
    span = _span(share.seconds)
    return f"{share.percent:.2g} % of {share.allowed:,} calls in {span}"


def _span(seconds: float) -> str:
    for size, unit in _UNITS:
        if seconds >= size:
            count = f"{seconds / size:.3g}"
            return f"{count} {unit.removesuffix('s') if count == '1' else unit}"
    return f"{seconds:.0f} seconds"


def _planned(change: PlannedChange) -> str:
    names = ""
    if change.action == "create":
        names = ", ".join(one.name for one in change.fields)
    parts = [_SIGNS[change.action], change.action, change.ref]
    target = f"→ {change.target}" if change.target else ""
    return "  ".join(p for p in (*parts, target, change.reason, names) if p)


def _value(value: object) -> str:
    if value is None or value == "":
        return "(blank)"
    if isinstance(value, list | dict):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)
