"""Salesforce's words, translated into the engine's errors and into remedies."""

import re
from http import HTTPStatus

import httpx
import orjson

from tasuki.model.errors import (
    AccessError,
    RejectedError,
    TasukiError,
    ThrottledError,
    TransientError,
)
from tasuki.transport.answer import retry_after, shorten

_ACCESS = frozenset(
    {
        "API_CURRENTLY_DISABLED",
        "API_DISABLED_FOR_ORG",
        "INSUFFICIENT_ACCESS",
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "INVALID_AUTH_HEADER",
        "INVALID_SESSION_ID",
        "ORG_LOCKED",
    }
)
PASSING = frozenset(
    {
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "QUERY_TIMEOUT",
        "REQUEST_LIMIT_EXCEEDED",
        "REQUEST_RUNNING_TOO_LONG",
        "SERVER_UNAVAILABLE",
        "UNABLE_TO_LOCK_ROW",
        "UNKNOWN_EXCEPTION",
    }
)
"""Codes that say "not done, try again"."""

_PERMISSION = (
    "Give the integration user edit access to the object and its fields "
    "(permission set), then replay the record."
)
_QUERY_REMEDY = (
    "Correct `where`, `fields` or `include` of the mapping: they go to Salesforce "
    "as SOQL."
)
_REMEDIES = {
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": (
        "An Apex trigger or flow in Salesforce refused the record: show its owner "
        "the words above."
    ),
    "CANNOT_UPDATE_CONVERTED_LEAD": (
        "The lead was converted by somebody: map to its Contact, or skip it."
    ),
    "DUPLICATES_DETECTED": (
        "A duplicate rule found a look-alike: merge the records in Salesforce, or "
        "exempt the integration user from the rule."
    ),
    "DUPLICATE_EXTERNAL_ID": (
        "Several records hold this external id: merge them and mark the field "
        "'Unique' in Setup > Object Manager."
    ),
    "DUPLICATE_VALUE": (
        "Another record already holds this unique value: merge the two in Salesforce "
        "or correct the value at its source."
    ),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": (
        "A validation rule of your org says no: correct the record at its source, or "
        "exempt the integration user from the rule."
    ),
    "FIELD_FILTER_VALIDATION_EXCEPTION": (
        "The looked-up record fails the field's lookup filter: choose another, or "
        "change the filter."
    ),
    "FIELD_INTEGRITY_EXCEPTION": (
        "The value contradicts another field or points at the wrong kind of record: "
        "correct the mapping line of the field named above."
    ),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": _PERMISSION,
    "INSUFFICIENT_ACCESS_OR_READONLY": _PERMISSION,
    "INVALID_CROSS_REFERENCE_KEY": (
        "A lookup points at a record that is not there: sync the parent first, or "
        "correct the id that the mapping writes."
    ),
    "INVALID_EMAIL_ADDRESS": (
        "Correct the address at its source, or add `on_error: blank` to the line."
    ),
    "INVALID_FIELD": (
        "Correct the field's name in the mapping, or create the field in Setup > "
        "Object Manager; `tasuki check` lists such fields."
    ),
    "INVALID_FIELD_FOR_INSERT_UPDATE": (
        "Remove the field from the mapping, or let the integration user edit it "
        "(field-level security)."
    ),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": (
        "Add the value to the picklist in Setup, or translate it with `values:` in "
        "the mapping."
    ),
    "INVALID_TYPE_ON_FIELD_IN_RECORD": (
        "The value has the wrong type for the field: convert it in the mapping."
    ),
    "JSON_PARSER_ERROR": (
        "The value has the wrong type for the field: convert it in the mapping."
    ),
    "MALFORMED_ID": "The mapping writes something that is no Salesforce id.",
    "NUMBER_OUTSIDE_VALID_RANGE": (
        "Correct the number at its source, or widen the field in Setup."
    ),
    "REQUIRED_FIELD_MISSING": (
        "Fill the field at the source, or give the mapping line a `default:`."
    ),
    "STORAGE_LIMIT_EXCEEDED": (
        "The org's data storage is full: free space in Setup > Storage Usage, then "
        "replay."
    ),
    "STRING_TOO_LONG": "Add `max:` to the mapping line, or lengthen the field.",
}
_FALLBACK = "Correct the record at its source; the next run picks it up."
_ROW_ECHO = re.compile(r"ERROR at Row:\d+:Column:\d+\s*")
_LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'")
_UNREAD = re.compile(r"(from VALUE_\w+ value ).*?( or request may be)", re.DOTALL)
_EMAIL = re.compile(r"[^\s'\"<>@:]+@[^\s'\"<>@]+")


def translate(where: str, response: httpx.Response) -> TasukiError | None:
    """Return the error that an answer means; None for answers without one."""
    status = response.status_code
    if status < HTTPStatus.BAD_REQUEST:
        return None
    code, words = _first_error(response)
    if code == "REQUEST_LIMIT_EXCEEDED" or status == HTTPStatus.TOO_MANY_REQUESTS:
        return ThrottledError(where, words, code or "429", retry_after(response))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or code in PASSING:
        return TransientError(where, words, code or str(status))
    if status == HTTPStatus.UNAUTHORIZED or code in _ACCESS:
        return AccessError(where, words, code or "401", _access_remedy(code))
    if status == HTTPStatus.FORBIDDEN:
        return AccessError(where, words, code or "403", _access_remedy(code))
    return RejectedError(where, words, code or str(status), _request_remedy(code))


def _first_error(response: httpx.Response) -> tuple[str, str]:
    try:
        body = orjson.loads(response.content)
    except ValueError:
        return "", f"answer {response.status_code} is not JSON"
    first = body[0] if isinstance(body, list) and body else body
    if not isinstance(first, dict):
        return "", f"answer {response.status_code} in an unknown shape"
    if "error" in first:  # the OAuth endpoints
        return str(first["error"]), shorten(str(first.get("error_description", "")))
    code = str(first.get("errorCode") or "")
    return code, clean(str(first.get("message") or ""))


def clean(words: str) -> str:
    """Return a vendor's words without echoed query text, values and addresses."""
    words = _UNREAD.sub(r"\1…\2", words)
    echoed = _ROW_ECHO.split(words)
    if len(echoed) > 1:  # what stands before quotes the query, with its values
        return shorten(_EMAIL.sub("…", echoed[-1]))
    if "\n" in words.strip():
        words = _LITERAL.sub("'…'", words)
    return shorten(_EMAIL.sub("…", words))


def _access_remedy(code: str) -> str | None:
    if code == "API_DISABLED_FOR_ORG":
        return "This edition has no API: it needs Enterprise, or Professional with API."
    if code.startswith("INSUFFICIENT_ACCESS"):
        return _PERMISSION
    return None


def _request_remedy(code: str) -> str | None:
    if code in {"MALFORMED_QUERY", "INVALID_FIELD", "INVALID_TYPE"}:
        return _QUERY_REMEDY
    return _REMEDIES.get(code)


def remedy(code: str) -> str:
    """Return what a person does next about one row's error code."""
    return _REMEDIES.get(code, _FALLBACK)
