"""What freee refuses: fields by name, from freee/freee-api-schema (MIT)."""

from collections.abc import Mapping
from typing import Final

from tasuki.sandbox.rules import (
    Rule,
    anything,
    day,
    flag,
    nullable,
    number,
    one_of,
    struct,
    text,
)
from tasuki.sandbox.server import Reply

ID: Final = number(1, 9223372036854775000)
_TAGS: Final = 10
_INT: Final = number(0, 2147483647)
_WORDS: Final = text(255, 1)
_ENTRY: Final = one_of("in", "out")
_FRACTION: Final = one_of("omit", "round_up", "round")

INVOICE: Final[Mapping[str, Rule]] = {
    "company_id": ID,
    "template_id": ID,
    "invoice_number": text(255),
    "branch_no": _INT,
    "billing_date": day,
    "issue_date": day,
    "payment_date": day,
    "payment_type": one_of("transfer", "direct_debit", "card"),
    "subject": _WORDS,
    "tax_entry_method": _ENTRY,
    "tax_fraction": _FRACTION,
    "line_amount_fraction": nullable(_FRACTION),
    "withholding_tax_entry_method": _ENTRY,
    "include_amount_brought_forward": flag,
    "amount_brought_forward": number(-999999999999, 999999999999),
    "invoice_note": text(4000),
    "memo": text(2000, 1),
    "partner_id": ID,
    "partner_code": text(255, 1),
    "partner_title": one_of("御中", "様", "(空白)", "（空白）"),
    "partner_address_zipcode": text(10, 1, r"[0-9]{3}-?[0-9]{4}"),
    "partner_address_prefecture_code": number(-1, 46),
    "partner_address_street_name1": _WORDS,
    "partner_address_street_name2": _WORDS,
    "partner_contact_department": _WORDS,
    "partner_contact_email_cc": _WORDS,
    "partner_contact_email_to": _WORDS,
    "partner_contact_name": _WORDS,
    "partner_display_name": text(255),
    "partner_sending_method": one_of(
        "email", "posting", "email_and_posting", nullable=True
    ),
    "partner_bank_account": text(255),
    "company_contact_name": text(255),
    "company_name": text(255),
    "company_description": text(255),
    "bank_account_to_transfer": text(255),
    "lines": anything,
}
INVOICE_REQUIRED: Final = (
    "company_id",
    "billing_date",
    "tax_entry_method",
    "tax_fraction",
    "withholding_tax_entry_method",
    "partner_title",
    "lines",
)
LINE: Final[Mapping[str, Rule]] = {
    "type": one_of("item", "text"),
    "description": _WORDS,
    "sales_date": day,
    "unit": _WORDS,
    "quantity": number(-99999999.999, 99999999.999, whole=False),
    "unit_price": text(32, 1, r"-?[0-9]{0,13}(\.[0-9]{1,3})?"),
    "tax_rate": one_of(0, 8, 10),
    "reduced_tax_rate": flag,
    "withholding": flag,
    "account_item_id": _INT,
    "tax_code": _INT,
    "item_id": _INT,
    "section_id": _INT,
    "tag_ids": lambda value: isinstance(value, list) and len(value) <= _TAGS,
    "segment_1_tag_id": ID,
    "segment_2_tag_id": ID,
    "segment_3_tag_id": ID,
}

_TERM: Final = nullable(
    struct(
        {
            "cutoff_day": number(1, 32),
            "additional_months": number(0, 6),
            "fixed_day": number(1, 32),
        }
    )
)
PARTNER: Final[Mapping[str, Rule]] = {
    "name": _WORDS,
    "available": flag,
    "shortcut1": text(255),
    "shortcut2": text(255),
    "org_code": one_of(1, 2, nullable=True),
    "country_code": one_of("JP", "ZZ"),
    "long_name": text(255),
    "name_kana": text(255),
    "default_title": one_of("御中", "様", "(空白)", ""),
    "phone": text(255),
    "contact_name": text(255),
    "email": text(255),
    "payer_walletable_id": nullable(ID),
    "transfer_fee_handling_side": one_of("payer", "payee"),
    "qualified_invoice_issuer": flag,
    "invoice_registration_number": nullable(text(14, 13, r"T?[1-9][0-9]{12}")),
    "address_attributes": struct(
        {
            "zipcode": text(8),
            "prefecture_code": number(-1, 46),
            "street_name1": text(255),
            "street_name2": text(255),
        }
    ),
    "partner_doc_setting_attributes": struct(
        {
            "sending_method": one_of(
                "email",
                "posting",
                "email_and_posting",
                "pdf_delivery",
                "pdf_delivery_and_posting",
                nullable=True,
            )
        }
    ),
    "partner_bank_account_attributes": struct(
        dict.fromkeys(
            (
                "bank_name",
                "bank_name_kana",
                "bank_code",
                "branch_name",
                "branch_kana",
                "branch_code",
                "account_number",
                "account_type",
                "long_account_name",
                "account_name",
            ),
            text(255),
        )
    ),
    "payment_term_attributes": _TERM,
    "invoice_payment_term_attributes": _TERM,
}

_STATUS: Final = {
    "payment_status": one_of(
        "settled", "unsettled", "canceled", "unprocessed", "failed"
    ),
    "deal_status": one_of("registered", "unregistered"),
    "sending_status": one_of("sent", "unsent"),
    "cancel_status": one_of("canceled", "uncanceled"),
}
INVOICE_LIST: Final[Mapping[str, Rule]] = {
    "company_id": text(19, 1, r"\d+"),
    "invoice_number": _WORDS,
    "subject": _WORDS,
    "partner_ids": text(255, 1, r"\d+(,\d+){0,2}"),
    **_STATUS,
    "start_billing_date": day,
    "end_billing_date": day,
    "start_payment_date": day,
    "end_payment_date": day,
    "limit": text(3, 1, r"[1-9]\d?|100"),
    "offset": text(10, 1, r"\d+"),
    "sales_management_origin": one_of("true", "false"),
}
PARTNER_LIST: Final[Mapping[str, Rule]] = {
    "company_id": text(19, 1, r"\d+"),
    "start_update_date": day,
    "end_update_date": day,
    "offset": text(19, 1, r"\d+"),
    "limit": text(4, 1, r"[1-9]\d{0,2}|[12]\d{3}|3000"),
    "keyword": text(255, 1),
}


def refusal(messages: list[str], kind: str = "bad_request", status: int = 400) -> Reply:
    """Return freee's error shape."""
    errors = [{"type": kind, "messages": messages}]
    return Reply(status, {"status_code": status, "errors": errors})


def validation(messages: list[str], status: int = 400) -> Reply:
    """Return the error shape of freee会計: the status, then what is wrong."""
    title = {400: "不正なリクエストです。", 404: "リソースが見つかりません。"}[status]
    errors = [
        {"type": "status", "messages": [title]},
        {"type": "validation", "messages": messages},
    ]
    return Reply(status, {"status_code": status, "errors": errors})
