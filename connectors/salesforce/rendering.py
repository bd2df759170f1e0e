"""Rows as Salesforce wants to hear them: a collections call, made without a call."""

from collections.abc import Sequence

import orjson

from tasuki.model.errors import ConfigError
from tasuki.model.write import Operation, Request, UnrenderedError, Write

from . import soql
from .rows import collection_body
from .settings import SalesforceSettings

METHOD = "PATCH"


def render(_settings: SalesforceSettings, stream: str, write: Write) -> Request:
    """Return the request of one row, as a call of one; bulk jobs say the same in CSV.

    Raises:
        UnrenderedError: a create without an external id, which might be done twice.
    """
    if write.operation is Operation.CREATE and not write.key:
        msg = "a create needs an external id as its first match"
        raise UnrenderedError(msg)
    try:
        path = collection_path(stream, [write], stream)
    except ConfigError as error:
        raise UnrenderedError(error.what) from None
    body = orjson.loads(collection_body(stream, [write]))
    return Request(METHOD, f"/{path}", body)


def collection_path(stream: str, writes: Sequence[Write], where: str) -> str:
    """Return where rows of one operation go, below the version's own path.

    Raises:
        ConfigError: the key is no field's name.
    """
    first = writes[0]
    path = "composite/sobjects"
    if first.operation is Operation.CREATE and first.key:
        return f"{path}/{stream}/{soql.name(first.key[0], where)}"
    return path
