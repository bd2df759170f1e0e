"""Another program's webhook: JSON, signed, with an id that stays the same.

The receiver drops what it has seen under an id; then it hears everything exactly once.
"""

import hashlib
import hmac
from typing import Any

import orjson
from pydantic import SecretStr

from tasuki.alert.channel.post import post
from tasuki.alert.message import Message
from tasuki.ports import Clock

SIGNATURE = "Tasuki-Signature"
DELIVERY = "Tasuki-Delivery"


class HookChannel:
    """An address that takes findings as JSON."""

    def __init__(
        self, where: str, url: SecretStr, secret: SecretStr, clock: Clock
    ) -> None:
        self._where, self._url, self._secret = where, url, secret
        self._clock = clock

    def send(self, message: Message, attempt: int) -> str:
        """Send a message.

        Raises:
            RemoteError: it did not arrive, or nobody knows whether it did.
        """
        content = orjson.dumps(payload(message))
        at = int(self._clock.now().timestamp())
        headers = {
            SIGNATURE: signature(self._secret.get_secret_value(), at, content),
            DELIVERY: message.id,
            "Idempotency-Key": message.id,
            "Tasuki-Attempt": str(attempt + 1),
        }
        post(self._where, self._url, content, headers)
        return ""


def payload(message: Message) -> dict[str, Any]:
    """Return a message as programs read it."""
    return {
        "version": 1,
        "id": message.id,
        "kind": "test" if message.is_test else "findings",
        "made_at": message.at.isoformat(),
        "language": message.language,
        "subject": message.subject(),
        "findings": [
            {"about": one.about.value} | one.notice.to_json()
            for one in message.tellings
        ],
    }


def signature(secret: str, at: int, content: bytes) -> str:
    """Return `t=SECONDS,v1=HEX`: the SHA-256 HMAC of `SECONDS.CONTENT`."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + content, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"
