"""A mapping file as pydantic models: its keys, their defaults and their meaning.

The JSON Schema that editors complete from is made of these, and `tasuki show` prints
the defaults from here.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from tasuki.mapping.archive_model import ArchiveModel
from tasuki.mapping.field_model import (
    FieldRule,
    FormulaText,
    IncludesSets,
    StreamText,
    Strict,
    wrong,
)
from tasuki.mapping.inline_test_model import TestModel
from tasuki.mapping.match_model import MatchModel

_WHOLE = 100  # per cent


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


def _as_where(value: object) -> object:
    if value is None or (isinstance(value, str | dict | list) and value):
        return value
    msg = "a condition is text in the source's own language"
    raise wrong(msg)


def _as_share(value: object) -> object:
    if isinstance(value, str) and value.strip().endswith("%"):
        digits = value.strip()[:-1].strip()
        if digits.replace(".", "", 1).isdecimal() and Decimal(digits) <= _WHOLE:
            return Decimal(digits) / 100
    msg = "a share is written as a percentage"
    raise wrong(msg, "For example 30%.")


class GuardsModel(Strict):
    """A run beyond these stops before anything is sent; null switches one off."""

    creates: int | None = Field(1000, ge=0, description="Creates in one run.")
    change_share: (
        Annotated[
            Decimal,
            BeforeValidator(_as_share),
            WithJsonSchema({"type": "string", "pattern": r"^(100|\d{1,2}(\.\d+)?)%$"}),
        ]
        | None
    ) = Field(
        Decimal("0.5"),
        description="Share of known records that one run may change, e.g. 30%.",
    )
    deletes: int | None = Field(
        20, ge=0, description="Deleted records that one run may detach or archive."
    )


def _default_guards() -> GuardsModel:
    return GuardsModel.model_validate({})


_EXAMPLES: dict[str, object] = {
    "version": 1,
    "source": "hubspot/contacts",
    "destination": "salesforce/Lead",
    "include": {"account": "AccountId"},
    "handoff": "mql_to_sal",
    "after": ["customer.salesforce-freee"],
    "key": "Id",
    "qualify": {"no_email": "valid_email(email)"},
    "match": [{"Email": "email"}],
    "fields": {"Email": "= lower(email)", "Rating": {"const": "Hot"}},
    "write_back": {"Invoice_Id__c": "= receipt.id"},
    "evidence": {"number": "receipt.invoice_number", "date": "sent.billing_date"},
    "relates": {"deals": "deal_id"},
    "two_way": "contact.salesforce-hubspot",
    "archive": {"Status": "Unqualified"},
    "retry": "money",
    "guards": {"creates": 500, "change_share": "30%"},
    "pii": ["email", "lastname"],
    "tests": [{"given": {"email": ""}, "expect": {"skip": "no_email"}}],
}


def _whole_rules(schema: dict[str, Any]) -> None:
    """Add what editors can check between keys, and an example of each."""
    schema["allOf"] = [
        {
            "if": {"properties": {"write": {"const": "once"}}, "required": ["write"]},
            "then": {"required": ["key"]},
        },
        {
            "if": {"required": ["document"]},
            "then": {"properties": {"write": {"const": "once"}}, "required": ["write"]},
        },
        {
            "if": {
                "properties": {"deletes": {"const": "archive"}},
                "required": ["deletes"],
            },
            "then": {"required": ["archive"]},
        },
    ]
    for name, example in _EXAMPLES.items():
        schema["properties"][name]["examples"] = [example]


class MappingModel(Strict):
    """One handoff: who qualifies, how a counterpart is found, what is written."""

    model_config = ConfigDict(json_schema_extra=_whole_rules)

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
    use: Literal["always", "by_name"] = Field(
        "always",
        description="by_name: only where a command, a deployment or a webhook's "
        "`mappings` names it; for one of several ways.",
    )
    creates: Literal["always", "wanted"] = Field(
        "always",
        description="wanted: only once a record of another sync waits for it.",
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
    fields: Annotated[dict[str, FieldRule], IncludesSets()] = Field(
        description="Destination field: name, `= formula` or a verb."
    )
    write_back: dict[str, FormulaText] = Field(
        default_factory=dict,
        description="Source field: formula over receipt.* and source fields.",
    )
    evidence: ArchiveModel | None = Field(
        None,
        description="What is sent is archived, and found by these; documents always.",
    )
    relates: dict[str, FormulaText] = Field(
        default_factory=dict,
        description="Streams and ids at the source of the same story, for `explain`.",
    )
    on_change: OnChange | None = Field(
        None,
        strict=False,
        description="update, or hold for a person (`write: once`: hold).",
    )
    two_way: str | None = Field(
        None, description="The mapping back: both share their links. It names this one."
    )
    deletes: Literal["ignore", "detach", "archive"] = Field(
        "ignore",
        description="A linked record is deleted at the source: nothing, the link is "
        "closed, or the counterpart is given the values of `archive`.",
    )
    archive: dict[str, Any] = Field(
        default_factory=dict,
        description="Destination field: the value that says it is out of use.",
    )
    unmapped: Literal["leave", "clear"] = Field(
        "leave",
        description="Fields that were sent and are mapped no more: left, or emptied "
        "where our value still stands.",
    )
    retry: str = Field("standard", description="A policy of policies.yaml.")
    guards: GuardsModel = Field(
        default_factory=_default_guards,
        description="Limits beyond which a run stops before anything is sent.",
    )
    pii: tuple[str, ...] = Field(
        (), description="Source fields with personal data beyond those that say so."
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
    def archives(self) -> bool:
        """Say whether what is sent goes to the archive of documents."""
        return self.document is not None or self.evidence is not None

    @property
    def changed(self) -> OnChange:
        """What a change after sending does: said, or safe for the write mode."""
        if self.on_change is not None:
            return self.on_change
        return OnChange.HOLD if self.write is WriteMode.ONCE else OnChange.UPDATE


_LISTS = frozenset({"after", "match", "pii", "tests"})
MappingModel.model_rebuild()
