"""`python -m bench.kpi [EVENTS]`: all KPIs from a ledger, beside one plain SQL query.

A made company's events lie in SQLite; the report reads and measures all of them. The
reference is the least that could answer anything: first entries a month, in SQL alone.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

from sqlalchemy import text

from tasuki.clock import SystemClock
from tasuki.insight.journey_book import read_journeys
from tasuki.insight.kpi.report import Asked, measure
from tasuki.ledger import Ledger
from tasuki.ledger.rows import time_text
from tasuki.ledger.stage_events import StoredEvent, StoredFact

_BEGIN = datetime(2023, 4, 1, tzinfo=UTC)
_AS_OF = datetime(2026, 4, 1, tzinfo=UTC)
_LEAD = (("lead", 0.8), ("mql", 0.8), ("sal", 0.75))
_DEAL = (("sql", 0.6), ("won", 0.9), ("invoiced", 0.95), ("paid", 1.0))
_REFERENCE = """
SELECT stage, substr(datetime(at, '+9 hours'), 1, 7), count(*) FROM
 (SELECT subject, stage, min(entered_at) AS at FROM stage_event GROUP BY 1, 2)
GROUP BY 1, 2
"""


def _company(count: int) -> Iterator[tuple[list[StoredEvent], list[StoredFact]]]:
    """Yield people and their deals, until there are so many events."""
    draw, made, number = Random(7), 0, 0
    while made < count:
        number += 1
        at = _BEGIN + timedelta(minutes=draw.randrange(60 * 24 * 1000))
        person, deal = f"person/{number}", f"deal/006{number}"
        source = ("web", "event", "ads")[number % 3]
        events: list[StoredEvent] = []
        facts = [StoredFact(person, "source", source, "crm", time_text(at))]
        for subject, steps in ((person, _LEAD), (deal, _DEAL)):
            for stage, chance in steps:
                when = time_text(at)
                name = f"{number}:{stage}"
                events.append(StoredEvent(subject, stage, when, when, "crm", name))
                at += timedelta(minutes=draw.randrange(60 * 24 * 20))
                if draw.random() > chance:
                    break
            else:
                continue
            break
        if events[-1].subject == deal:
            when = events[-1].observed_at
            for name, value in (
                ("person", person),
                ("amount", str(draw.randrange(1, 300) * 10_000)),
            ):
                facts.append(StoredFact(deal, name, value, "crm", when))
        made += len(events)
        yield events, facts


def main() -> None:
    """Fill a ledger, measure, print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        with Ledger.open(
            f"sqlite:///{path}", SystemClock(), durability="OFF"
        ) as ledger:
            _fill(ledger, count)
            begun, cpu = time.perf_counter(), time.process_time()
            journeys = read_journeys(ledger, _AS_OF)
            read = time.process_time() - cpu
            asked = Asked(date(2025, 4, 1), date(2026, 4, 1), _AS_OF)
            report = measure(journeys, asked)
            wall, whole = time.perf_counter() - begun, time.process_time() - cpu
            plain = _reference(ledger)
            won = report.parts[0].closing.won
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{count:,} events, {len(journeys):,} journeys, {won:,} deals won")
            print(f"read      {read:6.2f} s CPU")
            print(f"measured  {whole - read:6.2f} s CPU")
            print(f"in all    {whole:6.2f} s CPU, {wall:.2f} s wall, {peak:.0f} MB")
            print(f"plain SQL {plain:6.2f} s CPU (counts only): {whole / plain:.1f} x")
            cpu = time.process_time()
            split = Asked(asked.start, asked.end, _AS_OF, by="source")
            measure(journeys, split)
            print(f"by source {time.process_time() - cpu:6.2f} s CPU more")


def _fill(ledger: Ledger, count: int) -> None:
    begun = time.process_time()
    events: list[StoredEvent] = []
    facts: list[StoredFact] = []
    made = 0
    for some, known in _company(count):
        events += some
        facts += known
        if len(events) >= 50_000:
            made += ledger.stages().add(events, facts)
            events, facts = [], []
    made += ledger.stages().add(events, facts)
    each = (time.process_time() - begun) / made * 1e6
    print(f"filled    {each:6.0f} us CPU for one event with its facts")


def _reference(ledger: Ledger) -> float:
    cpu = time.process_time()
    with ledger._database.reading() as connection:  # noqa: SLF001 - plain SQL beside it
        list(connection.execute(text(_REFERENCE)))
    return time.process_time() - cpu


if __name__ == "__main__":
    main()
