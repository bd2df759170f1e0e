"""HubSpot: contacts, companies, deals, line items and custom objects."""

from tasuki.connector import Connector, Wire
from tasuki.ports import System

from .settings import STREAMS, HubspotSettings, rate_limits


def open_system(settings: HubspotSettings, wire: Wire) -> System:
    """Open a connection; no call is made."""
    from .system import HubspotSystem  # noqa: PLC0415 - listing connectors stays light

    return HubspotSystem(settings, wire)


CONNECTOR = Connector(
    name="hubspot",
    settings=HubspotSettings,
    open=open_system,
    limits=rate_limits,
    streams=STREAMS,
    account=lambda settings: settings.portal_id or "",
    sandbox="sandbox:HubspotSandbox",
)
