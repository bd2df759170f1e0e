"""simple-salesforce over our own transport.

The SDK knows the URLs and bodies of describe and of Bulk 2.0 job control. Left to
itself it would also log in, wait for ever and lose headers (no time-outs, no budget,
`https://` hard-coded, a renewal per thread); so its `requests` session is given an
adapter that hands every request to `Http`: one token, one budget, one retry policy.
It is imported when first used, because that takes half a second.
"""

import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tasuki.transport.http import no_fence

from .client import Client

if TYPE_CHECKING:
    from requests import PreparedRequest, Response
    from simple_salesforce.api import Salesforce

# Set by us: the session's own token, and no pretty printing (40 % more bytes).
_OURS = frozenset({"content-type", "accept"})


class _Carrier:
    """A `requests` transport adapter that sends through a connection's `Http`."""

    def __init__(
        self, client: Client, stream: str, kind: str, fence: Callable[[], None]
    ) -> None:
        self._client = client
        self._stream = stream
        self._kind = kind
        self._fence = fence

    def send(self, request: "PreparedRequest", **_: object) -> "Response":
        """Send one prepared request; errors are raised as the engine's own."""
        from requests import Response  # noqa: PLC0415 - see the module

        parts = urlsplit(str(request.url))
        body = request.body
        answer = self._client.http.send(
            str(request.method),
            f"{parts.path}?{parts.query}" if parts.query else parts.path,
            kind=self._kind,
            where=self._client.where(self._stream),
            # Reads, and job control: an empty job created twice is only left over,
            # and setting a state twice says the same.
            repeatable=True,
            content=body.encode() if isinstance(body, str) else None,
            headers=_kept(request.headers),
            fence=self._fence,
            expect="bytes",
        )
        response = Response()
        response.status_code = answer.status
        response.url = str(request.url)
        response.headers.update(answer.headers)
        response.encoding = "utf-8"
        content = answer.body
        response.raw = io.BytesIO(content if isinstance(content, bytes) else b"")
        response.request = request
        return response

    def close(self) -> None:
        """Nothing to give back: `Http` owns the sockets."""


def _kept(headers: Mapping[str, Any]) -> dict[str, str]:
    return {k.lower(): str(v) for k, v in headers.items() if k.lower() in _OURS}


def sdk(
    client: Client, stream: str, *, kind: str, fence: Callable[[], None] = no_fence
) -> "Salesforce":
    """Return the SDK for one stream's calls of one kind."""
    from requests import Session  # noqa: PLC0415 - see the module
    from simple_salesforce.api import Salesforce  # noqa: PLC0415

    session = Session()
    session.trust_env = False
    carrier: Any = _Carrier(client, stream, kind, fence)
    session.mount("https://", carrier)
    return Salesforce(
        instance="org.invalid",  # only the path of its URLs is used
        session_id="set by the carrier",
        version=client.version,
        session=session,
    )
