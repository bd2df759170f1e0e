"""The fields of the hub's streams, as other systems describe theirs."""

from collections.abc import Mapping
from typing import Final

from tasuki.billing.payment import PaymentStatus
from tasuki.billing.plan import PAUSED, WITHDRAWN, WON, Bill, Proration, Schedule
from tasuki.billing.portion import Remainder
from tasuki.model.record import FieldFacts, Schema

PLAN_STREAM: Final = "billing_plan"
INVOICE_STREAM: Final = "due_invoice"


def _table(*facts: FieldFacts) -> dict[str, FieldFacts]:
    return {fact.name: fact for fact in facts}


def _read(name: str, label: str, type_: str = "text") -> FieldFacts:
    return FieldFacts(name, label, type_, writable=False)


def _options(name: str, label: str, *options: str) -> FieldFacts:
    return FieldFacts(name, label, "picklist", options=options)


_PLAN: Final = _table(
    FieldFacts("deal", "商談", required=True, unique=True),
    FieldFacts("company", "請求先", required=True),
    FieldFacts("billing_entity", "請求単位（部署など）"),
    FieldFacts("billing_system", "請求する会計システム"),
    FieldFacts("currency", "通貨"),
    FieldFacts("subject", "件名"),
    _options("schedule", "請求の型", *Schedule),
    FieldFacts("start", "請求日・利用開始日", "date", required=True),
    FieldFacts("end", "利用終了日", "date"),
    FieldFacts("cancelled_on", "解約日", "date"),
    FieldFacts("anchor_day", "期間の起算日", "number"),
    FieldFacts("anchor_month", "年の起算月", "number"),
    _options("proration", "日割り", *Proration),
    _options("bill", "請求の時期（期首・期末）", *Bill),
    FieldFacts("milestones", "分割", "list"),
    _options("remainder", "端数の寄せ先", *Remainder),
    FieldFacts("lines", "明細", "list", required=True),
    FieldFacts("total", "商談金額（照合用）", "number"),
    FieldFacts("closing_day", "締め日", "number"),
    _options("rounding_unit", "端数処理の単位", "invoice", "delivery"),
    FieldFacts("payment_terms", "支払条件"),
    _options(
        "holiday_rule",
        "休日の扱い",
        "none",
        "previous",
        "next",
        "modified_following",
    ),
    _options("state", "状態", WON, PAUSED, WITHDRAWN),
    FieldFacts(
        "payment_status", "入金状況", "picklist", options=tuple(PaymentStatus),
        writable=False,
    ),
    _read("billed", "請求額（税込）", "number"),
    _read("paid", "入金額", "number"),
    _read("outstanding", "未入金額", "number"),
    _read("overpaid", "過入金額", "number"),
    _read("overdue", "期限超過額", "number"),
    _read("due_on", "最も早い未入金の期日", "date"),
    _read("paid_on", "最後の入金日（完済後）", "date"),
    _read("documents", "請求書・返還インボイスの数", "number"),
)  # fmt: skip
_INVOICE: Final = _table(
    FieldFacts("id", "請求ID", writable=False, unique=True),
    _read("company", "請求先"),
    _read("billing_entity", "請求単位"),
    _read("billing_system", "請求する会計システム"),
    _read("currency", "通貨"),
    _read("subject", "件名"),
    _read("kind", "種別"),
    _read("label", "対象"),
    _read("deal", "商談（一件のとき）"),
    _read("deals", "商談", "list"),
    _read("original", "返還する請求の請求ID"),
    _read("original_date", "返還する請求の請求日", "date"),
    _read("billing_date", "請求日", "date"),
    _read("closing_date", "締め日", "date"),
    _read("payment_terms", "支払条件"),
    _read("payment_date", "支払期日", "date"),
    _read("rounding_unit", "端数処理の単位"),
    _read("amount", "金額", "number"),
    _read("lines", "明細", "list"),
    FieldFacts("total", "請求書の合計（税込）", "number", required=True),
    FieldFacts("paid", "入金額", "number"),
    FieldFacts("due_on", "支払期日", "date"),
    FieldFacts("paid_on", "入金日", "date"),
    FieldFacts("cancelled", "取消済み", "boolean"),
)
PAYMENT_FIELDS: Final = ("total", "paid", "due_on", "paid_on", "cancelled")
"""What a mapping writes of a due invoice: how it was paid."""
DEAL_PAYMENT_FIELDS: Final = (
    "payment_status", "billed", "paid", "outstanding", "overpaid", "overdue", "due_on",
    "paid_on", "documents",
)  # fmt: skip
"""What a plan tells of its deal's money, beside what was agreed."""
_STREAMS: Final[Mapping[str, Mapping[str, FieldFacts]]] = {
    PLAN_STREAM: _PLAN,
    INVOICE_STREAM: _INVOICE,
}


def describe(stream: str) -> Schema | None:
    """Return a stream's fields; None for a stream the hub does not have."""
    return Schema(stream, _STREAMS[stream]) if stream in _STREAMS else None
