"""One comparison of a flow: one sync, one task run, one report."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from tasuki.model.language import Language
from tasuki.project import Project
from tasuki.reconcile.run import Wish, reconcile_sync
from tasuki.stages.language import language_here
from tasuki.stages.report import failure_line
from tasuki.stages.showing import artifact_key, show_report, tell
from tasuki.stages.stage import Report, StageError, in_a_thread

_KINDS: Mapping[str, tuple[str, str]] = {
    "missing": ("先にない（送られていない・消えた）", "missing at the destination"),
    "extra": ("元がないのに先にある", "extra at the destination"),
    "drifted": ("値が食い違う", "drifted values"),
    "duplicated": ("二重", "duplicated"),
    "unlinked": ("台帳に紐付けがない", "not linked in the ledger"),
    "ledger_only": ("台帳だけに残る", "in the ledger only"),
}
_TEXT: Mapping[str, tuple[str, str]] = {
    "title": ("突き合わせ", "Reconciliation"),
    "agree": ("一致", "agree"),
    "outcome": ("結果", "outcome"),
    "count": ("件数", "count"),
    "stopped": ("途中で停止しました", "It stopped"),
    "remedy": ("対処", "Remedy"),
    "what": ("相違の一覧（先頭のみ）", "The first differences"),
    "none": ("両側は一致しています。", "Both sides agree."),
    "mend": (
        "`tasuki reconcile {sync} --repair` で安全に直せるものを直します。",
        "`tasuki reconcile {sync} --repair` mends what is safe to mend.",
    ),
}
_SHOWN = 30


def compare_once(mapping: str, wish: Wish) -> Report:
    """Compare both sides of a sync of this project; returns plain values."""
    project = Project()
    with project.open_ledger() as ledger:
        sync = project.open_sync(project.mappings[mapping], ledger)
        try:
            return reconcile_sync(sync, wish).as_json()
        finally:
            sync.close()


@task(
    name="comparison",
    task_run_name="reconcile {mapping}",
    persist_result=False,  # records never leave the ledger
    cache_policy=NO_CACHE,
)
async def run_comparison(
    mapping: str,
    *,
    repair: bool = False,
    sample: int = 0,
) -> Report:
    """Compare one sync and leave what differs as an artifact under a stable key.

    Raises:
        StageError: a system or the ledger could not be used; nothing was mended.
    """
    wish = Wish(repair=repair, sample=sample, show=_SHOWN)
    key = artifact_key(mapping, "run-reconcile")
    work = partial(compare_once, mapping, wish)
    report = await in_a_thread(mapping, key, work)
    line = one_line(report)
    get_run_logger().info(line)
    await show_report(key, markdown(report, language_here()), line)
    if report["left_over"]:
        sync = report["sync"]
        tell("tasuki.reconcile.differs", sync, {"counts": report["counts"]})
    if report["error"]:
        raise StageError(failure_line(report["error"], report["remedy"]))
    return report


def markdown(report: Mapping[str, Any], language: Language = "ja") -> str:
    """Return a reconciliation (`Reconciliation.as_json()`) as Markdown."""
    column = 0 if language == "ja" else 1

    def say(name: str) -> str:
        return _TEXT[name][column]

    lines = [f"## {say('title')}: {report['sync']}", ""]
    if report["error"]:
        lines += [f"**{say('stopped')}**: {report['error']}", ""]
        lines += [f"{say('remedy')}: {report['remedy']}", ""]
    lines += [f"| {say('outcome')} | {say('count')} |", "|---|---:|"]
    lines.append(f"| {say('agree')} | {report['agree']:,} |")
    for name, words in _KINDS.items():
        if report["counts"].get(name):
            lines.append(f"| {words[column]} | {report['counts'][name]:,} |")
    if report["findings"]:
        lines += ["", f"### {say('what')}", ""]
        lines += [_line(one, column) for one in report["findings"]]
        lines += ["", say("mend").format(sync=report["sync"])]
    elif not report["error"]:
        lines += ["", say("none")]
    return "\n".join(lines) + "\n"


def _line(finding: Mapping[str, Any], column: int) -> str:
    pair = " → ".join(filter(None, (finding["source"], ", ".join(finding["targets"]))))
    words = f"- {_KINDS[finding['kind']][column]}: `{pair}` {finding['reason']}"
    fields = ", ".join(finding["fields"])
    return f"{words} ({fields})" if fields else words


def one_line(report: Mapping[str, Any]) -> str:
    """Return a reconciliation in one line, for logs and states."""
    parts = [f"{name} {count}" for name, count in report["counts"].items() if count]
    differing = ", ".join(parts) or "no differences"
    return f"{report['sync']}: agree {report['agree']}; {differing}"
