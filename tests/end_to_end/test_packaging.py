"""The wheel: what is in it, and that a project works with it far from the checkout."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from tasuki import __version__
from tasuki.registry import Registry
from tasuki.sandbox.demo_world import demo_world
from tasuki.sandbox.rehearsal import ENVIRONMENT, Rehearsal

pytestmark = [
    pytest.mark.slow,
]
ROOT = Path(__file__).parents[2]
LEADS = "lead.hubspot-salesforce"

_ASK = """
import json, sys
from pathlib import Path
import tasuki
from tasuki.project import Project
project = Project(Path.cwd())
hubspot = project.registry.get("hubspot")
print(json.dumps({
    "where": str(Path(tasuki.__file__).parent),
    "connectors": project.registry.names(),
    "classes": [project.registry.sandbox(n).__name__ for n in ("salesforce", "freee")],
    "streams": list(hubspot.streams),
    "hubspot": hubspot.open.__module__.split(".")[0],
    "mappings": {m.id: m.model.description for m in project.mappings},
}))
"""
_OWN_CONNECTOR = """
from dataclasses import replace
from {shipped} import CONNECTOR as SHIPPED
CONNECTOR = replace(SHIPPED, streams=("contacts", "own_things"))
"""


class Place:
    """A project's folder, and the Python that works in it."""

    def __init__(self, folder: Path, python: Path) -> None:
        self.folder = folder
        self.python = python

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in the folder, with nothing of the checkout in reach."""
        kept = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE")
        environment = {k: v for k, v in os.environ.items() if k in kept}
        return subprocess.run(
            [str(self.python.parent / command[0]), *command[1:]],
            cwd=self.folder, env=environment | ENVIRONMENT, text=True,
            stdin=subprocess.DEVNULL, capture_output=True,
            timeout=120, check=False,
        )  # fmt: skip

    def says(self, *command: str) -> str:
        """Run a command that ends well."""
        told = self.run(*command)
        assert told.returncode == 0, told.stdout + told.stderr
        return told.stdout

    def python_says(self, code: str) -> str:
        return self.says("python", "-c", code)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir",
         str(folder), str(ROOT)],
        check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
    )  # fmt: skip
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with the wheel installed; what it depends on is this one's."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin/python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python",
         str(python), "install", "--quiet", "--no-index", "--no-deps", str(wheel)],
        check=True, timeout=120,
    )  # fmt: skip
    # Paths in a .pth file are added as they are: the checkout's own editable install,
    # a .pth file in that folder, is not followed.
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = folder / "lib" / version / "site-packages"
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


@pytest.fixture(scope="module")
def rehearsal() -> Iterator[Rehearsal]:
    world = demo_world(people=40, deals=2, won=0)
    started = Rehearsal(Registry(ROOT)).start(world)
    yield started
    started.stop()


@pytest.fixture
def place(python: Path, rehearsal: Rehearsal, tmp_path: Path) -> Place:
    text = rehearsal.connections_yaml()
    (tmp_path / "connections.yaml").write_text(text, encoding="utf-8")
    return Place(tmp_path, python)


@pytest.fixture
def checkout(rehearsal: Rehearsal, tmp_path: Path) -> Place:
    """The same folder, with the editable install of this checkout."""
    text = rehearsal.connections_yaml()
    (tmp_path / "connections.yaml").write_text(text, encoding="utf-8")
    return Place(tmp_path, Path(sys.executable))


def test_one_top_level_name_is_installed(names: list[str]) -> None:
    tops = {PurePosixPath(name).parts[0] for name in names}
    assert tops == {"tasuki", f"tasuki-{__version__}.dist-info"}


@pytest.mark.parametrize("folder", ["connectors", "flows", "mappings"])
def test_every_shipped_file_is_in_the_wheel(names: list[str], folder: str) -> None:
    ours = {
        f"tasuki/shipped/{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
        and not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
    }  # fmt: skip
    in_wheel = {name for name in names if name.startswith(f"tasuki/shipped/{folder}/")}
    assert in_wheel == ours
    assert len(ours) > 1


def test_the_wheel_has_what_is_no_module(names: list[str]) -> None:
    endings = {PurePosixPath(name).suffix for name in names if "/shipped/" in name}
    assert {".py", ".yaml", ".csv", ".txt", ".md"} <= endings
    assert "tasuki/py.typed" in names
    assert "tasuki/ledger/migrations/env.py" in names
    assert [n for n in names if n.startswith("tasuki/ledger/migrations/versions/0001")]
    assert f"tasuki-{__version__}.dist-info/licenses/LICENSE" in names


def test_neither_tests_nor_leftovers_are_in_the_wheel(names: list[str]) -> None:
    for name in names:
        parts = PurePosixPath(name).parts
        assert not {"tests", "bench", "docs", "__pycache__", ".tasuki"} & set(parts), (
            name
        )


def test_the_command_tells_its_version(place: Place) -> None:
    assert place.says("tasuki", "--version").strip() == f"tasuki {__version__}"
    assert __version__ in place.python_says(
        "from importlib.metadata import version; print(version('tasuki'))"
    )


def test_the_shipped_mappings_pass_their_own_tests_from_an_empty_folder(
    place: Place,
) -> None:
    assert "no problems" in place.says("tasuki", "check")
    place.says("tasuki", "test")


def test_a_sync_runs_from_the_wheel_and_makes_its_ledger(
    place: Place, rehearsal: Rehearsal
) -> None:
    told = place.run("tasuki", "run", LEADS, "--yes-really", "1000", "--json")
    assert told.stderr == ""
    report = json.loads(told.stdout)
    assert told.returncode == report["exit_code"] == (1 if report["held"] else 0)
    tables = rehearsal.servers["salesforce"].sandbox.store.tables  # type: ignore[attr-defined]
    assert (report["state"], report["read"]) == ("done", 40)
    assert report["created"] == len(tables["Lead"].rows) > 0
    again = json.loads(place.run("tasuki", "run", LEADS, "--json").stdout)
    assert (again["created"], again["updated"]) == (0, 0)
    assert (place.folder / ".tasuki/ledger.db").is_file()
    applied = place.python_says(
        "import sqlite3; "
        "print(sqlite3.connect('.tasuki/ledger.db')"
        ".execute('select version_num from alembic_version').fetchone()[0])"
    )
    head = place.python_says("from tasuki.ledger.migration import HEAD; print(HEAD)")
    assert applied == head


def test_the_shipped_flow_is_importable_by_its_module_path(place: Place) -> None:
    told = place.python_says(
        "from tasuki.shipped.flows.sync_leads import sync_leads; print(sync_leads.name)"
    )
    assert told.strip() == "sync-leads"


def test_every_deployment_of_a_new_project_names_a_flow_that_loads(
    place: Place,
) -> None:
    (place.folder / "own").mkdir()
    place.says("tasuki", "init", "own/hub")
    told = place.python_says(
        "from pathlib import Path\n"
        "from prefect.flows import load_flow_from_entrypoint as load\n"
        "from tasuki.stages.deployment_file import read_deployments\n"
        "for one in read_deployments(Path('own/hub')).deployments:\n"
        "    flow = load(one.entrypoint)\n"
        "    part = {'mapping': 'one', 'part': 1} if not one.schedules else {}\n"
        "    flow.validate_parameters(one.parameters | part)\n"
        "    print(one.name, flow.name)\n"
    )
    assert "leads sync-leads" in told
    shipped = {path.stem for path in (ROOT / "flows").glob("[!_]*.py")}
    assert len(told.splitlines()) >= len(shipped)


def test_wheel_and_checkout_find_the_same(place: Place, checkout: Place) -> None:
    installed = json.loads(place.python_says(_ASK))
    editable = json.loads(checkout.python_says(_ASK))
    assert Path(editable.pop("where")) == ROOT / "tasuki"
    assert ROOT not in Path(installed.pop("where")).parents
    assert (installed.pop("hubspot"), editable.pop("hubspot")) == (
        "tasuki",
        "connectors",
    )
    assert installed == editable
    assert installed["connectors"] == [
        "freee",
        "hubspot",
        "kintone",
        "moneyforward",
        "salesforce",
        "stripe",
    ]
    assert len(installed["mappings"]) == len(
        list((ROOT / "mappings").glob("*.*-*.yaml"))
    )


@pytest.mark.parametrize("way", ["place", "checkout"])
def test_a_projects_own_connector_and_mapping_come_first(
    request: pytest.FixtureRequest, way: str
) -> None:
    place: Place = request.getfixturevalue(way)
    shipped = "tasuki.shipped.connectors" if way == "place" else "connectors"
    own = place.folder / "connectors/hubspot/__init__.py"
    own.parent.mkdir(parents=True)
    own.write_text(_OWN_CONNECTOR.format(shipped=f"{shipped}.hubspot"))
    text = (ROOT / f"mappings/{LEADS}.yaml").read_text(encoding="utf-8")
    description = next(
        line for line in text.splitlines() if line.startswith("description:")
    )
    (place.folder / "mappings").mkdir()
    (place.folder / f"mappings/{LEADS}.yaml").write_text(
        text.replace(description, "description: our own"), encoding="utf-8"
    )
    told = json.loads(place.python_says(_ASK))
    assert told["streams"] == ["contacts", "own_things"]
    assert told["mappings"][LEADS] == "our own"
    assert len(told["mappings"]) > 1


@pytest.mark.parametrize("way", ["place", "checkout"])
def test_a_projects_own_package_of_that_name_hides_no_shipped_connector(
    request: pytest.FixtureRequest, way: str
) -> None:
    place: Place = request.getfixturevalue(way)
    (place.folder / "connectors").mkdir()
    (place.folder / "connectors/__init__.py").touch()
    told = json.loads(place.python_says(_ASK))
    assert told["connectors"] == [
        "freee",
        "hubspot",
        "kintone",
        "moneyforward",
        "salesforce",
        "stripe",
    ]
    assert told["classes"] == ["SalesforceSandbox", "FreeeSandbox"]
