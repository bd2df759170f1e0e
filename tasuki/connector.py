"""What a connector is: one folder, one `CONNECTOR` value, asked for by name."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from tasuki.model.policy import Limit, RetryPolicy, Timeouts
from tasuki.model.write import Request, Write
from tasuki.ports import Budget, Clock, System, TokenStore
from tasuki.transport.calls import Calls
from tasuki.transport.flow import OAuthFlow

if TYPE_CHECKING:
    from tasuki.transport.http import Authoriser, Decode, Http, Translate
    from tasuki.transport.oauth import TokenEndpoint

__all__ = [
    "ConnectionSettings",
    "Connector",
    "OAuthFlow",
    "TimeoutSettings",
    "WebhookSettings",
    "Wire",
]


class TimeoutSettings(BaseModel):
    """`timeouts:` of a connection, in seconds."""

    model_config = ConfigDict(extra="forbid")

    connect: float = Field(default=10.0, gt=0)
    read: float = Field(default=60.0, gt=0)


class WebhookSettings(BaseModel):
    """`webhook:` of a connection: how its deliveries are proved."""

    model_config = ConfigDict(extra="forbid")

    secret: SecretStr
    """What the vendor signs with, or the token that it sends."""
    former_secret: SecretStr | None = None
    """Taken as well, while the vendor changes from one to the other."""
    public_url: str | None = None
    """The address as it stands in the vendor's screen; needed where it is signed."""
    mappings: list[str] | None = None
    """Only these are started by hints; all that read the stream by default."""

    def secrets(self) -> list[str]:
        """Return every secret that is accepted, the present one first."""
        both = (self.secret, self.former_secret)
        return [one.get_secret_value() for one in both if one is not None]


class ConnectionSettings(BaseModel):
    """What every connection has; a connector's settings add its own keys.

    Secrets are declared as `pydantic.SecretStr`, which prints `**********`.
    """

    model_config = ConfigDict(extra="forbid")

    known_limits: ClassVar[tuple[str, ...]] = ()
    """The names that `limits` may have; a connector without them checks its own."""

    connector: str
    base_url: str | None = None
    timeouts: TimeoutSettings = TimeoutSettings()
    limits: dict[str, int] = Field(default_factory=dict)
    """Overrides of the connector's own limits, by their names (see its README)."""
    webhook: WebhookSettings | None = None
    """Without it, the receiver knows nothing of the connection."""

    @field_validator("limits")
    @classmethod
    def _is_known_limit(cls, limits: dict[str, int]) -> dict[str, int]:
        unknown = set(limits) - set(cls.known_limits)
        if cls.known_limits and unknown:
            there = sorted(cls.known_limits)
            msg = f"unknown limits {sorted(unknown)}: there are {there}"
            raise ValueError(msg)
        return limits


@dataclass(frozen=True, slots=True)
class Wire:
    """What a connection is given to work with."""

    connection: str
    clock: Clock
    budget: Budget
    tokens: TokenStore
    calls: Calls
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    timeouts: Timeouts = field(default_factory=Timeouts)

    def http(
        self,
        base_url: str,
        authoriser: "Authoriser",
        translate: "Translate",
        decode: "Decode",
    ) -> "Http":
        """Return the connection's one HTTP client: budgeted, retried and counted."""
        from tasuki.transport.http import Http  # noqa: PLC0415 - listing stays light

        return Http(
            self.connection,
            base_url,
            clock=self.clock,
            budget=self.budget,
            policy=self.policy,
            calls=self.calls,
            timeouts=self.timeouts,
            authoriser=authoriser,
            translate=translate,
            decode=decode,
        )

    def token_endpoint(self, flow: OAuthFlow) -> "TokenEndpoint":
        """Return where a login's tokens are renewed."""
        from tasuki.transport.oauth import TokenEndpoint  # noqa: PLC0415 - likewise

        return TokenEndpoint(
            flow,
            self.connection,
            clock=self.clock,
            calls=self.calls,
            policy=self.policy,
            timeouts=self.timeouts,
        )


@dataclass(frozen=True, slots=True)
class Connector:
    """One kind of system that can be connected.

    Attributes:
        name: As written in `connector:` of connections.yaml; the folder's name.
        settings: The connection's settings, a subclass of `ConnectionSettings`.
        open: Makes a system from settings; does no call.
        limits: The rate limits that hold for such a connection.
        streams: Streams it is known to have (others may work: custom objects).
        login: The OAuth flow, for systems that want one.
        account: Names the account that a connection's settings lead to; "" where they
            do not tell.
        render: The request that one row becomes, from settings and the stream; the
            destination sends what it gives. Raises UnrenderedError.
        sandbox: `module:Class` of the stand-in, relative to the connector.
        webhook: `module:Class` of what receives its deliveries, made with the
            connection's settings; "" where the system sends none.
    """

    name: str
    settings: type[ConnectionSettings]
    open: Callable[[Any, Wire], System]
    limits: Callable[[Any], tuple[Limit, ...]]
    streams: tuple[str, ...]
    login: Callable[[Any], OAuthFlow | None] | None = None
    account: Callable[[Any], str] | None = None
    sandbox: str = ""
    render: Callable[[Any, str, Write], Request] | None = None
    webhook: str = ""
