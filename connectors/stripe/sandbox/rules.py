"""How Stripe refuses, and how its form bodies are read."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from tasuki.sandbox.server import Reply

Row = dict[str, Any]

_PART: Final = re.compile(r"\[([^\]]*)\]")
_METADATA: Final = {"count": 50, "key": 40, "value": 500}


class Refusal(Exception):  # noqa: N818 - an answer
    """One request is refused."""

    def __init__(
        self,
        message: str,
        *,
        param: str = "",
        code: str = "",
        status: int = 400,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        error = {"message": message, "type": kind}
        error |= {"param": param} if param else {}
        error |= {"code": code} if code else {}
        self.reply = Reply(status, {"error": error})


def missing(kind: str, record_id: str, param: str = "id", status: int = 404) -> Refusal:
    """Return the refusal of an id that nothing has."""
    return Refusal(
        f"No such {kind}: '{record_id}'",
        param=param,
        code="resource_missing",
        status=status,
    )


def nested(body: bytes) -> Row:
    """Read a form body with nested names into objects and lists."""
    found: Row = {}
    for name, value in parse_qsl(body.decode(), keep_blank_values=True):
        first = name.partition("[")[0]
        path = [first, *_PART.findall(name[len(first) :])]
        place = found
        for step in path[:-1]:
            place = place.setdefault(step, {})
        place[path[-1]] = value
    return {name: _listed(value) for name, value in found.items()}


def _listed(value: object) -> object:
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_listed(value[key]) for key in sorted(value, key=int)]
    return {key: _listed(one) for key, one in value.items()}


def only(given: Row, allowed: Iterable[str], required: Collection[str] = ()) -> None:
    """Refuse parameters that are not known, and those that lack."""
    unknown = sorted(set(given) - {*allowed, "expand"})
    if unknown:
        words = f"Received unknown parameter: {unknown[0]}"
        raise Refusal(words, param=unknown[0], code="parameter_unknown")
    for name in required:
        if given.get(name) in {None, ""}:
            words = f"Missing required param: {name}."
            raise Refusal(words, param=name, code="parameter_missing")


def integer(given: Mapping[str, Any], name: str) -> int:
    """Read a whole number; JPY has no other amounts."""
    text = str(given[name])
    if not re.fullmatch(r"-?\d+", text):
        words = f"Invalid integer: {text}"
        raise Refusal(words, param=name, code="parameter_invalid_integer")
    return int(text)


def choice(given: Mapping[str, Any], name: str, options: Collection[str]) -> None:
    """Refuse a word that is none of those."""
    if name in given and given[name] not in options:
        words = f"Invalid {name}: must be one of {', '.join(options)}"
        raise Refusal(words, param=name)


def text(given: Mapping[str, Any], name: str, most: int) -> None:
    """Refuse what is too long."""
    if len(str(given.get(name) or "")) > most:
        words = f"Invalid string: must be at most {most} characters"
        raise Refusal(words, param=name)


def merged(present: Mapping[str, str], given: object) -> dict[str, str]:
    """Return metadata with new values; an empty one takes its key away."""
    if given in (None, ""):
        return {} if given == "" else dict(present)
    if not isinstance(given, dict):
        words = "Invalid hash"
        raise Refusal(words, param="metadata")
    after = {**present, **{str(k): str(v) for k, v in given.items()}}
    after = {key: value for key, value in after.items() if value != ""}
    long = [
        k
        for k, v in after.items()
        if len(k) > _METADATA["key"] or len(v) > _METADATA["value"]
    ]
    if long or len(after) > _METADATA["count"]:
        words = "Metadata values can have up to 500 characters"
        raise Refusal(words, param="metadata")
    return after
