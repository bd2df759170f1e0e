"""Deciding what each channel is told now: pure, from what is found and what was told.

A channel knows a finding or it does not. It is told when a finding appears that it does
not know, when one that it knows gets worse, has been open for long or is over. It is
never told twice that the same finding is open, whatever comes and goes in between.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from tasuki.alert.notice import Notice, Severity
from tasuki.alert.quiet import last_digest
from tasuki.alert.terms import Terms

DEAD_CHANNEL = "alerts/channel/"
"""How the keys of findings about channels begin."""


class About(StrEnum):
    """What is said about a finding."""

    OPENED = "opened"
    WORSE = "worse"
    REMINDER = "reminder"
    RECOVERED = "recovered"


class Standing(NamedTuple):
    """A finding: since when we know of it, and since when it is over."""

    notice: Notice
    noted_at: datetime
    recovered_at: datetime | None = None


class Told(NamedTuple):
    """What a channel was told last about a finding."""

    about: About
    severity: Severity
    at: datetime


class Telling(NamedTuple):
    """One thing to say."""

    about: About
    notice: Notice


Known = Mapping[tuple[str, str], Told]
"""By key and channel."""


def channels_of(notice: Notice, terms: Terms) -> frozenset[str]:
    """Return the channels that a finding goes to.

    That a channel is dead is told to all others, and never to itself.
    """
    if notice.key.startswith(DEAD_CHANNEL):
        return frozenset(terms.channels) - {notice.key.removeprefix(DEAD_CHANNEL)}
    ways = [route.channels for route in terms.routes if route.takes(notice)]
    if ways:
        return frozenset(name for way in ways for name in way)
    everybody = tuple(terms.channels)
    return frozenset(everybody if terms.otherwise is None else terms.otherwise)


def due(
    found: Iterable[Standing], known: Known, terms: Terms, now: datetime
) -> dict[str, tuple[Telling, ...]]:
    """Return what each channel is told now, the worst first.

    Args:
        found: What is found, and what has recovered.
        known: What was told, by key and channel.
        terms: The project's rules.
        now: The present.
    """
    said: dict[str, list[Telling]] = {name: [] for name in terms.channels}
    for standing in found:
        to = channels_of(standing.notice, terms)
        for channel, tellings in said.items():
            told = known.get((standing.notice.key, channel))
            way = _next(standing, told, terms, is_routed=channel in to, now=now)
            if way is None:
                continue
            about, since = way
            if may_be_told(standing.notice.severity, since, channel, terms, now):
                tellings.append(Telling(about, standing.notice))
    return {name: in_order(some) for name, some in said.items() if some}


def _next(
    standing: Standing,
    told: Told | None,
    terms: Terms,
    *,
    is_routed: bool,
    now: datetime,
) -> tuple[About, datetime] | None:
    """Return what is next to be said, and since when it is so."""
    is_known = told is not None and told.about is not About.RECOVERED
    if standing.recovered_at is not None:
        return (About.RECOVERED, standing.recovered_at) if is_known else None
    if not is_known:
        return (About.OPENED, standing.noted_at) if is_routed else None
    assert told is not None  # noqa: S101 - is_known says so
    if not is_routed:
        return None
    if standing.notice.severity.rank > told.severity.rank:
        return About.WORSE, standing.noted_at
    if terms.remind_after is not None and told.at + terms.remind_after <= now:
        return About.REMINDER, told.at + terms.remind_after
    return None


def may_be_told(
    severity: Severity, since: datetime, channel: str, terms: Terms, now: datetime
) -> bool:
    """Say whether a channel may be told now what is so since a time."""
    passes = terms.passes is not None and severity.rank >= terms.passes.rank
    if terms.quiet.is_quiet(now) and not passes:
        return False
    timing = terms.channels[channel]
    if timing.digest_at is None or severity.rank >= timing.at_once.rank:
        return True
    return since <= last_digest(timing.digest_at, now)


_PLACES = (About.WORSE, About.OPENED, About.REMINDER, About.RECOVERED)


def in_order(tellings: Sequence[Telling]) -> tuple[Telling, ...]:
    """Return what is said in the order in which it is read: the worst first."""

    def place(one: Telling) -> tuple[bool, int, int, int, datetime, str]:
        notice = one.notice
        return (
            one.about is About.RECOVERED,
            -notice.severity.rank,
            _PLACES.index(one.about),
            -(notice.yen or 0),
            notice.opened_at,
            notice.key,
        )

    return tuple(sorted(tellings, key=place))
