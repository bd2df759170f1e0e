"""The words of the KPI report: Japanese first, English beside it."""

from collections.abc import Mapping
from typing import Final

from tasuki.insight.event import Stage

Words = tuple[str, str]
JAPANESE, ENGLISH = "ja", "en"

STAGES: Final[Mapping[Stage, Words]] = {
    Stage.LEAD: ("リード獲得", "lead"),
    Stage.MQL: ("MQL", "MQL"),
    Stage.SAL: ("IS受領", "SAL"),
    Stage.SQL: ("商談化", "SQL"),
    Stage.WON: ("受注", "won"),
    Stage.LOST: ("失注", "lost"),
    Stage.INVOICED: ("請求", "invoiced"),
    Stage.SENT: ("送付", "sent"),
    Stage.PAID: ("入金", "paid"),
    Stage.ONBOARDED: ("オンボーディング完了", "onboarded"),
    Stage.RENEWED: ("更新", "renewed"),
    Stage.CHURNED: ("解約", "churned"),
    Stage.UPSOLD: ("アップセル", "upsold"),
    Stage.RECYCLED: ("差戻し", "recycled"),
    Stage.DISQUALIFIED: ("対象外", "disqualified"),
    Stage.REOPENED: ("再開", "reopened"),
    Stage.MERGED: ("名寄せ", "merged"),
}

TEXT: Final[Mapping[str, Words]] = {
    "funnel": ("ファネルとKPI", "funnel and KPIs"),
    "period": ("期間", "period"),
    "fiscal": ("会計期間", "fiscal"),
    "whole": ("合計", "whole"),
    "counts": ("件数（初回到達）", "counts (first entries)"),
    "ratio": (
        "期間比（同じ期間の件数の比。1を超えることがある）",
        "period ratio (may exceed 1)",
    ),
    "cohort": (
        "コホート転換率（その月のリードを追跡）",
        "cohort conversion (leads of the month)",
    ),
    "times": ("段階の滞留（時間）", "hours in a stage"),
    "steps": ("次の段階までの時間", "hours of a step"),
    "deals": ("商談の結果", "deals"),
    "ended": ("完了", "ended"),
    "open": ("進行中", "going on"),
    "p50": ("中央値", "p50"),
    "p90": ("90%点", "p90"),
    "open_p50": ("進行中の経過（中央値）", "age of those, p50"),
    "won": ("受注", "won"),
    "lost": ("失注", "lost"),
    "win_rate": ("受注率", "win rate"),
    "won_amount": ("受注金額", "won amount"),
    "average_won": ("平均受注金額", "average won"),
    "cycle": ("商談期間の中央値（日）", "cycle, p50 days"),
    "open_deals": ("進行中の商談", "open deals"),
    "velocity": ("パイプライン速度（円/日）", "velocity (yen a day)"),
    "invoice_lag": ("受注から請求まで（日）", "won to invoiced (days)"),
    "payment": ("請求から入金まで（日）", "invoiced to paid (days)"),
    "recurring": ("継続収益", "recurring revenue"),
    "start": ("期首MRR", "MRR at start"),
    "end": ("期末MRR", "MRR at end"),
    "nrr": ("NRR", "NRR"),
    "grr": ("GRR", "GRR"),
    "logo_churn": ("解約率（社数）", "logo churn"),
    "ltv": ("LTV", "LTV"),
    "forecast": ("売上予測", "forecast"),
    "expected": ("期待値", "expected"),
    "between": ("90%区間", "nine of ten"),
    "open_amount": ("進行中の金額", "open amount"),
    "bottlenecks": ("ボトルネック（前月）", "bottlenecks (last month)"),
    "handoff": ("引き継ぎ", "handoff"),
    "entries": ("対象", "entries"),
    "now": ("転換率", "now"),
    "before": ("過去6か月平均", "mean of six before"),
    "interval": ("95%区間", "95 % interval"),
    "lost_yen": ("失われた金額", "lost yen"),
    "volume_yen": ("件数の増減による金額", "yen by volume"),
    "flagged": ("要対応", "flagged"),
    "unknown": ("（不明）", "(unknown)"),
    "stage": ("段階", "stage"),
    "nothing": (
        "この時点では何も記録されていません",
        "nothing was known at that moment",
    ),
}


def word(name: str, language: str) -> str:
    """Return a word of the report."""
    return TEXT[name][language != JAPANESE]


def stage_word(stage: Stage | str, language: str) -> str:
    """Return a stage's name."""
    return STAGES[Stage(stage)][language != JAPANESE]


def pair_word(name: str, language: str) -> str:
    """Return the name of a handoff, `mql->sal`, in words."""
    return " → ".join(stage_word(one, language) for one in name.split("->"))
