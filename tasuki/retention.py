"""`retention.yaml`: how long the ledger keeps what is no evidence of money."""

from pathlib import Path

from tasuki.mapping.files import keys_of, read_document
from tasuki.mapping.problem import Problems, nearest
from tasuki.model.retention import Retention

FILE = "retention.yaml"
NEVER = "never"
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


def _is_days(value: object) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole and _LEAST <= int(str(value)) <= _MOST
