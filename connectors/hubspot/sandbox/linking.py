"""Associations between records, as the v4 shape shows them."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

_INPUT_CAP = 1000
_PAGE = 500
_PRIMARY = {("contacts", "companies"): 1, ("deals", "companies"): 5}
_PLAIN = {
    ("contacts", "companies"): 279,
    ("companies", "contacts"): 280,
    ("deals", "companies"): 341,
    ("companies", "deals"): 342,
    ("deals", "contacts"): 3,
    ("contacts", "deals"): 4,
    ("deals", "line_items"): 19,
    ("line_items", "deals"): 20,
}

Ends = dict[int, bool]
"""Ids at the other end; True for the primary one."""


class TooManyError(ValueError):
    """More records than one request may name; the words are HubSpot's."""


class Links:
    """All associations of the account."""

    def __init__(self) -> None:
        self._ends: dict[tuple[str, str], dict[int, Ends]] = {}

    def join(
        self, near: tuple[str, int], far: tuple[str, int], *, primary: bool = False
    ) -> None:
        """Associate two records, in both directions."""
        for (a, a_id), (b, b_id) in ((near, far), (far, near)):
            ends = self._ends.setdefault((a, b), {}).setdefault(a_id, {})
            ends[b_id] = primary and (a, b) in _PRIMARY

    def move(self, stream: str, old: int, new: int) -> None:
        """Give a merged record's associations to its survivor."""
        for (a, b), starts in list(self._ends.items()):
            if a == stream:
                for far, primary in starts.pop(old, {}).items():
                    self._ends[b, a].get(far, {}).pop(old, None)
                    self.join((a, new), (b, far), primary=primary)

    def read(
        self, near: str, far: str, inputs: Sequence[Mapping[str, Any]]
    ) -> tuple[list[object], list[object]]:
        """Return results and errors of a batch read."""
        if len(inputs) > _INPUT_CAP:
            words = f"The maximum number of inputs supported in a batch is {_INPUT_CAP}"
            raise TooManyError(words)
        results: list[object] = []
        errors: list[object] = []
        for asked in inputs:
            start, after = int(asked["id"]), int(asked.get("after") or 0)
            ends = self._ends.get((near, far), {}).get(start, {})
            ids = sorted(ends)
            ids = ids[bisect_right(ids, after) :]
            if not ends:
                errors.append(_none(near, far, start))
                continue
            row: dict[str, object] = {
                "from": {"id": str(start)},
                "to": [_end(near, far, one, ends[one]) for one in ids[:_PAGE]],
            }
            if len(ids) > _PAGE:
                row["paging"] = {"next": {"after": str(ids[_PAGE - 1])}}
            results.append(row)
        return results, errors

    def dump(self) -> list[list[object]]:
        """Return everything as JSON."""
        return [
            [near, far, start, end, primary]
            for (near, far), starts in self._ends.items()
            for start, ends in starts.items()
            for end, primary in ends.items()
        ]

    def load(self, state: Sequence[Sequence[Any]]) -> None:
        """Take over a dumped state."""
        self._ends.clear()
        for near, far, start, end, primary in state:
            ends = self._ends.setdefault((near, far), {}).setdefault(start, {})
            ends[end] = primary


def _end(near: str, far: str, record_id: int, primary: bool) -> dict[str, object]:  # noqa: FBT001
    plain = _PLAIN.get((near, far), 1)
    types: list[dict[str, object]] = [
        {"category": "HUBSPOT_DEFINED", "typeId": plain, "label": None}
    ]
    if primary:
        kind = _PRIMARY[near, far]
        types.append(
            {"category": "HUBSPOT_DEFINED", "typeId": kind, "label": "Primary"}
        )
    return {"toObjectId": record_id, "associationTypes": types}


def _none(near: str, far: str, start: int) -> dict[str, object]:
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": f"No {far} is associated with {near} {start}.",
        "context": {"fromObjectId": [str(start)]},
    }
