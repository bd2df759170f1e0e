"""A stack's parts: started again when they fall, ever later; one stack a folder."""

import os
import signal
import sys
from pathlib import Path

import pytest

from tasuki.clock import SystemClock
from tasuki.model.errors import ConfigError
from tasuki.stack import Stack
from tasuki.testing import ManualClock
from tasuki.upkeep import Upkeep, known_parts, only_here, stack_parts

MODULES = {
    "steady": "import time\ntime.sleep(600)\n",
    "falling": "print('no luck')\nraise SystemExit(4)\n",
}


@pytest.fixture
def stack(tmp_path: Path):
    for name, text in MODULES.items():
        (tmp_path / f"{name}.py").write_text(text)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with Stack(tmp_path, tmp_path / "logs", environment, SystemClock()) as made:
        yield made


def wait_for_end(stack: Stack, name: str) -> None:
    child = next(one for one in stack.children if one.name == name)
    child.program.wait(30)


def test_a_killed_part_is_started_again_in_its_place_and_the_others_go_on(
    stack: Stack,
) -> None:
    stack.start("first", ["steady"])
    stack.start("second", ["steady"])
    told: list[str] = []
    clock = ManualClock()
    upkeep = Upkeep(stack, clock, told.append)
    upkeep.look()
    kept = stack.children[1].program.pid
    os.kill(stack.children[0].program.pid, signal.SIGKILL)
    wait_for_end(stack, "first")
    upkeep.look()
    assert "first: ended by itself, code -9" in told[-1]
    upkeep.look()
    assert stack.children[0].program.poll() is not None
    clock.sleep(1.1)
    upkeep.look()
    assert told[-1] == "first: started again"
    assert [one.name for one in stack.children] == ["first", "second"]
    assert stack.children[0].program.poll() is None
    assert stack.children[1].program.pid == kept


def test_a_part_that_keeps_falling_is_tried_ever_later(stack: Stack) -> None:
    stack.start("falling", ["falling"])
    told: list[str] = []
    clock = ManualClock()
    upkeep = Upkeep(stack, clock, told.append)
    for _ in range(4):
        wait_for_end(stack, "falling")
        upkeep.look()
        clock.sleep(60)
        upkeep.look()
    falls = [line for line in told if "ended" in line]
    pauses = [line.partition("again in ")[2].split(" ")[0] for line in falls]
    assert pauses == ["1", "2", "4", "8"]
    assert "no luck" in falls[0]


def test_a_second_stack_in_a_folder_is_refused_by_name(tmp_path: Path) -> None:
    with only_here(tmp_path):
        second = only_here(tmp_path)
        with pytest.raises(ConfigError) as refused:
            second.__enter__()
    assert f"process {os.getpid()}" in str(refused.value)
    with only_here(tmp_path):
        pass  # free again


def test_parts_whose_command_is_not_there_are_left_out() -> None:
    parts = stack_parts(1, 2)
    assert [p.name for p in known_parts(parts, {"metrics"})] == ["metrics"]
    assert parts[1].arguments(Path("/x"))[-4:] == ["--host", "127.0.0.1", "--port", "1"]
    assert sys.executable
