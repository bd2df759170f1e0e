"""`retention.yaml` and `archive.yaml`: how long what is kept, and where."""

from pathlib import Path
from typing import Any

from tasuki.archive.terms import Terms
from tasuki.mapping.files import keys_of, read_document
from tasuki.mapping.problem import Problems, nearest
from tasuki.model.retention import Retention

FILE = "retention.yaml"
ARCHIVE_FILE = "archive.yaml"
NEVER = "never"
_SPANS = {
    "years": (7, 100, "Write years, 7 at least: the law asks for them."),
    "fiscal_year_end": (1, 12, "Write the month, 1 to 12."),
}
_LEAST, _MOST = 30, 36_500
_MEANT = f"Write days ({_LEAST} to {_MOST:,}), or {NEVER}."


def load_retention(root: Path) -> Retention:
    """Read a project's retention; without a file the usual one holds.

    Raises:
        MappingError: all problems of the file.
    """
    path = root / FILE
    if not path.is_file():
        return Retention()
    problems = Problems()
    document = read_document(FILE, path, problems)
    found: dict[str, int | None] = {}
    if document is not None:
        for name, value in keys_of(document, problems).items():
            if name not in Retention._fields:
                listed = f"Known: {', '.join(Retention._fields)}."
                remedy = nearest(name, Retention._fields, listed)
                what = f"unknown key '{name}'"
                problems.add(document.key_problem((name,), what, remedy))
            elif value == NEVER:
                found[name] = None
            elif _is_days(value):
                found[name] = int(str(value))
            else:
                what = f"{name}: '{value}' is no length of time"
                problems.add(document.problem((name,), what, _MEANT))
    problems.raise_any()
    return Retention(**found)


def load_terms(root: Path, folder: Path) -> Terms:
    """Read how a project keeps its archive; without a file the usual terms hold.

    Args:
        root: The project's folder; paths in the file are relative to it.
        folder: The content store, where the file names none.

    Raises:
        MappingError: all problems of the file.
    """
    path = root / ARCHIVE_FILE
    if not path.is_file():
        return Terms(folder)
    problems = Problems()
    document = read_document(ARCHIVE_FILE, path, problems)
    found: dict[str, Any] = {}
    if document is not None:
        for name, value in keys_of(document, problems).items():
            if name not in Terms._fields:
                listed = f"Known: {', '.join(Terms._fields)}."
                remedy = nearest(name, Terms._fields, listed)
                what = f"unknown key '{name}'"
                problems.add(document.key_problem((name,), what, remedy))
            elif name in _SPANS:
                least, most, meant = _SPANS[name]
                if _is_whole(value, least, most):
                    found[name] = int(str(value))
                else:
                    what = f"{name}: '{value}' is not possible"
                    problems.add(document.problem((name,), what, meant))
            elif isinstance(value, str) and value.strip():
                found[name] = (root / value.strip()).resolve()
            else:
                what = f"{name}: '{value}' is no path"
                problems.add(document.problem((name,), what, "Write a path."))
    problems.raise_any()
    return Terms(**({"folder": folder} | found))


def _is_whole(value: object, least: int, most: int) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole and least <= int(str(value)) <= most


def _is_days(value: object) -> bool:
    return _is_whole(value, _LEAST, _MOST)
