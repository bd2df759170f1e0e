"""All departments: a mapping's whole source is read, in parts on every worker."""

import asyncio
from typing import Any

from prefect import flow, get_run_logger
from prefect.deployments.flow_runs import arun_deployment

from tasuki.stages.partition import run_planning, scheduled_among, unfinished_backfills

PART = "backfill-part/backfill-part"


@flow(
    name="backfill",
    flow_run_name="backfill {mapping}",
    persist_result=False,
    retries=0,
)
async def backfill_mapping(
    mapping: str = "",
    *,
    parts: int = 8,
    allow: int | None = None,
    again: bool = False,
) -> list[dict[str, Any]]:
    """Cut a mapping's source into parts and start a run for each that waits.

    Started again, or by its schedule, it starts those whose run was killed.

    Args:
        mapping: The mapping to read; empty for every unfinished backfill.
        parts: How many parts to cut its source into.
        allow: A person's word that this many creates or updates are meant.
        again: Plan anew, also where one was planned before.
    """
    if mapping:
        found = [await run_planning(mapping, parts, allow=allow, again=again)]
    else:
        found = await asyncio.to_thread(unfinished_backfills)
    for one in found:
        waiting = [p["part"] for p in one["parts"] if p["state"] == "waiting"]
        names = {f"{one['sync']} part {part}": part for part in waiting}
        coming = await scheduled_among(list(names)) if names else set()
        for name, part in names.items():
            if name in coming:
                continue
            await arun_deployment(
                PART,
                parameters={"mapping": one["sync"], "part": part},
                flow_run_name=name,
                timeout=0,
                as_subflow=False,
            )
        get_run_logger().info(
            "%s: %d parts started", one["sync"], len(names) - len(coming)
        )
    return found
