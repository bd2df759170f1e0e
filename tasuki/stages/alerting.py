"""One round of telling people: one task run."""

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from tasuki.operation.alarms import send_alerts
from tasuki.project import Project
from tasuki.stages.showing import tell
from tasuki.stages.stage import Report, in_a_thread


def tell_once() -> Report:
    """Tell this project's channels what they should know; returns plain values."""
    project = Project()
    with project.open_ledger() as ledger:
        return send_alerts(project, ledger).to_json()


@task(
    name="alerts",
    task_run_name="alerts",
    persist_result=False,
    cache_policy=NO_CACHE,
)
async def run_alerts() -> Report:
    """Tell what is due; a channel that fails is tried again by the next round.

    Raises:
        StageError: the ledger or the project's files cannot be used.
    """
    sent = await in_a_thread("alerts", "run-alerts", tell_once)
    logger = get_run_logger()
    for name, count in sent["told"].items():
        logger.info("%s: told of %s findings", name, count)
    for name, words in sent["failed"].items():
        logger.warning("%s", words)
        tell("tasuki.alerts.failed", "alerts", {"channel": name, "error": words})
    return sent
