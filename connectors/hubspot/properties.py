"""A stream's properties, through HubSpot's own client package."""

import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import orjson
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential

from tasuki.model.errors import AccessError, RejectedError, TasukiError, TransientError
from tasuki.model.record import FieldFacts, Schema

from .vendor_errors import masked

if TYPE_CHECKING:
    from .client import Client

_TYPES = {
    "string": "text",
    "phone_number": "text",
    "number": "number",
    "bool": "boolean",
    "date": "date",
    "datetime": "datetime",
    "enumeration": "picklist",
}
_LONGEST = 65_536  # characters of a text property

_UNAUTHORISED, _FORBIDDEN, _THROTTLED, _SERVER = 401, 403, 429, 500


class Properties:
    """The schemas of one connection, read once each."""

    def __init__(self, client: "Client") -> None:
        self._client = client
        self._api: Any = None
        self._schemas: dict[str, Schema] = {}
        self._lock = threading.Lock()

    def schema(self, stream: str) -> Schema:
        """Return the stream's properties; one call, the first time."""
        with self._lock:
            if stream not in self._schemas:
                rows = self._read(stream)
                fields = {row["name"]: _facts(stream, row) for row in rows}
                self._schemas[stream] = Schema(stream, fields)
            return self._schemas[stream]

    def is_unique(self, stream: str, name: str) -> bool:
        """Say whether HubSpot finds records by this property without a search."""
        facts = self.schema(stream).fields.get(name)
        return bool(facts and facts.unique)

    def close(self) -> None:
        """Give the package's sockets back."""
        if self._api is not None:
            self._api.api_client.rest_client.pool_manager.clear()

    def _read(self, stream: str) -> list[dict[str, Any]]:
        wire = self._client.wire
        retrying = Retrying(
            sleep=wire.clock.sleep,
            stop=stop_after_attempt(wire.policy.attempts),
            wait=wait_random_exponential(wire.policy.first, wire.policy.ceiling),
            retry=retry_if_exception_type(TransientError),
            reraise=True,
        )
        body = retrying(self._once, stream)
        return [row for row in body.get("results", []) if not row.get("archived")]

    def _once(self, stream: str) -> Mapping[str, Any]:
        # The package takes 0.15 s to import, and only set-up needs it.
        from hubspot.crm.properties.exceptions import ApiException  # noqa: PLC0415
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        wire, where = self._client.wire, self._client.where(stream)
        wire.budget.acquire()
        wire.calls.add(wire.connection, "set-up")
        timeouts = (wire.timeouts.connect, wire.timeouts.read)
        try:
            # Its model objects cost 356 µs each; the raw answer is enough.
            answer = self._held_api().get_all(
                stream, _preload_content=False, _request_timeout=timeouts
            )
            body: Mapping[str, Any] = orjson.loads(answer.data)
        except ApiException as error:
            raise _translated(where, error.status or 0, error.body) from error
        except HTTPError as error:
            raise TransientError(where, type(error).__name__) from error
        except ValueError as error:
            raise TransientError(where, "answer is not JSON") from error
        return body

    def _held_api(self) -> Any:  # noqa: ANN401 - the package has no types
        """Return the API object; each new one would open a pool of its own."""
        from hubspot import HubSpot  # noqa: PLC0415

        credentials = self._client.authoriser.headers()["authorization"]
        token = credentials.removeprefix("Bearer ")
        if self._api is None:
            # Its own retries would sleep silently through 429 and 503.
            made = HubSpot(access_token=token, host=self._client.base_url, retry=False)
            self._api = made.crm.properties.core_api
        self._api.api_client.configuration.access_token = token
        return self._api


def _translated(where: str, status: int, body: object) -> TasukiError:
    """Return the error for an answer that the package raised."""
    words, code = f"HTTP {status}", str(status)
    try:
        parts = orjson.loads(body) if isinstance(body, str | bytes) else {}
        words = masked(str(parts.get("message") or words))
        code = str(parts.get("category") or code)
    except (ValueError, AttributeError):
        pass
    if status in {_UNAUTHORISED, _FORBIDDEN}:
        return AccessError(where, words, code)
    if status == _THROTTLED or status >= _SERVER or not status:
        return TransientError(where, words, code)
    remedy = "Check the object type's name; `tasuki doctor` shows what is readable."
    return RejectedError(where, words, code, remedy)


def _facts(stream: str, row: Mapping[str, Any]) -> FieldFacts:
    name, kind = str(row["name"]), str(row.get("type") or "")
    metadata = row.get("modificationMetadata") or {}
    refers = str(row.get("referencedObjectType") or "") or None
    return FieldFacts(
        name,
        label=str(row.get("label") or ""),
        type=_type(kind, str(row.get("fieldType") or ""), refers),
        writable=not (metadata.get("readOnlyValue") or row.get("calculated")),
        unique=bool(row.get("hasUniqueValue")) or _is_key(stream, name),
        length=_LONGEST if kind == "string" else None,
        options=tuple(_values(row.get("options") or ())),
        references=refers,
    )


def _type(kind: str, field_type: str, refers: str | None) -> str:
    if refers:
        return "reference"
    if kind == "enumeration" and field_type == "checkbox":
        return "list"  # several values, joined by semicolons
    return _TYPES.get(kind, "other")


def _is_key(stream: str, name: str) -> bool:
    return name == "hs_object_id" or (stream == "contacts" and name == "email")


def _values(options: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    return (str(option["value"]) for option in options)
