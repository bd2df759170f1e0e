"""Where vector tests find their vectors.

`TASUKI_VECTORS` may name another folder of files of the same form, to run the same
tests on a larger set: `TASUKI_VECTORS=/elsewhere pytest -m vectors`.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

_SHIPPED = Path(__file__).parent / "vectors"


def folder() -> Path:
    """Return the folder that vectors are read from."""
    return Path(os.environ.get("TASUKI_VECTORS") or _SHIPPED)


def document(name: str) -> dict[str, Any]:
    """Return a whole vector file, its notes too; a missing file fails the test run."""
    path = folder() / f"{name.removesuffix('.json')}.json"
    if not path.is_file():
        pytest.fail(
            f"{path}: no such vector file\n  Set TASUKI_VECTORS to a folder that holds it, or unset it."
        )
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def load(name: str) -> list[dict[str, Any]]:
    """Return the vectors of a file, in its order."""
    vectors = document(name).get("vectors")
    if not vectors:
        pytest.fail(f"{folder() / name}: holds no vectors")
    return list(vectors)


def cases(name: str) -> list[Any]:
    """Return the vectors of a file as pytest parameters, each under its own id."""
    return [pytest.param(vector, id=str(vector["id"])) for vector in load(name)]
