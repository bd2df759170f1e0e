"""The hostile formulas as data, and the process they are let loose in.

Run as a script it limits itself, evaluates every formula and prints a line for each:
what came of it, the CPU it took, and what it touched outside.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MEMORY = 1_500_000_000  # bytes of address space, what is loaded included
SECONDS = 120  # of CPU, for all of them
SCOPE: dict[str, object] = {
    "x": "a" * 100_000,
    "big": [{"big": [1] * 5_000}] * 5_000,
    "n": 10**30,
    "texts": [{"t": "あ" * 50_000}] * 5_000,
    "lines": [{"a": 1}],
    "rec": {"a": 1},
}
# What no formula has any business with. Audit events see through every disguise.
OUTSIDE = (
    "open",
    "import",
    "exec",
    "compile",
    "os.",
    "subprocess.",
    "socket.",
    "ctypes.",
)


def formulas(name: str) -> list[str]:
    """Return the formulas of one file; long ones are written as pieces and counts."""
    text = (HERE / f"hostile_{name}.jsonl").read_text(encoding="utf-8")
    return [_formula(json.loads(line)) for line in text.splitlines()]


def _formula(said: dict[str, Any]) -> str:
    if "formula" in said:
        return str(said["formula"])
    return "".join(piece * times for piece, times in said["pieces"])


def main() -> Iterator[dict[str, object]]:
    from tasuki.formula import (
        FormulaError,
        FormulaSyntaxError,
        builtin_functions,
        parse,
    )

    table = builtin_functions(
        {"owner": "1"}, {"free": ["a"]}, lambda: date(2026, 5, 31)
    )
    for function in table:  # what is imported when first used is imported now
        for example in function.examples:
            parse(example.formula, table)(example.given)
    touched: list[str] = []
    watching = False

    def audit(event: str, _: object) -> None:
        if watching and event.startswith(OUTSIDE):
            touched.append(event)

    sys.addaudithook(audit)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    for name in ("refused", "bounded"):
        for text in formulas(name):
            started, value = time.process_time(), "value"
            try:
                formula = parse(text, table)
            except FormulaSyntaxError:
                value = "refused"
            else:
                watching = True
                try:
                    formula(SCOPE)
                except FormulaError as error:
                    value = error.reason
                watching = False
            yield {
                "file": name,
                "formula": text[:80],
                "outcome": value,
                "seconds": time.process_time() - started,
                "touched": list(touched),
                "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
            touched.clear()


if __name__ == "__main__":
    for line in main():
        print(json.dumps(line))
