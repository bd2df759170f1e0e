"""What a request is said to have become, after several tries."""

import httpx
import pytest

from tasuki.model.errors import NotSentError, ThrottledError, TransientError
from tasuki.model.policy import RetryPolicy, Timeouts
from tasuki.testing import ManualClock
from tasuki.transport.calls import Calls
from tasuki.transport.http import Http
from tests.contract.wire import CountingBudget

Told = httpx.Response | Exception


def asked(*told: Told) -> Exception:
    """Send a repeatable request to a server that answers so, one after the other."""
    answers = iter(told)

    def answer(_: httpx.Request) -> httpx.Response:
        one = next(answers)
        if isinstance(one, Exception):
            raise one
        return one

    http = Http(
        "till", "http://till", clock=ManualClock(), budget=CountingBudget(),
        policy=RetryPolicy(attempts=len(told), throttled_attempts=len(told)),
        calls=Calls(), timeouts=Timeouts(), transport=httpx.MockTransport(answer),
    )  # fmt: skip
    with pytest.raises(TransientError) as caught:
        http.send("POST", "/charges", kind="write", repeatable=True, json={})
    http.close()
    return caught.value


REFUSED = httpx.ConnectError("connection refused")
LOST = httpx.ReadError("reset")


def test_a_request_that_never_left_is_not_sent() -> None:
    assert type(asked(REFUSED, REFUSED)) is NotSentError


@pytest.mark.parametrize("last", [REFUSED, httpx.Response(429, text="slow down")])
@pytest.mark.parametrize("first", [LOST, httpx.Response(502, text="bad gateway")])
def test_what_may_have_been_done_before_is_unknown_though_the_last_try_never_left(
    first: Told, last: Told
) -> None:
    error = asked(first, last)
    assert type(error) is TransientError
    assert "before that" in str(error)


def test_too_fast_every_time_is_certainly_not_done() -> None:
    fast = httpx.Response(429, text="slow down")
    assert type(asked(fast, fast)) is ThrottledError
