"""Invoices to freee请求書: at most once, whatever becomes of the answer."""

from datetime import date
from decimal import Decimal

import pytest

from tasuki.model.errors import ConfigError, ThrottledError
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
from tests.contract.freee.opened import Opened, by_hand, create, invoice, line, opened

LOST = [
    Kind.RESET_AFTER,
    Kind.HANG_AFTER,
    Kind.ERROR_AFTER,
    Kind.TRUNCATE,
    Kind.NOT_JSON,
]


def a_partner(o: Opened, name: str = "株式会社サンプル", code: str = "C1") -> int:
    return o.company.partners.add(name, code)


def test_an_invoice_is_created_with_our_mark_behind_the_users_memo() -> None:
    with opened() as o:
        pid = a_partner(o)
        fields = invoice(pid, memo="担当: 営業一課")
        (done,) = o.write("invoice", create("1", fields))
        assert isinstance(done, Confirmed)
        assert done.created is True
        assert done.answer["total_amount"] == 110000
        assert done.answer["amount_tax_10"] == 10000
        assert done.answer["invoice_number"] == "INV-0000000001"
        assert done.answer["memo"] == "担当: 営業一課\ntasuki:m1"
        assert str(done.answer["report_url"]).endswith(done.id)
        assert o.calls("POST /iv/invoices") == 1


def test_the_tax_is_rounded_once_per_rate_in_each_mode() -> None:
    """The figures are those of the tax agency's worked example: 60,197 yen."""
    lines = [
        line(quantity=83, unit_price=Decimal(167), tax="reduced"),
        line(quantity=197, unit_price=Decimal(67), tax="reduced"),
        line(quantity=57, unit_price=Decimal(77)),
        line(quantity=57, unit_price=Decimal(417)),
    ]
    with opened() as o:
        pid = a_partner(o)
        (floor, ceil) = o.write(
            "invoice",
            create("1", invoice(pid, lines=lines)),
            create("2", invoice(pid, lines=lines, tax_rounding="ceil")),
        )
        assert isinstance(floor, Confirmed)
        assert floor.answer["amount_tax_8_reduced"] == 2164
        assert floor.answer["amount_tax_10"] == 2815
        assert floor.answer["total_amount"] == 60197
        assert isinstance(ceil, Confirmed)
        assert ceil.answer["amount_tax_10"] == 2816


def test_every_tax_class_and_number_form_passes_freees_own_description() -> None:
    lines = [
        line(tax="standard", quantity=Decimal("1.005"), unit_price=Decimal("0.125")),
        line(tax="reduced", unit="個", sales_date=date(2026, 11, 3)),
        line(tax="legacy8"),
        line(tax="exempt", unit_price="1200"),
        line(tax="export"),
        line(tax="out_of_scope", discount=Decimal(500)),
        {"type": "text", "description": "以上"},
    ]
    with opened(tax_codes={"exempt": 23}) as o:
        (done,) = o.write("invoice", create("1", invoice(a_partner(o), lines=lines)))
        assert isinstance(done, Confirmed)
        assert done.answer["amount_including_tax_0"] == 1200 + 100000 + 99500
        kept = o.company.invoices.rows[int(done.id)]["lines"]
        assert isinstance(kept, list)
        assert [row["unit_price"] for row in kept][:2] == ["0.125", "100000"]
        assert kept[6]["unit_price"] == "-500"
        assert kept[3]["tax_code"] == 23
        assert o.server.judged == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"lines": [line(tax="8%")]}, "tax"),
        ({"lines": []}, "missing"),
        ({"billing_date": None}, "missing"),
        ({"partner_id": None}, "partner"),
        ({"lines": [line(quantity=Decimal("0.0005"))]}, "quantity"),
        ({"lines": [line(unit_price=1.5)]}, "unit_price"),
        ({"subject": "あ" * 256}, "subject"),
        ({"invoice_number": "A-1"}, "invoice_number"),
        ({"currency": "USD"}, "currency"),
        ({"color": "red"}, "unknown_field"),
    ],
)
def test_what_freee_would_refuse_is_refused_without_a_call(
    change: dict[str, object], code: str
) -> None:
    with opened() as o:
        fields = invoice(a_partner(o)) | change
        (refused,) = o.write("invoice", create("1", fields))
        assert isinstance(refused, Rejected)
        assert refused.code == code
        assert refused.remedy.endswith(".")
        assert o.calls() == 0


def test_our_own_numbers_are_sent_where_freee_does_not_number() -> None:
    with opened({"numbering": "manual"}, numbering="ours") as o:
        pid = a_partner(o)
        numbered, missing, taken = o.write(
            "invoice",
            create("1", invoice(pid, invoice_number="2026-001")),
            create("2", invoice(pid)),
            create("3", invoice(pid, invoice_number="2026-001")),
        )
        assert isinstance(numbered, Confirmed)
        assert numbered.answer["invoice_number"] == "2026-001"
        assert isinstance(missing, Rejected)
        assert isinstance(taken, Rejected)
        assert "number" in taken.remedy


def test_a_flipped_numbering_setting_is_explained() -> None:
    with opened() as o:
        pid = a_partner(o)
        o.act("set_numbering", numbering="manual")
        (refused,) = o.write("invoice", create("1", invoice(pid)))
        assert isinstance(refused, Rejected)
        assert "numbering" in refused.remedy


def test_a_refusal_does_not_repeat_the_records_values() -> None:
    with opened() as o:
        (refused,) = o.write("invoice", create("1", invoice(99999)))
        assert isinstance(refused, Rejected)
        assert "99999" not in refused.words
        assert "partner" in refused.remedy


@pytest.mark.parametrize("kind", LOST)
def test_a_lost_answer_leaves_the_invoice_in_doubt_and_is_found_by_its_mark(
    kind: Kind,
) -> None:
    with opened() as o:
        pid = a_partner(o)
        o.server.faults.plant(Fault(kind, "POST", "/iv/invoices", seconds=0.05))
        write = create("1", invoice(pid))
        (doubt,) = o.write("invoice", write)
        assert isinstance(doubt, InDoubt)
        assert o.calls("POST /iv/invoices") == 1
        (sighting,) = o.system.destination.probe("invoice", [write])
        (found,) = sighting.found
        assert found.answer["total_amount"] == 110000
        assert sighting.suspects == ()


@pytest.mark.parametrize("kind", [Kind.RESET_BEFORE, Kind.ERROR_BEFORE])
def test_a_post_that_never_arrived_is_in_doubt_too_and_not_found(kind: Kind) -> None:
    with opened() as o:
        pid = a_partner(o)
        o.server.faults.plant(Fault(kind, "POST", "/iv/invoices"))
        write = create("1", invoice(pid))
        (doubt,) = o.write("invoice", write)
        assert isinstance(doubt, InDoubt)
        (sighting,) = o.system.destination.probe("invoice", [write])
        assert sighting.found == ()
        assert o.calls("POST /iv/invoices") == 0


@pytest.mark.parametrize("kind", [Kind.THROTTLE, Kind.UNAUTHORISED])
def test_an_answer_that_says_not_done_is_never_doubt(kind: Kind) -> None:
    with opened() as o:
        pid = a_partner(o)
        o.server.faults.plant(Fault(kind, "POST", retry_after=1.0))
        if kind is Kind.UNAUTHORISED:
            with pytest.raises(Exception, match="401"):
                o.write("invoice", create("1", invoice(pid)))
            assert o.company.invoices.rows == {}
            return
        (done,) = o.write("invoice", create("1", invoice(pid)))
        assert isinstance(done, Confirmed)
        assert len(o.company.invoices.rows) == 1


def test_freees_cool_down_of_ten_minutes_ends_the_run_instead_of_waiting() -> None:
    with opened() as o:
        pid = a_partner(o)
        o.server.faults.plant(Fault(Kind.LIMIT_403, "POST"))
        with pytest.raises(ThrottledError) as caught:
            o.write("invoice", create("1", invoice(pid)))
        assert caught.value.retry_after == 600
        assert o.clock.slept == []


def test_thirty_calls_a_minute_are_counted_and_the_thirty_first_waits() -> None:
    with opened({"per_minute": 2}) as o:
        pid = a_partner(o)
        o.write("invoice", *(create(str(n), invoice(pid)) for n in range(2)))
        with pytest.raises(ThrottledError):
            o.write("invoice", create("3", invoice(pid)))
        assert len(o.company.invoices.rows) == 2
        assert o.clock.slept


def test_a_longer_mark_is_not_taken_for_a_shorter_one() -> None:
    with opened() as o:
        pid = a_partner(o)
        o.write("invoice", create("12", invoice(pid)))
        (sighting,) = o.system.destination.probe(
            "invoice", [create("1", invoice(pid, subject="別件"))]
        )
        assert sighting.found == ()
        assert sighting.suspects == ()


def test_a_mark_is_found_in_a_memo_somebody_has_written_around() -> None:
    with opened() as o:
        pid = a_partner(o)
        write = create("1", invoice(pid))
        (done,) = o.write("invoice", write)
        assert isinstance(done, Confirmed)
        o.act("edit_memo", id=int(done.id), memo="確認済（tasuki:m1）。山田")
        (sighting,) = o.system.destination.probe("invoice", [write])
        assert [one.id for one in sighting.found] == [done.id]


def test_a_cancelled_invoice_is_a_sighting_that_says_so() -> None:
    with opened() as o:
        pid = a_partner(o)
        write = create("1", invoice(pid))
        (done,) = o.write("invoice", write)
        assert isinstance(done, Confirmed)
        o.company.invoices.rows[int(done.id)]["cancel_status"] = "canceled"
        (sighting,) = o.system.destination.probe("invoice", [write])
        assert sighting.found[0].answer["canceled"] is True


def test_the_same_invoice_without_a_mark_is_suspect_and_another_sum_is_not() -> None:
    with opened() as o:
        pid = a_partner(o)
        o.act("create_invoice", **by_hand(pid))
        same = create("1", invoice(pid))
        other = create("2", invoice(pid, lines=[line(unit_price=5)]))
        first, second = o.system.destination.probe("invoice", [same, other])
        assert first.found == ()
        assert [one.answer["look_alike"] for one in first.suspects] == [True]
        assert second.suspects == ()


def test_many_writes_in_doubt_cost_few_calls() -> None:
    with opened() as o:
        writes = []
        for n in range(60):
            pid = a_partner(o, f"会社{n}", f"C{n}")
            writes.append(create(str(n), invoice(pid)))
        o.write("invoice", *writes)
        before = o.calls("GET /iv/invoices")
        sightings = o.system.destination.probe("invoice", writes)
        assert all(len(s.found) == 1 for s in sightings)
        assert [s.ref for s in sightings] == [w.ref for w in writes]
        assert o.calls("GET /iv/invoices") - before == 1


def test_three_partners_are_asked_for_at_once() -> None:
    with opened() as o:
        pids = [a_partner(o, f"会社{n}", f"C{n}") for n in range(3)]
        writes = [create(str(n), invoice(pid)) for n, pid in enumerate(pids)]
        o.write("invoice", *writes)
        before = o.calls("GET /iv/invoices")
        o.system.destination.probe("invoice", writes)
        assert o.calls("GET /iv/invoices") - before == 1


def test_an_update_keeps_what_it_does_not_name_and_the_mark() -> None:
    with opened() as o:
        pid = a_partner(o)
        (done,) = o.write("invoice", create("1", invoice(pid)))
        assert isinstance(done, Confirmed)
        change = {"subject": "訂正", "memo": "訂正済"}
        (changed,) = o.write(
            "invoice", Write("2", Operation.UPDATE, change, target_id=done.id)
        )
        assert isinstance(changed, Confirmed)
        row = o.company.invoices.rows[int(done.id)]
        assert (row["subject"], row["total_amount"]) == ("訂正", 110000)
        assert row["memo"] == "訂正済\ntasuki:m1"
        assert row["payment_date"] == "2026-12-31"


def test_updating_a_deleted_invoice_says_it_is_gone() -> None:
    with opened() as o:
        (gone,) = o.write(
            "invoice", Write("1", Operation.UPDATE, {"subject": "x"}, target_id="77")
        )
        assert isinstance(gone, Gone)


def test_invoices_are_fetched_and_found_in_our_own_words() -> None:
    with opened() as o:
        pid = a_partner(o)
        (done,) = o.write("invoice", create("1", invoice(pid)))
        assert isinstance(done, Confirmed)
        fields = ("subject", "lines", "total_amount")
        seen = o.system.destination.fetch("invoice", [done.id, "9"], fields)
        assert list(seen) == [done.id]
        assert seen[done.id]["lines"] == [
            {"description": "初期設定費", "quantity": 1, "unit_price": 100000,
             "tax": "standard"}
        ]  # fmt: skip
        number = str(done.answer["invoice_number"])
        found = o.system.destination.find("invoice", "invoice_number", [number, "INV-"])
        assert list(found) == [number]
        with pytest.raises(ConfigError):
            o.system.destination.find("invoice", "memo", ["x"])


def test_invoices_are_written_as_class_c_one_by_one() -> None:
    with opened(quiet_seconds=90) as o:
        facts = o.system.destination.facts("invoice")
        assert facts.create_class is WriteClass.MARKER
        assert (facts.batch_size, facts.quiet_seconds) == (1, 90)


def test_the_mark_survives_a_memo_of_full_length() -> None:
    with opened() as o:
        pid = a_partner(o)
        write = create("1", invoice(pid, memo="長" * 2500))
        (done,) = o.write("invoice", write)
        assert isinstance(done, Confirmed)
        assert len(str(done.answer["memo"])) == 2000
        (sighting,) = o.system.destination.probe("invoice", [write])
        assert len(sighting.found) == 1
