"""Invoices as a list shows them, to be compared with what was meant."""

import re
from collections.abc import Collection, Mapping
from typing import Final

from tasuki.model.sweep import Swept

from .amounts import sums
from .listing import Row
from .settings import FreeeSettings
from .translation import to_request

ALIKE: Final = ("partner_id", "billing_date", "total_amount")
"""What makes a person say: that is the same invoice."""

_SHOWN: Final = (
    "partner_id", "partner_code", "subject", "billing_date", "payment_date",
    "invoice_number",
)  # fmt: skip


def swept(row: Row, names: Collection[str], prefix: str) -> Swept:
    """Return a listed invoice with the marks in its 社内メモ."""
    mark = rf"(?<![0-9A-Za-z_-]){re.escape(prefix)}([0-9A-Za-z_-]+)"
    return Swept(
        str(row["id"]),
        {name: row.get(name) for name in names if name in row},
        tuple(dict.fromkeys(re.findall(mark, str(row.get("memo") or "")))),
        live=row.get("cancel_status") != "canceled",
    )


def as_shown(
    fields: Mapping[str, object], settings: FreeeSettings
) -> Mapping[str, object]:
    """Return what a list shows of an invoice made from these fields.

    Raises:
        UnfitError: freee would refuse such an invoice.
    """
    request = to_request(fields, settings.mark_prefix, settings)
    shown = {name: request[name] for name in _SHOWN if name in request}
    return shown | {"total_amount": sums(request)["total_amount"]}
