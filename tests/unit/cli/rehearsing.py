"""A project in a temporary folder, speaking to stand-ins on ports of their own."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tasuki.cli import main
from tasuki.cli.new_project import project_files, write_files
from tasuki.registry import Registry
from tasuki.sandbox.demo_world import demo_world
from tasuki.sandbox.rehearsal import Rehearsal

LEADS = "lead.hubspot-salesforce"

# One attempt: a system that is down is said to be down at once.
_POLICY = "{attempts: 1, first: 0.1, factor: 1, ceiling: 1, total: 5, settle: 1}"
POLICIES = "".join(
    f"{name}: {_POLICY}\n" for name in ("standard", "patient", "money", "hasty")
)


@dataclass
class Said:
    code: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out)


@dataclass
class Desk:
    """Where a person types `tasuki …`."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def tasuki(self, *arguments: str) -> Said:
        self.capsys.readouterr()
        code = main(["--project", str(self.folder), *arguments])
        said = self.capsys.readouterr()
        return Said(code, said.out, said.err)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))


def new_project(folder: Path, connections: str) -> None:
    """Write what `tasuki init` writes, with connections of this test."""
    files = project_files() | {
        "connections.yaml": connections,
        "mappings/policies.yaml": POLICIES,
    }
    write_files(folder, files)


@contextmanager
def stand_ins(people: int = 60) -> Iterator[Rehearsal]:
    rehearsal = Rehearsal(Registry(Path(__file__).parent))
    with rehearsal.start(demo_world(people=people, deals=12, won=6)):
        yield rehearsal
