"""The month-end demo as a person starts it, and once more: no second invoice."""

import io
from pathlib import Path

from rich.console import Console

from tasuki.demo.month import show
from tasuki.demo.month_screen import read_books
from tasuki.project import Project
from tasuki.sandbox.rehearsal import ENVIRONMENT


def told(place: Path) -> str:
    page = io.StringIO()
    show(place, Console(file=page, width=200))
    return page.getvalue()


def test_a_month_is_closed_in_two_systems_and_closing_it_again_does_nothing(
    tmp_path: Path,
) -> None:
    first = told(tmp_path)
    assert "もう一度 / once more: 0 件作成 created, 0 writes" in first
    assert "期限超過  株式会社うみねこ運輸 02" in first
    assert "一部入金  株式会社きさらぎ印刷 01" in first
    assert "株式会社おおぞら設計 01: 返還インボイス" in first
    with Project(tmp_path, environment=ENVIRONMENT).open_ledger() as ledger:
        due = ledger.billing().invoices_after(0, 1_000, credits_too=True)
        books = read_books(ledger, due)
    assert {name: (one.invoices, one.credits) for name, one in books.items()} == {
        "freee": (21, 1),  # twenty by themselves, six deals of one customer together
        "moneyforward": (14, 0),
    }
    deals = {deal for row in due for deal in row.fields["deals"]}
    assert len(deals) == 40
    for one in books.values():
        assert one.ours == one.theirs
        assert {name for name, base in one.bases.items() if base} == {
            "standard",
            "reduced",
            "exempt",
        }
    assert told(tmp_path) == first
