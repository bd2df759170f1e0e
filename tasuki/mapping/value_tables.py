"""Tables for `values:` that stand in files of their own, for several mappings.

`values: industries` means mappings/values/industries.csv (two columns: the value as it
comes, what it becomes) or industries.yaml (the same as keys and values).
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from tasuki.mapping.files import folder_files, keys_of, read_bytes, read_document
from tasuki.mapping.problem import Problem, Problems, nearest
from tasuki.mapping.tables import decode
from tasuki.mapping.yaml_text import Document
from tasuki.mapping.yaml_text import Path as Place

_COLUMNS = 2


@dataclass(frozen=True, slots=True)
class ValueTable:
    """A table from value to value, and the file it stands in."""

    file: str
    values: Mapping[str, object]


def read_value_tables(
    folders: Sequence[Path], problems: Problems
) -> dict[str, ValueTable]:
    """Read every table of mappings/values/, by its file's stem."""
    found: dict[str, ValueTable] = {}
    for file, path in folder_files(folders, "values", (".csv", ".yaml")).items():
        twin = path.with_suffix(".yaml")
        if path.suffix == ".csv" and twin.is_file():
            what = f"there is {twin.name} too, a table of the same name"
            problems.add(Problem(file, 1, 1, what, "Keep one of the two files."))
        read = _csv if path.suffix == ".csv" else _yaml
        values = read(file, path, problems)
        found[path.stem] = ValueTable(file, values or {})
    return found


def _yaml(file: str, path: Path, problems: Problems) -> dict[str, object] | None:
    document = read_document(file, path, problems)
    if document is None:
        return None
    values = keys_of(document, problems)
    for key, value in values.items():
        if isinstance(value, dict | list):
            what = "a table gives text, a number, true, false or null"
            problems.add(document.problem((key,), what))
    return values


def _csv(file: str, path: Path, problems: Problems) -> dict[str, object] | None:
    content = read_bytes(file, path, problems)
    text = None if content is None else decode(file, content, problems)
    if text is None:
        return None
    reader = csv.reader(StringIO(text))
    header = next(reader, [])
    if len(header) != _COLUMNS:
        what = f"a table of values has two columns, not {len(header)}"
        remedy = "Name them in the first line, for example value,becomes."
        problems.add(Problem(file, 1, 1, what, remedy))
        return None
    values: dict[str, object] = {}
    lines: dict[str, int] = {}
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        line = reader.line_num
        key = row[0].strip()
        if len(row) != _COLUMNS:
            what = f"{len(row)} cells, but the table has two columns"
            remedy = 'Put a cell with a comma in quotes: "a, b".'
            problems.add(Problem(file, line, 1, what, remedy))
        elif key in values:
            what = f"'{key}' is there already (line {lines[key]})"
            problems.add(Problem(file, line, 1, what, "Keep one of the rows."))
        else:
            values[key], lines[key] = row[1].strip() or None, line
    return values


def put_in(
    document: Document,
    path: Place,
    fields: dict[str, object],
    tables: Mapping[str, ValueTable],
    problems: Problems,
) -> dict[str, str]:
    """Put tables in the place of their names; returns the files by table name."""
    used: dict[str, str] = {}
    for name, rule in fields.items():
        if not isinstance(rule, dict):
            continue
        said = rule.get("values")
        if isinstance(said, str):
            where = (*path, name, "values")
            table = tables.get(said)
            if table is None:
                listed = (
                    f"There is: {', '.join(tables)}." if tables else "Add the file."
                )
                what = f"there is no mappings/values/{said}.csv, and no {said}.yaml"
                remedy = nearest(said, tables, listed)
                problems.add(document.problem(where, what, remedy))
                del rule["values"]
            else:
                rule["values"] = dict(table.values)
                used[said] = table.file
        inner = rule.get("fields")
        if isinstance(inner, dict):
            below = (*path, name, "fields")
            used |= put_in(document, below, inner, tables, problems)
    return used
