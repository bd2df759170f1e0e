"""Commands that serve and start things: sandbox, deploy, up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import Context, of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasuki.cli.screen import Screen
    from tasuki.stack import Stack

POOL = "tasuki"
_TICK = 0.25


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("sandbox")(sandbox)
    app.command("deploy")(deploy)
    app.command("up")(up)


def sandbox(
    context: typer.Context,
    systems: Annotated[
        list[str] | None,
        typer.Argument(help="Systems; by default those of connections.yaml."),
    ] = None,
    ports: Annotated[
        str | None,
        typer.Option(help="hubspot=8911,…; else those of connections.yaml. 0: any."),
    ] = None,
    world: Annotated[str, typer.Option(help="demo, empty, or load:N people.")] = "demo",
    state: Annotated[
        Path | None,
        typer.Option(help="Keep the state in this file between two starts."),
    ] = None,
) -> None:
    """Serve stand-ins of the connected systems until Ctrl-C."""
    from tasuki.cli.stand_ins import Serving, asked_ports, chosen_systems
    from tasuki.sandbox.rehearsal import ENVIRONMENT, Rehearsal
    from tasuki.stack import until_told

    own = of(context)
    project, clock = own.project, own.project.clock
    chosen = chosen_systems(systems or (), project.root)
    rehearsal = Rehearsal(project.registry, asked_ports(ports, project.root), chosen)
    serving = Serving(rehearsal, state)

    def people(screen: Screen) -> None:
        for name, url in serving.urls().items():
            screen.line(f"{name:<12} {url}")
        screen.line("The environment they accept (`tasuki init` writes it to .env):")
        for name, value in ENVIRONMENT.items():
            screen.line(f"  export {name}={value}")
        screen.line("Ctrl-C ends them.")

    with until_told():
        try:
            serving.begin(world, clock.now())
            value = {"urls": serving.urls(), "environment": ENVIRONMENT}
            own.screen.show(value, people)
            while True:
                clock.sleep(_TICK)
                serving.keep(clock.monotonic())
        finally:
            serving.end()


def deploy(context: typer.Context) -> None:
    """Apply prefect.yaml to the Prefect server of PREFECT_API_URL."""
    from tasuki.cli.deployment import deploy as apply

    own = of(context)
    project = own.project
    done = apply(project.root, project.environment, project.place / "logs")

    def people(screen: Screen) -> None:
        screen.line(f"deployed: {', '.join(done.deployments)}")
        for name, what in done.automations.items():
            screen.line(f"automation '{name}': {what}")

    own.screen.show(done._asdict(), people)


def up(
    context: typer.Context,
    stand_ins: Annotated[
        bool,
        typer.Option(
            "--sandbox/--no-sandbox", help="Stand-ins too, where connections use them."
        ),
    ] = True,
    port: Annotated[int, typer.Option(help="Of Prefect's API and screens.")] = 4200,
    receiver_port: Annotated[int, typer.Option(help="Of the webhook receiver.")] = 8780,
    metrics_port: Annotated[int, typer.Option(help="Of metrics and health.")] = 8781,
) -> None:
    """Keep the whole local stack running until Ctrl-C; what ends is started again."""
    from tasuki.stack import CLIENT_SECRET, SERVER_SECRET, Stack, until_told
    from tasuki.stages.deployment_file import read_deployments
    from tasuki.upkeep import Upkeep, known_parts, only_here, stack_parts, start_part

    own = of(context)
    project = own.project
    # What a person has to edit is said before anything is started.
    pools = read_deployments(project.root).work_pools()
    project.connections, project.mappings  # noqa: B018 - reading them is the check
    logs = project.place / "logs"
    environment = {**os.environ, **project.environment}
    if SERVER_SECRET in environment:  # what is started here comes in with it
        environment.setdefault(CLIENT_SECRET, environment[SERVER_SECRET])
    parts = known_parts(stack_parts(receiver_port, metrics_port), _commands(context))
    with (
        until_told(),
        only_here(project.place),
        Stack(project.root, logs, environment, project.clock) as stack,
    ):
        urls = _start_stand_ins(own, stack) if stand_ins else {}
        home = project.place / "prefect"
        own.screen.aside("Prefect server … (its first start takes up to a minute)")
        api = stack.start_server(home, port)
        own.screen.aside("deployments …")
        names = _deploy_to(own, api, home, environment)
        for pool in pools:
            own.screen.aside(f"worker of '{pool}' …")
            stack.start_worker(home, api, pool)
        for part in parts:
            own.screen.aside(f"{part.name} …")
            start_part(stack, part)
        screens = api.removesuffix("/api")
        listening = {part.name: part.url for part in parts}
        value = {"ui": screens, "api": api, "deployments": names, "sandbox": urls}
        value |= {"logs": str(logs), "parts": listening}

        def people(screen: Screen) -> None:
            _ready(screen, screens, names, logs)
            for part in parts:
                screen.line(f"  {part.name}: {part.url or 'running'}")
            screen.line("Ctrl-C ends everything.")

        own.screen.show(value, people)
        Upkeep(stack, project.clock, own.screen.aside).keep()


def _commands(context: typer.Context) -> set[str]:
    """Return the names of this version's commands."""
    root = context.find_root()
    return set(getattr(root.command, "commands", {}))


def _ready(screen: Screen, screens: str, names: list[str], logs: Path) -> None:
    screen.line(f"ready: {screens}")
    screen.line(f"  deployments: {', '.join(names)}")
    screen.line(f"  logs: {logs}")


def _start_stand_ins(own: Context, stack: Stack) -> dict[str, str]:
    """Start the stand-ins that the project's connections speak to, if there are any."""
    from tasuki.cli.stand_ins import rehearsal_ports
    from tasuki.sandbox.rehearsal import ALL_SYSTEMS
    from tasuki.stack import answers

    ports = rehearsal_ports(own.project.root)
    used = [name for name in ALL_SYSTEMS if name in ports]
    urls = {name: f"http://127.0.0.1:{ports[name]}" for name in used}
    missing = [name for name, url in urls.items() if not answers(f"{url}/__stats")]
    if missing:
        own.screen.aside(f"stand-ins of {', '.join(missing)} …")
        state = own.project.place / "sandbox.json"
        root = str(own.project.root)
        arguments = ["tasuki.cli", "--project", root, "sandbox", *missing]
        child = stack.start("sandbox", [*arguments, "--state", str(state)])
        stack.wait_for(
            child, lambda: all(answers(f"{urls[n]}/__stats") for n in missing), 60
        )
    return urls


def _deploy_to(
    own: Context, api: str, home: Path, environment: Mapping[str, str]
) -> list[str]:
    from tasuki.cli.deployment import deploy as apply

    here = {**environment, "PREFECT_API_URL": api, "PREFECT_HOME": str(home)}
    return apply(own.project.root, here, own.project.place / "logs").deployments
