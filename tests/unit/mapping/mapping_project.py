"""Builders for mapping tests: a project's folder out of texts, a record out of fields."""

from datetime import date
from pathlib import Path

import pytest

from tasuki.mapping import CompiledMapping, MappingSet, load_mappings
from tasuki.model.errors import MappingError
from tasuki.model.record import Record

TODAY = date(2026, 5, 20)

HEAD = "version: 1\nsource: hubspot/contacts\ndestination: salesforce/Lead\n"
MATCH = "match: [{Email: email}]\n"
FIELDS = "fields:\n  Email: email\n"


def project(folder: Path, **files: str | bytes) -> Path:
    """Write files into a mappings folder; `__` in a name stands for `/`, no ending: yaml."""
    mappings = folder / "mappings"
    for name, content in files.items():
        path = mappings / (name.replace("__", "/") if "__" in name else name)
        if not path.suffix:
            path = path.with_suffix(".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    mappings.mkdir(exist_ok=True)
    return mappings


def load(mappings: Path, **settings: object) -> MappingSet:
    return load_mappings([mappings], today=lambda: TODAY, settings=settings)


def problems(mappings: Path) -> tuple[str, ...]:
    """Load a project that is wrong, and return what it is told."""
    with pytest.raises(MappingError) as caught:
        load(mappings)
    return caught.value.problems


def compiled(folder: Path, text: str, **files: str | bytes) -> CompiledMapping:
    """Compile one mapping; what its text leaves out is filled in."""
    whole = text
    if "version:" not in text:
        needs_match = not {"match:", "write:"} & {
            line.partition(" ")[0] for line in text.splitlines()
        }
        whole = HEAD + (MATCH if needs_match else "") + text
    return load(project(folder, lead=whole, **files))["lead"]


def record(**fields: object) -> Record:
    return Record("1", "v1", fields)
