"""One look at the schemas of a sync: one task run, one report."""

from functools import partial

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from tasuki.operation.alarms import note_drift
from tasuki.project import Project
from tasuki.reconcile.drift import report_drift
from tasuki.reconcile.drift_words import drift_lines
from tasuki.stages.language import language_here
from tasuki.stages.report import failure_line
from tasuki.stages.showing import artifact_key, show_report, tell
from tasuki.stages.stage import Report, StageError, in_a_thread

_TITLE = {"ja": "スキーマの変化", "en": "Schema drift"}


def look_once(mapping: str) -> Report:
    """Look at the schemas of a sync of this project; returns plain values."""
    project = Project()
    with project.open_ledger() as ledger:
        sync = project.open_sync(project.mappings[mapping], ledger)
        try:
            report = report_drift(sync).as_json()
        finally:
            sync.close()
        if not report["error"]:  # nothing was seen then, and nothing is over
            note_drift(project, ledger, report)
        return report


@task(
    name="drift",
    task_run_name="drift {mapping}",
    persist_result=False,  # records never leave the ledger
    cache_policy=NO_CACHE,
)
async def run_drift(mapping: str) -> Report:
    """Say what changed in both systems' fields, and which pending records will fail.

    Raises:
        StageError: a system or the ledger could not be used; nothing is lost.
    """
    language, key = language_here(), artifact_key(mapping, "run-drift")
    report = await in_a_thread(mapping, key, partial(look_once, mapping))
    lines = drift_lines(report, language)
    get_run_logger().info("\n".join(lines))
    text = "\n".join(f"- {line}" for line in lines)
    await show_report(key, f"## {_TITLE[language]}: {mapping}\n\n{text}\n", lines[0])
    if report["changes"] or report["failing"]:
        words = {"failing": report["failing"], "text": "\n".join(lines)}
        tell("tasuki.schema.drifted", report["sync"], words)
    if report["error"]:
        raise StageError(failure_line(report["error"], report["remedy"]))
    return report
