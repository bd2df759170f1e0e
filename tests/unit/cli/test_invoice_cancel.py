"""`tasuki invoice cancel`, on a project that has billed won deals at stand-ins."""

from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tasuki.cli import main
from tasuki.ledger import lease_name
from tasuki.ledger.cancellations import Asked
from tasuki.ports import Token
from tasuki.project import Project
from tasuki.registry import Registry
from tasuki.sandbox.demo_world import demo_world
from tasuki.sandbox.faults import Fault, Kind
from tasuki.sandbox.rehearsal import ENVIRONMENT, Rehearsal
from tests.unit.cli.rehearsing import Desk, new_project

SYNC = "invoice.salesforce-freee"
SYSTEMS = ("salesforce", "freee", "moneyforward")
WHY = ("--why", "宛名の誤り", "--by", "佐藤")


class Books(NamedTuple):
    folder: Path
    rehearsal: Rehearsal

    @property
    def rows(self):
        return self.rehearsal.servers["freee"].sandbox.invoices.rows

    def fresh(self) -> str:
        """Return an invoice of freee's that nobody has touched."""
        return next(
            str(number)
            for number, row in self.rows.items()
            if row["cancel_status"] == "uncanceled"
            and row["payment_status"] == "unsettled"
        )

    def writes(self) -> int:
        return self.rehearsal.servers["freee"].total("PUT")

    def act(self, name: str, one: str) -> None:
        url = f"{self.rehearsal.servers['freee'].url}/__act/{name}"
        assert httpx.post(url, json={"id": int(one)}).status_code == 200

    def plant(self, *faults: Fault) -> None:
        self.rehearsal.servers["freee"].faults.plant(*faults)


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    folder = tmp_path_factory.mktemp("books")
    rehearsal = Rehearsal(Registry(Path(__file__).parent), systems=SYSTEMS)
    with rehearsal.start(demo_world(people=10, deals=50, won=36)):
        new_project(folder, rehearsal.connections_yaml())
        lines = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
        (folder / ".env").write_text("\n".join(lines), encoding="utf-8")
        with Project(folder).open_ledger() as ledger:
            for name in SYSTEMS[1:]:
                ledger.tokens(name).save(Token("sandbox-token"))
        deals = rehearsal.servers["salesforce"].sandbox.store.tables["Opportunity"].rows
        won = [one for one, row in deals.items() if row["IsWon"]]
        few = [word for one in won[-3:] for word in ("--only", one)]
        for system, only in (("moneyforward", few), ("freee", [])):
            for step in ("invoice", "customer", "invoice"):
                named = only if step == "invoice" else []
                run = ["run", f"{step}.salesforce-{system}", *named]
                assert main(["--project", str(folder), *run]) in {0, 1}
        yield Books(folder, rehearsal)


@pytest.fixture
def desk(books, capsys) -> Desk:
    books.rehearsal.servers["freee"].faults.clear()
    return Desk(books.folder, capsys)


def cancel(desk: Desk, one: str, *more: str):
    return desk.tasuki("invoice", "cancel", one, *WHY, *more)


def deal_of(desk: Desk, one: str) -> str:
    with Project(desk.folder).open_ledger() as ledger:
        return ledger.reverse_links(SYNC, [one])[one]


def test_an_invoice_is_cancelled_by_its_deal_and_the_deal_is_not_billed_again(
    desk, books
):
    one, before = books.fresh(), books.writes()
    deal = deal_of(desk, one)
    ref = f"salesforce/Opportunity/{deal}"
    said = cancel(desk, ref, "--yes", "--json")
    assert said.code == 0, said.err
    assert said.json() | {"number": "", "total": ""} == {
        "document": f"freee/invoice/{one}",
        "record": ref,
        "mapping": SYNC,
        "number": "",
        "total": "",
        "state": "done",
        "words": "",
        "who": "佐藤",
        "why": "宛名の誤り",
        "writes": 1,
    }
    assert said.json()["total"] == f"JPY {books.rows[int(one)]['total_amount']}"
    assert books.rows[int(one)]["cancel_status"] == "canceled"
    assert books.writes() == before + 1
    count = len(books.rows)
    assert desk.tasuki("run", SYNC, "--full").code in {0, 1}
    assert len(books.rows) == count
    for asked in (ref, f"freee/invoice/{one}"):
        told = desk.tasuki("explain", asked, "--json").json()["moments"]
        (moment,) = [m for m in told if m["kind"] == "cancelled"]
        assert "佐藤: 宛名の誤り" in moment["words"], asked


def test_a_cancelled_invoice_is_not_cancelled_twice(desk, books):
    one = books.fresh()
    assert cancel(desk, f"freee/invoice/{one}", "--yes").code == 0
    before = books.writes()
    again = cancel(desk, f"freee/invoice/{one}")  # nothing is left to be asked about
    assert (again.code, "was cancelled already" in again.out) == (0, True)
    assert books.writes() == before
    with Project(desk.folder).open_ledger() as ledger:
        assert len(ledger.cancellations().about(one)) == 1


def test_one_that_a_person_cancelled_in_freee_gets_its_reason(desk, books):
    one, before = books.fresh(), books.writes()
    books.act("cancel", one)
    assert cancel(desk, f"freee/invoice/{one}").code == 0
    assert books.writes() == before
    told = desk.tasuki("explain", f"freee/invoice/{one}").out
    assert "宛名の誤り (it was cancelled already)" in told


def test_nothing_is_cancelled_unasked_or_without_a_reason(desk, books):
    one, before = books.fresh(), books.writes()
    row = books.rows[int(one)]
    said = cancel(desk, f"freee/invoice/{one}")
    assert said.code == 2
    for words in (
        row["invoice_number"], f"{row['total_amount']:,}", row["partner_display_name"],
        "say --yes",
    ):  # fmt: skip
        assert words in said.err
    said = desk.tasuki("invoice", "cancel", f"freee/invoice/{one}", "--yes")
    assert (said.code, "there is no reason given" in said.err) == (2, True)
    assert books.writes() == before


def test_a_person_at_the_screen_is_asked_and_may_say_no(desk, books, monkeypatch):
    one, before = books.fresh(), books.writes()
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    asked: list[str] = []
    answers = iter([False, True])

    def confirm(question: str, *, err: bool) -> bool:
        assert err  # what is printed stays a result alone
        asked.append(question)
        return next(answers)

    monkeypatch.setattr("typer.confirm", confirm)
    said = cancel(desk, f"freee/invoice/{one}")
    assert (said.code, books.writes()) == (1, before), said.err
    assert "nothing was cancelled" in said.err
    assert asked[0].startswith(f"Cancel {books.rows[int(one)]['invoice_number']} (JPY ")
    said = cancel(desk, f"freee/invoice/{one}")
    assert (said.code, books.writes()) == (0, before + 1), said.err


def test_what_is_paid_is_refused_with_one_clear_line(desk, books):
    one, before = books.fresh(), books.writes()
    books.act("pay", one)
    said = cancel(desk, f"freee/invoice/{one}", "--yes")
    assert said.code == 2
    first, remedy = said.err.splitlines()[-2:]
    assert first == f"freee/invoice/{one}: not cancelled: it is paid (決済済み)"
    assert "返還インボイス" in remedy
    assert books.writes() == before


def test_a_lost_answer_is_looked_up_and_sent_once(desk, books):
    one, before = books.fresh(), books.writes()
    books.plant(Fault(Kind.RESET_AFTER, "PUT", "/cancel$"))
    said = cancel(desk, f"freee/invoice/{one}", "--yes", "--json")
    assert (said.code, said.json()["state"]) == (0, "done"), said.err
    assert said.json()["words"].startswith("seen to be cancelled, after: ")
    assert books.writes() == before + 1


def test_a_lost_request_stays_in_doubt_until_somebody_asks_again(desk, books):
    one, before = books.fresh(), books.writes()
    books.plant(Fault(Kind.RESET_BEFORE, "PUT", "/cancel$"))
    said = cancel(desk, f"freee/invoice/{one}", "--yes")
    assert (said.code, "in doubt" in said.out) == (1, True), said.err
    flaws = desk.tasuki("doctor", "--deep").out
    assert "nobody knows whether they are" in flaws
    assert cancel(desk, f"freee/invoice/{one}", "--yes").code == 0
    assert books.rows[int(one)]["cancel_status"] == "canceled"
    assert books.writes() == before + 1  # the stand-in never saw the first
    with Project(desk.folder).open_ledger() as ledger:
        states = [row.state for row in ledger.cancellations().about(one)]
    assert states == ["failed", "done"]


def test_what_a_killed_process_left_is_ended_by_the_next_look(desk, books):
    one = books.fresh()
    deal = deal_of(desk, one)
    with Project(desk.folder).open_ledger() as ledger:
        ledger.cancellations().ask(
            Asked(
                SYNC,
                "salesforce/Opportunity",
                deal,
                "freee/invoice",
                one,
                "INV",
                "JPY 1",
                "田中",
                "二重",
            )
        )
    told = desk.tasuki("explain", f"freee/invoice/{one}", "--json").json()["moments"]
    assert (
        "田中: 二重 (asked)"
        in next(m for m in told if m["kind"] == "in_doubt")["words"]
    )
    books.act("cancel", one)  # the call had arrived
    assert cancel(desk, f"freee/invoice/{one}").code == 0
    with Project(desk.folder).open_ledger() as ledger:
        (row,) = ledger.cancellations().about(one)
    assert (row.state, row.who, row.words) == ("done", "田中", "seen to be cancelled")


def test_no_run_of_the_sync_works_meanwhile(desk, books):
    one, before = books.fresh(), books.writes()
    with Project(desk.folder).open_ledger() as ledger:
        lease = ledger.acquire_lease(lease_name(SYNC))
        said = cancel(desk, f"freee/invoice/{one}", "--yes")
        ledger.release_lease(lease)
    assert (said.code, books.writes()) == (1, before), said.err
    assert "is held by" in said.err


def test_a_system_without_a_call_and_an_unknown_document_say_so(desk, books):
    made = books.rehearsal.servers["moneyforward"].sandbox.billings.rows
    said = cancel(desk, f"moneyforward/billing/{next(iter(made))}", "--yes")
    assert said.code == 2
    assert "moneyforward has no call that cancels" in said.err
    said = cancel(desk, "freee/invoice/1", "--yes")
    assert (said.code, "no invoice is known" in said.err) == (2, True)
