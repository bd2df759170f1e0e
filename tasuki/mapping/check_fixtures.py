"""What inline tests give of lookups, held against what the mapping really asks."""

from collections.abc import Iterator, Mapping

from tasuki.mapping.problem import Problem, nearest
from tasuki.mapping.record_lookup import RECORD_ID
from tasuki.mapping.rules import Rules, walk
from tasuki.mapping.yaml_text import Document, Path


def check_fixtures(document: Document, rules: Rules) -> Iterator[Problem]:
    """Refuse records of a lookup, or a lack of fields, that no run would meet."""
    read: dict[str, dict[str, None]] = {}
    for rule in walk(rules.fields):
        if rule.asked is not None and rule.asked.lookup:
            found = read.setdefault(rule.asked.lookup, {})
            found |= dict.fromkeys([*rule.asked.by, rule.asked.take])
    for index, test in enumerate(rules.model.tests):
        for name, rows in test.lookups.items():
            where: Path = ("tests", index, "lookups", name)
            if name in read:
                yield from _rows(document, where, read[name], rows)
            elif name in rules.lookups:
                what = f"'{name}' is a table of this project: its own rows are used"
                yield document.key_problem(where, what, "Leave this out.")
            else:
                what = f"no field of the mapping looks up in '{name}'"
                yield document.key_problem(where, what, nearest(name, read))


def _rows(
    document: Document,
    where: Path,
    read: Mapping[str, None],
    rows: list[dict[str, object]],
) -> Iterator[Problem]:
    name = where[-1]
    for index, row in enumerate(rows):
        for column in read:
            if column not in row and column != RECORD_ID:
                what = f"this record of '{name}' has no '{column}'"
                has = ", ".join(row) or "nothing"
                remedy = f"It has: {has}. Write null where it is blank."
                yield document.problem((*where, index), what, remedy)
