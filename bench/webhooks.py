"""Webhooks: a burst of deliveries, and the time from a form to its lead.

`python -m bench.webhooks [deliveries [people]]`: stand-ins, receiver and consumer on
one machine, loopback only. Prints figures; decides nothing.
"""

import asyncio
import sys
import tempfile
from pathlib import Path
from statistics import quantiles
from typing import Any

from tests.end_to_end.wired import Wired, changes, signed

AT_ONCE = 50
EACH = 10  # events of a record, in deliveries of their own


def spread(seconds: list[float]) -> str:
    cuts = quantiles(seconds, n=100)
    shown = (f"p{one} {cuts[one - 1] * 1000:.0f} ms" for one in (50, 95, 99))
    return ", ".join(shown)


async def burst(wired: Wired, ids: list[str], count: int) -> tuple[list[float], int]:
    """Send deliveries as fast as they are answered; again what was not taken."""
    url = f"{wired.base}/hooks/hubspot"
    waiting = iter(range(count))
    times: list[float] = []
    again = 0

    async def sender() -> None:
        nonlocal again
        reader, writer = await asyncio.open_connection("127.0.0.1", wired.port)
        for number in waiting:
            record = ids[number // EACH % len(ids)]
            told = raw(signed(url, changes([record], number), wired.clock))
            status = 0
            while status != 200:
                begun = wired.clock.monotonic()
                writer.write(told)
                status = await answered(reader)
                times.append(wired.clock.monotonic() - begun)
                again += status != 200
        writer.close()

    await asyncio.gather(*(sender() for _ in range(AT_ONCE)))
    return times, again


def raw(told: dict[str, Any]) -> bytes:
    """Return a request's bytes: a client library would cost more than the receiver."""
    lines = [f"{name}: {value}" for name, value in told["headers"].items()]
    path = "/" + told["url"].split("/", 3)[3]
    head = [f"POST {path} HTTP/1.1", f"host: {told['url'].split('/')[2]}", *lines]
    head.append(f"content-length: {len(told['content'])}")
    return ("\r\n".join(head) + "\r\n\r\n").encode() + told["content"]


async def answered(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    size = head.partition("content-length:")[2].partition("\r\n")[0]
    await reader.readexactly(int(size or 0))
    return int(head.split()[1])


def measure_burst(wired: Wired, count: int) -> None:
    ids = [wired.person(number) for number in range(count // EACH // 10)]
    reads = wired.calls("hubspot", "batch/read")
    begun = wired.clock.monotonic()
    times, again = asyncio.run(burst(wired, ids, count))
    sent = wired.clock.monotonic() - begun
    wired.wait(lambda: wired.waiting() == 0, 300)
    emptied = wired.clock.monotonic() - begun
    backlog = wired.ledger.inbox_backlog()
    reads = wired.calls("hubspot", "batch/read") - reads
    rate = count / sent
    print(f"burst: {count:,} deliveries, {AT_ONCE} at once: {rate:,.0f} a second")
    print(f"  answers: {spread(times)}; {again} told to come again")
    print(f"  stored {backlog.done:,}, lost {count - backlog.done:,}")
    print(f"  inbox empty after {emptied:.1f} s; {len(ids)} records, {reads} readings")
    print(f"  leads: {len(wired.leads()):,}")


def measure_latency(wired: Wired, people: int) -> None:
    times = []
    for number in range(people):
        begun = wired.clock.monotonic()
        contact = wired.person(1_000_000 + number)
        wired.wait(lambda one=contact: one in wired.leads())
        times.append(wired.clock.monotonic() - begun)
    print(f"form to lead, {people} one by one: {spread(times)}")


def main() -> None:
    asked = [int(one) for one in sys.argv[1:]]
    count, people = (*asked, *(10_000, 50)[len(asked) :])
    with tempfile.TemporaryDirectory() as place, Wired(Path(place)) as wired:
        wired.receive()
        wired.drain()
        measure_burst(wired, count)
        wired.subscribe()
        measure_latency(wired, people)


if __name__ == "__main__":
    main()
