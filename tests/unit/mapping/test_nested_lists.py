"""Lists in lists: what is read of them, what is made, and what each name means."""

from pathlib import Path

from tasuki.mapping import Faulty, Payload, Waiting
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

ORDERS = """include: {orders: orders}
fields:
  Rate: = number(rate)
  Name: = upper(name)
  Orders:
    each: = where(orders, open)
    fields:
      No: no
      Head: = concat(result.Name, "/", entry.No)
      Lines:
        each: = where(lines, qty > 0)
        fields:
          Sku: sku
          Cost: = qty * price * result.Rate
          Taxed: = entry.Cost * 2
          Parts:
            each: parts
            fields:
              P: {from: p, required: true}
              Own: = concat(entry.P, source.name)
  Count: = count(result.Orders)
"""


def orders(*parts: str | None) -> list[dict[str, object]]:
    line = {"sku": "s", "qty": 2, "price": 3, "parts": [{"p": each} for each in parts]}
    nothing = {"sku": "t", "qty": 0}
    return [
        {"no": "1", "open": True, "lines": [line, nothing]},
        {"no": "2", "open": False, "lines": [line]},
    ]


def test_three_levels_of_lists_are_made_with_what_stands_above_them(
    tmp_path: Path,
) -> None:
    mapping = compiled(tmp_path, ORDERS)

    made = mapping.evaluate(record(name="ab", rate="1.5", orders=orders("x", "y")))

    assert isinstance(made, Payload)
    parts = [{"P": "x", "Own": "xab"}, {"P": "y", "Own": "yab"}]
    line = {"Sku": "s", "Cost": 9, "Taxed": 18, "Parts": parts}
    assert made.fields["Orders"] == [{"No": "1", "Head": "AB/1", "Lines": [line]}]
    assert made.fields["Count"] == 1


def test_each_level_asks_the_source_for_its_own_fields(tmp_path: Path) -> None:
    mapping = compiled(tmp_path, ORDERS)

    assert mapping.query().include["orders"] == (
        "orders",
        (
            "lines", "lines.parts", "lines.parts.p", "lines.price", "lines.qty",
            "lines.sku", "no", "open",
        ),
    )  # fmt: skip


def test_a_fault_deep_within_names_its_way(tmp_path: Path) -> None:
    mapping = compiled(tmp_path, ORDERS)

    made = mapping.evaluate(record(name="ab", rate="1", orders=orders("x", None)))

    assert isinstance(made, Faulty)
    assert (made.field, made.cause) == ("Orders.Lines.Parts.P", "required")


def test_links_deep_within_are_asked_for_before_and_waited_for(tmp_path: Path) -> None:
    text = (
        HEAD
        + MATCH
        + (
            "fields:\n  Rows:\n    each: rows\n    fields:\n      Items:\n"
            "        each: items\n        fields:\n          Of: {link: parent, of: pid}\n"
        )
    )
    parent = HEAD + MATCH + FIELDS
    mapping = load(project(tmp_path, lead=text, parent=parent))["lead"]
    one = record(rows=[{"items": [{"pid": 1}, {"pid": 2}]}])

    assert list(mapping.link_needs(one)) == [("parent", "1"), ("parent", "2")]
    assert mapping.evaluate(one) == Waiting("parent", "1")


def test_a_field_that_is_not_above_in_its_entry_is_refused_at_its_place(
    tmp_path: Path,
) -> None:
    text = (
        HEAD
        + MATCH
        + (
            "fields:\n  Rows:\n    each: rows\n    fields:\n"
            "      Cost: = number(q)\n      Total: = entry.Csot + 1\n"
            "      Late: = entry.After\n      After: q\n"
        )
    )

    told = problems(project(tmp_path, lead=text))

    assert told == (
        (
            "mappings/lead.yaml:10:14: 'entry.Csot': no field above in this entry is "
            "called 'Csot'\n  Did you mean 'Cost'?"
        ),
        (
            "mappings/lead.yaml:11:13: 'entry.After': no field above in this entry is "
            "called 'After'"
        ),
    )
