"""Invoices to クラウド請求書: at most once, and only with sums that are ours."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tasuki.billing.document import differences, totals
from tasuki.model.errors import ConfigError, ThrottledError
from tasuki.model.sweep import SweepQuery
from tasuki.model.write import (
    Confirmed,
    Deferred,
    Gone,
    InDoubt,
    Operation,
    Rejected,
    Write,
    WriteClass,
)
from tasuki.sandbox.faults import Fault, Kind
from tests.contract.moneyforward.office import CREATES, create, invoice, line, opened

LOST = [
    Kind.RESET_AFTER,
    Kind.HANG_AFTER,
    Kind.ERROR_AFTER,
    Kind.TRUNCATE,
    Kind.NOT_JSON,
]
_CREATE = "invoice_template_billings"


def test_an_invoice_is_a_draft_for_the_partners_department_with_our_tag() -> None:
    with opened() as o:
        customer = o.customer()
        done = o.bill("1", partner_id=customer, tags=["営業一課"])
        row = o.billings[done.id]
        department = o.sandbox.masters.partners[customer]["departments"][0]["id"]  # type: ignore[index]
        assert row["department_id"] == department
        assert row["tag_names"] == ["営業一課", "tasuki-m1"]
        assert (row["email_status"], row["posting_status"]) == ("未送信", "未郵送")
        assert done.answer["total_amount"] == 110000
        assert done.answer["invoice_number"] == "0001"
        assert done.answer["payment_date"] == "2026-12-31"
        assert o.system.destination.facts("billing").create_class is WriteClass.MARKER


def test_many_invoices_cost_one_call_each_and_little_more() -> None:
    with opened() as o:
        customer = o.customer()
        fields = invoice(partner_id=customer)
        o.write("billing", *(create(str(n), fields) for n in range(30)))
        assert len(o.billings) == 30
        assert o.server.total() == 30 + 2  # the office's rounding, the departments


@pytest.mark.parametrize("mode", ["round_down", "round_off", "round_up"])
@pytest.mark.parametrize("display", ["external", "internal"])
def test_the_sums_it_states_are_ours_by_the_offices_own_rounding(
    mode: str, display: str
) -> None:
    """The lines are those of the tax agency's worked example, and some awkward ones."""
    lines = [
        line(quantity=83, unit_price=Decimal(167), tax="reduced"),
        line(quantity=57, unit_price=Decimal(417)),
        line(quantity=Decimal("1.5"), unit_price=Decimal(333), tax="legacy8"),
        line(unit_price=Decimal(1200), tax="exempt"),
        line(unit_price=Decimal(900), tax="export", discount=Decimal(100)),
        line(unit_price=Decimal(7), tax="out_of_scope"),
    ]
    price_mode = "inclusive" if display == "internal" else "exclusive"
    office = {
        "rounding": mode,
        "rounding_consumption_tax": mode,
        "consumption_tax_display_type": display,
    }
    with opened(office, price_mode=price_mode) as o:
        done = o.bill("1", lines=lines)
        modes = {n: done.stated[n] for n in ("tax_rounding", "line_rounding")}
        ours = totals(invoice(lines=lines, price_mode=price_mode) | modes)
        assert differences(ours, done.stated) == []
        shown = o.system.destination.shown("billing", invoice(lines=lines))  # type: ignore[attr-defined]
        assert shown["total_amount"] == done.answer["total_amount"]


def test_an_office_that_computes_otherwise_than_it_says_is_noticed() -> None:
    lines = [line(unit_price=Decimal(15)), line(unit_price=Decimal(15))]
    with opened({"tax_per_line": True}) as o:
        done = o.bill("1", lines=lines)
        found = differences(totals(invoice(lines=lines)), done.stated)
        assert {(d.field, int(d.ours), int(d.theirs)) for d in found} >= {
            ("tax_total", 3, 2),
            ("total_incl", 33, 32),
            ("standard.tax", 3, 2),
        }


def test_rounding_that_the_office_does_not_have_is_refused_before_it_is_sent() -> None:
    with opened() as o:
        o.bill("1")  # the first invoice tells how the office rounds
        fields = invoice(partner_id=o.customer(), tax_rounding="ceil")
        (refused,) = o.write("billing", create("2", fields))
        assert isinstance(refused, Rejected)
        assert refused.code == "rounding"
        assert "tax_rounding is ceil, the office has round_down" in refused.words
        (fits,) = o.write("billing", create("3", fields | {"tax_rounding": "floor"}))
        assert isinstance(fits, Confirmed)
        assert o.server.total(CREATES) == 2


def test_prices_with_tax_are_not_billed_by_an_office_that_adds_it() -> None:
    with opened(price_mode="inclusive") as o:
        o.bill("1")
        (refused,) = o.write("billing", create("2", invoice(partner_id=o.customer())))
        assert isinstance(refused, Rejected)
        assert "price_mode" in refused.words


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"lines": [line(tax="8%")]}, "tax"),
        ({"lines": []}, "missing"),
        ({"billing_date": None}, "missing"),
        ({"billing_date": "30.11.2026"}, "billing_date"),
        ({"partner_id": None}, "partner"),
        ({"partner_id": "../office"}, "partner"),
        ({"lines": [line(quantity=Decimal("0.0005"))]}, "quantity"),
        ({"lines": [line(unit_price=1.5)]}, "unit_price"),
        ({"lines": [line(unit_price=Decimal(10) ** 11)]}, "unit_price"),
        ({"lines": [line(color="red")]}, "unknown_field"),
        ({"lines": [line(price_mode="inclusive")]}, "price_mode"),
        ({"subject": "あ" * 201}, "subject"),
        ({"memo": "あ" * 451}, "memo"),
        ({"invoice_number": "A-1"}, "invoice_number"),
        ({"tags": ["a,b"]}, "tags"),
        ({"currency": "USD"}, "currency"),
        ({"rounding_unit": "delivery"}, "rounding_unit"),
        ({"color": "red"}, "unknown_field"),
    ],
)
def test_what_it_would_refuse_is_refused_without_sending(
    change: dict[str, object], code: str
) -> None:
    with opened() as o:
        fields = invoice(partner_id="p") | change
        (refused,) = o.write("billing", create("1", fields))
        assert isinstance(refused, Rejected)
        assert refused.code == code
        assert refused.remedy.endswith(".")
        assert o.server.total("POST") == 0


def test_every_field_passes_the_offices_own_checks() -> None:
    with opened(numbering="ours") as o:
        done = o.bill(
            "1",
            invoice_number="R-1",
            memo="担当: 営業一課",
            invoice_note="備考",
            payment_condition="みずほ銀行",
            sales_date=date(2026, 11, 1),
            kind="credit_note",
            currency="JPY",
            withholding={"kind": "fee"},
            lines=[line(quantity=-1, detail="詳細", unit="式", delivery_number="D1",
                        delivery_date="2026-11-01", withholding=False)],
        )  # fmt: skip
        row = o.billings[done.id]
        assert row["document_name"] == "返還インボイス"
        assert (row["total_price"], row["sales_date"]) == ("-110000.0", "2026-11-01")
        assert row["items"][0]["is_deduct_withholding_tax"] is False
        assert row["items"][0]["quantity"] == "-1.0"


def test_a_partner_with_two_departments_needs_one_named() -> None:
    with opened() as o:
        customer = o.customer(departments=2)
        (several,) = o.write("billing", create("1", invoice(partner_id=customer)))
        assert isinstance(several, Rejected)
        assert several.code == "department"
        done = o.bill("2", partner_id=customer, department="第2部")
        rows = o.sandbox.masters.partners[customer]["departments"]
        assert o.billings[done.id]["department_id"] == rows[1]["id"]  # type: ignore[index]
        (none,) = o.write(
            "billing", create("3", invoice(partner_id=customer, department="第3部"))
        )
        assert isinstance(none, Rejected)
        (gone,) = o.write("billing", create("4", invoice(partner_id="unknown")))
        assert isinstance(gone, Rejected)
        assert gone.code == "404"


def test_a_missing_deadline_is_refused_with_what_to_do() -> None:
    with opened() as o:
        fields = invoice(partner_id=o.customer(), payment_date=None)
        (refused,) = o.write("billing", create("1", fields))
        assert isinstance(refused, Rejected)
        assert "payment_date" in refused.remedy


def test_a_full_plan_puts_everything_off_until_the_month_ends() -> None:
    with opened({"monthly_documents": 2}) as o:
        fields = invoice(partner_id=o.customer())
        outcomes = o.write("billing", *(create(str(n), fields) for n in range(5)))
        assert [type(one) for one in outcomes] == [Confirmed] * 2 + [Deferred] * 3
        last = outcomes[-1]
        assert isinstance(last, Deferred)
        assert last.code == "quota"
        assert "2026-12-01" in last.words
        assert "上限に達しています" in last.words
        assert o.server.total(CREATES) == 3  # the others were not even asked
        assert o.read("billing")  # reading goes on
        o.clock.move(datetime(2026, 11, 30, 14, 59, tzinfo=UTC))
        assert isinstance(o.write("billing", create("6", fields))[0], Deferred)
        o.clock.move(datetime(2026, 11, 30, 15, 0, tzinfo=UTC))  # midnight in Japan
        assert isinstance(o.write("billing", create("7", fields))[0], Confirmed)


@pytest.mark.parametrize("kind", LOST)
def test_a_lost_answer_leaves_the_invoice_in_doubt_and_is_found_by_its_tag(
    kind: Kind,
) -> None:
    with opened() as o:
        o.server.faults.plant(Fault(kind, "POST", _CREATE, seconds=0.05))
        write = create("1", invoice(partner_id=o.customer()))
        (doubt,) = o.write("billing", write)
        assert isinstance(doubt, InDoubt)
        (sighting,) = o.system.destination.probe("billing", [write])
        assert [one.id for one in sighting.found] == list(o.billings)
        assert sighting.found[0].stated["total_incl"] == 110000
        assert o.server.total(CREATES) == 1


def test_a_lost_request_is_not_found_and_a_late_list_does_not_show_it_yet() -> None:
    with opened({"index_lag": 20}) as o:
        writes = [create(str(n), invoice(partner_id=o.customer())) for n in (1, 2)]
        o.server.faults.plant(Fault(Kind.RESET_BEFORE, "POST", _CREATE))
        lost, made = o.write("billing", *writes)
        assert isinstance(lost, InDoubt)
        assert isinstance(made, Confirmed)
        none = o.system.destination.probe("billing", writes)
        assert [len(one.found) for one in none] == [0, 0]
        o.clock.pass_by(seconds=21)
        found = o.system.destination.probe("billing", writes)
        assert [len(one.found) for one in found] == [0, 1]


def test_the_same_invoice_without_a_tag_is_suspect_and_another_sum_is_not() -> None:
    with opened() as o:
        customer = o.customer()
        write = create("1", invoice(partner_id=customer))
        done = o.bill("2", partner_id=customer)
        o.act("edit_billing", id=done.id, tag_names=["営業"])
        other = o.bill("3", partner_id=customer, lines=[line(quantity=2)])
        o.act("edit_billing", id=other.id, tag_names=[])
        (sighting,) = o.system.destination.probe("billing", [write])
        assert sighting.found == ()
        assert [one.id for one in sighting.suspects] == [done.id]


def test_many_writes_in_doubt_cost_few_calls() -> None:
    with opened() as o:
        writes = []
        for n in range(40):
            fields = invoice(partner_id=o.customer(f"SF-{n}"))
            writes.append(create(str(n), fields))
        o.write("billing", *writes)
        before = o.server.total()
        found = o.system.destination.probe("billing", writes)
        assert [len(one.found) for one in found] == [1] * 40
        assert o.server.total() - before <= 2


def test_an_answer_about_another_invoice_is_not_believed() -> None:
    with opened() as o:
        customer = o.customer()
        o.bill("1", partner_id=customer)
        o.server.faults.plant(Fault(Kind.STALE, "POST", _CREATE))
        (doubt,) = o.write("billing", create("2", invoice(partner_id=customer)))
        assert isinstance(doubt, InDoubt)


def test_what_stands_around_the_lines_can_be_changed_and_the_lines_not() -> None:
    with opened() as o:
        done = o.bill("1")
        change = Write(
            "2",
            Operation.UPDATE,
            {"subject": "改", "payment_date": "2027-01-31"},
            target_id=done.id,
        )
        (updated,) = o.write("billing", change)
        assert isinstance(updated, Confirmed)
        row = o.billings[done.id]
        assert (row["title"], row["due_date"]) == ("改", "2027-01-31")
        assert row["tag_names"] == ["tasuki-m1"]
        lines = Write("3", Operation.UPDATE, {"lines": [line()]}, target_id=done.id)
        (fixed,) = o.write("billing", lines)
        assert isinstance(fixed, Rejected)
        o.act("delete_billing", id=done.id)
        (gone,) = o.write("billing", change)
        assert isinstance(gone, Gone)


def test_too_fast_is_waited_for_and_told() -> None:
    with opened() as o:
        customer = o.customer()
        for n in range(3):
            fault = Fault(Kind.THROTTLE, "POST", _CREATE, retry_after=2.0)
            o.server.faults.plant(fault)
            o.bill(str(n), partner_id=customer)
        assert o.wire.budget.pauses == [2.0] * 3  # type: ignore[attr-defined]
        assert len(o.billings) == 3
        o.server.faults.plant(
            Fault(Kind.THROTTLE, "GET", "partners", times=0, retry_after=900)
        )
        with pytest.raises(ThrottledError):
            o.system.destination.find("partner", "code", ["x"])


def test_a_refusal_does_not_repeat_the_records_values() -> None:
    with opened() as o:
        o.bill("1")
        o.server.faults.plant(Fault(Kind.ERROR_BEFORE, "POST", _CREATE, status=422))
        fields = invoice(partner_id=o.customer(), subject="山田太郎様分")
        (refused,) = o.write("billing", create("2", fields))
        assert isinstance(refused, Rejected)
        assert "山田太郎" not in f"{refused.words} {refused.remedy}"


def test_invoices_are_found_by_their_whole_number_and_fetched() -> None:
    with opened() as o:
        done = [o.bill(str(n), partner_id=o.customer()) for n in range(12)]
        found = o.system.destination.find("billing", "invoice_number", ["0001", "99"])
        assert {v: [c.id for c in some] for v, some in found.items()} == {
            "0001": [done[0].id]
        }
        with pytest.raises(ConfigError):
            o.system.destination.find("billing", "subject", ["x"])
        wanted = ("subject", "lines", "total_amount")
        rows = o.system.destination.fetch(
            "billing", [done[0].id, "none", "../x"], wanted
        )
        assert list(rows) == [done[0].id]
        assert rows[done[0].id]["lines"] == [
            {
                "description": "初期設定費",
                "quantity": 1,
                "unit_price": 100000,
                "tax": "standard",
            }
        ]


def test_a_sweep_brings_every_invoice_with_its_marks() -> None:
    with opened(history_from="2024-01-01") as o:
        made = {o.bill(str(n), partner_id=o.customer()).id: f"m{n}" for n in range(3)}
        by_hand = o.bill("9", partner_id=o.customer()).id
        o.act("edit_billing", id=by_hand, tag_names=["手入力"])
        query = SweepQuery(("subject",))
        swept = [
            one for page in o.system.destination.sweep("billing", query) for one in page
        ]  # type: ignore[attr-defined]
        assert {one.id: "".join(one.marks) for one in swept} == made | {by_hand: ""}
        assert swept[0].fields["total_amount"] == 110000
