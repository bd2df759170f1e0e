"""One stage of a flow: one sync, one task run, one report."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from tasuki.model.errors import TasukiError
from tasuki.model.language import Language
from tasuki.model.unforeseen import trace, unforeseen
from tasuki.stages.language import language_here
from tasuki.stages.parameters import USUAL, RunOptions
from tasuki.stages.report import dry_run, failure_line, markdown, not_begun, one_line
from tasuki.stages.running import Done, Report, Watched, command_options, run_once
from tasuki.stages.showing import (
    artifact_key,
    show_links,
    show_report,
    show_tables,
    tell,
    tell_run,
)
from tasuki.stages.watching import watch

__all__ = ["Report", "StageError", "artifact_key", "in_a_thread", "run_stage"]

T = TypeVar("T")


class StageError(Exception):
    """A stage could not finish; the message says why and what to do, in one line."""


async def in_a_thread(
    mapping: str, key: str, work: Callable[[], T], watched: Watched | None = None
) -> T:
    """Do a stage's work beside the event loop.

    Prefect keeps the words of what a task raises, in its log and in its database: of a
    mistake of ours or of a project's code, which may quote a record, it gets none.

    Args:
        mapping: The mapping that is worked on.
        key: Of the report that tells what kept the work from beginning.
        work: What is done in a thread.
        watched: How far it has come, where a bar is to show that.

    Raises:
        StageError: the work could not begin, or came upon a mistake.
    """
    language = language_here()
    run = asyncio.ensure_future(asyncio.to_thread(work))
    if watched is not None:
        await watch(run, mapping, watched, language)
    try:
        return await run
    except TasukiError as error:
        words, remedy = str(error), error.remedy
    except Exception as error:  # noqa: BLE001 - whatever it is
        get_run_logger().error(trace(error))
        told = unforeseen(mapping, error)
        words, remedy = str(told), told.remedy
    # Outside the clauses: the error is not to travel along as the context of ours.
    line = failure_line(words, remedy)
    await show_report(key, not_begun(mapping, words, remedy, language), line)
    tell("tasuki.run.failed", mapping, {"error": words, "remedy": remedy})
    raise StageError(line)


@task(
    name="stage",
    task_run_name="{mapping}",
    persist_result=False,  # records never leave the ledger
    cache_policy=NO_CACHE,  # a cached write would be a lost one
)
async def run_stage(
    mapping: str,
    options: RunOptions = USUAL,
    *,
    full: bool = False,
    only: tuple[str, ...] = (),
    allow: int | None = None,
) -> Report:
    """Run one sync and leave its report as an artifact under a stable key.

    Args:
        mapping: The mapping to run.
        options: What a person has filled in.
        full: Read everything, whatever the options say.
        only: These records and no others, whatever the options say.
        allow: So many creates or changes are meant, whatever the options say.

    Raises:
        StageError: a system or the ledger could not be used; nothing is lost.
    """
    said = {"full": full, "records": list(only), "allow": allow}
    wish = options.model_copy(update={k: v for k, v in said.items() if v})
    watched, key = Watched(), artifact_key(mapping)
    work = partial(run_once, mapping, wish, watched)
    done = await in_a_thread(mapping, key, work, watched)
    if wish.dry_run:
        await _show_plan(done.report, wish, language_here())
        return done.report
    await _show_run(done, key, language_here())
    if done.report["error"]:
        raise StageError(failure_line(done.report["error"], done.report["remedy"]))
    return done.report


async def _show_run(done: Done, key: str, language: Language) -> None:
    report, left = done
    line = one_line(report)
    get_run_logger().info(line)
    await show_report(key, markdown(report, language, left), line)
    await show_tables(report, left, language)
    await show_links(report["sync"], left)
    tell_run(report, left)


async def _show_plan(preview: Report, wish: RunOptions, language: Language) -> None:
    counts = ", ".join(f"{name} {n}" for name, n in preview["counts"].items() if n)
    line = f"{preview['sync']}: dry run: {counts or 'nothing to do'}"
    get_run_logger().info(line)
    text = dry_run(preview, language, command_options(wish))
    await show_report(artifact_key(preview["sync"], "plan"), text, line)
