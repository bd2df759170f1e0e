"""A retry policy, built with tenacity: what is tried again, when, and until when."""

import logging

from tenacity import RetryCallState, Retrying
from tenacity.stop import stop_base
from tenacity.wait import wait_base, wait_random_exponential

from tasuki.model.errors import ThrottledError, TransientError
from tasuki.model.policy import RetryPolicy
from tasuki.ports import Clock

log = logging.getLogger("tasuki.http")


def retrying(policy: RetryPolicy, clock: Clock) -> Retrying:
    """Return what repeats a call as the policy says, from now on."""
    return Retrying(
        sleep=clock.sleep,
        stop=_Stop(policy, clock),
        wait=_Wait(policy),
        retry=_worth_repeating,
        before_sleep=_note_retry,
        reraise=True,
    )


def _worth_repeating(state: RetryCallState) -> bool:
    outcome = state.outcome
    return bool(
        outcome and outcome.failed and isinstance(outcome.exception(), TransientError)
    )


def _note_retry(state: RetryCallState) -> None:
    log.info(
        "attempt=%s again in %.1f s: %s",
        state.attempt_number,
        state.upcoming_sleep,
        _error(state),
    )


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


class _Stop(stop_base):
    """Stop after the policy's attempts or time; waiting longer than that: at once."""

    def __init__(self, policy: RetryPolicy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock
        self._began = clock.monotonic()

    def __call__(self, retry_state: RetryCallState) -> bool:
        error = _error(retry_state)
        policy = self._policy
        throttled = isinstance(error, ThrottledError)
        attempts = policy.throttled_attempts if throttled else policy.attempts
        if retry_state.attempt_number >= attempts:
            return True
        spent = self._clock.monotonic() - self._began
        return spent + retry_state.upcoming_sleep > policy.total


class _Wait(wait_base):
    """Wait as long as the vendor says, else exponentially with jitter."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._backoff = wait_random_exponential(
            multiplier=policy.first, max=policy.ceiling, exp_base=policy.factor
        )

    def __call__(self, retry_state: RetryCallState) -> float:
        error = _error(retry_state)
        if isinstance(error, ThrottledError) and error.retry_after is not None:
            return error.retry_after + 0.05
        return self._backoff(retry_state)
