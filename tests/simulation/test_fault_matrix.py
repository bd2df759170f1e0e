"""Every fault at every write class: one effect each, or a person's question.

The results are the page docs/reference/faults.md: `make faults` writes it anew.
"""

import re
from collections.abc import Iterator

import pytest

from tests.simulation.matrix import expected
from tests.simulation.matrix.cell import Cell, Stage, stage, wanted
from tests.simulation.matrix.columns import RECORDS, Column
from tests.simulation.matrix.page import PAGE, Key, page
from tests.simulation.matrix.rows import GONE, Meaning, Row

CELLS: dict[Key, Cell] = {}


@pytest.fixture(scope="module")
def matrix() -> Iterator[Stage]:
    with stage() as one:
        yield one


def cell_of(matrix: Stage, row: Row, column: Column, *, lasting: bool) -> Cell:
    key = row.title, column.name, lasting
    if key not in CELLS:
        CELLS[key] = matrix.play(row, column, lasting=lasting)
    return CELLS[key]


@pytest.mark.parametrize(
    ("row", "column", "lasting"),
    [
        pytest.param(*one, id=f"{one[0].title}-{one[1].name}-{'run' if one[2] else 'once'}")
        for one in wanted()
    ],
)  # fmt: skip
def test_each_record_is_there_once_or_asks_a_person(
    matrix: Stage, row: Row, column: Column, *, lasting: bool
) -> None:
    cell = cell_of(matrix, row, column, lasting=lasting)
    assert cell.calls == expected.calls(row, column, lasting=lasting)
    assert cell.quiet_writes == 0, "one more run wrote"
    assert (cell.open, cell.dead) == (0, [])
    assert cell.runs[-1].state == "done"
    assert bool(cell.fired) == bool(row.kind), "the fault has not struck"
    if row is GONE:
        check_the_gone(column, cell)
        return
    check_the_records(row, column, cell, lasting=lasting)
    if row.says and not says_nothing(row, column):
        assert re.search(row.says, cell.said), cell.said


def says_nothing(row: Row, column: Column) -> bool:
    """`ok` is all that class D ever hears."""
    return column.write_class == "D" and "another" in row.says


def check_the_records(row: Row, column: Column, cell: Cell, *, lasting: bool) -> None:
    """One counterpart each, and the ledger knows which; what is held says so."""
    assert set(cell.held) == in_question(row, column, lasting=lasting)
    assert set(cell.sent) == set(RECORDS) - set(cell.held)
    for one in RECORDS:
        most = 1 if one in cell.sent or row.done else 0
        assert cell.effects(one) == most, one
    for one in cell.held.values():
        assert re.match("in_doubt: sent without an answer", one)
    for source_id, target in cell.sent.items():
        (there,) = cell.there[source_id]
        known = there.get("id") or there.get("Id") or target
        assert str(known) == target, "the ledger names another record's counterpart"


def in_question(row: Row, column: Column, *, lasting: bool) -> set[str]:
    """Return the records of which class D cannot know."""
    unknown = row.meaning in {Meaning.LOST, Meaning.PARTIAL}
    if column.write_class != "D" or not unknown or says_nothing(row, column):
        return set()
    if lasting:
        return set(RECORDS)
    return {RECORDS[1] if row.meaning is Meaning.PARTIAL else RECORDS[0]}


def check_the_gone(column: Column, cell: Cell) -> None:
    """A counterpart that a person deleted is not made again; nor a message unsaid."""
    first, *others = RECORDS
    kept = int(column.delete is None)
    reason = "source_deleted" if kept else "counterpart_deleted"
    assert cell.skipped == {first: reason}
    assert cell.effects(first) == kept
    assert [cell.effects(one) for one in others] == [1, 1]


def test_the_page_says_what_the_matrix_gives(matrix: Stage) -> None:
    for row, column, lasting in wanted():
        cell_of(matrix, row, column, lasting=lasting)
    assert PAGE.read_text(encoding="utf-8") == page(CELLS), "make faults"
