"""Salesforce: leads, contacts, accounts, opportunities and custom objects."""

from tasuki.connector import Connector, Wire
from tasuki.model.policy import Limit
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


def _limits(settings: SalesforceSettings) -> tuple[Limit, ...]:
    # Salesforce counts calls in any 24 hours; it knows no shorter window. Calls that
    # run together are bounded by `in_flight` of the write facts.
    return (Limit(settings.limit("per_day"), 86_400),)


CONNECTOR = Connector(
    name="salesforce",
    settings=SalesforceSettings,
    open=open_system,
    limits=_limits,
    streams=STREAMS,
    sandbox="sandbox:SalesforceSandbox",
)
