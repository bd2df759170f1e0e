"""The last question before a request: may this run still write?"""

from collections.abc import Callable

_BYTES_LEAVE = (".send_request_headers.started", ".send_request_body.started")


def late(fence: Callable[[], None]) -> dict[str, object]:
    """Return the request extension that asks the fence right before bytes leave.

    Connecting may take seconds, and a process may be stopped meanwhile: what raises
    before the body is written leaves nothing that a server could carry out.
    """

    def trace(event: str, _: object) -> None:
        if event.endswith(_BYTES_LEAVE):
            fence()

    return {"trace": trace}
