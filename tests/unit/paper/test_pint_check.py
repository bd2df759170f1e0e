"""Our checks of a digital invoice: each finds what it is for, and nothing else."""

import pytest

from tasuki.billing.errors import BillingError
from tasuki.billing.tax import TaxClass
from tasuki.model.errors import ConfigError
from tasuki.paper.pint.check import check_xml
from tasuki.paper.pint.official import official_findings
from tasuki.paper.pint.writing import invoice_xml
from tests.unit.paper.papers import line, paper

GOOD = invoice_xml(
    paper(line(50000, quantity=5), line(349, TaxClass.EXEMPT, 10, what="教科書"))
).decode()


@pytest.mark.parametrize(
    ("old", "new", "rules"),
    [
        (">T7000012050002</cbc:CompanyID>", ">T1234567890123</cbc:CompanyID>", ["T-number"]),
        ("<cbc:Percent>10</cbc:Percent>\n        <cac:TaxScheme>\n          <cbc:ID>VAT</cbc:ID>\n        </cac:TaxScheme>\n      </cac:ClassifiedTaxCategory>", "</cac:ClassifiedTaxCategory>", ["T-rate", "T-category", "T-category"]),
        (">50000</cbc:PriceAmount>", ">49999</cbc:PriceAmount>", ["T-line"]),
        (">50000</cbc:PriceAmount>", ">-50000</cbc:PriceAmount>", ["T-price", "T-line"]),
        ('<cbc:TaxAmount currencyID="JPY">25000<', '<cbc:TaxAmount currencyID="JPY">25001<', ["T-tax", "T-total"]),
        (">278490</cbc:PayableAmount>", ">278490.0</cbc:PayableAmount>", ["T-decimals"]),
        (">278490</cbc:PayableAmount>", ">278491</cbc:PayableAmount>", ["T-total"]),
        (">278490</cbc:PayableAmount>", ">viel</cbc:PayableAmount>", ["T-amount", "T-total"]),
        ('<cbc:TaxableAmount currencyID="JPY">3490<', '<cbc:TaxableAmount currencyID="JPY">3491<', ["T-category"]),
        (">380<", ">381<", ["T-kind"]),
        ("@jp-1<", "@sg-1<", ["T-kind"]),
        ("cac:InvoicePeriod>", "cac:OtherPeriod>", ["T-period"]),
        ("<cbc:RegistrationName>株式会社北日本製作所</cbc:RegistrationName>", "", ["T-name"]),
        ("<cbc:Name>教科書</cbc:Name>", "", ["T-item"]),
        ("<cbc:ID>INV-1</cbc:ID>", "", ["T-head"]),
    ],
)  # fmt: skip
def test_a_broken_file_is_told_by_the_rule_that_it_breaks(old, new, rules):
    assert check_xml(GOOD.encode()) == []
    if "ClassifiedTaxCategory" in old:
        start = GOOD.index("<cbc:Percent>10", GOOD.index("<cac:InvoiceLine>"))
        end = GOOD.index("</cbc:Percent>", start) + len("</cbc:Percent>")
        broken = GOOD[:start] + GOOD[end:]
    else:
        assert old in GOOD
        broken = GOOD.replace(old, new)
    assert [one.rule for one in check_xml(broken.encode())] == rules


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.4", "this is no XML"),
        (b"<a/>", "this is no UBL invoice"),
        (b"", "this is no XML"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "declares a document type"),
    ],
)
def test_what_is_no_invoice_is_said_in_one_line(content, words):
    with pytest.raises(BillingError, match=words) as told:
        check_xml(content)
    assert "\n" not in str(told.value)


_SCHEMA = """\
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
  targetNamespace="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2">
  <xs:element name="Invoice"><xs:complexType><xs:sequence>
    <xs:any processContents="skip" maxOccurs="3"/>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>
"""


def test_the_schema_that_a_user_has_is_asked(tmp_path):
    (tmp_path / "maindoc").mkdir()
    schema = tmp_path / "maindoc/UBL-Invoice-2.1.xsd"
    schema.write_text(_SCHEMA, encoding="utf-8")
    (found,), used = official_findings(GOOD.encode(), tmp_path)
    assert (found.rule, used) == ("XSD", ["UBL-Invoice-2.1.xsd"])
    schema.write_text(_SCHEMA.replace('"3"', '"unbounded"'), encoding="utf-8")
    assert official_findings(GOOD.encode(), tmp_path)[0] == []
    schema.write_text("<no", encoding="utf-8")
    with pytest.raises(ConfigError, match="the schema cannot be read"):
        official_findings(GOOD.encode(), tmp_path)


def test_a_folder_without_rules_and_rules_without_saxon_are_explained(
    tmp_path, monkeypatch
):
    with pytest.raises(ConfigError, match="there is no such folder"):
        official_findings(GOOD.encode(), tmp_path / "none")
    with pytest.raises(ConfigError, match="neither UBL-Invoice"):
        official_findings(GOOD.encode(), tmp_path)
    (tmp_path / "rules.xslt").write_text("<x/>", encoding="utf-8")
    monkeypatch.setitem(__import__("sys").modules, "saxonche", None)
    with pytest.raises(ConfigError, match="Saxon is not installed") as told:
        official_findings(GOOD.encode(), tmp_path)
    assert "tasuki[jp-pint]" in told.value.remedy
