"""Commands about the project's files: check, show, schema, functions, fields, test."""

from typing import Annotated

import orjson
import typer

from tasuki.cli.context import Context, leave, of
from tasuki.cli.screen import Screen
from tasuki.formula.reference import markdown
from tasuki.mapping.inline_tests import TestResult, run_tests
from tasuki.mapping.show import json_schema, show
from tasuki.model.errors import MappingError
from tasuki.model.record import Schema, StreamRef
from tasuki.transport.calls import Calls

Names = Annotated[list[str] | None, typer.Argument(help="Mappings; all by default.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("check")(check)
    app.command("show")(show_mapping)
    app.command("schema")(schema)
    app.command("functions")(functions)
    app.command("fields")(fields)
    app.command("test")(test)


def check(
    context: typer.Context,
    live: Annotated[
        bool, typer.Option(help="Also compare with the connected systems' schemas.")
    ] = False,
) -> None:
    """Read every file of the project and report every problem at once; no writes."""
    own = of(context)
    mappings = own.project.mappings
    connections = own.project.connections
    problems = [
        f"mappings/{m.id}: {role} '{ref}' names no connection of connections.yaml"
        for m in mappings
        for role, ref in (("source", m.source), ("destination", m.destination))
        if ref.connection not in connections
    ]
    if live:
        problems += _against_schemas(own)
    if problems:
        raise MappingError(tuple(problems))
    value = {"mappings": list(mappings.mappings), "connections": list(connections)}

    def people(screen: Screen) -> None:
        names = ", ".join(connections)
        screen.line(f"{len(mappings)} mappings and {len(connections)} connections"
                    f" ({names}): no problems")

    own.screen.show(value, people)


def _against_schemas(own: Context) -> list[str]:
    """Compare what mappings read and write with what the systems have."""
    problems: list[str] = []
    known: dict[StreamRef, Schema] = {}
    with own.ledger() as ledger:

        def schema_of(ref: StreamRef) -> Schema:
            if ref not in known:
                system = own.project.open_system(ref.connection, ledger, Calls())
                try:
                    known[ref] = system.describe(ref.stream)
                finally:
                    system.close()
            return known[ref]

        for mapping in own.project.mappings:
            there = schema_of(mapping.destination).fields
            for name in mapping.fields:
                if name not in there:
                    problems.append(f"{mapping.id}: {mapping.destination} has no field '{name}'")
                elif not there[name].writable:
                    problems.append(f"{mapping.id}: {mapping.destination}.{name} cannot be written")
            here = schema_of(mapping.source).fields
            problems += [
                f"{mapping.id}: {mapping.source} has no field '{name}'"
                for name in mapping.query().fields
                if name not in here
            ]
    return problems


def show_mapping(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A mapping's id.")],
) -> None:
    """Print a mapping in full, every default made visible."""
    own = of(context)
    mapping = own.project.mappings[name]
    text = show(mapping)
    own.screen.show({"id": mapping.id, "revision": mapping.revision, "yaml": text},
                    lambda screen: screen.line(text.rstrip()))


def schema(context: typer.Context) -> None:
    """Print the JSON Schema of mapping files, for editors."""
    text = orjson.dumps(json_schema(), option=orjson.OPT_INDENT_2).decode()
    own = of(context)
    own.screen.show(json_schema(), lambda screen: screen.line(text))


def functions(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="One function.")] = None,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="The reference page.")
    ] = False,
) -> None:
    """List the functions of formulas, with examples that run."""
    own = of(context)
    table = own.project.mappings.around.functions
    if as_markdown:
        own.screen.line(markdown(table).rstrip())
        return
    chosen = [table[one] for one in sorted(table.names) if name in {None, one}]
    if name and not chosen:
        raise MappingError((f"there is no function '{name}'",))
    value = [
        {"name": f.name, "group": f.group, "signature": f.signature, "doc": f.doc}
        for f in chosen
    ]

    def people(screen: Screen) -> None:
        rows = [(f.group, f.signature, f.doc.split("\n")[0]) for f in chosen]
        screen.table(("group", "function", "meaning"), sorted(rows))
        if name:
            for example in chosen[0].examples:
                screen.line(f"  {example}")

    own.screen.show(value, people)


def fields(
    context: typer.Context,
    connection: Annotated[str, typer.Argument(help="A connection's name.")],
    stream: Annotated[str, typer.Argument(help="For example contacts or Lead.")],
) -> None:
    """List the fields of a system's stream."""
    own = of(context)
    with own.ledger() as ledger:
        system = own.project.open_system(connection, ledger, Calls())
        try:
            found = system.describe(stream)
        finally:
            system.close()
    rows = [
        (f.name, f.label, f.type, f.length or "", "required" if f.required else "",
         "" if f.writable else "read only", "unique" if f.unique else "")
        for f in found.fields.values()
    ]
    value = [
        {"name": f.name, "label": f.label, "type": f.type, "length": f.length,
         "required": f.required, "writable": f.writable, "unique": f.unique,
         "options": list(f.options)}
        for f in found.fields.values()
    ]
    heads = ("field", "label", "type", "length", "", "", "")
    own.screen.show(value, lambda screen: screen.table(heads, rows))


def test(context: typer.Context, names: Names = None) -> None:
    """Run the tests inside mapping files: offline, in milliseconds."""
    own = of(context)
    results = run_tests(own.project.mappings, tuple(names or ()))
    failed = [one for one in results if not one.passed]
    value = [
        {"mapping": r.mapping, "test": r.name, "passed": r.passed,
         "position": r.position, "difference": r.difference}
        for r in results
    ]
    own.screen.show(value, lambda screen: _results(screen, results, failed))
    leave(2 if failed else 0)


def _results(
    screen: Screen, results: list[TestResult], failed: list[TestResult]
) -> None:
    for one in failed:
        screen.line(f"{one.position}: {one.name}")
        for line in one.difference.splitlines():
            screen.line(f"  {line}")
    passed = len(results) - len(failed)
    screen.line(f"{passed} passed, {len(failed)} failed")
