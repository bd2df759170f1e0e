"""Commands about the project's files: check, show, schema, functions, fields, test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import Context, leave, of
from tasuki.model.errors import ConfigError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from tasuki.cli.screen import Screen
    from tasuki.mapping.compile import CompiledMapping
    from tasuki.mapping.coverage import Coverage
    from tasuki.mapping.inline_tests import TestResult
    from tasuki.mapping.load import MappingSet
    from tasuki.mapping.problem import Problem, Problems

Names = Annotated[list[str] | None, typer.Argument(help="Mappings; all by default.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("check")(check)
    app.command("show")(show_mapping)
    app.command("schema")(schema)
    app.command("functions")(functions)
    app.command("fields")(fields)
    app.command("test")(run_inline_tests)


def check(
    context: typer.Context,
    live: Annotated[
        bool, typer.Option("--live", help="Also compare with the systems' own fields.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Notices are problems too.")
    ] = False,
) -> None:
    """Read every file of the project and report every problem at once; no writes."""
    from tasuki.mapping.problem import Problems

    own = of(context)
    mappings, connections = own.project.read_all()
    problems = Problems()
    used = [m for m in mappings if _is_connected(own, m, problems)]
    problems.raise_any()
    usual = [m for m in used if m.model.use == "always"]
    notices = [*mappings.notices(), *_unused(own, mappings)]
    notices += _compare_with_systems(own, usual, problems) if live else []
    if strict or len(problems):  # what is to be mended comes in one go
        problems.extend(notices)
    problems.raise_any()
    unused = [m.id for m in mappings if m not in used]
    by_name = [m for m in used if m.model.use == "by_name"]
    value = {
        "mappings": [m.id for m in usual],
        "unused": unused,
        "by_name": [m.id for m in by_name],
        "connections": list(connections),
        "live": live,
        "notices": [str(each) for each in notices],
    }

    def people(screen: Screen) -> None:
        names = ", ".join(connections)
        counts = f"{len(usual)} mappings, {len(connections)} connections ({names})"
        for each in notices:
            screen.line(f"{each}")
        noticed = f", {len(notices)} to look at" if notices else ""
        screen.line(f"{counts}: no problems{noticed}")
        for name in unused:
            screen.line(f"  not used, for want of a connection: {name} (shipped)")
        for one in by_name:
            screen.line(f"  run by name only: {one.id}")

    own.screen.show(value, people)


def _unused(own: Context, mappings: MappingSet) -> tuple[Problem, ...]:
    from tasuki.mapping.unused import unused
    from tasuki.registry import shipped_root

    folder = own.project.root / "mappings"
    return unused(folder, mappings, shipped_root() / "mappings")


def _is_connected(own: Context, mapping: CompiledMapping, problems: Problems) -> bool:
    """Say whether both systems are connected; a shipped mapping may go unused."""
    from tasuki.mapping.problem import nearest
    from tasuki.model.record import HUB

    project = own.project
    document = project.mappings.file(mapping.id)
    missing = [
        (role, ref.connection)
        for role, ref in (
            ("source", mapping.source),
            ("destination", mapping.destination),
        )
        if ref.connection not in {*project.connections, HUB}
    ]
    if missing and (project.root / document.file).is_file():
        listed = f"There are: {', '.join(project.connections)}."
        for role, name in missing:
            what = f"connections.yaml has no connection '{name}'"
            remedy = nearest(name, project.connections, listed)
            problems.add(document.problem((role,), what, remedy))
    return not missing


def _compare_with_systems(
    own: Context, mappings: list[CompiledMapping], problems: Problems
) -> list[Problem]:
    """Compare what mappings read and write with what the systems have.

    Faults go to `problems`; what may be meant is returned.
    """
    from tasuki.mapping.live import compare

    notices: list[Problem] = []
    with own.ledger() as ledger, own.schemas(ledger) as describe:
        for mapping in mappings:
            document = own.project.mappings.file(mapping.id)
            rules = own.project.mappings.rules(mapping.id)
            made = compare(document, mapping, rules, describe)
            problems.extend(made.faults)
            notices += made.notices
    return notices


def show_mapping(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A mapping's id.")],
) -> None:
    """Print a mapping in full: every default, and where each outside thing stands."""
    from tasuki.mapping.origins import origins
    from tasuki.mapping.show import show

    own = of(context)
    mapping = own.project.mappings[name]
    text = show(mapping)
    mappings = own.project.mappings
    found = origins(mappings.loaded(mapping.id), mappings.around)
    value = {
        "id": mapping.id,
        "revision": mapping.revision,
        "yaml": text,
        "origins": [each._asdict() for each in found],
    }

    def people(screen: Screen) -> None:
        screen.line(text.rstrip())
        screen.line(f"# revision {mapping.revision}")
        for each in found:
            said = "" if each.kind != "setting" else f" = {each.value}"
            screen.line(f"# {each.kind} {each.name}{said}  ({each.where})")

    own.screen.show(value, people)


def schema(
    context: typer.Context,
    write: Annotated[
        bool, typer.Option("--write", help="Into mappings/, where editors look.")
    ] = False,
    alerts: Annotated[
        bool, typer.Option("--alerts", help="That of alerts.yaml instead.")
    ] = False,
    of_model: Annotated[
        bool, typer.Option("--model", help="That of model.yaml instead.")
    ] = False,
) -> None:
    """Print the JSON Schema of mappings, of alerts.yaml or of model.yaml."""
    from tasuki.alert.file_model import AlertsModel
    from tasuki.insight.handoff_model import ModelModel
    from tasuki.mapping.model import MappingModel
    from tasuki.mapping.schema_file import (
        ALERTS_SCHEMA_FILE,
        MODEL_SCHEMA_FILE,
        SCHEMA_FILE,
        json_schema,
        schema_text,
    )

    own = of(context)
    model: type[BaseModel] = MappingModel
    name = SCHEMA_FILE
    if alerts:
        model, name = AlertsModel, ALERTS_SCHEMA_FILE
    elif of_model:
        model, name = ModelModel, MODEL_SCHEMA_FILE
    text = schema_text(model)
    if not write:
        own.screen.show(json_schema(model), lambda screen: screen.line(text.rstrip()))
        return
    path = own.project.root / "mappings" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    own.screen.show({"file": str(path)}, lambda screen: screen.line(str(path)))


def functions(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="One function.")] = None,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="The reference page.")
    ] = False,
) -> None:
    """List the functions of formulas, with examples that run."""
    from tasuki.formula.reference import shown

    own = of(context)
    around = own.project.mappings.around
    table, places = around.functions, around.places
    if as_markdown:
        from tasuki.formula.reference import markdown

        text = markdown(table)
        own.screen.show({"markdown": text}, lambda s: s.line(text.rstrip()))
        return
    if name is not None and name not in table.names:
        from tasuki.mapping.problem import nearest

        remedy = nearest(name, table.names, "`tasuki functions` lists them all.")
        where = "functions"
        raise ConfigError(where, f"there is no function '{name}'", remedy)
    chosen = [table[one] for one in sorted(table.names) if name in {None, one}]
    value = [
        {
            "name": f.name,
            "group": f.group,
            "signature": f.signature,
            "doc": f.doc,
            "examples": [e.formula for e in f.examples],
            "where": places.get(f"function {f.name}", "built in"),
        }
        for f in chosen
    ]

    def people(screen: Screen) -> None:
        rows = [(f.group, f.signature, f.doc.split("\n")[0]) for f in chosen]
        screen.table(("group", "function", "meaning"), sorted(rows))
        for example in chosen[0].examples if name else ():
            screen.line(f"  {example.formula}  →  {shown(example.gives)}")
        if name and f"function {name}" in places:
            screen.line(f"  {places[f'function {name}']}")

    own.screen.show(value, people)


def fields(
    context: typer.Context,
    connection: Annotated[str, typer.Argument(help="A connection's name.")],
    stream: Annotated[str, typer.Argument(help="For example contacts or Lead.")],
) -> None:
    """List the fields of a system's stream."""
    own = of(context)
    with own.ledger() as ledger, own.system(connection, ledger) as system:
        found = system.describe(stream).fields.values()
    rows = [
        (
            f.name,
            f.label,
            f.type,
            f.length or "",
            "required" if f.required else "",
            "" if f.writable else "read only",
            "unique" if f.unique else "",
        )
        for f in found
    ]
    value = [
        {
            "name": f.name,
            "label": f.label,
            "type": f.type,
            "length": f.length,
            "required": f.required,
            "writable": f.writable,
            "unique": f.unique,
            "options": list(f.options),
        }
        for f in found
    ]
    heads = ("field", "label", "type", "length", "", "", "")
    own.screen.show(value, lambda screen: screen.table(heads, rows))


def run_inline_tests(
    context: typer.Context,
    names: Names = None,
    with_coverage: Annotated[
        bool, typer.Option("--coverage", help="Say what no test reaches.")
    ] = False,
    fail_under: Annotated[
        float | None,
        typer.Option(min=0, max=100, help="Least coverage of each mapping, percent."),
    ] = None,
) -> None:
    """Run the tests inside mapping files: offline, in milliseconds."""
    from tasuki.mapping.coverage import coverage
    from tasuki.mapping.inline_tests import run_tests

    own = of(context)
    mappings = own.project.mappings
    chosen = tuple(mappings[name].id for name in names or ())
    results = run_tests(mappings, chosen, own.project.renderer)
    failed = [one for one in results if not one.passed]
    value = [
        {
            "mapping": r.mapping,
            "test": r.name,
            "passed": r.passed,
            "position": r.position,
            "difference": r.difference,
        }
        for r in results
    ]
    wanted = with_coverage or fail_under is not None
    covered = coverage(mappings, chosen) if wanted else []
    low = [one for one in covered if one.percent < (fail_under or 0)]
    if not wanted:
        own.screen.show(value, lambda screen: _results(screen, results, failed))
        leave(2 if failed else 0)
        return

    def people(screen: Screen) -> None:
        _results(screen, results, failed)
        _coverage(screen, covered)
        for one in low:
            screen.line(f"{one.mapping}: {one.percent:.0f} % is under {fail_under:g} %")

    reached = [
        {
            "mapping": one.mapping,
            "percent": round(one.percent, 1),
            "missing": [part._asdict() for part in one.missing],
        }
        for one in covered
    ]
    own.screen.show({"tests": value, "coverage": reached}, people)
    leave(2 if failed or low else 0)


def _coverage(screen: Screen, covered: list[Coverage]) -> None:
    for one in covered:
        counts = f"{len(one.parts) - len(one.missing)} of {len(one.parts)} parts"
        screen.line(f"{one.mapping}: {one.percent:.0f} % ({counts})")
        for part in one.missing:
            screen.line(f"  {part.position}: {part.what}")


def _results(
    screen: Screen, results: list[TestResult], failed: list[TestResult]
) -> None:
    for one in failed:
        screen.line(f"{one.position}: {one.name}")
        for line in one.difference.splitlines():
            screen.line(f"  {line}")
    passed = len(results) - len(failed)
    screen.line(f"{passed} passed, {len(failed)} failed")
