"""What Money Forward's streams consist of: no call tells, so it is written here."""

from collections.abc import Mapping
from typing import Final

from tasuki.model.field_table import fact, table
from tasuki.model.record import FieldFacts, Schema

from .amounts import CLASSES

_OWN: Final = table(
    fact("id", "取引先ID", use="r", unique=True),
    fact("code", "顧客コード", "text", 30, unique=True, required=True),
    fact("name", "名称", "text", 100, required=True),
    fact("name_kana", "名称（カナ）", "text", 350),
    fact("name_suffix", "敬称", "text", 40),
    fact("memo", "メモ", "text", 450),
    fact("payment_deadline_setting", "支払期限の設定", "other"),
    fact("created_at", "作成日時", "datetime", use="r"),
    fact("updated_at", "更新日時", "datetime", use="r"),
)  # fmt: skip

DEPARTMENT: Final = table(
    fact("zip", "郵便番号", "text", 8),
    fact("tel", "電話番号", "text", 20),
    fact("prefecture", "都道府県", "text", 4),
    fact("address1", "住所1", "text", 255),
    fact("address2", "住所2", "text", 255),
    fact("person_dept", "部署", "text", 255),
    fact("person_title", "役職", "text", 255),
    fact("person_name", "担当者氏名", "text", 255),
    fact("office_member_name", "自社担当者氏名", "text", 255),
    fact("email", "メールアドレス", "text", 255),
    fact("cc_emails", "CCメールアドレス", "text", 1000),
    fact("peppol_id", "Peppol ID", "text", 40),
)
"""What stands in a partner's departments (部門); one's own shows that of the first."""

PARTNER: Final = {
    **_OWN,
    **DEPARTMENT,
    **table(
        fact("department_id", "部門ID（先頭）", use="r"),
        fact("departments", "部門", "list", use="r"),
    ),
}
_ITEM_TAXES: Final = tuple(CLASSES)

ITEM: Final = table(
    fact("id", "品目ID", use="r", unique=True),
    fact("code", "品目コード", "text", 30, unique=True, required=True),
    fact("name", "品名", "text", 450, required=True),
    fact("detail", "詳細", "text", 200),
    fact("unit", "単位", "text", 20),
    fact("unit_price", "単価", "number"),
    fact("quantity", "数量", "number"),
    fact("tax", "税区分", "picklist", None, _ITEM_TAXES, required=True),
    fact("created_at", "作成日時", "datetime", use="r"),
    fact("updated_at", "更新日時", "datetime", use="r"),
)

_PAYMENT: Final = ("未設定", "未入金", "入金済み", "未払い", "振込済み")
_MAIL: Final = ("未送信", "送付済み", "受領済み", "受信")
_PAPER: Final = ("未郵送", "郵送依頼", "郵送済み", "郵送取消", "郵送失敗")

_BILLING_BOTH: Final = table(
    fact("partner_id", "取引先ID", "reference", references="partner", required=True),
    fact("department_id", "部門ID"),
    fact("subject", "件名", "text", 200),
    fact("billing_date", "請求日", "date", required=True),
    fact("payment_date", "お支払期限", "date"),
    fact("sales_date", "売上計上日", "date"),
    fact("invoice_number", "請求書番号", "text", 30),
    fact("memo", "メモ", "text", 450),
    fact("payment_condition", "振込先", "text", 250),
    fact("invoice_note", "備考", "text", 2000),
    fact("document_name", "帳票名", "text", 25),
    fact("payment_status", "入金ステータス", "picklist", None, _PAYMENT, "r"),
)

_BILLING_READ: Final = table(
    fact("id", "請求書ID", use="r", unique=True),
    fact("partner_name", "取引先名", use="r"),
    fact("email_status", "メールステータス", "picklist", None, _MAIL, "r"),
    fact("posting_status", "郵送ステータス", "picklist", None, _PAPER, "r"),
    fact("total_amount", "合計金額", "number", use="r"),
    fact("amount_tax", "消費税額", "number", use="r"),
    fact("amount_excluding_tax", "小計", "number", use="r"),
    fact("amount_withholding_tax", "源泉徴収税額", "number", use="r"),
    fact("tag_names", "タグ", "list", use="r"),
    fact("is_locked", "ロック", "boolean", use="r"),
    fact("pdf_url", "PDF", use="r"),
    fact("created_at", "作成日時", "datetime", use="r"),
    fact("updated_at", "更新日時", "datetime", use="r"),
)

_ROUNDING: Final = ("floor", "round", "ceil")
_MODES: Final = ("exclusive", "inclusive")

_BILLING_WRITE: Final = table(
    fact("lines", "明細", "list", use="w", required=True),
    fact("department", "部門（部署名）", "text", 255, use="w"),
    fact("tags", "タグ（追加分）", "list", use="w"),
    fact("supply_date", "取引日", "date", use="w"),
    fact("price_mode", "税込・税別", "picklist", None, _MODES, "w"),
    fact("tax_rounding", "消費税端数", "picklist", None, _ROUNDING, "w"),
    fact("line_rounding", "金額端数", "picklist", None, _ROUNDING, "w"),
    fact("rounding_unit", "端数処理の単位", "picklist", None, ("invoice",), "w"),
    fact("currency", "通貨（JPY のみ）", use="w"),
    fact("kind", "請求書・返還", "picklist", None, ("invoice", "credit_note"), "w"),
    fact("withholding", "源泉徴収", "other", use="w"),
    fact("issuer_type", "発行者の種別", use="w"),
)  # fmt: skip

BILLING: Final = {**_BILLING_READ, **_BILLING_BOTH, **_BILLING_WRITE}

BILLING_READ: Final = (*_BILLING_READ, *_BILLING_BOTH)
"""What a list and a single invoice tell: the fields of a record."""

STREAMS: Final[Mapping[str, Mapping[str, FieldFacts]]] = {
    "partner": PARTNER,
    "item": ITEM,
    "billing": BILLING,
}

# Ours -> Money Forward's, where they differ.
NAMES: Final[Mapping[str, str]] = {
    "subject": "title",
    "payment_date": "due_date",
    "invoice_number": "billing_number",
    "invoice_note": "note",
    "total_amount": "total_price",
    "amount_tax": "excise_price",
    "amount_excluding_tax": "subtotal_price",
    "amount_withholding_tax": "deduct_price",
}
_EXCISE: Final = {theirs: ours for ours, theirs in CLASSES.items()}


def describe(stream: str) -> Schema | None:
    """Return the stream's fields; None for a stream there is not."""
    return Schema(stream, STREAMS[stream]) if stream in STREAMS else None


def flat_billing(row: Mapping[str, object]) -> dict[str, object]:
    """Return an invoice's fields in Tasuki's words."""
    return {name: row.get(NAMES.get(name, name)) for name in BILLING_READ}


def flat_partner(row: Mapping[str, object]) -> dict[str, object]:
    """Return a partner's fields, those of its first department among them."""
    departments = row.get("departments")
    known = departments if isinstance(departments, list) else []
    first = known[0] if known and isinstance(known[0], dict) else {}
    fields = {name: row.get(name) for name in _OWN}
    fields |= {name: first.get(name) for name in DEPARTMENT}
    return fields | {"department_id": first.get("id"), "departments": known}


def flat_item(row: Mapping[str, object]) -> dict[str, object]:
    """Return an item's fields in Tasuki's words."""
    fields = {name: row.get(name) for name in ITEM}
    fields["unit_price"] = row.get("price")
    fields["tax"] = _EXCISE.get(str(row.get("excise")))
    return fields


def to_lines(items: object) -> list[dict[str, object]]:
    """Return Money Forward's lines in Tasuki's words."""
    return [
        {
            "description": item.get("name"),
            "quantity": item.get("quantity"),
            "unit_price": item.get("price"),
            "tax": _EXCISE.get(str(item.get("excise"))),
            **{n: item[n] for n in ("unit", "detail") if item.get(n)},
        }
        for item in (items if isinstance(items, list) else ())
        if isinstance(item, dict)
    ]
