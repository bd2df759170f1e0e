"""Which department of a partner an invoice is made out to.

The list of partners tells their departments too: one call of it answers for a hundred
customers, and only for others each is asked for by itself.
"""

from collections.abc import Mapping

from .client import MoneyForward
from .coded import is_id
from .listing import PARTNERS, Row, pages
from .translation import UnfitError


class Departments:
    """Departments by partner, kept for the life of a connection."""

    def __init__(self, office: MoneyForward) -> None:
        self._office = office
        self._known: dict[str, dict[str, Row]] = {}
        self._has_listed = False

    def choose(self, fields: Mapping[str, object]) -> str:
        """Return the id of the department that the fields mean.

        Raises:
            UnfitError: the partner has none, or several and none is named.
        """
        if fields.get("department_id"):
            return str(fields["department_id"])
        partner_id, name = (
            str(fields["partner_id"]),
            str(fields.get("department") or ""),
        )
        rows = self._of(partner_id)
        fitting = [i for i, row in rows.items() if not name or _is(row, name)]
        if len(fitting) == 1:
            return fitting[0]
        self._known.pop(partner_id, None)  # somebody may mend it meanwhile
        remedy = "Let the mapping fill `department` (部署名) or `department_id`."
        if not rows:
            words = "the partner has no department, and an invoice is made out to one"
            raise UnfitError(
                "department", words, "Give the partner a department (部門)."
            )
        if not fitting:
            raise UnfitError("department", "there is no such department", remedy)
        words = f"{len(fitting)} departments of the partner fit"
        raise UnfitError("department", words, remedy)

    def _of(self, partner_id: str) -> dict[str, Row]:
        if partner_id not in self._known:
            if not is_id(partner_id):
                raise UnfitError(
                    "partner",
                    "partner_id is no id of Money Forward",
                    "Let the mapping fill `partner_id` from the customer's link.",
                )
            self._list()
        if partner_id not in self._known:
            path = f"{PARTNERS}/{partner_id}/departments"
            listed = pages(self._office, path, "billing", kind="look-up")
            self._known[partner_id] = _by_id(
                [row for rows, _ in listed for row in rows]
            )
        return self._known[partner_id]

    def _list(self) -> None:
        """Take what the first page of partners tells, once."""
        if self._has_listed:
            return
        self._has_listed = True
        rows, _ = next(pages(self._office, PARTNERS, "billing", kind="look-up"))
        for row in rows:
            departments = row.get("departments")
            if isinstance(departments, list):
                self._known.setdefault(str(row["id"]), _by_id(departments))


def _is(row: Row, name: str) -> bool:
    return str(row.get("person_dept") or "") == name


def _by_id(rows: list[Row]) -> dict[str, Row]:
    return {str(row["id"]): row for row in rows}
