"""Logging in to the stand-in: client credentials and signed assertions."""

import base64
import secrets

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tasuki.sandbox.server import Reply, Request

from .store import Store

_LONGEST = 300  # seconds that an assertion may live
_JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_HOSTS = ("https://login.salesforce.com", "https://test.salesforce.com")


class Login:
    """The token endpoint, and the sessions it has opened."""

    def __init__(
        self,
        store: Store,
        client: tuple[str, str],
        username: str,
        public_key: str,
        seconds: float,
    ) -> None:
        self._store = store
        self._client = client
        self._username = username
        self._public_key = public_key
        self._seconds = seconds
        self.sessions: dict[str, float] = {}

    def token(self, request: Request) -> Reply:
        """Answer the token endpoint."""
        form = request.form()
        match form.get("grant_type"):
            case "client_credentials":
                asked = form.get("client_id", ""), form.get("client_secret", "")
                if asked != self._client:
                    return _refusal("invalid_client", "invalid client credentials")
            case grant if grant == _JWT:
                if words := self._flaw(form.get("assertion", ""), request):
                    return _refusal("invalid_grant", words)
            case _:
                return _refusal("unsupported_grant_type", "grant type not supported")
        token = f"00D5h000000TASU!{secrets.token_urlsafe(24)}"
        self.sessions[token] = self._store.now().timestamp() + self._seconds
        host = f"http://{request.headers.get('host', '')}"
        return Reply(
            200,
            {
                "access_token": token,
                "instance_url": host,
                "token_type": "Bearer",
                "id": f"{host}/id/00D5h000000TASUEA0/{self._store.user}",
                "scope": "api",
            },
        )

    def _flaw(self, assertion: str, request: Request) -> str:
        """Return what is wrong with an assertion; "" when it is good."""
        parts = assertion.split(".")
        try:
            head, claims, signature = (_decoded(one) for one in parts)
            said = orjson.loads(claims)
            known = orjson.loads(head)["alg"] == "RS256"
        except (ValueError, KeyError):
            return "invalid assertion"
        if not (known and self._signed(f"{parts[0]}.{parts[1]}", signature)):
            return "invalid assertion"
        if said.get("iss") != self._client[0]:
            return "client identifier invalid"
        if said.get("sub") != self._username:
            return "user hasn't approved this consumer"
        if said.get("aud") not in {*_HOSTS, f"http://{request.headers.get('host')}"}:
            return "audience is invalid"
        left = float(said.get("exp", 0)) - self._store.now().timestamp()
        return "" if 0 < left <= _LONGEST else "expired authorization code"

    def _signed(self, text: str, signature: bytes) -> bool:
        if not self._public_key:
            return False
        key = serialization.load_pem_public_key(self._public_key.encode())
        if not isinstance(key, rsa.RSAPublicKey):
            return False
        try:
            key.verify(signature, text.encode(), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True

    def admits(self, request: Request) -> bool:
        """Say whether a request carries a session that still lives."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        ends = self.sessions.get(token)
        alive = ends is not None and self._store.now().timestamp() < ends
        return scheme == "Bearer" and alive


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _refusal(error: str, words: str) -> Reply:
    return Reply(400, {"error": error, "error_description": words})
