"""Salesforce: leads, contacts, accounts, opportunities and custom objects."""

from urllib.parse import urlsplit

from tasuki.connector import Connector, Wire
from tasuki.model.policy import Limit
from tasuki.model.write import Request, Write
from tasuki.ports import System

from .settings import SalesforceSettings

STREAMS = (
    "Lead",
    "Contact",
    "Account",
    "Opportunity",
    "OpportunityLineItem",
    "User",
)


def open_system(settings: SalesforceSettings, wire: Wire) -> System:
    """Open a connection; no call is made."""
    from .system import SalesforceSystem  # noqa: PLC0415 - listing stays light

    return SalesforceSystem(settings, wire)


def _account(settings: SalesforceSettings) -> str:
    """Return My Domain's host; a stand-in's address changes with its port."""
    host = urlsplit(settings.base_url).hostname or ""
    return "" if host in {"127.0.0.1", "localhost"} else host


def _limits(settings: SalesforceSettings) -> tuple[Limit, ...]:
    # Salesforce counts calls in any 24 hours; it knows no shorter window. Calls that
    # run together are bounded by `in_flight` of the write facts.
    return (Limit(settings.limit("per_day"), 86_400),)


def _render(settings: SalesforceSettings, stream: str, write: Write) -> Request:
    from .rendering import render  # noqa: PLC0415

    return render(settings, stream, write)


CONNECTOR = Connector(
    name="salesforce",
    settings=SalesforceSettings,
    open=open_system,
    limits=_limits,
    streams=STREAMS,
    account=_account,
    sandbox="sandbox:SalesforceSandbox",
    render=_render,
    webhook="webhook:SalesforceWebhook",
)
