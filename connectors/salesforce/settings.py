"""What connections.yaml says about a Salesforce connection."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from tasuki.connector import ConnectionSettings, WebhookSettings

_LIMITS = {"per_day": 100_000, "in_flight": 4}
_PEM = "-----BEGIN"


class ClientCredentials(BaseModel):
    """The External Client App acts as its own run-as user."""

    model_config = ConfigDict(extra="forbid")

    flow: Literal["client_credentials"]
    client_id: str
    client_secret: SecretStr


class JwtBearer(BaseModel):
    """A certificate's key signs for a named user."""

    model_config = ConfigDict(extra="forbid")

    flow: Literal["jwt"]
    client_id: str
    username: str
    private_key: SecretStr
    """The key in PEM, or the name of a file that holds it."""
    audience: str | None = None

    def pem(self) -> bytes:
        """Return the private key, read from its file where a name is given."""
        text = self.private_key.get_secret_value()
        if _PEM in text:
            return text.encode()
        return Path(text).expanduser().read_bytes()


class OutboundSettings(WebhookSettings):
    """`webhook:` of an org: nothing is signed, so its id is asked for as well."""

    org_id: str = Field(pattern=r"^00D[0-9A-Za-z]{12}(?:[0-9A-Za-z]{3})?$")
    """Setup > Company Information > Salesforce.com Organization ID."""


class SalesforceSettings(ConnectionSettings):
    """`connector: salesforce`; `limits` knows `per_day` and `in_flight`."""

    base_url: str
    """My Domain: `https://example.my.salesforce.com`."""
    auth: Annotated[ClientCredentials | JwtBearer, Field(discriminator="flow")]
    api_version: str = Field(default="67.0", pattern=r"^\d+\.0$")
    external_ids: dict[str, str] = Field(default_factory=dict)
    """Stream -> the external-id field that mappings write by; `doctor` checks them."""
    bulk_threshold: int = Field(default=2_000, ge=0)
    """Rows from which one Bulk 2.0 job replaces calls of 200; 0 switches it off."""
    webhook: OutboundSettings | None = None
    look_back: int = Field(default=300, ge=0, le=86_400)
    """Seconds that each incremental read repeats (see README, late commits)."""

    @field_validator("base_url")
    @classmethod
    def _no_path(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            msg = "base_url begins with https://"
            raise ValueError(msg)
        return value.rstrip("/")

    @field_validator("limits")
    @classmethod
    def _known_limits(cls, value: dict[str, int]) -> dict[str, int]:
        if unknown := sorted(set(value) - set(_LIMITS)):
            msg = f"unknown limit {', '.join(unknown)}; known: {', '.join(_LIMITS)}"
            raise ValueError(msg)
        return value

    def limit(self, name: str) -> int:
        """Return one of the connection's limits, the default where none is set."""
        return self.limits.get(name, _LIMITS[name])

    def audience(self) -> str:
        """Return the `aud` of the JWT flow: the login host the org accepts."""
        if isinstance(self.auth, JwtBearer) and self.auth.audience:
            return self.auth.audience
        host = "test" if ".sandbox." in self.base_url else "login"
        return f"https://{host}.salesforce.com"
