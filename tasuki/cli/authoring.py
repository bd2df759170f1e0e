"""Commands that write mapping files, or into them: new, freeze."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import Context, of
from tasuki.model.errors import ConfigError, TasukiError

if TYPE_CHECKING:
    from tasuki.cli.screen import Screen
    from tasuki.mapping.compile import CompiledMapping
    from tasuki.mapping.freezing import Frozen
    from tasuki.mapping.propose import Proposal
    from tasuki.model.record import StreamRef


class Kind(StrEnum):
    """What `tasuki new` makes."""

    MAPPING = "mapping"


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("new")(new)
    app.command("freeze")(freeze)


def new(
    context: typer.Context,
    kind: Annotated[Kind, typer.Argument(help="What to make.")],
    source: Annotated[str, typer.Argument(help="For example hubspot/contacts.")],
    destination: Annotated[str, typer.Argument(help="For example salesforce/Lead.")],
    name: Annotated[
        str, typer.Option("--name", help="The mapping's id; made of both else.")
    ] = "",
    only_print: Annotated[
        bool, typer.Option("--print", help="Print the file; write nothing.")
    ] = False,
) -> None:
    """Propose a mapping file from both systems' own fields, to be corrected."""
    from tasuki.mapping.schema_file import SCHEMA_FILE, schema_text, with_header

    own = of(context)
    made = _proposed(own, _stream(source), _stream(destination), name)
    path = own.project.root / "mappings" / f"{made.name}.yaml"
    if not only_print:
        _write(path, with_header(made.text))
        schema = path.with_name(SCHEMA_FILE)
        if not schema.exists():
            schema.write_text(schema_text(), encoding="utf-8")
    value = {
        "kind": kind.value,
        "file": None if only_print else str(path),
        "text": made.text,
        "fields": {pair.there.name: pair.here.name for pair in made.pairs},
        "missing": list(made.missing),
    }

    def people(screen: Screen) -> None:
        if only_print:
            screen.line(made.text.rstrip())
            return
        screen.line(f"{path.relative_to(own.project.root)}: {len(made.pairs)} fields")
        for one in made.missing:
            screen.line(f"  {one} is wanted over there, and nothing here is like it")
        screen.line("Next: read it, then")
        screen.line(f"  tasuki check --live, tasuki plan {made.name}")

    own.screen.show(value, people)


def freeze(
    context: typer.Context,
    ref: Annotated[str, typer.Argument(help="For example hubspot/contacts/123.")],
    into: Annotated[str, typer.Option("--into", help="The mapping to test.")],
    name: Annotated[str, typer.Option("--name", help="What the test shows.")] = "",
    only_print: Annotated[
        bool, typer.Option("--print", help="Print the test; write nothing.")
    ] = False,
) -> None:
    """Turn a live record into an inline test of a mapping, its personal data masked."""
    from tasuki.mapping.freezing import insert_test
    from tasuki.mapping.show import dump

    own = of(context)
    mapping = own.project.mappings[into]
    frozen = _frozen(own, mapping, ref, name)
    document = own.project.mappings.file(into)
    path = own.project.root / document.file
    if not only_print:
        if not path.is_file():
            what = f"'{into}' is shipped, and not a file of this project"
            remedy = "Copy it first: tasuki init --copy-mappings."
            raise ConfigError(document.file, what, remedy)
        text = insert_test(document, frozen.test)
        _write_checked(own, into, path, text)
    value = {
        "mapping": into,
        "file": None if only_print else str(path),
        "ending": frozen.ending,
        "masked": list(frozen.masked),
        "test": frozen.test,
    }

    def people(screen: Screen) -> None:
        if only_print:
            screen.line(dump({"tests": [frozen.test]}).rstrip())
            return
        hidden = ", ".join(frozen.masked) or "nothing"
        screen.line(f"{document.file}: one more test ({frozen.ending})")
        screen.line(f"  masked: {hidden}")
        screen.line(f"Next: read it, then `tasuki test {into}`")

    own.screen.show(value, people)


def _frozen(own: Context, mapping: CompiledMapping, ref: str, name: str) -> Frozen:
    """Read the record and the links it needs, and make a test of them."""
    from tasuki.engine.lookups import Lookups
    from tasuki.mapping.freezing import freeze as made_of

    head, _, record_id = ref.rpartition("/")
    if head != str(mapping.source) or not record_id:
        what = f"'{mapping.id}' reads {mapping.source}, not '{head or ref}'"
        remedy = f"For example {mapping.source}/123."
        raise ConfigError(ref, what, remedy)
    with own.ledger() as ledger:
        with own.system(mapping.source.connection, ledger) as system:
            found = system.source.fetch(mapping.query(), [record_id])
            fields = system.describe(mapping.source.stream).fields.values()
        if not found or found[0].deleted or found[0].outside:
            what = "there is no such record, or `where` does not hold for it"
            remedy = (
                "Take the id from the system's own screen, or from `tasuki explain`."
            )
            raise ConfigError(ref, what, remedy)
        links: dict[str, dict[str, str]] = {}
        for sync, source_id in mapping.link_needs(found[0]):
            known = ledger.link_targets(sync, [source_id])
            if source_id in known:
                links.setdefault(sync, {})[source_id] = known[source_id]
        with own.sync(mapping.id) as opened:
            lookups = Lookups(opened)
            lookups.prepare(found, lambda at, one: links.get(at, {}).get(one))
    free_mail = own.project.mappings.around.lists.get("free_mail_domains", ())
    labels = {each.name: each.label for each in fields}
    return made_of(
        mapping,
        found[0],
        links,
        labels=labels,
        kept_domains=free_mail,
        name=name,
        rows_of=lookups.rows,
    )


def _write_checked(own: Context, name: str, path: Path, text: str) -> None:
    """Write the file's new text, and put the old one back unless its test passes."""
    from tasuki.mapping.inline_tests import run_tests
    from tasuki.project import Project

    before = path.read_text(encoding="utf-8")
    _replace(path, text)
    try:
        project = Project(own.project.root)
        results = run_tests(project.mappings, (name,), project.renderer)
        difference = results[-1].difference
    except TasukiError as error:
        difference = str(error)
    if difference:
        _replace(path, before)
        what = f"the test would not pass: {difference}"
        remedy = "Write this test by hand; the file is as it was."
        raise ConfigError(path.name, what, remedy)


def _replace(path: Path, text: str) -> None:
    """Put the new text in the file's place, whole or not at all."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def _stream(text: str) -> StreamRef:
    from tasuki.model.record import StreamRef

    try:
        return StreamRef.parse(text)
    except ValueError as error:
        where, remedy = "new mapping", "For example hubspot/contacts."
        raise ConfigError(where, str(error), remedy) from None


def _proposed(
    own: Context, source: StreamRef, destination: StreamRef, name: str
) -> Proposal:
    from tasuki.mapping.propose import propose

    for ref in (source, destination):
        own.project.connection(ref.connection)
    with own.ledger() as ledger:
        with own.system(source.connection, ledger) as system:
            read = system.describe(source.stream)
        with own.system(destination.connection, ledger) as system:
            written = system.describe(destination.stream)
            facts = system.destination.facts(destination.stream)
    return propose((source, read), (destination, written), facts.create_class, name)


def _write(path: Path, text: str) -> None:
    """Write a file that is not there yet, whole or not at all."""
    where = str(path)
    if path.exists():
        what = "is there already"
        remedy = "Choose another --name, or look at it with --print."
        raise ConfigError(where, what, remedy)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
