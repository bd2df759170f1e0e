"""All departments: what is wrong is told to whom it concerns, once."""

from prefect import flow

from tasuki.stages.alerting import run_alerts
from tasuki.stages.naming import named
from tasuki.stages.stage import Report


@flow(
    name="send-alerts",
    flow_run_name=named("通知", "alerts"),
    persist_result=False,
    retries=0,
)
async def send_alerts() -> list[Report]:
    """見つかった問題を知らせる。 Tell each channel what it should know now."""
    return [await run_alerts()]
