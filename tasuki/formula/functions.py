"""The functions a formula may call: a table of plain typed Python functions."""

import difflib
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Literal

from tasuki.model.errors import ConfigError


class Kind(Enum):
    """What a value is known to be before any record is seen (or nothing at all)."""

    ANY = "any"
    TRUTH = "true/false"
    NUMBER = "number"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Example:
    """A formula and what it gives: shown to people, and run by the tests."""

    formula: str
    gives: object
    given: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the formula language.

    Attributes:
        name: How formulas call it.
        call: The Python function behind it.
        signature: `left(text, count)`.
        doc: What it does; the first line stands alone.
        examples: Formulas with their results.
        group: Where the reference lists it.
        lazy_args: Positions evaluated once for each item of the first argument.
        nulls: "flow": nothing in gives nothing, without a call; "see": the function
            is called and decides.
        returns: What the result is known to be. A float from a function of kind
            ANY becomes an exact number.
        template: Python expression of `{0}` that does the same for plain text.
        choices: What the first argument may be, where it names a thing of the project.
    """

    name: str
    call: Callable[..., object]
    signature: str
    doc: str
    examples: tuple[Example, ...] = ()
    group: str = "project"
    lazy_args: tuple[int, ...] = ()
    nulls: Literal["flow", "see"] = "flow"
    returns: Kind = Kind.ANY
    template: str | None = None
    choices: frozenset[str] | None = None

    @property
    def parameters(self) -> inspect.Signature:
        """The parameters that calls are checked against."""
        return inspect.signature(self.call)


def function(  # noqa: PLR0913 - each is one fact about the function, given by name
    call: Callable[..., object],
    *examples: Example,
    name: str | None = None,
    group: str = "project",
    nulls: Literal["flow", "see"] = "flow",
    returns: Kind = Kind.ANY,
    lazy_args: tuple[int, ...] = (),
    template: str | None = None,
    choices: Iterable[str] | None = None,
) -> Function:
    """Describe a Python function as a function of the formula language.

    Name, signature and description come from the function itself, so a project adds
    its own by `function(my_function)`.
    """
    named = name or call.__name__.rstrip("_")
    return Function(
        name=named,
        call=call,
        signature=named + _written(inspect.signature(call)),
        doc=inspect.cleandoc(call.__doc__ or ""),
        examples=examples,
        group=group,
        lazy_args=lazy_args,
        nulls=nulls,
        returns=returns,
        template=template,
        choices=None if choices is None else frozenset(choices),
    )


def _written(signature: inspect.Signature) -> str:
    """Write parameters for people: names and defaults, no Python types."""
    parts = []
    for parameter in signature.parameters.values():
        name = parameter.name.rstrip("_")
        if name == "steps":  # counts visited items; formulas do not give it
            continue
        if parameter.kind is parameter.VAR_POSITIONAL:
            parts.append(f"{name}, …")
        elif parameter.default is parameter.empty:
            parts.append(name)
        else:
            default = parameter.default
            shown = f'"{default}"' if isinstance(default, str) else str(default)
            parts.append(f"{name}={'null' if default is None else shown}")
    return f"({', '.join(parts)})"


class FunctionTable:
    """The functions of a project by name; never changes after it is made."""

    def __init__(
        self, functions: Iterable[Function], today: Callable[[], date]
    ) -> None:
        self._by_name = {each.name: each for each in functions}
        self.today = today
        self._signatures: dict[str, inspect.Signature] = {}
        self._globals: dict[str, object] = {}

    def __iter__(self) -> Iterator[Function]:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def get(self, name: str) -> Function | None:
        """Return the function of that name, if there is one."""
        return self._by_name.get(name)

    def __getitem__(self, name: str) -> Function:
        return self._by_name[name]

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in the order of the reference."""
        return tuple(self._by_name)

    def nearest(self, name: str) -> str | None:
        """Return the function whose name is most like this one."""
        close = difflib.get_close_matches(name.lower(), self._by_name, n=1)
        return close[0] if close else None

    def signature(self, name: str) -> inspect.Signature:
        """Return the checked parameters of a function, looked up once."""
        if name not in self._signatures:
            self._signatures[name] = self._by_name[name].parameters
        return self._signatures[name]

    def extended(self, more: Iterable[Function]) -> "FunctionTable":
        """Return a table with a project's own functions added.

        Raises:
            ConfigError: A name is taken: a shipped function is never replaced in
                silence, since mappings elsewhere rely on it.
        """
        added = tuple(more)
        for each in added:
            if each.name in self:
                raise ConfigError(
                    where="mappings/functions.py",
                    what=f"function '{each.name}' exists already",
                    remedy="Give it another name.",
                )
        return FunctionTable((*self, *added), self.today)
