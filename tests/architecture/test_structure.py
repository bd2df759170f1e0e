"""Who may know whom, and how large a piece may become."""

import ast
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tasuki.stages.deployment_file import read_deployments
from tests.architecture.sources import ROOT, sources

MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 60


def test_imports_keep_their_contracts() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    told = subprocess.run(
        command, cwd=ROOT, text=True, timeout=120, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout


def test_the_model_needs_the_standard_library_only() -> None:
    foreign = {
        f"{source.name}: {name}"
        for source in sources("tasuki/model") for name in source.imports()
        if not name.startswith("tasuki.model")
        and name.partition(".")[0] not in sys.stdlib_module_names
    }  # fmt: skip
    assert not foreign


def test_a_connector_finds_its_own_parts_by_relative_imports() -> None:
    """The folder works wherever it lies: checkout, wheel or a user's project."""
    absolute = {
        f"{source.name}: {name}"
        for source in sources("connectors", "tasuki") for name in source.imports()
        if name.partition(".")[0] in {"connectors", "flows", "mappings"}
    }  # fmt: skip
    assert not absolute


def test_modules_stay_short() -> None:
    long = {
        source.name: lines
        for source in sources()
        if (lines := source.text.count("\n")) > MOST_LINES
    }
    assert not long


def test_functions_stay_short() -> None:
    long = {
        f"{source.name}:{node.lineno} {node.name}": lines
        for source in sources() for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > MOST_LINES_OF_A_FUNCTION
    }  # fmt: skip
    assert not long


@pytest.mark.parametrize(
    "stem",
    [path.stem for path in (ROOT / "flows").glob("*.py") if path.stem != "__init__"],
)
def test_a_flows_file_hides_no_module(stem: str) -> None:
    """Prefect runs the file as a top-level module of that name, first on the path."""
    assert "_" in stem, "a verb and its object"
    assert stem not in sys.stdlib_module_names
    assert stem not in packages_distributions()


def test_flows_import_no_other_flow() -> None:
    """It would be a second copy: Prefect loads each file under a name of its own."""
    crossing = {
        f"{source.name}: {name}"
        for source in sources("flows") for name in source.imports()
        if name.partition(".")[0] == "flows"
    }  # fmt: skip
    assert not crossing


def test_the_deployments_are_what_prefect_will_take() -> None:
    found = read_deployments(ROOT)
    flows = {path.stem for path in (ROOT / "flows").glob("*_*.py")} - {"__init__"}
    deployed = {
        Path(one.entrypoint.partition(":")[0]).stem for one in found.deployments
    }
    assert deployed == flows


@pytest.mark.parametrize(
    "name", [path.parent.name for path in (ROOT / "connectors").glob("*/__init__.py")]
)
def test_a_connector_is_complete(name: str) -> None:
    folder = ROOT / "connectors" / name
    assert (folder / "README.md").is_file()
    assert (folder / "sandbox").is_dir() or (folder / "sandbox.py").is_file()
    assert list((ROOT / "tests/contract" / name).glob("test_*.py"))
