"""The keys of stages.yaml, as pydantic models."""

from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from tasuki.mapping.field_model import Strict

StageName = Literal[
    "lead", "mql", "sal", "sql", "won", "lost", "invoiced", "sent", "paid",
    "onboarded", "renewed", "churned", "upsold", "recycled", "disqualified",
    "reopened",
]  # fmt: skip
Kind = Literal[
    "person", "company", "deal", "invoice", "subscription", "onboarding", "payment"
]
FactName = Literal[
    "amount",
    "segment",
    "source",
    "owner",
    "team",
    "mrr",
    "starts",
    "ends",
    "score",
    "product",
    "region",
    "reject_reason",
]
LinkName = Literal["person", "deal", "subscription", "company"]
Names = dict[str, StageName]


class RecordsModel(Strict):
    """Records of a system that tell of stages: which fields, and how."""

    read: str = Field(description="connection/stream, as in a mapping's `source`.")
    subject: Kind = Field(description="What such a record is.")
    where: Any = Field(None, description="As in a mapping.")
    dates: dict[StageName, str] = Field(
        default={}, description="Stage: the field that holds when it was entered."
    )
    history: dict[str, Names] = Field(
        default={}, description="Field: its values, and the stage that each enters."
    )
    facts: dict[FactName, str] = Field(default={}, description="What is: the field.")
    links: dict[LinkName, str] = Field(
        default={}, description="Whose it is: the field that holds the id."
    )
    becomes: dict[Kind, str] = Field(
        default={}, description="What came of it: the field that holds the id."
    )
    absorbed: str = Field(
        "", description="The field with the ids of those merged into this one."
    )
    same_as: str = Field(
        "", description="The field with the id of the same one in another system."
    )


class WrittenModel(Strict):
    """What the hub itself wrote, by a mapping: told by the ledger, without a call."""

    subject: Kind = Field(description="What the record that is told of is.")
    of: Literal["source", "destination"] = Field(
        "destination", description="Which of the two records that is."
    )
    created: StageName | None = Field(None, description="What creating it enters.")
    values: dict[str, Names] = Field(
        default={}, description="Field that was written: its values, and their stages."
    )
    links: dict[LinkName, Literal["source", "destination"]] = Field(
        default={}, description="Whose it is: the other record."
    )


class StagesModel(Strict):
    """stages.yaml: where the stages of the journey are told of."""

    version: Literal[1] = Field(description="version: 1")
    funnel: list[StageName] = Field(
        ["lead", "mql", "sal", "sql", "won"], description="The stages that are counted."
    )
    fiscal_year_starts: int = Field(4, ge=1, le=12, description="The month.")
    gross_margin: Decimal = Field(
        Decimal(1), gt=0, le=1, description="Of recurring revenue, for LTV."
    )
    teams: dict[str, list[str]] = Field(
        default={}, description="Team: the owners in it, by id."
    )
    records: dict[str, Any] = Field(default={}, description="Name: what is read.")
    written: dict[str, Any] = Field(default={}, description="Mapping: what it wrote.")
