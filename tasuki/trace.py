"""Which run speaks: for logs, and for OpenTelemetry where a program has set it up.

Without a provider nothing is imported and nothing is made: one look into a dictionary.
"""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, NamedTuple


class Speaking(NamedTuple):
    """The run that this thread works for; empty outside of one."""

    run: str = ""
    mapping: str = ""
    stage: str = ""


_NOBODY = Speaking()
_speaking: ContextVar[Speaking] = ContextVar("tasuki_run", default=_NOBODY)


def speaking() -> Speaking:
    """Return the run that this thread works for."""
    return _speaking.get()


@contextmanager
def run_named(run: str, mapping: str, stage: str) -> Iterator[None]:
    """Let logs and spans inside name this run."""
    token = _speaking.set(Speaking(run, mapping, stage))
    names = {"tasuki.run": run, "tasuki.mapping": mapping, "tasuki.stage": stage}
    try:
        with span("tasuki run", **names):
            yield
    finally:
        _speaking.reset(token)


def span(name: str, **attributes: str | int) -> AbstractContextManager[Any]:
    """Return a span of OpenTelemetry, or nothing where it is not in use.

    Attributes are names and counts: never a value of a record.
    """
    api = sys.modules.get("opentelemetry.trace")
    if api is None:
        return nullcontext()
    made: AbstractContextManager[Any] = api.get_tracer("tasuki").start_as_current_span(
        name, attributes=attributes
    )
    return made
