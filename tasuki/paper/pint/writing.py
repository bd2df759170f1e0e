"""Writes a paper as JP PINT: a UBL 2.1 invoice in XML (`invoice_xml`)."""

from decimal import Decimal
from typing import Final

from tasuki.billing.errors import BillingError
from tasuki.paper.lint import paper_problems
from tasuki.paper.pint.amounts import (
    Category,
    PintAmounts,
    PintLine,
    amounts_of,
)
from tasuki.paper.pint.ubl import Node, new_invoice, plain, to_bytes
from tasuki.paper.reading import UNKNOWN_NAME
from tasuki.paper.values import Address, Issuer, Paper, PaperKind, Recipient

BILLING: Final = "urn:peppol:pint:billing-1@jp-1"
"""Of a registered issuer: the standard invoice."""
NON_TAX: Final = "urn:peppol:pint:nontaxinvoice-1@jp-1"
"""Of an issuer who is not registered."""
PROFILE: Final = "urn:peppol:bis:billing"

_INVOICE, _NON_TAX_INVOICE = "380", "480"
_TRANSFER: Final = "30"
_DISCOUNT: Final = "95"
_YEN: Final = "JPY"
_CORPORATE, _REGISTERED = "0188", "0221"

# UN/ECE Recommendation 20. What is not there is counted (C62), and its word is kept.
_UNITS: Final = {
    "個": "H87", "台": "H87", "本": "H87", "枚": "H87", "冊": "H87", "脚": "H87",
    "点": "H87", "部": "H87", "箱": "XBX", "セット": "SET", "組": "SET", "式": "LS",
    "時間": "HUR", "日": "DAY", "人日": "DAY", "週": "WEE", "月": "MON", "ヶ月": "MON",
    "か月": "MON", "カ月": "MON", "年": "ANN", "人": "IE", "名": "IE", "分": "MIN",
    "g": "GRM", "kg": "KGM", "t": "TNE", "m": "MTR", "km": "KMT", "cm": "CMT",
    "㎡": "MTK", "m2": "MTK", "L": "LTR", "ℓ": "LTR", "kWh": "KWH", "GB": "E34",
}  # fmt: skip
_ANY_UNIT: Final = "C62"
_REMEDY: Final = "Correct them at their source, in the mapping or in issuer.yaml."


def invoice_xml(paper: Paper) -> bytes:
    """Return the digital invoice of a paper.

    A credit note is an invoice of type 380 with negative quantities that names the
    invoice before it, as Japan has it; withheld tax stands among the paid amounts,
    since JP PINT has no place of its own for it.

    Raises:
        BillingError: What JP PINT requires is not there (all of it is named), or the
            sums cannot be stated in it.
    """
    problems = _missing(paper)
    if problems:
        what = "; ".join(problems)
        raise BillingError(where="digital invoice", what=what, remedy=_REMEDY)
    amounts = amounts_of(paper)
    root, invoice = new_invoice()
    _header(invoice, paper, amounts)
    _seller(invoice.group("AccountingSupplierParty").group("Party"), paper.issuer)
    _buyer(invoice.group("AccountingCustomerParty").group("Party"), paper.recipient)
    if paper.last_day == paper.first_day:
        invoice.group("Delivery").put("ActualDeliveryDate", paper.first_day)
    _payment(invoice, paper, amounts)
    _allowances(invoice, paper, amounts)
    _taxes(invoice, paper, amounts)
    _totals(invoice, paper, amounts)
    for number, line in enumerate(amounts.lines, 1):
        _line(invoice.group("InvoiceLine"), paper, line, number)
    return to_bytes(root)


def _missing(paper: Paper) -> list[str]:
    found = [one.words for one in paper_problems(paper)]
    if paper.recipient.name == UNKNOWN_NAME and paper.kind is PaperKind.CREDIT_NOTE:
        found.append("the recipient's name is not known")
    if not paper.number:
        found.append("it has no number yet")
    if paper.sums.amount_due > 0 and paper.due_on is None and not paper.terms:
        found.append("neither a day nor terms of payment")
    if paper.kind is PaperKind.CREDIT_NOTE and paper.earlier is None:
        found.append("it does not name the invoice that it takes back")
    if paper.document.currency != _YEN and _needs_rate(paper):
        found.append("the tax in yen is not known without fx_rate")
    return found


def _needs_rate(paper: Paper) -> bool:
    taxed = any(one.rate for one in paper.sums.breakdown)
    registered = bool(paper.issuer.registration_number)
    return taxed and registered and paper.document.fx_rate is None


def _header(invoice: Node, paper: Paper, amounts: PintAmounts) -> None:
    registered = bool(paper.issuer.registration_number)
    invoice.put("CustomizationID", BILLING if registered else NON_TAX)
    invoice.put("ProfileID", PROFILE)
    invoice.put("ID", paper.number)
    invoice.put("IssueDate", paper.issued_on)
    if paper.due_on is not None:
        invoice.put("DueDate", paper.due_on)
    invoice.put("InvoiceTypeCode", _INVOICE if registered else _NON_TAX_INVOICE)
    invoice.put("Note", _note(paper, amounts))
    invoice.put("DocumentCurrencyCode", paper.document.currency)
    if _in_yen_too(amounts):
        invoice.put("TaxCurrencyCode", _YEN)
    period = invoice.group("InvoicePeriod")
    period.put("StartDate", paper.first_day)
    period.put("EndDate", paper.last_day)
    if paper.earlier is not None:
        named = invoice.group("BillingReference").group("InvoiceDocumentReference")
        named.put("ID", paper.earlier.number)
        named.put("IssueDate", paper.earlier.issued_on)


def _note(paper: Paper, amounts: PintAmounts) -> str:
    withheld = ""
    if amounts.withholding:
        withheld = f"源泉徴収税額 {amounts.withholding:,f}円"
    parts = (paper.subject, paper.note, withheld)
    return " / ".join(" ".join(part.split()) for part in parts if part)


def _in_yen_too(amounts: PintAmounts) -> bool:
    return any(one.tax_jpy is not None for one in amounts.classes)


def seller_id(issuer: Issuer) -> tuple[str, str]:
    """Return the issuer's address in Peppol: scheme and number; empty without one."""
    if issuer.peppol_id:
        scheme, _, number = issuer.peppol_id.partition(":")
        return scheme, number
    if issuer.corporate_number:
        return _CORPORATE, issuer.corporate_number
    if issuer.registration_number:
        return _REGISTERED, issuer.registration_number
    return "", ""


def buyer_id(recipient: Recipient) -> tuple[str, str]:
    """Return the recipient's address in Peppol, likewise."""
    if recipient.peppol_id:
        scheme, _, number = recipient.peppol_id.partition(":")
        return scheme, number
    number = recipient.corporate_number
    return (_CORPORATE, number) if number else ("", "")


def _endpoint(party: Node, scheme: str, number: str) -> None:
    if number:
        party.put("EndpointID", number, schemeID=scheme)


def _seller(party: Node, issuer: Issuer) -> None:
    _endpoint(party, *seller_id(issuer))
    party.group("PartyName").put("Name", issuer.name)
    _address(party.group("PostalAddress"), issuer.address)
    if issuer.registration_number:
        tax = party.group("PartyTaxScheme")
        tax.put("CompanyID", issuer.registration_number)
        tax.group("TaxScheme").put("ID", "VAT")
    legal = party.group("PartyLegalEntity")
    legal.put("RegistrationName", issuer.name)
    if issuer.corporate_number:
        legal.put("CompanyID", issuer.corporate_number, schemeID=_CORPORATE)
    if issuer.person or issuer.phone or issuer.email:
        contact = party.group("Contact")
        contact.put("Name", issuer.person)
        contact.put("Telephone", issuer.phone)
        contact.put("ElectronicMail", issuer.email)


def _buyer(party: Node, who: Recipient) -> None:
    _endpoint(party, *buyer_id(who))
    party.group("PartyName").put("Name", who.name)
    _address(party.group("PostalAddress"), who.address)
    legal = party.group("PartyLegalEntity")
    legal.put("RegistrationName", who.name)
    if who.corporate_number:
        legal.put("CompanyID", who.corporate_number, schemeID=_CORPORATE)
    name = " ".join(part for part in (who.department, who.person) if part)
    if name:
        party.group("Contact").put("Name", name)


def _address(place: Node, address: Address) -> None:
    place.put("StreetName", address.street)
    place.put("AdditionalStreetName", address.building)
    place.put("CityName", address.city)
    place.put("PostalZone", address.postal_code.removeprefix("〒"))
    place.put("CountrySubentity", address.prefecture)
    place.group("Country").put("IdentificationCode", _YEN[:2])


def _payment(invoice: Node, paper: Paper, amounts: PintAmounts) -> None:
    for account in paper.issuer.bank_accounts:
        means = invoice.group("PaymentMeans")
        means.put("PaymentMeansCode", _TRANSFER)
        place = means.group("PayeeFinancialAccount")
        kind = f"{account.bank}:{account.branch}:{account.kind}:{account.number}"
        place.put("ID", kind)
        place.put("Name", account.holder)
    words = " ".join(part for part in (paper.terms, paper.issuer.fees) if part)
    if words:
        invoice.group("PaymentTerms").put("Note", words)
    paid = (("前受", amounts.prepaid), ("源泉徴収", amounts.withholding))
    for number, (name, amount) in enumerate(
        ((name, amount) for name, amount in paid if amount), 1
    ):
        part = invoice.group("PrepaidPayment")
        part.put("ID", number)
        part.money("PaidAmount", amount, paper.document.currency)
        part.put("InstructionID", name)


def _category(place: Node, category: Category) -> None:
    place.put("ID", category.code)
    if category.percent is not None:
        place.number("Percent", category.percent)
    place.group("TaxScheme").put("ID", "VAT")


def _allowances(invoice: Node, paper: Paper, amounts: PintAmounts) -> None:
    for one in amounts.classes:
        if one.allowance:
            part = invoice.group("AllowanceCharge")
            _allowance(part, one.allowance, paper.document.currency)
            _category(part.group("TaxCategory"), one.category)


def _allowance(part: Node, amount: Decimal, currency: str) -> None:
    is_charge = amount < 0
    part.put("ChargeIndicator", "true" if is_charge else "false")
    if not is_charge:
        part.put("AllowanceChargeReasonCode", _DISCOUNT)
    part.put("AllowanceChargeReason", "値引の取消" if is_charge else "値引")
    part.money("Amount", abs(amount), currency)


def _taxes(invoice: Node, paper: Paper, amounts: PintAmounts) -> None:
    currency = paper.document.currency
    total = invoice.group("TaxTotal")
    total.money("TaxAmount", amounts.tax, currency)
    for one in amounts.classes:
        part = total.group("TaxSubtotal")
        part.money("TaxableAmount", one.taxable, currency)
        part.money("TaxAmount", one.tax, currency)
        _category(part.group("TaxCategory"), one.category)
    if _in_yen_too(amounts):
        known = [one for one in amounts.classes if one.tax_jpy is not None]
        total = invoice.group("TaxTotal")
        whole = sum((one.tax_jpy or Decimal(0) for one in known), Decimal(0))
        total.money("TaxAmount", whole, _YEN)
        for one in known:
            part = total.group("TaxSubtotal")
            part.money("TaxAmount", one.tax_jpy or Decimal(0), _YEN)
            _category(part.group("TaxCategory"), one.category)


def _totals(invoice: Node, paper: Paper, amounts: PintAmounts) -> None:
    currency = paper.document.currency
    total = invoice.group("LegalMonetaryTotal")
    for name, amount in (
        ("LineExtensionAmount", amounts.line_total),
        ("TaxExclusiveAmount", amounts.exclusive),
        ("TaxInclusiveAmount", amounts.inclusive),
        ("AllowanceTotalAmount", amounts.allowances),
        ("ChargeTotalAmount", amounts.charges),
        ("PrepaidAmount", amounts.paid),
        ("PayableRoundingAmount", amounts.rounding),
        ("PayableAmount", amounts.payable),
    ):
        total.money(name, amount, currency)


def _line(part: Node, paper: Paper, one: PintLine, number: int) -> None:
    currency = paper.document.currency
    word = one.line.unit or ""
    unit = _UNITS.get(word, _ANY_UNIT)
    part.put("ID", number)
    part.number("InvoicedQuantity", one.quantity, unitCode=unit)
    part.money("LineExtensionAmount", one.net, currency)
    day = paper.line_days[number - 1] if paper.line_days else None
    if day is not None:
        period = part.group("InvoicePeriod")
        period.put("StartDate", day)
        period.put("EndDate", day)
    if one.allowance:
        _allowance(part.group("AllowanceCharge"), one.allowance, currency)
    item = part.group("Item")
    item.put("Name", one.line.description)
    _category(item.group("ClassifiedTaxCategory"), one.category)
    if word:
        shown = item.group("AdditionalItemProperty")
        shown.put("Name", "表示単位名称")
        shown.put("Value", word)
    price = part.group("Price")
    price.put("PriceAmount", plain(one.price), currencyID=currency)
    price.number("BaseQuantity", one.base_quantity, unitCode=unit)
