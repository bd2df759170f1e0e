"""The stand-ins in a process of their own, told what to do by lines on stdin.

`python -m bench.stands COUNT` prints their addresses as one line of JSON, then answers
each line: `edit N` (N contacts change), `empty` (no leads), `reset` (the counters),
`calls` (by route), `leads` (how many). It ends with its input.
"""

import gc
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from tasuki.registry import Registry
from tasuki.sandbox.demo_load import many_people
from tasuki.sandbox.rehearsal import Rehearsal
from tasuki.sandbox.world import World

_LIMITS = {
    "hubspot": {"rate_limits": None},
    "salesforce": {"daily_limit": 10_000_000},
}


def world(count: int) -> World:
    """Return a world of that many people, all of whom qualify."""
    today = datetime.now(UTC) - timedelta(days=2)
    return World(today, people=list(many_people(count, today=today)))


def main(count: int) -> None:
    """Serve until stdin ends."""
    root = Path(__file__).parent / "project"
    rehearsal = Rehearsal(
        Registry(root), systems=("hubspot", "salesforce"), options=_LIMITS
    )
    with rehearsal.start(world(count)):
        contacts = rehearsal.servers["hubspot"].sandbox.stores["contacts"]
        for row in contacts.rows.values():
            row.values.update(more(row.id))
        gc.freeze()
        say({name: server.url for name, server in rehearsal.servers.items()})
        for line in sys.stdin:
            say(_obey(rehearsal, line.split()))


def say(answer: object) -> None:
    """Write one line."""
    print(orjson.dumps(answer).decode(), flush=True)


def _obey(rehearsal: Rehearsal, words: list[str]) -> object:
    hubspot, salesforce = rehearsal.servers["hubspot"], rehearsal.servers["salesforce"]
    match words:
        case ["edit", number]:
            return _edit(hubspot.sandbox, int(number))
        case ["empty"]:
            salesforce.sandbox.store.reset()
        case ["reset"]:
            for server in rehearsal.servers.values():
                with server.lock:
                    server.calls.clear()
        case ["calls"]:
            return {
                name: dict(server.calls) for name, server in rehearsal.servers.items()
            }
        case ["leads"]:
            return len(salesforce.sandbox.store.tables["Lead"].rows)
    return "done"


def _edit(account: Any, number: int) -> int:
    """Give that many contacts, evenly spread, a new job title."""
    store = account.stores["contacts"]
    for one in store.ids[:: max(1, len(store.ids) // number)][:number]:
        before = store.rows[one].values["jobtitle"]
        account.acts.edit("contacts", str(one), {"jobtitle": f"{before} 兼務"})
    return number


def more(number: int) -> dict[str, str | None]:
    """Return what the people of the demo lack: 20 fields are to be filled."""
    return {
        "mobilephone": f"090-{number % 9000 + 1000}-{number % 10_000:04d}",
        "zip": f"{number % 900 + 100}-{number % 10_000:04d}",
        "city": "港区",
        "address": f"芝{number % 5 + 1}－{number % 30 + 1}－１",
        "country": "日本" if number % 3 else None,
        "website": f"https://www.sample-{number % 1000:03d}.example.jp/",
        "num_employees": str(number % 4000 + 1),
    }


if __name__ == "__main__":
    main(int(sys.argv[1]))
