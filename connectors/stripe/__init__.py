"""Stripe: customers and invoices."""

from tasuki.connector import Connector, Wire
from tasuki.model.write import Request, Write
from tasuki.ports import System

from .settings import StripeSettings, limits_of


def _open(settings: StripeSettings, wire: Wire) -> System:
    # HTTP is loaded when a connection is opened, not when connectors are listed.
    from .system import StripeSystem  # noqa: PLC0415

    return StripeSystem(settings, wire)


def _render(settings: StripeSettings, stream: str, write: Write) -> Request:
    from .rendering import render  # noqa: PLC0415

    return render(settings, stream, write)


CONNECTOR = Connector(
    name="stripe",
    settings=StripeSettings,
    open=_open,
    limits=limits_of,
    streams=("customer", "invoice"),
    account=lambda settings: settings.account,
    sandbox="sandbox:StripeSandbox",
    render=_render,
    webhook="webhook:StripeWebhook",
)
