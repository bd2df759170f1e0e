"""`python -m tasuki.demo.month`: the month end of a small company, on one screen."""

import argparse
import logging
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

import httpx
from rich.console import Console

from tasuki.demo.month_screen import show_month
from tasuki.demo.month_world import (
    CUSTOMERS,
    DISPUTED,
    LATE,
    MONTH_AFTER,
    MONTH_END,
    PART,
    RETURNED,
    month_world,
)
from tasuki.engine.answer import Answer, ruling_of, settled
from tasuki.engine.run import run_sync
from tasuki.engine.sync import Options
from tasuki.ledger import Ledger
from tasuki.model.errors import ConfigError, TasukiError
from tasuki.ports import Token
from tasuki.project import Project
from tasuki.registry import Registry
from tasuki.sandbox.rehearsal import ENVIRONMENT, Rehearsal

SYSTEMS: Final = ("salesforce", "freee", "moneyforward")
BOOKS: Final = ("freee", "moneyforward")
PLANS: Final = "plan.salesforce-hub"
_PLENTY: Final = 1_000  # the demo's own month is no surprise to a guard
_SEEN: Final = "Begin anew: `python -m tasuki.demo.month --fresh`."
_PART: Final = 100_000
_AGREED: Final = 60_000
_WHILE: Final = 5.0  # what people and runs take

Report = dict[str, Any]


@dataclass(slots=True)
class DemoClock:
    """The days of the demo: they pass when it says so."""

    at: datetime = MONTH_END
    passed: float = 0.0

    def now(self) -> datetime:
        """Return the demo's present."""
        return self.at

    def monotonic(self) -> float:
        """Return the seconds that have passed in the demo."""
        return self.passed

    def sleep(self, seconds: float) -> None:
        """Let the seconds pass at once."""
        self.at += timedelta(seconds=seconds)
        self.passed += seconds

    def move(self, to: datetime) -> None:
        """Let days pass."""
        self.sleep(max((to - self.at).total_seconds(), 0.0))


@dataclass(slots=True)
class Month:
    """The company, its systems as stand-ins, and the ledger between them."""

    place: Path
    clock: DemoClock = field(default_factory=DemoClock)
    rehearsal: Rehearsal = field(init=False)
    project: Project = field(init=False)
    ledger: Ledger = field(init=False)
    is_new: bool = field(init=False)
    _client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.is_new = not self._world_file.is_file()
        self._client = httpx.Client(timeout=30)
        options: dict[str, dict[str, Any]] = {
            name: {"clock": self.clock} for name in BOOKS
        }
        options["salesforce"] = {"now": self.clock.now}
        rehearsal = Rehearsal(Registry(self.place), systems=SYSTEMS, options=options)
        self.rehearsal = rehearsal.start(month_world() if self.is_new else None)
        if not self.is_new:
            rehearsal.load(self._world_file)
            told = self._clock_file.read_text(encoding="utf-8")
            self.clock.move(datetime.fromisoformat(told))
        self.place.mkdir(parents=True, exist_ok=True)
        text = rehearsal.connections_yaml()
        (self.place / "connections.yaml").write_text(text, encoding="utf-8")
        self.project = Project(self.place, environment=ENVIRONMENT, clock=self.clock)
        self.ledger = self.project.open_ledger()
        for name in BOOKS:
            self.ledger.tokens(name).save(Token("sandbox-token"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.rehearsal.save(self._world_file)
        self._clock_file.write_text(self.clock.now().isoformat(), encoding="utf-8")
        self._client.close()
        self.ledger.close()
        self.rehearsal.stop()

    @property
    def _world_file(self) -> Path:
        return self.place / ".tasuki" / "month.json"

    @property
    def _clock_file(self) -> Path:
        return self._world_file.with_name("month.clock")

    def run(self, mapping: str) -> Report:
        """Run one mapping as its flow does."""
        self.clock.sleep(_WHILE)
        sync = self.project.open_sync(self.project.mappings[mapping], self.ledger)
        try:
            report = run_sync(sync, Options(allow=_PLENTY)).as_json()
        finally:
            sync.close()
        if report["error"] or report["dead"]:
            what = f"{report['error']} {report['reasons']}"
            raise ConfigError(mapping, what, _SEEN)
        return report

    def bill(self) -> list[Report]:
        """Close what is due: plans, then invoices and credit notes in both systems."""
        reports = [self.run(PLANS)]
        for system in BOOKS:
            names = (f"customer.salesforce-{system}", f"invoice.hub-{system}")
            reports += [self.run(one) for one in (names[1], *names)]
            reports.append(self.run(f"credit_note.hub-{system}"))
        return reports

    def follow(self) -> list[Report]:
        """Bring back what was paid."""
        names = [f"payment.{system}-hub" for system in BOOKS]
        return [self.run(one) for one in (*names, "payment.hub-salesforce")]

    # -- people ------------------------------------------------------------------------

    def act(self, system: str, name: str, **body: object) -> None:
        """Do what a person does in a system's screens."""
        self.clock.sleep(_WHILE)
        url = f"{self.rehearsal.servers[system].url}/__act/{name}"
        answer = self._client.post(url, json=body)
        if answer.status_code != httpx.codes.OK:
            raise ConfigError(system, f"{name}: {answer.text}", _SEEN)

    def set_up(self) -> None:
        """Say of customers where they are billed, and which have a closing day."""
        wanted = {one.name: one for one in CUSTOMERS}
        for key, row in self.rows("Account").items():
            one = wanted[str(row["Name"])]
            day = str(one.closing_day) if one.closing_day else None
            fields = {"Billing_System__c": one.system or None, "Closing_Day__c": day}
            self.act("salesforce", "edit", object="Account", id=key, fields=fields)

    def pay(self) -> None:
        """Let customers pay by the last day: one is late, one pays a part."""
        for deal, (system, document) in self.documents().items():
            if deal == LATE:
                continue
            if system == "moneyforward":
                self.act("moneyforward", "mark_paid", id=document)
            else:
                amount = _PART if deal == PART else None
                paid = {"amount": amount, "date": "2026-06-30"}
                self.act("freee", "receive", id=int(document), **paid)

    def amend(self) -> None:
        """Let a customer dispute an amount, and another one give something back."""
        self.sell_for(DISPUTED, _AGREED)
        self.lose(RETURNED)

    def sell_for(self, deal: str, price: int) -> None:
        """Give the first line of a deal another price."""
        own, lines = self.id_of(deal), self.rows("OpportunityLineItem")
        key = min(k for k, row in lines.items() if row["OpportunityId"] == own)
        asked = {"object": "OpportunityLineItem", "id": key}
        self.act("salesforce", "edit", **asked, fields={"UnitPrice": price})

    def lose(self, deal: str) -> None:
        """Let a deal be cancelled after it was billed."""
        asked = {"object": "Opportunity", "id": self.id_of(deal)}
        self.act("salesforce", "edit", **asked, fields={"StageName": "Closed Lost"})

    def approve(self, deal: str) -> None:
        """Let accounting approve what a deal is held for."""
        own = self.id_of(deal)
        (hold,) = [one for one in self.ledger.holds(PLANS) if one.source_id == own]
        answer = settled(hold, Answer())
        self.ledger.rule([ruling_of(hold, answer, "経理", "解約に合意")])

    # -- what stands there -------------------------------------------------------------

    def rows(self, table: str) -> Mapping[str, Mapping[str, Any]]:
        """Return rows of a Salesforce object by id."""
        sandbox: Any = self.rehearsal.servers["salesforce"].sandbox
        return dict(sandbox.store.tables[table].rows)

    def id_of(self, deal: str) -> str:
        """Return the id of the deal of a name."""
        rows = self.rows("Opportunity").items()
        return next(key for key, row in rows if row["Name"] == deal)

    def documents(self) -> dict[str, tuple[str, str]]:
        """Return where each invoice of one deal stands, by the deal's name."""
        names = {key: str(row["Name"]) for key, row in self.rows("Opportunity").items()}
        book = self.ledger.billing()
        due = book.invoices_after(0, _PLENTY, credits_too=True)
        found: dict[str, tuple[str, str]] = {}
        for one, (_, where, _) in book.issued([row.id for row in due]).items():
            system, _, document = where.split("/", 2)
            found[names.get(one, one)] = (system, document)
        return found


def show(place: Path, console: Console) -> Month:
    """Close a month, then look again: nothing is billed twice."""
    with Month(place) as month:
        if month.is_new:
            month.set_up()
            month.bill()
            month.follow()
            month.clock.move(MONTH_AFTER)
            month.pay()
            month.amend()
            month.bill()
            month.approve(RETURNED)
        month.bill()
        month.follow()
        before = month.rehearsal.writes()
        again = [*month.bill(), *month.follow()]
        show_month(
            console, month.ledger, month.rows("Opportunity"), month.project.today()
        )
        created = sum(report["created"] for report in again)
        writes = month.rehearsal.writes() - before
        console.print(
            f"\nもう一度 / once more: {created} 件作成 created, {writes} writes",
            highlight=False,
        )
    return month


def main() -> int:
    """Run the demo."""
    parser = argparse.ArgumentParser(
        prog="python -m tasuki.demo.month", description=__doc__
    )
    parser.add_argument(
        "--place",
        type=Path,
        default=Path(".tasuki/demo-month"),
        help="folder of the demo's project",
    )
    parser.add_argument("--fresh", action="store_true", help="forget the last demo")
    given = parser.parse_args()
    place = given.place.resolve()
    if given.fresh and (place / "connections.yaml").is_file():
        shutil.rmtree(place)  # nothing but a demo's own folder
    logging.basicConfig(level=logging.ERROR)
    width = None if sys.stdout.isatty() else 120
    console = Console(soft_wrap=True, width=width)
    try:
        show(place, console)
    except TasukiError as error:
        console.print(str(error), markup=False)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
