"""A stand-in that remembers keys as payment services do."""

from collections.abc import Callable, Iterable
from typing import Any

from tasuki.clock import SystemClock
from tasuki.ports import Clock
from tasuki.sandbox.faults import Fault
from tasuki.sandbox.server import Reply, Request, Route

KEY = "idempotency-key"


class TillSandbox:
    name = "till"

    def __init__(
        self, clock: Clock | None = None, key_seconds: float = 86_400.0
    ) -> None:
        self._clock = clock or SystemClock()
        self._key_seconds = key_seconds
        self.rows: dict[str, dict[str, Any]] = {}
        self._keys: dict[str, tuple[float, Any, Reply]] = {}

    def routes(self) -> Iterable[Route]:
        return (
            ("POST", "/charges", self._create),
            ("PATCH", "/charges/(?P<id>.+)", self._change),
        )

    def _create(self, request: Request) -> Reply:
        if request.headers.get("authorization") != "Bearer till-sandbox":
            return Reply(401, {"message": "no such token"})
        key, body = request.headers.get(KEY, ""), request.json()
        now = self._clock.monotonic()
        at, said, reply = self._keys.get(key, (0.0, None, Reply()))
        if said is not None and now - at < self._key_seconds:
            if said != body:
                return _error(400, "idempotency_error", "key used with another body")
            return reply
        reply = self._charge(body)
        reply.headers = {KEY: key}
        if key:
            self._keys[key] = (now, body, reply)
        return reply

    def _charge(self, body: Any) -> Reply:
        if not str(body.get("amount") or "").isdigit():
            return _error(402, "amount_invalid", "amount is no whole number")
        row = {"id": f"ch_{len(self.rows) + 1}", **body}
        self.rows[row["id"]] = row
        return Reply(201, dict(row))

    def _change(self, request: Request) -> Reply:
        row = self.rows.get(request.args["id"])
        if row is None:
            return _error(404, "not_found", "no such charge")
        row.update(request.json())  # type: ignore[arg-type]
        return Reply(200, dict(row))

    def limit_reply(self, fault: Fault) -> Reply:
        return _error(403, "rate_limited", "planted: too fast")

    def partial(self, request: Request, carry_out: Callable[[Request], Reply]) -> Reply:
        return carry_out(request)

    def seed(self, world: object) -> None:
        pass

    def dump(self) -> object:
        return {"rows": self.rows}

    def load(self, state: Any) -> None:
        self.rows = state["rows"]


def _error(status: int, code: str, words: str) -> Reply:
    return Reply(status, {"error": {"code": code, "message": words}})
