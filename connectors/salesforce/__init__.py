"""Salesforce: leads, contacts, accounts, opportunities and custom objects."""

from tasuki.connector import Connector
from tasuki.model.policy import Limit

from .settings import SalesforceSettings
from .system import SalesforceSystem

STREAMS = (
    "Lead",
    "Contact",
    "Account",
    "Opportunity",
    "OpportunityLineItem",
    "User",
)


def _limits(settings: SalesforceSettings) -> tuple[Limit, ...]:
    # Salesforce counts calls in any 24 hours; it knows no shorter window. Calls that
    # run together are bounded by `in_flight` of the write facts.
    return (Limit(settings.limit("per_day"), 86_400),)


CONNECTOR = Connector(
    name="salesforce",
    settings=SalesforceSettings,
    open=SalesforceSystem,
    limits=_limits,
    streams=STREAMS,
    sandbox="sandbox:SalesforceSandbox",
)
