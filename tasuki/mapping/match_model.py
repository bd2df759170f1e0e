"""The steps of `match:` as pydantic models."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ConfigDict, Field, model_validator

from tasuki.mapping.field_model import FormulaText, Strict, wrong

_STEP_KEYS = ("object", "then", "link", "reverse")


def _step_schema(schema: dict[str, Any]) -> None:
    keep = {key: schema["properties"][key] for key in _STEP_KEYS}
    schema["properties"] = keep
    schema["additionalProperties"] = {"type": "string", "minLength": 1}


class MatchModel(Strict):
    """A way to find the counterpart: `Field: formula`, or `link:` with `reverse:`."""

    model_config = ConfigDict(json_schema_extra=_step_schema)

    field: str = Field("", description="A field of the destination.")
    formula: FormulaText | None = Field(None, description="The value it must equal.")
    object_: str | None = Field(
        None, alias="object", description="Look in this stream instead."
    )
    then: Literal["update", "attach"] = Field(
        "update", description="attach: link the counterpart, and write nothing to it."
    )
    link: str | None = Field(None, description="A sync that made this record.")
    reverse: bool = Field(
        False, description="The counterpart is that sync's source record."
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        if not isinstance(value, dict):
            msg = "a match step is `Field: formula`"
            raise wrong(msg)
        named = [key for key in value if key not in _STEP_KEYS]
        if "link" in value:
            return _reverse_step(value, named)
        if len(named) != 1:
            msg = f"a match step names one field, not {len(named)}"
            raise wrong(
                msg,
                "Write one list entry for each field: they are tried in order.",
                named[1] if named else "",
            )
        if "reverse" in value:
            msg = "'reverse' goes with 'link'"
            raise wrong(msg, "", "reverse")
        rest = {key: value[key] for key in value if key in _STEP_KEYS}
        return {"field": named[0], "formula": _step_formula(value, named[0]), **rest}


def _step_formula(value: Mapping[str, object], name: str) -> object:
    if not isinstance(value[name], str) or not str(value[name]).strip(" ="):
        msg = "a match value is a field name or a formula"
        raise wrong(msg, "", name)
    return value[name]


def _reverse_step(value: dict[str, object], named: list[str]) -> dict[str, object]:
    if named:
        msg = f"'{named[0]}' does not go with 'link'"
        raise wrong(msg, "", named[0])
    if value.get("reverse") is not True:
        msg = "a match by link is 'reverse: true'"
        raise wrong(
            msg,
            "A record's own link always comes first: it needs no match step.",
            "link",
        )
    return value
