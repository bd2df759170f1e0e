"""Charges: one request each, every one under its intent's key."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import httpx

from tasuki.connector import Wire
from tasuki.model.errors import (
    AccessError,
    ConfigError,
    NotSentError,
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
    Gone,
    InDoubt,
    Operation,
    Outcome,
    Rejected,
    Sighting,
    Write,
    WriteClass,
    WriteFacts,
)
from tasuki.ports import Check
from tasuki.transport.answer import retry_after
from tasuki.transport.http import Answer, Http
from tasuki.transport.oauth import StaticAuth

from . import TillSettings

KEY = "idempotency-key"


class TillSystem:
    def __init__(self, settings: TillSettings, wire: Wire) -> None:
        self._http = Http(
            wire.connection, settings.base_url or "https://api.till.example",
            clock=wire.clock, budget=wire.budget, policy=wire.policy,
            calls=wire.calls, timeouts=wire.timeouts, translate=translate,
            authoriser=StaticAuth(settings.token.get_secret_value()),
        )  # fmt: skip
        self.source = NothingToRead()
        self.destination = Charges(self._http, settings.key_seconds)

    def describe(self, stream: str) -> Schema:
        return Schema(stream, {})

    def doctor(self) -> Iterator[Check]:
        yield Check("till", ok=True, words="a key is given")

    def record_url(self, stream: str, record_id: str) -> str | None:
        return None

    def close(self) -> None:
        self._http.close()


class NothingToRead:
    def read(self, query: Query, cursor: str | None) -> Iterator[Page]:
        raise ConfigError("till", "charges are written, not read")

    def fetch(self, query: Query, ids: Sequence[str]) -> list[Record]:
        raise ConfigError("till", "charges are written, not read")


class Charges:
    def __init__(self, http: Http, key_seconds: float) -> None:
        self._http = http
        self._key_seconds = key_seconds

    def facts(self, stream: str) -> WriteFacts:
        return WriteFacts(WriteClass.KEY, batch_size=3, key_seconds=self._key_seconds)

    def write(
        self, stream: str, writes: Sequence[Write], fence: Callable[[], None]
    ) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for place, write in enumerate(writes):
            try:
                outcomes.append(self._one(write, fence))
            except (AccessError, TransientError) as error:
                if not outcomes:
                    raise  # of this batch nothing is known
                rest = list(writes[place:])
                if not isinstance(error, (AccessError, NotSentError, ThrottledError)):
                    # It may have been done: in doubt, and never "deferred".
                    outcomes.append(InDoubt(write.ref, error.answer))
                    rest = rest[1:]
                code, words = error.code or "unavailable", error.answer
                outcomes += [Deferred(one.ref, code, words) for one in rest]
                break
        return outcomes

    def _one(self, write: Write, fence: Callable[[], None]) -> Outcome:
        try:
            answer = self._send(write, fence)
        except RejectedError as error:
            if error.code == "not_found":
                return Gone(write.ref, error.code, error.answer)
            if error.code == "idempotency_error":
                return InDoubt(write.ref, error.answer)
            return Rejected(write.ref, error.code, error.answer)
        body = answer.body if isinstance(answer.body, dict) else {}
        creating = write.operation is Operation.CREATE
        echoed = answer.headers.get(KEY) if creating else write.mark
        if "id" not in body or echoed != write.mark:
            return InDoubt(write.ref, f"answer {answer.status} is not this charge's")
        return Confirmed(write.ref, str(body["id"]), creating)

    def _send(self, write: Write, fence: Callable[[], None]) -> Answer:
        creating = write.operation is Operation.CREATE
        path = "/charges" if creating else f"/charges/{write.target_id}"
        return self._http.send(
            "POST" if creating else "PATCH", path, kind="write", where="till/charge",
            repeatable=True, json=dict(write.fields), fence=fence,
            headers={KEY: write.mark} if creating else None,
        )  # fmt: skip

    def find(
        self, stream: str, field: str, values: Sequence[str]
    ) -> Mapping[str, Sequence[Candidate]]:
        raise ConfigError("till/charge", "charges cannot be searched")

    def fetch(
        self, stream: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, object]]:
        return {}

    def probe(self, stream: str, writes: Sequence[Write]) -> list[Sighting]:
        return []  # no search: a key that is forgotten is a person's question


def translate(where: str, response: httpx.Response) -> TasukiError | None:
    if response.status_code < httpx.codes.BAD_REQUEST:
        return None
    try:
        error = response.json().get("error") or {}
    except (ValueError, AttributeError):
        return None
    code, words = str(error.get("code") or ""), str(error.get("message") or "")
    if code == "rate_limited":
        return ThrottledError(where, words, "403", retry_after(response))
    if code == "in_use":  # another request with this key is not finished
        return TransientError(where, words, code)
    if code:
        return RejectedError(where, words, code)
    return None
