"""How the code behaves everywhere: who prints, who reads the clock, how things are named."""

import ast
import re

import pytest

from tests.architecture.sources import Source, sources

SAYS = ("tasuki/cli/", "tasuki/demo/")
# The clock itself, stand-ins, and what waits for a person or another process.
LIVES_IN_REAL_TIME = (
    "tasuki/clock.py", "tasuki/sandbox/", "tasuki/stack.py", "tasuki/demo/",
    "tasuki/cli/processes.py",
)  # fmt: skip
_TIME = re.compile(r"(^|\.)(datetime\.(now|utcnow|today)|date\.today|time\.sleep)$")
_SAYING = re.compile(r"^(print|sys\.(stdout|stderr)\.write)$")
_NOT_IN_NAMES = {
    "manager", "handler", "helper", "helpers", "util", "utils", "common", "data",
    "info", "process", "do", "my",
}  # fmt: skip
# What an operating system runs has no other name.
_PROCESS = {"tasuki/stack.py: Process"}


def words(name: str) -> set[str]:
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return set(apart.lower().strip("_").split("_"))


def calls_of(pattern: "re.Pattern[str]", allowed: tuple[str, ...]) -> list[str]:
    return [
        f"{source.name}:{line}: {name}"
        for source in sources() if not source.name.startswith(allowed)
        for line, name in source.calls() if pattern.search(name)
    ]  # fmt: skip


def test_only_the_command_line_and_the_demo_print() -> None:
    assert calls_of(_SAYING, SAYS) == []


def test_time_comes_from_the_clock_that_was_given() -> None:
    assert calls_of(_TIME, LIVES_IN_REAL_TIME) == []


def test_the_patterns_find_what_they_look_for() -> None:
    text = "import sys\nprint(1)\nsys.stdout.write('')\ndatetime.datetime.now()\ntime.sleep(1)\n"
    source = Source(sources("flows")[0].path, text, ast.parse(text))
    names = [name for _, name in source.calls()]
    assert [name for name in names if _SAYING.search(name)] == [
        "print",
        "sys.stdout.write",
    ]
    assert [name for name in names if _TIME.search(name)] == [
        "datetime.datetime.now", "time.sleep",
    ]  # fmt: skip


def test_modules_and_classes_have_names_that_say_something() -> None:
    bad = []
    for source in sources():
        stem = source.path.stem
        if words(stem) & _NOT_IN_NAMES or stem == "base":
            bad.append(source.name)
        bad += [
            f"{source.name}: {node.name}"
            for node in ast.walk(source.tree)
            if isinstance(node, ast.ClassDef) and words(node.name) & _NOT_IN_NAMES
        ]
    assert set(bad) - _PROCESS == set()


def test_no_module_does_anything_when_it_is_imported() -> None:
    """Definitions and constants only: an import opens, reads and starts nothing."""
    acts = r"open|read_text|read_bytes|connect|run|Popen|create_engine|Client|get|post"
    opening = re.compile(rf"(^|\.)({acts})$")
    found = []
    for source in sources():
        if source.name == "tasuki/ledger/migrations/env.py":
            continue  # Alembic runs this file, nobody imports it
        for statement in source.tree.body:
            if isinstance(
                statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
            ):
                continue
            found += [
                f"{source.name}:{node.lineno}: {ast.unparse(node.func)}"
                for node in ast.walk(statement)
                if isinstance(node, ast.Call) and opening.search(ast.unparse(node.func))
            ]
    assert found == []


@pytest.mark.parametrize("word", ["TODO", "FIXME", "XXX"])
def test_nothing_is_left_for_later(word: str) -> None:
    left = [s.name for s in sources() if re.search(rf"\b{word}\b", s.text)]
    assert left == []
