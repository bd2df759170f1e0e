"""Problems of files: where, what, and what to write instead; collected, not raised."""

import difflib
from collections.abc import Iterable
from typing import NamedTuple

from tasuki.model.errors import MappingError


class Problem(NamedTuple):
    """One thing to correct. Lines and columns count from 1, as editors do."""

    file: str
    line: int
    column: int
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}:{self.column}: {self.what}"
        return f"{text}\n  {self.remedy}" if self.remedy else text


class Problems:
    """The problems found so far, in every file."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def __len__(self) -> int:
        return len(self._found)

    def add(self, problem: Problem) -> None:
        """Note a problem once."""
        if problem not in self._found:
            self._found.append(problem)

    def extend(self, problems: Iterable[Problem]) -> None:
        """Note several."""
        for problem in problems:
            self.add(problem)

    def of(self, file: str) -> tuple[Problem, ...]:
        """Return those of one file."""
        return tuple(each for each in self._found if each.file == file)

    def raise_any(self) -> None:
        """Raise all of them, by file and line.

        Raises:
            MappingError: There is at least one.
        """
        if self._found:
            raise MappingError(tuple(str(each) for each in sorted(self._found)))


def nearest(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return `Did you mean …?` with the known word most like this one."""
    by_folded = {each.casefold(): each for each in known}
    close = difflib.get_close_matches(word.casefold(), by_folded, n=1)
    hint = f"Did you mean '{by_folded[close[0]]}'?" if close else ""
    return " ".join(part for part in (hint, otherwise) if part)
