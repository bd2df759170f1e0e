"""All departments: what systems have told by webhook is looked at, come what may."""

from prefect import flow

from tasuki.stages.naming import named
from tasuki.stages.stage import Report
from tasuki.stages.sweep import run_sweep


@flow(
    name="drain-inbox",
    flow_run_name=named("Webhook の反映", "drain the inbox"),
    persist_result=False,
    retries=0,
)
async def drain_inbox(patience: float = 60.0) -> Report:
    """Look at every record that a webhook has hinted at.

    The consumer (`tasuki drain --follow`) does this within a second; this sweep goes on
    where it has ended.

    Args:
        patience: Seconds to wait for what is busy now.
    """
    return await run_sweep(patience)
