"""Reads mappings/stages.yaml: strictly, and all problems in one go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel

from tasuki.insight.event import Stage
from tasuki.insight.journey_model import RecordsModel, StagesModel, WrittenModel
from tasuki.insight.kpi.funnel import FUNNEL
from tasuki.insight.kpi.report import Asked
from tasuki.mapping.files import optional_document
from tasuki.mapping.problem import Problems
from tasuki.mapping.validate import validate
from tasuki.mapping.yaml_text import Document
from tasuki.model.record import StreamRef

FILE: Final = "stages.yaml"
_LEAST: Final = 2

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Stages:
    """What stages.yaml says.

    Attributes:
        records: Name to what is read.
        written: Mapping to what its writes tell.
        funnel: The stages that are counted, in order.
        teams: Team by owner.
        fiscal_year_starts: The month.
        gross_margin: Of recurring revenue.
    """

    records: Mapping[str, RecordsModel] = field(default_factory=dict)
    written: Mapping[str, WrittenModel] = field(default_factory=dict)
    funnel: Sequence[Stage] = FUNNEL
    teams: Mapping[str, str] = field(default_factory=dict)
    fiscal_year_starts: int = 4
    gross_margin: Decimal = Decimal(1)

    @property
    def facts(self) -> frozenset[str]:
        """The names of what is read of customers, beside the stages."""
        read = {name for one in self.records.values() for name in one.facts}
        return frozenset(read | {"team"} if self.teams else read)


def read_stages(folders: Sequence[Path]) -> Stages:
    """Read the first stages.yaml of these folders; without one nothing is collected.

    Raises:
        MappingError: All problems of the file.
    """
    problems = Problems()
    for folder in folders:
        document = optional_document(folder, FILE, problems)
        if document is not None:
            found = _stages(document, problems)
            problems.raise_any()
            return found
    problems.raise_any()
    return Stages()


def _stages(document: Document, problems: Problems) -> Stages:
    value = document.value
    if isinstance(value, dict) and isinstance(value.get("gross_margin"), int):
        value["gross_margin"] = Decimal(value["gross_margin"])
    model = validate(document, StagesModel, problems)
    if model is None:
        return Stages()
    records = _each(document, "records", RecordsModel, problems)
    for name, one in records.items():
        _check(document, ("records", name), one, problems)
    if len(set(model.funnel)) < max(_LEAST, len(model.funnel)):
        what = "a funnel is two stages or more, each once"
        problems.add(document.problem(("funnel",), what))
    return Stages(
        records=records,
        written=_each(document, "written", WrittenModel, problems),
        funnel=tuple(map(Stage, model.funnel)),
        teams=_teams(document, model, problems),
        fiscal_year_starts=model.fiscal_year_starts,
        gross_margin=model.gross_margin,
    )


def _each(
    document: Document, key: str, model: type[M], problems: Problems
) -> dict[str, M]:
    """Read each entry by itself, so that problems name the keys known there."""
    value = document.value
    entries = value.get(key) if isinstance(value, dict) else None
    found: dict[str, M] = {}
    if isinstance(entries, dict):
        inside = document.within(key)
        for name in entries:
            one = validate(inside.within(name), model, problems)
            if one is not None:
                found[name] = one
    return found


def _check(
    document: Document, at: tuple[str, str], one: RecordsModel, problems: Problems
) -> None:
    try:
        StreamRef.parse(one.read)
    except ValueError as error:
        remedy = "Write connection/stream, for example hubspot/contacts."
        problems.add(document.problem((*at, "read"), str(error), remedy))
    tells = (one.dates, one.history, one.facts, one.links, one.becomes, one.same_as)
    if not any(tells):
        what = f"'{at[1]}' tells nothing"
        remedy = "Write dates, history, facts, links, becomes or same_as."
        problems.add(document.key_problem(at, what, remedy))


def _teams(
    document: Document, model: StagesModel, problems: Problems
) -> dict[str, str]:
    found: dict[str, str] = {}
    for team, owners in model.teams.items():
        for owner in owners:
            if owner in found:
                what = f"'{owner}' is in '{found[owner]}' already"
                problems.add(document.problem(("teams", team), what, "Keep one team."))
            found.setdefault(owner, team)
    return found


def asked_of(
    stages: Stages, as_of: datetime, first: date, last: date, by: str = ""
) -> Asked:
    """Return what is to be measured, of a project, from one day to another."""
    return Asked(
        first,
        last + timedelta(days=1),
        as_of,
        by=by,
        funnel=stages.funnel,
        teams=dict(stages.teams),
        fiscal_year_starts=stages.fiscal_year_starts,
        gross_margin=stages.gross_margin,
    )
