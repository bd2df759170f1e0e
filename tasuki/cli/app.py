"""The application: commands, their exit codes, and how errors are said.

Exit codes: 0 done, 1 work left over, 2 something to edit, 3 a system unreachable.
"""

import os
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typer.main import get_group

from tasuki import __version__
from tasuki.cli import (
    alerting,
    archive,
    authoring,
    backfilling,
    billing,
    care,
    drifting,
    files,
    handing_over,
    held,
    invoicing,
    leaking,
    letters,
    measuring,
    plans,
    receiving,
    reconciling,
    records,
    reviewing,
    rulings,
    runs,
    secrets,
    serving,
    set_up,
    tidying,
    watching,
)
from tasuki.cli.context import Context
from tasuki.cli.screen import Screen
from tasuki.model.errors import ConfigError, LedgerError, TasukiError
from tasuki.model.unforeseen import trace, unforeseen
from tasuki.operation.logs import set_up_logs

EXIT_CODES = {
    0: "Done.",
    1: "Work is left over: dead letters, holds, writes in doubt, or a guard said stop.",
    2: "Something is to be edited: a file of the project, an option, a setting.",
    3: "A system, the ledger or this machine cannot be used now.",
}
INTERRUPTED = 130
_ANYWHERE = frozenset({"--json", "--verbose", "-v"})
_ANYWHERE_WITH_VALUE = "--project"

app = typer.Typer(
    name="tasuki",
    help="Hand customers on from tool to tool: none lost, none twice.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"tasuki {__version__}\n")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    project: Annotated[
        Path | None,
        typer.Option("--project", "-p", help="The project's folder.", file_okay=False),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON value instead of text.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log every call to standard error.")
    ] = False,
    _: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    set_up_logs(os.environ, verbose=verbose)
    context.obj = Context(project, Screen(as_json=as_json))


for module in (
    set_up,
    authoring,
    files,
    plans,
    runs,
    watching,
    alerting,
    backfilling,
    reconciling,
    drifting,
    handing_over,
    records,
    letters,
    held,
    rulings,
    billing,
    invoicing,
    leaking,
    care,
    tidying,
    archive,
    measuring,
    reviewing,
    secrets,
    receiving,
    serving,
):
    module.register(app)


@cache
def _command() -> TyperGroup:
    """Return the whole command; making it reads every command's signature."""
    return get_group(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Every error we know of is one clear line and its remedy; a traceback means a
    mistake of ours, and is told without the error's words, which may quote a record.
    """
    given = _flags_first(list(sys.argv[1:] if arguments is None else arguments))
    screen = Screen(as_json="--json" in given)
    try:
        code = _command()(
            given or ["--help"], standalone_mode=False, prog_name="tasuki"
        )
    except TasukiError as error:
        screen.error(error)
        return error.exit_code
    except TyperException as error:
        screen.error(_usage_error(error))
        return ConfigError.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except OSError as error:
        told = _machine_error(error)
        screen.error(told)
        return told.exit_code
    except Exception as error:  # noqa: BLE001 - a mistake, told without its words
        screen.aside(trace(error).rstrip())
        mistake = unforeseen("tasuki", error)
        screen.error(mistake)
        return mistake.exit_code
    return code if isinstance(code, int) else 0


def _usage_error(error: TyperException) -> ConfigError:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "tasuki"
    words = error.format_message().strip().rstrip(".")
    return ConfigError(
        command, words[:1].lower() + words[1:], f"`{command} --help` lists them all."
    )


def _machine_error(error: OSError) -> LedgerError:
    where = str(error.filename or "this machine")
    remedy = "Look at the disk's free space and at this user's rights, then run again."
    return LedgerError(where, (error.strerror or type(error).__name__).lower(), remedy)


def _flags_first(arguments: list[str]) -> list[str]:
    """Let `--json` and friends stand anywhere: `tasuki run NAME --json`."""
    stop = arguments.index("--") if "--" in arguments else len(arguments)
    first: list[str] = []
    rest: list[str] = []
    at = 0
    while at < stop:
        one = arguments[at]
        if one in _ANYWHERE or one.startswith(f"{_ANYWHERE_WITH_VALUE}="):
            first.append(one)
        elif one == _ANYWHERE_WITH_VALUE:
            first += arguments[at : at + 2]
            at += 1
        else:
            rest.append(one)
        at += 1
    return first + rest + arguments[stop:]
