"""The command that shows the billing plan of a deal."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tasuki.cli.context import of

if TYPE_CHECKING:
    from tasuki.cli.screen import Screen


class Act(StrEnum):
    """What is shown."""

    PLAN = "plan"


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("billing")(billing)


def billing(
    context: typer.Context,
    _: Annotated[Act, typer.Argument(metavar="ACT", help="plan: a deal's plan.")],
    deal: Annotated[str, typer.Argument(help="The deal's id.")],
    months: Annotated[
        int, typer.Option("--months", help="How far to look ahead.", min=0, max=120)
    ] = 12,
) -> None:
    """Show a deal's plan: what was billed, is due and comes, and what is asked."""
    from tasuki.hub.showing import shown_plan

    own = of(context)
    with own.ledger() as ledger:
        value = shown_plan(ledger.billing(), deal, own.project.today(), months)
    own.screen.show(value, lambda screen: _told(screen, value))


def _told(screen: Screen, value: dict[str, Any]) -> None:
    ends = f" 〜 {value['end']}" if value["end"] else ""
    screen.line(f"{value['deal']}  {value['subject']}")
    screen.line(
        f"  {value['schedule']}, {value['state']}, {value['start']}{ends}, "
        f"{value['currency']} {value['amount']}"
    )
    for words in value["questions"]:
        screen.line(f"  waits for a person: {words}")
    for words in value["notices"]:
        screen.line(f"  ! {words}")
    rows = [
        (
            one["bill_on"],
            one["state"],
            one["amount"],
            one["label"],
            one["document"] or one["invoice"] or "",
        )
        for one in value["instalments"]
    ]
    screen.table(("bill on", "state", "amount", "what", "document"), rows)
    sums = ", ".join(f"{name} {amount}" for name, amount in value["sums"].items())
    screen.line(f"  {sums}")
