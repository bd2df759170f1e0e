"""Reads leaks.yaml: thresholds, rules, and where the board's tables come from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tasuki.formula import Formula, FormulaSyntaxError, FunctionTable, parse
from tasuki.insight.leak.board import BOARD
from tasuki.insight.leak.model import LeaksModel, LinkModel, RuleModel, SourceModel
from tasuki.insight.leak.rule import Department, Rule, Severity, rules
from tasuki.mapping.files import optional_document
from tasuki.mapping.problem import Problems, nearest
from tasuki.mapping.validate import validate
from tasuki.mapping.yaml_text import Document
from tasuki.mapping.yaml_text import Path as Place
from tasuki.model.record import StreamRef

FILE: Final = "leaks.yaml"
SKIPPED: Final = "ledger"
"""What the hub itself knows of a record: `ledger.skipped`."""


@dataclass(frozen=True, slots=True)
class BoardSource:
    """Where rows of one board table come from.

    Attributes:
        table: The board's table.
        stream: Whose records they are.
        only: The system's own filter; None for all.
        where: What must hold; None: nothing.
        sync: The mapping whose decisions `ledger.skipped` tells; "" for none.
        fields: Column to formula.
        blind: Rules that it cannot tell of, with the reason.
    """

    table: str
    stream: StreamRef
    only: object
    where: Formula | None
    sync: str
    fields: Mapping[str, Formula]
    blind: Mapping[str, str]

    def names(self) -> set[str]:
        """Return the record's fields that the formulas read."""
        formulas = [*self.fields.values(), *([self.where] if self.where else [])]
        found = {name for one in formulas for name in one.names}
        return {name for name in found if name.partition(".")[0] != SKIPPED}


@dataclass(frozen=True, slots=True)
class LeakSettings:
    """What a project says about leaks.

    Attributes:
        thresholds: By the name that the rules bind.
        rules: What is said otherwise about a rule, by its id.
        links: Mapping to what its links say.
        mend: Rule to stream to the mappings that mend it.
        sources: Every source of every table.
    """

    thresholds: Mapping[str, int]
    rules: Mapping[str, RuleModel]
    links: Mapping[str, LinkModel]
    mend: Mapping[str, Mapping[str, Sequence[str]]]
    sources: tuple[BoardSource, ...]

    def severity(self, rule: Rule) -> Severity:
        """Return how bad a rule's findings are here."""
        said = self.rules.get(rule.id)
        return Severity(said.severity) if said and said.severity else rule.severity

    def department(self, rule: Rule, found: str = "") -> Department:
        """Return whose turn it is here: as leaks.yaml says, as found, or as usual."""
        said = self.rules.get(rule.id)
        told = (said.department if said else None) or found
        return Department(told) if told in {*Department} else rule.department

    def is_on(self, rule: Rule) -> bool:
        """Say whether the rule is looked for here."""
        said = self.rules.get(rule.id)
        return said is None or said.on


def load_leaks(folders: Sequence[Path], functions: FunctionTable) -> LeakSettings:
    """Read the leaks.yaml of these folders; parts of an earlier one are stronger.

    Thresholds, rules, links and ways to mend are taken one by one, a board's table as a
    whole.

    Raises:
        MappingError: All problems of all files.
    """
    problems = Problems()
    models: list[LeaksModel] = []
    sources: dict[str, tuple[BoardSource, ...]] = {}
    said: dict[str, int] = {}
    for folder in reversed(folders):
        document = optional_document(folder, FILE, problems)
        if document is None:
            continue
        model = validate(document, LeaksModel, problems)
        if model is None:
            continue
        _check_names(document, model, problems)
        reader = _Reader(document, functions, problems)
        sources |= {table: reader.table(model, table) for table in model.board}
        written = model.thresholds.model_fields_set
        said |= {name: getattr(model.thresholds, name) for name in written}
        models.append(model)
    problems.raise_any()
    usual = LeaksModel.model_validate({"version": 1}).thresholds.model_dump()
    return LeakSettings(
        thresholds=usual | said,
        rules={k: v for one in models for k, v in one.rules.items()},
        links={k: v for one in models for k, v in one.links.items()},
        mend={k: v for one in models for k, v in one.mend.items()},
        sources=tuple(one for listed in sources.values() for one in listed),
    )


def _check_names(document: Document, model: LeaksModel, problems: Problems) -> None:
    """Note rules and tables that there are none of."""
    for section in ("rules", "mend"):
        for name in getattr(model, section):
            if name not in rules():
                what = f"there is no rule '{name}'"
                remedy = nearest(name, rules(), "`tasuki leaks rules` lists them.")
                problems.add(document.key_problem((section, name), what, remedy))
    for table, listed in model.board.items():
        if table not in BOARD:
            what = f"the board has no table '{table}'"
            remedy = nearest(table, BOARD, f"There is: {', '.join(BOARD)}.")
            problems.add(document.key_problem(("board", table), what, remedy))
        for number, source in enumerate(listed):
            for name in source.blind.keys() - rules().keys():
                path = ("board", table, number, "blind", name)
                problems.add(document.key_problem(path, f"there is no rule '{name}'"))


class _Reader:
    """Makes sources of what a file says."""

    def __init__(
        self, document: Document, functions: FunctionTable, problems: Problems
    ) -> None:
        self._document = document
        self._functions = functions
        self._problems = problems

    def table(self, model: LeaksModel, table: str) -> tuple[BoardSource, ...]:
        return tuple(self._sources(table, model.board[table]))

    def _sources(
        self, table: str, listed: Sequence[SourceModel]
    ) -> Iterator[BoardSource]:
        columns = BOARD.get(table, ())
        for number, one in enumerate(listed):
            path: Place = ("board", table, number)
            fields: dict[str, Formula] = {}
            for name, text in one.fields.items():
                if columns and name not in columns:
                    what = f"{table} has no column '{name}'"
                    remedy = nearest(name, columns, f"There is: {', '.join(columns)}.")
                    where = (*path, "fields", name)
                    self._problems.add(self._document.key_problem(where, what, remedy))
                made = self._formula((*path, "fields", name), text)
                fields |= {name: made} if made else {}
            condition = one.where and self._formula((*path, "where"), one.where)
            stream = self._stream(path, one.from_)
            if stream is not None:
                yield BoardSource(
                    table=table,
                    stream=stream,
                    only=one.only,
                    where=condition or None,
                    sync=one.sync or "",
                    fields=fields,
                    blind=one.blind,
                )

    def _stream(self, path: Place, text: str) -> StreamRef | None:
        try:
            return StreamRef.parse(text)
        except ValueError as error:
            self._problems.add(self._document.problem((*path, "from"), str(error)))
            return None

    def _formula(self, path: Place, text: str) -> Formula | None:
        """Read a column: a formula after "=", otherwise a field's name."""
        written = text.removeprefix("=").strip()
        is_name = not text.startswith("=") and path[-1] != "where"
        try:
            if is_name and not written.replace(".", "_").isidentifier():
                written = f'field("{written}")'
            return parse(written, self._functions)
        except FormulaSyntaxError as error:
            for found in error.problems:
                self._problems.add(
                    self._document.formula_problem(
                        path,
                        error.text,
                        found.position,
                        found.message,
                        found.remedy or "",
                    )
                )
            return None
