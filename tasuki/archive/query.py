"""Searching the archive: by date, amount, counterparty and more, all at once."""

from collections.abc import Container
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from tasuki.archive.entry import Entry
from tasuki.japan.company import company_key


class Query(NamedTuple):
    """What is looked for; what is None or empty does not matter.

    Attributes:
        date_from: First 取引年月日, as YYYY-MM-DD.
        date_to: Last one.
        amount_min: Least 取引金額.
        amount_max: Greatest one.
        counterparty: Part of the name, however it is written.
        doc_no: Part of the document's number.
        doc_type: Exactly this type.
        direction: issued or received.
        registration_number: The issuer's, exactly.
        include_history: Earlier versions and exports too.
    """

    date_from: str | None = None
    date_to: str | None = None
    amount_min: Decimal | None = None
    amount_max: Decimal | None = None
    counterparty: str | None = None
    doc_no: str | None = None
    doc_type: str | None = None
    direction: str | None = None
    registration_number: str | None = None
    include_history: bool = False

    def words(self) -> str:
        """Return what is asked for, as an export is recorded with."""
        said = {k: v for k, v in self._asdict().items() if v not in {None, "", False}}
        return ", ".join(f"{k}={v}" for k, v in said.items()) or "everything"


def matches(query: Query, entry: Entry, superseded: Container[int] = ()) -> bool:
    """Say whether an entry is what is looked for.

    Args:
        query: All that it says must hold.
        entry: One entry.
        superseded: Places that a later entry has taken over.
    """
    if not query.include_history and (entry.op == "export" or entry.seq in superseded):
        return False
    return (
        _within(entry.transaction_date, query.date_from, query.date_to)
        and _amount_fits(query, entry)
        and _name_fits(query.counterparty, entry)
        and _holds(query.doc_no, entry.doc_no)
        and query.doc_type in {None, entry.doc_type}
        and query.direction in {None, entry.direction}
        and query.registration_number in {None, entry.registration_number}
    )


def _within(day: str | None, first: str | None, last: str | None) -> bool:
    if first is None and last is None:
        return True
    return day is not None and (first or "") <= day and (last is None or day <= last)


def _amount_fits(query: Query, entry: Entry) -> bool:
    least, most = query.amount_min, query.amount_max
    if least is None and most is None:
        return True
    try:
        amount = Decimal(entry.amount or "")
    except InvalidOperation:
        return False
    return (least is None or amount >= least) and (most is None or amount <= most)


def _name_fits(asked: str | None, entry: Entry) -> bool:
    if not asked:
        return True
    name, key = entry.counterparty or "", entry.counterparty_key or ""
    wanted = company_key(asked)
    return asked in name or bool(wanted and wanted in key)


def _holds(asked: str | None, number: str) -> bool:
    return not asked or asked.casefold() in number.casefold()
