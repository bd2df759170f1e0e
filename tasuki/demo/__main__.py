"""`python -m tasuki.demo`: start everything, run the relay three times, show it."""

import argparse
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from rich.console import Console

from tasuki.clock import SystemClock
from tasuki.demo.people import People
from tasuki.demo.screen import Passed, show_result
from tasuki.model.errors import TasukiError
from tasuki.registry import Registry
from tasuki.sandbox.demo_world import demo_world
from tasuki.sandbox.rehearsal import ENVIRONMENT, Rehearsal
from tasuki.sandbox.world import World
from tasuki.stack import Stack, free_port

_FLOWS = ("sync_leads", "hand_over_qualified", "bill_won_deals", "follow_payments")
_PORTS = {"hubspot": 8801, "salesforce": 8802, "freee": 8803}


@dataclass(slots=True)
class Demo:
    """One showing."""

    place: Path
    console: Console
    began: float = field(default_factory=time.monotonic)

    def run(self) -> int:
        """Show the whole relay; returns the exit code."""
        self.place.mkdir(parents=True, exist_ok=True)
        own = self.place / ".tasuki"
        clock = SystemClock()
        with Stack(self.place, own / "logs", dict(os.environ), clock) as stack:
            rehearsal = self._stand_ins()
            try:
                with self._step("Prefect server (the first start takes longest)"):
                    api = stack.start_server(own / "prefect", free_port(4200))
                os.environ |= stack.prefect
                os.environ["PREFECT_LOGGING_LEVEL"] = "ERROR"
                passes = self._relay(rehearsal)
                rehearsal.save(self._world_file)
                ui_url = api.removesuffix("/api")
                show_result(self.console, self.place, passes, ui_url)
                self._linger(stack)
            finally:
                rehearsal.stop()
        return 0 if all(p.writes == 0 for p in passes[1:]) else 1

    @property
    def _world_file(self) -> Path:
        return self.place / ".tasuki" / "world.json"

    def _stand_ins(self) -> Rehearsal:
        """Start HubSpot, Salesforce and freee, as they were left the last time."""
        kept = self._world_file.is_file()
        words = "as left by the last demo" if kept else "1,000 contacts, 120 deals"
        with self._step(f"stand-ins of HubSpot, Salesforce and freee ({words})"):
            ports = {name: free_port(port) for name, port in _PORTS.items()}
            rehearsal = Rehearsal(Registry(self.place), ports)
            rehearsal.start(None if kept else self._world())
            if kept:
                rehearsal.load(self._world_file)
            os.environ |= {**ENVIRONMENT, "TASUKI_PROJECT": str(self.place)}
            os.environ.pop("TASUKI_LEDGER_URL", None)
            text = rehearsal.connections_yaml()
            (self.place / "connections.yaml").write_text(text, encoding="utf-8")
        return rehearsal

    @staticmethod
    def _world() -> World:
        return demo_world(today=SystemClock().now())

    def _relay(self, rehearsal: Rehearsal) -> list[Passed]:
        """Run every flow once with people working in between, then twice more."""
        from tasuki.demo import relay  # noqa: PLC0415 - Prefect, once its server is up
        from tasuki.demo.login import log_in_to_freee  # noqa: PLC0415

        log_in_to_freee(self.place)
        with closing(People(rehearsal, self._world())) as people:
            passes = [self._first_pass(rehearsal, relay, people)]
        for name in ("second", "third"):
            again = self._another_pass(rehearsal, relay, name)
            passes.append(again)
        return passes

    def _first_pass(
        self, rehearsal: Rehearsal, relay: ModuleType, people: People
    ) -> Passed:
        first = Passed("first")
        begun = rehearsal.writes()
        meant = {"allow": 2_000}
        words = "marketing → inside sales"
        self._flow(first, relay, "sync_leads", words, options=meant)
        with self._step("people: inside sales calls, field sales wins deals"):
            people.work_leads()
            people.convert_and_win()
        self._flow(first, relay, "hand_over_qualified", "sales → marketing")
        self._flow(first, relay, "bill_won_deals", "field sales → back office")
        with self._step("people: customers pay two invoices of three"):
            people.pay()
        self._flow(first, relay, "follow_payments", "back office → sales")
        first.writes = rehearsal.writes() - begun
        return first

    def _another_pass(
        self, rehearsal: Rehearsal, relay: ModuleType, name: str
    ) -> Passed:
        again = Passed(name)
        begun = rehearsal.writes()
        with self._step(f"the whole relay a {name} time"):
            for flow in _FLOWS:
                again.reports += relay.run_flow(flow)
        again.writes = rehearsal.writes() - begun
        return again

    def _flow(
        self,
        passed: Passed,
        relay: ModuleType,
        name: str,
        words: str,
        **parameters: object,
    ) -> None:
        with self._step(f"flow {name} ({words})"):
            passed.reports += relay.run_flow(name, **parameters)

    @contextmanager
    def _step(self, words: str) -> Iterator[None]:
        """Say what is being done, and how long it took."""
        begun = time.monotonic()
        if self.console.is_terminal:
            with self.console.status(words):
                yield
        else:
            yield
        seconds = time.monotonic() - begun
        self.console.print(f"  ✓ {words}  [dim]{seconds:.1f} s[/dim]", highlight=False)

    def _linger(self, stack: Stack) -> None:
        """Keep the UI open while a person looks."""
        if not sys.stdin.isatty():
            return
        self.console.print("\nCtrl-C ends the demo; its data stay for the next one.")
        try:
            stack.watch()
        except KeyboardInterrupt:
            self.console.print()


def main() -> int:
    """Run the demo."""
    parser = argparse.ArgumentParser(prog="python -m tasuki.demo", description=__doc__)
    parser.add_argument(
        "--place",
        type=Path,
        default=Path(".tasuki/demo"),
        help="folder of the demo's project",
    )
    parser.add_argument("--fresh", action="store_true", help="forget the last demo")
    given = parser.parse_args()
    place = given.place.resolve()
    if given.fresh:
        _forget(place)
    logging.basicConfig(level=logging.ERROR)
    width = None if sys.stdout.isatty() else 120
    console = Console(soft_wrap=True, width=width)
    console.print("[bold]Tasuki demo[/bold]: HubSpot → Salesforce → freee → back\n")
    try:
        return Demo(place, console).run()
    except TasukiError as error:
        console.print(str(error), markup=False)
        console.print(f"  {error.remedy}", markup=False)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def _forget(place: Path) -> None:
    import shutil  # noqa: PLC0415 - on request only

    if (place / "connections.yaml").is_file():  # nothing but a demo's own folder
        shutil.rmtree(place)


if __name__ == "__main__":
    sys.exit(main())
