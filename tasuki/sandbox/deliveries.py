"""Stand-ins deliver webhooks as their vendors do: late, twice, out of order, again."""

import queue
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import httpx

_END = None
_ANSWER_SECONDS = 5.0
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 5.0


class Parcel(NamedTuple):
    """One request that is ready to leave."""

    url: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Habits:
    """How a vendor delivers.

    Attributes:
        together: Events in one request, at most.
        attempts: How often an event is tried.
        gives_up: Statuses after which it is not tried again.
        gather: Seconds that events are gathered for.
    """

    together: int = 100
    attempts: int = 10
    gives_up: frozenset[int] = frozenset()
    gather: float = 0.05


@dataclass(slots=True)
class Deliveries:
    """Sends what has happened from a thread of its own, until stopped.

    Attributes:
        pack: Makes one signed request of some events; asked anew for each try.
        accepted: Says whether an answer means that it has been taken.
        habits: The vendor's.
        twice: Share of requests that are sent a second time though they were taken.
        shuffled: Send events out of order.
        seed: Of the chances above.
    """

    pack: Callable[[Sequence[Any]], Parcel]
    accepted: Callable[[httpx.Response], bool]
    habits: Habits = field(default_factory=Habits)
    twice: float = 0.0
    shuffled: bool = False
    seed: int = 1
    delivered: int = 0
    given_up: int = 0
    tries: int = 0
    _events: "queue.SimpleQueue[Any]" = field(default_factory=queue.SimpleQueue)
    _thread: threading.Thread | None = None
    _ended: threading.Event = field(default_factory=threading.Event)

    def add(self, event: object) -> None:
        """Note that something has happened; the first one starts the thread."""
        self._events.put(event)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Send nothing more."""
        self._ended.set()
        self._events.put(_END)
        if self._thread is not None:
            self._thread.join(_ANSWER_SECONDS + 1)

    def report(self) -> dict[str, int]:
        """Return what came of it so far, in events and requests."""
        return {
            "delivered": self.delivered,
            "given_up": self.given_up,
            "tries": self.tries,
            "waiting": self._events.qsize(),
        }

    def _work(self) -> None:
        chance = random.Random(self.seed)  # noqa: S311 - a stand-in's whim
        with httpx.Client(timeout=_ANSWER_SECONDS) as client:
            while not self._ended.is_set():
                first = self._events.get()
                if first is _END:
                    return
                self._ended.wait(self.habits.gather)
                events = [first, *self._more()]
                if self.shuffled:
                    chance.shuffle(events)
                self._deliver(client, events)
                if chance.random() < self.twice:
                    self._send(client, events)

    def _more(self) -> list[Any]:
        found: list[Any] = []
        while len(found) < self.habits.together - 1 and not self._events.empty():
            event = self._events.get()
            if event is _END:
                self._events.put(_END)
                break
            found.append(event)
        return found

    def _deliver(self, client: httpx.Client, events: Sequence[Any]) -> None:
        wait = _FIRST_WAIT
        for _ in range(self.habits.attempts):
            answer = self._send(client, events)
            if answer is not None and self.accepted(answer):
                self.delivered += len(events)
                return
            if answer is not None and answer.status_code in self.habits.gives_up:
                break
            if self._ended.wait(wait):
                return
            wait = min(_LONGEST_WAIT, wait * 2)
        self.given_up += len(events)

    def _send(
        self, client: httpx.Client, events: Sequence[Any]
    ) -> httpx.Response | None:
        parcel = self.pack(events)
        self.tries += 1
        try:
            return client.post(
                parcel.url, content=parcel.body, headers=dict(parcel.headers)
            )
        except httpx.HTTPError:
            return None
