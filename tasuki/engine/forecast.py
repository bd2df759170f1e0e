"""What the destination would refuse, told from its own schema before it is sent."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from tasuki import plan
from tasuki.engine.turn import Turn, Verdict
from tasuki.model.record import FieldFacts, Schema

Cause = Literal["too_long", "no_such_value", "required_empty", "read_only", "gone"]
_LIMITED = frozenset({"text", "picklist"})
_BLANK: tuple[object, ...] = (None, "", [])


class Refusal(NamedTuple):
    """One value that the destination would not take.

    Attributes:
        cause: Why.
        field: The destination's field.
        value: The value that its picklist lacks; "" for the other causes.
        words: What is wrong, for people; no value of a record is in it.
    """

    cause: Cause
    field: str
    value: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a destination's fields take.

    Attributes:
        schema: As the system describes it now.
        gone: Fields that it had, and has not any more.
    """

    schema: Schema
    gone: frozenset[str] = frozenset()

    def refusals(self, verdict: Verdict) -> list[Refusal]:
        """Return what would be refused of a create or an update; the first by field."""
        if isinstance(verdict, plan.Create):
            missing = self._missing(verdict.fields)
            return [*self._of(verdict.fields), *missing]
        if isinstance(verdict, plan.Update):
            return list(self._of(verdict.fields))
        return []

    def _of(self, fields: Mapping[str, object]) -> Iterator[Refusal]:
        known = self.schema.fields
        for name, value in fields.items():
            facts = known.get(name)
            found = None
            if facts is not None:
                found = _refused(facts, value)
            elif name in self.gone:
                found = Refusal("gone", name, "", f"there is no '{name}' any more")
            if found is not None:
                yield found

    def _missing(self, fields: Mapping[str, object]) -> Iterator[Refusal]:
        for name, facts in self.schema.fields.items():
            if facts.required and facts.writable and name not in fields:
                words = f"'{name}' must not be blank"
                yield Refusal("required_empty", name, "", words)


def refusals_of(forecast: Forecast | None, turn: Turn) -> list[Refusal]:
    """Return what would be refused of a turn; nothing where it cannot be told."""
    return forecast.refusals(turn.verdict) if forecast is not None else []


def _refused(facts: FieldFacts, value: object) -> Refusal | None:
    name = facts.name
    if not facts.writable:
        return Refusal("read_only", name, "", f"nobody may write '{name}'")
    if value in _BLANK:
        words = f"'{name}' must not be blank"
        return Refusal("required_empty", name, "", words) if facts.required else None
    if not isinstance(value, str):
        return None
    if facts.length and facts.type in _LIMITED and len(value) > facts.length:
        words = f"'{name}' takes {facts.length} characters, this has {len(value)}"
        return Refusal("too_long", name, "", words)
    if _is_listed(facts) and value not in facts.options:
        return Refusal("no_such_value", name, value, f"'{name}' lacks this value")
    return None


def _is_listed(facts: FieldFacts) -> bool:
    return facts.type == "picklist" and facts.restricted and bool(facts.options)
