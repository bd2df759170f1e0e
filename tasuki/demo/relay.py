"""Running the shipped flows in this process, seen by a Prefect server."""

import asyncio
import importlib
import sys
from typing import Any

from tasuki.registry import shipped_root


def run_flow(name: str, **parameters: object) -> list[dict[str, Any]]:
    """Run one flow and return the reports of its stages, in order."""
    flow = getattr(_module(name), name)
    result = asyncio.run(flow(**parameters))
    return result if isinstance(result, list) else [result]


def _module(name: str) -> Any:  # noqa: ANN401
    root = shipped_root()
    if root.name == "shipped":
        return importlib.import_module(f"tasuki.shipped.flows.{name}")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return importlib.import_module(f"flows.{name}")
