"""The nightly look at the archive of documents: sweep, verify, anchor."""

from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from tasuki.alert.deliver import note_findings
from tasuki.alert.source.archive import SOURCE, notices
from tasuki.archive.anchor import read_anchors
from tasuki.engine.keeping import anchor_archive, check_archive, remove_deleted
from tasuki.engine.prints import Printed
from tasuki.ledger import Ledger
from tasuki.model.errors import TasukiError
from tasuki.project import Project
from tasuki.stages.report import failure_line
from tasuki.stages.showing import show_report, tell
from tasuki.stages.stage import StageError, in_a_thread

Watch = dict[str, Any]
_SHOWN = 30
_KEY = "tasuki-archive"


def watch_once() -> Watch:
    """Sweep, verify and anchor this project's archive; returns plain values."""
    project = Project()
    archive = project.archive
    added = 0
    with project.open_ledger() as ledger:
        for mapping in project.mappings:
            if mapping.model.archives:
                added += len(archive.sweep(ledger, mapping))
        prints = _prints(project, ledger)
        removed = remove_deleted(ledger, archive.store)
        path = archive.terms.anchor
        anchors = read_anchors(path) if path else []
        checked = check_archive(ledger, archive.store, anchors)
        # An archive that is not as it was must not get an anchor that says it is.
        if path and not checked.faults:
            anchor_archive(ledger, path, project.clock)
        found = notices(len(checked.faults), project.clock.now())
        note_findings(ledger.alerts(), SOURCE, found)
    return {
        "added": added,
        "removed": removed,
        "prints": prints.added,
        "fetched": prints.fetched,
        "waiting": prints.waiting,
        "missing": list(prints.failed),
        "entries": checked.entries,
        "files": checked.contents,
        "anchored": bool(path) and not checked.faults,
        "faults": [fault.words for fault in checked.faults],
    }


def _prints(project: Project, ledger: Ledger) -> Printed:
    """Archive the PDFs that are missing; a system that is down hides no other's."""
    added = fetched = waiting = 0
    failed: list[str] = []
    for mapping in project.used:
        if not mapping.model.archives:
            continue
        try:
            found = project.print_missing(mapping, ledger)
        except TasukiError as error:
            failed.append(f"{mapping.id}: {error}")
            continue
        added, fetched = added + found.added, fetched + found.fetched
        waiting += found.waiting
        failed += found.failed
    return Printed(added, fetched, waiting, tuple(failed))


@task(
    name="archive",
    task_run_name="archive",
    persist_result=False,
    cache_policy=NO_CACHE,
)
async def watch_archive() -> Watch:
    """Look after the archive, and leave what was found as an artifact.

    Raises:
        StageError: it is not as it was recorded.
    """
    watch = await in_a_thread("archive", _KEY, watch_once)
    get_run_logger().info(one_line(watch))
    await show_report(_KEY, markdown(watch), one_line(watch))
    if watch["faults"]:
        words = {"faults": len(watch["faults"])}
        tell("tasuki.archive.altered", "archive", words)
        what = f"archive: {len(watch['faults'])} entries are not as they were recorded"
        remedy = (
            "Run `tasuki archive verify`; keep everything as it is until it is clear."
        )
        raise StageError(failure_line(what, remedy))
    return watch


def one_line(watch: Watch) -> str:
    """Return the look in one line, for logs and states."""
    state = f"{len(watch['faults'])} faults" if watch["faults"] else "all as recorded"
    lacking = f", {len(watch['missing'])} PDFs missing" if watch["missing"] else ""
    return (
        f"archive: {watch['entries']} entries, {watch['files']} files, "
        f"{watch['added']} added, {watch['prints']} PDFs added{lacking}, {state}"
    )


def markdown(watch: Watch) -> str:
    """Return the look as Markdown, for the back office."""
    anchored = "記録済み" if watch["anchored"] else "記録なし（archive.yaml の anchor）"
    lines = [
        "## 電子取引データの保存",
        "",
        "| 項目 | |",
        "|---|---:|",
        f"| 保存件数 | {watch['entries']:,} |",
        f"| ファイル数 | {watch['files']:,} |",
        f"| 今回追加 | {watch['added']:,} |",
        f"| 今回追加した PDF | {watch['prints']:,} |",
        f"| うち会計システムの PDF | {watch['fetched']:,} |",
        f"| PDF 待ち（下書きなど） | {watch['waiting']:,} |",
        f"| PDF を取得できないもの | {len(watch['missing']):,} |",
        f"| アンカー | {anchored} |",
        f"| 異常 | {len(watch['faults']):,} |",
    ]
    if watch["faults"]:
        lines += ["", "### 記録と異なるもの（先頭のみ）", ""]
        lines += [f"- {words}" for words in watch["faults"][:_SHOWN]]
    if watch["missing"]:
        lines += ["", "### PDF を取得できないもの（先頭のみ）", ""]
        lines += [f"- {words}" for words in watch["missing"][:_SHOWN]]
    return "\n".join(lines) + "\n"
