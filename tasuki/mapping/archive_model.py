"""`evidence:` of a mapping: where an archived document's particulars are found."""

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from tasuki.mapping.field_model import Strict, wrong

_PLACE = re.compile(r"(sent|receipt)(\.[^.\s]+)+")


def _as_place(value: object) -> object:
    if value is None or (isinstance(value, str) and _PLACE.fullmatch(value)):
        return value
    msg = "a particular is found in what was sent or in the receipt"
    raise wrong(msg, "For example sent.billing_date, or receipt.invoice_number.")


Place = Annotated[
    str | None,
    BeforeValidator(_as_place),
    WithJsonSchema({"type": ["string", "null"], "pattern": f"^{_PLACE.pattern}$"}),
]


class ArchiveModel(Strict):
    """Where the archive finds what it is searched by; unsaid, the usual places."""

    type: Literal["invoice", "credit_note", "quotation", "receipt"] | None = Field(
        None, description="The type of document; by default sent.kind, or invoice."
    )
    number: Place = Field(None, description="書類番号; receipt.invoice_number.")
    date: Place = Field(None, description="取引年月日; sent.billing_date.")
    amount: Place = Field(
        None, description="取引金額; receipt.total_amount, or the sum of what was sent."
    )
    counterparty: Place = Field(
        None, description="取引先; receipt.partner_name, or the linked customer's name."
    )
    registration_number: Place = Field(None, description="登録番号 of the issuer.")
