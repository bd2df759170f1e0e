"""The reference page of the command line, written from the commands themselves."""

from collections.abc import Iterator
from typing import Any

import typer

from tasuki.cli.app import EXIT_CODES, app

_HEAD = """# The command line

`tasuki [OPTIONS] COMMAND …`. The options `--json`, `--verbose` and `--project FOLDER`
may stand anywhere. With `--json` there is one JSON value on standard output and
nothing else, errors included: `{"error": …, "remedy": …}`. Progress and questions go to
standard error.
"""


def markdown() -> str:
    """Return the page: options, exit codes, every command with what it takes."""
    group: Any = typer.main.get_command(app)
    lines = [_HEAD, "| exit code | meaning |", "|---|---|"]
    lines += [f"| {code} | {words} |" for code, words in EXIT_CODES.items()]
    lines += ["", "## Options", "", *_parameters(group)]
    for name, command in all_commands().items():
        lines += ["", f"## tasuki {name}", "", *_command(name, command)]
    return "\n".join(lines) + "\n"


def all_commands() -> dict[str, Any]:
    """Return every command by the words that it is typed with, `archive search`."""
    group: Any = typer.main.get_command(app)
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        inner = getattr(command, "commands", None)
        if inner is None:
            found[name] = command
        else:
            found |= {f"{name} {word}": one for word, one in inner.items()}
    return found


def _command(name: str, command: Any) -> Iterator[str]:  # noqa: ANN401 - typer's own
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    words = " ".join(_written(each) for each in arguments)
    yield f"{(command.help or '').strip()}"
    yield ""
    yield f"    tasuki {name} {words}".rstrip()
    rows = list(_parameters(command))
    if rows:
        yield ""
        yield from rows


def _written(argument: Any) -> str:  # noqa: ANN401 - typer's own
    name = argument.name.upper() + ("…" if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _parameters(command: Any) -> Iterator[str]:  # noqa: ANN401 - typer's own
    shown = [each for each in command.params if each.name != "help"]
    if not shown:
        return
    yield "| | meaning | default |"
    yield "|---|---|---|"
    for each in shown:
        if each.param_type_name == "argument":
            name = f"`{each.name.upper()}`"
        else:
            name = ", ".join(f"`{one}`" for one in (*each.opts, *each.secondary_opts))
        default = "" if each.default in {None, False, ""} else f"`{each.default}`"
        yield f"| {name} | {each.help or ''} | {default} |"
