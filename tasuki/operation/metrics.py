"""Metrics for Prometheus, read from the ledger each time they are asked for.

The ledger is what all processes share, so any one of them can answer for all: there is
nothing to push, and a process that was killed takes no count with it. Labels are names
of mappings, connections and outcomes only: their number is that of the project's files,
and no value of a record is among them.
"""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
)

from tasuki.operation.picture import Picture, SyncView

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_STATES = ("done", "stopped", "refused", "crashed", "lost", "running")


def exposition(picture: Picture) -> bytes:
    """Return a picture in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Taken(picture))
    return generate_latest(registry)


class _Taken:
    """Gives a picture as metrics."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture

    def collect(self) -> Iterable[Metric]:
        """Return the metrics."""
        picture = self._picture
        yield from _counters(picture)
        for sync_metrics in (_left_over(picture.syncs), _progress(picture)):
            yield from sync_metrics
        yield from _connections(picture)
        yield from _whole(picture)


def _counters(picture: Picture) -> Iterator[Metric]:
    outcomes = CounterMetricFamily(
        "tasuki_records", "Records by outcome, over all finished runs.",
        labels=("mapping", "outcome"),
    )  # fmt: skip
    calls = CounterMetricFamily(
        "tasuki_calls", "API calls, over all finished runs.",
        labels=("mapping", "connection", "kind"),
    )  # fmt: skip
    runs = CounterMetricFamily(
        "tasuki_runs", "Finished runs by how they ended.", labels=("mapping", "state")
    )
    seconds = CounterMetricFamily(
        "tasuki_run_seconds", "Time spent in finished runs.", labels=("mapping",)
    )
    for (sync, what), amount in sorted(picture.totals.items()):
        match what.split(":"):
            case ["outcome", outcome]:
                outcomes.add_metric((sync, outcome), amount)
            case ["calls", connection, kind]:
                calls.add_metric((sync, connection, kind), amount)
            case ["runs", state]:
                runs.add_metric((sync, state), amount)
            case ["seconds"]:
                seconds.add_metric((sync,), amount)
            case _:  # what was read: the outcomes say it
                pass
    yield from (outcomes, calls, runs, seconds)


def _left_over(syncs: Iterable[SyncView]) -> Iterator[Metric]:
    found = GaugeMetricFamily(
        "tasuki_left_over",
        "Records that wait: pending, in_doubt, held (for a person), dead (letters).",
        labels=("mapping", "kind"),
    )
    for one in syncs:
        found.add_metric((one.name, "pending"), one.pending)
        found.add_metric((one.name, "in_doubt"), one.in_doubt)
        found.add_metric((one.name, "held"), one.held)
        found.add_metric((one.name, "dead"), one.dead)
    yield found


def _progress(picture: Picture) -> Iterator[Metric]:
    age = GaugeMetricFamily(
        "tasuki_cursor_age_seconds", "Time since the cursor last moved.",
        labels=("mapping",),
    )  # fmt: skip
    state = GaugeMetricFamily(
        "tasuki_last_run", "1 for the state of the newest run.",
        labels=("mapping", "state"),
    )  # fmt: skip
    working = GaugeMetricFamily(
        "tasuki_runs_under_way", "Leases held: runs, and parts of backfills.",
        labels=("mapping",),
    )  # fmt: skip
    backfill = GaugeMetricFamily(
        "tasuki_backfill_records", "Records of an unfinished backfill.",
        labels=("mapping", "kind"),
    )  # fmt: skip
    for one in picture.syncs:
        if one.cursor_age is not None:
            age.add_metric((one.name,), one.cursor_age)
        for name in _STATES:
            is_it = one.last is not None and one.last.state == name
            state.add_metric((one.name, name), float(is_it))
        working.add_metric((one.name,), len(one.holders))
        if one.backfill is not None and not one.backfill.is_done:
            backfill.add_metric((one.name, "counted"), one.backfill.counted)
            backfill.add_metric((one.name, "passed"), one.backfill.passed)
    yield from (age, state, working, backfill)


def _connections(picture: Picture) -> Iterator[Metric]:
    left = GaugeMetricFamily(
        "tasuki_budget_left", "Calls that may be made at once.",
        labels=("connection", "window", "seconds"),
    )  # fmt: skip
    limit = GaugeMetricFamily(
        "tasuki_budget_limit", "Calls that the window allows.",
        labels=("connection", "window", "seconds"),
    )  # fmt: skip
    paused = GaugeMetricFamily(
        "tasuki_connection_paused_seconds", "How long nobody may call it.",
        labels=("connection",),
    )  # fmt: skip
    stopped = GaugeMetricFamily(
        "tasuki_connection_stopped", "1 when a person has to log in.",
        labels=("connection",),
    )  # fmt: skip
    for one in picture.connections:
        for window in one.windows:
            labels = (one.name, window.window or "all", f"{window.seconds:g}")
            left.add_metric(labels, window.left)
            limit.add_metric(labels, window.calls)
        until = one.paused_until
        wait = (until - picture.at).total_seconds() if until else 0.0
        paused.add_metric((one.name,), wait)
        stopped.add_metric((one.name,), float(one.login in {"stopped", "missing"}))
    yield from (left, limit, paused, stopped)


def _whole(picture: Picture) -> Iterator[Metric]:
    if picture.size is not None:
        yield GaugeMetricFamily(
            "tasuki_ledger_bytes", "Size of the ledger.", value=picture.size
        )
    yield GaugeMetricFamily(
        "tasuki_inbox_waiting", "Webhooks that nobody has read yet.",
        value=picture.inbox.waiting,
    )  # fmt: skip
    yield GaugeMetricFamily(
        "tasuki_inbox_given_up", "Webhooks whose records could not be looked at.",
        value=picture.inbox.dead,
    )  # fmt: skip
    yield GaugeMetricFamily(
        "tasuki_inbox_oldest_seconds", "Age of the oldest of those that wait.",
        value=picture.inbox_age() or 0.0,
    )  # fmt: skip
