"""Showing in the Prefect UI what a run did: best effort, and never evidence.

The ledger has it all by then. A server that is away, slow or full must not turn a run
that did its work into one that failed.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from prefect import get_run_logger
from prefect.artifacts import (
    Artifact,
    acreate_link_artifact,
    acreate_markdown_artifact,
    acreate_progress_artifact,
    acreate_table_artifact,
    aupdate_progress_artifact,
)
from prefect.events import emit_event

from tasuki.model.language import Language
from tasuki.model.unforeseen import unforeseen
from tasuki.stages.leftover import LeftOver
from tasuki.stages.report import said
from tasuki.stages.table import Row, funnel, waiting

T = TypeVar("T")
_PATIENCE = 30.0
_MOST_LINKS = 5


def artifact_key(mapping: str, kind: str = "run") -> str:
    """Return the artifact key of a mapping: `run-lead-hubspot-salesforce`."""
    return f"{kind}-" + re.sub(r"[^a-z0-9]+", "-", mapping.lower()).strip("-")


async def attempt(what: str, work: Callable[[], Awaitable[T]]) -> T | None:
    """Show something; what goes wrong is a line in the log."""
    try:
        return await asyncio.wait_for(work(), _PATIENCE)
    except Exception as error:  # noqa: BLE001 - the run has done its work
        get_run_logger().warning("%s not shown: %s", what, unforeseen(what, error).what)
        return None


async def show_report(key: str, text: str, line: str) -> None:
    """Leave a Markdown report under a key that stays the same."""
    await attempt(
        "report", lambda: acreate_markdown_artifact(text, key=key, description=line)
    )


async def show_tables(
    report: Mapping[str, Any], left: LeftOver, language: Language
) -> None:
    """Leave the funnel, and what waits for a person, as tables."""
    sync = report["sync"]
    await _table(artifact_key(sync, "funnel"), funnel(report, language), "")
    for kind, items in (("dead", left.dead), ("held", left.held)):
        key = artifact_key(sync, kind)
        if items or await _shows_rows(key):
            title = said(f"{kind}_title", language)
            await _table(key, waiting(items, language), title)


async def show_links(sync: str, left: LeftOver) -> None:
    """Leave the way to the counterparts of the few records that were asked for."""
    for ref, url in left.links[:_MOST_LINKS]:
        key = artifact_key(f"{sync}-{ref.rpartition('/')[2]}", "link")

        async def link(ref: str = ref, url: str = url, key: str = key) -> UUID:
            return await acreate_link_artifact(url, ref, key=key, description=ref)

        await attempt("link", link)


async def _table(key: str, rows: Sequence[Row], description: str) -> None:
    table: list[dict[str, Any]] = [dict(row) for row in rows]
    await attempt(
        "table",
        lambda: acreate_table_artifact(table, key=key, description=description),
    )


async def _shows_rows(key: str) -> bool:
    """Say whether an earlier run left rows that are not true any more."""
    latest = await attempt("table", lambda: Artifact.aget(key))
    return latest is not None and latest.data not in {None, "[]", ""}


async def begin_progress(key: str, percent: float, line: str) -> UUID | None:
    """Leave a progress bar; returns what `move_progress` takes."""
    return await attempt(
        "progress",
        lambda: acreate_progress_artifact(percent, key=key, description=line),
    )


async def move_progress(bar: UUID, percent: float, line: str) -> None:
    """Move a progress bar."""
    await attempt(
        "progress",
        lambda: aupdate_progress_artifact(bar, percent, description=line),
    )


def tell(event: str, sync: str, payload: Mapping[str, Any]) -> None:
    """Emit one event for automations; after the commit, and never as evidence."""
    resource = {"prefect.resource.id": f"tasuki.sync.{sync}"}
    resource["prefect.resource.name"] = sync
    try:
        emit_event(event, resource=resource, payload=dict(payload))
    except Exception as error:  # noqa: BLE001 - a dead channel harms no run
        words = unforeseen(event, error).what
        get_run_logger().warning("event %s not sent: %s", event, words)


def tell_run(report: Mapping[str, Any], left: LeftOver) -> None:
    """Emit what a run has to say: one event of each kind, with counts.

    A run of ten thousand leads is one event and not ten thousand: events are for
    notifications, and a server's queue of them is short.
    """
    sync = report["sync"]
    what = sync.partition(".")[0]
    counts = {k: report[k] for k in ("created", "updated", "held", "dead", "in_doubt")}
    tell("tasuki.sync.finished", sync, counts)
    if report["error"]:
        told = {name: report[name] for name in ("error", "remedy", "state")}
        tell("tasuki.run.failed", sync, told)
    passed = report["created"] + report["attached"]
    if passed:
        tell(f"tasuki.{what}.qualified", sync, {"count": passed})
    if report["created"]:
        tell(f"tasuki.{what}.created", sync, {"count": report["created"]})
    for name, items in (("dead_letter", left.dead), ("hold", left.held)):
        new = [one for one in items if one.is_new]
        if new:
            reasons = sorted({one.reason for one in new})
            tell(f"tasuki.{name}.opened", sync, {"count": len(new), "reasons": reasons})
