"""Marketing → inside sales: qualified contacts become leads, known leads stay fresh."""

from prefect import flow

from tasuki.stages.stage import Report, run_stage


@flow(
    name="sync-leads",
    flow_run_name="leads {mapping}",
    persist_result=False,
    retries=0,
)
async def sync_leads(
    mapping: str = "lead.hubspot-salesforce",
    *,
    full: bool = False,
    allow: int | None = None,
) -> Report:
    """Read what changed in the marketing tool and pass on what qualifies.

    Args:
        mapping: The mapping to run.
        full: Read everything, not only what changed.
        allow: A person's word that this many creates or updates are meant.
    """
    return await run_stage(mapping, full=full, allow=allow)
