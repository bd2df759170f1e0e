"""A run's report as people read it in the Prefect UI: Markdown, Japanese or English."""

from collections.abc import Mapping
from typing import Any, Literal

Language = Literal["ja", "en"]

_WORDS: dict[str, tuple[str, str]] = {
    "read": ("読み込み", "read"),
    "created": ("新規作成", "created"),
    "updated": ("更新", "updated"),
    "attached": ("既存に紐付け", "attached"),
    "unchanged": ("変更なし", "unchanged"),
    "skipped": ("対象外", "skipped"),
    "held": ("保留（人の判断待ち）", "held for a person"),
    "waiting": ("親レコード待ち", "waiting for a parent"),
    "dead": ("送信不可（要対応）", "dead letters"),
    "in_doubt": ("結果確認中", "in doubt, to be looked up"),
    "deferred": ("次回に再送", "deferred to the next run"),
    "written_back": ("元システムへ書き戻し", "written back"),
}
_ENDINGS = tuple(name for name in _WORDS if name not in {"read", "written_back"})
_TEXT: dict[str, tuple[str, str]] = {
    "outcome": ("結果", "outcome"),
    "count": ("件数", "count"),
    "reason": ("理由", "reason"),
    "why": ("理由の内訳", "Why"),
    "calls": ("API 呼び出し", "API calls"),
    "least": ("理論上の最小", "theoretical minimum"),
    "refused": ("送信前に停止しました（ガード）", "Stopped before sending (guard)"),
    "stopped": ("途中で停止しました", "The run stopped"),
    "remedy": ("対処", "Remedy"),
    "next": ("次の一手", "What to do next"),
    "dead_hint": (
        "`tasuki dead` で原因と対処を確認し、直したら `tasuki replay` を実行します。",
        "`tasuki dead` lists causes and remedies; `tasuki replay` tries again.",
    ),
    "held_hint": (
        "`tasuki held` で確認し、`tasuki approve` か `tasuki reject` で判断します。",
        "`tasuki held` shows what is held; settle it by `tasuki approve` or `reject`.",
    ),
    "nothing": ("対応が必要なものはありません。", "Nothing is left to do."),
}


def markdown(report: Mapping[str, Any], language: Language = "ja") -> str:
    """Return the report of one run (`RunReport.as_json()`) as Markdown."""
    column = 0 if language == "ja" else 1

    def say(name: str) -> str:
        return _TEXT[name][column]

    lines = [f"## {report['sync']}", ""]
    if report["error"]:
        said = say("refused" if report["state"] == "refused" else "stopped")
        lines += [f"**{said}**: {report['error']}", ""]
        lines += [f"{say('remedy')}: {report['remedy']}", ""]
    lines += [f"| {say('outcome')} | {say('count')} |", "|---|---:|"]
    for name, words in _WORDS.items():
        if report.get(name) or name == "read":
            lines.append(f"| {words[column]} | {report.get(name, 0):,} |")
    lines += _reasons(report, column, say("why"), say("reason"), say("count"))
    calls = f"{report['calls_made']:,} ({say('least')}: {report['minimum_calls']:,})"
    lines += ["", f"{say('calls')}: {calls}", "", f"### {say('next')}", ""]
    lines += _next_steps(report, say)
    return "\n".join(lines) + "\n"


def _reasons(
    report: Mapping[str, Any], column: int, title: str, reason: str, count: str
) -> list[str]:
    reasons = {k: v for k, v in report["reasons"].items() if v}
    if not reasons:
        return []
    lines = ["", f"### {title}", "", f"| | {reason} | {count} |", "|---|---|---:|"]
    for ending in _ENDINGS:
        lines += [
            f"| {_WORDS[ending][column]} | `{name}` | {number:,} |"
            for name, number in reasons.get(ending, {}).items()
        ]
    return lines


def _next_steps(report: Mapping[str, Any], say: Any) -> list[str]:  # noqa: ANN401
    steps = []
    if report["dead"] or report["write_back_failed"]:
        steps.append(f"- {say('dead_hint')}")
    if report["held"]:
        steps.append(f"- {say('held_hint')}")
    return steps or [say("nothing")]


def one_line(report: Mapping[str, Any]) -> str:
    """Return a run in one line, for logs and states."""
    parts = [
        f"{name} {report[name]}" for name in ("read", *_ENDINGS) if report.get(name)
    ]
    calls = f"calls {report['calls_made']}/{report['minimum_calls']}"
    return f"{report['sync']}: {', '.join(parts) or 'nothing new'}; {calls}"
