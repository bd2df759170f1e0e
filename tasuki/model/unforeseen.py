"""Telling a mistake of ours, or of a project, without quoting a record.

The words of an error that nobody foresaw may hold anything, a payload or a token. Where
it came from is told, and of what kind it is; its words are not.
"""

import traceback
from collections.abc import Iterator

from tasuki.model.errors import TasukiError


class UnforeseenError(TasukiError):
    """Something that is no error of ours came up; `trace` is where from."""

    remedy = (
        "Report it with the lines that tell where. Its words are left out: they may "
        "quote a record."
    )
    exit_code = 1

    def __init__(self, where: str, what: str) -> None:
        super().__init__(where, what)
        self.where = where
        self.what = what

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def unforeseen(where: str, error: BaseException) -> UnforeseenError:
    """Return an error in words of ours: its kind, and the last line reached."""
    frames = traceback.extract_tb(error.__traceback__)
    last = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return UnforeseenError(where, f"ended by {type(error).__name__}{last}")


def trace(error: BaseException) -> str:
    """Return a traceback with all its lines and causes, and without any words."""
    return "".join(_lines(error, set()))


def _lines(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    before = error.__cause__
    if before is None and not error.__suppress_context__:
        before = error.__context__
    if before is not None and id(before) not in seen:
        yield from _lines(before, seen)
        yield "which led to:\n"
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    kind = type(error)
    yield f"{kind.__module__}.{kind.__qualname__}\n"
