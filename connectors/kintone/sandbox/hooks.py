"""The stand-in's webhooks: unsigned, of single changes only, sent once."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import orjson

from tasuki.sandbox.deliveries import Deliveries, Habits, Parcel

_ONCE = Habits(together=1, attempts=1)


class Hooks:
    """Tells one address what people have changed, once it is told where."""

    def __init__(self) -> None:
        self.deliveries: Deliveries | None = None

    def subscribe(self, url: str) -> None:
        """Send every notification from now on to an address."""
        self.stop()

        def pack(events: Sequence[Any]) -> Parcel:
            body = orjson.dumps(events[0])
            return Parcel(url, body, {"content-type": "application/json"})

        self.deliveries = Deliveries(pack, _is_taken, _ONCE)

    def stop(self) -> None:
        """Send nothing more."""
        if self.deliveries is not None:
            self.deliveries.stop()
            self.deliveries = None

    def tell(self, event: Mapping[str, object]) -> None:
        """Tell of one record."""
        if self.deliveries is not None:
            self.deliveries.add({"id": secrets.token_hex(16), **event})


def _is_taken(answer: httpx.Response) -> bool:
    return answer.is_success
