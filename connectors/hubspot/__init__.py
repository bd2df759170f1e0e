"""HubSpot: contacts, companies, deals, line items and custom objects."""

from tasuki.connector import Connector, Wire
from tasuki.model.write import Request, Write
from tasuki.ports import System

from .settings import STREAMS, HubspotSettings, rate_limits


def open_system(settings: HubspotSettings, wire: Wire) -> System:
    """Open a connection; no call is made."""
    from .system import HubspotSystem  # noqa: PLC0415 - listing connectors stays light

    return HubspotSystem(settings, wire)


def _render(settings: HubspotSettings, stream: str, write: Write) -> Request:
    from .rendering import render  # noqa: PLC0415

    return render(settings, stream, write)


CONNECTOR = Connector(
    name="hubspot",
    settings=HubspotSettings,
    open=open_system,
    limits=rate_limits,
    streams=STREAMS,
    account=lambda settings: settings.portal_id or "",
    sandbox="sandbox:HubspotSandbox",
    render=_render,
    webhook="webhook:HubspotWebhook",
)
