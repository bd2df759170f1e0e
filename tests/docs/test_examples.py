"""Every example in the documentation works."""

import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from tasuki.archive.terms import Terms
from tasuki.connections import load_connections
from tasuki.connector import Connector
from tasuki.formula import builtin_functions
from tasuki.insight.handoff_model import ModelModel
from tasuki.insight.journey_file import read_stages
from tasuki.insight.leak.setting import load_leaks
from tasuki.issuer import load_issuer
from tasuki.mapping import json_schema, load_mappings, run_tests
from tasuki.mapping.problem import Problems
from tasuki.mapping.show import dump
from tasuki.mapping.yaml_text import read_yaml
from tasuki.model.retention import Retention
from tasuki.project import Project
from tasuki.registry import Registry
from tasuki.retention import load_retention, load_terms
from tests.docs.pages import ROOT, Block, blocks

WHOLE = re.compile(r"# mappings/([\w.-]+)\.yaml")
PART = re.compile(r"# in mappings/([\w.-]+)\.yaml")
MODEL = re.compile(r"# mappings/model\.yaml")
BESIDE = re.compile(
    r"# mappings/((?:fields|lookups|values)/\w+\.yaml|settings\.\w+\.yaml|functions\.py)"
)
RETENTION = re.compile(r"# retention\.yaml")
ARCHIVE = re.compile(r"# archive\.yaml")
ISSUER = re.compile(r"# issuer\.yaml")
STAGES = re.compile(r"# stages\.yaml")
LEAKS = re.compile(r"# leaks\.yaml")
SHIPPED = ROOT / "mappings"


class AnyEnvironment(dict[str, str]):
    """Has every variable, so that examples may name what they like."""

    def __contains__(self, _: object) -> bool:
        return True

    def __getitem__(self, name: str) -> str:
        return f"value-of-{name}"


def _yaml_blocks(pattern: re.Pattern[str]) -> list[Block]:
    return [
        one
        for one in blocks("yaml")
        if pattern.match(one.first_line)
        and not BESIDE.match(one.first_line)
        and (pattern is MODEL or not MODEL.match(one.first_line))
    ]


def _write_beside(folder: Path) -> None:
    """Write what the pages show to stand beside mappings: sets, tables, functions."""
    for block in blocks("yaml", "python"):
        found = BESIDE.match(block.first_line)
        if found:
            path = folder / found[1]
            path.parent.mkdir(exist_ok=True)
            path.write_text(block.text, encoding="utf-8")


def _load(folder: Path, name: str, text: str) -> Any:
    _write_beside(folder)
    back = re.search(r"^two_way: (\S+)$", text, re.MULTILINE)
    for block in _yaml_blocks(WHOLE) if back else ():
        if back and block.first_line == f"# mappings/{back[1]}.yaml":
            (folder / f"{back[1]}.yaml").write_text(block.text, encoding="utf-8")
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return load_mappings([folder, SHIPPED], today=Project(ROOT).today)


@pytest.mark.parametrize("block", _yaml_blocks(WHOLE), ids=str)
def test_a_mapping_that_is_shown_loads_and_keeps_its_tests(
    block: Block, tmp_path: Path
) -> None:
    found = WHOLE.match(block.first_line)
    assert found
    mappings = _load(tmp_path, found[1], block.text)
    errors = Draft202012Validator(json_schema()).iter_errors(_read("", block.text))
    assert [each.message for each in errors] == []
    results = run_tests(mappings, (found[1],), Project(ROOT).renderer)
    assert results, f"{block}: a mapping that is shown has tests"
    assert [r.difference for r in results if not r.passed] == []


@pytest.mark.parametrize("block", _yaml_blocks(PART), ids=str)
def test_a_part_of_a_mapping_that_is_shown_loads(block: Block, tmp_path: Path) -> None:
    found = PART.match(block.first_line)
    assert found
    file = f"{found[1]}.yaml"
    whole = _read(file, (SHIPPED / file).read_text(encoding="utf-8"))
    part = _read(block.page, block.text)
    whole["tests"] = []
    for key, value in part.items():
        if key in {"fields", "qualify"}:
            whole[key] |= value
        else:
            whole[key] = value
    errors = Draft202012Validator(json_schema()).iter_errors(whole)
    assert [each.message for each in errors] == []
    mappings = _load(tmp_path, found[1], dump(whole))
    assert [
        r.difference
        for r in run_tests(mappings, (found[1],), Project(ROOT).renderer)
        if not r.passed
    ] == []


def _read(name: str, text: str) -> dict[str, Any]:
    problems = Problems()
    document = read_yaml(name, text, problems)
    problems.raise_any()
    assert document is not None
    assert isinstance(document.value, dict)
    return document.value


def _is_connections(block: Block) -> bool:
    value = YAML(typ="safe", pure=True).load(block.text)
    return isinstance(value, dict) and all(
        isinstance(one, dict) and "connector" in one for one in value.values()
    )


@pytest.mark.parametrize(
    "block", [b for b in blocks("yaml") if _is_connections(b)], ids=str
)
def test_connections_that_are_shown_are_accepted(block: Block, tmp_path: Path) -> None:
    (tmp_path / "connections.yaml").write_text(block.text, encoding="utf-8")
    assert load_connections(tmp_path, Registry(tmp_path), AnyEnvironment())


@pytest.mark.parametrize("block", _yaml_blocks(MODEL), ids=str)
def test_a_model_that_is_shown_is_accepted(block: Block, tmp_path: Path) -> None:
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "model.yaml").write_text(block.text, encoding="utf-8")
    assert Project(tmp_path).model.rules
    value = _read("model.yaml", block.text)
    errors = Draft202012Validator(json_schema(ModelModel)).iter_errors(value)
    assert [each.message for each in errors] == []


@pytest.mark.parametrize("block", _yaml_blocks(RETENTION), ids=str)
def test_retention_that_is_shown_is_accepted(block: Block, tmp_path: Path) -> None:
    (tmp_path / "retention.yaml").write_text(block.text, encoding="utf-8")
    assert load_retention(tmp_path) != Retention()


@pytest.mark.parametrize("block", _yaml_blocks(STAGES), ids=str)
def test_a_file_of_stages_that_is_shown_loads(block: Block, tmp_path: Path) -> None:
    (tmp_path / "stages.yaml").write_text(block.text, encoding="utf-8")
    found = read_stages([tmp_path])
    assert found.records
    assert found.written


@pytest.mark.parametrize("block", _yaml_blocks(ARCHIVE), ids=str)
def test_terms_that_are_shown_are_accepted(block: Block, tmp_path: Path) -> None:
    (tmp_path / "archive.yaml").write_text(block.text, encoding="utf-8")
    assert load_terms(tmp_path, tmp_path / "kept") != Terms(tmp_path / "kept")


@pytest.mark.parametrize("block", _yaml_blocks(ISSUER), ids=str)
def test_an_issuer_that_is_shown_is_accepted(block: Block, tmp_path: Path) -> None:
    (tmp_path / "issuer.yaml").write_text(block.text, encoding="utf-8")
    assert load_issuer(tmp_path).name


@pytest.mark.parametrize("block", _yaml_blocks(LEAKS), ids=str)
def test_places_of_leaks_that_are_shown_are_accepted(
    block: Block, tmp_path: Path
) -> None:
    (tmp_path / "leaks.yaml").write_text(block.text, encoding="utf-8")
    functions = builtin_functions({}, {}, Project(ROOT).today)
    assert load_leaks([tmp_path], functions).sources


def test_every_yaml_block_says_what_it_is() -> None:
    unmarked = [
        str(block)
        for block in blocks("yaml")
        if not any(
            one.match(block.first_line)
            for one in (WHOLE, PART, BESIDE, RETENTION, ARCHIVE, ISSUER, STAGES, LEAKS)
        )
        and not _is_connections(block)
        and not block.page.startswith("connectors/")
    ]
    assert unmarked == []


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_python_that_is_shown_runs(block: Block) -> None:
    names: dict[str, Any] = {"__name__": "shown"}
    exec(compile(block.text, str(block), "exec"), names)
    if "CONNECTOR" in names:
        assert isinstance(names["CONNECTOR"], Connector)


def test_both_readmes_show_the_same_examples() -> None:
    def shown(page: str) -> list[str]:
        return [
            re.sub(r"\s+#.*", "", block.text)
            for block in blocks("yaml", "console")
            if block.page == page
        ]

    assert shown("README.md")
    assert shown("README.md") == shown("README.ja.md")
