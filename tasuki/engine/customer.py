"""The customer that an invoice is made out to, as the ledger knows it."""

from collections.abc import Mapping

from tasuki.ledger import Ledger
from tasuki.mapping.compile import CompiledMapping


def customer_of(
    ledger: Ledger, mapping: CompiledMapping, sent: Mapping[str, object]
) -> tuple[dict[str, object], str]:
    """Return what the linked customer was sent with, and its reference; empty if none.

    Args:
        ledger: Knows the links.
        mapping: Says which field links to the customer.
        sent: The invoice's fields.
    """
    for name, field in mapping.model.fields.items():
        value = sent.get(name)
        if not field.link or value is None:
            continue
        source_id = ledger.reverse_links(field.link, [str(value)]).get(str(value))
        links = ledger.links(field.link, [source_id] if source_id else [])
        for link in links.values():
            if link.sent.get("name") or link.sent.get("Name"):
                return dict(link.sent), f"{field.link}:{value}"
        return {}, f"{field.link}:{value}"
    return {}, ""
