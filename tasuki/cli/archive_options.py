"""Options of the archive's commands, read and checked once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated

import typer

from tasuki.model.errors import ConfigError


class Direction(StrEnum):
    """Which way a document went."""

    ISSUED = "issued"
    RECEIVED = "received"


DateFrom = Annotated[str | None, typer.Option("--from", help="First 取引年月日.")]
DateTo = Annotated[str | None, typer.Option("--to", help="Last 取引年月日.")]
Least = Annotated[str | None, typer.Option("--least", help="Least 取引金額.")]
Most = Annotated[str | None, typer.Option("--most", help="Greatest 取引金額.")]
Counterparty = Annotated[
    str | None,
    typer.Option("--counterparty", help="Part of 取引先, however it is written."),
]
Number = Annotated[str | None, typer.Option("--number", help="Part of the 書類番号.")]
Kind = Annotated[
    str | None, typer.Option("--type", help="invoice, credit_note, invoice_answer, ….")
]
Way = Annotated[
    Direction | None, typer.Option("--direction", help="issued or received.")
]
Registration = Annotated[
    str | None, typer.Option("--registration", help="登録番号: T and 13 digits.")
]
History = Annotated[
    bool, typer.Option("--include-history", help="Earlier versions and exports too.")
]
By = Annotated[
    str | None,
    typer.Option("--by", help="Who does it; by default this machine's user."),
]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept as evidence.")]


def day_text(option: str, value: str | None) -> str | None:
    """Return a day as YYYY-MM-DD; ConfigError where it is none."""
    if value is None:
        return None
    try:
        return date.fromisoformat(value.strip()).isoformat()
    except ValueError:
        what = f"'{value}' is no day"
        raise ConfigError(option, what, "Write YYYY-MM-DD.") from None


def amount_of(option: str, value: str | None) -> Decimal | None:
    """Return an exact amount; ConfigError where it is none."""
    if value is None:
        return None
    try:
        amount = Decimal(value.replace(",", "").strip())
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        what = f"'{value}' is no amount"
        raise ConfigError(option, what, "Write digits, for example 660000.")
    return amount


def plain_text(option: str, value: str | None) -> str | None:
    """Return one line of text; ConfigError where nothing can be read in it."""
    if value is None:
        return None
    text = value.strip()
    if not text or not text.isprintable():
        raise ConfigError(option, "nothing that can be read is given", "Write a text.")
    return text
