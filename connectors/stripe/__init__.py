"""Stripe: customers, invoices and credit notes."""

from tasuki.connector import Connector, Wire
from tasuki.model.write import Request, UnrenderedError, Write
from tasuki.ports import System

from .amounts import UnfitError
from .settings import StripeSettings, limits_of


def _open(settings: StripeSettings, wire: Wire) -> System:
    # HTTP is loaded when a connection is opened, not when connectors are listed.
    from .system import StripeSystem  # noqa: PLC0415

    return StripeSystem(settings, wire)


def _render(settings: StripeSettings, stream: str, write: Write) -> Request:
    from . import credit_notes, rendering  # noqa: PLC0415

    if stream != "credit_note":
        return rendering.render(settings, stream, write)
    try:
        return credit_notes.render(settings, write)
    except UnfitError as error:
        raise UnrenderedError(error.words) from None


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
