"""Commands that set a project up: init, login, doctor."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import leave, of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasuki.cli.answers import Answers
    from tasuki.cli.context import Context
    from tasuki.cli.finding import Finding
    from tasuki.cli.screen import Screen


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("init")(init)
    app.command("login")(login)
    app.command("doctor")(doctor)


_SYSTEMS = "hubspot, salesforce, freee, moneyforward, stripe, kintone"


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
    system: Annotated[
        list[str] | None,
        typer.Option("--system", help=f"A system the company has ({_SYSTEMS})."),
    ] = None,
    real: Annotated[
        list[str] | None,
        typer.Option("--real", help="Connect the real account, not the stand-in."),
    ] = None,
    salesforce_url: Annotated[
        str, typer.Option("--salesforce-url", help="My Domain of a real org.")
    ] = "",
    freee_company: Annotated[
        str, typer.Option("--freee-company", help="事業所ID of a real company.")
    ] = "",
    billing: Annotated[
        str,
        typer.Option(
            "--billing", help="direct: an invoice a won deal; plan: by billing plans."
        ),
    ] = "direct",
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing; take the defaults.")
    ] = False,
) -> None:
    """Write a new project, by a few questions; it rehearses against stand-ins."""
    from tasuki.cli.answers import Answers, ask_for
    from tasuki.cli.new_project import project_files, shipped_mappings, write_files
    from tasuki.sandbox.rehearsal import SYSTEMS

    own = of(context)
    is_project = (folder / "connections.yaml").is_file()
    said = bool(copy or system or real or salesforce_url or freee_company)
    chosen, live = tuple(system or SYSTEMS), tuple(real or ())
    answers = Answers(chosen, live, salesforce_url, freee_company, copy)
    if not (yes or said or is_project or own.screen.as_json) and sys.stdin.isatty():
        answers = ask_for(_ask)
    answers.billing = billing
    answers.check()
    # In a project that is there already, only the copies are wanted.
    files = {} if is_project and copy else project_files(answers)
    if answers.copy_mappings:
        files |= shipped_mappings(answers.systems)
    write_files(folder, files)
    _say_what_is_next(own, folder, list(files), answers)


def _say_what_is_next(
    own: Context, folder: Path, files: list[str], answers: Answers
) -> None:
    there = "" if folder.resolve() == Path.cwd() else f"cd {folder}"
    notes = dict(_steps(answers))
    steps = [step for step in (there, *notes) if step]
    value = {"folder": str(folder.resolve()), "files": files, "next": steps}

    def people(screen: Screen) -> None:
        for name in files:
            screen.line(f"  {name}")
        screen.line("Next:")
        if there:
            screen.line(f"  {there}")
        for step, note in notes.items():
            screen.line(f"  {step:<40} {note}")

    own.screen.show(value, people)


def _ask(question: str, default: str) -> str:
    """Ask on standard error; an empty answer is the default."""
    shown = f" [{default}]" if default else ""
    sys.stderr.write(f"{question}{shown} ")
    sys.stderr.flush()
    return sys.stdin.readline().strip() or default


def _steps(answers: Answers) -> Iterator[tuple[str, str]]:
    """Yield what to do next, in order, each with what it is for."""
    from tasuki.cli.answers import NEEDED

    if answers.real:
        names = [each for name in answers.real for each in NEEDED[name]]
        yield "edit .env", f"write {', '.join(names)}"
    if answers.rehearsed:
        serves = "serves the stand-ins; leave it running in another terminal"
        yield "tasuki sandbox", serves
    for name in ("freee", "moneyforward"):
        if name in answers.systems:
            rehearsed = "; the stand-in lets everybody in"
            how = "" if name in answers.real else rehearsed
            yield f"tasuki login {name}", f"the first login{how}"
    if answers.real:
        yield "tasuki doctor", "looks at everything a run needs"
    if {"hubspot", "salesforce"} <= set(answers.systems):
        plan = "what a run would do, and what it would cost"
        yield "tasuki plan lead.hubspot-salesforce", plan
    else:
        yield "tasuki new mapping SOURCE DESTINATION", "proposes a mapping"


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
        bool, typer.Option("--deep", help="Also look at every row of the ledger.")
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Call no system (calls count).")
    ] = False,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="With --deep: mend what can be without a doubt."),
    ] = False,
) -> None:
    """Look at everything a run needs, a line each; change nothing unasked."""
    from tasuki.cli.examination import Look, examine
    from tasuki.model.errors import ConfigError

    if repair and not deep:
        where = "doctor"
        raise ConfigError(where, "--repair goes with --deep", "Add --deep.")

    own = of(context)
    findings: list[Finding] = []
    look = Look(calls=not offline, deep=deep, repair=repair)
    for finding in examine(own.project, tuple(connections or ()), look):
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
