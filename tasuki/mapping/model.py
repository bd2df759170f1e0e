"""A mapping file as pydantic models: its keys, their defaults and their meaning.

The JSON Schema that editors complete from is made of these, and `tasuki show` prints
the defaults from here.
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError


class WriteMode(StrEnum):
    """What a sync may do at its destination."""

    UPSERT = "upsert"
    ONCE = "once"
    UPDATE_ONLY = "update_only"
    CREATE_ONLY = "create_only"


class OnChange(StrEnum):
    """What happens to a record that changes after it was sent."""

    UPDATE = "update"
    HOLD = "hold"


VERBS = ("from", "formula", "const", "lookup", "link", "each")
COMPANIONS: Mapping[str, tuple[str, ...]] = {
    "lookup": ("by", "take"),
    "link": ("of",),
    "each": ("fields",),
}


def wrong(what: str, remedy: str = "", at: str = "") -> PydanticCustomError:
    """Make an error that the loader turns into a problem at `at`, below the value."""
    return PydanticCustomError(
        "mapping", "{what}", {"what": what, "remedy": remedy, "at": at}
    )


def _formula(value: object) -> object:
    if not isinstance(value, str):
        raise wrong("a formula is text", "Put it in quotes.")
    text = value.strip().removeprefix("=").strip()
    if not text:
        raise wrong("the formula is empty", "Write a field name or a formula.")
    return text


FormulaText = Annotated[
    str, BeforeValidator(_formula), WithJsonSchema({"type": "string", "minLength": 1})
]


class _Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, serialize_by_alias=True
    )


def _as_where(value: object) -> object:
    if value is None or (isinstance(value, str | dict | list) and value):
        return value
    raise wrong("a condition is text in the source's own language")


def _as_personal(value: object) -> object:
    if isinstance(value, bool) or (isinstance(value, str) and value):
        return value
    raise wrong("'pii' is true, or a word for the kind of personal data")


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
            raise wrong("nothing is said here", "Name a source field.")
        return {"from": text}
    if isinstance(value, Mapping):
        return value
    if value is None:
        raise wrong("nothing is said here", "Name a source field, or {const: …}.")
    raise wrong(
        "a field says where its value comes from", "For a fixed value write {const: …}."
    )


class FieldModel(_Strict):
    """One field of the destination: exactly one verb, then what is done to the value.

    The order is fixed: the verb, `as`, `values`, `default`, `max`, `required`.
    """

    from_: str | None = Field(
        None, alias="from", description="Copy this source field; a dot reads an include."
    )
    formula: FormulaText | None = Field(
        None, description='A formula; short form: `field: = formula`.'
    )
    const: Any = Field(None, description="Always this value.")
    lookup: str | None = Field(
        None, description="A table of mappings/lookups/, by its file's stem."
    )
    by: dict[str, FormulaText] | None = Field(
        None, description="Key columns of the table, each with a formula."
    )
    take: str | None = Field(None, description="The column of the table to take.")
    link: str | None = Field(
        None, description="The destination id that another sync linked; waits for it."
    )
    of: FormulaText | None = Field(
        None, description="The source id whose link is meant."
    )
    each: str | None = Field(
        None, description="A list of the record: one entry for each of its items."
    )
    fields: "dict[str, FieldRule] | None" = Field(
        None, description="Fields of each entry; names are fields of the item."
    )
    as_: Annotated[
        tuple[str, ...],
        BeforeValidator(_as_names),
        WithJsonSchema(
            {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
        ),
    ] = Field((), alias="as", description="Functions of one value, applied in order.")
    values: dict[str, Any] | None = Field(
        None, description="A table from value to value; needs `default`."
    )
    default: Any = Field(
        None,
        description="Used when the value is blank or not in `values`; may be `= formula`.",
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
    owner: Literal["source", "destination", "destination_if_set"] = Field(
        "source",
        description="Whose value wins: ours, or one that people typed over there.",
    )
    pii: Annotated[
        Any,
        BeforeValidator(_as_personal),
        WithJsonSchema({"type": ["boolean", "string"]}),
    ] = Field(
        False, description="Personal data: masked in logs, reached by `tasuki forget`."
    )

    @model_validator(mode="before")
    @classmethod
    def _one_verb(cls, value: object) -> object:
        if isinstance(value, dict):
            _check_verbs(value)
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
    said = [verb for verb in VERBS if verb in rule]
    if not said:
        raise wrong(
            "no verb says where the value comes from",
            f"Give one of: {', '.join(VERBS)}.",
        )
    if len(said) > 1:
        raise wrong(
            f"'{said[0]}' and '{said[1]}' both make the value",
            "Keep one of them.",
            said[1],
        )
    verb = said[0]
    for companion in COMPANIONS.get(verb, ()):
        if companion not in rule:
            raise wrong(f"'{verb}' needs '{companion}'", "", verb)
    for other, companions in COMPANIONS.items():
        for companion in companions:
            if other != verb and companion in rule:
                raise wrong(f"'{companion}' goes with '{other}'", "", companion)
    if "values" in rule and "default" not in rule:
        raise wrong(
            "'values' without 'default': a new value at the source would stop records",
            "Say what any other value becomes: default: Other (or default: null).",
            "values",
        )
    if rule.get("on_error") == "default" and "default" not in rule:
        raise wrong("'on_error: default' needs 'default'", "", "on_error")
    if verb in {"link", "each"} and "on_error" in rule:
        raise wrong(
            f"'on_error' does not go with '{verb}'",
            "A record whose parent has no link waits; items have their own on_error.",
            "on_error",
        )
    if rule.get("owner") == "newest":
        raise wrong(
            "'owner: newest' is not supported yet",
            "Use source, destination or destination_if_set.",
            "owner",
        )


FieldRule = Annotated[
    FieldModel,
    BeforeValidator(_as_rule),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "minLength": 1}, {"$ref": "#/$defs/FieldModel"}]}
    ),
]

_STEP_KEYS = ("object", "then", "link", "reverse")


class MatchModel(_Strict):
    """One way to find the counterpart: `{Field: formula}` or `{link: …, reverse: true}`."""

    field: str = Field("", description="A field of the destination.")
    formula: FormulaText | None = Field(None, description="The value it must equal.")
    object: str | None = Field(None, description="Look in this stream instead.")
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
            raise wrong("a match step is `Field: formula`")
        if "formula" in value and "field" in value:
            return value
        named = [key for key in value if key not in _STEP_KEYS]
        if "link" in value:
            return _reverse_step(value, named)
        if len(named) != 1:
            raise wrong(
                f"a match step names one field, not {len(named)}",
                "Write one list entry for each field: they are tried in order.",
                named[1] if named else "",
            )
        if "reverse" in value:
            raise wrong("'reverse' goes with 'link'", "", "reverse")
        rest = {key: value[key] for key in value if key in _STEP_KEYS}
        return {"field": named[0], "formula": _step_formula(value, named[0]), **rest}


def _step_formula(value: Mapping[str, object], name: str) -> object:
    if not isinstance(value[name], str) or not str(value[name]).strip(" ="):
        raise wrong("a match value is a field name or a formula", "", name)
    return value[name]


def _reverse_step(value: dict[str, object], named: list[str]) -> dict[str, object]:
    if named:
        raise wrong(f"'{named[0]}' does not go with 'link'", "", named[0])
    if value.get("reverse") is not True:
        raise wrong(
            "a match by link is 'reverse: true'",
            "A record's own link always comes first: it needs no match step.",
            "link",
        )
    return value


def _step_schema(schema: dict[str, Any]) -> None:
    keep = {key: schema["properties"][key] for key in _STEP_KEYS}
    schema["properties"] = keep
    schema["additionalProperties"] = {"type": "string", "minLength": 1}


MatchModel.model_config["json_schema_extra"] = _step_schema


def _as_share(value: object) -> object:
    if isinstance(value, str) and value.strip().endswith("%"):
        digits = value.strip()[:-1].strip()
        if digits.replace(".", "", 1).isdecimal() and Decimal(digits) <= 100:  # noqa: PLR2004
            return Decimal(digits) / 100
    raise wrong("a share is written as a percentage", "For example 30%.")


class GuardsModel(_Strict):
    """A run beyond these stops before anything is sent; null switches one off."""

    creates: int | None = Field(1000, ge=0, description="Creates in one run.")
    change_share: (
        Annotated[
            Decimal,
            BeforeValidator(_as_share),
            WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?%$"}),
        ]
        | None
    ) = Field(
        Decimal("0.5"),
        description="Share of known records that one run may change, e.g. 30%.",
    )


class ExpectModel(_Strict):
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
        None, description="`on_change`: the record changed after it was sent."
    )
    unchanged: bool | None = Field(
        None, description="The payload is the one that was sent before."
    )
    write_back: dict[str, Any] | None = Field(
        None, description="What goes back to the source, given a `receipt`."
    )

    @model_validator(mode="before")
    @classmethod
    def _one_ending(cls, value: object) -> object:
        if isinstance(value, dict):
            said = [key for key in value if key != "write_back"]
            if len(said) > 1:
                raise wrong(f"'{said[0]}' and '{said[1]}' exclude each other", "", said[1])
            if not value:
                raise wrong("nothing is expected", "Expect create, skip, wait or fault.")
        return value


class TestModel(_Strict):
    """An inline test: a record as the source gives it, and what must become of it."""

    __test__ = False  # pytest collects classes by this name

    name: str | None = Field(None, description="What it shows.")
    given: dict[str, Any] = Field(description="Source fields, includes among them.")
    before: dict[str, Any] | None = Field(
        None, description="Fields that were different when the record was last sent."
    )
    links: dict[str, dict[str, str]] = Field(
        default_factory=dict, description="Sync, then source id to destination id."
    )
    receipt: dict[str, Any] | None = Field(
        None, description="The destination's answer, for `write_back`."
    )
    today: str | None = Field(None, description="What today() gives, e.g. 2026-05-20.")
    expect: ExpectModel


StreamText = Annotated[
    str, WithJsonSchema({"type": "string", "pattern": "^[^/]+/[^/]+$"})
]


class MappingModel(_Strict):
    """One handoff: who qualifies, how a counterpart is found, what each field becomes."""

    version: Literal[1] = Field(description="Version of this language.")
    id: str = Field("", description="The sync's name; the file's stem by default.")
    description: str = Field("", description="One sentence for people.")
    source: StreamText = Field(description="`connection/stream` to read.")
    destination: StreamText = Field(description="`connection/stream` to write.")
    where: Annotated[
        Any,
        BeforeValidator(_as_where),
        WithJsonSchema({"type": ["string", "object", "array", "null"]}),
    ] = Field(None, description="Passed to the source in its own query language.")
    include: dict[str, str] = Field(
        default_factory=dict,
        description="Related records: name here, relation at the source.",
    )
    handoff: str | None = Field(
        None, description="The handoff of The Model that a sent record fulfils."
    )
    after: tuple[str, ...] = Field(
        (), description="Syncs that run first; links imply it."
    )
    write: WriteMode = Field(
        WriteMode.UPSERT,
        strict=False,
        description="once: one live document per key, for ever.",
    )
    key: FormulaText | None = Field(
        None, description="The business key; required for `write: once`."
    )
    qualify: dict[str, FormulaText] = Field(
        default_factory=dict,
        description="Reason: what must hold. The first that fails is recorded.",
    )
    match: tuple[MatchModel, ...] = Field(
        (), description="Ways to find the counterpart, in order; a link comes first."
    )
    document: Literal["invoice"] | None = Field(
        None, description="Checked as a Japanese qualified invoice before sending."
    )
    fields: dict[str, FieldRule] = Field(
        description="Destination field: name, `= formula` or a verb."
    )
    write_back: dict[str, FormulaText] = Field(
        default_factory=dict,
        description="Source field: formula over receipt.* and source fields.",
    )
    on_change: OnChange | None = Field(
        None,
        strict=False,
        description="update, or hold for a person (`write: once`: hold).",
    )
    retry: str = Field("standard", description="A policy of policies.yaml.")
    guards: GuardsModel = Field(default_factory=GuardsModel)
    pii: tuple[str, ...] = Field(
        (), description="Source fields with personal data, masked everywhere."
    )
    tests: tuple[TestModel, ...] = Field((), description="Run by `tasuki test`.")

    @model_validator(mode="before")
    @classmethod
    def _lists(cls, value: object) -> object:
        """Strict models take tuples; YAML gives lists."""
        if not isinstance(value, dict):
            return value
        return {
            key: tuple(item) if key in _LISTS and isinstance(item, list) else item
            for key, item in value.items()
        }

    @property
    def changed(self) -> OnChange:
        """What a change after sending does: said, or safe for the write mode."""
        if self.on_change is not None:
            return self.on_change
        return OnChange.HOLD if self.write is WriteMode.ONCE else OnChange.UPDATE


_LISTS = frozenset({"after", "match", "pii", "tests"})
FieldModel.model_rebuild()
MappingModel.model_rebuild()


class PolicyModel(_Strict):
    """A retry policy of policies.yaml: how often and how fast one call is repeated."""

    attempts: int = Field(5, ge=1, le=100, description="Calls in all.")
    first: Decimal = Field(Decimal("0.5"), gt=0, description="Seconds before the second.")
    factor: Decimal = Field(Decimal(2), ge=1, description="Growth of the waits.")
    ceiling: Decimal = Field(Decimal(30), gt=0, description="Longest wait, seconds.")
    total: Decimal = Field(Decimal(180), gt=0, description="No new call after this.")
    throttled_attempts: int = Field(
        12, ge=1, le=1000, description="Attempts for answers that say: too fast."
    )
    settle: Decimal = Field(
        Decimal(120), ge=0, description="Seconds a run stays on for writes in doubt."
    )

    @model_validator(mode="before")
    @classmethod
    def _numbers(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {
            key: Decimal(item) if type(item) is int and key in _SECONDS else item
            for key, item in value.items()
        }


_SECONDS = frozenset({"first", "factor", "ceiling", "total", "settle"})
