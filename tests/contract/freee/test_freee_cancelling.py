"""Cancelling invoices in freee: once, never what is paid, and known after a lost answer."""

from decimal import Decimal
from typing import Any

import pytest

from tasuki.model.errors import ConfigError, InDoubtError, RejectedError
from tasuki.model.write import Confirmed
from tasuki.sandbox.faults import Fault, Kind
from tests.contract.cancelling import look, port
from tests.contract.freee.opened import Opened, create, invoice, opened

CANCEL = r"/cancel$"


def billed(o: Opened, ref: str = "1") -> str:
    pid = o.company.partners.add(f"株式会社{ref}", f"C{ref}")
    (done,) = o.write("invoice", create(ref, invoice(pid)))
    assert isinstance(done, Confirmed)
    return done.id


def row_of(o: Opened, one: str) -> dict[str, Any]:
    return o.company.invoices.rows[int(one)]


def test_an_invoice_is_looked_at_and_cancelled_with_its_deal() -> None:
    with opened() as o:
        one = billed(o)
        seen = look(o, one)
        assert (seen.total, seen.currency) == (Decimal(110000), "JPY")
        assert seen.number == row_of(o, one)["invoice_number"]
        assert (seen.partner, seen.refusal, seen.along) == ("株式会社1", "", "")
        o.act("register", id=int(one))
        deal = row_of(o, one)["deal_id"]
        assert str(deal) in look(o, one).along
        fenced: list[int] = []
        before = o.calls("PUT")
        port(o).cancel("invoice", one, lambda: fenced.append(1))
        assert fenced
        assert o.calls("PUT") == before + 1
        assert row_of(o, one)["cancel_status"] == "canceled"
        assert row_of(o, one)["deal_id"] is None
        assert deal not in o.company.deals.rows
        assert look(o, one).is_cancelled


def test_what_is_paid_or_paid_in_part_is_refused_by_us_and_by_freee() -> None:
    with opened() as o:
        paid, part = billed(o, "1"), billed(o, "2")
        o.act("pay", id=int(paid))
        o.act("receive", id=int(part), amount=1000)
        assert "決済済み" in look(o, paid).refusal
        assert "a part" in look(o, part).refusal
        for one in (paid, part):
            with pytest.raises(RejectedError, match="決済済み"):
                port(o).cancel("invoice", one, lambda: None)
            assert row_of(o, one)["cancel_status"] == "uncanceled"


def test_a_second_cancelling_is_refused_and_a_look_shows_why() -> None:
    with opened() as o:
        one = billed(o)
        port(o).cancel("invoice", one, lambda: None)
        with pytest.raises(RejectedError):
            port(o).cancel("invoice", one, lambda: None)
        assert look(o, one).is_cancelled


@pytest.mark.parametrize("kind", [Kind.RESET_AFTER, Kind.ERROR_AFTER, Kind.NOT_JSON])
def test_a_lost_answer_is_in_doubt_and_never_sent_again(kind: Kind) -> None:
    with opened() as o:
        one = billed(o)
        o.server.faults.plant(Fault(kind, "PUT", CANCEL))
        with pytest.raises(InDoubtError):
            port(o).cancel("invoice", one, lambda: None)
        assert o.calls("PUT") == 1
        assert look(o, one).is_cancelled


def test_what_is_gone_or_no_invoice_is_told_apart() -> None:
    with opened() as o:
        one = billed(o)
        o.act("delete_invoice", id=int(one))
        assert port(o).cancellable("invoice", one) is None
        with pytest.raises(ConfigError, match="only invoices can be cancelled"):
            port(o).cancel("partner", "1", lambda: None)
