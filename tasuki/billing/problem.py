"""What is wrong with a document, in English and in the words of a back office."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from tasuki.billing.errors import BillingError


class Problem(NamedTuple):
    """One reason why a document must not be sent.

    Attributes:
        code: Stable name of the reason, for rules and reports.
        field: Where it is, such as ``lines[0].quantity``.
        message: In English.
        message_ja: In Japanese.
    """

    code: str
    field: str
    message: str
    message_ja: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class DocumentError(BillingError):
    """A document cannot be calculated; it has problems, all of them listed."""

    remedy = "Correct the named fields at their source, or in the mapping."

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("document", "; ".join(str(problem) for problem in problems))
        self.args = (problems,)
        self.problems = problems


_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "partner_missing": ("no partner to bill", "請求先の取引先がありません"),
    "date_missing": ("no date", "日付がありません"),
    "date_invalid": ("not a date such as 2025-04-30", "日付として読めません"),
    "due_before_billing": (
        "the payment date lies before the billing date",
        "支払期日が請求日より前です",
    ),
    "lines_missing": ("an invoice needs a line", "明細行が1行もありません"),
    "line_invalid": ("not a line with named fields", "明細行の形が正しくありません"),
    "description_missing": (
        "a line of a qualified invoice needs a description",
        "明細行の品目・内容がありません（適格請求書の記載事項）",
    ),
    "number_missing": ("no number", "数値がありません"),
    "number_invalid": (
        "not an exact decimal number ({detail})",
        "正確な10進数ではありません（小数はDecimalか文字列で渡してください）",
    ),
    "tax_class_missing": ("no tax class", "税区分がありません"),
    "tax_class_unknown": (
        'unknown tax class "{detail}"',
        "税区分「{detail}」は使えません",
    ),
    "choice_unknown": (
        "not one of {detail}",
        "次のいずれかを指定してください: {detail}",
    ),
    "currency_unknown": (
        "not a currency code such as JPY",
        "通貨コード（JPYなど）ではありません",
    ),
    "fx_rate_missing": (
        "tax on an invoice in another currency must also be given in yen",
        "外貨建ての適格請求書には円換算した消費税額が必要です（換算レートがありません）",
    ),
    "total_not_positive": (
        "the total {detail} is not above zero, and this is no credit note",
        "請求合計が{detail}です。0円以下の請求書は送れません",
    ),
    "total_not_negative": (
        "the total {detail} of a credit note is not below zero",
        "返還請求書の合計が{detail}です。マイナスの金額にしてください",
    ),
    "not_calculable": ("cannot be calculated: {detail}", "計算できません: {detail}"),
}


def problem(code: str, field: str, detail: str = "") -> Problem:
    """Return the problem of a code with its texts."""
    english, japanese = _TEXTS[code]
    return Problem(
        code, field, english.format(detail=detail), japanese.format(detail=detail)
    )
