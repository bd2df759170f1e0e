"""Compiling a mapping from its text, without a project's folder."""

import tempfile
from datetime import date
from pathlib import Path

from tasuki.mapping import CompiledMapping, MappingSet, load_mappings

_TODAY = date(2026, 4, 1)
_POLICIES = """\
standard: {settle: 120}
money: {settle: 300}
"""


def mappings_of(texts: dict[str, str], today: date = _TODAY) -> MappingSet:
    """Compile several mappings that may name each other, by their ids.

    Raises:
        MappingError: with every problem of the texts.
    """
    with tempfile.TemporaryDirectory() as folder:
        mappings = Path(folder) / "mappings"
        mappings.mkdir()
        (mappings / "policies.yaml").write_text(_POLICIES)
        for name, text in texts.items():
            (mappings / f"{name}.yaml").write_text(text)
        return load_mappings([mappings], today=lambda: today)


def mapping_of(text: str, name: str = "sync") -> CompiledMapping:
    """Compile one mapping.

    Example:
        >>> mapping_of('''
        ... version: 1
        ... source: a/people
        ... destination: b/leads
        ... match: [{key: id}]
        ... fields: {key: id}
        ... ''').fields
        ('key',)
    """
    return mappings_of({name: text})[name]
