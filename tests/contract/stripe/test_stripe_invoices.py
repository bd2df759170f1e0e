"""Invoices at Stripe: several calls, one document, and never half of one."""

import random
from decimal import Decimal
from typing import Any

import pytest

from connectors.stripe import CONNECTOR
from tasuki.model.errors import AccessError, LeaseLostError, TasukiError
from tasuki.model.record import Query
from tasuki.model.write import (
    Confirmed,
    Gone,
    InDoubt,
    Operation,
    Rejected,
    Write,
    WriteClass,
)
from tasuki.sandbox.faults import Fault, Kind
from tests.contract.stripe.account import (
    Opened,
    create,
    invoice,
    line,
    opened,
    settings,
)

TOTAL = 100_000 + 10_000 + 980 + 78


def test_an_invoice_is_a_whole_draft_that_nothing_sends_by_itself() -> None:
    with opened(account_tax_ids=["txi_1"]) as o:
        done = o.bill(
            "1",
            subject="11月分",
            billing_date="2026-11-30",
            metadata_salesforce_id="006A",
        )
        (row,) = o.invoices
        assert (row["status"], row["auto_advance"]) == ("draft", False)
        assert row["total"] == TOTAL == done.answer["total"]
        assert row["metadata"] == {
            "salesforce_id": "006A",
            "tasuki_key": "m1",
            "tasuki_lines": "2",
        }
        assert row["account_tax_ids"] == ["txi_1"]
        (told,) = o.system.source.fetch(Query("invoice", ()), [done.id])
        shown = ("partner_id", "subject", "billing_date", "currency")
        assert [told.fields[name] for name in shown] == [
            row["customer"], "11月分", "2026-11-30", "JPY",
        ]  # fmt: skip
        assert done.answer["payment_date"] == "2026-12-31"
        assert done.answer["tax"] == 10_078
        amounts = sorted(one["amount"] for one in row["lines"]["data"])
        assert amounts == [980, 100_000]
        assert o.server.total("POST .*invoice") == 3
        assert o.system.destination.facts("invoice").create_class is WriteClass.KEY


def test_finalising_and_sending_are_the_mappings_choice() -> None:
    with opened() as o:
        final = o.bill("1", finish="finalize")
        sent = o.bill("2", finish="send")
        assert (final.answer["status"], sent.answer["status"]) == ("open", "open")
        assert final.answer["number"]
        kinds = [row["type"] for row in o.sandbox.events.shelf.rows.values()]
        assert kinds.count("invoice.sent") == 1
        again = o.write("invoice", create("2", invoice_of(o, sent, finish="send")))
        assert isinstance(again, Confirmed)
        kinds = [row["type"] for row in o.sandbox.events.shelf.rows.values()]
        assert kinds.count("invoice.sent") == 1


def invoice_of(o: Opened, done: Confirmed, **changes: object) -> dict[str, object]:
    return invoice(
        partner_id=o.sandbox.invoices.shelf.rows[done.id]["customer"], **changes
    )


def test_sending_a_row_again_makes_nothing_new() -> None:
    with opened() as o:
        customer = o.customer()
        write = create("1", invoice(partner_id=customer))
        first, second = o.write("invoice", write), o.write("invoice", write)
        assert isinstance(first, Confirmed)
        assert isinstance(second, Confirmed)
        assert first.id == second.id
        assert len(o.invoices) == 1
        assert len(o.invoices[0]["lines"]["data"]) == 2


def test_lost_answers_and_stops_between_the_calls_leave_one_whole_invoice_each() -> (
    None
):
    """Whatever is lost and wherever the sender dies, each row ends as one document."""
    dice = random.Random(7)
    kinds = (Kind.RESET_AFTER, Kind.RESET_BEFORE, Kind.ERROR_AFTER, Kind.THROTTLE)
    with opened() as o:
        customer = o.customer()
        fields = invoice(partner_id=customer)
        for count in range(24):
            write = create(str(count), fields)
            for _ in range(30):
                kind = dice.choice(kinds)
                skip = dice.randrange(5)
                o.server.faults.clear()
                o.server.faults.plant(Fault(kind, path="/v1/", skip=skip, times=2))
                if isinstance(stopped(o, write, dice.randrange(1, 8)), Confirmed):
                    break
            else:
                pytest.fail("never done")
        o.server.faults.clear()
        marks = sorted(row["metadata"]["tasuki_key"] for row in o.invoices)
        assert marks == sorted(f"m{count}" for count in range(24))
        assert {row["total"] for row in o.invoices} == {TOTAL}
        assert {len(row["lines"]["data"]) for row in o.invoices} == {2}
        assert o.loose_items == []


def stopped(o: Opened, write: Write, after: int) -> object:
    """Send a row; the sender is stopped after so many changes arrived."""
    limit = o.server.total("POST|DELETE") + after

    def fence() -> None:
        if o.server.total("POST|DELETE") >= limit:
            words = "another run"
            raise LeaseLostError("ledger", words)

    try:
        (outcome,) = o.system.destination.write("invoice", [write], fence)
    except TasukiError as error:
        return error
    return outcome


def test_a_refused_line_takes_the_draft_away_and_the_corrected_record_is_billed() -> (
    None
):
    with opened() as o:
        customer = o.customer()
        wrong = invoice(
            partner_id=customer, lines=[line(), line(description="x" * 501)]
        )
        outcome = o.write("invoice", create("1", wrong))
        assert isinstance(outcome, Rejected)
        assert outcome.words.startswith("description")
        assert o.invoices == o.loose_items == []
        again = o.write("invoice", create("1", wrong))
        assert isinstance(again, Rejected)
        assert o.invoices == []
        done = o.write("invoice", create("1", invoice(partner_id=customer)))
        assert isinstance(done, Confirmed)
        assert [row["total"] for row in o.invoices] == [TOTAL]


@pytest.mark.parametrize("calls", range(1, 7))
def test_a_stop_while_a_draft_is_withdrawn_leaves_nothing_half(calls: int) -> None:
    with opened() as o:
        customer = o.customer()
        wrong = invoice(
            partner_id=customer, lines=[line(), line(), line(description="x" * 501)]
        )
        write = create("1", wrong)
        stopped(o, write, calls)
        assert isinstance(o.write("invoice", write), Rejected)
        assert o.invoices == o.loose_items == []


def test_sums_that_are_not_ours_are_never_final() -> None:
    with opened({"tax_rounding": "line"}) as o:
        lines = [line(quantity=1, unit_price=105, tax="reduced") for _ in range(5)]
        done = o.bill("1", lines=lines, finish="send")
        assert done.answer["status"] == "draft"
        assert done.stated["total_incl"] == 5 * 105 + 40  # 42 by one rounding
        kinds = {row["type"] for row in o.sandbox.events.shelf.rows.values()}
        assert not kinds & {"invoice.sent", "invoice.finalized"}
        destination: Any = o.system.destination
        assert destination.stated("invoice", [done.id, "in_none"]) == {
            done.id: done.stated
        }


def test_a_price_that_contains_its_tax_is_the_total() -> None:
    with opened(tax_rates={"standard": "txr_inclusive"}) as o:
        lines = [line(quantity=1, unit_price=1100, tax="standard")]
        done = o.bill("1", lines=lines, finish="finalize")
        assert done.answer["status"] == "open"
        assert (done.answer["total"], done.answer["tax"]) == (1100, 100)
        assert done.stated["price_mode"] == "inclusive"


def test_an_error_that_stripe_repeats_for_a_key_is_looked_through() -> None:
    """A 500 is stored under its key: sending it again would fail for a day."""
    with opened() as o:
        customer = o.customer()
        for count, (path, skip) in enumerate(
            [("invoices$", 0), ("invoiceitems$", 0), ("invoiceitems$", 1)]
        ):
            for done in (True, False):
                o.act("fail", path=path, skip=skip, done=done)
                ref = f"{count}{done}"
                outcome = o.write("invoice", create(ref, invoice(partner_id=customer)))
                assert isinstance(outcome, Confirmed), outcome
        assert [row["total"] for row in o.invoices] == [TOTAL] * 6
        o.act("fail", path="customers$", done=True)
        o.customer("lost")
        marks = [
            row["metadata"]["tasuki_key"]
            for row in o.sandbox.customers.shelf.rows.values()
        ]
        assert len(marks) == len(set(marks)) == 2


def test_a_draft_that_a_person_has_taken_a_line_from_is_a_question() -> None:
    with opened() as o:
        write = create("1", invoice(partner_id=o.customer()))
        done = o.write("invoice", write)
        assert isinstance(done, Confirmed)
        item = o.invoices[0]["lines"]["data"][0]["parent"]["invoice_item_details"]
        o.act("remove_item", id=item["invoice_item"])
        outcome = o.write("invoice", write)
        assert isinstance(outcome, InDoubt)
        assert "somebody has changed it" in outcome.words
        assert len(o.invoices) == 1


def test_after_a_day_only_a_whole_invoice_is_taken_for_the_document() -> None:
    with opened() as o:
        customer = o.customer()
        whole = create("1", invoice(partner_id=customer))
        half = create("2", invoice(partner_id=customer))
        never = create("3", invoice(partner_id=customer))
        o.write("invoice", whole)
        stopped(o, half, 2)
        o.clock.pass_by(hours=25)
        one, two, three = o.system.destination.probe("invoice", [whole, half, never])
        assert [x.id for x in one.found] == [o.invoices[0]["id"]]
        assert (two.found, len(two.suspects)) == ((), 1)
        assert (three.found, three.suspects) == ((), ())
        lost = create("c1", {"name": "株式会社甲"})
        (seen,) = o.system.destination.probe("customer", [lost])
        assert [x.id for x in seen.found] == [customer]


def test_a_key_is_forgotten_after_a_day_and_refused_for_other_words() -> None:
    with opened() as o:
        customer = o.customer()
        assert o.customer() == customer
        o.clock.pass_by(hours=25)
        assert o.customer() != customer
        key = next(iter(o.sandbox.keys))
        o.sandbox.keys[key]["asked"] = "other words"
        o.sandbox.keys[key]["at"] = o.clock.now().timestamp()
        lost = o.write("customer", create("c1", {"name": "株式会社甲"}))
        assert isinstance(lost, InDoubt)
        assert "same parameters" in lost.words


def test_amounts_are_whole_units_and_nothing_is_rounded_in_silence() -> None:
    with opened() as o:
        dollars = [line(unit_price=Decimal("10.25"), quantity=3)]
        done = o.bill("1", lines=dollars, currency="USD")
        assert done.answer["total"] == Decimal("30.75")
        assert o.invoices[0]["total"] == 3075
        portion = [line(unit_price=1000, quantity=Decimal("1.5"))]
        assert o.bill("2", lines=portion).answer["total"] == 1500
        many = [line(quantity=1, unit_price=1) for _ in range(105)]
        assert o.bill("3", lines=many).answer["total"] == 105


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lines": [line(unit_price=Decimal("10.5"))]}, "finer"),
        ({"lines": [line(unit_price=1.5)]}, "exact number"),
        ({"lines": [line(tax="legacy8")]}, "tax_rates"),
        ({"lines": []}, "lines"),
        ({"currency": "isk"}, "currency"),
        ({"partner_id": ""}, "partner_id"),
        ({"tax_rounding": "up"}, "tax_rounding"),
        ({"finish": "post"}, "finish"),
        ({"metadata_tasuki_key": "x"}, "own"),
        ({"surprise": 1}, "surprise"),
        ({"collection_method": "charge_automatically", "finish": "send"}, "sent"),
        ({"payment_date": "2026-11-01"}, "future"),
    ],
)
def test_what_stripe_would_refuse_leaves_nothing_there(
    changes: dict[str, Any], words: str
) -> None:
    with opened() as o:
        fields = invoice(partner_id=o.customer()) | changes
        outcome = o.write("invoice", create("1", fields))
        assert isinstance(outcome, Rejected)
        assert words in outcome.words
        assert ("payment_date" in changes) == ("later one" in outcome.remedy)
        assert o.invoices == []


def test_a_draft_may_be_changed_and_a_final_one_not() -> None:
    with opened() as o:
        done = o.bill("1")
        change = Write("u1", Operation.UPDATE, {"subject": "訂正"}, done.id)
        assert isinstance(o.write("invoice", change), Confirmed)
        assert o.invoices[0]["description"] == "訂正"
        lines = Write("u2", Operation.UPDATE, {"lines": []}, done.id)
        assert isinstance(o.write("invoice", lines), Rejected)
        o.act("finalize", id=done.id)
        refused = o.write(
            "invoice", Write("u3", Operation.UPDATE, {"footer": "x"}, done.id)
        )
        assert isinstance(refused, Rejected)
        assert refused.code == "invoice_not_editable"
        gone = Write("u4", Operation.UPDATE, {"footer": "x"}, "in_none")
        assert isinstance(o.write("invoice", gone), Gone)


def test_a_request_is_shown_as_it_will_be_sent() -> None:
    assert CONNECTOR.render is not None
    own = settings("http://127.0.0.1:1")
    fields = invoice(partner_id="cus_1", currency="JPY")
    request = CONNECTOR.render(own, "invoice", create("1", fields))
    assert (request.method, request.path) == ("POST", "/v1/invoices")
    items: Any = request.body["items"]
    assert items[0]["unit_amount_decimal"] == "50000"
    assert items[1]["tax_rates"] == ["txr_reduced"]
    assert request.body["due_date"] == 1798729199


def test_a_refused_key_is_the_connections_fault_and_never_shown() -> None:
    with opened(api_key="rk_test_other") as o, pytest.raises(AccessError) as caught:
        o.write("customer", create("1", {"name": "甲"}))
    assert "rk_test" not in str(caught.value)
