"""The settings of a HubSpot connection."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from tasuki.connector import ConnectionSettings
from tasuki.model.policy import Limit

STREAMS = ("contacts", "companies", "deals", "line_items")
"""Types every account has; custom objects are named `2-1234567` or `p1_name`."""


class StaticAuth(BaseModel):
    """A token that never expires: a service key, or a private app's token."""

    model_config = ConfigDict(extra="forbid")

    token: SecretStr


class HubspotSettings(ConnectionSettings):
    """A HubSpot account.

    Limits, by name: `per_10_seconds` (all calls), `search_per_second`.
    """

    auth: StaticAuth
    api_version: Literal["2026-09", "v3"] = "2026-09"
    portal_id: str | None = None
    search_lag_seconds: int = Field(default=60, ge=0, le=3600)
    """How late HubSpot's search index may be: reading changes goes back so far."""


def rate_limits(settings: HubspotSettings) -> tuple[Limit, ...]:
    """Return the limits of one app in one account.

    190 calls in 10 s hold for private apps of Professional and Enterprise accounts;
    search has a limit of its own, 5 a second, and no headers that tell what is left.
    The search window is a little longer than a second: calls bunch up on their way.
    """
    named = settings.limits
    return (
        Limit(named.get("per_10_seconds", 190), 10.0),
        Limit(named.get("search_per_second", 5), 1.1, window="search"),
    )
