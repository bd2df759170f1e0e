"""freee会計 (partners) and freee請求書 (invoices)."""

from tasuki.connector import Connector, Wire
from tasuki.model.write import Request, Write
from tasuki.ports import System

from .settings import FreeeSettings, limits_of, login_flow


def _open(settings: FreeeSettings, wire: Wire) -> System:
    # HTTP is loaded when a connection is opened, not when connectors are listed.
    from .system import FreeeSystem  # noqa: PLC0415

    return FreeeSystem(settings, wire)


def _render(settings: FreeeSettings, stream: str, write: Write) -> Request:
    from .rendering import render  # noqa: PLC0415

    return render(settings, stream, write)


CONNECTOR = Connector(
    name="freee",
    settings=FreeeSettings,
    open=_open,
    limits=limits_of,
    streams=("partner", "invoice"),
    login=login_flow,
    account=lambda settings: str(settings.company_id),
    sandbox="sandbox:FreeeSandbox",
    render=_render,
    webhook="webhook:FreeeWebhook",
)
