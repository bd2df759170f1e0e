"""JP PINT: what stands in the file, by worked examples, and that it always adds up."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasuki.billing.credit import credit_note
from tasuki.billing.errors import BillingError
from tasuki.billing.reading import read_document
from tasuki.billing.rounding import Rounding
from tasuki.billing.tax import TaxClass
from tasuki.billing.values import (
    Delivery,
    Discount,
    InvoiceDocument,
    PriceMode,
    RoundingUnit,
    Withholding,
)
from tasuki.paper.pint.check import check_xml
from tasuki.paper.pint.ubl import CAC, CBC
from tasuki.paper.pint.writing import invoice_xml
from tasuki.paper.values import Earlier, Issuer, PaperKind, Recipient
from tests.unit.paper.papers import ISSUER, line, paper
from tests.vector_files import cases

SPACES = {"a": CAC, "b": CBC}
UNREGISTERED = replace(ISSUER, registration_number="", corporate_number="7000012050002")


def parsed(one) -> ET.Element:
    content = invoice_xml(one)
    assert check_xml(content) == []
    return ET.fromstring(content)


def text(root: ET.Element, path: str) -> str | None:
    return root.findtext(path, None, SPACES)


def breakdown(root: ET.Element, total: int = 0) -> list[tuple[str | None, ...]]:
    parts = root.findall("a:TaxTotal", SPACES)[total].findall("a:TaxSubtotal", SPACES)
    names = (
        "a:TaxCategory/b:ID",
        "a:TaxCategory/b:Percent",
        "b:TaxableAmount",
        "b:TaxAmount",
    )
    return [tuple(text(part, name) for name in names) for part in parts]


def totals(root: ET.Element) -> dict[str, str | None]:
    (found,) = root.findall("a:LegalMonetaryTotal", SPACES)
    return {one.tag.rpartition("}")[2]: one.text for one in found}


def test_the_head_names_the_specification_the_days_and_both_parties():
    days = {"supplied_from": date(2026, 4, 1), "supplied_until": date(2026, 4, 30)}
    root = parsed(paper(terms="月末締め翌月末払い", **days))
    for path, wanted in {
        "b:CustomizationID": "urn:peppol:pint:billing-1@jp-1",
        "b:ProfileID": "urn:peppol:bis:billing",
        "b:ID": "INV-1",
        "b:IssueDate": "2026-05-20",
        "b:DueDate": "2026-06-30",
        "b:InvoiceTypeCode": "380",
        "b:DocumentCurrencyCode": "JPY",
        "a:InvoicePeriod/b:StartDate": "2026-04-01",
        "a:InvoicePeriod/b:EndDate": "2026-04-30",
        "a:PaymentMeans/b:PaymentMeansCode": "30",
        "a:PaymentMeans/a:PayeeFinancialAccount/b:ID": "みずうみ銀行:芝支店:普通:1234567",
        "a:PaymentTerms/b:Note": "月末締め翌月末払い",
        "a:AccountingSupplierParty/a:Party/a:PartyTaxScheme/b:CompanyID": "T7000012050002",
        "a:AccountingSupplierParty/a:Party/b:EndpointID": "T7000012050002",
        "a:AccountingCustomerParty/a:Party/a:PartyLegalEntity/b:RegistrationName": "株式会社北日本製作所",
    }.items():
        assert text(root, path) == wanted, path
    ends = [(e.get("schemeID"), e.text) for e in root.iter(f"{{{CBC}}}EndpointID")]
    assert ends == [("0221", "T7000012050002"), ("0188", "7000012050002")]


def test_every_class_has_its_category_and_only_out_of_scope_has_no_rate():
    kinds = (
        line(1000), line(1000, TaxClass.REDUCED), line(1000, TaxClass.LEGACY8),
        line(500, TaxClass.EXEMPT), line(400, TaxClass.EXPORT),
        line(300, TaxClass.OUT_OF_SCOPE),
    )  # fmt: skip
    assert breakdown(parsed(paper(*kinds))) == [
        ("S", "10", "1000", "100"),
        ("AA", "8", "1000", "80"),
        ("S", "8", "1000", "80"),
        ("E", "0", "500", "0"),
        ("G", "0", "400", "0"),
        ("O", None, "300", "0"),
    ]


def test_tax_is_rounded_once_per_rate_as_in_the_example_of_the_tax_office():
    kinds = (
        line(167, TaxClass.REDUCED, 83), line(67, TaxClass.REDUCED, 197),
        line(77, quantity=57), line(417, quantity=57),
    )  # fmt: skip
    root = parsed(paper(*kinds))
    assert breakdown(root) == [
        ("S", "10", "28158", "2815"),
        ("AA", "8", "27060", "2164"),
    ]
    assert totals(root)["PayableAmount"] == "60197"


def test_a_discount_is_an_allowance_of_each_rate():
    goods = (line(3300), line(2160, TaxClass.REDUCED))
    root = parsed(paper(*goods, discount=Discount(Decimal(1000))))
    found = [
        (
            text(a, "a:TaxCategory/b:ID"),
            text(a, "b:Amount"),
            text(a, "b:ChargeIndicator"),
        )
        for a in root.findall("a:AllowanceCharge", SPACES)
    ]
    assert found == [("S", "604", "false"), ("AA", "396", "false")]
    assert breakdown(root) == [("S", "10", "2696", "269"), ("AA", "8", "1764", "141")]
    sums = totals(root)
    assert (sums["LineExtensionAmount"], sums["AllowanceTotalAmount"]) == (
        "5460",
        "1000",
    )
    assert (sums["TaxExclusiveAmount"], sums["PayableAmount"]) == ("4460", "4870")


def test_inclusive_prices_are_stated_without_tax_and_come_to_the_same_total():
    goods = (line(3300), line(2160, TaxClass.REDUCED))
    inclusive = {"price_mode": PriceMode.INCLUSIVE}
    root = parsed(paper(*goods, discount=Discount(Decimal(1000)), **inclusive))
    assert breakdown(root) == [("S", "10", "2451", "245"), ("AA", "8", "1634", "130")]
    assert totals(root)["PayableAmount"] == "4460"


def test_tax_out_of_a_total_that_is_no_rounding_of_its_base_needs_a_yen_of_rounding():
    """109 yen hold 9 yen of tax; of the other 100 yen the tax would be 10."""
    root = parsed(paper(line(109), price_mode=PriceMode.INCLUSIVE))
    assert breakdown(root) == [("S", "10", "99", "9")]
    sums = totals(root)
    assert sums["TaxInclusiveAmount"] == "108"
    assert (sums["PayableRoundingAmount"], sums["PayableAmount"]) == ("1", "109")


def test_an_issuer_who_is_not_registered_writes_the_non_tax_invoice():
    goods = (line(1000, quantity=3), line(500, TaxClass.REDUCED))
    root = parsed(paper(*goods, issuer=UNREGISTERED))
    assert text(root, "b:CustomizationID") == "urn:peppol:pint:nontaxinvoice-1@jp-1"
    assert text(root, "b:InvoiceTypeCode") == "480"
    assert root.find("a:AccountingSupplierParty//a:PartyTaxScheme", SPACES) is None
    assert breakdown(root) == [("S", "10", "3300", "0"), ("AA", "8", "540", "0")]
    assert totals(root)["PayableAmount"] == "3840"


def test_a_credit_note_is_a_negative_invoice_that_names_the_one_before():
    whole = InvoiceDocument((Delivery((line(-500, quantity=3), line(1000))),))
    earlier = Earlier("INV-0", date(2026, 4, 30))
    kind = {"kind": PaperKind.CREDIT_NOTE, "earlier": earlier}
    root = parsed(paper(document=credit_note(whole), **kind))
    assert text(root, "b:InvoiceTypeCode") == "380"
    named = "a:BillingReference/a:InvoiceDocumentReference"
    assert [text(root, f"{named}/b:{n}") for n in ("ID", "IssueDate")] == [
        "INV-0",
        "2026-04-30",
    ]
    lines = [
        (
            text(one, "b:InvoicedQuantity"),
            text(one, "a:Price/b:PriceAmount"),
            text(one, "b:LineExtensionAmount"),
        )
        for one in root.findall("a:InvoiceLine", SPACES)
    ]
    assert lines == [("3", "500", "1500"), ("-1", "1000", "-1000")]
    with pytest.raises(BillingError, match="does not name the invoice"):
        invoice_xml(paper(document=credit_note(whole), kind=PaperKind.CREDIT_NOTE))


def test_a_foreign_invoice_states_its_tax_in_yen_and_untaxed_classes_once():
    goods = (line("133.53"), line(20, TaxClass.EXPORT))
    root = parsed(paper(*goods, currency="USD", fx_rate=Decimal(114)))
    assert text(root, "b:TaxCurrencyCode") == "JPY"
    assert breakdown(root) == [
        ("S", "10", "133.53", "13.35"),
        ("G", "0", "20.00", "0.00"),
    ]
    assert breakdown(root, 1) == [("S", "10", None, "1522")]
    assert totals(root)["PayableAmount"] == "166.88"
    with pytest.raises(BillingError, match="without fx_rate"):
        invoice_xml(paper(*goods, currency="USD"))


def test_withheld_tax_and_what_was_paid_before_are_paid_amounts():
    fees = {"withholding": Withholding(), "prepaid": Decimal(10000)}
    root = parsed(paper(line(100_000), **fees))
    paid = [
        (text(p, "b:PaidAmount"), text(p, "b:InstructionID"))
        for p in root.findall("a:PrepaidPayment", SPACES)
    ]
    assert paid == [("10000", "前受"), ("10210", "源泉徴収")]
    sums = totals(root)
    assert (sums["PrepaidAmount"], sums["PayableAmount"]) == ("20210", "89790")


def test_slips_that_round_on_their_own_are_refused():
    slips = tuple(Delivery((line(1015), line(105, TaxClass.REDUCED))) for _ in range(3))
    whole = InvoiceDocument(slips, rounding_unit=RoundingUnit.DELIVERY)
    with pytest.raises(BillingError, match="not one rounding of the sum at this rate"):
        invoice_xml(paper(document=whole))


def test_every_missing_item_is_told_at_once():
    bare = paper(
        line(1, what=""), issuer=Issuer("", "T7000012050002"),
        recipient=Recipient("（宛名未定）"), number="", due_on=None,
    )  # fmt: skip
    with pytest.raises(BillingError) as told:
        invoice_xml(bare)
    for words in ("R1", "R4", "R8", "no number yet", "neither a day nor terms"):
        assert words in str(told.value)


def test_a_registration_that_had_not_begun_is_told():
    late = replace(ISSUER, registered_from=date(2026, 6, 1))
    with pytest.raises(BillingError, match="R9 issuer registered on the day of supply"):
        invoice_xml(paper(issuer=late))


def test_units_and_text_that_xml_cannot_hold():
    odd = line(1000, what="箱\x00入り <A&B>", unit="箱")
    root = parsed(paper(odd, line(1, unit="束")))
    first, second = root.findall("a:InvoiceLine", SPACES)
    assert text(first, "a:Item/b:Name") == "箱入り <A&B>"
    units = [
        (
            one.find("b:InvoicedQuantity", SPACES).get("unitCode"),
            text(one, "a:Item/a:AdditionalItemProperty/b:Value"),
        )
        for one in (first, second)
    ]
    assert units == [("XBX", "箱"), ("C62", "束")]


@pytest.mark.vectors
@pytest.mark.parametrize(
    "vector",
    [c for c in cases("invoice.json") if c.values[0]["kind"] == "invoice"],
)
def test_the_vectors_come_to_the_expected_payable_amount(vector):
    document, problems = read_document(vector["input"])
    assert problems == ()
    expected = vector["expected"]
    try:
        root = parsed(paper(document=document))
    except BillingError as error:
        assert "one rounding" in str(error)  # noqa: PT017 - which of two ends it is
        assert document.rounding_unit is RoundingUnit.DELIVERY
        return
    assert totals(root)["PayableAmount"] == expected["amount_due"]
    if document.price_mode is PriceMode.EXCLUSIVE:
        stated = [(part["base_excl"], part["tax"]) for part in expected["breakdown"]]
        assert [found[2:] for found in breakdown(root)] == stated


_LINES = st.builds(
    line,
    st.decimals(-99999, 99999, places=2),
    st.sampled_from(TaxClass),
    st.decimals(-1000, 1000, places=3),
    discount=st.integers(-500, 500).map(Decimal),
    price_mode=st.none() | st.sampled_from(PriceMode),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(_LINES, min_size=1, max_size=6),
    st.sampled_from(PriceMode),
    st.sampled_from(Rounding),
    st.integers(-5000, 5000),
    st.booleans(),
    st.booleans(),
)
def test_whatever_is_billed_the_file_adds_up(
    lines, mode, rounding, discount, registered, mirrored
):
    document = InvoiceDocument(
        (Delivery(tuple(lines)),),
        price_mode=mode,
        tax_rounding=rounding,
        line_rounding=rounding,
        discount=Discount(Decimal(discount)) if discount else None,
    )
    if mirrored:
        document = credit_note(document)
    issuer = ISSUER if registered else UNREGISTERED
    one = paper(document=document, issuer=issuer)
    try:
        due = one.sums.amount_due
    except BillingError:  # the discount has no lines to lie on
        return
    root = parsed(one)
    assert totals(root)["PayableAmount"] == f"{due:f}"
