"""A stand-in that takes every message and knows nothing of the ones before."""

from collections.abc import Callable, Iterable
from typing import Any

from tasuki.sandbox.faults import Fault
from tasuki.sandbox.server import Reply, Request, Route


class PagerSandbox:
    name = "pager"

    def __init__(self) -> None:
        self.texts: list[str] = []

    def routes(self) -> Iterable[Route]:
        return (("POST", "/hooks/secret", self._post),)

    def _post(self, request: Request) -> Reply:
        asked: Any = request.json()
        if not asked.get("text"):
            return Reply(400, "invalid_payload")
        self.texts.append(asked["text"])
        return Reply(200, "ok")

    def limit_reply(self, fault: Fault) -> Reply:
        return Reply(403, "planted: rate limit")

    def partial(self, request: Request, carry_out: Callable[[Request], Reply]) -> Reply:
        return carry_out(request)

    def seed(self, world: object) -> None:
        pass

    def dump(self) -> object:
        return {"texts": self.texts}

    def load(self, state: Any) -> None:
        self.texts = state["texts"]
