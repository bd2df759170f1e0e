"""All departments: where do customers stand, and where are they lost?"""

from prefect import flow

from tasuki.stages.measuring import Measured, measure_journey_once
from tasuki.stages.naming import named


@flow(
    name="measure-journey",
    flow_run_name=named("ファネルの計測", "measure"),
    persist_result=False,
    retries=0,
)
async def measure_journey() -> list[Measured]:
    """ステージの記録を集め、ファネルを計測する。 Collect stages, measure the funnel."""
    return [await measure_journey_once()]
