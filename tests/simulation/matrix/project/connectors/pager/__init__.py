"""A chat's incoming webhook (write class D): it takes a text, and answers `ok`."""

from typing import Any

from pydantic import SecretStr

from tasuki.connector import ConnectionSettings, Connector, Wire
from tasuki.model.policy import Limit
from tasuki.ports import System


class PagerSettings(ConnectionSettings):
    hook: SecretStr


def open_system(settings: PagerSettings, wire: Wire) -> System:
    from .system import PagerSystem

    return PagerSystem(settings, wire)


def limits(settings: Any) -> tuple[Limit, ...]:
    return (Limit(1, 1.0),)


CONNECTOR = Connector(
    name="pager",
    settings=PagerSettings,
    open=open_system,
    limits=limits,
    streams=("message",),
    sandbox="sandbox:PagerSandbox",
)
