"""A progress bar for runs that take long."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

from tasuki.stages.language import Language
from tasuki.stages.running import Watched
from tasuki.stages.showing import artifact_key, begin_progress, move_progress

LONG = 10.0
"""A run of so many seconds gets a bar."""

_EVERY = 5.0


async def watch(
    run: "asyncio.Future[object]",
    mapping: str,
    watched: Watched,
    language: Language,
    timing: Mapping[str, float] | None = None,
) -> None:
    """Show a bar while a run goes on, once it has gone on for long; returns at its end.

    Args:
        run: The run under way; how it ends is not looked at.
        mapping: Its mapping.
        watched: How far it has come.
        language: Of the reader.
        timing: `long` and `every` in seconds, where not the usual.
    """
    long, every = (timing or {}).get("long", LONG), (timing or {}).get("every", _EVERY)
    bar: UUID | None = None
    wait = long
    while not (await asyncio.wait({run}, timeout=wait))[0]:
        wait, line = every, watched.line(language)
        if bar is None:
            key = artifact_key(mapping, "progress")
            bar = await begin_progress(key, watched.percent(), line)
        else:
            await move_progress(bar, watched.percent(), line)
    if bar is not None:
        await move_progress(bar, 100.0, watched.line(language))
