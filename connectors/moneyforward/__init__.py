"""Money Forward クラウド請求書 (API v3): partners, items and invoices."""

from tasuki.connector import Connector, Wire
from tasuki.ports import System

from .settings import MoneyForwardSettings, limits_of, login_flow


def _open(settings: MoneyForwardSettings, wire: Wire) -> System:
    # HTTP is loaded when a connection is opened, not when connectors are listed.
    from .system import MoneyForwardSystem  # noqa: PLC0415

    return MoneyForwardSystem(settings, wire)


CONNECTOR = Connector(
    name="moneyforward",
    settings=MoneyForwardSettings,
    open=_open,
    limits=limits_of,
    streams=("partner", "item", "billing"),
    login=login_flow,
    account=lambda settings: settings.office,
    sandbox="sandbox:MoneyForwardSandbox",
)
