"""The JSON Schema that editors complete from: it knows what the loader knows."""

import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tasuki.mapping.problem import Problems
from tasuki.mapping.schema_file import HEADER, json_schema, schema_text, with_header
from tasuki.mapping.yaml_text import read_yaml

WRONG = Path(__file__).parent / "wrong"
SHIPPED = Path(__file__).parents[3] / "mappings"
VALIDATOR = Draft202012Validator(json_schema())
# Words of problems that lie in the form of a file, which is what a schema describes.
FORM = re.compile(
    r"unknown key|is none of|needed here|is missing|no verb says|both make the value"
    r"|needs '(by|take|of|fields|key)'|'(take|of|by|fields)' goes with|without 'default'"
    r"|the number must be|a document is written once|as a percentage"
)


def parsed(path: Path) -> Any:
    """Read a file's values as we do; None where it is no YAML."""
    problems = Problems()
    document = read_yaml(path.name, path.read_text(encoding="utf-8"), problems)
    return None if document is None or len(problems) else document.value


def of_form() -> list[Path]:
    return [
        path
        for path in sorted(WRONG.glob("*.yaml"))
        if FORM.search(path.with_suffix(".txt").read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("path", of_form(), ids=lambda path: path.stem)
def test_what_is_wrong_in_form_is_refused_by_the_schema(path: Path) -> None:
    value = parsed(path)
    if value is None:
        pytest.skip("no YAML: an editor says so itself")

    assert list(VALIDATOR.iter_errors(value))


def test_enough_wrong_files_are_wrong_in_form() -> None:
    assert len(of_form()) > 45


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*-*.yaml")), ids=lambda p: p.stem)
def test_the_schema_accepts_every_shipped_mapping_with_its_tests(path: Path) -> None:
    assert list(VALIDATOR.iter_errors(parsed(path))) == []


def test_every_key_is_explained_and_every_part_has_an_example() -> None:
    schema = json_schema()
    named = {"MatchModel": {"field", "formula"}}
    for name, part in schema["$defs"].items():
        for key, value in part.get("properties", {}).items():
            if key not in named.get(name, ()) and (name, key) != (
                "TestModel",
                "expect",
            ):
                assert value.get("description"), (name, key)
    without = [k for k, v in schema["properties"].items() if not v.get("examples")]
    assert set(without) == {
        "id",
        "description",
        "where",
        "write",
        "use",
        "creates",
        "deletes",
        "document",
        "on_change",
        "unmapped",
    }
    for key, value in schema["properties"].items():
        for example in value.get("examples", ()):
            part = {**value, "$defs": schema["$defs"]}
            assert list(Draft202012Validator(part).iter_errors(example)) == [], key


def test_a_set_of_fields_and_a_table_by_name_are_accepted() -> None:
    value = {
        "version": 1,
        "source": "a/b",
        "destination": "c/d",
        "fields": {
            "include": ["address", {"set": "person", "without": ["Fax"]}],
            "A": {"from": "a", "values": "industries", "default": None},
        },
    }
    assert list(VALIDATOR.iter_errors(value)) == []
    value["fields"] = {"include": [5]}
    assert list(VALIDATOR.iter_errors(value))


def test_the_header_is_written_once() -> None:
    text = with_header("version: 1\n")
    assert text == f"{HEADER}version: 1\n"
    assert with_header(text) == text
    assert schema_text().startswith("{")
