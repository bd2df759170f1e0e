"""What each fault may cost: calls beyond those that three records need anyway.

In the order of the columns: A till, B Salesforce, B HubSpot, B freee, C freee, D pager.
Till, freee and pager take a row a request (three calls), the others all three in one.
Where a fault lasts, each call is tried three times, and the next run does the work.
"""

from tests.simulation.matrix.columns import COLUMNS, Column
from tests.simulation.matrix.rows import GONE, Row

Extra = tuple[int, int, int, int, int, int]
_NONE: Extra = (0, 0, 0, 0, 0, 0)

# A, B: sent again. C: looked up; sent again if it is not there. D: never again.
_LOST_DONE: Extra = (1, 1, 1, 1, 1, 0)
_LOST_NOT_DONE: Extra = (1, 1, 1, 1, 2, 0)
_AGAIN: Extra = (1, 1, 1, 1, 1, 1)

# freee: two requests are under way when the first one fails for good. C: three
# invoices in doubt, three tries of the look-up, which then costs one call more.
_LASTING_DONE: Extra = (3, 3, 3, 6, 4, 0)
_LASTING_NOT_DONE: Extra = (3, 3, 3, 6, 7, 0)
_LASTING_REFUSED: Extra = (3, 3, 3, 6, 6, 3)
# Salesforce: the token cannot be fetched, and tokens do not count.
_LASTING_UNREACHED: Extra = (3, 0, 3, 6, 6, 3)

ONCE: dict[str, Extra] = {
    "nothing goes wrong": _NONE,
    "reset before the body is read": _LOST_NOT_DONE,
    "reset after the commit": _LOST_DONE,
    "hang after the commit": _LOST_DONE,
    "500 before the commit": _LOST_NOT_DONE,
    "500 after the commit": _LOST_DONE,
    "429 with Retry-After": _AGAIN,
    "429 without Retry-After": _AGAIN,
    "403 that means too fast": _AGAIN,
    # HubSpot names no row: the batch is halved to find the one it means.
    "200 with errors only": (1, 1, 2, 1, 2, 0),
    "answer cut off": _LOST_DONE,
    "answer is no JSON": _LOST_DONE,
    "answer of the wrong content type": _NONE,
    "answer in drips": _NONE,
    # HubSpot: halved, as above. Pager: "ok" is "ok", whoever it was meant for.
    "answer of an earlier request": (1, 2, 2, 1, 1, 0),
    "a row answered with another row's answer": (0, 1, 1, 0, 0, 0),
    "token expired in the middle": _AGAIN,
    "part of a batch fails": _LOST_NOT_DONE,
    "search index 30 s late, answer lost": _LOST_DONE,
    "late commit: done 40 s after the connection died": _LOST_DONE,
}
LASTING: dict[str, Extra] = {
    "connection refused": _LASTING_UNREACHED,
    "name not found (DNS)": _LASTING_UNREACHED,
    "reset before the body is read": _LASTING_NOT_DONE,
    "reset after the commit": _LASTING_DONE,
    "hang after the commit": _LASTING_DONE,
    "500 before the commit": _LASTING_NOT_DONE,
    "500 after the commit": _LASTING_DONE,
    # freee: the second request waits out the first one's pause and has one try less.
    "429 with Retry-After": (3, 3, 3, 6, 6, 3),
    "429 without Retry-After": _LASTING_REFUSED,
    # freee's pause of ten minutes is longer than a run waits.
    "403 that means too fast": (3, 3, 3, 1, 1, 3),
    # A: repeated once in the same run. HubSpot: the batch is taken apart.
    "200 with errors only": (6, 1, 5, 3, 5, 0),
    "answer cut off": _LASTING_DONE,
    "answer is no JSON": _LASTING_DONE,
    "answer of the wrong content type": _NONE,
    "answer in drips": _NONE,
    "answer of an earlier request": (6, 2, 1, 3, 1, 0),
    "search index 30 s late, answer lost": _LASTING_DONE,
    "late commit: done 40 s after the connection died": _LASTING_DONE,
}
# Salesforce is asked where the record went to.
_GONE: Extra = (1, 2, 1, 1, 1, 0)


def calls(row: Row, column: Column, *, lasting: bool) -> int:
    """Return the calls that a cell must cost, no more and no fewer."""
    place = COLUMNS.index(column)
    if row is GONE:
        return _GONE[place]
    return column.calls + (LASTING if lasting else ONCE)[row.title][place]
