"""How HubSpot words its answers."""

from tasuki.sandbox.server import Reply


def error(status: int, words: str, category: str) -> Reply:
    """Return a refusal of the whole request."""
    body = {"status": "error", "message": words, "category": category}
    return Reply(status, body)


def too_fast(policy: str, wait: float | None) -> Reply:
    """Return the answer to one request too many."""
    words = "You have reached your secondly limit."
    if policy != "SECONDLY":
        words = "You have reached your ten_secondly_rolling limit."
    body = {
        "status": "error",
        "message": words,
        "category": "RATE_LIMITS",
        "errorType": "RATE_LIMIT",
        "policyName": policy,
    }
    return Reply(429, body, {} if wait is None else {"Retry-After": f"{wait:g}"})


def not_found(ids: list[str]) -> dict[str, object]:
    """Return the entry of a batch for records that are not there."""
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": "Could not get some objects, they may be deleted or not exist.",
        "context": {"ids": ids},
    }


def batch(results: list[object], errors: list[object]) -> dict[str, object]:
    """Return the answer to a batch, with the errors of some of its rows."""
    body: dict[str, object] = {"status": "COMPLETE", "results": results}
    return body | ({"numErrors": len(errors), "errors": errors} if errors else {})
