"""The stand-in's webhooks: one app's subscriptions to everything that changes."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import orjson

from tasuki.sandbox.deliveries import Deliveries, Habits, Parcel

from ..webhook import signature  # noqa: TID252 - the folder's own
from .store import Row

_NAMES = {
    "contacts": "contact",
    "companies": "company",
    "deals": "deal",
    "tickets": "ticket",
    "line_items": "line_item",
    "products": "product",
}
# It tries ten times within a day; these answers end it at once.
_HABITS = Habits(gives_up=frozenset({400, 401, 403, 404, 405}))
_PORTAL, _APP, _SUBSCRIPTION = 20_261_122, 54_321, 1_000


class Hooks:
    """Tells one address what has changed, once it is told where."""

    def __init__(self) -> None:
        self.deliveries: Deliveries | None = None
        self._count = 0

    def subscribe(
        self, url: str, secret: str, *, twice: float = 0.0, shuffled: bool = False
    ) -> str:
        """Send everything from now on to an address, signed with a secret."""
        self.stop()

        def pack(events: Sequence[Any]) -> Parcel:
            body = orjson.dumps(list(events))
            stamp = str(int(time.time() * 1000))
            signed = signature(secret, "POST", url, body, stamp)
            headers = {
                "content-type": "application/json",
                "x-hubspot-request-timestamp": stamp,
                "x-hubspot-signature-v3": signed,
            }
            return Parcel(url, body, headers)

        self.deliveries = Deliveries(
            pack, _is_taken, _HABITS, twice=twice, shuffled=shuffled
        )
        return url

    def stop(self) -> None:
        """Send nothing more."""
        if self.deliveries is not None:
            self.deliveries.stop()
            self.deliveries = None

    def watch(self, stream: str) -> Callable[[Row | None, Row], None]:
        """Return what a type's store is to call at each change."""
        name = _NAMES.get(stream, "object")
        more = {} if stream in _NAMES else {"objectTypeId": stream}

        def changed(before: Row | None, row: Row) -> None:
            if self.deliveries is None:
                return
            for event in _events(name, before, row):
                self._add(event | {"objectId": row.id, **more})

        return changed

    def merged(self, stream: str, survivor: int, gone: Sequence[int]) -> None:
        """Tell of records that were merged into one."""
        kind = {"subscriptionType": f"{_NAMES.get(stream, 'object')}.merge"}
        ids = {"primaryObjectId": survivor, "mergedObjectIds": list(gone)}
        self._add(_told() | kind | ids | {"objectId": survivor})

    def _add(self, event: dict[str, object]) -> None:
        if self.deliveries is not None:
            self._count += 1
            self.deliveries.add(event | {"eventId": self._count})


def _is_taken(answer: httpx.Response) -> bool:
    return answer.is_success


def _told() -> dict[str, object]:
    return {
        "portalId": _PORTAL,
        "appId": _APP,
        "subscriptionId": _SUBSCRIPTION,
        "occurredAt": int(time.time() * 1000),
        "attemptNumber": 0,
        "changeSource": "CRM",
    }


def _events(name: str, before: Row | None, row: Row) -> list[dict[str, object]]:
    """Return an event for the record, or for each property that changed."""
    told = _told()
    if row.archived:
        return [told | {"subscriptionType": f"{name}.deletion"}]
    if before is None:
        return [told | {"subscriptionType": f"{name}.creation"}]
    kind = {"subscriptionType": f"{name}.propertyChange"}
    return [
        told | kind | {"propertyName": key, "propertyValue": value}
        for key, value in row.values.items()
        if before.values.get(key) != value and not key.endswith("lastmodifieddate")
    ]
