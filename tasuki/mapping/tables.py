"""What mappings stand on: lists, lookup tables, settings, policies and functions."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from io import StringIO

from tasuki.formula.functions import FunctionTable
from tasuki.japan.encoding import decode_csv
from tasuki.mapping.problem import Problem, Problems, nearest
from tasuki.mapping.record_lookup import RecordLookup
from tasuki.model.policy import RetryPolicy

_ENCODINGS = {"cp932": "Shift_JIS (cp932)", "utf-16": "UTF-16", "euc-jp": "EUC-JP"}


@dataclass(frozen=True, slots=True)
class Lookup:
    """A table of mappings/lookups/: its columns and rows.

    Attributes:
        file: As problems name it.
        lines: The line in the file of each row.
        digest: Changes with the content.
    """

    name: str
    file: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    digest: str

    def index(self, by: Sequence[str], take: str) -> dict[object, str]:
        """Return the taken column by key: a text for one column, else a tuple."""
        keys = [self.columns.index(column) for column in by]
        taken = self.columns.index(take)
        if len(keys) == 1:
            return {row[keys[0]]: row[taken] for row in self.rows}
        return {tuple(row[key] for key in keys): row[taken] for row in self.rows}

    def duplicates(self, by: Sequence[str]) -> list[Problem]:
        """Return a problem for each row whose key another row has already."""
        keys = [self.columns.index(column) for column in by]
        seen: dict[tuple[str, ...], int] = {}
        found = []
        for row, line in zip(self.rows, self.lines, strict=True):
            key = tuple(row[each] for each in keys)
            if key in seen:
                words = ", ".join(f"{c}={v}" for c, v in zip(by, key, strict=True))
                what = f"the key {words} is there already (line {seen[key]})"
                found.append(Problem(self.file, line, 1, what, "Keep one of the rows."))
            seen.setdefault(key, line)
        return found


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything outside a mapping file that it may name.

    Attributes:
        places: Where each thing stands that a mapping may name, `file:line` or a file:
            `setting default_owner`, `list free_mail_domains`, `function rank`.
        own_code: Changes with the project's functions.py; "" where there is none.
    """

    functions: FunctionTable
    policies: Mapping[str, RetryPolicy]
    lookups: Mapping[str, Lookup] = field(default_factory=dict)
    record_lookups: Mapping[str, RecordLookup] = field(default_factory=dict)
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    own_code: str = ""


def decode(file: str, content: bytes, problems: Problems) -> str | None:
    """Read a file's bytes as UTF-8, with or without the mark that Excel writes."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        found = decode_csv(content)
        named = _ENCODINGS.get(found.encoding, "") if found else ""
        what = f"this is {named}, not UTF-8" if named else "this is not UTF-8"
        remedy = "Save it as UTF-8; in Excel: CSV UTF-8 (コンマ区切り)."
        problems.add(Problem(file, line, column, what, remedy))
        return None


def read_list(file: str, content: bytes, problems: Problems) -> tuple[str, ...]:
    """Read a list: one entry a line (`#` begins a comment), or a CSV's first column."""
    text = decode(file, content, problems)
    if text is None:
        return ()
    if file.endswith(".csv"):
        rows = list(csv.reader(StringIO(text)))
        return tuple(row[0].strip() for row in rows[1:] if row and row[0].strip())
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return tuple(line for line in lines if line)


def read_lookup(
    name: str, file: str, content: bytes | None, problems: Problems
) -> Lookup | None:
    """Read a lookup table: a CSV whose first line names its columns."""
    text = None if content is None else decode(file, content, problems)
    if content is None or text is None:
        return None
    reader = csv.reader(StringIO(text))
    header = [column.strip() for column in next(reader, [])]
    if not any(header):
        problems.add(Problem(file, 1, 1, "the table has no columns"))
        return None
    for column in {c for c in header if header.count(c) > 1 or not c}:
        what = (
            f"the column '{column}' is there twice"
            if column
            else "a column has no name"
        )
        problems.add(Problem(file, 1, 1, what))
    rows, lines = [], []
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            what = f"{len(row)} cells, but the table has {len(header)} columns"
            problems.add(Problem(file, reader.line_num, 1, what))
            continue
        rows.append(tuple(cell.strip() for cell in row))
        lines.append(reader.line_num)
    digest = blake2b(content, digest_size=16).hexdigest()
    return Lookup(name, file, tuple(header), tuple(rows), tuple(lines), digest)


def missing_column(lookup: Lookup, column: str) -> tuple[str, str]:
    """Return the words and the remedy for a column that a table does not have."""
    listed = f"{lookup.file} has: {', '.join(lookup.columns)}."
    return (
        f"lookup '{lookup.name}' has no column '{column}'",
        nearest(column, lookup.columns, listed),
    )
