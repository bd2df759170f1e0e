"""What can be wrong with a formula: when it is read, and when it meets a record."""

from collections.abc import Mapping
from dataclasses import dataclass

from tasuki.model.errors import TasukiError


@dataclass(frozen=True, slots=True)
class FormulaProblem:
    """One thing to correct in the text of a formula.

    Attributes:
        position: Character offset in the formula, from 0.
        message: What is wrong there.
        remedy: What to write instead, where we can tell.
    """

    position: int
    message: str
    remedy: str | None = None


class FormulaSyntaxError(TasukiError):
    """A formula that cannot be used, with every problem found in it."""

    remedy = "Correct the formula; `tasuki functions` lists what it may call."

    def __init__(self, text: str, problems: list[FormulaProblem]) -> None:
        super().__init__(text, problems)
        self.text = text
        self.problems = problems

    def __str__(self) -> str:
        return "; ".join(f"{p.position}: {p.message}" for p in self.problems)


class FormulaError(TasukiError):
    """A formula met values it has no answer for; names no value of the record.

    Attributes:
        text: The formula.
        position: Character offset of the call or operator that gave up, from 0.
        reason: Why, in words that hold no value of the record.
        met: What each field held, masked: its kind and size, never its value.
    """

    remedy = "Correct the record at its source, or the formula."

    def __init__(
        self,
        text: str,
        position: int,
        reason: str,
        remedy: str | None = None,
        met: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(text, position, reason, remedy, met)
        self.text = text
        self.position = position
        self.reason = reason
        self.met = met or {}
        if remedy:
            self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.position}: {self.reason}"

    @property
    def told(self) -> str:
        """The reason, the formula, the place in it and the masked values it met."""
        held = "".join(f"; {name}: {words}" for name, words in self.met.items())
        place = f"in `{self.text}`, character {self.position + 1}"
        return f"{self.reason} ({place}{held})"


class RefusedValueError(Exception):
    """A function or operator has no answer for this value.

    A project's own functions raise it too. The reason goes into logs and dead
    letters: it says the kind of value that was met, never the value.
    """

    def __init__(self, reason: str, remedy: str | None = None) -> None:
        super().__init__(reason, remedy)
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        return self.reason
