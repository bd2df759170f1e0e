"""Reading ahead, and knowing how far the outcomes reach."""

import queue
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from tasuki.model.record import Page, Record


@dataclass(slots=True)
class _Open:
    cursor: str | None
    left: int
    size: int


class Progress:
    """Which pages are finished: the cursor never passes an unfinished one."""

    def __init__(self) -> None:
        self._open: deque[_Open] = deque()
        self._first = 0
        self.reached: str | None = None
        self.passed = 0
        """Records on the stream's pages that the cursor has passed."""

    def begin(self, cursor: str | None, records: int) -> int:
        """Note a page; returns its number. `cursor` None: pages outside the stream."""
        self._open.append(_Open(cursor, records, records))
        return self._first + len(self._open) - 1

    def finish(self, page: int) -> None:
        """Note that one record of the page has a recorded outcome."""
        self._open[page - self._first].left -= 1

    def advance(self) -> str | None:
        """Return the cursor up to which all is finished, if it moved."""
        moved = None
        while self._open and self._open[0].left <= 0:
            page = self._open.popleft()
            self._first += 1
            if page.cursor is not None:
                moved = page.cursor
                self.passed += page.size
        if moved is not None:
            self.reached = moved
        return moved


_END = object()


def read_ahead(pages: Iterator[Page], depth: int = 2) -> Iterator[Page]:
    """Yield the pages while a thread reads the next ones.

    Reading stops soon after the consumer stops; an error of the reader is raised
    here, after the pages before it.
    """
    ahead: queue.Queue[object] = queue.Queue(maxsize=depth)
    stopped = threading.Event()

    def put(item: object) -> bool:
        while not stopped.is_set():
            try:
                ahead.put(item, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def read() -> None:
        try:
            for page in pages:
                if not put(page):
                    return
            put(_END)
        except BaseException as error:  # noqa: BLE001 - carried to the consumer
            put(error)

    reader = threading.Thread(target=read, name="reader", daemon=True)
    reader.start()
    try:
        while True:
            item = ahead.get()
            if item is _END:
                return
            if isinstance(item, BaseException):
                raise item
            assert isinstance(item, Page)  # noqa: S101 - nothing else is put
            yield item
    finally:
        stopped.set()


def unique_parts(records: list[Record]) -> Iterator[list[Record]]:
    """Split a page so that no part holds a record twice (it changed while read).

    Merged records come first and alone: the survivor takes their counterpart over.
    """
    merged = [record for record in records if record.merged_into]
    others = [record for record in records if not record.merged_into]
    for some in (merged, others):
        part: dict[str, Record] = {}
        for record in some:
            if record.id in part:
                yield list(part.values())
                part = {}
            part[record.id] = record
        if part:
            yield list(part.values())
