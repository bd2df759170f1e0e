"""Runs flows on demand in a process of its own, as a worker would.

Reads a JSON line {"flow", "parameters"}, answers with {"reports"} or {"error"}: the
import of Prefect is paid for once, and its warnings stay out of the test process.
"""

import json
import os
import sys


def main() -> None:
    # Prefect and what it starts write where they like: answers go to a copy.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    from tasuki.demo.relay import run_flow

    for line in sys.stdin:
        order = json.loads(line)
        try:
            told = {"reports": run_flow(order["flow"], **order["parameters"])}
        except Exception as error:  # noqa: BLE001 - whatever it is, the test is told
            told = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
