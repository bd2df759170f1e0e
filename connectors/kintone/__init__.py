"""kintone: the records of apps, one stream an app."""

from tasuki.connector import Connector, Wire
from tasuki.model.write import Request, Write
from tasuki.ports import System

from .settings import KintoneSettings, limits_of


def _open(settings: KintoneSettings, wire: Wire) -> System:
    # HTTP is loaded when a connection is opened, not when connectors are listed.
    from .system import KintoneSystem  # noqa: PLC0415

    return KintoneSystem(settings, wire)


def _render(settings: KintoneSettings, stream: str, write: Write) -> Request:
    from .rendering import render  # noqa: PLC0415

    return render(settings, stream, write)


CONNECTOR = Connector(
    name="kintone",
    settings=KintoneSettings,
    open=_open,
    limits=limits_of,
    streams=(),
    account=lambda settings: settings.account,
    sandbox="sandbox:KintoneSandbox",
    render=_render,
    webhook="webhook:KintoneWebhook",
)
