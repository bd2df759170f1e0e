"""All departments: what did the week bring, and what is to be asked?"""

from prefect import flow

from tasuki.stages.naming import named
from tasuki.stages.reviewing import Reviewed, review_week_once


@flow(
    name="review-week",
    flow_run_name=named("週次レビュー", "review"),
    persist_result=False,
    retries=0,
)
async def review_week(week: str = "") -> list[Reviewed]:
    """先週を一枚にまとめる。 One page of the last week, or of a week: 2026-W47."""
    return [await review_week_once(week)]
