"""Inline tests: they pass, they fail with a difference, they say where they stand."""

from pathlib import Path
from time import perf_counter

import pytest

from tasuki.mapping import load_mappings, run_tests
from tasuki.model.errors import ConfigError
from tasuki.project import Project
from tests.unit.mapping.mapping_project import HEAD, MATCH, TODAY, load, project

SHIPPED = Path(__file__).parents[3] / "mappings"

BODY = (
    HEAD
    + MATCH
    + (
        "qualify: {no_email: email}\n"
        "fields:\n"
        "  Email: = lower(email)\n"
        "  Score: = number(score)\n"
        "  Day: = today()\n"
        "  Status: {const: Open, write: on_create}\n"
        "  Parent: {link: parent, of: pid}\n"
        "write_back: {Sent__c: = receipt.id}\n"
        "tests:\n"
    )
)
PARENT = HEAD + MATCH + "fields: {Email: email}\n"


def outcome(folder: Path, test: str) -> tuple[bool, str, str]:
    loaded = load(project(folder, lead=BODY + test, parent=PARENT))
    (result,) = run_tests(loaded, ("lead",))
    return result.passed, result.difference, result.position


@pytest.mark.parametrize(
    "test",
    [
        "  - given: {email: A}\n    expect: {create: {Email: a}}\n",
        "  - given: {email: A}\n    expect: {create: {}}\n",
        '  - given: {email: A, score: "1.0"}\n    expect: {create: {Score: 1}}\n',
        "  - given: {email: A}\n    expect: {create: {Status: Open, Score: null}}\n",
        "  - given: {email: A}\n    expect: {update: {Email: a, Status: null}}\n",
        "  - given: {}\n    expect: {skip: no_email}\n",
        "  - given: {email: A, pid: 5}\n    expect: {wait: parent}\n",
        (
            '  - given: {email: A, pid: 5}\n    links: {parent: {"5": "50"}}\n'
            '    expect: {create: {Parent: "50"}}\n'
        ),
        "  - given: {email: A, score: x}\n    expect: {fault: Score}\n",
        "  - given: {email: A}\n    expect: {create: {Day: 2026-05-20}}\n",
        (
            "  - given: {email: A}\n    today: 2027-01-01\n"
            "    expect: {create: {Day: 2027-01-01}}\n"
        ),
        "  - given: {email: B}\n    before: {email: A}\n    expect: {update: {Email: b}}\n",
        "  - given: {email: a}\n    before: {email: A}\n    expect: {unchanged: true}\n",
        "  - given: {email: A}\n    receipt: {id: 7}\n    expect: {write_back: {Sent__c: 7}}\n",
    ],
)
def test_an_expectation_that_holds_passes(test: str, tmp_path: Path) -> None:
    assert outcome(tmp_path, test) == (True, "", "mappings/lead.yaml:14")


@pytest.mark.parametrize(
    ("test", "difference"),
    [
        (
            "  - given: {email: A}\n    expect: {create: {Email: b, Status: Open}}\n",
            'Email: expected "b", came "a"',
        ),
        (
            "  - given: {email: A}\n    expect: {create: {Score: 5, Parent: x}}\n",
            'Score: expected 5, came nothing\nParent: expected "x", came nothing',
        ),
        (
            "  - given: {email: A}\n    expect: {skip: no_email}\n",
            "expected skip no_email, came a payload",
        ),
        (
            "  - given: {}\n    expect: {create: {}}\n",
            "expected create, came skip no_email",
        ),
        (
            "  - given: {email: A, score: x}\n    expect: {create: {}}\n",
            (
                "expected create, came fault Score: the text is not a number"
                " (in `number(score)`, character 1; score: text of 1 character)"
            ),
        ),
        (
            "  - given: {email: B}\n    before: {email: A}\n    expect: {unchanged: true}\n",
            "expected unchanged, came changed",
        ),
        (
            "  - given: {email: a}\n    before: {email: A}\n    expect: {update: {}}\n",
            "expected update, came unchanged",
        ),
        (
            "  - given: {email: A}\n    receipt: {}\n    expect: {write_back: {Sent__c: 7}}\n",
            "write_back.Sent__c: expected 7, came null",
        ),
    ],
)
def test_an_expectation_that_does_not_hold_says_the_difference(
    test: str, difference: str, tmp_path: Path
) -> None:
    assert outcome(tmp_path, test) == (False, difference, "mappings/lead.yaml:14")


def test_a_held_change_can_be_expected(tmp_path: Path) -> None:
    text = (
        HEAD + "write: once\nkey: Id\nfields: {Name: name}\ntests:\n"
        "  - given: {Id: 1, name: b}\n    before: {name: a}\n    expect: {hold: changed_after_sent}\n"
    )

    (result,) = run_tests(load(project(tmp_path, lead=text)))

    assert result.passed, result.difference


def test_names_and_places_are_those_of_the_file(tmp_path: Path) -> None:
    tests = (
        "  - name: the first\n    given: {email: A}\n    expect: {create: {}}\n"
        "  - given: {}\n    expect: {skip: no_email}\n"
    )
    loaded = load(project(tmp_path, lead=BODY + tests, parent=PARENT))

    results = run_tests(loaded)

    assert [(r.mapping, r.index, r.name, r.position) for r in results] == [
        ("lead", 0, "the first", "mappings/lead.yaml:14"),
        ("lead", 1, "skip no_email", "mappings/lead.yaml:17"),
    ]


def test_tests_of_an_unknown_mapping_cannot_be_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        run_tests(load(project(tmp_path, lead=BODY, parent=PARENT)), ("laed",))


def test_the_shipped_mappings_keep_their_own_tests() -> None:
    loaded = load_mappings([SHIPPED], today=lambda: TODAY)

    start = perf_counter()
    results = run_tests(loaded, render=Project(SHIPPED.parent).renderer)

    print(f"{len(results)} inline tests in {(perf_counter() - start) * 1000:.0f} ms")
    assert [
        f"{r.position} {r.name}: {r.difference}" for r in results if not r.passed
    ] == []
    assert {r.mapping for r in results} == set(loaded.mappings)
    assert len(results) >= 25


def test_the_shipped_mappings_come_in_the_order_of_the_model() -> None:
    loaded = load_mappings([SHIPPED], today=lambda: TODAY)
    order = [each.id for each in loaded.in_order()]

    assert order.index("customer.salesforce-freee") < order.index(
        "invoice.salesforce-freee"
    )
    assert order.index("invoice.salesforce-freee") < order.index(
        "payment.freee-salesforce"
    )
    assert loaded["invoice.salesforce-freee"].policy == loaded.around.policies["money"]


LOOKING = (
    HEAD
    + MATCH
    + (
        "fields:\n"
        "  Email: email\n"
        "  Owner: {lookup: seller, by: {Email: boss}, take: Id, default: nobody}\n"
        "  Code: {link: parent, of: pid, take: Email}\n"
        "  Number: {link: parent, of: pid, take: receipt.number}\n"
        "tests:\n  - given: {email: a, boss: B@x.jp, pid: 5}\n"
    )
)
SELLER = "from: salesforce/User\nwhere: IsActive\n"
LINK = '    links: {parent: {"5": {id: "50", Email: p@x.jp, receipt: {number: N-1}}}}\n'


@pytest.mark.parametrize(
    ("rest", "difference"),
    [
        (
            LINK + "    lookups: {seller: [{Email: b@X.jp, Id: u1, IsActive: true},"
            " {Email: b@x.jp, Id: u2, IsActive: false}]}\n"
            "    expect: {create: {Owner: u1, Code: p@x.jp, Number: N-1}}\n",
            "",
        ),
        (LINK + "    expect: {create: {Owner: nobody}}\n", ""),
        (
            (
                '    links: {parent: {"5": "50"}}\n'
                "    expect: {create: {Code: null, Number: null}}\n"
            ),
            "",
        ),
        ("    expect: {wait: parent}\n", ""),
        (
            LINK
            + "    lookups: {seller: [{id: 1, Email: b@x.jp, Id: u1, IsActive: true},"
            " {id: 2, Email: b@x.jp, Id: u2, IsActive: true}]}\n"
            "    expect: {create: {}}\n",
            (
                "expected create, came fault Owner: "
                "2 records of salesforce/User have this Email: 1, 2"
            ),
        ),
    ],
)
def test_a_test_gives_records_to_look_up_and_links_to_take_of(
    rest: str, difference: str, tmp_path: Path
) -> None:
    files = {"lookups__seller.yaml": SELLER}
    loaded = load(project(tmp_path, lead=LOOKING + rest, parent=PARENT, **files))
    (result,) = run_tests(loaded, ("lead",))
    assert result.difference == difference
