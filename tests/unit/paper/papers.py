"""Builders of papers, each with the one interesting value visible."""

from datetime import date
from decimal import Decimal
from typing import Any

from tasuki.billing.tax import TaxClass
from tasuki.billing.values import Delivery, InvoiceDocument, Line
from tasuki.paper.values import Address, BankAccount, Issuer, Paper, Recipient

NUMBER = "T7000012050002"
ISSUER = Issuer(
    "株式会社たすき商会",
    NUMBER,
    address=Address("105-0014", "東京都", "港区", "芝1-2-3"),
    bank_accounts=(BankAccount("みずうみ銀行", "芝支店", "1234567", "カ）タスキ"),),
)
RECIPIENT = Recipient("株式会社北日本製作所", peppol_id="0188:7000012050002")


def line(
    price: object,
    tax_class: TaxClass = TaxClass.STANDARD,
    quantity: object = 1,
    what: str = "品目",
    **more: Any,
) -> Line:
    return Line(what, Decimal(str(quantity)), Decimal(str(price)), tax_class, **more)


def paper(*lines: Line, document: InvoiceDocument | None = None, **more: Any) -> Paper:
    given = {name: more.pop(name) for name in _OF_DOCUMENT if name in more}
    whole = document or InvoiceDocument((Delivery(lines or (line(1000),)),), **given)
    return Paper(
        **{
            "document": whole,
            "issuer": ISSUER,
            "recipient": RECIPIENT,
            "issued_on": date(2026, 5, 20),
            "number": "INV-1",
            "due_on": date(2026, 6, 30),
            **more,
        }
    )


_OF_DOCUMENT = (
    "discount", "price_mode", "tax_rounding", "line_rounding", "withholding",
    "prepaid", "currency", "fx_rate", "rounding_unit",
)  # fmt: skip
