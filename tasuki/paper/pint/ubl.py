"""Elements of UBL 2.1, written in the order in which they are added."""

import re
import xml.etree.ElementTree as ET
from decimal import Decimal
from typing import Final

UBL: Final = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
CAC: Final = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
CBC: Final = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"

# What XML 1.0 has no place for.
_UNWRITABLE: Final = re.compile(
    "[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)


class Node:
    """An element that is being filled."""

    def __init__(self, element: ET.Element) -> None:
        self._element = element

    def group(self, name: str) -> "Node":
        """Add an aggregate and return it."""
        return Node(ET.SubElement(self._element, f"cac:{name}"))

    def put(self, name: str, text: object, **attributes: str) -> None:
        """Add a value; nothing where there is none."""
        words = _UNWRITABLE.sub("", str(text)).strip()
        if words:
            ET.SubElement(self._element, f"cbc:{name}", attributes).text = words

    def money(self, name: str, amount: Decimal, currency: str) -> None:
        """Add an amount with its currency, written out exactly."""
        self.put(name, f"{amount:f}", currencyID=currency)

    def number(self, name: str, value: Decimal, **attributes: str) -> None:
        """Add a number without needless zeros."""
        self.put(name, plain(value), **attributes)


def plain(value: Decimal) -> str:
    """Return a number without needless zeros.

    Example:
        >>> plain(Decimal("10.50")), plain(Decimal("1E+2")), plain(Decimal("-0"))
        ('10.5', '100', '0')
    """
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def new_invoice() -> tuple[ET.Element, Node]:
    """Return an empty invoice, and the node that fills it."""
    root = ET.Element("Invoice", {"xmlns": UBL, "xmlns:cac": CAC, "xmlns:cbc": CBC})
    return root, Node(root)


def to_bytes(root: ET.Element) -> bytes:
    """Return the document's bytes, indented."""
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()
