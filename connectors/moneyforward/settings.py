"""Settings of a Money Forward connection, and what follows from them."""

from datetime import date
from typing import Annotated, ClassVar, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from tasuki.connector import ConnectionSettings, OAuthFlow
from tasuki.model.policy import Limit

INVOICE: Final = "https://invoice.moneyforward.com"
ACCOUNTS: Final = "https://api.biz.moneyforward.com"
ROOT: Final = "/api/v3"

TOKYO: Final = ZoneInfo("Asia/Tokyo")
"""Money Forward's days and months are those of Japan."""

# Not stated for v3; three a second are known of its older API.
_LIMITS: Final = {"per_second": 3}
_SCOPE: Final = "mfc/invoice/data.read mfc/invoice/data.write"


class OAuthSettings(BaseModel):
    """The usual login: an app of one's own in the app portal."""

    model_config = ConfigDict(extra="forbid")

    flow: Literal["oauth"]
    client_id: str
    client_secret: SecretStr


class TokenSettings(BaseModel):
    """A fixed access token, for trials: Money Forward's own end after an hour."""

    model_config = ConfigDict(extra="forbid")

    flow: Literal["token"]
    token: SecretStr


class MoneyForwardSettings(ConnectionSettings):
    """An office at Money Forward クラウド請求書."""

    known_limits: ClassVar[tuple[str, ...]] = tuple(_LIMITS)

    office: str = Field(default="", max_length=40)
    """事業者番号 (`office_code`) or id; `tasuki doctor` sees that the login is its."""
    accounts_url: str = ACCOUNTS
    auth: Annotated[OAuthSettings | TokenSettings, Field(discriminator="flow")]
    quiet_seconds: float = Field(default=60.0, ge=0)
    """How long an invoice whose answer was lost may still appear."""
    mark_prefix: str = Field(default="tasuki-", min_length=1, max_length=40)
    """What our mark among the tags (タグ) begins with."""
    numbering: Literal["auto", "ours"] = "auto"
    """Who numbers invoices: Money Forward, or `invoice_number` of the mapping."""
    price_mode: Literal["exclusive", "inclusive"] = "exclusive"
    """What the mapping's prices are, where it does not say."""
    history_from: date = date(2015, 1, 1)
    """The first full read begins with invoices made on this day."""

    @field_validator("mark_prefix")
    @classmethod
    def _is_one_word(cls, prefix: str) -> str:
        if prefix.split() != [prefix] or "," in prefix:
            msg = "mark_prefix must be one word without spaces and commas"
            raise ValueError(msg)
        return prefix

    @property
    def api_url(self) -> str:
        """Return the address in front of every path, without a slash at its end."""
        return (self.base_url or INVOICE).rstrip("/")


def limits_of(settings: MoneyForwardSettings) -> tuple[Limit, ...]:
    """Return the limits of a connection."""
    calls = _LIMITS | settings.limits
    return (Limit(calls["per_second"], 1.0),)


def login_flow(settings: MoneyForwardSettings) -> OAuthFlow | None:
    """Return the first login; None where a fixed token is given."""
    auth = settings.auth
    if isinstance(auth, TokenSettings):
        return None
    accounts = settings.accounts_url.rstrip("/")
    return OAuthFlow(
        authorize_url=f"{accounts}/authorize",
        token_url=f"{accounts}/token",
        client_id=auth.client_id,
        client_secret=auth.client_secret.get_secret_value(),
        scope=_SCOPE,
        basic_auth=True,
    )
