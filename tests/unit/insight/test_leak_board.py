"""What is laid on the board: values in one form, plans of the hub, documents by mark."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tasuki.insight.leak.board import Board
from tasuki.insight.leak.column import converter
from tasuki.insight.leak.documents import put_documents, round_off
from tasuki.insight.leak.ground import Ground
from tasuki.insight.leak.hunt import hunt
from tasuki.insight.leak.ledger_rows import (
    drop_direct_plans,
    put_handoffs,
    put_onboardings,
    put_plans,
)
from tasuki.insight.leak.rule import rules
from tasuki.insight.leak.setting import LeakSettings
from tasuki.ledger import Ledger, NewDecision, NewIntent
from tasuki.ledger.handoffs import Handoff
from tasuki.ledger.rows import ConfirmRow, encode
from tasuki.ledger.stage_events import StoredEvent
from tasuki.mapping.load import load_mappings
from tasuki.testing import ManualClock
from tasuki.transport.calls import Calls
from tests.unit.insight.leaky_company import TERMS
from tests.unit.ledger.material import link

KEY = b"k" * 32
MAPPINGS = Path(__file__).parents[3] / "mappings"
TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 1, tzinfo=UTC)
LIMITS = {**TERMS, "sync_lag_minutes": 1440}
GIVEN = {**TERMS, "now": "2026-11-20T01:00:00Z", "today": "2026-11-20"}


@pytest.mark.parametrize(
    ("column", "given", "put"),
    [
        ("won_at", "2026-11-19", "2026-11-18T15:00:00Z"),  # midnight in Japan
        ("created_at", "2026-11-19T10:00:00.000+0000", "2026-11-19T10:00:00Z"),
        ("created_at", "2026-11-19 10:00:00", "2026-11-19T01:00:00Z"),
        ("created_at", datetime(2026, 11, 19, 1, tzinfo=UTC), "2026-11-19T01:00:00Z"),
        ("created_at", "", None),
        ("close_date", "2026-11-19", "2026-11-19"),
        ("close_date", "2026-11-19T20:00:00Z", "2026-11-20"),  # the next day in Japan
        ("close_date", date(2026, 11, 19), "2026-11-19"),
        ("is_won", "false", 0),
        ("is_won", "true", 1),
        ("is_won", None, 0),
        ("amount_excl", "1000.0", 1000),
        ("amount_excl", Decimal("10.25"), 10.25),
        ("amount_excl", None, None),
        ("id", 1001, "1001"),
        ("core_key", "", ""),
        ("billing_contact", None, None),
    ],
)
def test_a_value_takes_the_boards_form(column: str, given: object, put: object) -> None:
    assert converter(column, KEY)(given) == put


def test_a_name_is_put_as_a_keyed_hash() -> None:
    one = converter("core_key", KEY)("株式会社サンプル")
    assert one == converter("core_key", KEY)("株式会社サンプル")
    assert one != converter("core_key", b"j" * 32)("株式会社サンプル")
    assert "サンプル" not in str(one)


@pytest.mark.parametrize(("column", "given"), [("won_at", "soon"), ("amount", "many")])
def test_a_value_that_does_not_fit_is_refused(column: str, given: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        converter(column, KEY)(given)


# -- plans and documents -----------------------------------------------------------


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    clock = ManualClock(datetime(2026, 11, 20, 1, tzinfo=UTC))
    empty = tmp_path / "mappings"
    empty.mkdir()
    with Ledger.open(
        f"sqlite:///{tmp_path}/ledger.db", clock, secret_key=KEY
    ) as ledger:
        yield Ground(
            ledger=ledger,
            clock=clock,
            settings=LeakSettings({}, {}, {}, {}, ()),
            mappings=load_mappings([empty], today=lambda: TODAY),
            connected=frozenset(),
            opened=pytest.fail,
            calls=Calls(),
        )


@pytest.fixture
def board() -> Iterator[Board]:
    with closing(Board()) as made:
        yield made


def plan(ground: Ground, deal: str, **more: Any) -> None:
    fields = {
        "deal": deal,
        "company": "c1",
        "schedule": "monthly",
        "start": "2026-09-01",
        "lines": [
            {
                "description": "利用料",
                "quantity": "1",
                "unit_price": "30000",
                "tax": "standard",
            }
        ],
    } | more
    with ground.ledger.billing().writing() as tx:
        tx.put_plan(deal, fields, str(more.get("state", "won")), None)


def found(board: Board, rule: str) -> list[str]:
    return sorted(row.subject for row in board.ask(rules()[rule], GIVEN))


def test_each_period_of_a_plan_is_due_on_its_day(ground: Ground, board: Board) -> None:
    plan(ground, "d1")
    assert put_plans(board, ground, TODAY) == 0
    assert found(board, "L12") == [f"d1:2026-{month:02d}-01" for month in (9, 10, 11)]


def test_what_is_billed_together_is_due_on_the_closing_day(
    ground: Ground, board: Board
) -> None:
    plan(ground, "d1", closing_day=25, start="2026-10-26")
    put_plans(board, ground, TODAY)
    assert found(board, "L12") == []  # closes on the 25th of November


def test_a_paused_plan_is_not_due(ground: Ground, board: Board) -> None:
    plan(ground, "d1", state="paused")
    put_plans(board, ground, TODAY)
    assert found(board, "L12") == []


def test_a_plan_that_cannot_be_read_is_counted(ground: Ground, board: Board) -> None:
    plan(ground, "d1", schedule="whenever")
    assert put_plans(board, ground, TODAY) == 1


def direct(board: Board, *deals: str) -> None:
    """Deals that are their own plan, as leaks.yaml says."""
    board.put(
        "invoice_plan",
        [
            {
                "id": one,
                "deal_id": one,
                "bill_on": "2026-11-01",
                "amount_excl": 1,
                "cancelled": 0,
            }
            for one in deals
        ],
    )
    board.note_origin("invoice_plan", ((one, f"sfa/Deal/{one}", None) for one in deals))


def bill(ground: Ground, board: Board, source: str, record: str, invoice: str) -> None:
    """An invoice that the hub made, as accounting shows it."""
    mark = f"mark-{invoice}"
    row = NewIntent(
        f"x{invoice}", "invoice", record, source, "books/invoice", None, "create", record,
        mark, "", "", encode({"total": 1}), "", "", "",
    )  # fmt: skip
    with ground.ledger.transaction(None, "r1") as tx:
        tx.add_intents([row], "sending")
        tx.confirm([ConfirmRow(row.id, invoice, encode({"total": 1100}))])
    show(board, invoice, mark)


def show(board: Board, invoice: str, mark: str) -> None:
    board.put(
        "invoice",
        [{"id": invoice, "remote_id": invoice, "system": "books/invoice", "status": "sent",
          "sent_at": "2026-11-02T00:00:00Z", "remote_amount_incl": 1100}],
    )  # fmt: skip
    board.fill(
        "INSERT INTO marked VALUES (?, ?, ?)", [("books/invoice", invoice, mark)]
    )


def documents(ground: Ground, board: Board) -> None:
    put_plans(board, ground, TODAY)
    put_documents(board, ground, "books/invoice", "total")
    drop_direct_plans(board)
    round_off(board)


def test_without_plans_a_deal_is_its_own(ground: Ground, board: Board) -> None:
    direct(board, "d1", "d2")
    bill(ground, board, "sfa/Deal", "d1", "9001")
    documents(ground, board)
    assert found(board, "L12") == ["d2"]
    assert next(board.rows("SELECT deal_id, plan_id, amount_incl FROM invoice")) == (
        "d1",
        "d1",
        1100,
    )


def test_a_copy_with_our_mark_is_a_double_invoice(ground: Ground, board: Board) -> None:
    direct(board, "d1")
    bill(ground, board, "sfa/Deal", "d1", "9001")
    show(board, "9002", "mark-9001")
    documents(ground, board)
    assert found(board, "L16") == ["d1"]


def test_an_invoice_of_a_person_is_nobodys_plan(ground: Ground, board: Board) -> None:
    direct(board, "d1")
    show(board, "9003", "somebody elses")
    documents(ground, board)
    assert found(board, "L12") == ["d1"]
    assert found(board, "L34") == []  # who made it archives it


def test_a_due_invoice_bills_every_instalment_on_it(
    ground: Ground, board: Board
) -> None:
    from tasuki.billing.instalment import instalments
    from tasuki.billing.plan import read_plan

    for deal in ("d1", "d2"):
        plan(ground, deal, closing_day=20, start="2026-10-21", schedule="once")
    direct(board, "d1", "d3")
    with ground.ledger.billing().writing() as tx:
        for one in tx.plans(["d1", "d2"]).values():
            for part in instalments(read_plan(one.fields), TODAY):
                tx.put_part(part, "c1:2026-11-20:ff")
    bill(ground, board, "hub/due_invoice", "c1:2026-11-20:ff", "9001")
    documents(ground, board)
    assert found(board, "L12") == []
    covered = "SELECT plan_id FROM covered ORDER BY plan_id"
    assert [row[0] for row in board.rows(covered)] == ["d1", "d2"]
    # Where the hub keeps plans, a deal without one lacks it.
    board.put("deal", [{"id": "d3", "is_won": 1, "won_at": "2026-11-01T00:00:00Z"}])
    assert found(board, "L11") == ["d3"]


# -- handoffs ----------------------------------------------------------------------


def handoff(name: str, hours: float, state: str = "open", **more: Any) -> Handoff:
    """One that is due so many hours ago, as its event in HubSpot told of it."""
    due = NOW - timedelta(hours=hours)
    closed = None if state == "open" else NOW - timedelta(minutes=1)
    return Handoff(
        id=name, handoff="mql_to_sal", subject="person/7", source="crm",
        opened_by=f"crm:contacts/{name}:lifecyclestage", giver="marketing",
        taker="inside_sales", owner="", channel="", opened_at=due - timedelta(days=1),
        warn_at=due - timedelta(hours=2), due_at=due, within="8 business_hours",
        rule_hash="r", state=state, closed_at=closed, **more,
    )  # fmt: skip


def with_handoffs(ground: Ground, *rows: Handoff) -> Ground:
    ground.ledger.handoffs().keep(rows, [])
    ground.handoffs = ground.ledger.handoffs().rows
    return ground


def test_a_handoff_past_its_time_is_known_by_its_own_id(
    ground: Ground, board: Board
) -> None:
    rows = [handoff("late", 1), handoff("soon", -1), handoff("taken", 1, "accepted")]
    called_off = ["merged", "out_of_scope", "rejected_at_gate", "withdrawn"]
    rows += [handoff(state, 1, state) for state in called_off]
    assert put_handoffs(board, with_handoffs(ground, *rows))
    assert found(board, "L03") == ["late"]
    cancelled = "SELECT COUNT(*) FROM handoff WHERE cancelled_at IS NOT NULL"
    assert next(board.rows(cancelled)) == (len(called_off),)
    more = with_handoffs(ground, handoff("older", 99))
    with closing(Board()) as again:
        put_handoffs(again, more)
        assert found(again, "L03") == ["late", "older"]


def test_a_late_handoff_leads_to_the_record_that_opened_it(
    ground: Ground, board: Board
) -> None:
    at = "2026-11-18T00:00:00+00:00"
    name = "contacts/late:lifecyclestage"
    event = StoredEvent("person/123", "mql", at, at, "crm", name)
    ground.ledger.stages().add([event])
    ground.connected = frozenset({"crm"})
    put_handoffs(board, with_handoffs(ground, handoff("late", 1)))
    (row,) = board.ask(rules()["L03"], GIVEN)
    assert row.ref == "crm/contacts/123"  # the event's own subject, not who it became


def test_a_late_handoff_is_the_turn_of_the_department_that_takes(
    ground: Ground,
) -> None:
    ground.settings = LeakSettings(LIMITS, {}, {}, {}, ())
    rows = [
        handoff("lead", 1),
        handoff("deal", 1)._replace(taker="back_office"),
        handoff("other", 1)._replace(taker="warehouse"),  # no department of leaks
    ]
    found = hunt(with_handoffs(ground, *rows)).findings
    assert {one.subject: one.department for one in found if one.rule == "L03"} == {
        "lead": "inside_sales",
        "deal": "back_office",
        "other": "inside_sales",
    }


def test_without_a_handoff_the_rule_is_not_looked_for(ground: Ground) -> None:
    ground.settings = LeakSettings(LIMITS, {}, {}, {}, ())
    assert "tasuki collect" in hunt(ground).not_looked["L03"]
    assert "L03" not in hunt(with_handoffs(ground, handoff("late", 1))).not_looked
    assert [one.key for one in ground.ledger.findings()] == ["L03/late"]


# -- onboarding --------------------------------------------------------------------


def test_a_won_deal_that_the_hub_has_not_handed_over_is_a_leak(
    ground: Ground, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = "onboarding.salesforce-hubspot"
    ledger, ground.mappings = (
        ground.ledger,
        load_mappings([MAPPINGS], today=lambda: TODAY),
    )
    monkeypatch.setattr(ledger._database, "clock", ManualClock(NOW - timedelta(days=9)))
    assert not put_onboardings(board, ground)  # it was never used
    ledger.start_run("r1", sync, "run")
    sent = link(1, sync=sync, source_id="sent", destination="hubspot/tickets")
    skip = NewDecision("skipped", sync, "skipped", "existing_customer", "", "r", "v")
    with ledger.transaction(None, "r1") as tx:
        tx.put_links([sent])
        tx.add_decisions([skip])
    days = {"sent": 5, "skipped": 5, "before": 20, "fresh": 1, "forgotten": 5}
    board.put(
        "deal",
        [
            {
                "id": name,
                "is_won": 1,
                "amount_excl": 100,
                "won_at": (NOW - timedelta(days=ago)).isoformat(),
            }
            for name, ago in days.items()
        ],
    )
    assert put_onboardings(board, ground)
    assert found(board, "L23") == ["forgotten"]
    looked = hunt(with_thresholds(ground)).not_looked
    assert "not when it is due" in looked["L24"]


def with_thresholds(ground: Ground) -> Ground:
    ground.settings = LeakSettings(LIMITS, {}, {}, {}, ())
    return ground
