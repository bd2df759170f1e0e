"""What stands in the mappings folder and nobody names is worth a look."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from tasuki.mapping.load import load_mappings
from tasuki.mapping.unused import unused

MAPPING = """
version: 1
source: crm/people
destination: sfa/Lead
retry: {retry}
match: [{{Email: email}}]
fields:
  Owner: = setting("owner")
  Area: {{lookup: area, by: {{state: state}}, take: area}}
  Kind: {{from: kind, values: kinds, default: other}}
  Free: = domain(email) in list("free")
  User: {{lookup: user, by: {{Email: email}}, take: Id}}
"""
USED = {
    "settings.yaml": "owner: a\nactive: 1\n",
    "policies.yaml": "patient: {attempts: 9}\nstandard: {attempts: 4}\n",
    "lists/free.txt": "x.jp\n",
    "lookups/area.csv": "state,area\na,b\n",
    "lookups/user.yaml": 'from: sfa/User\nwhere: Level == setting("active")\n',
    "values/kinds.csv": "from,to\na,b\n",
}
UNUSED = {
    "lists/odd.txt": "x.jp\n",
    "lookups/odd.csv": "state,area\na,b\n",
    "values/odd.yaml": "a: b\n",
    "fields/odd.yaml": "fields: {Name: name}\n",
}


def told(folder: Path, files: Mapping[str, str], shipped: str = "") -> list[str]:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    loaded = load_mappings([folder], today=lambda: date(2026, 4, 1), environment="")
    found = unused(folder, loaded, folder / (shipped or "nothing"))
    return [str(one).splitlines()[0] for one in found]


def mapping(retry: str = "patient") -> str:
    return MAPPING.format(retry=retry)


def test_what_a_mapping_or_a_lookup_names_is_used(tmp_path: Path) -> None:
    assert told(tmp_path, {**USED, "lead.yaml": mapping()}) == []


def test_a_copy_of_what_is_shipped_may_go_unused(tmp_path: Path) -> None:
    shipped = {f"shipped/{name}": text for name, text in UNUSED.items()}
    files = {**USED, **UNUSED, **shipped, "lead.yaml": mapping()}
    assert told(tmp_path, files, "shipped") == []


def test_what_nobody_names_is_told_with_its_place(tmp_path: Path) -> None:
    files = {**USED, **UNUSED, "lead.yaml": mapping("standard")}
    files["settings.yaml"] += "odd: 1\n"
    folder = tmp_path.name
    assert told(tmp_path, files) == [
        f"{folder}/fields/odd.yaml:1:1: no mapping names it",
        f"{folder}/lists/odd.txt:1:1: no mapping names it",
        f"{folder}/lookups/odd.csv:1:1: no mapping names it",
        f"{folder}/values/odd.yaml:1:1: no mapping names it",
        f"{folder}/settings.yaml:3:1: no mapping names the setting 'odd'",
        f"{folder}/policies.yaml:1:1: no mapping names the policy 'patient'",
    ]
