"""The keys of model.yaml, as pydantic models; its JSON Schema is made of these."""

import re
from datetime import date, time
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from tasuki.insight.business_hours import Span, Unit
from tasuki.insight.event import Stage
from tasuki.mapping.field_model import FormulaText, Strict, wrong

_SPAN = re.compile(r"(\d{1,5}) (\w+)")
_UNITS = ("business_hours", "business_days", "hours", "days")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")
_COMPARISONS = ("is", "eq", "ne", "gte", "lte", "gt", "lt", "in", "not_in")
_MOST_WARN = 99


def _as_span(value: object) -> object:
    found = _SPAN.fullmatch(value.strip()) if isinstance(value, str) else None
    unit = found[2] if found else ""
    unit = unit if unit.endswith("s") else f"{unit}s"
    if found is None or unit not in _UNITS:
        msg = "a span is a number and a unit"
        raise wrong(msg, f"For example 8 business_hours; units: {', '.join(_UNITS)}.")
    return Span(int(found[1]), Unit(unit))


def _as_percent(value: object) -> object:
    text = str(value).strip().removesuffix("%").strip()
    if isinstance(value, str) and text.isdecimal() and 1 <= int(text) <= _MOST_WARN:
        return int(text)
    msg = "when to warn is a share of the time"
    raise wrong(msg, "For example 75%.")


def _as_clock(value: object) -> object:
    if isinstance(value, str) and _CLOCK.fullmatch(value):
        return value
    msg = "a time of day is written as 09:00"
    raise wrong(msg, 'For example ["09:00", "18:00"].')


def _as_day(value: object) -> object:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        msg = f"'{value}' is no day"
        raise wrong(msg, "A day is written as 2026-12-29.") from None


def _as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


SpanText = Annotated[
    Span,
    BeforeValidator(_as_span),
    WithJsonSchema(
        {"type": "string", "pattern": rf"^\d+ ({'|'.join(u[:-1] for u in _UNITS)})s?$"}
    ),
]
Percent = Annotated[
    int,
    BeforeValidator(_as_percent),
    WithJsonSchema({"type": "string", "pattern": r"^[1-9]\d?%$"}),
]
Clock = Annotated[
    str,
    BeforeValidator(_as_clock),
    WithJsonSchema({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$"}),
]
Day = Annotated[
    date,
    BeforeValidator(_as_day),
    WithJsonSchema({"type": "string", "format": "date"}),
]
StageText = Annotated[Stage, Field(strict=False)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Names = Annotated[
    list[str],
    BeforeValidator(_as_list),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}},
            ]
        }
    ),
]


class CalendarModel(Strict):
    """When the company is at work; times are counted in these hours only."""

    tz: str = Field("Asia/Tokyo", description="The time zone of days and hours.")
    workdays: list[Weekday] = Field(
        ["mon", "tue", "wed", "thu", "fri"], min_length=1, description="Days of work."
    )
    hours: Annotated[tuple[Clock, Clock], Field(strict=False)] = Field(
        ("09:00", "18:00"), description="From when to when a day is open."
    )
    holidays: Literal["jp", "none"] = Field(
        "jp", description="Whose national holidays are closed."
    )
    extra_closed: list[Day] = Field(
        [], description="Further closed days: summer, the year's end."
    )

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> "CalendarModel":
        if self.hours[0] >= self.hours[1]:
            msg = "the day closes before it opens"
            raise wrong(msg, 'For example ["09:00", "18:00"].', "hours")
        return self


class DepartmentModel(Strict):
    """A department; small companies leave out those they do not have."""

    name: str = Field("", description="As people call it: インサイドセールス.")
    manager: str = Field("", description="Who leads it: one of people.")


class PersonModel(Strict):
    """Somebody who gives or takes handoffs, in one department or several (兼務)."""

    name: str = Field("", description="As colleagues call them.")
    departments: Names = Field([], description="One or several departments.")
    accounts: dict[str, str] = Field(
        {}, description="The person's id by connection, as records name their owner."
    )


class WhenModel(Strict):
    """What opens a handoff."""

    enters: StageText = Field(description="The stage whose entry opens it.")


class CriterionModel(Strict):
    """One thing that must hold for a handoff, as a comparison or as a formula."""

    reason: str = Field("", description="The reason to record where it does not hold.")
    formula: FormulaText | None = Field(
        None, description="A formula over the facts, in place of field and comparison."
    )
    field: str | None = Field(None, description="The fact that is compared.")
    is_: Literal["present", "absent"] | None = Field(
        None, alias="is", description="Whether there is anything."
    )
    eq: object = Field(None, description="It is this.")
    ne: object = Field(None, description="It is not this.")
    gte: object = Field(None, description="It is this number, or more.")
    lte: object = Field(None, description="It is this number, or less.")
    gt: object = Field(None, description="It is more than this number.")
    lt: object = Field(None, description="It is less than this number.")
    in_: list[object] | None = Field(
        None, alias="in", description="It is one of these."
    )
    not_in: list[object] | None = Field(None, description="It is none of these.")

    def comparisons(self) -> list[str]:
        """Return the comparisons that are said."""
        return [n for n in _COMPARISONS if getattr(self, _attribute(n)) is not None]

    def operand(self, name: str) -> object:
        """Return what a comparison compares with."""
        return getattr(self, _attribute(name))

    @model_validator(mode="after")
    def _one_way(self) -> "CriterionModel":
        said = self.comparisons()
        listed = f"One of: {', '.join(_COMPARISONS)}."
        if self.formula is not None:
            if self.field is not None or said:
                msg = "a formula and a comparison are two criteria"
                raise wrong(msg, "Write each on a line of its own.")
            if not self.reason:
                msg = "a formula needs a reason"
                raise wrong(msg, "For example reason: free_mail.", "formula")
            return self
        if self.field is None:
            msg = "a criterion names a field, or is a formula"
            raise wrong(msg, "For example {field: score, gte: 60}.")
        if len(said) != 1:
            msg = f"'{self.field}' is compared in {len(said)} ways"
            raise wrong(msg, listed, "field")
        return self


class CriteriaModel(Strict):
    """What must hold: all of these, and one of those."""

    all: list[CriterionModel] = Field([], description="Each of these holds.")
    any: list[CriterionModel] = Field([], description="At least one of these holds.")


class ConditionModel(Strict):
    """What shows that a handoff was accepted."""

    enters: StageText | None = Field(None, description="This stage was entered.")
    sent_by: str | None = Field(
        None, description="A mapping, or what mappings name in `handoff:`, sent it on."
    )

    @model_validator(mode="before")
    @classmethod
    def _what_is_not_seen(cls, value: object) -> object:
        if isinstance(value, dict) and "activity" in value:
            msg = "activities are no stages"
            raise wrong(msg, "Let stages.yaml make it the entry of one, then: enters.")
        if isinstance(value, dict) and "exists" in value:
            msg = "what exists is known by who sent it"
            raise wrong(msg, "For example {sent_by: plan.salesforce-hub}.")
        return value

    @model_validator(mode="after")
    def _one(self) -> "ConditionModel":
        if (self.enters is None) == (self.sent_by is None):
            msg = "either a stage or a mapping shows it"
            raise wrong(msg, "For example {enters: sal}.")
        return self


class AcceptModel(ConditionModel):
    """What shows that a handoff was accepted: one condition, all, or any of several."""

    all: list[ConditionModel] = Field([], description="Every one of these.")
    any: list[ConditionModel] = Field([], description="At least one of these.")

    @model_validator(mode="after")
    def _one(self) -> "AcceptModel":
        said = [bool(self.enters), bool(self.sent_by), bool(self.all), bool(self.any)]
        if sum(said) != 1:
            msg = "it is accepted by one condition, by all or by any of several"
            raise wrong(msg, "For example {any: [{enters: sal}, {enters: sql}]}.")
        return self


class RejectModel(Strict):
    """How the receiving department gives a handoff back."""

    to_stage: StageText = Field(
        Stage.RECYCLED, description="The stage it goes back to."
    )
    reason_required: list[str] = Field(
        [], description="The reasons that may be given; none given is told."
    )


class SlaModel(Strict):
    """How long the receiving department may take."""

    within: SpanText = Field(description="8 business_hours, 3 business_days, 14 days.")
    warn_at: Percent = Field(75, description="Near its end: a share of that time.")


class StepModel(Strict):
    """What is due once a handoff is late."""

    after: SpanText | None = Field(None, description="So long behind the due time.")
    notify: str | None = Field(
        None, description="owner, manager, department, or one of people."
    )
    reassign: Literal["round_robin"] | None = Field(
        None, description="Propose the next person of the department."
    )

    @model_validator(mode="after")
    def _one(self) -> "StepModel":
        if (self.notify is None) == (self.reassign is None):
            msg = "a step tells somebody, or proposes somebody"
            raise wrong(msg, "For example {after: 4 business_hours, notify: manager}.")
        return self


class HandoffModel(Strict):
    """A handoff: who gives what to whom, in what state, and within what time."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="mql_to_sal.")
    from_: str = Field(alias="from", description="The department that gives.")
    to: str = Field(description="The department that takes.")
    when: WhenModel = Field(description="What opens it.")
    since: Day | None = Field(
        None,
        description=(
            "Entries before this day open nothing: a small start. Without it, those "
            "that were open for more than 30 days when the hub came are left alone."
        ),
    )
    scope: dict[str, Names] = Field(
        {}, description="Only these teams, products …: a pilot. By fact."
    )
    carried_by: Names | None = Field(
        None,
        description=(
            "The mappings that send it on: their reasons to skip are reasons at the "
            "gate. By default those whose `handoff:` is this one."
        ),
    )
    entry_criteria: CriteriaModel | None = Field(
        None, description="In what state it may be given (どのような状態で渡すか)."
    )
    accept: AcceptModel = Field(description="What shows that it was accepted.")
    reject: RejectModel | None = Field(None, description="How it is given back.")
    sla: SlaModel = Field(description="How long accepting it may take.")
    on_breach: list[StepModel] = Field([], description="Who learns of it when.")
    owner: str = Field(
        "", description="Who is asked where a record names nobody: one of people."
    )


class ModelModel(Strict):
    """The Model of a company: calendar, departments, people, and their handoffs."""

    version: Literal[1] = Field(description="The version of this file's form.")
    calendar: CalendarModel | None = Field(None, description="When it is at work.")
    departments: dict[str, DepartmentModel | None] = Field(
        {}, description="The departments that there are."
    )
    people: dict[str, PersonModel] = Field({}, description="Who works in them.")
    handoffs: list[HandoffModel] = Field([], description="What is given to whom.")


def hours_of(text: str) -> tuple[int, int]:
    """Return hour and minute of a time of day; 24:00 is the day's end.

    Example:
        >>> hours_of("09:30")
        (9, 30)
    """
    if text == "24:00":
        return 24, 0
    moment = time.fromisoformat(text)
    return moment.hour, moment.minute


def _attribute(name: str) -> str:
    return {"is": "is_", "in": "in_"}.get(name, name)
