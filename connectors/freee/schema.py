"""What freee's streams consist of: freee has no call that tells, so it is written here.

From freee/freee-api-schema (accounting v2020_06_15, iv).
"""

from collections.abc import Mapping
from typing import Final

from tasuki.model.field_table import fact, table
from tasuki.model.record import Schema

PARTNER: Final = table(
    fact("id", "取引先ID", "number", use="r", unique=True),
    fact("code", "取引先コード", "text", 255, unique=True),
    fact("name", "取引先名", "text", 255, required=True, unique=True),
    fact("update_date", "更新日", "date", use="r"),
    fact("available", "使用可能", "boolean"),
    fact("shortcut1", "ショートカット1", "text", 255),
    fact("shortcut2", "ショートカット2", "text", 255),
    fact("org_code", "事業所種別", "picklist", None, ("1", "2")),
    fact("country_code", "地域", "picklist", None, ("JP", "ZZ")),
    fact("long_name", "正式名称", "text", 255),
    fact("name_kana", "カナ名称", "text", 255),
    fact("default_title", "敬称", "picklist", None, ("御中", "様", "(空白)")),
    fact("phone", "電話番号"),
    fact("contact_name", "担当者 氏名", "text", 255),
    fact("email", "担当者 メールアドレス", "text", 255),
    fact("payer_walletable_id", "振込元口座ID", "number"),
    fact("transfer_fee_handling_side", "手数料", "picklist", None, ("payer", "payee")),
    fact("qualified_invoice_issuer", "適格請求書発行事業者", "boolean"),
    fact("invoice_registration_number", "登録番号", "text", 14),
    fact("address_attributes", "住所", "other"),
    fact("partner_doc_setting_attributes", "請求書送付方法の設定", "other"),
    fact("partner_bank_account_attributes", "銀行口座", "other"),
    fact("payment_term_attributes", "支払期日設定", "other", use="w"),
    fact("invoice_payment_term_attributes", "入金期日設定", "other", use="w"),
    fact("zipcode", "郵便番号", "text", 8),
    fact("prefecture", "都道府県", "text", 4),
    fact("prefecture_code", "都道府県コード", "number"),
    fact("street_name1", "市区町村・番地", "text", 255),
    fact("street_name2", "建物名・部屋番号など", "text", 255),
    fact(
        "sending_method",
        "請求書送付方法",
        "picklist",
        None,
        ("email", "posting", "email_and_posting", "pdf_delivery",
         "pdf_delivery_and_posting"),
    ),
)  # fmt: skip

_ROUNDING: Final = ("floor", "round", "ceil")
_PAYMENT: Final = ("settled", "unsettled", "canceled", "unprocessed", "failed")

_INVOICE_BOTH: Final = table(
    fact("invoice_number", "請求書番号", "text", 255),
    fact("subject", "件名", "text", 255),
    fact("template_id", "帳票テンプレートID", "number"),
    fact("billing_date", "請求日", "date", required=True),
    fact("issue_date", "発生日", "date"),
    fact("payment_date", "期日", "date"),
    fact("payment_type", "入金方法", "picklist", None,
          ("transfer", "direct_debit", "card")),
    fact("memo", "社内メモ", "text", 2000),
    fact("partner_id", "取引先ID", "reference", references="partner"),
    fact("partner_code", "取引先コード", "text", 255),
    fact("partner_display_name", "取引先宛名", "text", 255),
    fact("company_contact_name", "自社担当者", "text", 255),
)  # fmt: skip

_INVOICE_READ: Final = table(
    fact("id", "請求書ID", "number", use="r", unique=True),
    fact("sending_status", "送付ステータス", "picklist", None,
          ("sent", "unsent"), "r"),
    fact("payment_status", "決済ステータス", "picklist", None, _PAYMENT, "r"),
    fact("cancel_status", "取消済み", "picklist", None,
          ("canceled", "uncanceled"), "r"),
    fact("deal_status", "取引ステータス", "picklist", None,
          ("registered", "unregistered"), "r"),
    fact("deal_id", "取引ID", "number", use="r"),
    fact("total_amount", "合計金額", "number", use="r"),
    fact("amount_withholding_tax", "源泉所得税", "number", use="r"),
    fact("amount_including_tax", "税込金額", "number", use="r"),
    fact("amount_excluding_tax", "小計（税別）", "number", use="r"),
    fact("amount_tax", "消費税額", "number", use="r"),
    fact("amount_brought_forward", "繰越金額", "number", use="r"),
    fact("partner_name", "取引先名", "text", 255, use="r"),
    fact("report_url", "帳票詳細ページのURL", use="r"),
    fact("paid_amount", "入金額（取引）", "number", use="r"),
    fact("due_amount", "支払残額（取引）", "number", use="r"),
    fact("paid_on", "最後の入金日（取引）", "date", use="r"),
)  # fmt: skip

_INVOICE_WRITE: Final = table(
    fact("lines", "明細", "list", use="w", required=True),
    fact("price_mode", "税込・税別", "picklist", None,
          ("exclusive", "inclusive"), "w"),
    fact("tax_rounding", "消費税端数", "picklist", None, _ROUNDING, "w"),
    fact("line_rounding", "金額端数", "picklist", None, _ROUNDING, "w"),
    fact("partner_title", "敬称", "picklist", None, ("御中", "様", "(空白)"), "w"),
    fact("invoice_note", "備考", "text", 4000, use="w"),
    fact("supply_date", "取引日（全明細）", "date", use="w"),
    fact("withholding", "源泉徴収", "boolean", use="w"),
    fact("currency", "通貨（JPY のみ）", use="w"),
    fact("kind", "請求書・返還", "picklist", None, ("invoice", "credit_note"), "w"),
    fact("issuer_type", "発行者の種別", use="w"),
    fact("rounding_unit", "端数処理の単位", "picklist", None, ("invoice",), "w"),
    fact("partner_contact_name", "取引先担当者名", "text", 255, use="w"),
    fact("partner_contact_department", "取引先部署", "text", 255, use="w"),
    fact("partner_contact_email_to", "送付先（TO）", "text", 255, use="w"),
    fact("partner_contact_email_cc", "送付先（CC）", "text", 255, use="w"),
    fact("partner_sending_method", "送付方法", "picklist", None,
          ("email", "posting", "email_and_posting"), "w"),
    fact("partner_address_zipcode", "郵便番号", "text", 10, use="w"),
    fact("partner_address_prefecture_code", "都道府県コード", "number", use="w"),
    fact("partner_address_street_name1", "市区町村・番地", "text", 255, use="w"),
    fact("partner_address_street_name2", "建物名など", "text", 255, use="w"),
    fact("partner_bank_account", "取引先口座", "text", 255, use="w"),
    fact("company_name", "自社名", "text", 255, use="w"),
    fact("company_description", "自社情報", "text", 255, use="w"),
    fact("bank_account_to_transfer", "振込先", "text", 255, use="w"),
)  # fmt: skip

INVOICE: Final = {**_INVOICE_READ, **_INVOICE_BOTH, **_INVOICE_WRITE}

INVOICE_LIST_FIELDS: Final = (*_INVOICE_READ, *_INVOICE_BOTH)
"""What the list, the single invoice and its deal tell: the fields of a record."""

_ADDRESS: Final = ("zipcode", "prefecture_code", "street_name1", "street_name2")

# freee's 都道府県コード, in order from 0.
PREFECTURES: Final = (
    "北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県",
    "福島県", "茨城県", "栃木県", "群馬県", "埼玉県", "千葉県",
    "東京都", "神奈川県", "新潟県", "富山県", "石川県", "福井県",
    "山梨県", "長野県", "岐阜県", "静岡県", "愛知県", "三重県",
    "滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県",
    "鳥取県", "島根県", "岡山県", "広島県", "山口県", "徳島県",
    "香川県", "愛媛県", "高知県", "福岡県", "佐賀県", "長崎県",
    "熊本県", "大分県", "宮崎県", "鹿児島県", "沖縄県",
)  # fmt: skip


def describe(stream: str) -> Schema | None:
    """Return the stream's fields; None for a stream freee does not have."""
    tables = {"partner": PARTNER, "invoice": INVOICE}
    return Schema(stream, tables[stream]) if stream in tables else None


def prefecture_code(name: str) -> int | None:
    """Return freee's code of a prefecture, with or without 都, 府, 県."""
    asked = name.strip()
    for code, full in enumerate(PREFECTURES):
        if asked and asked in {full, full[:-1]}:
            return code
    return None


def flat_partner(row: Mapping[str, object]) -> dict[str, object]:
    """Return a partner's fields, those inside its address also by themselves."""
    address = row.get("address_attributes")
    sending = row.get("partner_doc_setting_attributes")
    fields = dict(row)
    parts = address if isinstance(address, Mapping) else {}
    fields |= {name: parts.get(name) for name in _ADDRESS}
    code = parts.get("prefecture_code")
    known = isinstance(code, int) and 0 <= code < len(PREFECTURES)
    fields["prefecture"] = PREFECTURES[int(str(code))] if known else None
    fields["sending_method"] = (
        sending.get("sending_method") if isinstance(sending, Mapping) else None
    )
    return fields


def partner_body(fields: Mapping[str, object]) -> dict[str, object]:
    """Return a partner as freee wants it written, without its code.

    Raises:
        ValueError: A field freee's partners do not have, or an unknown prefecture.
    """
    unknown = sorted(n for n in fields if n not in PARTNER or not PARTNER[n].writable)
    if unknown:
        msg = f"partners have no writable field {', '.join(unknown)}"
        raise ValueError(msg)
    body: dict[str, object] = {}
    address: dict[str, object] = {}
    for name, value in fields.items():
        if name in _ADDRESS:
            address[name] = (
                -1
                if value is None and name == "prefecture_code"
                else ("" if value is None else value)
            )
        elif name == "prefecture":
            address["prefecture_code"] = _code_of(value)
        elif name == "sending_method":
            body["partner_doc_setting_attributes"] = {"sending_method": value}
        elif name != "code" and (value is not None or name in _NULLABLE):
            body[name] = int(str(value)) if name == "org_code" and value else value
        elif name != "code" and PARTNER[name].type == "text" and name != "name":
            body[name] = ""  # freee's texts are emptied, not nulled
    if address:
        given = fields.get("address_attributes")
        known = dict(given) if isinstance(given, Mapping) else {}
        body["address_attributes"] = known | address
    return body


_NULLABLE: Final = frozenset(
    {
        "org_code",
        "payer_walletable_id",
        "invoice_registration_number",
        "payment_term_attributes",
        "invoice_payment_term_attributes",
    }
)


def _code_of(value: object) -> int:
    if value is None or not str(value).strip():
        return -1
    code = prefecture_code(str(value))
    if code is None:
        msg = "prefecture is none of the 47"
        raise ValueError(msg)
    return code
