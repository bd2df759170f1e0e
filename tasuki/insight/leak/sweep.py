"""One sweep: every stream that a table needs is read once, and laid on the board.

What could not be read makes its tables incomplete, and no rule is asked of those: an
invoice list that broke off must not look like invoices that are missing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from tasuki.clock import TOKYO
from tasuki.insight.leak.board import BOARD, Board, Value
from tasuki.insight.leak.documents import put_documents, round_off
from tasuki.insight.leak.ground import Ground
from tasuki.insight.leak.ledger_rows import (
    drop_direct_plans,
    put_archive,
    put_handoffs,
    put_links,
    put_onboardings,
    put_outbox,
    put_plans,
    put_syncs,
)
from tasuki.insight.leak.rows import RowMaker
from tasuki.insight.leak.setting import BoardSource
from tasuki.ledger.rows import text_time
from tasuki.model.errors import TasukiError
from tasuki.model.record import Query, StreamRef
from tasuki.model.sweep import SweepQuery
from tasuki.ports import Sweeping

OF_THE_LEDGER: Final = frozenset(
    {"archive", "handoff", "outbox", "sync_cursor", "xref"}
)
"""Tables that the ledger fills, whatever is connected."""

NO_HANDOFF: Final = (
    "no handoff of mappings/model.yaml was opened yet (`tasuki collect` reads what "
    "opens them)"
)
_SENT_ONLY: Final = (
    "the hub knows that it was handed over, not when it is due: "
    "say in leaks.yaml where onboarding is kept"
)
_FRESH: Final = timedelta(hours=1)
"""So long after a change the hub need not have looked at a record again."""


class _Read(NamedTuple):
    """One record as a stream showed it."""

    id: str
    fields: Mapping[str, object]
    marks: tuple[str, ...] = ()
    live: bool = True
    modified: datetime | None = None


@dataclass(slots=True)
class Swept:
    """What became of a sweep.

    Attributes:
        missing: Tables without a connected source.
        failed: Tables that could not be read whole, and why.
        away: Connections that could not be read, and why.
        blind: Rules that the ledger alone cannot tell of, and why.
        unread: Values that formulas could not make, by `table.column`.
        records: How many records were read, by stream.
    """

    missing: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    away: dict[str, str] = field(default_factory=dict)
    blind: dict[str, str] = field(default_factory=dict)
    unread: Counter[str] = field(default_factory=Counter)
    records: Counter[str] = field(default_factory=Counter)


class Sweep:
    """Fills a board."""

    def __init__(self, ground: Ground, board: Board, key: bytes) -> None:
        self._ground = ground
        self._board = board
        self._key = key
        self._swept = Swept()
        self._skips: dict[str, dict[str, tuple[str, datetime]]] = {}

    def run(self) -> Swept:
        """Read everything and return what could not be read."""
        used = [
            one
            for one in self._ground.settings.sources
            if self._ground.is_connected(one.stream)
        ]
        filled = {one.table for one in used} | OF_THE_LEDGER
        self._swept.missing = BOARD.keys() - filled
        for (stream, _), sources in _readings(used).items():
            self._stream(stream, sources)
        self._of_the_ledger([one for one in used if one.table == "invoice"])
        return self._swept

    # -- streams -------------------------------------------------------------------

    def _stream(self, stream: StreamRef, sources: Sequence[BoardSource]) -> None:
        makers = [RowMaker(one, self._key) for one in sources]
        try:
            for page in self._pages(stream, sources):
                self._swept.records[str(stream)] += len(page)
                for maker in makers:
                    self._lay(stream, maker, page)
                self._board.saw(str(stream), (one.id for one in page))
            if sources[0].only is None:
                self._board.saw(str(stream), ("",))  # it was read whole
        except TasukiError as error:
            words = str(error)
            self._swept.failed |= {one.table: words for one in sources}
            self._swept.away[stream.connection] = words
        for maker in makers:
            self._swept.unread.update(
                {f"{maker.source.table}.{n}": c for n, c in maker.unread.items()}
            )

    def _pages(
        self, stream: StreamRef, sources: Sequence[BoardSource]
    ) -> Iterator[list[_Read]]:
        system = self._ground.system(stream.connection)
        names = tuple(sorted({name for one in sources for name in one.names()}))
        destination, only = system.destination, sources[0].only
        if (
            only is None
            and isinstance(destination, Sweeping)
            and any(one.table == "invoice" for one in sources)
            and destination.sweep_facts(stream.stream).marks
        ):
            for rows in destination.sweep(stream.stream, SweepQuery(names)):
                yield [_Read(x.id, x.fields, x.marks, x.live) for x in rows]
            return
        query = Query(stream.stream, names, where=only)
        for page in system.source.read(query, None):
            yield [
                _Read(x.id, x.fields, modified=x.modified)
                for x in page.records
                if not x.deleted
            ]

    def _lay(self, stream: StreamRef, maker: RowMaker, page: Sequence[_Read]) -> None:
        source = maker.source
        rows: list[dict[str, Value]] = []
        origins: list[tuple[str, str, str | None]] = []
        for one in page:
            row = maker.row(one.fields, self._skipped(source, one))
            if row is None:
                continue
            if source.table == "invoice":
                row |= {"system": str(stream), "remote_id": one.id}
                row["status"] = row.get("status") if one.live else "void"
            rows.append(row)
            name = row.get("id") or f"{row.get('kind')}:{row.get('local_id')}"
            origins.append((str(name), f"{stream}/{one.id}", None))
        self._board.put(source.table, rows)
        self._board.note_origin(source.table, origins)
        if source.table == "invoice":
            self._note_invoices(stream, page, rows, origins)

    def _note_invoices(
        self,
        stream: StreamRef,
        page: Sequence[_Read],
        rows: Sequence[Mapping[str, Value]],
        origins: Sequence[tuple[str, str, str | None]],
    ) -> None:
        self._board.fill(
            "INSERT OR IGNORE INTO marked(stream, remote_id, mark) VALUES (?, ?, ?)",
            [(str(stream), one.id, mark) for one in page for mark in one.marks],
        )
        numbers = (
            (str(row["number"]), origin[1], None)
            for row, origin in zip(rows, origins, strict=True)
            if row.get("number")
        )
        self._board.note_origin("invoice_number", numbers)

    def _skipped(self, source: BoardSource, one: _Read) -> str:
        """Return why the hub left a record out, as it is now; "" where it did not."""
        if not source.sync:
            return ""
        if source.sync not in self._skips:
            self._skips[source.sync] = {
                fact.source_id: (fact.reason, at)
                for fact in self._ground.ledger.skip_facts(source.sync)
                if (at := text_time(fact.decided_at))
            }
        reason, at = self._skips[source.sync].get(one.id, ("", None))
        if at is None or one.modified is None or one.modified <= at:
            return reason
        # Changed since: what was decided counts until the hub had time to look again.
        is_fresh = self._ground.clock.now() - one.modified < _FRESH
        return reason if is_fresh else ""

    def _is_told(self, table: str) -> bool:
        ground = self._ground
        sources = (one for one in ground.settings.sources if one.table == table)
        return any(ground.is_connected(one.stream) for one in sources)

    # -- the ledger ----------------------------------------------------------------

    def _of_the_ledger(self, invoices: Sequence[BoardSource]) -> None:
        board, ground = self._board, self._ground
        today = ground.clock.now().astimezone(TOKYO).date()
        put_links(board, ground)
        put_outbox(board, ground)
        put_syncs(board, ground)
        put_archive(board, ground)
        if not put_handoffs(board, ground) and not self._is_told("handoff"):
            self._swept.failed["handoff"] = NO_HANDOFF
        if put_onboardings(board, ground) and not self._is_told("onboarding"):
            self._swept.missing.discard("onboarding")
            self._swept.blind["L24"] = _SENT_ONLY
        unread = put_plans(board, ground, today)
        if unread:
            self._swept.unread["invoice_plan.hub"] += unread
        for one in invoices:
            total = one.fields.get("remote_amount_incl")
            name = next(iter(total.names), "") if total else ""
            put_documents(board, ground, str(one.stream), name)
        drop_direct_plans(board)
        round_off(board)


def _readings(
    sources: Sequence[BoardSource],
) -> dict[tuple[StreamRef, str], list[BoardSource]]:
    """Return the sources that one reading serves, by stream and filter."""
    found: dict[tuple[StreamRef, str], list[BoardSource]] = {}
    for one in sources:
        found.setdefault((one.stream, repr(one.only)), []).append(one)
    return found
