"""Reads prefect.yaml strictly: Prefect drops keys it does not know without a word.

Seen in Prefect 3.8: its models of deployments, concurrency limits and the file itself
say `extra="ignore"`, so that a misspelt key changes nothing and nobody hears of it.
"""

import ast
import importlib.util
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from tasuki.mapping.problem import Problem, Problems, nearest
from tasuki.model.errors import ConfigError
from tasuki.stages.positioned_yaml import Positioned, read_positioned

FILE = "prefect.yaml"
_CRON = re.compile(r"[0-9A-Za-z*,/#?-]+( [0-9A-Za-z*,/#?-]+){4,5}")


def _cron(text: str) -> str:
    if not _CRON.fullmatch(text):
        msg = "a cron line has five words: minute hour day month weekday"
        raise ValueError(msg)
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        msg = f"there is no time zone '{name}'; for example Asia/Tokyo"
        raise ValueError(msg) from None
    return name


def _as_limit(value: object) -> object:
    return {"limit": value} if isinstance(value, int) else value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class ScheduleModel(_Strict):
    """One entry of `schedules:`."""

    cron: Annotated[str, AfterValidator(_cron)] | None = None
    interval: int | float | str | None = None
    rrule: str | None = None
    timezone: Annotated[str, AfterValidator(_zone)] | None = None
    anchor_date: str | None = None
    active: bool | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    slug: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")] | None = None
    replaces: str | None = None
    day_or: bool | None = None

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if sum(v is not None for v in (self.cron, self.interval, self.rrule)) != 1:
            msg = "a schedule says one of cron, interval and rrule"
            raise ValueError(msg)
        if self.cron is not None and self.timezone is None:
            msg = "a cron schedule names its timezone (Prefect would take UTC)"
            raise ValueError(msg)
        return self


class ConcurrencyModel(_Strict):
    """`concurrency_limit:`."""

    limit: int = Field(ge=1)
    collision_strategy: Literal["ENQUEUE", "CANCEL_NEW"] = "ENQUEUE"
    grace_period_seconds: int | None = Field(default=None, ge=60, le=86_400)


class WorkPoolModel(_Strict):
    """`work_pool:`."""

    name: str = Field(min_length=1)
    work_queue_name: str | None = None
    job_variables: dict[str, Any] = Field(default_factory=dict)


class TriggerModel(_Strict):
    """One entry of `triggers:`, as Prefect's deployment triggers take them."""

    type: Literal["event", "metric", "compound", "sequence"] = "event"
    name: str | None = None
    description: str | None = None
    enabled: bool | str = True
    match: dict[str, Any] = Field(default_factory=dict)
    match_related: dict[str, Any] | list[dict[str, Any]] = Field(default_factory=dict)
    after: list[str] = Field(default_factory=list)
    expect: list[str] = Field(default_factory=list)
    for_each: list[str] = Field(default_factory=list)
    posture: Literal["Reactive", "Proactive", "Metric"] = "Reactive"
    threshold: int = Field(default=1, ge=1)
    within: float = Field(default=0, ge=0)
    schedule_after: float = Field(default=0, ge=0)
    parameters: dict[str, Any] = Field(default_factory=dict)
    job_variables: dict[str, Any] = Field(default_factory=dict)
    metric: dict[str, Any] | None = None
    require: int | Literal["any", "all"] | None = None
    triggers: list["TriggerModel"] = Field(default_factory=list)


Steps = list[dict[str, dict[str, Any] | None]]


class DeploymentModel(_Strict):
    """One entry of `deployments:`."""

    name: str = Field(min_length=1, pattern=r"^[^/%&><]+$")
    entrypoint: str
    work_pool: WorkPoolModel
    flow_name: str | None = None
    description: str | None = None
    version: str | None = None
    version_type: str | None = None
    tags: list[str] = Field(default_factory=list)
    parameters: dict[str, Any] = Field(default_factory=dict)
    enforce_parameter_schema: bool = True
    paused: bool | None = None
    concurrency_limit: Annotated[
        ConcurrencyModel | None, BeforeValidator(_as_limit)
    ] = None
    schedules: list[ScheduleModel] = Field(default_factory=list)
    triggers: list[TriggerModel] = Field(default_factory=list)
    build: Steps | None = None
    push: Steps | None = None
    pull: Steps | None = None


class DeploymentFile(_Strict):
    """The whole file. `definitions` is a place for YAML anchors; Prefect ignores it."""

    name: str
    prefect_version: str | None = Field(default=None, alias="prefect-version")
    build: Steps | None = None
    push: Steps | None = None
    pull: Steps | None = None
    definitions: dict[str, Any] = Field(default_factory=dict)
    deployments: list[DeploymentModel] = Field(min_length=1)

    def work_pools(self) -> list[str]:
        """Return the names of the work pools, each once."""
        return list(dict.fromkeys(each.work_pool.name for each in self.deployments))


def read_deployments(root: Path) -> DeploymentFile:
    """Read a project's prefect.yaml; every problem in one go.

    Raises:
        ConfigError: there is no such file.
        MappingError: all problems of it.
    """
    path = root / FILE
    if not path.is_file():
        remedy = "`tasuki init` writes one to begin with."
        raise ConfigError(str(path), "there is no such file", remedy)
    problems = Problems()
    document = read_positioned(FILE, path.read_text(encoding="utf-8"), problems)
    problems.raise_any()
    found = _validated(document, problems)
    problems.raise_any()
    for problem in _contradictions(document, found, root):
        problems.add(problem)
    problems.raise_any()
    return found


def _validated(document: Positioned, problems: Problems) -> DeploymentFile:
    try:
        return DeploymentFile.model_validate(document.value)
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False):
            problems.add(_problem(document, one["loc"], one["type"], one["msg"]))
        problems.raise_any()
        raise


def _problem(
    document: Positioned, location: tuple[int | str, ...], kind: str, words: str
) -> Problem:
    path = document.longest_known(location)
    if kind == "extra_forbidden":
        known = _keys_at(path[:-1])
        what = f"unknown key '{path[-1]}': Prefect would drop it without a word"
        remedy = nearest(str(path[-1]), known, f"Known: {', '.join(known)}.")
        return document.key_problem(path, what, remedy)
    said = words.removeprefix("Value error, ")
    missing = f"'{location[-1]}' is missing"
    what = missing if kind == "missing" else f"{path[-1] if path else FILE}: {said}"
    return document.problem(path, what)


_MODELS: Mapping[str, type[BaseModel]] = {
    "deployments": DeploymentModel,
    "schedules": ScheduleModel,
    "triggers": TriggerModel,
    "concurrency_limit": ConcurrencyModel,
    "work_pool": WorkPoolModel,
}


def _keys_at(path: tuple[int | str, ...]) -> list[str]:
    names = [part for part in path if isinstance(part, str)]
    model = _MODELS.get(names[-1], DeploymentFile) if names else DeploymentFile
    return [field.alias or name for name, field in model.model_fields.items()]


def _contradictions(
    document: Positioned, found: DeploymentFile, root: Path
) -> Iterator[Problem]:
    names = Counter(each.name for each in found.deployments)
    for index, each in enumerate(found.deployments):
        path = ("deployments", index)
        if names[each.name] > 1:
            what = f"two deployments are named '{each.name}'"
            yield document.problem((*path, "name"), what)
        slugs = Counter(schedule.slug for schedule in each.schedules)
        for at, schedule in enumerate(each.schedules):
            if slugs[schedule.slug] > 1:
                what = "each of several schedules has a slug of its own"
                yield document.problem((*path, "schedules", at), what)
        yield from _entrypoint(document, path, each, root)


def _entrypoint(
    document: Positioned, path: tuple[int | str, ...], each: DeploymentModel, root: Path
) -> Iterator[Problem]:
    where, _, name = each.entrypoint.rpartition(":")
    file = _source_of(where, root)
    if file is None:
        what = f"there is no flow file or module '{where or each.entrypoint}'"
        remedy = "Write flows/do_it.py:do_it, or a.module:do_it."
        yield document.problem((*path, "entrypoint"), what, remedy)
        return
    functions = _functions(file)
    if name not in functions:
        remedy = nearest(name, functions, f"There are: {', '.join(functions)}.")
        what = f"{file.name} has no function '{name}'"
        yield document.problem((*path, "entrypoint"), what, remedy)
        return
    for given in each.parameters:
        if given not in functions[name]:
            listed = f"There are: {', '.join(functions[name])}."
            what = f"{name} has no parameter '{given}'"
            remedy = nearest(given, functions[name], listed)
            yield document.key_problem((*path, "parameters", given), what, remedy)


def _source_of(where: str, root: Path) -> Path | None:
    """Return the file of an entrypoint; nothing of it is run."""
    if where.endswith(".py"):
        path = root / where
        return path if path.is_file() else None
    try:
        spec = importlib.util.find_spec(where) if where else None
    except (ImportError, ValueError):
        return None
    return Path(spec.origin) if spec and spec.origin else None


def _functions(file: Path) -> dict[str, list[str]]:
    """Return the functions of a file with their parameters' names."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {
        node.name: [
            one.arg
            for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        ]
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
