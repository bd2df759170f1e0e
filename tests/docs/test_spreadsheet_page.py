"""Each formula on the page for spreadsheet people gives what the page says."""

import json
import re
from datetime import date
from decimal import Decimal

import pytest

from tasuki.formula import builtin_functions
from tasuki.formula.formula import parse
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "how-to" / "from-spreadsheets.md"
ROW = re.compile(r"^\| .* \| `= (?P<formula>[^|]+)` \| `(?P<gives>[^|`]+)` \|$")
RECORD = {
    "amount": 1980,
    "name": "㈱ サンプル",
    "tel": "０３－１２３４－５６７８",
    "stage": "won",
    "closed": "2026-05-20",
    "memo": " ",
    "address": "東京都港区芝1-1",
    "lines": [{"price": 1000}, {"price": 500}, {"price": None}],
}


def rows() -> list[tuple[str, str]]:
    found = [ROW.match(line) for line in PAGE.read_text(encoding="utf-8").splitlines()]
    return [(one["formula"], one["gives"]) for one in found if one]


def written(value: object) -> str:
    if isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal | int | str) else repr(value)


def test_the_page_has_its_pairs() -> None:
    assert len(rows()) >= 25


@pytest.mark.parametrize(("formula", "gives"), rows(), ids=[f for f, _ in rows()])
def test_a_pair_on_the_page_is_true(formula: str, gives: str) -> None:
    functions = builtin_functions({}, {}, lambda: date(2026, 5, 20))
    assert written(parse(formula, functions)(RECORD)) == gives
