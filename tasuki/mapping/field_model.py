"""The lines of `fields:` as pydantic models: one verb each, and what is done to it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from tasuki.mapping.problem import nearest

VERBS = ("from", "formula", "const", "lookup", "link", "each")
COMPANIONS: Mapping[str, tuple[str, ...]] = {
    "lookup": ("by", "take"),
    "link": ("of",),
    "each": ("fields",),
}
# Verbs that a companion may go with, beside the one that needs it.
ALLOWED: Mapping[str, tuple[str, ...]] = {"take": ("link",)}

# What people know keys as from other tools.
ELSEWHERE: Mapping[str, str] = {
    "depends_on": "after",
    "expr": "formula",
    "expression": "formula",
    "filter": "where",
    "map": "values",
    "mapping": "fields",
    "mode": "write",
    "policy": "retry",
    "static": "const",
    "transform": "as",
    "truncate": "max",
    "value": "const",
}


_FIELD_TEXT = {"type": "string", "minLength": 1}
_SETS: dict[str, object] = {
    "type": "array",
    "description": "Sets of fields of mappings/fields/, by their files' stems.",
    "items": {
        "anyOf": [
            _FIELD_TEXT,
            {
                "type": "object",
                "properties": {
                    "set": _FIELD_TEXT,
                    "without": {"type": "array", "items": _FIELD_TEXT},
                },
                "required": ["set"],
                "additionalProperties": False,
            },
        ]
    },
}


def wrong(what: str, remedy: str = "", at: str = "") -> PydanticCustomError:
    """Make an error that the loader turns into a problem at `at`, below the value."""
    return PydanticCustomError(
        "mapping", "{what}", {"what": what, "remedy": remedy, "at": at}
    )


def _formula(value: object) -> object:
    if value is None:
        msg = "nothing is said here"
        raise wrong(msg, "Write a field name or a formula.")
    if not isinstance(value, str):
        msg = "a formula is text"
        raise wrong(msg, "Put it in quotes.")
    text = value.strip().removeprefix("=").strip()
    if not text:
        msg = "the formula is empty"
        raise wrong(msg, "Write a field name or a formula.")
    return text


FormulaText = Annotated[
    str, BeforeValidator(_formula), WithJsonSchema({"type": "string", "minLength": 1})
]


StreamText = Annotated[
    str, WithJsonSchema({"type": "string", "pattern": "^[^/]+/[^/]+$"})
]


class Strict(BaseModel):
    """Unknown keys and wrong types are errors; values never change."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, serialize_by_alias=True
    )


def _as_personal(value: object) -> object:
    if isinstance(value, bool) or (isinstance(value, str) and value):
        return value
    msg = "'pii' is true, or a word for the kind of personal data"
    raise wrong(msg)


def _as_names(value: object) -> object:
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


def _as_rule(value: object) -> object:
    """Read the short forms: a plain word copies, a leading "=" is a formula."""
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("="):
            return {"formula": text}
        if not text:
            msg = "nothing is said here"
            raise wrong(msg, "Name a source field.")
        return {"from": text}
    if isinstance(value, Mapping):
        return value
    if value is None:
        msg = "nothing is said here"
        raise wrong(msg, "Name a source field, or {const: …}.")
    msg = "a field says where its value comes from"
    raise wrong(msg, "For a fixed value write {const: …}.")


class _TableName:
    """In the schema, a table of values may be the name of a file."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string", "minLength": 1}, handler(schema)]}


class IncludesSets:
    """In the schema, fields may include sets of mappings/fields/."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        made = handler.resolve_ref_schema(handler(schema))
        for option in made.get("anyOf", [made]):
            if option.get("type") == "object":
                option["properties"] = {"include": {"anyOf": [_SETS, _FIELD_TEXT]}}
        return made


class FieldModel(Strict):
    """One field of the destination: exactly one verb, then what is done to the value.

    The order is fixed: the verb, `as`, `values`, `default`, `max`, `required`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": [verb]} for verb in VERBS],
            "dependentRequired": {
                **{verb: list(needed) for verb, needed in COMPANIONS.items()},
                "by": ["lookup"],
                "of": ["link"],
                "fields": ["each"],
                "values": ["default"],
            },
            "dependentSchemas": {
                "take": {"anyOf": [{"required": ["lookup"]}, {"required": ["link"]}]}
            },
            "examples": [
                {"from": "lastname", "default": "（姓未入力）", "max": 80},
                {"from": "industry", "values": {"IT": "情報通信"}, "default": "その他"},
                {"lookup": "territory", "by": {"prefecture": "state"}, "take": "owner"},
            ],
        }
    )

    from_: str | None = Field(
        None,
        alias="from",
        description="Copy this source field; a dot reads an include.",
    )
    formula: FormulaText | None = Field(
        None, description="A formula; short form: `field: = formula`."
    )
    const: Any = Field(None, description="Always this value.")
    lookup: str | None = Field(
        None,
        description="A table of mappings/lookups/, by its file's stem: a CSV, or a "
        "system's records (YAML).",
    )
    by: dict[str, FormulaText] | None = Field(
        None, description="Key columns or fields, each with a formula."
    )
    take: str | None = Field(
        None,
        description="The column or field to take; of a link: a field that was sent, "
        "or `receipt.x` (its id where nothing is said).",
    )
    link: str | None = Field(
        None, description="The id that another sync linked; the record waits for it."
    )
    of: FormulaText | None = Field(
        None, description="The source id whose link is meant."
    )
    each: str | None = Field(
        None,
        description="A list of the record, or `= where(list, …)`: an entry an item.",
    )
    fields: "Annotated[dict[str, FieldRule] | None, IncludesSets()]" = Field(
        None, description="Fields of each entry; names are fields of the item."
    )
    as_: Annotated[
        tuple[str, ...],
        BeforeValidator(_as_names),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string"},
                    {"type": "array", "items": {"type": "string"}},
                ]
            }
        ),
    ] = Field((), alias="as", description="Functions of one value, applied in order.")
    values: Annotated[dict[str, Any] | None, _TableName()] = Field(
        None,
        description="A table from value to value, or the name of one in "
        "mappings/values/; needs `default`.",
    )
    default: Any = Field(
        None,
        description="For a blank value, or one not in `values`; may be `= formula`.",
    )
    max: int | None = Field(
        None, ge=1, description="Text is cut to this many characters."
    )
    required: bool = Field(False, description="A blank value stops the record.")
    on_error: Literal["fail", "blank", "default"] = Field(
        "fail", description="What happens when the value cannot be made."
    )
    write: Literal["always", "on_create", "on_update"] = Field(
        "always", description="Whether creates, updates or both send the field."
    )
    owner: Literal["source", "destination", "destination_if_set", "newest"] = Field(
        "source",
        description="Whose value wins: ours, or one that people typed over there; "
        "newest: the side that changed last, where both did.",
    )
    on_conflict: Literal["owner", "hold"] = Field(
        "owner",
        description="Both sides changed the field: `owner` decides, or a person does.",
    )
    pii: Annotated[
        Any,
        BeforeValidator(_as_personal),
        WithJsonSchema({"type": ["boolean", "string"]}),
    ] = Field(
        False,
        description=(
            "Personal data: `***` in plans and dead letters. Unsaid, the field's name "
            "and what its formula reads decide."
        ),
    )

    @model_validator(mode="before")
    @classmethod
    def _one_verb(cls, value: object) -> object:
        if isinstance(value, dict):
            _check_verbs(value)
            _check_modifiers(value)
        return value

    @property
    def verb(self) -> str:
        """The verb that makes the value."""
        said = {("from" if n == "from_" else n) for n in self.model_fields_set}
        return next(verb for verb in VERBS if verb in said)

    @property
    def has_default(self) -> bool:
        """Whether a default is written, be it null."""
        return "default" in self.model_fields_set


def _check_verbs(rule: Mapping[str, object]) -> None:
    """Refuse none or two verbs, and what belongs to another verb."""
    said = [verb for verb in VERBS if verb in rule]
    stranger = next((key for key in rule if key not in KNOWN), None)
    if not said and stranger is not None:
        near = ELSEWHERE.get(stranger)
        remedy = f"Did you mean '{near}'?" if near else nearest(stranger, VERBS)
        what = f"unknown key '{stranger}', and no verb says where the value comes from"
        raise wrong(what, remedy or f"Give one of: {', '.join(VERBS)}.", stranger)
    if not said:
        what = "no verb says where the value comes from"
        raise wrong(what, f"Give one of: {', '.join(VERBS)}.")
    verb = said[0]
    if len(said) > 1:
        what = f"'{verb}' and '{said[1]}' both make the value"
        raise wrong(what, "Keep one of them.", said[1])
    for companion in COMPANIONS.get(verb, ()):
        if companion not in rule:
            what = f"'{verb}' needs '{companion}'"
            raise wrong(what, "", verb)
    for other, companions in COMPANIONS.items():
        for companion in companions:
            allowed = (other, *ALLOWED.get(companion, ()))
            if verb not in allowed and companion in rule:
                what = f"'{companion}' goes with {_either(allowed)}"
                raise wrong(what, "", companion)


def _either(verbs: tuple[str, ...]) -> str:
    return " or ".join(f"'{verb}'" for verb in verbs)


def _check_modifiers(rule: Mapping[str, object]) -> None:
    """Refuse what leaves open what happens to a value."""
    if "values" in rule and "default" not in rule:
        what = "'values' without 'default': a new value at the source would be lost"
        remedy = "Say what any other value becomes: default: Other (or default: null)."
        raise wrong(what, remedy, "values")
    if "on_error" in rule:
        if rule["on_error"] == "default" and "default" not in rule:
            what = "'on_error: default' needs 'default'"
            raise wrong(what, "", "on_error")
        for verb in ("link", "each"):
            if verb in rule:
                what = f"'on_error' does not go with '{verb}'"
                raise wrong(what, "Say it at the fields within.", "on_error")
    if rule.get("on_conflict") == "hold" and rule.get("owner") == "destination":
        what = "'on_conflict: hold' asks about a field that is the destination's anyway"
        raise wrong(
            what, "Leave on_conflict out, or write another owner.", "on_conflict"
        )


KNOWN = frozenset(each.alias or name for name, each in FieldModel.model_fields.items())


class _ShortForm:
    """In the schema, a field may be text as well."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string", "minLength": 1}, handler(schema)]}


FieldRule = Annotated[FieldModel, BeforeValidator(_as_rule), _ShortForm()]

FieldModel.model_rebuild()
