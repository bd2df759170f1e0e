"""Backfills in Prefect's sight: planning one, and one part as a task."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterName,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType

from tasuki.engine.backfill import finish_backfill, plan_backfill, run_part
from tasuki.engine.progress import read_backfill, unfinished
from tasuki.engine.sync import Options
from tasuki.ledger import LeaseHeldError
from tasuki.model.errors import ConfigError
from tasuki.project import Project
from tasuki.stages.language import language_here
from tasuki.stages.report import failure_line, markdown, one_line
from tasuki.stages.showing import artifact_key, show_report
from tasuki.stages.stage import Report, StageError, in_a_thread


def plan_once(mapping: str, parts: int, allow: int | None, again: bool) -> Report:  # noqa: FBT001
    """Plan a mapping's backfill, or return the one that is planned."""
    project = Project()
    seconds = project.lease_seconds
    with project.open_ledger() as ledger:
        sync = project.open_sync(project.mappings[mapping], ledger)
        try:
            planned = read_backfill(ledger, mapping)
            if planned is None or again or not planned.parts_under_way():
                planned = plan_backfill(sync, parts, allow, seconds, anew=again)
            finish_backfill(sync, seconds)
            return planned.as_json()
        finally:
            sync.close()


def run_part_once(mapping: str, part: int) -> Report:
    """Run one part of a planned backfill to its end."""
    project = Project()
    with project.open_ledger() as ledger:
        planned = read_backfill(ledger, mapping)
        if planned is None:
            remedy = "Start the flow `backfill` for this mapping."
            raise ConfigError(mapping, "no backfill is planned", remedy)
        if any(one.number == part and one.is_done for one in planned.parts):
            return {"held": f"{mapping}: part {part} is done already"}
        sync = project.open_sync(project.mappings[mapping], ledger)
        try:
            options = Options(lease_seconds=project.lease_seconds)
            return run_part(sync, planned, part, options).as_json()
        except LeaseHeldError as error:
            return {"held": str(error)}
        finally:
            sync.close()


def unfinished_backfills() -> list[dict[str, Any]]:
    """Return every backfill that was planned and is not finished."""
    project = Project()
    with project.open_ledger() as ledger:
        return [
            one.as_json()
            for one in unfinished(ledger, (one.id for one in project.mappings))
        ]


async def scheduled_among(names: Sequence[str]) -> set[str]:
    """Return those of these flow runs that Prefect will start anyway."""
    wanted = FlowRunFilter(
        name=FlowRunFilterName(any_=list(names)),
        state=FlowRunFilterState(
            type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])
        ),
    )
    async with get_client() as client:
        found = await client.read_flow_runs(flow_run_filter=wanted)
    return {run.name for run in found}


@task(name="plan", task_run_name="plan {mapping}", persist_result=False,
      cache_policy=NO_CACHE)  # fmt: skip
async def run_planning(
    mapping: str, parts: int, *, allow: int | None, again: bool
) -> Report:
    """Plan a backfill; one that is under way is gone on with."""
    work = partial(plan_once, mapping, parts, allow, again)
    return await in_a_thread(mapping, artifact_key(mapping, "run-backfill"), work)


@task(name="part", task_run_name="{mapping} part {part}", persist_result=False,
      cache_policy=NO_CACHE)  # fmt: skip
async def run_partition(mapping: str, part: int) -> Report:
    """Run one part and leave its report.

    Raises:
        StageError: a system or the ledger could not be used; the next run goes on.
    """
    key = f"{artifact_key(mapping)}-part-{part}"
    report = await in_a_thread(mapping, key, partial(run_part_once, mapping, part))
    if "held" in report:
        get_run_logger().info(report["held"])
        return report
    get_run_logger().info(one_line(report))
    text = markdown(report, language=language_here())
    await show_report(key, text, one_line(report))
    if report["error"]:
        raise StageError(failure_line(report["error"], report["remedy"]))
    return report
