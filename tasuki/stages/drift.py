"""One look at the schemas of a sync: one task run, one report."""

from functools import partial

from prefect import get_run_logger, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event

from tasuki.project import Project
from tasuki.reconcile.drift import report_drift
from tasuki.reconcile.drift_words import drift_lines
from tasuki.stages.report import Language
from tasuki.stages.stage import Report, StageError, artifact_key, in_a_thread

_TITLE = {"ja": "スキーマの変化", "en": "Schema drift"}


def look_once(mapping: str) -> Report:
    """Look at the schemas of a sync of this project; returns plain values."""
    project = Project()
    with project.open_ledger() as ledger:
        sync = project.open_sync(project.mappings[mapping], ledger)
        try:
            return report_drift(sync).as_json()
        finally:
            sync.close()


@task(
    name="drift",
    task_run_name="drift {mapping}",
    persist_result=False,  # records never leave the ledger
    cache_policy=NO_CACHE,
)
async def run_drift(mapping: str, *, language: Language = "ja") -> Report:
    """Say what changed in both systems' fields, and which pending records will fail.

    Raises:
        StageError: a system or the ledger could not be used; nothing is lost.
    """
    report = await in_a_thread(mapping, partial(look_once, mapping))
    lines = drift_lines(report, language)
    get_run_logger().info("\n".join(lines))
    text = "\n".join(f"- {line}" for line in lines)
    await acreate_markdown_artifact(
        f"## {_TITLE[language]}: {mapping}\n\n{text}\n",
        key=artifact_key(f"drift-{mapping}"),
        description=lines[0],
    )
    if report["changes"] or report["failing"]:
        emit_event(
            "tasuki.schema.drifted",
            resource={"prefect.resource.id": f"tasuki.sync.{report['sync']}"},
            payload={"failing": report["failing"], "text": "\n".join(lines)},
        )
    if report["error"]:
        message = f"{report['error']}\n  {report['remedy']}"
        raise StageError(message)
    return report
