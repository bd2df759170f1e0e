"""Inside sales' answer goes back to marketing; single leads are handed over at once."""

from prefect import flow

from tasuki.stages.stage import Report, run_stage


@flow(
    name="hand-over-qualified",
    flow_run_name="hand over",
    persist_result=False,
    retries=0,
)
async def hand_over_qualified(
    contacts: list[str] | None = None,
    leads: str = "lead.hubspot-salesforce",
    stages: str = "lifecycle.salesforce-hubspot",
) -> list[Report]:
    """Hand named contacts over now, then tell marketing what sales made of its leads.

    Args:
        contacts: Ids of contacts that cannot wait for the next sync.
        leads: The mapping that makes leads.
        stages: The mapping that brings their stage back.
    """
    reports = []
    if contacts:
        reports.append(await run_stage(leads, only=tuple(contacts)))
    reports.append(await run_stage(stages))
    return reports
