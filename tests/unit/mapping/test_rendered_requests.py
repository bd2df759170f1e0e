"""`expect: request`: what the shipped connectors would send, and what differs."""

from pathlib import Path

import pytest

from tasuki.mapping import run_tests
from tasuki.model.errors import MappingError
from tasuki.project import Project
from tests.unit.mapping.mapping_project import load, project

HEAD = "version: 1\nsource: crm/people\ndestination: {to}\n"
LEAD = HEAD.format(to="salesforce/Lead") + (
    "match: [{Key__c: id}]\nfields:\n  Key__c: id\n  Amount: = number(amount)\ntests:\n"
)
CONTACT = HEAD.format(to="hubspot/contacts") + (
    "match: [{email: mail}]\nfields: {email: mail, firstname: first}\ntests:\n"
)
INVOICE = HEAD.format(to="freee/invoice") + (
    "write: once\nkey: id\nfields:\n"
    "  partner_id: {from: partner, as: number}\n"
    "  billing_date: day\n"
    "  lines:\n    each: lines\n    fields:\n"
    "      {description: text, quantity: n, unit_price: price, tax: tax}\n"
    "tests:\n"
)
LINES = "[{text: 保守, n: 2, price: 500, tax: reduced}]"


def difference(folder: Path, text: str, connections: str = "") -> str:
    if connections:
        (folder / "connections.yaml").write_text(connections, encoding="utf-8")
    loaded = load(project(folder, lead=text))
    render = Project(folder, environment={}).renderer
    (result,) = run_tests(loaded, ("lead",), render)
    return result.difference


@pytest.mark.parametrize(
    "text",
    [
        LEAD + "  - given: {id: a, amount: '1.50'}\n    expect:\n"
        "      create: {}\n"
        "      request:\n        method: PATCH\n"
        "        path: /composite/sobjects/Lead/Key__c\n"
        "        body: {allOrNone: false, records:"
        " [{attributes: {type: Lead}, Key__c: a, Amount: 1.5}]}\n",
        LEAD + "  - given: {id: a, amount: 2}\n    before: {amount: 1}\n"
        "    expect: {request: {path: /composite/sobjects, body:"
        " {records: [{id: ID, Amount: 2}]}}}\n",
        CONTACT + "  - given: {mail: a@x.jp, first: 花}\n"
        "    expect: {request: {method: POST,"
        " path: /crm/objects/2026-09/contacts/batch/upsert, body: {inputs:"
        " [{idProperty: email, id: a@x.jp, properties: {firstname: 花}}]}}}\n",
        CONTACT + "  - given: {mail: a@x.jp}\n"
        "    expect: {update: {}, request: {path:"
        " /crm/objects/2026-09/contacts/batch/update, body: {inputs:"
        ' [{id: ID, properties: {firstname: ""}}]}}}\n',
        INVOICE + f"  - given: {{id: 1, partner: 7, day: 2026-05-20, lines: {LINES}}}\n"
        "    expect: {request: {path: /iv/invoices, body: {partner_id: 7,"
        " memo: tasuki:MARK, lines: [{tax_rate: 8, reduced_tax_rate: true}]}}}\n",
    ],
)
def test_the_request_is_what_the_connector_would_send(
    text: str, tmp_path: Path
) -> None:
    assert difference(tmp_path, text) == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            LEAD + "  - given: {id: a, amount: 1}\n    expect: {request: {method: POST,"
            " body: {records: [{Amount: 2, Name: x}, {}]}}}\n",
            (
                'request.method: expected "POST", came "PATCH"\n'
                "request.body.records[0].Amount: expected 2, came 1\n"
                'request.body.records[0].Name: expected "x", came nothing\n'
                "request.body.records[1]: expected {}, came nothing"
            ),
        ),
        (
            LEAD + "  - given: {amount: 1}\n    expect: {request: {}}\n",
            (
                "expected a request, and salesforce/Lead refuses: "
                "a create needs an external id as its first match"
            ),
        ),
        (
            LEAD + "  - given: {id: a, amount: x}\n    expect: {request: {}}\n",
            "expected a request, and nothing would be sent",
        ),
        (
            INVOICE
            + f"  - given: {{id: 1, partner: 7, lines: {LINES}}}\n    expect: {{request: {{}}}}\n",
            "expected a request, and freee/invoice refuses: billing_date is missing",
        ),
        (
            CONTACT + "  - given: {first: 花}\n    expect: {request: {}}\n",
            (
                "expected a request, and hubspot/contacts refuses: "
                "a create needs a match on a unique property"
            ),
        ),
    ],
)
def test_a_request_that_is_another_says_where(
    text: str, told: str, tmp_path: Path
) -> None:
    assert difference(tmp_path, text) == told


CONNECTIONS = """
freee:
  connector: freee
  company_id: ${FREEE_COMPANY}
  auth: {flow: token, token: "${FREEE_TOKEN}"}
  price_mode: inclusive
crm: {connector: hubspot, auth: {token: "${CRM_TOKEN}"}}
"""


def test_a_connections_settings_count_and_its_secrets_are_not_needed(
    tmp_path: Path,
) -> None:
    given = f"{{id: 1, partner: 7, day: 2026-05-20, lines: {LINES}}}"
    text = INVOICE + (
        f"  - given: {given}\n"
        "    expect: {request: {body: {tax_entry_method: in}}}\n"
    )
    assert difference(tmp_path, text, CONNECTIONS) == ""
    out = 'request.body.tax_entry_method: expected "in", came "out"'
    assert (
        difference(tmp_path, text, 'crm: {connector: hubspot, auth: {token: "${T}"}}\n')
        == out
    )


def test_connections_that_are_wrong_are_told_as_they_are(tmp_path: Path) -> None:
    text = LEAD + "  - given: {id: a}\n    expect: {request: {}}\n"
    assert "connections.yaml:1:" in difference(
        tmp_path, text, "crm: {connector: hubspott}\n"
    )


def test_a_connector_that_cannot_say_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "connectors" / "mine"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(
        "from tasuki.connector import Connector, ConnectionSettings\n"
        "CONNECTOR = Connector('mine', ConnectionSettings, None, None, ())\n"
    )
    text = LEAD.replace("salesforce/Lead", "mine/Lead")
    text += "  - given: {id: a}\n    expect: {request: {}}\n"
    assert "the connector 'mine' cannot say what it would send" in difference(
        tmp_path, text
    )


def test_without_connectors_a_request_cannot_be_expected(tmp_path: Path) -> None:
    text = LEAD + "  - given: {id: a}\n    expect: {request: {}}\n"
    (result,) = run_tests(load(project(tmp_path, lead=text)))
    assert result.difference == (
        "expected a request, and no connector is at hand to make it"
    )


def test_the_tests_of_a_file_that_is_wrong_are_not_run(tmp_path: Path) -> None:
    with pytest.raises(MappingError):
        load(project(tmp_path, lead=LEAD + "  - {given: {}, expect: {reqest: {}}}\n"))
