"""The hub as a system of its own: billing plans and due invoices, in the ledger."""

from tasuki.hub.system import HubSystem

__all__ = ["HubSystem"]
