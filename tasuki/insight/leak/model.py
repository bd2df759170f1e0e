"""`mappings/leaks.yaml` as pydantic models: every key, and nothing else."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from tasuki.mapping.field_model import FormulaText, StreamText, Strict, wrong


class ThresholdsModel(Strict):
    """When something counts as too late; each rule's page says which it reads."""

    mql_push_h: int = Field(1, ge=0, description="L01, in hours.")
    first_touch_h: int = Field(24, ge=0, description="L02, in hours.")
    stale_days: int = Field(30, ge=0, description="L06, in days.")
    won_customer_h: int = Field(24, ge=0, description="L10 and L11, in hours.")
    send_h: int = Field(48, ge=0, description="L17, in hours.")
    onboard_h: int = Field(72, ge=0, description="L23, in hours.")
    renewal_days: int = Field(60, ge=0, description="L27, in days.")
    outbox_h: int = Field(1, ge=0, description="L32, in hours.")
    sync_lag_minutes: int = Field(1440, ge=1, description="L33, in minutes.")


class RuleModel(Strict):
    """What a project says otherwise about a rule."""

    on: bool = Field(default=True, description="false: it is not looked for.")
    severity: Literal["critical", "high", "medium", "low"] | None = None
    department: (
        Literal[
            "marketing",
            "inside_sales",
            "field_sales",
            "back_office",
            "customer_success",
            "operations",
        ]
        | None
    ) = None


class LinkModel(Strict):
    """Which of the hub's links say that a record is in another system too."""

    kind: Literal["person", "company", "deal"]
    system: str = Field(description="`salesforce`, or `accounting:NAME`.")


def _as_column(value: object) -> object:
    if isinstance(value, str):
        return value.strip()
    what = "a column takes a field's name, or a formula after '='"
    raise wrong(what, "A fixed value is a formula: = 1")


ColumnText = Annotated[str, Field(min_length=1), BeforeValidator(_as_column)]


class SourceModel(Strict):
    """Where a table's rows come from."""

    from_: StreamText = Field(alias="from", description="`connection/stream`.")
    only: object = Field(
        None, description="The system's own filter, as in a mapping's `where`."
    )
    where: FormulaText | None = Field(
        None, description="A formula: other records are passed over."
    )
    sync: str | None = Field(
        None, description="`ledger.skipped` is why this mapping left a record out."
    )
    fields: dict[str, ColumnText] = Field(description="Column to field or formula.")
    blind: dict[str, str] = Field(
        default_factory=dict, description="Rules it cannot tell of, and why."
    )


class LeaksModel(Strict):
    """The whole file."""

    version: Literal[1]
    thresholds: ThresholdsModel = ThresholdsModel.model_validate({})
    rules: dict[str, RuleModel] = Field(default_factory=dict)
    links: dict[str, LinkModel] = Field(default_factory=dict)
    mend: dict[str, dict[str, list[str]]] = Field(
        default_factory=dict,
        description="Rule, then the stream of the record it is about: mappings to run.",
    )
    board: dict[str, list[SourceModel]] = Field(default_factory=dict)
