"""The sweep of the inbox as one task run, for when nobody follows it."""

from functools import partial

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from tasuki.inbox.drain import Drain
from tasuki.project import Project
from tasuki.stages.showing import tell
from tasuki.stages.stage import Report, in_a_thread


def sweep(patience: float) -> Report:
    """Drain this project's inbox once and return the numbers."""
    project = Project()
    with project.open_ledger() as ledger:
        drain = Drain(project, ledger)
        try:
            told = drain.once(patience).as_json()
        finally:
            drain.close()
        backlog = ledger.inbox_backlog()
    return told | {"given_up": backlog.dead, "last_trouble": backlog.words}


@task(
    name="sweep",
    task_run_name="inbox",
    persist_result=False,
    cache_policy=NO_CACHE,
)
async def run_sweep(patience: float) -> Report:
    """Drain the inbox once.

    What could not be looked at waits for the next sweep; this one has not failed.

    Raises:
        StageError: the ledger or the project's files cannot be used; hints wait.
    """
    report = await in_a_thread("inbox", "run-inbox", partial(sweep, patience))
    logger = get_run_logger()
    logger.info(
        "%s hints of %s records: %s done, %s ignored, %s given up, %s wait",
        *(report[name] for name in ("hints", "records", "done", "ignored", "dead")),
        report["waiting"],
    )
    if report["given_up"]:
        logger.warning(
            "%s hints were given up (%s); `tasuki doctor` says what to do",
            report["given_up"], report["last_trouble"],
        )  # fmt: skip
        tell("tasuki.inbox.given_up", "inbox", {"count": report["given_up"]})
    return report
