"""Messages: one request each, and no way to ask what became of one."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import httpx

from tasuki.connector import Wire
from tasuki.model.errors import (
    AccessError,
    ConfigError,
    InDoubtError,
    RejectedError,
    TasukiError,
    ThrottledError,
    TransientError,
)
from tasuki.model.record import Page, Query, Record, Schema
from tasuki.model.write import (
    Candidate,
    Confirmed,
    Deferred,
    InDoubt,
    Outcome,
    Rejected,
    Sighting,
    Write,
    WriteClass,
    WriteFacts,
)
from tasuki.ports import Check
from tasuki.transport.http import Http

from . import PagerSettings


class PagerSystem:
    def __init__(self, settings: PagerSettings, wire: Wire) -> None:
        self._http = Http(
            wire.connection, settings.base_url or "https://hooks.pager.example",
            clock=wire.clock, budget=wire.budget, policy=wire.policy,
            calls=wire.calls, timeouts=wire.timeouts, translate=translate,
        )  # fmt: skip
        self.source = NothingToRead()
        self.destination = Messages(self._http, settings.hook.get_secret_value())

    def describe(self, stream: str) -> Schema:
        return Schema(stream, {})

    def doctor(self) -> Iterator[Check]:
        yield Check("pager", ok=True, words="a hook is given")

    def record_url(self, stream: str, record_id: str) -> str | None:
        return None

    def close(self) -> None:
        self._http.close()


class NothingToRead:
    def read(self, query: Query, cursor: str | None) -> Iterator[Page]:
        raise ConfigError("pager", "messages are written, not read")

    def fetch(self, query: Query, ids: Sequence[str]) -> list[Record]:
        raise ConfigError("pager", "messages are written, not read")


class Messages:
    def __init__(self, http: Http, hook: str) -> None:
        self._http = http
        self._hook = hook

    def facts(self, stream: str) -> WriteFacts:
        return WriteFacts(WriteClass.NONE, batch_size=3)

    def write(
        self, stream: str, writes: Sequence[Write], fence: Callable[[], None]
    ) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for place, write in enumerate(writes):
            try:
                outcomes.append(self._post(write, fence))
            except (AccessError, TransientError) as error:
                if not outcomes:
                    raise  # nothing was done
                code, words = error.code or "unavailable", error.answer
                rest = writes[place:]  # certainly not sent: a lost one is InDoubt
                outcomes += [Deferred(one.ref, code, words) for one in rest]
                break
        return outcomes

    def _post(self, write: Write, fence: Callable[[], None]) -> Outcome:
        try:
            answer = self._http.send(
                "POST", f"/hooks/{self._hook}", kind="write", where="pager/message",
                repeatable=False, json=dict(write.fields), fence=fence, expect="text",
            )  # fmt: skip
        except InDoubtError as error:
            return InDoubt(write.ref, error.what)
        except RejectedError as error:
            return Rejected(write.ref, error.code, error.answer)
        if answer.body != "ok":
            return InDoubt(write.ref, f"answer {answer.status} does not say ok")
        return Confirmed(write.ref, write.mark, created=True)

    def find(
        self, stream: str, field: str, values: Sequence[str]
    ) -> Mapping[str, Sequence[Candidate]]:
        raise ConfigError("pager/message", "messages cannot be searched")

    def fetch(
        self, stream: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, object]]:
        return {}

    def probe(self, stream: str, writes: Sequence[Write]) -> list[Sighting]:
        return []


def translate(where: str, response: httpx.Response) -> TasukiError | None:
    if response.status_code == httpx.codes.FORBIDDEN and "rate" in response.text:
        return ThrottledError(where, "too many messages", "403")
    return None
