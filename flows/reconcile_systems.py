"""All departments: do both sides of every sync still say the same?"""

from prefect import flow

from tasuki.stages.comparison import run_comparison
from tasuki.stages.drift import run_drift
from tasuki.stages.stage import Report


@flow(
    name="reconcile-systems",
    flow_run_name="reconcile",
    persist_result=False,
    retries=0,
)
async def reconcile_systems(
    mappings: list[str],
    *,
    repair: bool = False,
    sample: int = 0,
) -> list[Report]:
    """Compare both sides of each sync and say what differs, in fields and in records.

    Args:
        mappings: The mappings to compare, parents first.
        repair: Mend what is safe to mend.
        sample: Only so many linked records, drawn at random; 0 for all.
    """
    compared = [
        await run_comparison(mapping, repair=repair, sample=sample)
        for mapping in mappings
    ]
    for mapping in mappings:
        await run_drift(mapping)
    return compared
