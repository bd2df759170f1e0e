"""Where vector tests find their vectors.

`TASUKI_VECTORS` may name another folder of files of the same form, to run the same
tests on a larger set: `TASUKI_VECTORS=/elsewhere pytest -m vectors`.
"""

import json
import os
from pathlib import Path
from typing import Any, NoReturn

import pytest

_SHIPPED = Path(__file__).parent / "vectors"


class _Missing(dict[str, Any]):
    """Stands for a file that is not there: the test that reads it fails, no other."""

    def __missing__(self, key: str) -> NoReturn:
        pytest.fail(self["problem"])


def folder() -> Path:
    """Return the folder that vectors are read from."""
    return Path(os.environ.get("TASUKI_VECTORS") or _SHIPPED)


def document(name: str) -> dict[str, Any]:
    """Return a whole vector file, its notes too."""
    path = folder() / f"{name.removesuffix('.json')}.json"
    if not path.is_file():
        return _Missing(
            id=f"{path.name} is missing",
            problem=f"{path}: no such vector file\n"
            "  Name a folder that holds it in TASUKI_VECTORS, or unset the variable.",
        )
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def load(name: str) -> list[dict[str, Any]]:
    """Return the vectors of a file, in its order, or one that fails whoever reads it."""
    found = document(name)
    if isinstance(found, _Missing):
        return [found]
    problem = f"{folder() / name}: holds no vectors"
    return found.get("vectors") or [_Missing(id=f"{name} is empty", problem=problem)]


def cases(name: str) -> list[Any]:
    """Return the vectors of a file as pytest parameters, each under its own id."""
    return [pytest.param(vector, id=str(vector["id"])) for vector in load(name)]
