"""Commands that read the archive: search, show, export, verify."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.archive_options import (
    By,
    Counterparty,
    DateFrom,
    DateTo,
    Direction,
    History,
    Kind,
    Least,
    Most,
    Number,
    Registration,
    Way,
    amount_of,
    day_text,
    plain_text,
)
from tasuki.cli.context import leave, of
from tasuki.cli.rulings import who_acts
from tasuki.model.errors import ConfigError

if TYPE_CHECKING:
    from tasuki.archive.chain import Checked
    from tasuki.archive.content import ContentStore
    from tasuki.archive.entry import Entry
    from tasuki.archive.query import Query
    from tasuki.cli.screen import Screen

_HEADS = ("通番", "取引年月日", "取引先", "金額", "種類", "番号", "版", "処理")


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("search")(search)
    app.command("show")(show)
    app.command("export")(export)
    app.command("verify")(verify)


def search(
    context: typer.Context,
    date_from: DateFrom = None,
    date_to: DateTo = None,
    least: Least = None,
    most: Most = None,
    counterparty: Counterparty = None,
    number: Number = None,
    kind: Kind = None,
    direction: Way = None,
    registration: Registration = None,
    history: History = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV that Excel reads.")
    ] = False,
) -> None:
    """Find documents by date, amount, counterparty and more, all of them at once."""
    from tasuki.archive.listing import csv_text, file_names
    from tasuki.engine.keeping import found

    own = of(context)
    query = _query(
        (date_from, date_to), (least, most), (counterparty, number, kind),
        direction, registration, history=history,
    )  # fmt: skip
    with own.ledger() as ledger:
        entries = found(ledger, query)
    if as_csv and not own.screen.as_json:
        sys.stdout.write(csv_text(entries, file_names(entries)))
        return
    own.screen.show([_told(one) for one in entries], lambda s: _listed(s, entries))


def _query(
    days: tuple[str | None, str | None],
    amounts: tuple[str | None, str | None],
    texts: tuple[str | None, str | None, str | None],
    direction: Direction | None,
    registration: str | None,
    *,
    history: bool,
) -> Query:
    from tasuki.archive.query import Query

    return Query(
        date_from=day_text("--from", days[0]),
        date_to=day_text("--to", days[1]),
        amount_min=amount_of("--least", amounts[0]),
        amount_max=amount_of("--most", amounts[1]),
        counterparty=plain_text("--counterparty", texts[0]),
        doc_no=plain_text("--number", texts[1]),
        doc_type=plain_text("--type", texts[2]),
        direction=direction.value if direction else None,
        registration_number=plain_text("--registration", registration),
        include_history=history,
    )


def _told(entry: Entry) -> dict[str, object]:
    return {name: value for name, value in entry._asdict().items() if value is not None}


def _listed(screen: Screen, entries: list[Entry]) -> None:
    rows = [
        (
            one.seq,
            one.transaction_date or "",
            one.counterparty or "",
            one.amount or "",
            one.doc_type,
            one.doc_no,
            one.version,
            one.op,
        )
        for one in entries
    ]
    if rows:
        screen.table(_HEADS, rows)
    screen.line(f"{len(rows):,} 件")


def show(
    context: typer.Context,
    seq: Annotated[int, typer.Argument(help="The entry's place (通番).")],
    to: Annotated[
        Path | None, typer.Option("--to", help="Write its file there.", dir_okay=False)
    ] = None,
    with_content: Annotated[
        bool, typer.Option("--content", help="Print what was sent or answered, too.")
    ] = False,
) -> None:
    """Show one entry with its whole history, and what its file says."""
    from tasuki.engine.keeping import no_such_entry

    own = of(context)
    with own.ledger() as ledger:
        entries = {one.seq: one for one in ledger.archive_entries()}
    entry = entries.get(seq)
    if entry is None:
        raise no_such_entry(seq)
    if to is not None:
        _write(own.project.archive.store.read(entry.content_sha256 or ""), to)
    store = own.project.archive.store
    said = _content(entry, store) if with_content else None
    story = [*_before(entry, entries), entry, *_after(entry, entries)]

    def people(screen: Screen) -> None:
        for one in story:
            screen.line(f"{one.seq}: {one.op} version {one.version}, {one.recorded_at}")
        for name, value in _told(entry).items():
            screen.line(f"  {name}: {value}")
        if said is not None:
            screen.line(json.dumps(said, ensure_ascii=False, indent=2))

    value = _told(entry) | {"history": [one.seq for one in story]}
    own.screen.show(value if said is None else value | {"content": said}, people)


def _content(entry: Entry, store: ContentStore) -> object:
    """Return what an archived JSON file says."""
    if entry.mime != "application/json" or not entry.content_sha256:
        where, what = f"archive entry {entry.seq}", f"its file is {entry.mime}"
        raise ConfigError(where, what, "Write it to a file: --to FILE.")
    return json.loads(store.read(entry.content_sha256))


def _before(entry: Entry, entries: dict[int, Entry]) -> list[Entry]:
    story: list[Entry] = []
    while entry.supersedes in entries and entry.supersedes < entry.seq:
        entry = entries[entry.supersedes]
        story.insert(0, entry)
    return story


def _after(entry: Entry, entries: dict[int, Entry]) -> list[Entry]:
    story = [entry]
    for one in entries.values():
        if one.supersedes == story[-1].seq:
            story.append(one)
    return story[1:]


def _write(content: bytes, to: Path) -> None:
    try:
        with to.open("xb") as file:
            file.write(content)
    except OSError as error:
        what = f"the file cannot be written ({error.strerror})"
        raise ConfigError(str(to), what, "Name a new file for it.") from None


def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The ZIP to write.", dir_okay=False)],
    date_from: DateFrom = None,
    date_to: DateTo = None,
    least: Least = None,
    most: Most = None,
    counterparty: Counterparty = None,
    number: Number = None,
    kind: Kind = None,
    direction: Way = None,
    registration: Registration = None,
    history: History = False,
    by: By = None,
) -> None:
    """Write a ZIP with a list (CSV) and the files, named as the tax office does."""
    from tasuki.engine import keeping

    own = of(context)
    query = _query(
        (date_from, date_to), (least, most), (counterparty, number, kind),
        direction, registration, history=history,
    )  # fmt: skip
    actor = f"user:{who_acts(by)}"
    store = own.project.archive.store
    with own.ledger() as ledger:
        done = keeping.export(ledger, store, query, file.resolve(), actor)
    value = {"file": str(done.path), "entries": done.entries, "files": done.files}
    words = f"{done.path}: {done.entries} entries, {done.files} files"
    own.screen.show(value | {"seq": done.seq}, lambda screen: screen.line(words))


def verify(
    context: typer.Context,
    anchor: Annotated[
        Path | None,
        typer.Option("--anchor", help="A file of anchors; else that of archive.yaml."),
    ] = None,
) -> None:
    """Walk the chain and look at every file; name whatever is not as it was."""
    from tasuki.archive.anchor import read_anchors
    from tasuki.engine.keeping import check_archive

    own = of(context)
    archive = own.project.archive
    path = anchor or archive.terms.anchor
    if anchor is not None and not anchor.is_file():
        remedy = "`tasuki archive anchor --to FILE` writes one."
        raise ConfigError(str(anchor), "there is no such file", remedy)
    anchors = read_anchors(path) if path else []
    with own.ledger() as ledger:
        checked = check_archive(ledger, archive.store, anchors)
    value = checked._asdict() | {
        "anchors": len(anchors),
        "first_bad_seq": checked.first_bad_seq,
        "faults": [fault._asdict() for fault in checked.faults],
    }
    own.screen.show(value, lambda screen: _verdict(screen, checked, len(anchors)))
    leave(1 if checked.faults else 0)


def _verdict(screen: Screen, checked: Checked, anchors: int) -> None:
    for fault in checked.faults:
        screen.line(f"! {fault.words}")
    head = (
        f"{checked.entries:,} entries, {checked.contents:,} files, {anchors:,} anchors"
    )
    said = f"{len(checked.faults)} faults" if checked.faults else "all as recorded"
    screen.line(f"{head}: {said}")
    if not anchors:
        screen.line("  without an anchor a cut-off end is not seen (archive anchor)")
