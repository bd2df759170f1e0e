"""One stage of a flow: one sync, one task run, one report."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event

from tasuki.engine.run import run_sync
from tasuki.engine.sync import Options
from tasuki.model.errors import TasukiError
from tasuki.model.unforeseen import trace, unforeseen
from tasuki.project import Project
from tasuki.stages.report import Language, markdown, one_line

Report = dict[str, Any]


class StageError(Exception):
    """A stage could not finish; the message says why and what to do."""


async def in_a_thread(mapping: str, work: Callable[[], Report]) -> Report:
    """Do a stage's work beside the event loop.

    Prefect keeps the words of what a task raises, in its log and in its database: of a
    mistake of ours or of a project's code, which may quote a record, it gets none.

    Raises:
        TasukiError: as the work says.
        StageError: anything else came up.
    """
    try:
        return await asyncio.to_thread(work)
    except TasukiError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is
        get_run_logger().error(trace(error))
        told = unforeseen(mapping, error)
    # Outside the clause: the error is not to travel along as the context of ours.
    message = f"{told}\n  {told.remedy}"
    raise StageError(message)


def run_once(mapping: str, options: Options) -> Report:
    """Run a sync of this project and return its report as plain values."""
    project = Project()
    options = replace(options, lease_seconds=project.lease_seconds)
    with project.open_ledger() as ledger:
        sync = project.open_sync(project.mappings[mapping], ledger)
        try:
            return run_sync(sync, options).as_json()
        finally:
            sync.close()


@task(
    name="stage",
    task_run_name="{mapping}",
    persist_result=False,  # records never leave the ledger
    cache_policy=NO_CACHE,  # a cached write would be a lost one
)
async def run_stage(
    mapping: str,
    *,
    full: bool = False,
    only: tuple[str, ...] = (),
    allow: int | None = None,
    language: Language = "ja",
) -> Report:
    """Run one sync and leave its report as an artifact under a stable key.

    Raises:
        StageError: a system or the ledger could not be used; nothing is lost.
    """
    options = Options(full=full, only=only, allow=allow)
    report = await in_a_thread(mapping, partial(run_once, mapping, options))
    logger = get_run_logger()
    logger.info(one_line(report))
    await acreate_markdown_artifact(
        markdown(report, language),
        key=artifact_key(mapping),
        description=one_line(report),
    )
    _tell(report)
    if report["error"]:
        message = f"{report['error']}\n  {report['remedy']}"
        raise StageError(message)
    return report


def artifact_key(mapping: str) -> str:
    """Return the artifact key of a mapping: `run-lead-hubspot-salesforce`."""
    return "run-" + re.sub(r"[^a-z0-9]+", "-", mapping.lower()).strip("-")


def _tell(report: Report) -> None:
    """Emit events for automations; after the commit, and never as evidence."""
    resource = {"prefect.resource.id": f"tasuki.sync.{report['sync']}"}
    counts = {k: report[k] for k in ("created", "updated", "held", "dead", "in_doubt")}
    emit_event("tasuki.sync.finished", resource=resource, payload=counts)
    for name in ("dead", "held"):
        if report[name]:
            payload = {
                "count": report[name],
                "reasons": report["reasons"].get(name, {}),
            }
            emit_event(f"tasuki.sync.{name}", resource=resource, payload=payload)
