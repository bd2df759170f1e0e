"""Finds and reads the files of a project's `mappings` folders."""

from collections.abc import Sequence
from pathlib import Path

from tasuki.mapping.problem import Problem, Problems, nearest
from tasuki.mapping.tables import decode
from tasuki.mapping.yaml_text import Document, no_keys, read_yaml

POLICIES, SETTINGS = "policies.yaml", "settings.yaml"
NOT_MAPPINGS = frozenset(
    {POLICIES, SETTINGS, "alerts.yaml", "leaks.yaml", "model.yaml", "stages.yaml"}
)
_BESIDE = frozenset(
    {"archive.yaml", "connections.yaml", "issuer.yaml", "retention.yaml"}
)
"""Files of the project's own folder."""
_FOLDERS = ("fields", "lists", "lookups", "values")
_MOST_YAML = 1_000_000  # bytes; a mapping of 500 fields has 60,000
_MOST_TABLE = 20_000_000


def folder_files(
    folders: Sequence[Path], kind: str, endings: tuple[str, ...]
) -> dict[str, Path]:
    """Return files by the name that problems give them; the first folder wins."""
    found: dict[str, tuple[str, Path]] = {}
    for folder in folders:
        for path in sorted((folder / kind).glob("*")):
            if path.suffix in endings:
                name = f"{folder.name}/{kind}/{path.name}"
                found.setdefault(path.stem, (name, path))
    return dict(found.values())


def mapping_files(folders: Sequence[Path], problems: Problems) -> dict[str, Path]:
    """Return the mapping files by the name that problems give them."""
    found: dict[str, tuple[str, Path]] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.y*ml")):
            file = f"{folder.name}/{path.name}"
            if path.suffix != ".yaml":
                problems.add(
                    Problem(file, 1, 1, "this file is not read", "Name it .yaml.")
                )
            elif path.name in _BESIDE:
                what = "this file is not read here"
                remedy = f"Move it out of {folder.name}/, into the project's folder."
                problems.add(Problem(file, 1, 1, what, remedy))
            elif path.name not in NOT_MAPPINGS and not _is_settings(path):
                found.setdefault(path.stem, (file, path))
    return dict(found.values())


def check_folders(folders: Sequence[Path], problems: Problems) -> None:
    """Note folders that are a near miss of those that are read."""
    for folder in folders:
        for path in sorted(folder.iterdir()):
            name = path.name
            close = nearest(name, _FOLDERS)
            if path.is_dir() and name not in _FOLDERS and close:
                what = "this folder is not read"
                problems.add(Problem(f"{folder.name}/{name}", 1, 1, what, close))


def _is_settings(path: Path) -> bool:
    return path.name.startswith("settings.")


def read_document(file: str, path: Path, problems: Problems) -> Document | None:
    """Read a YAML file; None where nothing sensible is in it."""
    content = read_bytes(file, path, problems, _MOST_YAML)
    text = None if content is None else decode(file, content, problems)
    return None if text is None else read_yaml(file, text, problems)


def read_bytes(
    file: str, path: Path, problems: Problems, most: int = _MOST_TABLE
) -> bytes | None:
    """Read a file, unless it is larger than anybody would write by hand."""
    size = path.stat().st_size
    if size > most:
        what = f"the file has {size / 1e6:.1f} MB; at most {most / 1e6:.0f} are read"
        problems.add(Problem(file, 1, 1, what, "Keep records out of these files."))
        return None
    return path.read_bytes()


def optional_document(folder: Path, name: str, problems: Problems) -> Document | None:
    """Read a YAML file that a folder need not have."""
    path = folder / name
    if not path.is_file():
        return None
    return read_document(f"{folder.name}/{name}", path, problems)


def keys_of(document: Document, problems: Problems) -> dict[str, object]:
    """Return the keys and values of a document, or note that it has none."""
    if isinstance(document.value, dict):
        return document.value
    problems.add(no_keys(document))
    return {}
