"""Programs that run beside each other: nothing is left behind."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tasuki.cli.examination import foreign_owners
from tasuki.clock import SystemClock
from tasuki.environment import read_env, with_env_file
from tasuki.model.errors import ConfigError
from tasuki.stack import Stack, StackError, be_free, descendants

PARENT = """\
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"],
                         start_new_session=True)
open(sys.argv[1], "w").write(str(child.pid))
time.sleep(60)
"""


def stack(folder: Path) -> Stack:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return Stack(folder, folder / "logs", environment, SystemClock())


def lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}


def test_a_stack_ends_what_its_programs_have_started_in_other_sessions(
    tmp_path: Path,
) -> None:
    (tmp_path / "parent.py").write_text(PARENT)
    note = tmp_path / "pid"
    with stack(tmp_path) as programs:
        child = programs.start("parent", ["parent", str(note)])
        programs.wait_for(child, lambda: note.exists() and note.read_text() != "", 20)
        theirs = int(note.read_text())
        assert theirs in descendants(child.program.pid)
        assert lives(theirs)
    assert child.program.poll() is not None
    assert not lives(theirs)


def test_a_program_that_ends_by_itself_is_told_with_its_last_words(
    tmp_path: Path,
) -> None:
    (tmp_path / "short.py").write_text("import sys; print('no more'); sys.exit(7)\n")
    with stack(tmp_path) as programs:
        programs.start("short", ["short"])
        with pytest.raises(StackError, match=r"short: ended .* code 7 \(no more\)"):
            programs.watch()


def test_a_program_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "mute.py").write_text("import time; time.sleep(60)\n")
    with stack(tmp_path) as programs:
        child = programs.start("mute", ["mute"])
        with pytest.raises(StackError, match="not ready within 1 seconds"):
            programs.wait_for(child, lambda: False, 1)


def test_a_port_that_is_taken_is_an_error_of_configuration() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigError, match="another program"):
            be_free(taken.getsockname()[1])


def test_the_sandbox_keeps_its_state_and_ends_on_sigterm(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    ports = "hubspot=0"
    command = [
        sys.executable, "-m", "tasuki.cli", "--project", str(tmp_path), "--json",
        "sandbox", "hubspot", "--ports", ports, "--world", "empty",
        "--state", str(state),
    ]  # fmt: skip
    for expected in (0, 1):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:
            try:
                url = json.loads(_first_value(served))["urls"]["hubspot"]
                people = _contacts(url)
                assert len(people) == expected
                if not people:
                    _submit(url)
            finally:
                served.send_signal(signal.SIGTERM)
            assert served.wait(20) == 0
        assert state.is_file()


def _first_value(served: "subprocess.Popen[str]") -> str:
    assert served.stdout is not None
    said = ""
    while not said.endswith("\n}\n"):
        line = served.stdout.readline()
        assert line, said
        said += line
    return said


def _contacts(url: str) -> list[object]:
    import httpx

    found = httpx.get(
        f"{url}/crm/objects/2026-09/contacts",
        headers={"authorization": "Bearer pat-sandbox"},
    )
    return list(found.json()["results"])


def _submit(url: str) -> None:
    import httpx

    answer = httpx.post(
        f"{url}/crm/objects/2026-09/contacts/batch/create",
        headers={"authorization": "Bearer pat-sandbox"},
        json={"inputs": [{"properties": {"email": "a@sample.co.jp"}}]},
    )
    assert answer.is_success, answer.text


def test_foreign_distributions_that_own_our_names_are_named() -> None:
    found = list(foreign_owners({"connectors": ["connectors"], "flows": ["tasuki"]}))
    assert [(one.ok, one.exit_code) for one in found] == [(False, 2)]
    assert "'connectors'" in found[0].words
    assert [one.ok for one in foreign_owners({"httpx": ["httpx"]})] == [True]


def test_an_env_file_stands_behind_the_environment(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\nB='two words'\n# no\nexport C=x # note\n")
    found = with_env_file(tmp_path, {"A": "outer"})
    assert found == {"A": "outer", "B": "two words", "C": "x"}
    assert with_env_file(tmp_path / "none", {"A": "1"}) == {"A": "1"}


def test_a_bad_line_of_an_env_file_is_named_but_not_shown() -> None:
    with pytest.raises(ConfigError) as caught:
        read_env("A=1\nsecret-without-name\n")
    assert str(caught.value) == ".env:2:1: this is no NAME=value"
