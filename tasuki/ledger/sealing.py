"""Encryption of what the ledger keeps secret: AES-256-GCM, bound to its place."""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_PREFIX = "v1."
_NONCE = 12
SHORTEST_KEY = 16


class WrongKeyError(Exception):
    """The text was sealed with another key, for another place, or was altered."""


class Seal:
    """Seals texts with one key; the same text never looks the same twice."""

    def __init__(self, key: bytes) -> None:
        # Derived, so that a key of any length (a pass phrase too) will do.
        derive = HKDF(SHA256(), 32, salt=None, info=b"tasuki ledger seal v1")
        self._cipher = AESGCM(derive.derive(key))

    def close(self, text: str, place: str) -> str:
        """Return the text sealed; only `open` with the same place reads it."""
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, text.encode(), place.encode())
        return _PREFIX + base64.urlsafe_b64encode(sealed).decode("ascii")

    def open(self, sealed: str, place: str) -> str:
        """Return the text, or raise WrongKeyError."""
        try:
            raw = base64.urlsafe_b64decode(sealed.removeprefix(_PREFIX))
            text = self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], place.encode())
        except (InvalidTag, ValueError):
            raise WrongKeyError from None
        return text.decode()
