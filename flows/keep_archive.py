"""Back office: is every document archived, and the archive as it was?"""

from prefect import flow

from tasuki.stages.archive_watch import Watch, watch_archive
from tasuki.stages.naming import named


@flow(
    name="keep-archive",
    flow_run_name=named("書類の保存", "archive"),
    persist_result=False,
    retries=0,
)
async def keep_archive() -> list[Watch]:
    """Archive what is missing, verify the whole chain, and anchor it outside."""
    return [await watch_archive()]
