"""How systems prove that a delivery is theirs, free of any vendor's payload.

All comparisons take the same time whatever was given. Clocks are compared both ways: a
delivery of the future can be replayed as long as one of the past.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from tasuki.model.errors import DeliveryError
from tasuki.webhook.delivery import Delivery

TOLERANCE = 300.0
"""Seconds that a signed time may differ from ours: what the vendors recommend."""
_UNREADABLE = "its signed time is missing or no number"


class Scheme(Protocol):
    """One way of proving a delivery."""

    def verify(self, delivery: Delivery, now: datetime) -> None:
        """Raise DeliveryError (401) unless the delivery is proved."""


def hmac_sha256(secret: str, message: bytes) -> bytes:
    """Return the keyed digest of a message."""
    return hmac.new(secret.encode(), message, hashlib.sha256).digest()


def is_same(given: str, wanted: str) -> bool:
    """Compare in constant time; what is not ASCII is never the same."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def refuse_stale(stamp: str, per_second: int, now: datetime) -> None:
    """Raise DeliveryError where a signed time is not about now, in either direction.

    Args:
        stamp: The time as it was signed, a number since 1970.
        per_second: Units of the stamp in a second: 1, or 1000 for milliseconds.
        now: The present.
    """
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 16):  # noqa: PLR2004 - of digits
        raise DeliveryError("time", _UNREADABLE)
    away = int(stamp) / per_second - now.timestamp()
    if abs(away) > TOLERANCE:
        direction = "ahead of" if away > 0 else "behind"
        minutes = abs(away) / 60
        raise DeliveryError(
            "time", f"its signed time is {minutes:,.0f} min {direction} ours"
        )


@dataclass(frozen=True, slots=True)
class StripeScheme:
    """`Stripe-Signature: t=…,v1=…[,v1=…]`: hex of `t.body`, one of several secrets."""

    secrets: Sequence[str] = field(repr=False)
    header: str = "stripe-signature"

    def verify(self, delivery: Delivery, now: datetime) -> None:
        """Raise DeliveryError (401) unless one v1 is of one of the secrets."""
        parts = [
            part.strip().partition("=")
            for part in delivery.headers.get(self.header, "").split(",")
        ]
        stamps = [value for name, _, value in parts if name == "t"]
        given = [value for name, _, value in parts if name == "v1"]
        if len(stamps) != 1 or not given:
            raise DeliveryError("signature", "it has no signature of the scheme v1")
        message = stamps[0].encode() + b"." + delivery.body
        wanted = [hmac_sha256(secret, message).hex() for secret in self.secrets]
        if not any([is_same(one, other) for one in given for other in wanted]):  # noqa: C419 - all are compared
            raise DeliveryError("signature", "no signature is of this secret")
        refuse_stale(stamps[0], 1, now)


@dataclass(frozen=True, slots=True)
class SlackScheme:
    """`X-Slack-Signature: v0=…`: hex of `v0:time:body`."""

    secrets: Sequence[str] = field(repr=False)

    def verify(self, delivery: Delivery, now: datetime) -> None:
        """Raise DeliveryError (401) unless the signature is of one of the secrets."""
        stamp = delivery.headers.get("x-slack-request-timestamp", "")
        given = delivery.headers.get("x-slack-signature", "")
        message = b"v0:" + stamp.encode("utf-8", "replace") + b":" + delivery.body
        wanted = [f"v0={hmac_sha256(one, message).hex()}" for one in self.secrets]
        if not any([is_same(given, one) for one in wanted]):  # noqa: C419 - all are compared
            raise DeliveryError("signature", "the signature is not of this secret")
        refuse_stale(stamp, 1, now)


@dataclass(frozen=True, slots=True)
class BodyScheme:
    """A digest of the body alone in a header (Xero, QuickBooks); replays pass.

    Use it with hints that have events: a delivery that comes again says nothing new.
    """

    secrets: Sequence[str] = field(repr=False)
    header: str
    encoding: Literal["base64", "hex"] = "base64"

    def verify(self, delivery: Delivery, now: datetime) -> None:  # noqa: ARG002 - no time is signed
        """Raise DeliveryError (401) unless the digest is of one of the secrets."""
        given = delivery.headers.get(self.header, "")
        digests = [hmac_sha256(secret, delivery.body) for secret in self.secrets]
        wanted = [
            one.hex() if self.encoding == "hex" else base64.b64encode(one).decode()
            for one in digests
        ]
        if not any([is_same(given, one) for one in wanted]):  # noqa: C419 - all are compared
            raise DeliveryError("signature", "the signature is not of this secret")


@dataclass(frozen=True, slots=True)
class TokenScheme:
    """A fixed secret: in a header, behind the path, or as the password of Basic.

    It proves no body and no time. Only TLS keeps it secret, and the address it stands
    in must not be logged.
    """

    secrets: Sequence[str] = field(repr=False)
    header: str = ""
    """Takes the secret from this header alone, where one is named."""

    def verify(self, delivery: Delivery, now: datetime) -> None:  # noqa: ARG002 - no time is told
        """Raise DeliveryError (401) unless one of the secrets was given."""
        if self.header:
            given = [delivery.headers.get(self.header, "")]
        else:
            given = [delivery.token, _password(delivery)]
        found = [is_same(one, secret) for one in given for secret in self.secrets]
        if not any(found):
            raise DeliveryError("secret", "the secret was not given")


def _password(delivery: Delivery) -> str:
    kind, _, rest = delivery.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return ""
    try:
        text = base64.b64decode(rest.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return text.partition(":")[2]
