"""Commands about the mapping language: coverage, schema, origins, every problem at once."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.rehearsing import LEADS, Desk, new_project

CONNECTIONS = """\
hubspot: {connector: hubspot, auth: {token: "${HUBSPOT_TOKEN}"}}
"""
SMALL = """\
version: 1
source: hubspot/contacts
destination: hubspot/companies
write: create_only
fields:
  name: = "x" if email else "y"
tests:
  - given: {email: a}
    expect: {create: {name: x}}
"""


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    new_project(tmp_path, CONNECTIONS)
    found = Desk(tmp_path, capsys)
    found.write("mappings/small.yaml", SMALL)
    return found


def test_coverage_names_what_no_test_reaches(desk: Desk) -> None:
    said = desk.tasuki("test", "small", "--coverage")

    assert said.code == 0
    assert "small: 75 % (3 of 4 parts)" in said.out
    assert "mappings/small.yaml:6:29: no test of 'name' comes to `\"y\"`" in said.out


@pytest.mark.parametrize(("least", "code"), [("75", 0), ("76", 2)])
def test_too_little_coverage_fails(least: str, code: int, desk: Desk) -> None:
    said = desk.tasuki("test", "small", "--fail-under", least)

    assert said.code == code
    assert ("75 % is under 76 %" in said.out) is bool(code)


def test_coverage_is_there_for_programs_too(desk: Desk) -> None:
    said = desk.tasuki("--json", "test", "small", "--coverage").json()

    assert said["coverage"][0]["percent"] == 75
    assert said["coverage"][0]["missing"][0]["kind"] == "branch"
    assert said["tests"][0]["passed"] is True


def test_the_schema_is_written_where_mappings_name_it(desk: Desk) -> None:
    path = desk.folder / "mappings" / "mapping.schema.json"
    path.write_text("{}", encoding="utf-8")

    assert desk.tasuki("schema", "--write").code == 0

    assert json.loads(path.read_text(encoding="utf-8"))["title"] == "MappingModel"


def test_show_says_where_each_outside_thing_stands(desk: Desk) -> None:
    said = desk.tasuki("show", LEADS)

    assert "# setting default_owner = " in said.out
    assert "(mappings/settings.yaml:" in said.out
    assert "# lookup territory  (mappings/lookups/territory.csv)" in said.out


def test_a_function_of_the_project_is_listed_with_its_place(desk: Desk) -> None:
    desk.write(
        "mappings/functions.py",
        'def rank(points: int) -> str:\n    """Return the rank.\n\n    >>> rank(1)\n    \'B\'\n    """\n    return "B"\n',
    )

    said = desk.tasuki("functions", "rank")
    listed = desk.tasuki("--json", "functions", "rank").json()

    assert 'rank(1)  →  "B"' in said.out
    assert listed[0]["where"] == "mappings/functions.py:1"


def test_check_tells_mappings_and_connections_in_one_go(desk: Desk) -> None:
    desk.edit("mappings/small.yaml", "email else", "lowr(email) else")
    desk.edit("connections.yaml", "connector: hubspot", "connector: hubspt")

    said = desk.tasuki("check")

    assert said.code == 2
    assert "mappings/small.yaml:6:18: unknown function 'lowr'" in said.err
    assert "connections.yaml:1:22: there is no connector 'hubspt'" in said.err
