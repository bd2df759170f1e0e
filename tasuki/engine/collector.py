"""Python's cyclic garbage collector, while a run makes objects by the thousand."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_YOUNG = 5_000
"""Containers made before the young ones are looked at: some pages full. Python's 700
means several times a page, and each time all that is under way is found alive. With
20,000 a run of 100,000 records took 30 MB more: an answer of httpx is a cycle, and
keeps its page until then."""

_lock = threading.Lock()
_usual: list[tuple[int, int, int]] = []
"""What was set before each of the runs of this process that are under way."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Collect seldom: a run's objects end by reference count, pages behind.

    What is in cycles (an error with its traceback) still goes, a little later.
    """
    with _lock:
        _usual.append(_usual[0] if _usual else gc.get_threshold())
        if _usual[0][0]:  # 0: somebody has switched the collector off
            gc.set_threshold(_YOUNG, *_usual[0][1:])
    try:
        yield
    finally:
        with _lock:
            usual = _usual.pop()
            if not _usual:
                gc.set_threshold(*usual)
