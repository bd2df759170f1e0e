"""Encryption of what the ledger keeps secret: AES-256-GCM, bound to its place."""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_PREFIX = "v1."
_NONCE = 12


class WrongKeyError(Exception):
    """The text was sealed with another key, for another place, or was altered."""


class Seal:
    """Seals texts with the first key; the same text never looks the same twice."""

    def __init__(self, key: bytes, *older: bytes) -> None:
        self._ciphers = [_cipher(each) for each in (key, *older)]

    @property
    def keys(self) -> int:
        """Return how many keys there are."""
        return len(self._ciphers)

    def close(self, text: str, place: str) -> str:
        """Return the text sealed; only `open` with the same place reads it."""
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._ciphers[0].encrypt(nonce, text.encode(), place.encode())
        return _PREFIX + base64.urlsafe_b64encode(sealed).decode("ascii")

    def open(self, sealed: str, place: str) -> str:
        """Return the text, whichever key it was sealed with, or raise WrongKeyError."""
        for cipher in self._ciphers:
            text = _opened(cipher, sealed, place)
            if text is not None:
                return text
        raise WrongKeyError

    def is_current(self, sealed: str, place: str) -> bool:
        """Say whether the first key opens it."""
        return _opened(self._ciphers[0], sealed, place) is not None


def _cipher(key: bytes) -> AESGCM:
    # Derived, so that a key of any length (a pass phrase too) will do.
    derive = HKDF(SHA256(), 32, salt=None, info=b"tasuki ledger seal v1")
    return AESGCM(derive.derive(key))


def _opened(cipher: AESGCM, sealed: str, place: str) -> str | None:
    try:
        raw = base64.urlsafe_b64decode(sealed.removeprefix(_PREFIX))
        return cipher.decrypt(raw[:_NONCE], raw[_NONCE:], place.encode()).decode()
    except (InvalidTag, ValueError):
        return None
