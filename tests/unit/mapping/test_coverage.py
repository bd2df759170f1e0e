"""What inline tests reach: reasons, values, defaults, branches and write-backs."""

from pathlib import Path

from tasuki.mapping import load_mappings
from tasuki.mapping.coverage import Coverage, coverage
from tests.unit.mapping.mapping_project import HEAD, MATCH, TODAY, load, project

SHIPPED = Path(__file__).parents[3] / "mappings"

LEAD = (
    HEAD
    + MATCH
    + """qualify:
  no_email: not blank(email)
  small: number(size) > 5
fields:
  Email: email
  Kind: {from: kind, values: {a: 甲, b: 乙}, default: 他}
  Rating: = "Hot" if number(size) > 80 else first(rating, "Warm")
  Lines:
    each: lines
    fields:
      Tax: {from: tax, values: {"10": x, "8": y}, default: null}
write_back: {Id__c: = receipt.id}
tests:
"""
)


def covered(folder: Path, tests: str) -> Coverage:
    (found,) = coverage(load(project(folder, lead=LEAD + tests)))
    return found


def missing(found: Coverage) -> list[str]:
    return [part.what for part in found.missing]


def test_one_test_leaves_the_rest_to_be_told(tmp_path: Path) -> None:
    found = covered(
        tmp_path,
        "  - given: {email: x, size: '90', kind: a, lines: [{tax: '10'}]}\n    expect: {create: {}}\n",
    )

    assert missing(found) == [
        "no test is skipped for 'no_email'",
        "no test is skipped for 'small'",
        "no test of 'Kind' comes with 'b'",
        "no test needs the default of 'Kind'",
        "no test of 'Rating' comes to `first(rating, \"Warm\")`",
        "no test of 'Rating' comes to `rating`",
        "no test of 'Rating' comes to `\"Warm\"`",
        "no test of 'Lines.Tax' comes with '8'",
        "no test needs the default of 'Lines.Tax'",
        "no test looks at the write-back of 'Id__c'",
    ]
    assert found.missing[2].position == "mappings/lead.yaml:10:37"
    assert found.missing[4].position == "mappings/lead.yaml:11:45"


def test_tests_that_reach_everything_are_told_so(tmp_path: Path) -> None:
    found = covered(
        tmp_path,
        """  - given: {email: "", size: "9"}
    expect: {skip: no_email}
  - given: {email: x, size: "1"}
    expect: {skip: small}
  - given: {email: x, size: "90", kind: a, lines: [{tax: "10"}, {tax: "8"}, {tax: "0"}]}
    receipt: {id: "5"}
    expect: {create: {}, write_back: {Id__c: "5"}}
  - given: {email: x, size: "9", kind: b, rating: Cold}
    expect: {create: {Rating: Cold}}
  - given: {email: x, size: "9", kind: c}
    expect: {create: {Rating: Warm}}
""",
    )

    assert missing(found) == []
    assert found.percent == 100


def test_a_mapping_without_tests_reaches_nothing(tmp_path: Path) -> None:
    found = covered(tmp_path, "  []\n")

    assert found.percent == 0
    assert "no test makes a payload" in missing(found)


def test_a_record_that_fails_reaches_what_came_before_it(tmp_path: Path) -> None:
    found = covered(
        tmp_path,
        "  - given: {email: x, size: '9', kind: a, lines: 5}\n    expect: {fault: Lines}\n",
    )

    assert "no test of 'Kind' comes with 'a'" not in missing(found)
    assert "no test makes a payload" in missing(found)


def test_the_day_of_a_test_counts(tmp_path: Path) -> None:
    text = (
        HEAD
        + MATCH
        + 'fields:\n  A: = "old" if date(d) < today() else "new"\ntests:\n'
        + "  - given: {d: '2026-05-01'}\n    today: 2026-05-02\n    expect: {create: {A: old}}\n"
        + "  - given: {d: '2026-05-01'}\n    today: 2026-04-02\n    expect: {create: {A: new}}\n"
    )
    (found,) = coverage(load(project(tmp_path, lead=text)))

    assert missing(found) == []


def test_the_tests_of_the_shipped_mappings_reach_every_part_of_them() -> None:
    shipped = load_mappings([SHIPPED], today=lambda: TODAY)

    missing = [
        f"{part.position}: {part.what}"
        for one in coverage(shipped)
        for part in one.missing
    ]

    assert missing == []
    assert len(coverage(shipped)) == len(shipped)
