"""All departments: do both sides of every sync still say the same?"""

from typing import Annotated

from prefect import flow
from pydantic import Field

from tasuki.stages.comparison import run_comparison
from tasuki.stages.drift import run_drift
from tasuki.stages.naming import named
from tasuki.stages.parameters import MappingName
from tasuki.stages.stage import Report


@flow(
    name="reconcile-systems",
    flow_run_name=named("突き合わせ", "reconcile"),
    persist_result=False,
    retries=0,
)
async def reconcile_systems(
    mappings: Annotated[list[MappingName], Field(min_length=1)],
    *,
    repair: bool = False,
    sample: Annotated[int, Field(ge=0)] = 0,
) -> list[Report]:
    """両側を突き合わせ、違いを報告する。 Compare both sides, in fields and in records.

    Args:
        mappings: 対象のマッピング（親が先）。 The mappings to compare, parents first.
        repair: 安全に直せるものを直す。 Mend what is safe to mend.
        sample: 無作為に選ぶ件数、0 で全件。 So many linked records at random; 0: all.
    """
    compared = [
        await run_comparison(mapping, repair=repair, sample=sample)
        for mapping in mappings
    ]
    for mapping in mappings:
        await run_drift(mapping)
    return compared
