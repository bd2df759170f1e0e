"""What is in version control: no secrets, no machine's own paths, sound locks."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

_SKIPPED = {".venv", ".git", ".tasuki", "__pycache__", "dist", "build"}
_LARGEST = 2_000_000
_UNWANTED = {
    "a machine's path": r"(?<![\w.])/(?:home|Users)/[a-z]|(?<![\w.])/root/|(?<![\w./])/work/",
    "a package index": r"https?://(?:[\w.-]+\.)?(?:pypi\.org|pythonhosted\.org)|--(?:extra-)?index-url|--find-links",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+\S",
    "a cloud key": r"\bAKIA[0-9A-Z]{16}\b",
    "a GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36}\b",
    "a Stripe key": r"\b[sr]k_live_[A-Za-z0-9]{10,}",
    "a Slack token": r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    "a HubSpot token": r"\bpat-(?:na|eu|ap)\d-[0-9a-f]{8}-[0-9a-f]{4}",
}


def tracked() -> list[Path]:
    """Return the files under version control; of an unpacked archive, all of them."""
    told = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    if told.returncode == 0 and told.stdout:
        found = [ROOT / name for name in told.stdout.decode().split("\0") if name]
    else:
        found = [
            path for path in ROOT.rglob("*")
            if not _SKIPPED & set(path.relative_to(ROOT).parts)
        ]  # fmt: skip
    return [path for path in found if path.is_file()]


@pytest.mark.parametrize("what", _UNWANTED)
def test_no_file_holds(what: str) -> None:
    pattern = re.compile(_UNWANTED[what])
    found = []
    for path in tracked():
        if path == Path(__file__):
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        found += [
            f"{path.relative_to(ROOT)}:{number}"
            for number, line in enumerate(text.splitlines(), 1)
            if pattern.search(line)
        ]
    assert found == []


def test_the_patterns_find_what_they_look_for() -> None:
    samples = {
        "a machine's path": "see /home/taro/x",
        "a package index": "https://files.pythonhosted.org/a.whl",
        "a private key": "-----BEGIN PRIVATE KEY----- MII",
        "a cloud key": "AKIA" + "A" * 16,
        "a GitHub token": "ghp_" + "a" * 36,
        "a Stripe key": "sk_live_" + "a" * 12,
        "a Slack token": "xoxb-" + "1" * 12,
        "a HubSpot token": "pat-na1-01234567-89ab",
    }
    assert set(samples) == set(_UNWANTED)
    for what, sample in samples.items():
        assert re.search(_UNWANTED[what], sample), what


def test_no_file_is_large() -> None:
    large = {str(p.relative_to(ROOT)): p.stat().st_size for p in tracked()}
    assert not {name: size for name, size in large.items() if size > _LARGEST}


@pytest.mark.parametrize("name", ["runtime", "dev", "build"])
def test_every_locked_package_has_its_hashes(name: str) -> None:
    text = (ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8")
    entries = [
        entry
        for entry in re.split(r"\n(?=\S)", text.strip())
        if not entry.startswith("#")
    ]
    assert entries
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._\[\],-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_everything_the_project_asks_for_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = {
        "runtime": project["project"]["dependencies"],
        "dev": project["dependency-groups"]["dev"],
        "build": project["build-system"]["requires"],
    }
    for name, wanted in asked.items():
        text = (ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8")
        locked = {
            _bare(one) for one in re.findall(r"^([A-Za-z0-9._-]+)", text, re.MULTILINE)
        }
        assert {_bare(one) for one in wanted} <= locked, name


def _bare(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def test_ci_runs_the_target_that_people_run() -> None:
    script = ROOT / ".ci/run"
    assert script.stat().st_mode & 0o111
    target = re.search(r"exec make (\w+)", script.read_text(encoding="utf-8"))
    assert target
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target[1]}:", makefile, re.MULTILINE)


def test_the_makefile_installs_exactly_what_is_locked() -> None:
    """Old pips refuse hashes for packages with extras unless nothing is resolved."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    installs = re.findall(r"pip install (.*-r requirements/\S+)", makefile)
    assert len(installs) == 3
    assert all("--no-deps --require-hashes" in line for line in installs)
