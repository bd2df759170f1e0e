"""The application: commands, their exit codes, and how errors are said.

Exit codes: 0 done, 1 work left over, 2 a file to edit, 3 a system unreachable.
"""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import click
import typer

from tasuki import __version__
from tasuki.cli import files, records, runs, serving, set_up
from tasuki.cli.context import Context
from tasuki.cli.screen import Screen
from tasuki.model.errors import TasukiError

app = typer.Typer(
    name="tasuki",
    help="Hand customers on from tool to tool: none lost, none twice.",
    no_args_is_help=True,
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
        typer.Option("--version", callback=_version, is_eager=True, help="The version."),
    ] = False,
) -> None:
    level = logging.DEBUG if verbose else logging.WARNING
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("tasuki").setLevel(level)
    context.obj = Context(project, Screen(as_json=as_json))


for module in (set_up, files, runs, records, serving):
    module.register(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Every error we know of is one clear line and its remedy; a traceback means a
    mistake of ours.
    """
    given = _flags_first(list(sys.argv[1:] if arguments is None else arguments))
    try:
        code = app(given, standalone_mode=False)
    except TasukiError as error:
        Screen(as_json="--json" in given).error(error)
        return error.exit_code
    except click.exceptions.Abort:
        return 130
    except click.ClickException as error:
        error.show()
        return 2
    return code if isinstance(code, int) else 0


def _flags_first(arguments: list[str]) -> list[str]:
    """Let `--json` and friends stand anywhere: `tasuki run NAME --json`."""
    anywhere = {"--json", "--verbose", "-v"}
    stop = arguments.index("--") if "--" in arguments else len(arguments)
    flags = [one for one in arguments[:stop] if one in anywhere]
    return flags + [
        one for at, one in enumerate(arguments) if at >= stop or one not in anywhere
    ]
