"""`tasuki invoice …`: an invoice as PDF and as digital invoice, and cancelling it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.cancelling import cancel
from tasuki.cli.context import Context, leave, of
from tasuki.cli.invoice_options import Ref, Which, documents
from tasuki.model.errors import ConfigError

if TYPE_CHECKING:
    from tasuki.cli.screen import Screen
    from tasuki.engine.papers import Invoice
    from tasuki.paper.pint.check import Finding
    from tasuki.paper.values import Earlier, Paper

Out = Annotated[Path, typer.Option("--out", help="The file to write.", dir_okay=False)]
Offline = Annotated[
    bool, typer.Option("--offline", help="Only what was sent already; make no call.")
]
Original = Annotated[
    str | None,
    typer.Option("--original", help="What a credit note takes back: INV-1:2026-04-30."),
]
Force = Annotated[
    bool, typer.Option("--force", help="Write over a file that is there.")
]

_MARKS = {"issued": "COPY", "held": "DRAFT", "planned": "DRAFT"}


def register(app: typer.Typer) -> None:
    """Add this group of commands."""
    group = typer.Typer(
        help="Set an invoice as PDF, write and check digital invoices (JP PINT), "
        "cancel an invoice.",
        no_args_is_help=True,
    )
    group.command("preview")(preview)
    group.command("xml")(xml)
    group.command("check")(check)
    group.command("cancel")(cancel)
    app.add_typer(group, name="invoice")


def preview(
    context: typer.Context,
    record: Ref,
    out: Out,
    mapping: Which = None,
    offline: Offline = False,
    force: Force = False,
    original: Original = None,
) -> None:
    """Write an invoice as a Japanese PDF: a draft, or the copy of an issued one."""
    from tasuki.paper.lint import paper_notices, paper_problems
    from tasuki.paper.pdf import missing_characters, pdf_of

    own = of(context)
    invoice, paper = _paper(own, record, mapping, original, offline=offline)
    content = pdf_of(paper)
    _write(content, out, force=force)
    missed = paper_problems(paper)
    lacking = missing_characters(paper)
    notices = paper_notices(paper)
    value = _told(invoice, paper, out) | {
        "bytes": len(content),
        "missing_items": [one._asdict() for one in missed],
        "notices": notices,
        "missing_characters": lacking,
    }

    def people(screen: Screen) -> None:
        screen.line(_line(invoice, paper, out))
        for one in missed:
            screen.line(f"  ! 記載事項の不足 {one.code}: {one.japanese} ({one.words})")
        for words in notices:
            screen.line(f"  ! {words}")
        if lacking:
            screen.line(f"  ! not in the typeface, set as 〓: {lacking}")

    own.screen.show(value, people)


def xml(
    context: typer.Context,
    record: Ref,
    out: Out,
    mapping: Which = None,
    offline: Offline = False,
    force: Force = False,
    original: Original = None,
    buyer_id: Annotated[
        str | None,
        typer.Option("--buyer-id", help="The buyer in Peppol: 0188:7000012050002."),
    ] = None,
) -> None:
    """Write an invoice as a digital invoice: JP PINT, UBL 2.1."""
    from dataclasses import replace

    from tasuki.paper.pint.check import check_xml
    from tasuki.paper.pint.writing import invoice_xml

    own = of(context)
    invoice, paper = _paper(own, record, mapping, original, offline=offline)
    if buyer_id is not None:
        who = replace(paper.recipient, peppol_id=_peppol(buyer_id))
        paper = replace(paper, recipient=who)
    content = invoice_xml(paper)
    found = check_xml(content)
    _write(content, out, force=force)
    value = _told(invoice, paper, out) | {"findings": [one._asdict() for one in found]}

    def people(screen: Screen) -> None:
        screen.line(_line(invoice, paper, out))
        _list(screen, found)

    own.screen.show(value, people)


def check(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A JP PINT invoice.", dir_okay=False)],
    rules: Annotated[
        Path | None,
        typer.Option(
            "--rules", help="A folder with the official schemas and rules (.xslt)."
        ),
    ] = None,
) -> None:
    """Check a digital invoice, with the official rules too where you have them."""
    from tasuki.paper.pint.check import check_xml
    from tasuki.paper.pint.official import official_findings

    own = of(context)
    try:
        content = file.read_bytes()
    except OSError as error:
        what = f"the file cannot be read ({error.strerror})"
        raise ConfigError(str(file), what, "Name a file that is there.") from None
    found = check_xml(content)
    used: list[str] = []
    if rules is not None:
        more, used = official_findings(content, rules)
        found += more
    value = {
        "file": str(file),
        "findings": [one._asdict() for one in found],
        "official": used,
    }

    def people(screen: Screen) -> None:
        _list(screen, found)
        said = f"{len(found)} findings" if found else "nothing found"
        by = f"our checks and {', '.join(used)}" if used else "our checks only"
        screen.line(f"{file}: {said} ({by})")

    own.screen.show(value, people)
    leave(1 if found else 0)


def _list(screen: Screen, found: list[Finding]) -> None:
    for one in found:
        screen.line(f"  ! {one}")


def _peppol(text: str) -> str:
    scheme, _, number = text.partition(":")
    if len(scheme) != len("0188") or not scheme.isdecimal() or not number:
        remedy = "Write scheme and number: 0188:7000012050002."
        raise ConfigError("--buyer-id", f"'{text}' is no Peppol id", remedy)
    return text


def _told(invoice: Invoice, paper: Paper, out: Path) -> dict[str, object]:
    return {
        "file": str(out),
        "record": invoice.ref,
        "mapping": invoice.mapping.id,
        "state": invoice.state,
        "kind": paper.kind.value,
        "number": paper.number,
        "amount_due": f"{paper.sums.amount_due:f}",
        "currency": paper.document.currency,
    }


def _line(invoice: Invoice, paper: Paper, out: Path) -> str:
    due = f"{paper.document.currency} {paper.sums.amount_due:,f}"
    number = paper.number or "no number yet"
    return f"{out}: {paper.kind.value} {number}, {due}, {invoice.state} ({invoice.ref})"


def _write(content: bytes, out: Path, *, force: bool) -> None:
    try:
        with out.open("wb" if force else "xb") as file:
            file.write(content)
    except FileExistsError:
        remedy = "Name a new file, or write over it with --force."
        raise ConfigError(str(out), "exists already", remedy) from None
    except OSError as error:
        what = f"the file cannot be written ({error.strerror})"
        raise ConfigError(str(out), what, "Name a file in a folder of yours.") from None


# -- the invoice -----------------------------------------------------------------------


def _paper(
    own: Context, ref: str, mapping: str | None, original: str | None, *, offline: bool
) -> tuple[Invoice, Paper]:
    from dataclasses import replace

    from tasuki.paper.reading import read_paper
    from tasuki.paper.values import Mark

    issuer = own.project.issuer
    invoice = _invoice(own, ref, mapping, offline=offline)
    mark = Mark[_MARKS[invoice.state]]
    paper = read_paper(invoice.known, issuer, own.project.today(), mark)
    earlier = _earlier(original) if original else paper.earlier
    return invoice, replace(paper, earlier=earlier)


def _earlier(text: str) -> Earlier:
    from datetime import date

    from tasuki.paper.values import Earlier

    number, _, day = text.rpartition(":")
    number = number.strip()
    try:
        when = date.fromisoformat(day.strip()) if number else None
    except ValueError:
        when = None
    if when is None:
        what = f"'{text}' is no invoice with its day"
        raise ConfigError("--original", what, "Write INV-1:2026-04-30.")
    return Earlier(number, when)


def _invoice(own: Context, ref: str, mapping: str | None, *, offline: bool) -> Invoice:
    """Return the invoice that is meant: made already, or as a run would make it."""
    from tasuki.engine.papers import (
        find_issued,
        look_ahead,
        of_record,
        the_one,
        with_modes,
    )

    mappings = documents(own, mapping)
    with own.ledger() as ledger:
        found = find_issued(ledger, mappings, ref)
    if offline:
        invoice = the_one(found, ref)
        return _by_settings(own, invoice)
    if found:
        invoice = the_one(found, ref)
        with own.sync(invoice.mapping.id) as sync:
            return with_modes(sync, invoice, own.project.rounding_modes(sync.mapping))
    refusals: list[ConfigError] = []
    for one in mappings:
        source_id = of_record(one, ref)
        if not source_id:
            continue
        try:
            with own.sync(one.id) as sync:
                ahead = look_ahead(sync, source_id)
                if ahead is not None:
                    modes = own.project.rounding_modes(one)
                    found.append(with_modes(sync, ahead, modes))
        except ConfigError as error:
            refusals.append(error)
    if not found and refusals:
        raise refusals[0]
    return the_one(found, ref)


def _by_settings(own: Context, invoice: Invoice) -> Invoice:
    from dataclasses import replace

    modes = own.project.rounding_modes(invoice.mapping)
    return invoice._replace(known=replace(invoice.known, modes=modes))
