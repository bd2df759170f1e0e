"""Lies a stand-in tells on command: what goes wrong, with which request, how often."""

import random
import re
import threading
from dataclasses import asdict, dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What goes wrong. "After" means: the request was carried out first."""

    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    HANG_BEFORE = "hang_before"  # silent for `seconds`, then the connection dies
    HANG_AFTER = "hang_after"
    ERROR_BEFORE = "error_before"  # answers `status`
    ERROR_AFTER = "error_after"
    THROTTLE = "throttle"  # 429, `retry_after` if set; nothing done
    LIMIT_403 = "limit_403"  # the vendor's own spelling of "too fast"
    TRUNCATE = "truncate"  # done; half the announced body, then the connection dies
    NOT_JSON = "not_json"  # done; an HTML page with status 200
    WRONG_TYPE = "wrong_type"  # done; right body, wrong content type
    DRIP = "drip"  # done; the answer comes in small pieces over `seconds`
    LATE_COMMIT = "late_commit"  # the connection dies now, it is done `seconds` later
    PARTIAL = "partial"  # the vendor's batch answer with every n-th row failing
    UNAUTHORISED = "unauthorised"  # 401; nothing done
    ERRORS_200 = (
        "errors_200"  # status 200, and the body holds only errors; nothing done
    )
    STALE = "stale"  # done; the answer is that of the last write of the same kind
    TWICE = (
        "twice"  # done; a batch's second row is answered with the first one's answer
    )


@dataclass(slots=True)
class Fault:
    """One planted fault.

    Attributes:
        kind: What goes wrong.
        method: Only requests of this method; "" for any.
        path: Regular expression searched in the path.
        skip: Let this many matching requests pass first.
        times: How often it happens; 0 for always.
        one_in: With n > 0, happen to one request in n at random (seeded).
        seconds: For hang, drip and late commit.
        status: For errors.
        retry_after: For throttling; None leaves the header out.
        seed: Of the random choice.
    """

    kind: Kind
    method: str = ""
    path: str = ""
    skip: int = 0
    times: int = 1
    one_in: int = 0
    seconds: float = 1.0
    status: int = 500
    retry_after: float | None = None
    seed: int = 1
    fired: int = 0
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.kind = Kind(self.kind)
        self._random = random.Random(self.seed)  # noqa: S311 - reproducible tests

    def strikes(self, method: str, path: str) -> bool:
        """Say whether this request is hit, and count it."""
        if self.times and self.fired >= self.times:
            return False
        if self.method and self.method != method:
            return False
        if not re.search(self.path, path):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.one_in and self._random.randrange(self.one_in):
            return False
        self.fired += 1
        return True


def doubled(body: object) -> object:
    """Return a batch's answer with its first row in place of the second, too.

    >>> doubled({"results": [{"id": 1}, {"id": 2}]})
    {'results': [{'id': 1}, {'id': 1}]}
    """
    if isinstance(body, list):
        return [body[0], body[0], *body[2:]] if len(body) > 1 else body
    if isinstance(body, dict):
        return {
            name: doubled(part) if isinstance(part, list) else part
            for name, part in body.items()
        }
    return body


class Faults:
    """The planted faults of one stand-in, safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def plant(self, *faults: Fault) -> None:
        """Add faults; the first that strikes a request wins."""
        with self._lock:
            self._faults.extend(faults)

    def clear(self) -> None:
        """Tell the truth from now on."""
        with self._lock:
            self._faults.clear()

    def strike(self, method: str, path: str) -> Fault | None:
        """Return the fault that hits this request."""
        with self._lock:
            for fault in self._faults:
                if fault.strikes(method, path):
                    return fault
        return None

    def report(self) -> list[dict[str, object]]:
        """Return the planted faults and how often each fired."""
        with self._lock:
            return [
                {k: v for k, v in asdict(fault).items() if not k.startswith("_")}
                for fault in self._faults
            ]
