"""The retry policies of policies.yaml, as a pydantic model."""

from decimal import Decimal

from pydantic import Field, model_validator

from tasuki.mapping.field_model import Strict

_SECONDS = frozenset({"first", "factor", "ceiling", "total", "settle"})


class PolicyModel(Strict):
    """A retry policy of policies.yaml: how often and how fast one call is repeated."""

    attempts: int = Field(5, ge=1, le=100, description="Calls in all.")
    first: Decimal = Field(
        Decimal("0.5"), gt=0, description="Seconds before the second."
    )
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
