"""A payment service with idempotency keys (write class A), as a project would connect it."""

from typing import Any

from pydantic import SecretStr

from tasuki.connector import ConnectionSettings, Connector, Wire
from tasuki.model.policy import Limit
from tasuki.ports import System


class TillSettings(ConnectionSettings):
    token: SecretStr
    key_seconds: float = 86_400.0


def open_system(settings: TillSettings, wire: Wire) -> System:
    from .system import TillSystem

    return TillSystem(settings, wire)


def limits(settings: Any) -> tuple[Limit, ...]:
    return (Limit(100, 1.0),)


CONNECTOR = Connector(
    name="till",
    settings=TillSettings,
    open=open_system,
    limits=limits,
    streams=("charge",),
    sandbox="sandbox:TillSandbox",
)
