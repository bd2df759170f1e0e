"""Wrong files: each is told where, what, and what to write instead, word for word.

A case is `wrong/NAME.yaml`, read as mappings/lead.yaml, or a folder `wrong/NAME/` laid
out like a project. What it must be told stands beside it, in `NAME.txt` or
`NAME/expected.txt`.
"""

import shutil
from pathlib import Path

import pytest

from tasuki.model.errors import MappingError
from tasuki.project import Project
from tests.unit.mapping.mapping_project import FIELDS, HEAD, MATCH, problems, project

CASES = Path(__file__).parent / "wrong"
FILES = sorted(CASES.glob("*.yaml"))
FOLDERS = sorted(path.parent for path in CASES.glob("*/expected.txt"))
AROUND = {
    "lookups__territory.csv": "prefecture,owner_id\n東京都,1\n",
    "lists__free_mail_domains.txt": "gmail.com\n",
    "settings": "default_owner: x\n",
}


@pytest.mark.parametrize("case", FILES, ids=lambda path: path.stem)
def test_a_wrong_mapping_is_told_where_and_what_and_a_remedy(
    case: Path, tmp_path: Path
) -> None:
    mappings = project(tmp_path, lead=case.read_bytes(), **AROUND)

    told = "\n".join(problems(mappings))

    assert told == case.with_suffix(".txt").read_text(encoding="utf-8").rstrip("\n")


@pytest.mark.parametrize("case", FOLDERS, ids=lambda path: path.name)
def test_a_wrong_project_is_told_every_problem_of_every_file(
    case: Path, tmp_path: Path
) -> None:
    root = tmp_path / "project"
    shutil.copytree(case, root)
    for held in root.rglob("*.py.txt"):  # a name that no tool takes for code
        held.rename(held.with_suffix(""))
    variable = root / "TASUKI_ENV"
    chosen = {"TASUKI_ENV": variable.read_text().strip()} if variable.exists() else {}
    project = Project(root, environment={"SET": "1", **chosen})

    with pytest.raises(MappingError) as caught:
        project.read_all()

    told = "\n".join(caught.value.problems)
    assert told == (case / "expected.txt").read_text(encoding="utf-8").rstrip("\n")


def test_there_are_enough_wrong_files() -> None:
    assert len(FILES) + len(FOLDERS) >= 180


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(
            "a: " + "x" * 10_000_000,
            "mappings/lead.yaml:1:1: the file has 10.0 MB; at most 1 are read\n"
            "  Keep records out of these files.",
            id="ten megabytes",
        ),
        pytest.param(
            "[" * 100_000,
            "mappings/lead.yaml:1:201: values nested too deeply\n"
            "  Write the inner values in blocks of their own.",
            id="brackets without end",
        ),
        pytest.param(
            "".join(f"{' ' * n}a:\n" for n in range(700)),
            "mappings/lead.yaml:31:31: values nested too deeply\n"
            "  Write the inner values in blocks of their own.",
            id="blocks without end",
        ),
        pytest.param(
            "a0: &a0 [x, x]\n"
            + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 9)),
            None,
            id="an anchor bomb",
        ),
        pytest.param(
            HEAD + MATCH + FIELDS + f"guards: {{creates: {'9' * 6_000}}}\n",
            "mappings/lead.yaml:7:19: a number of more than 34 digits\n"
            '  If it is text, put it in quotes: "…".\n'
            "mappings/lead.yaml:7:19: a whole number is needed here, not text",
            id="a number without end",
        ),
    ],
)
@pytest.mark.timeout(20)
def test_a_file_that_wants_everything_is_refused_at_once(
    content: str, told: str | None, tmp_path: Path
) -> None:
    found = "\n".join(problems(project(tmp_path, lead=content)))

    if told is None:
        assert "anchors and aliases (& and *) are not used here" in found
    else:
        assert found == told
