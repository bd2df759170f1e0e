"""`make demo` as a person starts it: once, and once more the next morning."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tasuki.sandbox.demo_world import HERO

pytestmark = [
    pytest.mark.prefect,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]
ROOT = Path(__file__).parents[2]
_LONGEST = 280  # seconds, on a machine that is busy with other things as well


def show(place: Path) -> "subprocess.CompletedProcess[str]":
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    return subprocess.run(
        [sys.executable, "-m", "tasuki.demo", "--place", str(place)],
        cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True,
        timeout=_LONGEST, check=False,
    )  # fmt: skip


def started_for(place: Path) -> list[int]:
    """Return the processes whose environment or command names this folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            told = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
        except OSError:
            continue  # gone meanwhile, or somebody else's
        if str(place).encode() in told:
            found.append(int(entry.name))
    return found


def until_none(place: Path, seconds: float = 10.0) -> list[int]:
    deadline = time.monotonic() + seconds
    while (left := started_for(place)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return left


def number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    assert found, f"{pattern} is not in:\n{text}"
    return int(found[1].replace(",", ""))


def written(text: str) -> list[str]:
    """Return the first pass's syncs that created or updated something."""
    found = re.findall(r"^(\w+\.[\w-]+) +[\d,]+ +(\S+) +(\S+) ", text, re.MULTILINE)
    assert found, text
    return [
        sync for sync, created, updated in found if (created, updated) != ("·", "·")
    ]


def test_the_demo_shows_the_relay_twice_over_and_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    first = show(tmp_path)
    assert first.returncode == 0, first.stdout + first.stderr
    assert first.stderr == ""
    invoices = number(r"Invoices: (\d+) made", first.stdout)
    assert invoices > 0
    assert set(written(first.stdout)) >= {
        "lead.hubspot-salesforce",
        "invoice.salesforce-freee",
    }
    made = number(r"API calls: (\d+) made", first.stdout)
    least = number(r"made, (\d+) is the least", first.stdout)
    assert least <= made < 2 * least
    for name in ("second", "third"):
        assert f"{name} pass: 0 writes" in first.stdout
    assert f"hubspot/contacts/{HERO.person_id} → salesforce/Lead/" in first.stdout
    assert HERO.company in first.stdout
    assert not (leftovers := until_none(tmp_path)), leftovers

    again = show(tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "as left by the last demo" in again.stdout
    assert number(r"Invoices: (\d+) made", again.stdout) == invoices
    assert written(again.stdout) == []
    for name in ("second", "third"):
        assert f"{name} pass: 0 writes" in again.stdout
    assert not (leftovers := until_none(tmp_path)), leftovers
