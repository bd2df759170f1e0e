"""Forks processes that run the command line, and kills them: real SIGKILL, fast start.

Everything is imported once, by running the first command without a fork; each further
run is an operating-system process of its own, with its own connections and engines.
Reads a JSON line {"arguments", "delay", "log"}, answers with one
{"killed", "code", "seconds"} when the process has ended; or {"start": {…}} and answers
{"pid"} at once, to be told the end of by {"wait": pid}. It alone waits for its
children, so a killed number can never belong to somebody else.
"""

import gc
import json
import os
import signal
import sys
import threading
import time

_BEGUN: dict[int, float] = {}


def child(arguments: list[str], log: str, act: str = "") -> None:
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    code = 70
    try:
        from tasuki.cli import main

        if act:
            from tests.simulation import process_acts

            getattr(process_acts, act)()
        code = main(arguments)
    except BaseException:  # noqa: BLE001 - whatever it is, it goes into the log
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def start(order: dict[str, object]) -> dict[str, object]:
    """Fork a process: with the environment given, an act to begin with, then a command."""
    pid = os.fork()
    if pid == 0:
        os.environ.update(order["environment"])
        child(list(order["arguments"]), str(order["log"]), str(order["act"]))
    _BEGUN[pid] = time.monotonic()
    return {"pid": pid}


def wait(pid: int) -> dict[str, object]:
    _, status = os.waitpid(pid, 0)
    return _told(status, _BEGUN.pop(pid))


def answer(order: dict[str, object]) -> dict[str, object]:
    if "start" in order:
        return start(order["start"])
    if "wait" in order:
        return wait(int(order["wait"]))
    return run(order) if "arguments" in order else warm_up(order["warm_up"])


def run(order: dict[str, object]) -> dict[str, object]:
    begin = time.monotonic()
    pid = os.fork()
    if pid == 0:
        child(list(order["arguments"]), str(order["log"]))
    delay = order["delay"]
    if delay is not None:
        while time.monotonic() - begin < float(delay):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return _told(status, begin)
            time.sleep(0.0005)
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return _told(status, begin)


def _told(status: int, begin: float) -> dict[str, object]:
    killed = os.WIFSIGNALED(status)
    code = None if killed else os.WEXITSTATUS(status)
    return {"killed": killed, "code": code, "seconds": time.monotonic() - begin}


def serve() -> None:
    answers, null = os.fdopen(os.dup(1), "w"), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(answer(order)), file=answers, flush=True)


def warm_up(commands: list[list[str]]) -> dict[str, object]:
    """Run commands here, so that every import is done before the first fork."""
    from tasuki.cli import main

    codes = [main(command) for command in commands]
    gc.collect()
    threads = [
        t.name for t in threading.enumerate() if t is not threading.main_thread()
    ]
    gc.freeze()
    return {"codes": codes, "threads": threads}


if __name__ == "__main__":
    serve()
