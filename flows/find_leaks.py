"""All departments: what should have crossed a handoff by now, and has not?"""

from prefect import flow

from tasuki.stages.leak_watch import run_leak_watch
from tasuki.stages.naming import named
from tasuki.stages.stage import Report


@flow(
    name="find-leaks",
    flow_run_name=named("バケツの穴の確認", "leaks"),
    persist_result=False,
    retries=0,
)
async def find_leaks() -> Report:
    """バケツの穴を探す。 Find leaks over the ledger and one sweep of the systems."""
    return await run_leak_watch()
