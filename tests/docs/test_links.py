"""Links lead somewhere, and every path that is named exists."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.docs.pages import ROOT, name_of, page_paths, prose_of, text_of

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_TEST = re.compile(r"`(tests/[\w/.-]+\.py)(?:::(\w+))?`")
_PATH = re.compile(
    r"`((?:tasuki|connectors|flows|mappings|tests|docs|requirements)/[\w/.*-]*)`"
)
_NOT_IN_A_CHECKOUT = ("tasuki/shipped",)  # a wheel has it
PAGES = page_paths()


def _anchors(path: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", text_of(path), re.MULTILINE)
    return {
        re.sub(r"[^\w\s-]", "", head.lower()).strip().replace(" ", "-")
        for head in heads
    }


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in _LINK.findall(prose_of(page)):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), f"{name_of(page)}: {target}"
        assert not anchor or anchor in _anchors(there), f"{name_of(page)}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_test_that_is_named_as_proof_exists(page: Path) -> None:
    for file, name in _TEST.findall(text_of(page)):
        assert (ROOT / file).is_file(), f"{name_of(page)}: {file}"
        if name:
            found = re.search(rf"def {name}\(", text_of(ROOT / file))
            assert found, f"{name_of(page)}: {file} has no {name}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_path_that_is_named_exists(page: Path) -> None:
    for path in _PATH.findall(prose_of(page)):
        if "NAME" in path or path.startswith(_NOT_IN_A_CHECKOUT):
            continue
        here = [*ROOT.glob(path.rstrip("/"))] or [*page.parent.glob(path.rstrip("/"))]
        assert here, f"{name_of(page)}: {path}"


def test_every_page_can_be_reached_from_the_index() -> None:
    start = ROOT / "docs" / "index.md"
    seen, waiting = set(), [start, ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md" or not page.is_file():
            continue
        seen.add(page)
        links = _LINK.findall(prose_of(page))
        waiting += [(page.parent / one.partition("#")[0]).resolve() for one in links]
    missed = [name_of(one) for one in PAGES if one not in seen]
    assert missed == []


def test_every_guarantee_names_proof_and_limits() -> None:
    page = text_of(ROOT / "docs" / "concepts" / "guarantees.md")
    promises = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    assert [one[:2] for one in promises] == ["P1", "P2", "P3", "P4", "P5", "P6"]
    for promise in promises:
        for part in ("**Promise.**", "**Mechanism.**", "**Limits.**", "**Proof.**"):
            assert part in promise, f"{promise[:20]}: {part}"
        assert _TEST.search(promise), promise[:20]


@pytest.mark.parametrize("image", sorted(ROOT.glob("docs/images/*.svg")), ids=name_of)
def test_an_image_is_sound_and_can_be_read_aloud(image: Path) -> None:
    tree = ET.parse(image)
    named = {element.tag.rpartition("}")[2] for element in tree.getroot()}
    assert {"title", "desc"} <= named
    assert "prefers-color-scheme: dark" in text_of(image)
