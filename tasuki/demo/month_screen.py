"""The month's result on one screen: what was billed, paid, is late, and waits."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tasuki.billing.document import totals
from tasuki.ledger import Ledger
from tasuki.ledger.billing_rows import StoredInvoice

_MOST: Final = 10_000
_RATES: Final = {"standard": "10%", "reduced": "8%（軽減）", "exempt": "非課税"}


@dataclass(slots=True)
class BookOf:
    """What one accounting system holds of the month."""

    invoices: int = 0
    credits: int = 0
    bases: Counter[str] = field(default_factory=Counter)
    taxes: Counter[str] = field(default_factory=Counter)
    ours: Decimal = Decimal(0)
    theirs: Decimal = Decimal(0)


def show_month(
    console: Console,
    ledger: Ledger,
    deals: Mapping[str, Mapping[str, Any]],
    today: date,
) -> None:
    """Print the month.

    Args:
        console: Where to.
        ledger: What was done.
        deals: Salesforce's opportunities by id, as they are now.
        today: The day in Japan.
    """
    due = ledger.billing().invoices_after(0, _MOST, credits_too=True)
    console.print(f"[bold]月次請求 / month end, {today}[/bold]\n")
    console.print(_books(ledger, due))
    won = [row for row in deals.values() if row.get("Payment_Status__c")]
    states = Counter(str(row["Payment_Status__c"]) for row in won)
    told = "  ".join(f"{name} {count}" for name, count in states.most_common())
    console.print(f"\n[bold]入金状況 / payments on deals:[/bold] {told}")
    for line in _open(won):
        console.print(f"  {line}", highlight=False)
    console.print("\n[bold]人の判断待ち / waits for a person[/bold]")
    names = {key: str(row["Name"]) for key, row in deals.items()}
    for hold in ledger.holds():
        console.print(f"  {names.get(hold.source_id, hold.ref)}: {hold.detail}")


def _books(ledger: Ledger, due: Sequence[StoredInvoice]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("会計システム")
    for name in ("請求書", "返還"):
        table.add_column(name, justify="right")
    for rate in _RATES.values():
        table.add_column(rate, justify="right")
        table.add_column("税", justify="right")
    table.add_column("Tasuki", justify="right")
    table.add_column("先方の回答", justify="right")
    books = read_books(ledger, due)
    for name, one in books.items():
        table.add_row(name, str(one.invoices), str(one.credits), *_amounts(one))
    return table


def _amounts(one: BookOf) -> Iterator[str]:
    for tax in _RATES:
        yield f"{one.bases[tax]:,}"
        yield f"{one.taxes[tax]:,}"
    yield f"¥{one.ours:,}"
    yield f"¥{one.theirs:,}"


def read_books(ledger: Ledger, due: Sequence[StoredInvoice]) -> dict[str, BookOf]:
    """Return the sums of each system: by our rules, and as its receipts state them."""
    found: dict[str, BookOf] = {}
    issued = ledger.billing().issued([row.id for row in due])
    for row in due:
        state, where, receipt = issued.get(row.id, ("", "", {}))
        if state != "confirmed":
            continue
        book = found.setdefault(where.split("/", 1)[0], BookOf())
        is_credit = row.fields.get("kind") == "credit"
        book.credits += is_credit
        book.invoices += not is_credit
        sums = totals({"lines": _lines(row.fields)})
        for part in sums.breakdown:
            name = part.tax_class.value
            book.bases[name] += int(part.base_excl)
            book.taxes[name] += int(part.tax)
        book.ours += sums.total_incl
        book.theirs += Decimal(str(receipt.get("total_amount")))
    return found


def _lines(fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = ("description", "quantity", "unit_price", "tax")
    return [{name: line[name] for name in names} for line in fields["lines"]]


def _open(won: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for row in sorted(won, key=lambda row: str(row["Name"])):
        left = int(row.get("Outstanding_Amount__c") or 0)
        if left:
            yield f"{row['Payment_Status__c']}  {row['Name']}  ¥{left:,}"
