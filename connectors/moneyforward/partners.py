"""Writing partners (取引先), each with a department (部門) to bill, and items."""

from collections.abc import Callable, Mapping

from .client import row_of
from .coded import Coded, Fields
from .listing import ITEMS, PARTNERS, Row
from .schema import DEPARTMENT, ITEM, PARTNER, flat_item, flat_partner
from .translation import excise_of, number_of


class Partners(Coded):
    """The destination stream `partner`.

    Address and contact live in departments; a partner that Tasuki makes has one, and
    what it writes later goes to the first.
    """

    stream = "partner"
    path = PARTNERS
    facts = PARTNER
    lists_codes = True

    def body(self, fields: Fields, *, creating: bool) -> dict[str, object]:
        """Return the partner; a new one always has a department."""
        own = {n: _blank(v) for n, v in fields.items() if n not in DEPARTMENT}
        inside = {n: _blank(v) for n, v in fields.items() if n in DEPARTMENT}
        if creating:
            return _said(own) | {"departments": [_said(inside)]}
        return own | ({"departments": [inside]} if inside else {})

    def flat(self, row: Row) -> dict[str, object]:
        """Return the partner with its first department's fields."""
        return flat_partner(row)

    def update(
        self, record_id: str, body: Mapping[str, object], fence: Callable[[], None]
    ) -> Row:
        """Write to the partner, its first department, or both."""
        own = {name: value for name, value in body.items() if name != "departments"}
        inside = body.get("departments")
        row: Row = super().update(record_id, own, fence) if own else {}
        if isinstance(inside, list):
            row = row or self.single(record_id) or {}
            first = flat_partner(row)["department_id"]
            path = f"{self.path}/{record_id}/departments"
            answer = self._office.change(
                "PUT" if first else "POST",
                f"{path}/{first}" if first else path,
                self.stream,
                inside[0],
                fence,
                repeatable=bool(first),
            )
            known = row.get("departments")
            others = known[1:] if isinstance(known, list) else []
            row = {**row, "departments": [row_of(answer), *others]}
        return row


class Items(Coded):
    """The destination stream `item` (品目)."""

    stream = "item"
    path = ITEMS
    facts = ITEM

    def body(self, fields: Fields, *, creating: bool) -> dict[str, object]:
        """Return the item."""
        texts = ("code", "name", "detail", "unit")
        body = {name: _blank(fields[name]) for name in texts if name in fields}
        if fields.get("unit_price") is not None:
            body["price"] = number_of(fields, "unit_price")
        if fields.get("quantity") is not None:
            body["quantity"] = number_of(fields, "quantity")
        if creating or "tax" in fields:
            body["excise"] = excise_of(fields)
        return body

    def flat(self, row: Row) -> dict[str, object]:
        """Return the item in Tasuki's words."""
        return flat_item(row)


def _blank(value: object) -> object:
    return "" if value is None else value


def _said(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value != ""}
