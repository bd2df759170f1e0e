"""Rows with the one interesting value visible, a clock to move, other processes."""

import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from tasuki.ledger import (
    LinkRow,
    NewDeadLetter,
    NewDecision,
    NewIntent,
    encode,
)

KEY = b"a key for the tests, long enough"
SYNC = "lead.hubspot-salesforce"
ROOT = Path(__file__).parents[3]


class ManualClock:
    """A clock that moves only when somebody sleeps or moves it."""

    def __init__(self) -> None:
        self._passed = 0.0
        self._begin = datetime(2026, 4, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self._begin + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return self._passed

    def sleep(self, seconds: float) -> None:
        self._passed += seconds


def intent(
    number: int,
    *,
    claim: str | None = None,
    sync: str = SYNC,
    source_id: str | None = None,
) -> NewIntent:
    return NewIntent(
        id=f"I{number:05d}",
        sync=sync,
        source_id=source_id or f"c{number}",
        source="hubspot/contacts",
        destination="salesforce/Lead",
        destination_id=None,
        operation="create",
        claim=claim,
        mark=f"mark{number}",
        key_field="HubSpot_Contact_Id__c",
        key_value=f"c{number}",
        payload_text=encode({"LastName": "山田"}),
        fingerprint="f1",
        version="v1",
        revision="r1",
    )


def link(number: int, *, sync: str = SYNC, **changed: str) -> LinkRow:
    row = LinkRow(
        source_id=f"c{number}",
        sync=sync,
        source="hubspot/contacts",
        destination="salesforce/Lead",
        destination_id=f"00Q{number}",
        sent_text=encode({"LastName": "山田"}),
        fingerprint="f1",
        version="v1",
        revision="r1",
    )
    return row._replace(**changed)


def decision(
    number: int, outcome: str, reason: str = "", detail: str = ""
) -> NewDecision:
    return NewDecision(f"c{number}", SYNC, outcome, reason, detail, "r1", "v1")


def letter(number: int, cause: str = "REQUIRED_FIELD_MISSING") -> NewDeadLetter:
    return NewDeadLetter(
        f"c{number}",
        SYNC,
        cause,
        "Company",
        "Fill it in.",
        encode({"a": 1}),
        "v1",
        "r1",
    )


PRELUDE = """
import sys, time
from tasuki.clock import SystemClock
from tasuki.ledger import *
from tasuki.model.errors import *
from tasuki.model.policy import Limit
from tasuki.ports import Token
url = sys.argv[1]
def say(word): print(word, flush=True)
def wait(): sys.stdin.readline()
ledger = Ledger.open(url, SystemClock(), secret_key=b"a key for the tests, long enough")
"""


def child_environment() -> dict[str, str]:
    """Let children share compiled modules wherever the parent must not write them."""
    folder = str(Path(tempfile.gettempdir()) / "tasuki-tests-pycache")
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": folder}


class Other:
    """Another process with the ledger open, told what to do line by line."""

    def __init__(self, url: str, script: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PRELUDE + script, url],
            cwd=ROOT,
            env=child_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def hear(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def go_on(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.communicate()
