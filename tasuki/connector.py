"""What a connector is: one folder, one `CONNECTOR` value, asked for by name."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tasuki.model.policy import Limit, RetryPolicy, Timeouts
from tasuki.model.write import Request, Write
from tasuki.ports import Budget, Clock, System, TokenStore
from tasuki.transport.calls import Calls
from tasuki.transport.flow import OAuthFlow

__all__ = [
    "ConnectionSettings",
    "Connector",
    "OAuthFlow",
    "TimeoutSettings",
    "Wire",
]


class TimeoutSettings(BaseModel):
    """`timeouts:` of a connection, in seconds."""

    model_config = ConfigDict(extra="forbid")

    connect: float = Field(default=10.0, gt=0)
    read: float = Field(default=60.0, gt=0)


class ConnectionSettings(BaseModel):
    """What every connection has; a connector's settings add its own keys.

    Secrets are declared as `pydantic.SecretStr`, which prints `**********`.
    """

    model_config = ConfigDict(extra="forbid")

    connector: str
    base_url: str | None = None
    timeouts: TimeoutSettings = TimeoutSettings()
    limits: dict[str, int] = Field(default_factory=dict)
    """Overrides of the connector's own limits, by their names (see its README)."""


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
