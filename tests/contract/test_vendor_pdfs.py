"""PDFs of the vendors' own, as their connectors fetch them."""

import httpx
import pytest

from connectors.freee.destination import FreeeDestination
from tasuki.model.errors import RejectedError
from tasuki.ports import Printing
from tests.contract.moneyforward import office
from tests.contract.stripe import account


def test_money_forward_gives_the_pdf_of_an_invoice():
    with office.opened() as o:
        one = o.bill("r1").id
        printing = o.system.destination
        assert isinstance(printing, Printing)
        found = printing.print_of("billing", one)
        assert found.startswith(b"%PDF-")
        assert printing.print_of("billing", one) == found
        assert printing.print_of("partner", o.customer()) is None
        with pytest.raises(RejectedError) as told:
            printing.print_of("billing", "gone")
        assert told.value.code == "404"


def test_stripe_gives_the_pdf_of_a_final_invoice_without_being_shown_the_key():
    with account.opened() as o:
        one = o.bill("r1").id
        printing = o.system.destination
        assert isinstance(printing, Printing)
        assert printing.print_of("invoice", one) is None  # a draft has none yet
        o.act("finalize", id=one)
        assert printing.print_of("invoice", one).startswith(b"%PDF-")
        key = {"authorization": "Bearer rk_test_sandbox"}
        refused = httpx.get(f"{o.server.url}/invoice/{one}/pdf", headers=key)
        assert refused.status_code == 400  # so the connector did not send it


@pytest.mark.parametrize(
    "address",
    [
        "http://pay.stripe.com/invoice/x/pdf",
        "https://stripe.com.example/x",
        "https://169.254.169.254/latest",
        "file:///etc/passwd",
    ],
)
def test_an_address_away_from_stripe_is_not_asked(address):
    with account.opened() as o:
        stripe = o.system.destination._stripe
        stripe.settings = stripe.settings.model_copy(update={"base_url": None})
        with pytest.raises(RejectedError, match="not at Stripe"):
            stripe.file(address, "invoice")


def test_freee_gives_no_pdf_and_says_so_by_not_printing():
    assert not issubclass(FreeeDestination, Printing)
