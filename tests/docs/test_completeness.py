"""What exists is documented, the generated pages are those of the code, words are kept."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from tasuki.engine.answer import HOW
from tasuki.engine.tally import Ending
from tasuki.formula import builtin_functions
from tasuki.ledger.tables import Stored
from tasuki.model import errors
from tasuki.project import Project
from tasuki.registry import Registry
from tests.docs.pages import GENERATED, ROOT, name_of, page_paths, prose_of, text_of

DOCS = ROOT / "docs"
_FORBIDDEN = ("manager", "handler", "helper", "utils", "dlq", "todo", "tbd")
_VENDORS_SCREENS = ("App Manager", "Object Manager")
_LONGEST_README = 125


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_generated_pages_are_those_of_the_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    generator = _generator()
    assert {Path(name).name for name in generator.PAGES} == set(GENERATED)
    assert generator.main(["--check"]) == 0, capsys.readouterr().out


def test_every_formula_function_is_documented() -> None:
    page = text_of(DOCS / "reference" / "formulas.md")
    table = builtin_functions({}, {}, Project(ROOT).today)
    assert [
        n for n in table.names if not re.search(rf"^### `{n}\(", page, re.MULTILINE)
    ] == []


def test_every_error_class_is_documented() -> None:
    page = text_of(DOCS / "reference" / "errors.md")
    classes = [n for n, one in vars(errors).items() if isinstance(one, type)]
    assert classes
    assert [name for name in classes if f"`{name}`" not in page] == []


def test_every_table_of_the_ledger_is_documented() -> None:
    page = text_of(DOCS / "reference" / "ledger.md")
    assert [t for t in Stored.metadata.tables if f"## `{t}`" not in page] == []


@pytest.mark.parametrize("name", Registry(ROOT).names())
def test_every_connector_has_a_page_and_a_readme(name: str) -> None:
    readme = ROOT / "connectors" / name / "README.md"
    page = DOCS / "how-to" / f"{name}.md"
    assert readme.is_file()
    assert f"connectors/{name}/README.md" in text_of(page)
    assert f"how-to/{name}.md" in text_of(ROOT / "README.md")
    settings = Registry(ROOT).get(name).settings.model_fields
    own = set(settings) - {"connector", "timeouts", "base_url"}
    assert [one for one in own if one not in text_of(readme)] == []


def test_every_shipped_mapping_and_flow_is_on_the_page_of_the_model() -> None:
    page = text_of(DOCS / "concepts" / "the-model.md")
    assert [m.id for m in Project(ROOT).mappings if f"`{m.id}`" not in page] == []
    assert [
        m.handoff
        for m in (x.model for x in Project(ROOT).mappings)
        if f"`{m.handoff}`" not in page
    ] == []
    flows = [path.name for path in ROOT.glob("flows/[!_]*.py")]
    assert [name for name in flows if f"`flows/{name}`" not in page] == []


def test_every_ending_of_a_turn_is_explained() -> None:
    page = text_of(DOCS / "concepts" / "life-of-a-record.md")
    assert [one.value for one in Ending if f"`{one.value}`" not in page] == []


def test_every_reason_to_hold_is_explained() -> None:
    sources = [ROOT / "tasuki" / "plan.py", *ROOT.glob("tasuki/engine/*.py")]
    reasons = {
        r for path in sources for r in re.findall(r'Hold\(\s*"(\w+)"', text_of(path))
    } | set(HOW)
    assert len(reasons) > 3
    page = text_of(DOCS / "how-to" / "holds.md")
    assert [one for one in sorted(reasons) if f"`{one}`" not in page] == []


@pytest.mark.parametrize("page", page_paths(), ids=name_of)
def test_words_that_mean_nothing_are_not_used(page: Path) -> None:
    prose = re.sub("|".join(_VENDORS_SCREENS), "", prose_of(page))
    words = set(re.findall(r"[a-z]+", prose.lower()))
    assert words & set(_FORBIDDEN) == set()


def test_every_word_of_the_glossary_is_there_in_both_languages() -> None:
    rows = re.findall(r"^\| (.+) \|$", text_of(DOCS / "glossary.md"), re.MULTILINE)[2:]
    for row in rows:
        cells = [cell.strip() for cell in row.split(" | ")]
        assert len(cells) == 4, row
        assert all(cells), row
        assert not cells[1].isascii(), row
        assert not cells[3].isascii(), row


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_a_readme_is_read_in_a_few_minutes(name: str) -> None:
    assert len(text_of(ROOT / name).splitlines()) <= _LONGEST_README


def test_the_changelog_knows_this_version() -> None:
    from tasuki import __version__

    page = text_of(ROOT / "CHANGELOG.md")
    assert "## [Unreleased]" in page
    assert f"## [{__version__}] - " in page
