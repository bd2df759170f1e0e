"""Settings of a freee connection, and what follows from them without a call."""

from datetime import date
from typing import Annotated, ClassVar, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from tasuki.connector import ConnectionSettings, OAuthFlow
from tasuki.model.policy import Limit

API: Final = "https://api.freee.co.jp"
ACCOUNTS: Final = "https://accounts.secure.freee.co.jp"
OUT_OF_BAND: Final = "urn:ietf:wg:oauth:2.0:oob"  # freee shows the code on screen

TOKYO: Final = ZoneInfo("Asia/Tokyo")
"""freee's days are days in Japan."""

WINDOW: Final = "iv"
"""freee請求書 counts its calls apart (30 a minute, 1,500 an hour)."""

# freee/freee-api-schema, iv: "1時間あたり1500回、1分あたり30回". The day's count is
# 3,000, 5,000 or 10,000 by plan, per company and application.
_LIMITS: Final = {"per_minute": 30, "per_hour": 1500, "per_day": 3000}

TaxName = Literal["standard", "reduced", "legacy8", "exempt", "export", "out_of_scope"]
Rounding = Literal["floor", "round", "ceil"]


class OAuthSettings(BaseModel):
    """The usual login: an app of one's own at app.secure.freee.co.jp."""

    model_config = ConfigDict(extra="forbid")

    flow: Literal["oauth"]
    client_id: str
    client_secret: SecretStr


class TokenSettings(BaseModel):
    """A fixed access token, for trials: freee's own end after six hours."""

    model_config = ConfigDict(extra="forbid")

    flow: Literal["token"]
    token: SecretStr


class FreeeSettings(ConnectionSettings):
    """A company at freee会計 and freee請求書."""

    known_limits: ClassVar[tuple[str, ...]] = tuple(_LIMITS)

    company_id: int = Field(gt=0)
    accounts_url: str = ACCOUNTS
    auth: Annotated[OAuthSettings | TokenSettings, Field(discriminator="flow")]
    numbering: Literal["auto", "ours"] = "auto"
    """Who numbers invoices: freee, or `invoice_number` of the mapping."""
    quiet_seconds: float = Field(default=60.0, ge=0)
    """How long an invoice whose answer was lost may still appear."""
    mark_prefix: str = Field(default="tasuki:", min_length=1, max_length=40)
    """What our mark in 社内メモ begins with."""
    template_id: int | None = Field(default=None, gt=0)
    price_mode: Literal["exclusive", "inclusive"] = "exclusive"
    tax_rounding: Rounding = "floor"
    line_rounding: Rounding = "floor"
    partner_title: Literal["御中", "様", "(空白)"] = "御中"
    withholding_price_mode: Literal["exclusive", "inclusive"] = "exclusive"
    tax_codes: dict[TaxName, int] = Field(default_factory=dict)
    """税区分コード of the deal's draft by tax class; freee's own choice if unset."""
    recent_days: int = Field(default=62, ge=1, le=3660)
    """Invoices billed in the last so many days are read again each time."""
    history_from: date = date(2010, 1, 1)
    """The first full read begins with invoices billed on this day."""

    @field_validator("mark_prefix")
    @classmethod
    def _is_one_word(cls, prefix: str) -> str:
        if prefix.split() != [prefix]:
            msg = "mark_prefix must be one word without spaces"
            raise ValueError(msg)
        return prefix

    @property
    def api_url(self) -> str:
        """Return the root of both APIs, without a slash at its end."""
        return (self.base_url or API).rstrip("/")


def limits_of(settings: FreeeSettings) -> tuple[Limit, ...]:
    """Return the limits of a connection; the day's count takes every call."""
    calls = _LIMITS | settings.limits
    return (
        Limit(calls["per_minute"], 60.0, WINDOW),
        Limit(calls["per_hour"], 3600.0, WINDOW),
        Limit(calls["per_day"], 86400.0),
    )


def login_flow(settings: FreeeSettings) -> OAuthFlow | None:
    """Return the first login; None where a fixed token is given."""
    auth = settings.auth
    if isinstance(auth, TokenSettings):
        return None
    accounts = settings.accounts_url.rstrip("/")
    return OAuthFlow(
        authorize_url=f"{accounts}/public_api/authorize",
        token_url=f"{accounts}/public_api/token",
        client_id=auth.client_id,
        client_secret=auth.client_secret.get_secret_value(),
        # A token belongs to the company chosen here (freee: 認可コード).
        extra={"prompt": "select_company"},
        paste_redirect=OUT_OF_BAND,
    )
