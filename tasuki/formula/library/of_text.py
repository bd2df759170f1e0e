"""Functions of one text, as the library for Japan is made of."""

import functools
from collections.abc import Callable

from tasuki.formula.functions import Example, Function, Kind, function
from tasuki.formula.limits import MAX_READING
from tasuki.formula.values import as_text


def of_text(
    call: Callable[[str], str | None],
    *examples: tuple[str, object],
    name: str | None = None,
    longest: int = MAX_READING,
    group: str = "Japan",
) -> Function:
    """Describe a function of a text; a number in its place is written out first.

    A text longer than any name or address is none, and gives nothing.
    """

    @functools.wraps(call)
    def of_value(value: object) -> str | None:
        text = value if type(value) is str else as_text(value)
        return call(text) if len(text) <= longest else None

    return function(
        of_value,
        *(Example(formula, gives) for formula, gives in examples),
        name=name,
        group=group,
        returns=Kind.TEXT,
    )
