"""Settings of a kintone connection: its address, its apps, and who asks."""

import base64
import re
from typing import ClassVar, Final
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from tasuki.connector import ConnectionSettings
from tasuki.model.errors import ConfigError
from tasuki.model.policy import Limit

_DAY: Final = 86_400.0
_CALLS_A_DAY: Final = 10_000  # of an app; 100,000 with the Wide course
_MOST_TOKENS: Final = 9
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")


class AppSettings(BaseModel):
    """One app, whose records are a stream."""

    model_config = ConfigDict(extra="forbid")

    app: int = Field(gt=0)
    """Its number, as its address shows it: /k/5/."""
    token: SecretStr | None = None
    """API tokens, the app's own first, then those of apps that it looks up in."""
    space: int | None = Field(default=None, gt=0)
    """The guest space that the app lies in."""
    people: list[str] = Field(default_factory=list)
    """Fields of users, organizations or groups, for requests shown without a call."""

    @field_validator("token")
    @classmethod
    def _is_tokens(cls, token: SecretStr | None) -> SecretStr | None:
        parts = token.get_secret_value().split(",") if token else []
        sound = all(_TOKEN.fullmatch(part.strip()) for part in parts)
        if len(parts) > _MOST_TOKENS or not sound:
            msg = f"API tokens have no blanks; {_MOST_TOKENS} at most, parted by commas"
            raise ValueError(msg)
        return token

    @property
    def root(self) -> str:
        """Return what the paths of the app's API begin with."""
        return f"/k/guest/{self.space}/v1" if self.space else "/k/v1"

    @property
    def page(self) -> str:
        """Return the path of the app in kintone's own screens."""
        return f"/k/guest/{self.space}/{self.app}" if self.space else f"/k/{self.app}"


class PasswordSettings(BaseModel):
    """A user of kintone, where API tokens will not do."""

    model_config = ConfigDict(extra="forbid")

    user: str = Field(min_length=1)
    password: SecretStr


class KintoneSettings(ConnectionSettings):
    """One kintone domain and those of its apps that take part.

    Limits, by name: `per_day` (calls of one app in a day).
    """

    known_limits: ClassVar[tuple[str, ...]] = ("per_day",)

    apps: dict[str, AppSettings] = Field(default_factory=dict, validate_default=True)
    """Stream name -> app; the names are the project's own."""
    auth: PasswordSettings | None = None
    overlap_seconds: int = Field(default=120, ge=60, le=86_400)
    """How far reading changes goes back: kintone's 更新日時 knows minutes only."""

    @model_validator(mode="after")
    def _is_complete(self) -> "KintoneSettings":
        if not (self.base_url or "").startswith(("https://", "http://")):
            msg = "base_url is missing: https://SUBDOMAIN.cybozu.com"
            raise ValueError(msg)
        if not self.apps:
            msg = "apps is missing: the apps that take part, each with its number"
            raise ValueError(msg)
        bare = [] if self.auth else [n for n, a in self.apps.items() if not a.token]
        if bare:
            msg = f"apps without a token: {bare}; give each its `token`, or `auth`"
            raise ValueError(msg)
        return self

    @property
    def url(self) -> str:
        """Return the domain's address, without a slash at its end."""
        return (self.base_url or "").rstrip("/")

    @property
    def account(self) -> str:
        """Return what tells this domain from others."""
        return urlsplit(self.url).netloc

    def app_of(self, stream: str) -> AppSettings:
        """Return the app of a stream.

        Raises:
            ConfigError: connections.yaml names none.
        """
        if stream in self.apps:
            return self.apps[stream]
        named = ", ".join(sorted(self.apps))
        what = f"the kintone connection has no app named '{stream}'"
        remedy = (
            f"Add it to the connection's `apps` (there: {named}), or mend the name."
        )
        raise ConfigError("connections.yaml", what, remedy)

    def headers_of(self, stream: str) -> dict[str, str]:
        """Return the credentials of a stream's requests."""
        token = self.app_of(stream).token
        if token is not None:
            parts = token.get_secret_value().split(",")
            return {"x-cybozu-api-token": ",".join(part.strip() for part in parts)}
        assert self.auth is not None  # noqa: S101 - the settings are complete
        both = f"{self.auth.user}:{self.auth.password.get_secret_value()}"
        encoded = base64.b64encode(both.encode()).decode()
        return {"x-cybozu-authorization": encoded}


def window_of(app: AppSettings) -> str:
    """Return the name of an app's own budget."""
    return f"app{app.app}"


def limits_of(settings: KintoneSettings) -> tuple[Limit, ...]:
    """Return the daily budget of each app.

    kintone counts from 09:00 to 09:00 in Japan; any 24 hours are never more. A hundred
    requests may be under way at once in a domain: two batches never come near.
    """
    calls = settings.limits.get("per_day", _CALLS_A_DAY)
    windows = dict.fromkeys(window_of(app) for app in settings.apps.values())
    return tuple(Limit(calls, _DAY, window) for window in windows)
