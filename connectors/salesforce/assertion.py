"""Signing the JWT of the bearer flow (RFC 7523, RS256)."""

import base64
from collections.abc import Callable, Mapping

import orjson
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tasuki.model.errors import ConfigError


def sign(
    claims: Mapping[str, object], pem: Callable[[], bytes], connection: str
) -> str:
    """Return the signed assertion.

    Raises:
        ConfigError: the key cannot be read, or is no RSA key.
    """
    try:
        key = serialization.load_pem_private_key(pem(), None)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(
            connection,
            f"auth.private_key cannot be read ({type(error).__name__})",
            "Give the RSA key of the app's certificate as PEM text or as a file name.",
        ) from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ConfigError(connection, "auth.private_key is no RSA key")
    head = _part({"alg": "RS256", "typ": "JWT"})
    signed = f"{head}.{_part(claims)}"
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{_encoded(signature)}"


def _part(value: Mapping[str, object]) -> str:
    return _encoded(orjson.dumps(dict(value)))


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
