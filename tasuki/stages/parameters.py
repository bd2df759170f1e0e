"""What people may fill in when they start a flow by hand: typed, so forms refuse.

A server checks these shapes before a run exists; what only the project knows, such as
which mappings there are, is checked before anything is read.
"""

from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

MappingName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*$", max_length=120)
]
"""A mapping by its file's name without `.yaml`: lead.hubspot-salesforce."""

RecordId = Annotated[str, Field(pattern=r"^[^\s,/]+$", max_length=100)]
"""A record by the id that its own system gave it."""

RecordIds = Annotated[list[RecordId], Field(max_length=200)]

# A schema's `format` is a hint that servers do not check; its `pattern` they do.
Day = Annotated[
    date,
    WithJsonSchema(
        {
            "type": "string",
            "format": "date",
            "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T00:00:00.*)?$",
        }
    ),
]


class RunOptions(BaseModel):
    """How a run that a person starts differs from the scheduled one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dry_run: bool = Field(
        default=False,
        title="試行（送信しない） / Dry run",
        description=(
            "何が起こるかだけを報告し、何も送信しません。"
            " Only reports what would happen; sends nothing."
        ),
    )
    records: RecordIds = Field(
        default=[],
        title="対象レコード ID / Records",
        description=(
            "元システムの ID。空ならすべて。 Ids at the source; empty for all."
        ),
    )
    since: Day | None = Field(
        default=None,
        title="変更日（から） / Changed since",
        description=(
            "この日以降に変更されたレコードだけ（日本時間）。"
            " Only records changed on this day or later, in Japan."
        ),
    )
    until: Day | None = Field(
        default=None,
        title="変更日（まで） / Changed until",
        description=(
            "この日までに変更されたレコードだけ（当日を含む）。"
            " Only records changed on this day or before."
        ),
    )
    full: bool = Field(
        default=False,
        title="全件読み込み / Read everything",
        description=(
            "差分ではなく全件を読みます。変更のないレコードは送信しません。"
            " Reads all, not only what changed; what is unchanged is not sent."
        ),
    )
    allow: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        title="件数の承認 / Approved number",
        description=(
            "ガードで止まった場合に、この件数までの作成・更新を認めます。"
            " After a guard stopped a run: so many creates or changes are meant."
        ),
    )

    @model_validator(mode="after")
    def _is_one_choice(self) -> Self:
        if self.records and (self.since or self.until):
            msg = "choose records or days, not both"
            raise ValueError(msg)
        if self.since and self.until and self.until < self.since:
            msg = "`until` is before `since`"
            raise ValueError(msg)
        return self

    def of_all(self) -> "RunOptions":
        """Return the same for a mapping whose records are not those that are named."""
        return self.model_copy(update={"records": []})


USUAL = RunOptions()
"""A run as it is scheduled."""
