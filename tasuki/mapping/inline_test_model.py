"""The inline tests of a mapping file, as pydantic models."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from tasuki.mapping.field_model import Strict, wrong

BESIDE = ("write_back", "request")
"""What may be expected beside an ending."""


class ExpectModel(Strict):
    """What must become of the given record: one of these."""

    create: dict[str, Any] | None = Field(
        None, description="A create with at least these fields; {} for any."
    )
    update: dict[str, Any] | None = Field(
        None, description="An update with at least these fields."
    )
    attach: dict[str, Any] | None = Field(
        None, description="Match values of the attaching step, by field."
    )
    skip: str | None = Field(None, description="The reason, a name of `qualify`.")
    wait: str | None = Field(None, description="The sync whose link is missing.")
    fault: str | None = Field(None, description="The field that cannot be made.")
    hold: str | None = Field(
        None,
        description="`changed_after_sent`, where the mapping says `on_change: hold`.",
    )
    unchanged: bool | None = Field(
        None, description="The payload is the one that was sent before."
    )
    write_back: dict[str, Any] | None = Field(
        None, description="What goes back to the source, given a `receipt`."
    )

    request: dict[str, Any] | None = Field(
        None,
        description="What the connector would send for this record alone: `method`, "
        "`path`, `body`, at least with these values.",
    )

    @model_validator(mode="before")
    @classmethod
    def _one_ending(cls, value: object) -> object:
        if isinstance(value, dict):
            said = [key for key in value if key not in BESIDE]
            if len(said) > 1:
                msg = f"'{said[0]}' and '{said[1]}' exclude each other"
                raise wrong(msg, "", said[1])
            if not value:
                msg = "nothing is expected"
                raise wrong(msg, "Expect create, skip, wait or fault.")
        return value


def _day(value: object) -> object:
    try:
        date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        what = "this is no day"
        raise wrong(what, "For example 2026-05-20.") from None
    return value


class TestModel(Strict):
    """An inline test: a record as the source gives it, and what must become of it."""

    __test__ = False  # pytest collects classes by this name

    name: str | None = Field(None, description="What it shows.")
    given: dict[str, Any] = Field(description="Source fields, includes among them.")
    before: dict[str, Any] | None = Field(
        None, description="Fields that were different when the record was last sent."
    )
    links: dict[str, dict[str, str | dict[str, Any]]] = Field(
        default_factory=dict,
        description="Sync, then source id to destination id; or to keys and values: "
        "`id`, fields that were sent, `receipt`.",
    )
    lookups: dict[str, list[dict[str, Any]]] = Field(
        default_factory=dict,
        description="Lookup, then the records that its system would have.",
    )
    receipt: dict[str, Any] | None = Field(
        None, description="The destination's answer, for `write_back`."
    )
    today: Annotated[
        str | None,
        BeforeValidator(_day),
        WithJsonSchema({"type": "string", "format": "date"}),
    ] = Field(None, description="What today() gives, e.g. 2026-05-20.")
    expect: ExpectModel

    @property
    def day(self) -> Callable[[], date]:
        """What `today()` asks in this test, where it says a day."""
        fixed = date.fromisoformat(self.today or "")
        return lambda: fixed
