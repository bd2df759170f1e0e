"""What a run leaves for people, with the way to each record in its own screens."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tasuki.engine.answer import HOW
from tasuki.engine.masking import masked_words, without_kinds
from tasuki.engine.sync import Sync
from tasuki.ledger import DeadLetterRow, HoldRow
from tasuki.ledger.rows import time_text
from tasuki.model.errors import TasukiError

MOST = 200
"""So many of each are looked at; the counts are those of all."""


@dataclass(frozen=True, slots=True)
class Item:
    """One record that waits for a person; nothing personal is in it.

    Attributes:
        ref: `connection/stream/id`.
        url: Its page in its own system's screens; "" where there is none.
        reason: The cause of a dead letter, the reason of a hold.
        words: What the system or the engine said.
        remedy: What a person does about it.
        command: The command that shows it in full.
        since: When it began, as the ledger writes times.
        is_new: It began in this run.
        other: The page of a hold's first candidate; "" where there is none.
    """

    ref: str
    url: str
    reason: str
    words: str
    remedy: str
    command: str
    since: str
    is_new: bool
    other: str = ""


@dataclass(frozen=True, slots=True)
class LeftOver:
    """Open dead letters and holds of one sync, newest and oldest first."""

    dead: tuple[Item, ...] = ()
    held: tuple[Item, ...] = ()
    more_dead: int = 0
    more_held: int = 0
    links: tuple[tuple[str, str], ...] = field(default=())
    """(source ref, page of its counterpart) of records that were asked for by name."""


NOTHING = LeftOver()


def left_over(
    sync: Sync, report: Mapping[str, Any], started: str, only: tuple[str, ...] = ()
) -> LeftOver:
    """Look at what is open now; what cannot be had is left out, never an error."""
    pages, run_id = _Pages(sync), str(report["run"])
    if report["state"] == "stopped":  # a system that is away would be waited for
        pages.ask_nobody()
    try:
        letters = sync.ledger.dead_letters(sync.id, limit=10_000)
        holds = sync.ledger.holds(sync.id)
        return LeftOver(
            tuple(_letter(sync, pages, row, run_id) for row in letters[:MOST]),
            tuple(_hold(pages, row, started) for row in holds[:MOST]),
            max(0, len(letters) - MOST),
            max(0, len(holds) - MOST),
            tuple(_counterparts(sync, pages, only)),
        )
    except TasukiError:  # said by the run itself, which has ended
        return NOTHING


class _Pages:
    """Pages of records; a system that could not say once is not asked again."""

    def __init__(self, sync: Sync) -> None:
        ends = (
            (sync.mapping.source.connection, sync.source),
            (sync.mapping.destination.connection, sync.destination),
        )
        self._systems = dict(ends)

    def ask_nobody(self) -> None:
        """Leave pages out from now on."""
        self._systems.clear()

    def of(self, ref: str) -> str:
        """Return the page of a record; "" where there is none."""
        connection, _, rest = ref.partition("/")
        stream, _, own_id = rest.rpartition("/")
        system = self._systems.get(connection)
        if system is None or not stream:
            return ""
        try:
            return system.record_url(stream, own_id) or ""
        except TasukiError:
            del self._systems[connection]
            return ""


def _letter(sync: Sync, pages: _Pages, row: DeadLetterRow, run_id: str) -> Item:
    ref = f"{sync.mapping.source}/{row.source_id}"
    is_new = row.run_id == run_id and row.times == 1
    words = masked_words(sync.mapping, row.payload, row.words)
    show = f"tasuki dead {row.id}"
    return Item(
        ref, pages.of(ref), row.cause, words, row.remedy, show, row.first_at, is_new
    )


def _hold(pages: _Pages, row: HoldRow, started: str) -> Item:
    candidates = row.question.get("candidates", [])
    other = pages.of(str(candidates[0]["ref"])) if candidates else ""
    return Item(
        row.ref,
        pages.of(row.ref) if row.source_id else "",
        row.reason,
        without_kinds(row.detail),
        HOW.get(row.reason, ""),
        f"tasuki held {row.ref}",
        row.since,
        row.since >= started,
        other,
    )


def _counterparts(
    sync: Sync, pages: _Pages, only: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    for source_id, link in sync.ledger.links(sync.id, only[:MOST]).items():
        url = pages.of(f"{link.destination}/{link.destination_id}")
        if url:
            yield f"{sync.mapping.source}/{source_id}", url


def started_text(sync: Sync) -> str:
    """Return the present as the ledger writes times, to tell what is new."""
    return time_text(sync.clock.now())
