"""`python -m bench [--quick] [--repeat N]`: the engine beside a loop written by hand.

Each contestant is a fresh process against the same stand-ins, which run in a process of
their own; CPU and peak memory are the kernel's figures for the contestant alone. Broken
promises (a needless call, a write where nothing changed) end with exit code 1; times
never do.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.measure import Cost, Stands, run

_PROJECT = Path(__file__).parent / "project"
_FIXED_CALLS = 3
_CONNECTIONS = """\
hubspot:
  connector: hubspot
  base_url: {hubspot}
  limits: {{per_10_seconds: 1000000, search_per_second: 1000}}   # CPU is measured
  auth: {{token: "${{HUBSPOT_TOKEN}}"}}
salesforce:
  connector: salesforce
  base_url: {salesforce}
  limits: {{per_day: 10000000}}
  bulk_threshold: {bulk}
  auth:
    flow: client_credentials
    client_id: "${{SF_ID}}"
    client_secret: "${{SF_SECRET}}"
"""
_SECRETS = {"HUBSPOT_TOKEN": "pat-sandbox", "SF_ID": "sandbox", "SF_SECRET": "sandbox"}
_HEAD = (
    f"{'records':>8}  {'what':<34} {'CPU s':>7} {'us/rec':>7} {'net':>6} "
    f"{'x raw':>6} {'x net':>6} {'MB':>5} {'wall s':>7} {'calls':>6}"
)


@dataclass(slots=True)
class Bench:
    """One benchmark: the place it works in, and which promises were broken."""

    place: Path
    environment: dict[str, str]
    broken: list[str] = field(default_factory=list)
    peaks: dict[tuple[int, str], float] = field(default_factory=dict)

    def project(self, name: str, stands: Stands, bulk: int) -> Path:
        """Make a fresh project, with an empty ledger."""
        root = self.place / name
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(_PROJECT, root)
        text = _CONNECTIONS.format(**stands.urls, bulk=bulk)
        (root / "connections.yaml").write_text(text, encoding="utf-8")
        # Making the ledger's tables happens once in a project's life, not in a run.
        run("bench.ours", str(root), "--start", environment=self.environment)
        return root

    def promise(self, holds: object, words: str) -> None:
        """Note a promise that was broken."""
        if not holds:
            self.broken.append(words)
            print(f"          BROKEN: {words}")


@dataclass(slots=True)
class Round:
    """All contestants on one number of records."""

    bench: Bench
    stands: Stands
    count: int
    start: dict[str, float] = field(default_factory=dict)
    raw: dict[str, Cost] = field(default_factory=dict)

    def show(self, what: str, cost: Cost, calls: int, beside: str = "") -> None:
        """Print one line; `beside` names the raw run that it is compared with."""
        kind = "raw" if what.startswith("raw") else "ours"
        net = cost.cpu - self.start.get(kind, 0.0)
        ratios = f"{'':>6} {'':>6}"
        if beside in self.raw:
            raw = self.raw[beside].cpu
            ratios = f"{cost.cpu / raw:6.2f} {net / (raw - self.start['raw']):6.2f}"
        each = 1e6 / self.count
        print(
            f"{self.count:>8}  {what:<34} {cost.cpu:7.2f} {cost.cpu * each:7.0f} "
            f"{net * each:6.0f} {ratios} {cost.peak:5.0f} {cost.wall:7.2f} {calls:>6}",
            flush=True,
        )

    def measured(self, module: str, *arguments: str) -> tuple[Cost, int]:
        """Run a contestant; return its cost and the calls that it made."""
        self.stands.ask("reset")
        cost = run(module, *arguments, environment=self.bench.environment)
        return cost, self.stands.calls()

    def go(self) -> None:
        """Measure everything once."""
        root = str(self.bench.project("start", self.stands, 0))
        for kind, module, arguments in (
            ("raw", "bench.raw", ("--imports",)),
            ("ours", "bench.ours", (root, "--start")),
        ):
            cost, _ = self.measured(module, *arguments)
            self.show(f"{kind}: start only", cost, 0)
            self.start[kind] = cost.cpu
        self._raw("raw: everything")
        for name, bulk in (("collections of 200", 0), ("bulk jobs", 2_000)):
            self._first(name, bulk)
        self._rerun()
        self._one_percent()

    def _raw(self, what: str, *since: str) -> None:
        urls = self.stands.urls
        arguments = (urls["hubspot"], urls["salesforce"], *since)
        self.raw[what], calls = self.measured("bench.raw", *arguments)
        self.show(what, self.raw[what], calls)

    def _first(self, name: str, bulk: int) -> None:
        """Run the engine on an empty ledger and an org without leads."""
        self.stands.ask("empty")
        root = self.bench.project("bulk" if bulk else "ours", self.stands, bulk)
        cost, calls = self.measured("bench.ours", str(root))
        self.show(f"ours: everything, {name}", cost, calls, "raw: everything")
        self.bench.peaks[self.count, name] = cost.peak
        most = -(-self.count // 100) + -(-self.count // 200) + _FIXED_CALLS
        self._ended(cost, created=self.count)
        self.bench.promise(calls <= most, f"{calls} calls, at most {most} are needed")
        leads = self.stands.ask("leads")
        self.bench.promise(leads == self.count, f"{leads} leads of {self.count}")

    def _rerun(self) -> None:
        """Read everything again, then only what changed: nothing may be written."""
        root = str(self.bench.place / "bulk")
        for what, flags in (("full", ("--full",)), ("incremental", ())):
            cost, calls = self.measured("bench.ours", root, *flags)
            self.show(f"ours: {what} rerun, nothing changed", cost, calls)
            reads = -(-self.count // 100) if flags else 1
            self.bench.promise(
                calls == reads, f"{calls} calls instead of {reads} reads"
            )
            self._ended(cost, created=0)

    def _one_percent(self) -> None:
        # The search index may be 60 s late, so a run reads that far back.
        since = str(int((time.time() - 1) * 1000))
        changed = self.stands.ask(f"edit {self.count // 100}")
        cost, calls = self.measured("bench.ours", str(self.bench.place / "bulk"))
        self._raw("raw: 1 % changed", since)
        self.show("ours: 1 % changed", cost, calls, "raw: 1 % changed")
        most = -(-changed // 200) * 2 + _FIXED_CALLS
        self.bench.promise(calls <= most, f"{calls} calls, at most {most} are needed")
        self._ended(cost, updated=changed)

    def _ended(self, cost: Cost, **expected: int) -> None:
        said = cost.said
        self.bench.promise(said["state"] == "done", f"the run was {said['state']}")
        for name in ("created", "updated"):
            wanted, got = expected.get(name, 0), said[name]
            self.bench.promise(got == wanted, f"{got} {name} instead of {wanted}")


@contextmanager
def _bench() -> Iterator[Bench]:
    place = Path(tempfile.mkdtemp(prefix="tasuki-bench-"))
    # Installed packages have their bytecode; a bare checkout may be told not to write.
    environment = {
        **_SECRETS,
        "PYTHONPYCACHEPREFIX": str(place / "bytecode"),
        "PYTHONDONTWRITEBYTECODE": "",
    }
    os.environ.pop("TASUKI_LEDGER_URL", None)
    try:
        yield Bench(place, environment)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _warm(bench: Bench) -> None:
    """Run everything once on a few records, so that bytecode is there."""
    with Stands(300) as stands:
        root = str(bench.project("warm", stands, 200))
        run("bench.ours", root, environment=bench.environment)
        run("bench.raw", *stands.urls.values(), environment=bench.environment)


def main() -> int:
    """Measure and print; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10,000 records only")
    parser.add_argument("--repeat", type=int, default=1, help="rounds of each size")
    asked = parser.parse_args()
    counts = (10_000,) if asked.quick else (10_000, 100_000)
    with _bench() as bench:
        _warm(bench)
        print(_HEAD)
        for count in counts:
            with Stands(count) as stands:
                for _ in range(asked.repeat):
                    Round(bench, stands, count).go()
        for (count, name), peak in bench.peaks.items():
            if count != counts[0]:
                small = bench.peaks[counts[0], name]
                print(f"memory, {name}: {peak / small:.2f} x that of {counts[0]:,}")
    for words in bench.broken:
        print(f"broken: {words}")
    return 1 if bench.broken else 0


if __name__ == "__main__":
    sys.exit(main())
