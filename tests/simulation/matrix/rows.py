"""The rows: what goes wrong, and what it means for the calls that it must cost."""

from dataclasses import dataclass
from enum import Enum

from tasuki.sandbox.faults import Fault, Kind
from tests.simulation.matrix.columns import INVOICE, Column

ATTEMPTS = 3  # of the retry policy in this matrix
LATE = 40.0  # seconds: later than the search index, sooner than the quiet time
LAG = 30.0


class Meaning(Enum):
    """What a sender can know when the fault has struck."""

    GOOD = "good"  # a good answer all the same
    LOST = "lost"  # nobody can say whether it was done
    NOT_SENT = "not sent"
    THROTTLED = "throttled"
    DENIED = "denied"  # credentials
    PARTIAL = "partial"


@dataclass(frozen=True)
class Row:
    """One fault.

    Attributes:
        title: As the page names it.
        meaning: What the sender can know.
        kind: How the stand-in lies; None where the address or a setting does it.
        done: The request is carried out.
        says: Regular expression of what the report, or a decision, must say.
        retry_after: Of a 429.
        seconds: Of faults that take time.
        skip: Writes that pass before it strikes.
        earlier: Other records have been sent before.
        lasts: Whether there is a whole run of it; else it only strikes once.
    """

    title: str
    meaning: Meaning
    kind: Kind | None = None
    done: bool = False
    says: str = ""
    status: int = 500
    retry_after: float | None = None
    seconds: float = 0.3
    skip: int = 0
    earlier: bool = False
    lasts: bool = True
    once: bool = True

    def fault(self, column: Column, *, lasting: bool) -> Fault | None:
        """Return the lie to plant in the column's stand-in."""
        if self.kind is None:
            return None
        skip = 0 if column.calls == 1 else self.skip
        return Fault(
            self.kind, path=column.paths, skip=skip, times=0 if lasting else 1,
            seconds=self.seconds, status=self.status, retry_after=self.retry_after,
        )  # fmt: skip


NOTHING = Row("nothing goes wrong", Meaning.GOOD, done=True, lasts=False)
REFUSED = Row("connection refused", Meaning.NOT_SENT, says="cannot connect", once=False)
DNS = Row("name not found (DNS)", Meaning.NOT_SENT, says="cannot connect", once=False)
PARTIAL = Row(
    "part of a batch fails", Meaning.PARTIAL, Kind.PARTIAL,
    says="LOCK|busy|RATE|INTERNAL|503|unavailable", lasts=False,
)  # fmt: skip
LAG_ROW = Row(
    "search index 30 s late, answer lost", Meaning.LOST, Kind.RESET_AFTER, done=True,
    says="no answer",
)  # fmt: skip
GONE = Row("the row disappears before the update", Meaning.GOOD, done=True, lasts=False)
ROWS = (
    NOTHING,
    REFUSED,
    DNS,
    Row("reset before the body is read", Meaning.LOST, Kind.RESET_BEFORE, says="no answer"),
    Row("reset after the commit", Meaning.LOST, Kind.RESET_AFTER, done=True, says="no answer"),
    Row("hang after the commit", Meaning.LOST, Kind.HANG_AFTER, done=True, says="no answer"),
    Row("500 before the commit", Meaning.LOST, Kind.ERROR_BEFORE, says="500|planted"),
    Row("500 after the commit", Meaning.LOST, Kind.ERROR_AFTER, done=True, says="500|planted"),
    Row("429 with Retry-After", Meaning.THROTTLED, Kind.THROTTLE, retry_after=7.0, says="429|rate"),
    Row("429 without Retry-After", Meaning.THROTTLED, Kind.THROTTLE, says="429|rate"),
    Row("403 that means too fast", Meaning.THROTTLED, Kind.LIMIT_403, says="403|429|LIMIT|TEN_SEC"),
    Row("200 with errors only", Meaning.LOST, Kind.ERRORS_200, says="answer 200|no answer|planted|not mentioned"),
    Row("answer cut off", Meaning.LOST, Kind.TRUNCATE, done=True, says="no answer"),
    Row("answer is no JSON", Meaning.LOST, Kind.NOT_JSON, done=True, says="not JSON|does not say ok"),
    Row("answer of the wrong content type", Meaning.GOOD, Kind.WRONG_TYPE, done=True),
    Row("answer in drips", Meaning.GOOD, Kind.DRIP, done=True),
    Row("answer of an earlier request", Meaning.LOST, Kind.STALE, done=True, earlier=True, says="another|not this|that of|not mentioned"),
    Row("a row answered with another row's answer", Meaning.LOST, Kind.TWICE, done=True, says="that of|not mentioned", lasts=False),
    Row("token expired in the middle", Meaning.DENIED, Kind.UNAUTHORISED, skip=1, says="401|renewed", lasts=False),
    PARTIAL,
    LAG_ROW,
    Row("late commit: done 40 s after the connection died", Meaning.LOST, Kind.LATE_COMMIT, done=True, seconds=LATE, says="no answer"),
    GONE,
)  # fmt: skip


def applies(row: Row, column: Column) -> str:
    """Return "" where the fault can happen to the column, else why it cannot."""
    one_row = column.calls != 1
    if row.kind is Kind.TWICE and one_row:
        return "one row a request"
    if row is LAG_ROW and column is not INVOICE and column.write_class != "B":
        return "nothing is searched"
    return ""
