"""A progress bar for runs that take long."""

import asyncio
from typing import Any
from uuid import UUID

from tasuki.model.language import Language
from tasuki.stages.running import Watched
from tasuki.stages.showing import artifact_key, begin_progress, move_progress

LONG = 10.0
"""A run of so many seconds gets a bar."""

_EVERY = 5.0


async def watch(
    run: "asyncio.Future[Any]", mapping: str, watched: Watched, language: Language
) -> None:
    """Show a bar while a run goes on, once it has gone on for long; returns at its end.

    How it ends is not looked at.
    """
    bar: UUID | None = None
    wait = LONG
    while not (await asyncio.wait({run}, timeout=wait))[0]:
        wait, line = _EVERY, watched.line(language)
        if bar is None:
            key = artifact_key(mapping, "progress")
            bar = await begin_progress(key, watched.percent(), line)
        else:
            await move_progress(bar, watched.percent(), line)
    if bar is not None:
        await move_progress(bar, 100.0, watched.line(language))
