"""A stand-in of HubSpot's CRM API, over HTTP, with a state of its own."""

from .api import HubspotSandbox

__all__ = ["HubspotSandbox"]
