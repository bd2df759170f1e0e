"""Settings of a Stripe connection, and what follows from them without a call."""

from datetime import time
from typing import ClassVar, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator

from tasuki.connector import ConnectionSettings
from tasuki.model.policy import Limit

API: Final = "https://api.stripe.com"
PAY: Final = "https://pay.stripe.com"
VERSION: Final = "2025-03-31.basil"
"""The API version every request asks for, whatever the account's own is."""

TOKYO: Final = ZoneInfo("Asia/Tokyo")
"""Due dates are days in Japan; Stripe has moments."""

NOON: Final = time(12)
"""The hour that stands for a day: the same day in most of the world."""

SEARCH: Final = "search"
"""Searches count apart (20 a second)."""

TaxName = Literal["standard", "reduced", "legacy8", "exempt", "export", "out_of_scope"]
_LIMITS: Final = ("per_second", "searches_per_second")


class StripeSettings(ConnectionSettings):
    """One Stripe account, or one connected account of a platform."""

    known_limits: ClassVar[tuple[str, ...]] = _LIMITS

    api_key: SecretStr
    """A restricted (rk_) or secret (sk_) key."""
    account: str = Field(default="", pattern=r"^(acct_\w+)?$")
    """The connected account that a platform's key acts for."""
    days_until_due: int = Field(default=30, ge=0, le=3650)
    """Of invoices whose mapping gives no due date."""
    tax_rates: dict[TaxName, str] = Field(default_factory=dict)
    """Stripe's tax rate (txr_…) of each tax class that lines name."""
    tax_rounding: Literal["floor", "round", "ceil"] = "round"
    """How the tax of a rate is rounded, once for an invoice."""
    account_tax_ids: list[str] = Field(default_factory=list, max_length=2)
    """Stripe's ids (txi_…) of the registration numbers that invoices show."""
    metadata_keys: list[str] = Field(default_factory=lambda: ["salesforce_id"])
    """Keys of metadata that mappings write and read as `metadata_KEY`."""

    @field_validator("api_key")
    @classmethod
    def _is_not_publishable(cls, key: SecretStr) -> SecretStr:
        if key.get_secret_value().startswith("pk_"):
            msg = "a publishable key (pk_…) reads nothing: make a restricted one (rk_…)"
            raise ValueError(msg)
        return key

    @field_validator("tax_rates")
    @classmethod
    def _are_rates(cls, rates: dict[TaxName, str]) -> dict[TaxName, str]:
        wrong = [name for name, one in rates.items() if not one.startswith("txr_")]
        if wrong:
            msg = f"tax_rates of {wrong} must be ids of Stripe's tax rates (txr_…)"
            raise ValueError(msg)
        return rates

    @property
    def api_url(self) -> str:
        """Return the API's root, without a slash at its end."""
        return (self.base_url or API).rstrip("/")

    @property
    def pay_url(self) -> str:
        """Return where invoices are shown to customers."""
        return (self.base_url or PAY).rstrip("/")

    @property
    def is_live(self) -> bool:
        """Say whether the key moves real money."""
        return self.api_key.get_secret_value()[3:].startswith("live_")


def limits_of(settings: StripeSettings) -> tuple[Limit, ...]:
    """Return the limits of a connection; test mode has a quarter of them."""
    calls = {"per_second": 100 if settings.is_live else 25, "searches_per_second": 20}
    calls |= settings.limits
    return (
        Limit(calls["per_second"], 1.0),
        Limit(calls["searches_per_second"], 1.0, SEARCH),
    )
