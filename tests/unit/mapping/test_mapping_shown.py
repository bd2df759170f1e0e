"""A mapping written out in full, and the JSON Schema of mapping files."""

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from tasuki.mapping import json_schema, load_mappings, show
from tests.unit.mapping.mapping_project import (
    FIELDS,
    HEAD,
    MATCH,
    TODAY,
    compiled,
    load,
    project,
)

SHIPPED = Path(__file__).parents[3] / "mappings"
FILES = sorted(path.name for path in SHIPPED.glob("*.*-*.yaml"))


def test_every_default_is_made_visible(tmp_path: Path) -> None:
    shown = show(
        compiled(tmp_path, "match: [{Email: email}]\nfields:\n  Email: email\n")
    )

    assert shown == (
        "version: 1\n"
        "id: lead\n"
        'description: ""\n'
        "source: hubspot/contacts\n"
        "where:\n"
        "include: {}\n"
        "destination: salesforce/Lead\n"
        "handoff:\n"
        "after: []\n"
        "write: upsert\n"
        "use: always\n"
        "creates: always\n"
        "key:\n"
        "on_change: update\n"
        "document:\n"
        "qualify: {}\n"
        "match:\n"
        "  - Email: email\n"
        "    then: update\n"
        "fields:\n"
        "  Email:\n"
        "    from: email\n"
        "    on_error: fail\n"
        "    required: false\n"
        "    write: always\n"
        "    owner: source\n"
        "    on_conflict: owner\n"
        "    pii: true\n"
        "write_back: {}\n"
        "evidence:\n"
        "relates: {}\n"
        "two_way:\n"
        "deletes: ignore\n"
        "archive: {}\n"
        "unmapped: leave\n"
        "retry: standard\n"
        "guards:\n"
        "  creates: 1000\n"
        "  change_share: 50%\n"
        "  deletes: 20\n"
        "pii: []\n"
    )


def test_what_is_shown_loads_to_the_same_mapping(tmp_path: Path) -> None:
    text = (
        HEAD
        + MATCH
        + (
            "fields:\n  A: {const: NO}\n  B: {const: 'true'}\n  C: '= concat(a, \": \", b)'\n"
            "  D: {from: d, as: [trim, lower], values: {x: 1.50, '': null}, default: '0123'}\n"
            "  E:\n    each: rows\n    fields: {q: '= first(a, b)'}\n"
            "qualify: {x: 'a == \"#1 : b\"'}\nguards: {creates: null, change_share: 12.5%}\n"
        )
    )
    first = load(project(tmp_path / "a", lead=text))["lead"]

    second = load(project(tmp_path / "b", lead=show(first)))["lead"]

    assert show(second) == show(first)
    assert second.guards == first.guards


@pytest.mark.parametrize("name", FILES)
def test_every_shipped_mapping_survives_being_shown(name: str, tmp_path: Path) -> None:
    shipped = load_mappings([SHIPPED], today=lambda: TODAY)
    mapping = shipped[name.removesuffix(".yaml")]
    own = project(tmp_path, **{name: show(mapping)})

    again = load_mappings([own, SHIPPED], today=lambda: TODAY)[mapping.id]

    assert show(again) == show(mapping)
    assert again.query() == mapping.query()


def plain(path: Path) -> object:
    """Read YAML as an editor does."""
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


def test_the_schema_is_a_schema_and_explains_every_key() -> None:
    schema = json_schema()

    Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
    assert all(each.get("description") for each in schema["properties"].values())
    field = schema["$defs"]["FieldModel"]["properties"]
    assert {"from", "formula", "as", "values", "owner"} <= field.keys()


@pytest.mark.parametrize("name", FILES)
def test_the_schema_accepts_every_shipped_mapping(name: str) -> None:
    document = plain(SHIPPED / name)
    assert isinstance(document, dict)
    document.pop("tests")  # editors' YAML reads days of tests as dates

    assert list(Draft202012Validator(json_schema()).iter_errors(document)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"qualfy": {}},
        {"write": "upsrt"},
        {"fields": {"A": 5}},
        {"fields": {"A": {"from": "a", "maxx": 3}}},
        {"guards": {"change_share": 30}},
        {"match": [{"Email": 5}]},
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(
    wrong: dict[str, object], tmp_path: Path
) -> None:
    path = project(tmp_path, lead=HEAD + MATCH + FIELDS) / "lead.yaml"
    document = plain(path)
    assert isinstance(document, dict)

    assert list(Draft202012Validator(json_schema()).iter_errors(document)) == []
    assert list(Draft202012Validator(json_schema()).iter_errors(document | wrong))
