"""The Model of a company as values: departments, people, and the rules of handoffs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from tasuki.formula import Formula, FormulaError
from tasuki.insight.business_hours import BusinessHours, Span
from tasuki.insight.event import Stage

Facts = Mapping[str, object]
"""What is known of a subject, by name: score, source, team, owner."""

OWNER, MANAGER, DEPARTMENT, ROUND_ROBIN = (
    "owner",
    "manager",
    "department",
    "round_robin",
)
ROLES = (OWNER, MANAGER, DEPARTMENT)


@dataclass(frozen=True, slots=True)
class Department:
    """A department. `manager` is the id of a person, or empty."""

    id: str
    name: str
    manager: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who gives or takes handoffs; may belong to several departments.

    Attributes:
        accounts: Their id by connection.
    """

    id: str
    name: str
    departments: tuple[str, ...] = ()
    accounts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that must hold; `reason` is recorded where it does not."""

    reason: str
    formula: Formula

    def holds(self, facts: Facts) -> bool:
        """Tell whether it holds; what cannot be judged does not."""
        try:
            return self.formula(facts) is True
        except FormulaError:
            return False


@dataclass(frozen=True, slots=True)
class Condition:
    """What shows that a handoff was accepted: a stage, or that a mapping sent it."""

    stage: Stage | None = None
    sent_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """What is due so long after the due time.

    Attributes:
        tell: `owner`, `manager`, `department`, a person's id, or `round_robin`: the
            next person of the department is proposed.
    """

    tell: str
    after: Span | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A handoff as model.yaml describes it.

    Attributes:
        giver: The department that gives.
        taker: The department that takes.
        stage: The stage whose entry opens it.
        all: Criteria of which each must hold.
        any: Criteria of which one must.
        needs_all: Whether every condition of `accept` must be met, or one.
        back_to: The stage that gives it back.
        reasons: Those that may be given for it.
        carriers: The mappings that send it on.
        hash: Changes with the rule and with the calendar.
    """

    id: str
    giver: str
    taker: str
    stage: Stage
    within: Span
    warn_at: int
    accept: tuple[Condition, ...]
    needs_all: bool
    hash: str
    back_to: Stage | None = None
    reasons: tuple[str, ...] = ()
    all: tuple[Criterion, ...] = ()
    any: tuple[Criterion, ...] = ()
    steps: tuple[Step, ...] = ()
    scope: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    since: date | None = None
    carriers: tuple[str, ...] = ()
    owner: str = ""

    def failed(self, facts: Facts) -> tuple[str, ...]:
        """Return the criteria that do not hold."""
        failed = [each.reason for each in self.all if not each.holds(facts)]
        if self.any and not any(each.holds(facts) for each in self.any):
            failed += [each.reason for each in self.any]
        return tuple(failed)

    def is_in_scope(self, facts: Facts) -> bool:
        """Tell whether the pilot's teams, products … are the subject's."""
        return all(facts.get(name) in wanted for name, wanted in self.scope.items())


@dataclass(frozen=True, slots=True)
class SalesModel:
    """Everything that model.yaml says.

    Attributes:
        rules: In the order of the file.
    """

    hours: BusinessHours
    departments: Mapping[str, Department]
    people: Mapping[str, Person]
    rules: tuple[Rule, ...]

    def rule(self, name: str) -> Rule | None:
        """Return a handoff's rule; None where the file has it no more."""
        return next((one for one in self.rules if one.id == name), None)

    def department(self, name: str) -> Department:
        """Return a department, by its id alone where the file has it no more."""
        return self.departments.get(name) or Department(name, name)

    def members(self, department: str) -> tuple[Person, ...]:
        """Return who belongs to a department, in the order of the file."""
        people = self.people.values()
        return tuple(one for one in people if department in one.departments)

    def person(self, connection: str, account: str) -> Person | None:
        """Return who has an account in a system, or that very id in the file.

        An owner may be told of by another system than the one that told of the event:
        an account of any connection will do where none of this one is equal.
        """
        if not account:
            return None
        people = self.people.values()
        own = (one for one in people if one.accounts.get(connection) == account)
        any_ = (one for one in people if account in one.accounts.values())
        return next(own, None) or next(any_, None) or self.people.get(account)

    def due(self, rule: Rule, opened: datetime) -> tuple[datetime, datetime]:
        """Return when a handoff is due, and when it is near that."""
        due = self.hours.after(opened, rule.within)
        return due, self.hours.after(opened, rule.within, rule.warn_at)
