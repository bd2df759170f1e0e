"""The receiver: proves deliveries, stores what they hint at, answers.

2xx is said only after the commit; when nothing can be stored 503 tells the sender to
come again. Nothing is read from any system here, and nothing of a body is logged.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tasuki.inbox.counters import Counters
from tasuki.inbox.intake import Intake
from tasuki.model.errors import DeliveryError, LedgerError
from tasuki.ports import Clock
from tasuki.webhook import Delivery, Webhook

log = logging.getLogger("tasuki.receiver")

LARGEST_BODY = 2 * 1024 * 1024
"""A hundred events of HubSpot are 50 KiB, a hundred notifications of Salesforce with
fifty fields each about 500 KiB."""
_BODY_SECONDS = 10.0
_RETRY_AFTER = {"retry-after": "30"}
_UNKNOWN = "-"
"""Counted in place of connections that do not exist: their names are the sender's."""
_PROVED_FOR = 1.0


@dataclass(slots=True)
class Receiver:
    """What answers deliveries.

    Attributes:
        webhooks: By connection; others are answered 404.
        intake: Stores hints.
        clock: Tells replays from what is sent now.
        counters: Told about every answer.
        trusts_proxy: Take scheme and host from X-Forwarded headers.
        largest_body: In bytes; larger ones are answered 413.
    """

    webhooks: Mapping[str, Webhook]
    intake: Intake
    clock: Clock
    counters: Counters
    trusts_proxy: bool = False
    largest_body: int = LARGEST_BODY
    _proved_at: float = float("-inf")

    def app(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[
                Route("/hooks/{connection}", self.receive, methods=["POST"]),
                Route("/hooks/{connection}/{token}", self.receive, methods=["POST"]),
                Route("/health/live", self.live, methods=["GET"]),
                Route("/health/ready", self.ready, methods=["GET"]),
            ],
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        self.intake.start()
        yield
        await asyncio.to_thread(self.intake.stop)

    async def live(self, _: Request) -> Response:
        """Say that the process answers."""
        return JSONResponse({"status": "ok"})

    async def ready(self, _: Request) -> Response:
        """Say whether a delivery could be stored now; asked once a second at most."""
        try:
            if self.clock.monotonic() - self._proved_at > _PROVED_FOR:
                await self.intake.prove()
                self._proved_at = self.clock.monotonic()
        except LedgerError as error:
            told = {"status": "unavailable", "reason": error.what}
            return JSONResponse(told, 503, _RETRY_AFTER)
        return JSONResponse({"status": "ok"})

    async def receive(self, request: Request) -> Response:
        """Answer one delivery."""
        begun = self.clock.monotonic()
        name = request.path_params["connection"]
        known = name if name in self.webhooks else _UNKNOWN
        try:
            answer = await self._taken(name, request)
        except DeliveryError as error:
            words = "hook=%s status=%s cause=%s %s"
            log.warning(words, known, error.status, error.cause, error.what)
            answer = JSONResponse({"error": error.what}, error.status)
        except LedgerError:
            words = "it cannot be stored now"
            answer = JSONResponse({"error": words}, 503, _RETRY_AFTER)
        except ClientDisconnect:
            answer = Response(status_code=400)
        seconds = self.clock.monotonic() - begun
        self.counters.answered(known, answer.status_code, seconds)
        return answer

    async def _taken(self, name: str, request: Request) -> Response:
        webhook = self.webhooks.get(name)
        if webhook is None:
            raise DeliveryError(
                "connection", "no connection of that name receives", 404
            )
        body = await self._body(request)
        delivery = Delivery(
            request.method,
            self._url(request),
            dict(request.headers),
            body,
            request.path_params.get("token", ""),
        )
        webhook.verify(delivery, self.clock.now())
        _refuse_other_types(request, webhook)
        hints = webhook.parse(delivery)
        if hints:
            await self.intake.put(name, hints)
        done = webhook.acknowledgement
        return Response(done.body, 200, media_type=done.content_type)

    async def _body(self, request: Request) -> bytes:
        """Return the body, given up as soon as it is too large or too slow."""
        told = request.headers.get("content-length", "")
        if told.isdigit() and int(told) > self.largest_body:
            raise DeliveryError("size", "its body is too large", 413)
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                return await self._read(request)
        except TimeoutError:
            raise DeliveryError("slow", "its body did not come in time", 408) from None

    async def _read(self, request: Request) -> bytes:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > self.largest_body:
                raise DeliveryError("size", "its body is too large", 413)
        return bytes(body)

    def _url(self, request: Request) -> str:
        url = request.url
        if self.trusts_proxy:
            headers = request.headers
            scheme = headers.get("x-forwarded-proto", url.scheme).partition(",")[0]
            host = headers.get("x-forwarded-host", url.netloc).partition(",")[0]
            return str(url.replace(scheme=scheme.strip(), netloc=host.strip()))
        return str(url)


def _refuse_other_types(request: Request, webhook: Webhook) -> None:
    if request.headers.get("content-encoding", "identity") != "identity":
        raise DeliveryError("type", "its body is compressed", 415)
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in webhook.content_types:
        wanted = " or ".join(sorted(webhook.content_types))
        raise DeliveryError("type", f"its content type is not {wanted}", 415)
