"""Commands about webhooks: receive, drain."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import Context, leave, of

if TYPE_CHECKING:
    from tasuki.cli.screen import Screen
    from tasuki.inbox.drain import Drain, Drained

_HOST = "127.0.0.1"
_PORT = 8780


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("receive")(receive)
    app.command("drain")(drain)


def receive(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Where to listen.")] = _HOST,
    port: Annotated[int, typer.Option(help="Where to listen; 0: any.")] = _PORT,
    trust_proxy: Annotated[
        bool,
        typer.Option(
            "--trust-proxy", help="Take scheme and host from X-Forwarded headers."
        ),
    ] = False,
) -> None:
    """Receive webhooks at /hooks/CONNECTION and store what they hint at."""
    from tasuki.inbox.counters import Counters
    from tasuki.inbox.endpoints import (
        Address,
        make_receiver,
        open_inbox,
        server,
        webhooks_of,
    )
    from tasuki.stack import be_free, free_port, until_told

    own = of(context)
    webhooks = webhooks_of(own.project)
    address = Address(host, port or free_port())
    be_free(address.port)
    with until_told(), open_inbox(own.project) as ledger:
        receiver = make_receiver(
            own.project, ledger, Counters(), webhooks, trusts_proxy=trust_proxy
        )
        url = f"http://{address.host}:{address.port}"
        value = {"url": url, "connections": sorted(webhooks)}

        def people(screen: Screen) -> None:
            for name in sorted(webhooks):
                screen.line(f"{name:<12} {url}/hooks/{name}")
            if not webhooks:
                screen.line("no connection has `webhook:`: everything is answered 404")
            screen.line("Ctrl-C ends it, with all that it took.")

        own.screen.show(value, people)
        server(receiver, address).run()


def drain(
    context: typer.Context,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on until Ctrl-C.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Try what was given up once more.")
    ] = False,
    patience: Annotated[
        float, typer.Option(help="Seconds to wait for what is busy now.")
    ] = 30.0,
) -> None:
    """Look at the records that webhooks have hinted at."""
    from tasuki.inbox.drain import Drain as Consumer

    own = of(context)
    own.project.read_all()
    with own.ledger() as ledger:
        if again:
            ledger.revive_hints()
        consumer = Consumer(own.project, ledger)
        try:
            if follow:
                _follow(own, consumer)
                return
            told = consumer.once(patience)
        finally:
            consumer.close()
    own.screen.show(told.as_json(), lambda screen: screen.line(_line(told)))
    leave(1 if told.waiting or told.dead else 0)


def _follow(own: Context, consumer: Drain) -> None:
    """Follow until a signal; the round under way is finished first."""
    asked: list[int] = []

    def stop(number: int, _: object) -> None:
        asked.append(number)

    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, stop) for number in signals}
    own.screen.aside("waiting for hints; Ctrl-C ends it after the round under way")

    def told(drained: Drained) -> None:
        own.screen.show(drained.as_json(), lambda screen: screen.line(_line(drained)))

    try:
        consumer.follow(lambda: bool(asked), told)
    finally:
        for number, usual in before.items():
            signal.signal(number, usual)


def _line(told: Drained) -> str:
    counts = [f"{name} {count:,}" for name, count in told.outcomes.items() if count]
    parts = [f"{told.hints:,} hints of {told.records:,} records"]
    parts += [", ".join(counts)] if counts else []
    for name in ("ignored", "delayed", "dead", "waiting"):
        if count := getattr(told, name):
            parts.append(f"{name} {count:,}")
    return "; ".join(parts)
