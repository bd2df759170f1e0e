"""Making Stripe's invoices void: open ones, once, and never what is paid."""

import pytest

from tasuki.model.errors import ConfigError, RejectedError
from tasuki.sandbox.faults import Fault, Kind
from tests.contract.cancelling import look, port
from tests.contract.stripe.account import opened


def test_an_open_invoice_becomes_void_though_the_first_answer_is_lost() -> None:
    with opened() as o:
        one = o.bill("1").id
        o.act("finalize", id=one)
        seen = look(o, one)
        assert (seen.currency, seen.refusal, seen.is_cancelled) == ("JPY", "", False)
        (row,) = o.invoices
        assert (seen.number, seen.total) == (row["number"], row["total"])
        o.server.faults.plant(Fault(Kind.RESET_AFTER, "POST", "/void$"))
        port(o).cancel("invoice", one, lambda: None)
        assert look(o, one).is_cancelled
        o.clock.pass_by(seconds=5)
        with pytest.raises(RejectedError):
            port(o).cancel("invoice", one, lambda: None)


def test_drafts_and_what_is_paid_are_refused() -> None:
    with opened() as o:
        draft, paid, part = (o.bill(name).id for name in ("draft", "paid", "part"))
        for one in (paid, part):
            o.act("finalize", id=one)
        o.act("pay", id=paid)
        o.act("part_pay", id=part, amount=1)
        found = [look(o, one).refusal for one in (draft, paid, part)]
        words = ("a draft", "it is paid", "a part of it is paid")
        assert all(w in f for w, f in zip(words, found, strict=True)), found
        assert port(o).cancellable("invoice", "in_nothing") is None
        with pytest.raises(ConfigError, match="only invoices"):
            port(o).cancellable("customer", "cus_1")
