"""What mappings share: sets of fields, tables of values, settings of an environment."""

from pathlib import Path

import pytest

from tasuki.mapping import MappingSet, Payload, load_mappings, show
from tasuki.mapping.origins import origins
from tests.unit.mapping.mapping_project import (
    HEAD,
    MATCH,
    TODAY,
    load,
    project,
    record,
)

ADDRESS = "Zip: {from: zip, as: postcode}\nCity: city\nStreet: = result.City + street\n"
LEAD = (
    HEAD
    + MATCH
    + "fields:\n  Email: email\n  include: [address]\n  Note: = result.City\n"
)


def made(mappings: MappingSet, **fields: object) -> dict[str, object]:
    payload = mappings["lead"].evaluate(record(**fields))
    assert isinstance(payload, Payload), payload
    return payload.fields


def in_environment(folder: Path, name: str) -> MappingSet:
    return load_mappings([folder], today=lambda: TODAY, environment=name)


def test_a_set_takes_the_place_of_its_name(tmp_path: Path) -> None:
    mappings = load(project(tmp_path, lead=LEAD, fields__address=ADDRESS))

    found = made(mappings, email="a@b.jp", zip="1000001", city="港区", street="芝1")

    assert list(found) == ["Email", "Zip", "City", "Street", "Note"]
    assert found["Street"] == "港区芝1"
    assert found["Note"] == "港区"
    assert found["Zip"] == "100-0001"


def test_a_set_is_included_in_a_set_and_without_some_fields(tmp_path: Path) -> None:
    text = LEAD.replace("[address]", "[{set: person, without: [City, Street]}]")
    text = text.replace("  Note: = result.City\n", "")
    person = "Name: lastname\ninclude: [address]\n"
    mappings = load(
        project(tmp_path, lead=text, fields__address=ADDRESS, fields__person=person)
    )

    assert list(made(mappings, lastname="山田")) == ["Email", "Name", "Zip"]


def test_a_set_is_included_in_the_lines_of_a_list(tmp_path: Path) -> None:
    text = (
        HEAD
        + MATCH
        + "fields:\n  L:\n    each: lines\n    fields: {Q: q, include: [line]}\n"
    )
    mappings = load(project(tmp_path, lead=text, fields__line="P: = number(p) * 2\n"))

    assert made(mappings, lines=[{"q": 1, "p": "2"}])["L"] == [{"Q": 1, "P": 4}]


def test_a_field_that_is_called_include_is_a_field(tmp_path: Path) -> None:
    text = HEAD + MATCH + "fields:\n  include: email\n"

    assert made(load(project(tmp_path, lead=text)), email="x") == {"include": "x"}


def test_two_mappings_share_a_set_and_neither_changes_the_other(tmp_path: Path) -> None:
    shared = "Kind: {from: kind, values: kinds, default: null}\n"
    other = LEAD.replace("[address]", "[kind]").replace("  Note: = result.City\n", "")
    mappings = load(
        project(
            tmp_path,
            lead=other,
            deal=other.replace("Lead", "Deal"),
            fields__kind=shared,
            values__kinds="a: 甲\nb: 乙\n",
        )
    )

    assert made(mappings, kind="a")["Kind"] == "甲"
    payload = mappings["deal"].evaluate(record(kind="b"))
    assert isinstance(payload, Payload)
    assert payload.fields["Kind"] == "乙"


def test_a_shown_mapping_has_its_sets_and_tables_written_out(tmp_path: Path) -> None:
    first = load(project(tmp_path / "a", lead=LEAD, fields__address=ADDRESS))["lead"]
    second = load(project(tmp_path / "b", lead=show(first)))["lead"]

    assert show(second) == show(first)
    assert "include: [" not in show(first)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("values__industry.csv", "値,名\nMFG,製造業\nIT,\n"),
        ("values__industry", "MFG: 製造業\nIT: null\n"),
    ],
)
def test_a_table_of_values_stands_in_a_file(
    name: str, content: str, tmp_path: Path
) -> None:
    text = HEAD + MATCH + "fields:\n  A: {from: a, values: industry, default: 他}\n"
    mappings = load(project(tmp_path, lead=text, **{name: content}))

    assert made(mappings, a="MFG") == {"A": "製造業"}
    assert made(mappings, a="IT") == {"A": None}
    assert made(mappings, a="?") == {"A": "他"}


def test_a_change_of_a_shared_file_is_a_new_revision(tmp_path: Path) -> None:
    text = HEAD + MATCH + "fields:\n  A: {from: a, values: t, default: 他}\n"
    before = load(project(tmp_path, lead=text, values__t="x: 1\n"))["lead"].revision
    after = load(project(tmp_path, lead=text, values__t="x: 2\n"))["lead"].revision

    assert before != after


SETTING = HEAD + MATCH + 'fields:\n  A: = setting("owner")\n  B: = setting("rate")\n'
SETTINGS = {
    "settings": "owner: test\nrate: 5\n",
    "settings.production.yaml": "owner: real\n",
}


def test_an_environment_has_settings_of_its_own(tmp_path: Path) -> None:
    folder = project(tmp_path, lead=SETTING, **SETTINGS)

    assert made(in_environment(folder, "")) == {"A": "test", "B": 5}
    assert made(in_environment(folder, "production")) == {"A": "real", "B": 5}


def test_it_is_told_where_each_setting_came_from(tmp_path: Path) -> None:
    folder = project(tmp_path, lead=SETTING, **SETTINGS)
    mappings = in_environment(folder, "production")

    told = [each[:4] for each in origins(mappings.loaded("lead"), mappings.around)]

    assert told == [
        ("policy", "standard", "built in", None),
        ("setting", "owner", "mappings/settings.production.yaml:1", "real"),
        ("setting", "rate", "mappings/settings.yaml:2", 5),
    ]


def test_an_environment_without_files_of_its_own_takes_what_is_there(
    tmp_path: Path,
) -> None:
    folder = project(tmp_path, lead=SETTING, settings="owner: test\nrate: 5\n")

    assert made(in_environment(folder, "staging")) == {"A": "test", "B": 5}
