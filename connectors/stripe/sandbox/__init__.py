"""A stand-in for one Stripe account in test mode."""

from .account import StripeSandbox

__all__ = ["StripeSandbox"]
