"""The page `docs/reference/faults.md`, made of what the matrix gave."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tasuki.engine.tally import LEFT_OVER, RunReport
from tests.simulation.matrix.cell import Cell
from tests.simulation.matrix.columns import COLUMNS, RECORDS, Column
from tests.simulation.matrix.rows import GONE, ROWS, Row, applies

PAGE = Path(__file__).parents[3] / "docs/reference/faults.md"
Key = tuple[str, str, bool]
"""A row's title, a column's name, and whether the fault lasts."""

_HEAD = """\
<!-- Written by `make faults` from what the tests gave: `tests/simulation/matrix/`. -->

# What happens when a call goes wrong

Three records are sent to a system of each [write class](../concepts/guarantees.md#p2-nothing-is-done-twice),
and something goes wrong on the way. The engine, the ledger, the HTTP client and the
connectors are the real ones; the systems are stand-ins over HTTP. Salesforce, HubSpot
and freee have the shipped connectors. Class A (till, a payment service that remembers
idempotency keys) and class D (pager, a chat's webhook) have small ones that belong to
the tests, written as [a project would](../how-to/connector.md).

Each cell says where the three records are at the end, the calls to the system in all
(tokens apart; in brackets the calls beyond an undisturbed run), and what a person
saw: nothing, or how a run ended that was not done. **held** is a person's question
(`in_doubt`): the record is never sent again by itself. Every record has exactly one
counterpart in every cell, except those that are held: they have one or none, and
Tasuki says that it does not know. One more run at the end writes nothing. All of that
is checked by `tests/simulation/test_fault_matrix.py`, which also fails when this page
says something else.
"""
_ONCE = """
## The fault strikes one request
"""
_LASTING = """
## The fault strikes every request of a whole run

The next run, an hour later, finds the system well again. A request is tried three
times here; the shipped retry policies try more often.
"""
_TAIL = """
## What the columns have in common

- **A** repeats under the same key, whatever happened to the first try. A key is used
  for nine tenths of the time for which the vendor promises to remember it
  (`key_seconds`); a record that is in doubt for longer is held.
- **B** sends again; the natural key makes it the same record. A record that was made by
  the lost request counts as *attached*, not as *created*.
- **C** waits the quiet time out (60 s at freee), which is longer than the search index
  and a late commit take here, then looks for the mark, and sends again only what is
  not there.
- **D** never sends again what may have arrived. Its answer says nothing but `ok`, so the
  answer of another request cannot be told from its own.
- Where a batch's answer is another's, the rows are not taken for done: a counterpart
  that was *created* just now cannot belong to another record already.
"""


def page(cells: Mapping[Key, Cell]) -> str:
    """Return the page's text."""
    parts = [_HEAD]
    for heading, lasting in ((_ONCE, False), (_LASTING, True)):
        parts.append(heading)
        titles = " | ".join(column.name for column in COLUMNS)
        parts.append(f"| what goes wrong | {titles} |")
        parts.append("|---" * (len(COLUMNS) + 1) + "|")
        for row in ROWS:
            if row.lasts if lasting else row.once:
                shown = (_shown(row, one, cells, lasting=lasting) for one in COLUMNS)
                parts.append(f"| {row.title} | {' | '.join(shown)} |")
    return "\n".join([*parts, _TAIL]).rstrip() + "\n"


def _shown(
    row: Row, column: Column, cells: Mapping[Key, Cell], *, lasting: bool
) -> str:
    why_not = applies(row, column)
    if why_not:
        return f"– ({why_not})"
    cell = cells[row.title, column.name, lasting]
    more = cell.calls - column.calls
    calls = f"{cell.calls} call" + "s" * (cell.calls != 1)
    if more and row is not GONE:
        calls += f" (+{more})"
    return "<br>".join([_end(row, cell), calls, *_seen(cell)])


def _end(row: Row, cell: Cell) -> str:
    if row is GONE:
        reason = cell.skipped[RECORDS[0]]
        return f"nothing sent: `{reason}`"
    ends = Counter("**held**" if one in cell.held else "sent" for one in RECORDS)
    return ", ".join(
        f"{count} {end}" for end, count in sorted(ends.items(), reverse=True)
    )


def _seen(cell: Cell) -> list[str]:
    """Return what a person saw of each run that left something over."""
    return [
        f"run {number} {_run(report)}"
        for number, report in enumerate(cell.runs, 1)
        if report.exit_code
    ]


def _run(report: RunReport) -> str:
    left = {
        ending.value.replace("_", " "): count
        for ending, count in report.tally.ended.items()
        if count and ending in LEFT_OVER
    }
    words = ", ".join(f"{count} {name}" for name, count in sorted(left.items()))
    state = "stops" if report.state == "stopped" else "ends"
    return f"{state} with exit code {report.exit_code}: {words or 'nothing sent'}"
