"""The words of the weekly page: Japanese first, English beside it."""

from collections.abc import Mapping
from typing import Final

from tasuki.insight.leak.report import DEPARTMENTS
from tasuki.insight.review.page import Page
from tasuki.model.language import Language, one_of

_TEXT: Final[Mapping[str, tuple[str, str]]] = {
    "title": ("週次レビュー", "Weekly review"),
    "summary": ("要点", "In short"),
    "funnel": ("ファネル（当週と直前4週）", "Funnel (the week, and four before)"),
    "passing": (
        "引き継ぎの転換率と、その先の受注率",
        "Conversion of each handoff, and the win rate after it",
    ),
    "passing_note": (
        (
            "転換率は同じ経過時間で直前4週の平均と比べた値。"
            "受注率は半年以内に通過し、結果の出た分です。"
            "渡す数だけ増えて受注率が下がるのは全体の改善ではありません。"
        ),
        (
            "Conversion at the same age as in the four weeks before. The win rate is "
            "of those that passed within half a year and were closed since: passing "
            "on more of what is not won helps nobody."
        ),
    ),
    "worst": (
        "損失の大きい引き継ぎ（上位3つ）",
        "The three handoffs that lost most",
    ),
    "worst_none": (
        "直前4週より悪い引き継ぎはありません。",
        "No handoff did worse than in the four weeks before.",
    ),
    "deals": ("商談の結果", "Deals closed"),
    "agreed": ("受け渡しの期限（SLA）", "Agreed times (SLA)"),
    "agreed_none": (
        "期限の対象になる受け渡しはありませんでした。",
        "No handoff was due.",
    ),
    "leaks": ("バケツの穴", "Leaks"),
    "leaks_never": (
        "まだ一度も確認していません: `tasuki leaks`",
        "Nobody has looked yet: `tasuki leaks`",
    ),
    "leaks_open": (
        "残っている穴（金額順、上位5つ）",
        "What is open (the dearest five)",
    ),
    "done": ("ハブがしたこと", "What the hub did"),
    "questions": ("部門への質問", "Questions for each department"),
    "questions_none": ("質問はありません。", "No question."),
    "unknown": (
        "ステージの記録がまだありません。`tasuki collect` で集めます。",
        "No stage is known yet: `tasuki collect` reads them.",
    ),
    "stage": ("段階", "stage"),
    "week": ("当週", "week"),
    "usual": ("直前4週平均", "mean of four"),
    "change": ("増減", "change"),
    "handoff": ("引き継ぎ", "handoff"),
    "entries": ("対象", "entries"),
    "passed": ("通過", "passed"),
    "now": ("転換率", "conversion"),
    "before": ("直前4週", "before"),
    "win_rate": ("その後の受注率", "win rate after"),
    "judged": ("結果の出た件数", "closed"),
    "lost_yen": ("失われた金額（円）", "lost (yen)"),
    "flag": ("要対応", "beyond chance"),
    "won": ("受注", "won"),
    "lost": ("失注", "lost"),
    "won_amount": ("受注金額（円）", "won (yen)"),
    "rate": ("受注率", "win rate"),
    "department": ("部門", "department"),
    "met": ("期限内", "met"),
    "late": ("遅れて完了", "late"),
    "breached": ("期限超過", "overdue"),
    "by_people": ("人の遅れ", "by people"),
    "by_hub": ("連携の遅れ", "by the hub"),
    "severity": ("重要度", "severity"),
    "opened": ("新規", "opened"),
    "closed": ("解消", "closed"),
    "open": ("残り", "open"),
    "yen": ("金額（円）", "yen at risk"),
    "leak": ("内容", "leak"),
    "count": ("件数", "count"),
    "total": ("計", "all"),
    "figure": ("項目", "figure"),
    "read": ("読み込み", "read"),
    "sent": ("送信（新規・更新・紐付け）", "sent"),
    "unchanged": ("変更なし", "unchanged"),
    "skipped": ("対象外", "skipped"),
    "invoices": ("作成した請求書", "invoices created"),
    "calls": ("API 呼び出し", "API calls"),
    "runs": ("実行", "runs"),
    "ended_badly": ("うち異常終了", "of which ended badly"),
    "held": ("判断待ち（現在）", "held for a person (now)"),
    "dead": ("送信不可（現在）", "dead letters (now)"),
    "question": ("質問", "question"),
    "sum_funnel": (
        (
            "リード獲得 {lead}件（{lead_change}）、受注 {won}件・{amount}円"
            "（直前4週平均 {usual}円）。"
        ),
        (
            "{lead} leads ({lead_change}); {won} deals won, {amount} yen (mean of four "
            "weeks before: {usual})."
        ),
    ),
    "sum_worst": (
        "最大の損失は{pair}: {yen}円。",
        "The costliest handoff is {pair}: {yen} yen.",
    ),
    "sum_agreed": (
        (
            "期限内 {met}件、遅れて完了 {late}件、期限超過 {breached}件"
            "（人 {people}、連携 {hub}）。"
        ),
        "{met} in time, {late} late, {breached} overdue (people {people}, hub {hub}).",
    ),
    "sum_leaks": (
        "穴は新規 {opened}件、解消 {closed}件、残り {open}件・{yen}円。",
        "Leaks: {opened} opened, {closed} closed, {open} open, {yen} yen at risk.",
    ),
    "sum_done": (
        (
            "ハブは {read}件を読み、{sent}件を送り、請求書 {invoices}枚を作成。"
            "判断待ち {held}件、送信不可 {dead}件。"
        ),
        (
            "The hub read {read}, sent {sent}, made {invoices} invoices; {held} held, "
            "{dead} dead letters."
        ),
    ),
}


def word(name: str, language: Language, **given: object) -> str:
    """Return a text of the page."""
    text = one_of(_TEXT[name], language)
    return text.format(**given) if given else text


def department_word(page: Page, department: str, language: Language) -> str:
    """Return what a department is called: in Japanese, as the company says."""
    known = DEPARTMENTS.get(department)
    named = page.names.get(department, "")
    if language == "en":
        return known[1] if known else named or department
    return named or (known[0] if known else department)
