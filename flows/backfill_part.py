"""All departments: one part of a backfill, on whichever worker takes it."""

from prefect import flow

from tasuki.stages.partition import run_partition
from tasuki.stages.stage import Report


@flow(
    name="backfill-part",
    flow_run_name="{mapping} part {part}",
    persist_result=False,
    retries=0,
)
async def backfill_part(mapping: str, part: int) -> Report:
    """Read one part to its end, from where it stands.

    Args:
        mapping: The mapping whose backfill was planned.
        part: The part's number, from 1.
    """
    return await run_partition(mapping, part)
