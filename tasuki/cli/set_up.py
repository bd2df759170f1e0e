"""Commands that set a project up: init, login, doctor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import leave, of

if TYPE_CHECKING:
    from tasuki.cli.examination import Finding
    from tasuki.cli.screen import Screen

_NEXT = ("tasuki sandbox", "tasuki login freee", "tasuki plan lead.hubspot-salesforce")
_NOTES = (
    "serves the stand-ins; leave it running in another terminal",
    "the first login; the stand-in lets everybody in",
    "what a run would do, and what it would cost",
)


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("init")(init)
    app.command("login")(login)
    app.command("doctor")(doctor)


def init(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(help="Made where it does not exist.", file_okay=False)
    ] = Path(),
    copy: Annotated[
        bool,
        typer.Option(
            "--copy-mappings", help="Copy the shipped mappings, to be changed there."
        ),
    ] = False,
) -> None:
    """Write a new project that rehearses against the stand-ins at once."""
    from tasuki.cli.new_project import project_files, shipped_mappings, write_files

    own = of(context)
    is_project = (folder / "connections.yaml").is_file()
    # In a project that is there already, only the copies are wanted.
    files = {} if is_project and copy else project_files()
    if copy:
        files |= shipped_mappings()
    write_files(folder, files)
    there = "" if folder.resolve() == Path.cwd() else f"cd {folder}"
    steps = [step for step in (there, *_NEXT) if step]
    value = {"folder": str(folder.resolve()), "files": list(files), "next": steps}

    def people(screen: Screen) -> None:
        for name in files:
            screen.line(f"  {name}")
        screen.line("Next:")
        if there:
            screen.line(f"  {there}")
        for step, note in zip(_NEXT, _NOTES, strict=True):
            screen.line(f"  {step:<40} {note}")

    own.screen.show(value, people)


def login(
    context: typer.Context,
    connection: Annotated[str, typer.Argument(help="A connection's name.")],
    paste: Annotated[
        bool, typer.Option("--paste", help="Paste the code instead of a redirect.")
    ] = False,
    browser: Annotated[
        bool, typer.Option(help="Open a browser; else only show the address.")
    ] = True,
    port: Annotated[
        int | None, typer.Option(help="Of the redirect on 127.0.0.1; 8917 if unset.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="How long to wait.")] = 300.0,
) -> None:
    """Allow the access to a system, once, in a browser; its tokens are kept sealed."""
    from tasuki.cli.first_login import Way, first_login

    own = of(context)
    with own.ledger() as ledger:
        way = Way(paste=paste, browser=browser, port=port, seconds=seconds)
        token = first_login(own.project, ledger, connection, way, own.screen)
    value = {
        "connection": connection,
        "expires_at": token.expires_at.isoformat() if token.expires_at else None,
        "renews_itself": bool(token.refresh),
    }

    def people(screen: Screen) -> None:
        kept = "it renews itself" if token.refresh else "it cannot renew itself"
        screen.line(f"{connection}: logged in; {kept}")
        screen.line(f"  tasuki doctor {connection}")

    own.screen.show(value, people)


def doctor(
    context: typer.Context,
    connections: Annotated[
        list[str] | None, typer.Argument(help="Connections; all by default.")
    ] = None,
    deep: Annotated[
        bool, typer.Option(help="Also call the connected systems (they count).")
    ] = True,
) -> None:
    """Look at everything a run needs, a line each; change nothing."""
    from tasuki.cli.examination import examine

    own = of(context)
    findings: list[Finding] = []
    for finding in examine(own.project, tuple(connections or ()), deep=deep):
        findings.append(finding)
        if not own.screen.as_json:
            _say(own.screen, finding)
    bad = [finding for finding in findings if not finding.ok]
    value = {
        "ok": not bad,
        "checks": [finding._asdict() for finding in findings],
    }

    def people(screen: Screen) -> None:
        screen.line(f"{len(findings) - len(bad)} well, {len(bad)} to look at")

    own.screen.show(value, people)
    leave(max((finding.exit_code for finding in bad), default=0))


def _say(screen: Screen, finding: Finding) -> None:
    mark = "ok " if finding.ok else "BAD"
    screen.line(f"{mark} {finding.where}: {finding.name}: {finding.words}")
    if finding.remedy and not finding.ok:
        screen.line(f"      {finding.remedy}")
