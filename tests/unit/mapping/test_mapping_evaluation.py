"""What each verb and modifier makes of a record."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.mapping import (
    CompiledMapping,
    Evaluation,
    Faulty,
    Payload,
    Skip,
    Waiting,
    no_links,
)
from tasuki.mapping.record_lookup import nothing_found
from tests.unit.mapping.mapping_project import (
    FIELDS,
    HEAD,
    MATCH,
    compiled,
    load,
    problems,
    project,
    record,
)

TERRITORY = {
    "lookups__area.csv": "state,size,owner\n東京都,L,1\n東京都,S,2\n大阪府,L,3\n"
}


def fields(made: Evaluation) -> dict[str, object]:
    assert isinstance(made, Payload), made
    return made.fields


def field(folder: Path, rule: str, **files: str) -> CompiledMapping:
    return compiled(folder, f"fields:\n  A: {rule}\n", **files)


@pytest.mark.parametrize(
    ("rule", "read", "made"),
    [
        ("a", {"a": "x"}, "x"),
        ("a", {}, None),
        ("a", {"a": ""}, None),
        ("a", {"a": 0}, 0),
        ("a", {"a": False}, False),
        ("account.Name", {"account": {"Name": "x"}}, "x"),
        ("account.Name", {"account": None}, None),
        ("担当者 名", {"担当者 名": "佐藤"}, "佐藤"),
        ("= lower(a)", {"a": "X"}, "x"),
        ("= lower(a)", {}, None),
        ("= a + 0.2", {"a": 0.1}, Decimal("0.3")),
        ('= date("2026-05-31")', {}, "2026-05-31"),
        ('= split(a, ",")', {"a": "x,y"}, ["x", "y"]),
        ("{from: a, as: [trim, upper]}", {"a": " x "}, "X"),
        ("{from: a, as: lower}", {}, None),
        ("{from: a, max: 3}", {"a": "あいうえ"}, "あいう"),
        ("{from: a, max: 3}", {"a": 12345}, 12345),
        ("{from: a, default: x}", {"a": "  "}, "x"),
        ("{from: a, default: x}", {"a": 0}, 0),
        ("{from: a, default: abcd, max: 2}", {}, "ab"),
        ("{from: a, default: = upper(b)}", {"b": "x"}, "X"),
        ("{const: = not a formula}", {}, "= not a formula"),
        ("{const: [1, x]}", {}, [1, "x"]),
        ("{from: a, values: {x: y}, default: z}", {"a": " x "}, "y"),
        ("{from: a, values: {x: null}, default: z}", {"a": "x"}, None),
        ("{from: a, values: {x: y}, default: null}", {"a": "q"}, None),
        ("{formula: = a * 2, as: text}", {"a": 2}, "4"),
    ],
)
def test_a_field_is_made_as_its_rule_says(
    rule: str, read: dict[str, object], made: object, tmp_path: Path
) -> None:
    assert fields(field(tmp_path, rule).evaluate(record(**read))) == {"A": made}


@pytest.mark.parametrize(
    ("on_error", "made"),
    [("blank", None), ("default, default: 7", 7), ("blank, default: 7", 7)],
)
def test_on_error_says_what_stands_for_a_value_that_cannot_be_made(
    on_error: str, made: object, tmp_path: Path
) -> None:
    mapping = field(tmp_path, f"{{formula: = number(a), on_error: {on_error}}}")

    assert fields(mapping.evaluate(record(a="keine"))) == {"A": made}


def test_without_on_error_the_record_is_faulty_and_no_value_is_quoted(
    tmp_path: Path,
) -> None:
    mapping = field(tmp_path, "= 1 + number(a)")

    made = mapping.evaluate(record(a="taro@sample.co.jp"))

    assert made == Faulty(
        "A",
        "formula",
        "the text is not a number (in `1 + number(a)`, character 5; a: text of 17 characters)",
        "Correct the record at its source, or the formula.",
    )


def test_a_fault_is_placed_at_its_field_not_at_the_first(tmp_path: Path) -> None:
    mapping = compiled(
        tmp_path,
        "fields:\n  A: = number(a)\n  B: {from: b, as: number}\n  C: = number(c)\n",
    )

    made = mapping.evaluate(record(a="1", b="2", c="x"))

    assert isinstance(made, Faulty)
    assert made.field == "C"


def test_a_required_field_that_is_blank_stops_the_record(tmp_path: Path) -> None:
    mapping = field(tmp_path, "{from: a, required: true}")

    made = mapping.evaluate(record(a=" "))

    assert isinstance(made, Faulty)
    assert (made.field, made.cause) == ("A", "required")


@pytest.mark.parametrize(
    ("state", "size", "owner"),
    [
        ("東京都", "S", "2"),
        (" 大阪府 ", "L", "3"),
        ("京都府", "L", None),
        (None, "L", None),
    ],
)
def test_a_lookup_takes_a_column_by_its_keys(
    state: object, size: object, owner: object, tmp_path: Path
) -> None:
    rule = "{lookup: area, by: {state: st, size: sz}, take: owner}"
    mapping = field(tmp_path, rule, **TERRITORY)

    assert fields(mapping.evaluate(record(st=state, sz=size))) == {"A": owner}


def test_the_first_rule_that_fails_is_the_reason(tmp_path: Path) -> None:
    text = (
        FIELDS
        + "qualify:\n  no_email: email\n  low: number(score) > 5\n  never: '1 > 2'\n"
    )
    mapping = compiled(tmp_path, text)

    assert mapping.evaluate(record()) == Skip("no_email")
    assert mapping.evaluate(record(email="a")) == Skip("low")
    assert mapping.evaluate(record(email="a", score="9")) == Skip("never")


def test_a_rule_that_cannot_be_judged_is_a_fault_not_a_no(tmp_path: Path) -> None:
    mapping = compiled(tmp_path, FIELDS + "qualify: {low: number(score) > 5}\n")

    made = mapping.evaluate(record(score="viel"))

    assert isinstance(made, Faulty)
    assert made.field == "qualify.low"


def test_later_formulas_read_earlier_fields(tmp_path: Path) -> None:
    mapping = compiled(
        tmp_path,
        "fields:\n  start: = date(Closed)\n  due: = add_days(start, 30)\n",
    )

    assert fields(mapping.evaluate(record(Closed="2026-05-01"))) == {
        "start": "2026-05-01",
        "due": "2026-05-31",
    }


def test_a_formula_may_read_the_source_field_that_its_own_field_is_named_after(
    tmp_path: Path,
) -> None:
    mapping = compiled(tmp_path, "fields:\n  name: = upper(name)\n  b: = lower(b)\n")

    assert fields(mapping.evaluate(record(name="x", b="Y"))) == {"name": "X", "b": "y"}


def test_source_and_result_say_which_field_is_meant(tmp_path: Path) -> None:
    text = "fields:\n  name: = upper(name)\n"
    text += "  was: = source.name\n  is: = result.name\n"
    mapping = compiled(tmp_path, text)

    made = fields(mapping.evaluate(record(name="x")))

    assert made == {"name": "X", "was": "x", "is": "X"}
    assert mapping.query().fields == ("email", "name")


LINES = """version: 1
source: salesforce/Opportunity
destination: freee/invoice
write: create_only
include: {lines: OpportunityLineItems}
fields:
  day: = date(CloseDate)
  lines:
    each: lines
    fields:
      text: {from: Name, max: 3}
      total: = Quantity * Price
      deal: = source.Title
      day: = result.day
      tax: {from: Rate, values: {"10": standard}, default: = lower(Rate)}
"""


def test_each_makes_an_entry_of_every_item_and_leaves_blanks_out(
    tmp_path: Path,
) -> None:
    mapping = compiled(tmp_path, LINES)
    items = [
        {"Name": "あいうえ", "Quantity": 2, "Price": 1.5, "Rate": "10"},
        {"Quantity": 1, "Rate": "X"},
    ]

    made = fields(
        mapping.evaluate(record(lines=items, Title="T", CloseDate="2026-05-01"))
    )

    assert made["lines"] == [
        {
            "text": "あいう",
            "total": Decimal("3.0"),
            "deal": "T",
            "day": "2026-05-01",
            "tax": "standard",
        },
        {"deal": "T", "day": "2026-05-01", "tax": "x"},
    ]
    assert mapping.query().include == {
        "lines": ("OpportunityLineItems", ("Name", "Price", "Quantity", "Rate"))
    }
    assert mapping.query().fields == ("CloseDate", "Title")


def test_each_of_nothing_is_an_empty_list_and_of_text_a_fault(tmp_path: Path) -> None:
    mapping = compiled(tmp_path, LINES)

    assert fields(mapping.evaluate(record()))["lines"] == []
    made = mapping.evaluate(record(lines="text"))
    assert isinstance(made, Faulty)
    assert (made.field, made.cause) == ("lines", "value")


def test_a_fault_inside_an_item_names_the_inner_field(tmp_path: Path) -> None:
    made = compiled(tmp_path, LINES).evaluate(
        record(lines=[{"Quantity": 1, "Price": "x"}])
    )

    assert isinstance(made, Faulty)
    assert made.field == "lines.total"


def linked(folder: Path) -> CompiledMapping:
    head = "version: 1\nsource: a/x\ndestination: b/y\nmatch: [{k: k}]\n"
    child = head + (
        "qualify: {open: not closed}\nfields:\n"
        "  parent: {link: parent, of: pid, as: number}\n"
        "  rows:\n    each: rows\n    fields:\n      item: {link: parent, of: iid}\n"
    )
    return load(project(folder, parent=head + "fields: {k: k}\n", child=child))["child"]


def test_a_record_waits_for_the_link_of_its_parent(tmp_path: Path) -> None:
    mapping = linked(tmp_path)
    links = {("parent", "7"): "70", ("parent", "8"): "80"}

    def find(sync: str, source_id: str) -> str | None:
        return links.get((sync, source_id))

    assert mapping.evaluate(record(pid="9"), find) == Waiting("parent", "9")
    assert mapping.evaluate(record(pid=7, rows=[{"iid": "6"}]), find) == Waiting(
        "parent", "6"
    )
    made = fields(mapping.evaluate(record(pid=7, rows=[{"iid": "8"}]), find))
    assert made == {"parent": 70, "rows": [{"item": "80"}]}


def test_a_record_without_a_parent_or_not_qualified_waits_for_nobody(
    tmp_path: Path,
) -> None:
    mapping = linked(tmp_path)

    assert fields(mapping.evaluate(record()))["parent"] is None
    assert mapping.evaluate(record(pid="9", closed=True)) == Skip("open")


def test_links_that_are_needed_can_be_asked_for_before(tmp_path: Path) -> None:
    mapping = linked(tmp_path)
    needing = record(pid=7, rows=[{"iid": "8"}, {"iid": None}, {"iid": "9"}])

    assert list(mapping.link_needs(needing)) == [
        ("parent", "7"),
        ("parent", "8"),
        ("parent", "9"),
    ]


def test_what_links_raise_is_not_taken_for_a_fault_of_the_record(
    tmp_path: Path,
) -> None:
    def broken(_sync: str, _source_id: str) -> str | None:
        raise OSError("ledger")

    with pytest.raises(OSError, match="ledger"):
        linked(tmp_path).evaluate(record(pid="1"), broken)


def test_write_and_owner_go_with_the_payload(tmp_path: Path) -> None:
    text = (
        "fields:\n  A: {const: x, write: on_create}\n  B: {const: y, write: on_update}\n"
        "  C: {from: c, owner: destination_if_set}\n  D: d\n"
    )
    made = compiled(tmp_path, text).evaluate(record(d="z"))

    assert isinstance(made, Payload)
    assert made.owners == {"C": "destination_if_set"}
    assert made.for_create() == {"A": "x", "D": "z"}
    assert made.for_update() == {"B": "y", "C": None, "D": "z"}


def test_values_leave_as_plain_ones(tmp_path: Path) -> None:
    read = {
        "a": datetime(2026, 5, 20, 9, tzinfo=UTC),
        "b": date(2026, 5, 20),
        "c": 1.1,
        "d": (1, [2.5]),
        "e": {"x": date(2026, 1, 1)},
    }
    text = "fields:\n" + "".join(f"  {name.upper()}: {name}\n" for name in read)

    made = fields(compiled(tmp_path, text).evaluate(record(**read)))

    assert made == {
        "A": "2026-05-20T09:00:00+00:00",
        "B": "2026-05-20",
        "C": Decimal("1.1"),
        "D": [1, [Decimal("2.5")]],
        "E": {"x": "2026-01-01"},
    }


INVOICE = """version: 1
source: a/x
destination: b/y
write: once
key: Id
document: invoice
fields:
  partner_id: partner
  billing_date: day
  lines:
    each: lines
    fields: {description: text, quantity: n, unit_price: price, tax: tax}
"""


def test_a_document_is_checked_before_it_may_leave(tmp_path: Path) -> None:
    mapping = compiled(tmp_path, INVOICE)
    line = {"text": "保守", "n": 1, "price": 1000, "tax": "standard"}

    good = mapping.evaluate(record(Id="1", partner=5, day="2026-05-20", lines=[line]))
    bad = mapping.evaluate(
        record(Id="1", partner=5, day="2026-05-20", lines=[line | {"tax": "8% 佐藤"}])
    )

    assert isinstance(good, Payload)
    assert isinstance(bad, Faulty)
    assert (bad.field, bad.cause) == ("lines[0].tax", "document")
    assert "佐藤" not in bad.words + bad.remedy


def test_a_record_without_its_business_key_is_faulty(tmp_path: Path) -> None:
    made = compiled(tmp_path, INVOICE).evaluate(record(Id="", partner=5))

    assert isinstance(made, Faulty)
    assert made.cause == "key"


def test_a_field_called_source_is_a_field_like_others(tmp_path: Path) -> None:
    text = "match: [{k: source}]\nfields:\n  A: source\n  B: = upper(source)\n"
    mapping = compiled(tmp_path, text)

    assert fields(mapping.evaluate(record(source="web"))) == {"A": "web", "B": "WEB"}
    assert mapping.match_values(record(source="web")) == (
        (mapping.match_steps[0], "web"),
    )


def test_a_field_called_source_beside_the_prefix_is_unclear(tmp_path: Path) -> None:
    text = HEAD + MATCH + "fields:\n  A: source\n  B: = source.name\n"

    (told,) = problems(project(tmp_path, lead=text))

    assert told == (
        "mappings/lead.yaml:6:3: 'source' is a field of the source, "
        "and 'source.' a prefix here\n  Read the field by: = source.source."
    )


EVERYTHING = """version: 1
source: a/x
destination: b/y
write: once
key: Id
include: {rows: Rows}
qualify: {low: number(n) > 1}
fields:
  a: {from: a, as: [trim, upper], max: 3}
  b: = number(b) / number(c)
  c: {formula: = result.b + 1, on_error: blank}
  d: {from: d, values: {x: y}, default: = lower(source.a)}
  e: {from: e, required: true}
  rows:
    each: rows
    fields: {q: "= number(q) * 2", r: {from: r, default: z}}
"""
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", " ", "x", "1", "2.5", "0", "Ａｂｃｄ"]),
)
ROWS = st.lists(st.dictionaries(st.sampled_from("qr"), VALUES), max_size=3)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> CompiledMapping:
    return compiled(tmp_path_factory.mktemp("all"), EVERYTHING)


@given(st.dictionaries(st.sampled_from("abcden"), VALUES), ROWS)
def test_the_fast_and_the_slow_way_agree(
    everything: CompiledMapping,
    given_fields: dict[str, object],
    rows: list[dict[str, object]],
) -> None:
    one = record(**given_fields, Id="1", rows=rows)

    assert everything.evaluate(one) == everything._explain(one, no_links, nothing_found)


def test_each_goes_through_what_a_formula_leaves_of_a_list(tmp_path: Path) -> None:
    mapping = compiled(
        tmp_path,
        "include: {lines: line_items}\n"
        "fields:\n"
        "  lines: {each: '= where(lines, price > 0)', fields: {name: label}}\n",
    )
    assert mapping.query().include == {"lines": ("line_items", ("label", "price"))}
    lines = [{"label": "a", "price": 5}, {"label": "b", "price": 0}]
    made = mapping.evaluate(record(lines=lines))
    assert isinstance(made, Payload)
    assert made.fields["lines"] == [{"name": "a"}]
