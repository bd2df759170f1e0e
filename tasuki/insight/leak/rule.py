"""The rules, read once from the file beside this module."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

_FILE: Final = Path(__file__).with_name("rules.yaml")


class Severity(StrEnum):
    """How bad a leak is, the worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)


class Department(StrEnum):
    """Whose turn it is."""

    MARKETING = "marketing"
    INSIDE_SALES = "inside_sales"
    FIELD_SALES = "field_sales"
    BACK_OFFICE = "back_office"
    CUSTOMER_SUCCESS = "customer_success"
    OPERATIONS = "operations"


class Mending(StrEnum):
    """What the hub may do about a finding by itself."""

    NONE = ""
    RUN = (
        "run"  # the record gets a turn in a normal run: the same intents, the same keys
    )
    RETRY = "retry"  # the write that is stuck is tried again under its key
    ARCHIVE = "archive"  # the document is archived from what the ledger has


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of leak.

    Attributes:
        id: `L12`.
        name_ja: Its name, as the departments say it.
        name_en: The same in English.
        severity: As shipped; a project may say another.
        department: Who has to act.
        about: The board's table whose row a finding names.
        needs: The board's tables that must be complete for the rule to be asked.
        why: What it costs to leave it.
        remedy_ja: What to do.
        remedy_en: The same in English.
        mending: What the hub may do about it.
        find: The query: subject, record and yen.
    """

    id: str
    name_ja: str
    name_en: str
    severity: Severity
    department: Department
    about: str
    needs: tuple[str, ...]
    why: str
    remedy_ja: str
    remedy_en: str
    mending: Mending
    find: str


@cache
def rules() -> Mapping[str, Rule]:
    """Return every rule by its id, in order."""
    read: dict[str, dict[str, Any]] = YAML(typ="safe", pure=True).load(
        _FILE.read_text(encoding="utf-8")
    )
    return {name: _rule(name, value) for name, value in read.items()}


def _rule(name: str, value: dict[str, Any]) -> Rule:
    return Rule(
        id=name,
        name_ja=value["name"]["ja"],
        name_en=value["name"]["en"],
        severity=Severity(value["severity"]),
        department=Department(value["department"]),
        about=value["about"],
        needs=tuple(value["needs"]),
        why=value["why"],
        remedy_ja=value["remedy"]["ja"],
        remedy_en=value["remedy"]["en"],
        mending=Mending(value.get("mend", "")),
        find=value["find"],
    )
