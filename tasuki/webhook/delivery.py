"""One delivery as it came in, and what a connector makes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from tasuki.model.hint import Hint

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request of a system to the receiver.

    Attributes:
        method: In capitals.
        url: As the sender has it, as far as the receiver can tell.
        headers: By lower-case name.
        body: Byte for byte: signatures are of these bytes.
        token: What followed the connection's name in the path.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    token: str = field(default="", repr=False)


class Acknowledgement(NamedTuple):
    """What the sender is answered once everything is stored."""

    body: bytes = b""
    content_type: str = JSON


class Webhook(Protocol):
    """A connector's part of receiving: `webhook.py` in its folder.

    Made with the connection's settings. Both methods may run for several deliveries
    in turn, and neither does any input or output.
    """

    content_types: frozenset[str]
    """What its deliveries may be; without parameters, in lower case."""
    acknowledgement: Acknowledgement

    def verify(self, delivery: Delivery, now: datetime) -> None:
        """Return if the delivery is the system's own, sent just now.

        Raises:
            DeliveryError: it is not (401), without quoting what was given.
        """

    def parse(self, delivery: Delivery) -> Sequence[Hint]:
        """Return what a verified delivery hints at, the parts it cannot read as well.

        Those come with an empty stream: one strange part must not cost the others.

        Raises:
            DeliveryError: nothing of it can be read (400).
        """
