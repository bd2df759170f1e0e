"""A mapping with its formulas read: what the code generator works from.

Reading notes every problem at its place in the file; a mapping whose reading noted
none can be compiled.
"""

import json
import keyword
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tasuki.formula.errors import FormulaSyntaxError
from tasuki.formula.formula import Formula, parse
from tasuki.mapping.field_model import FieldModel
from tasuki.mapping.match_model import MatchModel
from tasuki.mapping.model import MappingModel
from tasuki.mapping.problem import Problem, Problems, nearest
from tasuki.mapping.record_lookup import Asked
from tasuki.mapping.tables import Lookup, Surroundings, missing_column
from tasuki.mapping.yaml_text import Document, Path

_FORMULA_LIKE = re.compile(r"""[()<>"'*/+\[\]{}]|==|\s(and|or|in|not|if)\s""")
_WORDS = frozenset({"true", "false", "null", *keyword.kwlist})
LISTED = "`tasuki functions` lists them all."
COMMENT = "YAML reads what stands behind ' #' as a comment: put the formula in quotes."


@dataclass(frozen=True, slots=True)
class Rule:
    """One field of the destination, its formulas read.

    Attributes:
        value: What `from` or `formula` gives, with `as` applied.
        by: Formulas of a lookup's key, in the order of its columns.
        index: The lookup's taken column by key.
        asked: What is asked of another system's records, or of a link.
        of: The source id whose link is meant.
        items: The list of `each`.
        rules: The fields of each item.
        default: A default that is a formula.
    """

    name: str
    model: FieldModel
    value: Formula | None = None
    by: tuple[Formula, ...] = ()
    index: Mapping[object, str] | None = None
    asked: Asked | None = None
    of: Formula | None = None
    items: Formula | None = None
    rules: tuple["Rule", ...] = ()
    default: Formula | None = None

    @property
    def formulas(self) -> Iterator[Formula]:
        """The formulas over the record itself, not those over items of a list."""
        yield from self.by
        for each in (self.value, self.of, self.items, self.default):
            if each is not None:
                yield each


@dataclass(frozen=True, slots=True)
class Rules:
    """A mapping, its formulas read."""

    model: MappingModel
    qualify: tuple[tuple[str, Formula], ...]
    match: tuple[tuple[MatchModel, Formula | None], ...]
    key: Formula | None
    fields: tuple[Rule, ...]
    write_back: tuple[tuple[str, Formula], ...]
    relates: tuple[tuple[str, Formula], ...] = ()
    lookups: tuple[str, ...] = ()

    @property
    def formulas(self) -> Iterator[Formula]:
        """Every formula of the mapping."""
        yield from (formula for _, formula in self.qualify)
        yield from (formula for _, formula in self.match if formula is not None)
        yield from (formula for _, formula in self.write_back)
        yield from (formula for _, formula in self.relates)
        for rule in walk(self.fields):
            yield from rule.formulas
        if self.key is not None:
            yield self.key

    @property
    def links(self) -> frozenset[str]:
        """The syncs whose links are looked up."""
        found = {step.link for step, _ in self.match if step.link}
        for rule in walk(self.fields):
            if rule.model.link:
                found.add(rule.model.link)
        return frozenset(found)


def walk(rules: Iterable[Rule]) -> Iterator[Rule]:
    """Yield rules and the rules within them."""
    for rule in rules:
        yield rule
        yield from walk(rule.rules)


class Reader:
    """Reads the formulas of one mapping file."""

    def __init__(
        self, document: Document, surroundings: Surroundings, problems: Problems
    ) -> None:
        self._document = document
        self._around = surroundings
        self._problems = problems
        self._lookups: set[str] = set()

    def read(self, model: MappingModel) -> Rules | None:
        """Read a mapping; None when a problem was noted."""
        before = len(self._problems)
        qualify = self._formulas(model.qualify, ("qualify",))
        match = tuple(
            (step, self._step(step, ("match", index)))
            for index, step in enumerate(model.match)
        )
        key = self._formula(model.key, ("key",)) if model.key else None
        fields = self._rules(model.fields, ("fields",))
        write_back = self._formulas(model.write_back, ("write_back",))
        relates = self._formulas(model.relates, ("relates",))
        if len(self._problems) > before:
            return None
        names = tuple(sorted(self._lookups))
        return Rules(model, qualify, match, key, fields, write_back, relates, names)

    def _formulas(
        self, texts: Mapping[str, str], path: Path
    ) -> tuple[tuple[str, Formula], ...]:
        read = (
            (name, self._formula(text, (*path, name))) for name, text in texts.items()
        )
        return tuple((name, formula) for name, formula in read if formula is not None)

    def _step(self, step: MatchModel, path: Path) -> Formula | None:
        if step.formula is None:
            return None
        return self._formula(step.formula, (*path, step.field))

    def _rules(self, fields: Mapping[str, FieldModel], path: Path) -> tuple[Rule, ...]:
        return tuple(
            self._rule(name, each, (*path, name)) for name, each in fields.items()
        )

    def _rule(self, name: str, field: FieldModel, path: Path) -> Rule:
        """Read one field."""
        usable = self._check_as(field, path)
        default = field.default
        is_formula = isinstance(default, str) and default.lstrip().startswith("=")
        return Rule(
            name=name,
            model=field,
            value=self._value(field, path, usable),
            by=self._by(field, path),
            index=self._index(field, path),
            asked=self._asked(field),
            of=self._formula(field.of, (*path, "of")) if field.of else None,
            items=self._list(field.each, (*path, "each")) if field.each else None,
            rules=self._rules(field.fields or {}, (*path, "fields")),
            default=self._formula(default.strip()[1:].strip(), (*path, "default"))
            if is_formula
            else None,
        )

    def _value(
        self, field: FieldModel, path: Path, usable: tuple[str, ...]
    ) -> Formula | None:
        """Read `from` or `formula`, and wrap it in the functions of `as`."""
        if field.from_ is not None:
            inner = self._copied(field.from_, (*path, "from"))
        elif field.formula is not None:
            inner = self._formula(field.formula, (*path, "formula"))
        else:
            return None
        if inner is None or not usable:
            return inner
        text = inner.text
        for name in usable:
            text = f"{name}({text})"
        return self._formula(text, path)

    def _copied(self, name: str, path: Path) -> Formula | None:
        """Read a plain name: a source field, or a dotted path into an include."""
        if _FORMULA_LIKE.search(name):
            what = f"'{name[:40]}' is no field name"
            self._note(path, what, "If it is a formula, begin it with '='.")
            return None
        parts = name.split(".")
        if all(
            part.isidentifier() and part not in _WORDS and part[0] != "_"
            for part in parts
        ):
            return self._formula(name, path)
        return self._formula(f"field({json.dumps(name, ensure_ascii=False)})", path)

    def _list(self, text: str, path: Path) -> Formula | None:
        """Read what `each` goes through: a list's name, or `= where(list, …)`."""
        if text.lstrip().startswith("="):
            return self._formula(text.strip()[1:].strip(), path)
        return self._copied(text, path)

    def _check_as(self, field: FieldModel, path: Path) -> tuple[str, ...]:
        """Return the functions of `as` that exist and take one value."""
        usable = []
        for index, name in enumerate(field.as_):
            where = (*path, "as", index)
            function = self._around.functions.get(name)
            if function is None:
                remedy = nearest(name, self._around.functions.names, LISTED)
                self._note(where, f"unknown function '{name}'", remedy)
                continue
            try:
                function.parameters.bind(None)
            except TypeError:
                remedy = f"Write a formula: = {function.signature}."
                self._note(where, f"'{name}' takes more than one value", remedy)
                continue
            usable.append(name)
        return tuple(usable)

    def _by(self, field: FieldModel, path: Path) -> tuple[Formula, ...]:
        by = field.by or {}
        read = (
            self._formula(text, (*path, "by", column)) for column, text in by.items()
        )
        return tuple(formula for formula in read if formula is not None)

    def _index(self, field: FieldModel, path: Path) -> Mapping[object, str] | None:
        """Find the table of a lookup and check its columns."""
        if field.lookup is None:
            return None
        if field.lookup in self._around.record_lookups:
            self._lookups.add(field.lookup)
            return None
        table = self._around.lookups.get(field.lookup)
        if table is None and f"lookup {field.lookup}" in self._around.places:
            return None  # it is there, and what is wrong with it was noted
        if table is None:
            known = [*self._around.lookups, *self._around.record_lookups]
            listed = f"There is: {', '.join(known)}." if known else "Add the CSV file."
            what = f"there is no mappings/lookups/{field.lookup}.csv"
            self._note((*path, "lookup"), what, nearest(field.lookup, known, listed))
            return None
        self._lookups.add(table.name)
        by, take = tuple(field.by or {}), field.take or ""
        wrong = [(*path, "by", column) for column in by if column not in table.columns]
        for where in wrong:
            self._missing(where, table, str(where[-1]), is_key=True)
        if take not in table.columns:
            self._missing((*path, "take"), table, take, is_key=False)
        elif not wrong:
            self._problems.extend(table.duplicates(by))
            return table.index(by, take)
        return None

    def _asked(self, field: FieldModel) -> Asked | None:
        """Return what the field asks of the outside; its key comes with each record."""
        if field.link is not None and field.take is not None:
            return Asked("", field.link, (), field.take)
        if field.lookup is None or field.lookup not in self._around.record_lookups:
            return None
        return Asked(field.lookup, "", tuple(field.by or {}), field.take or "")

    def _missing(self, path: Path, table: Lookup, column: str, *, is_key: bool) -> None:
        what, remedy = missing_column(table, column)
        at = self._document.key_problem if is_key else self._document.problem
        self._problems.add(at(path, what, remedy))

    def _formula(self, text: str | None, path: Path) -> Formula | None:
        """Read one formula; its problems stand at their characters."""
        try:
            return parse(text or "", self._around.functions)
        except FormulaSyntaxError as error:
            cut = self._document.comment_behind(path)
            for each in error.problems:
                remedy = COMMENT if cut else each.remedy or ""
                self._problems.add(
                    self._document.formula_problem(
                        path, error.text, each.position, each.message, remedy
                    )
                )
            return None

    def _note(self, path: Path, what: str, remedy: str = "") -> None:
        self._problems.add(self._problem(path, what, remedy))

    def _problem(self, path: Path, what: str, remedy: str) -> Problem:
        return self._document.problem(path, what, remedy)
