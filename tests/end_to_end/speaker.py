"""Runs commands in a process of its own, all that they say going to one log file.

Reads a JSON line of arguments, answers with the exit code; what nobody catches ends as
the traceback that Python would print. Errors that are told are pickled as well, as
Prefect does with what a flow raises.
"""

import json
import os
import pickle
import sys
import traceback
from pathlib import Path


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    log = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    from tasuki.cli import main as tasuki
    from tasuki.cli.screen import Screen
    from tasuki.model.errors import TasukiError

    usual = Screen.error

    def error(screen: Screen, told: TasukiError) -> None:
        with Path(f"{sys.argv[1]}.pickles").open("ab") as file:
            pickle.dump(told, file)
        print(repr(told), "".join(traceback.format_exception(told)), file=sys.stderr)
        usual(screen, told)

    Screen.error = error  # type: ignore[method-assign]
    for line in sys.stdin:
        try:
            code = tasuki(json.loads(line))
        except Exception:  # noqa: BLE001 - as the interpreter would
            traceback.print_exc()
            code = 99
        sys.stdout.flush()
        answers.write(f"{code}\n")


if __name__ == "__main__":
    main()
