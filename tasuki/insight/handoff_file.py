"""Reads mappings/model.yaml: strictly, all problems at once, each at its place."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from json import dumps
from pathlib import Path
from typing import Final, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tasuki.formula import Formula, FormulaSyntaxError, FunctionTable, parse
from tasuki.insight.business_hours import BusinessHours
from tasuki.insight.handoff_model import (
    WEEKDAYS,
    CalendarModel,
    ConditionModel,
    CriterionModel,
    DepartmentModel,
    HandoffModel,
    ModelModel,
    PersonModel,
    StepModel,
    hours_of,
)
from tasuki.insight.handoff_rule import (
    ROLES,
    ROUND_ROBIN,
    Condition,
    Criterion,
    Department,
    Person,
    Rule,
    SalesModel,
    Step,
)
from tasuki.mapping.field_model import Strict
from tasuki.mapping.files import keys_of, optional_document
from tasuki.mapping.problem import Problems, nearest
from tasuki.mapping.validate import validate
from tasuki.mapping.yaml_text import Document
from tasuki.mapping.yaml_text import Path as Place

M = TypeVar("M", bound=Strict)

MODEL: Final = "model.yaml"
USUAL_DEPARTMENTS: Final[Mapping[str, str]] = {
    "marketing": "マーケティング",
    "inside_sales": "インサイドセールス",
    "field_sales": "フィールドセールス",
    "customer_success": "カスタマーサクセス",
    "back_office": "バックオフィス",
}
_SIGNS: Final = {"eq": "==", "ne": "!=", "gte": ">=", "lte": "<=", "gt": ">", "lt": "<"}
_NUMBERS: Final = frozenset({"gte", "lte", "gt", "lt"})


@dataclass(frozen=True, slots=True)
class Around:
    """What model.yaml may name outside of itself.

    Attributes:
        functions: Those of formulas.
        mappings: Every mapping's id, and the handoff that it names.
        facts: The names of the facts that are read of customers.
    """

    functions: FunctionTable
    mappings: Mapping[str, str | None]
    facts: frozenset[str]

    def carriers(self, handoff: str) -> tuple[str, ...]:
        """Return the mappings that say they carry a handoff."""
        return tuple(one for one, said in self.mappings.items() if said == handoff)


def load_model(folders: Sequence[Path], around: Around) -> SalesModel:
    """Read the model of the first folder that has one.

    Raises:
        MappingError: All problems of the file.
    """
    problems = Problems()
    for folder in folders:
        document = optional_document(folder, MODEL, problems)
        problems.raise_any()
        if document is not None:
            model = _Reader(document, around, problems).read()
            problems.raise_any()
            return model
    return SalesModel(BusinessHours(), _departments({}), {}, ())


class _Reader:
    """Reads one model.yaml."""

    def __init__(self, document: Document, around: Around, problems: Problems) -> None:
        self._document = document
        self._around = around
        self._problems = problems
        self._departments: Mapping[str, Department] = {}
        self._people: Mapping[str, Person] = {}

    def read(self) -> SalesModel:
        """Read the whole file; each part by itself, so that none hides another."""
        keys = keys_of(self._document, self._problems)
        top = {k: v for k, v in keys.items() if k not in _PARTS or not v}
        validate(self._document, ModelModel, self._problems, top)
        hours = self._hours()
        departments = self._parts("departments", DepartmentModel)
        people = self._parts("people", PersonModel)
        self._departments = _departments(departments)
        self._people = _people(people)
        self._check_people(departments, people)
        rules = tuple(self._rules(hours))
        return SalesModel(hours, self._departments, self._people, rules)

    def _inside(self, name: str) -> object:
        value = self._document.value
        return value.get(name) if isinstance(value, dict) else None

    def _hours(self) -> BusinessHours:
        model = None
        if self._inside("calendar"):
            within = self._document.within("calendar")
            model = validate(within, CalendarModel, self._problems)
        model = model or CalendarModel.model_validate({})
        try:
            zone = ZoneInfo(model.tz)
        except (ZoneInfoNotFoundError, ValueError):
            what = f"there is no time zone '{model.tz}'"
            self._note(("calendar", "tz"), what, "For example Asia/Tokyo.")
            zone = ZoneInfo("Asia/Tokyo")
        opens, closes = (
            timedelta(hours=hour, minutes=minute)
            for hour, minute in map(hours_of, model.hours)
        )
        return BusinessHours(
            zone=zone,
            workdays=frozenset(WEEKDAYS.index(day) for day in model.workdays),
            hours=(opens, closes),
            jp_holidays=model.holidays == "jp",
            extra_closed=frozenset(model.extra_closed),
        )

    def _parts(self, name: str, model: type[M]) -> dict[str, M]:
        found: dict[str, M] = {}
        value = self._inside(name)
        if not isinstance(value, dict):
            if value:
                self._note((name,), "keys and values are needed here", "")
            return found
        within = self._document.within(name)
        for each, said in value.items():
            read = validate(within.within(each), model, self._problems, said or {})
            found |= {each: read} if read is not None else {}
        return found

    def _check_people(
        self,
        departments: Mapping[str, DepartmentModel],
        people: Mapping[str, PersonModel],
    ) -> None:
        for name, each in departments.items():
            if each.manager:
                at: Place = ("departments", name, "manager")
                self._known(at, each.manager, self._people, "person")
        for name, one in people.items():
            for index, department in enumerate(one.departments):
                at = ("people", name, "departments", index)
                self._known(at, department, self._departments, "department")

    def _rules(self, hours: BusinessHours) -> Iterator[Rule]:
        listed = self._inside("handoffs")
        if not isinstance(listed, list):
            if listed:
                remedy = "Begin each handoff with '- id: …'."
                self._note(("handoffs",), "a list is needed here", remedy)
            return
        self._check_names(listed)
        within = self._document.within("handoffs")
        for index in range(len(listed)):
            before = len(self._problems)
            self._check_departments(listed[index], ("handoffs", index))
            model = validate(within.within(index), HandoffModel, self._problems)
            if model is None:
                continue
            rule = self._rule(model, ("handoffs", index), hours)
            if len(self._problems) == before:
                yield rule

    def _rule(self, model: HandoffModel, at: Place, hours: BusinessHours) -> Rule:
        if model.owner:
            self._known((*at, "owner"), model.owner, self._people, "person")
        self._check_stages(model, at)
        for name in model.scope:
            self._read_facts([name], (*at, "scope", name))
        criteria = model.entry_criteria
        accept, needs_all = self._accept(model, (*at, "accept"))
        return Rule(
            id=model.id,
            giver=model.from_,
            taker=model.to,
            stage=model.when.enters,
            within=model.sla.within,
            warn_at=model.sla.warn_at,
            accept=accept,
            needs_all=needs_all,
            hash=_hash(model, hours),
            back_to=model.reject.to_stage if model.reject else None,
            reasons=tuple(model.reject.reason_required) if model.reject else (),
            all=self._criteria(criteria.all if criteria else [], at, "all"),
            any=self._criteria(criteria.any if criteria else [], at, "any"),
            steps=tuple(self._steps(model.on_breach, (*at, "on_breach"))),
            scope={name: tuple(values) for name, values in model.scope.items()},
            since=model.since,
            carriers=self._carriers(model, at),
            owner=model.owner,
        )

    def _check_names(self, listed: Sequence[object]) -> None:
        names = [one.get("id") if isinstance(one, dict) else None for one in listed]
        for index, name in enumerate(names):
            if isinstance(name, str) and name in names[:index]:
                what = f"the handoff '{name}' is written twice"
                self._note(("handoffs", index, "id"), what, "Keep one of them.")

    def _check_departments(self, said: object, at: Place) -> None:
        """Look at what was typed: also where the rest of the handoff is no whole."""
        for key in ("from", "to"):
            name = said.get(key) if isinstance(said, dict) else None
            if isinstance(name, str):
                self._known((*at, key), name, self._departments, "department")

    def _check_stages(self, model: HandoffModel, at: Place) -> None:
        opening = model.when.enters
        if model.accept.enters is opening:
            what = f"'{opening.value}' both opens and accepts it"
            self._note((*at, "accept", "enters"), what, "Name the stage behind it.")
        if model.reject and model.reject.to_stage is opening:
            what = f"'{opening.value}' both opens it and gives it back"
            self._note((*at, "reject", "to_stage"), what, "For example recycled.")

    def _accept(
        self, model: HandoffModel, at: Place
    ) -> tuple[tuple[Condition, ...], bool]:
        accept = model.accept
        if not (accept.all or accept.any):
            return (self._condition(accept, at),), True
        key, listed = ("all", accept.all) if accept.all else ("any", accept.any)
        conditions = tuple(
            self._condition(one, (*at, key, index)) for index, one in enumerate(listed)
        )
        return conditions, bool(accept.all)

    def _condition(self, model: ConditionModel, at: Place) -> Condition:
        if model.sent_by is None:
            return Condition(model.enters)
        name, mappings = model.sent_by, self._around.mappings
        if name in mappings:
            return Condition(sent_by=(name,))
        found = self._around.carriers(name)
        if not found:
            known = [*mappings, *filter(None, mappings.values())]
            what = f"no mapping is '{name}', and none names it as its handoff"
            remedy = nearest(name, known, "`tasuki check` lists the mappings.")
            self._note((*at, "sent_by"), what, remedy)
        return Condition(sent_by=found)

    def _carriers(self, model: HandoffModel, at: Place) -> tuple[str, ...]:
        if model.carried_by is None:
            return self._around.carriers(model.id)
        for index, name in enumerate(model.carried_by):
            self._known(
                (*at, "carried_by", index), name, self._around.mappings, "mapping"
            )
        return tuple(model.carried_by)

    def _criteria(
        self, models: Sequence[CriterionModel], at: Place, key: str
    ) -> tuple[Criterion, ...]:
        found = []
        for index, model in enumerate(models):
            place = (*at, "entry_criteria", key, index)
            text, reason = _formula_of(model), model.reason or _reason_of(model)
            formula = self._formula(text, (*place, "formula"))
            if formula is not None:
                named = "formula" if model.field is None else "field"
                self._read_facts(sorted(formula.names), (*place, named))
                found.append(Criterion(reason, formula))
        return tuple(found)

    def _read_facts(self, names: Iterable[str], at: Place) -> None:
        """Refuse a fact that nobody reads: nothing would ever pass."""
        for name in names:
            if name not in self._around.facts:
                what = f"no fact '{name}' is read of customers"
                self._note(at, what, nearest(name, self._around.facts, _WHERE_FACTS))

    def _formula(self, text: str, at: Place) -> Formula | None:
        try:
            return parse(text, self._around.functions)
        except FormulaSyntaxError as error:
            for each in error.problems:
                self._problems.add(
                    self._document.formula_problem(
                        at, error.text, each.position, each.message, each.remedy or ""
                    )
                )
            return None

    def _steps(self, models: Sequence[StepModel], at: Place) -> Iterator[Step]:
        for index, model in enumerate(models):
            if model.notify is None:
                yield Step(ROUND_ROBIN, model.after)
                continue
            if model.notify not in ROLES:
                known = [*ROLES, *self._people]
                place = (*at, index, "notify")
                self._known(place, model.notify, known, "person or role")
            yield Step(model.notify, model.after)

    def _known(self, at: Place, name: str, known: Iterable[str], kind: str) -> None:
        names = list(known)
        if name not in names:
            listed = f"There is: {', '.join(names)}." if names else "There is none."
            what = f"there is no {kind} '{name}'"
            self._note(at, what, nearest(name, names, listed))

    def _note(self, at: Place, what: str, remedy: str) -> None:
        self._problems.add(self._document.problem(at, what, remedy))


_WHERE_FACTS: Final = (
    "Let stages.yaml read it, or judge the record in its mapping's `qualify`."
)
_PARTS: Final = frozenset({"calendar", "departments", "people", "handoffs"})


def _departments(models: Mapping[str, DepartmentModel]) -> dict[str, Department]:
    if not models:
        return {one: Department(one, name) for one, name in USUAL_DEPARTMENTS.items()}
    return {
        one: Department(one, each.name or USUAL_DEPARTMENTS.get(one, one), each.manager)
        for one, each in models.items()
    }


def _people(models: Mapping[str, PersonModel]) -> dict[str, Person]:
    return {
        one: Person(one, each.name or one, tuple(each.departments), each.accounts)
        for one, each in models.items()
    }


def _formula_of(model: CriterionModel) -> str:
    """Return a comparison as a formula; the facts are read by name."""
    if model.formula is not None:
        return model.formula
    fact = f"field({_literal(model.field)})"
    (name,) = model.comparisons()
    operand = model.operand(name)
    if name == "is":
        return f"not blank({fact})" if operand == "present" else f"blank({fact})"
    if name in {"in", "not_in"}:
        listed = operand if isinstance(operand, list) else [operand]
        values = ", ".join(map(_literal, listed))
        return f"{fact} {name.replace('_', ' ')} [{values}]"
    is_number = name in _NUMBERS or not isinstance(operand, str | bool)
    left = f"number({fact})" if is_number else fact
    return f"{left} {_SIGNS[name]} {_literal(operand)}"


def _reason_of(model: CriterionModel) -> str:
    """Return a comparison as a reason: email_absent, score_not_gte_60."""
    (name,) = model.comparisons()
    operand = model.operand(name)
    if name == "is":
        return f"{model.field}_{'absent' if operand == 'present' else 'present'}"
    if isinstance(operand, list):
        return f"{model.field}_{'not_in' if name == 'in' else 'in'}_list"
    return f"{model.field}_not_{name}_{operand}"


def _literal(value: object) -> str:
    """Return a value as formulas write it."""
    if isinstance(value, bool) or value is None:
        return str(value).lower().replace("none", "null")
    return dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)


def _hash(model: HandoffModel, hours: BusinessHours) -> str:
    """Return what changes with the rule, or with the hours it is counted in."""
    text = f"{model.model_dump_json(by_alias=True)}\0{sorted(hours.workdays)}"
    text += f"\0{hours.hours}\0{hours.zone}\0{hours.jp_holidays}"
    text += f"\0{sorted(hours.extra_closed)}"
    return blake2b(text.encode(), digest_size=8).hexdigest()
