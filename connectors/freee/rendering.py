"""Rows as freee wants to hear them: invoices and partners, made without a call."""

from collections.abc import Mapping

from tasuki.model.write import Operation, Request, UnrenderedError, Write

from .listing import INVOICES, PARTNERS
from .schema import partner_body
from .settings import FreeeSettings
from .translation import UnfitError, full_mark, to_changes, to_request


def render(settings: FreeeSettings, stream: str, write: Write) -> Request:
    """Return the request of one row, without `company_id`.

    An update of an invoice shows the changed fields; what is sent repeats the rest of
    the invoice as it stands in freee.

    Raises:
        UnrenderedError: freee would refuse it, or be told something else than meant.
    """
    try:
        if stream == "partner":
            return partner_request(write, partner_body(write.fields))
        if write.operation is Operation.UPDATE:
            path = f"{INVOICES}/{write.target_id}"
            return Request("PUT", path, to_changes(write.fields, settings))
        return invoice_request(write, settings)
    except UnfitError as error:
        raise UnrenderedError(error.words) from None
    except ValueError as error:
        raise UnrenderedError(str(error)) from None


def invoice_request(write: Write, settings: FreeeSettings) -> Request:
    """Return the request that creates an invoice with our mark.

    Raises:
        UnfitError: freee would refuse it.
        ValueError: the row has no mark.
    """
    if not write.mark:
        msg = f"{write.ref}: an invoice is never sent without a mark"
        raise ValueError(msg)
    mark = full_mark(write.mark, settings.mark_prefix)
    return Request("POST", INVOICES, to_request(write.fields, mark, settings))


def partner_request(write: Write, body: Mapping[str, object]) -> Request:
    """Return the request that updates a partner by id, or upserts one by its code.

    Raises:
        ValueError: there is no code.
    """
    if write.operation is Operation.UPDATE:
        return Request("PUT", f"{PARTNERS}/{write.target_id}", dict(body))
    code = write.key[1] if write.key else str(write.fields.get("code") or "")
    if not code:
        msg = "no code"
        raise ValueError(msg)
    whole = {"code": code, "partner": dict(body)}
    return Request("PUT", f"{PARTNERS}/upsert_by_code", whole)
