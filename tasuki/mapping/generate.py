"""Writes one Python function for a whole mapping.

The function takes a record's fields and the links, and returns an evaluation. It is
written twice from the same rules: once with every formula in place, which is fast, and
once with a call for each formula and a note of each step, to find out what went wrong.
Only code of the formula package, constants and names of `RUNTIME` get into it; nothing
of a mapping file is pasted in but through `repr` of a text.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import cast

from tasuki.formula.formula import Formula
from tasuki.formula.functions import FunctionTable
from tasuki.formula.runtime import runtime_globals
from tasuki.mapping.names import ENTRY, RESULT, SOURCE, Names, prefixes_of
from tasuki.mapping.record_lookup import FoundOf
from tasuki.mapping.result import Evaluation, Faulty, Skip
from tasuki.mapping.rules import Rule, Rules, walk
from tasuki.mapping.runtime import RUNTIME

LinkOf = Callable[[str, str], str | None]
Run = Callable[[Mapping[str, object], LinkOf, FoundOf, list[str]], Evaluation]

REQUIRED_REMEDY = "Fill it in at the source, or give the mapping a default."
KEY_FAULT = Faulty(
    "key", "key", "the business key is blank", "Fill in the key's fields at the source."
)


def generate(rules: Rules, names: Names, table: FunctionTable) -> tuple[Run, Run]:
    """Return the fast function, and the slow one that notes each step.

    Each is written when it is first called: most commands run one mapping of many.
    """

    def written(*, slow: bool) -> Run:
        found = {**runtime_globals(table, *rules.formulas), **RUNTIME}
        return Writer(rules, names, found, slow=slow).compiled()

    return _when_called(partial(written, slow=False)), _when_called(
        partial(written, slow=True)
    )


def _when_called(write: Callable[[], Run]) -> Run:
    made: list[Run] = []

    def run(
        fields: Mapping[str, object], links: LinkOf, found: FoundOf, where: list[str]
    ) -> Evaluation:
        if not made:
            made.append(write())
        return made[0](fields, links, found, where)

    return run


class Writer:
    """Writes the lines of one function.

    Methods with one underscore are hooks for `trace`, which notes what is reached.
    """

    def __init__(
        self, rules: Rules, names: Names, found: dict[str, object], *, slow: bool
    ) -> None:
        self._rules = rules
        self._names = names
        self._globals = dict(found)
        self._slow = slow
        self._lines: list[str] = []
        self._functions: list[str] = []
        self._prefixes = names.prefixes

    def compiled(self) -> Run:
        """Write and compile the function."""
        self._whole()
        text = "\n".join([*self._functions, *self._lines])
        self._globals["__builtins__"] = {}
        code = compile(text, f"<mapping {self._rules.model.id}>", "exec")
        # Code that this module and the formula package wrote, with no builtins.
        exec(code, self._globals)  # noqa: S102
        return cast("Run", self._globals["_run"])

    def _whole(self) -> None:
        """Write the function."""
        self._line(0, "def _run(fields, links, found, where):")
        self._scope("fields", self._names.computed | self._prefixes)
        for index, (reason, formula) in enumerate(self._rules.qualify):
            self._note(f"qualify.{reason}")
            value = self._value(formula)
            skip = self._named(f"_skip{index}", Skip(reason))
            self._line(1, f"if not _true({value}): return {skip}")
        if self._rules.key is not None and self._rules.model.write == "once":
            self._note("key")
            value = self._value(self._rules.key)
            fault = self._named("_key_fault", KEY_FAULT)
            self._line(1, f"if not _word({value}): return {fault}")
        self._line(1, "made = {}")
        if RESULT in self._prefixes:
            self._line(1, f"scope[{RESULT!r}] = made")
        for rule in self._rules.fields:
            self._field(rule, rule.name)
            if rule.name in self._names.computed:
                self._line(1, f"scope[{rule.name!r}] = v")
            self._finish(rule, rule.name)
        self._return()

    def _scope(self, record: str, extra: frozenset[str]) -> None:
        """Bind `scope`, the fields that formulas see, and its `get`."""
        copied = f"_dictionary({record})" if extra else record
        self._line(1, f"scope = {copied}")
        if SOURCE in extra:
            self._line(1, f"scope[{SOURCE!r}] = fields")
        self._line(1, "get = scope.get")

    def _return(self) -> None:
        model = self._rules.model
        create = frozenset(n for n, f in model.fields.items() if f.write == "on_create")
        update = frozenset(n for n, f in model.fields.items() if f.write == "on_update")
        owners = {n: f.owner for n, f in model.fields.items() if f.owner != "source"}
        values = [
            self._named("_on_create", create),
            self._named("_on_update", update),
            self._named("_owners", owners or None),
        ]
        self._line(1, f"return _Payload(made, {', '.join(values)})")

    def _field(self, rule: Rule, step: str) -> None:
        """Write what makes one value and leaves it in `v`."""
        model = rule.model
        depth = 1
        self._note(step)
        if model.on_error != "fail":
            self._line(1, "try:")
            depth = 2
        self._verb(rule, step, depth)
        for name in model.as_ if rule.value is None else ():
            self._line(depth, f"v = _call(_f_{name}, v)")
        if model.values is not None:
            table = self._named(f"_table{len(self._globals)}", _table(model.values))
            self._line(depth, f"v = {table}.get(_word(v), _MISSING)")
        if model.on_error != "fail":
            self._line(1, "except _Exception:")
            self._line(2, "v = _MISSING" if model.on_error == "default" else "v = None")
        self._default(rule)
        if model.max is not None:
            self._line(
                1, f"if _type(v) is _str and _len(v) > {model.max}: v = v[:{model.max}]"
            )

    def _default(self, rule: Rule) -> None:
        model = rule.model
        if not model.has_default:
            return
        test = "_is_blank(v)"
        if model.values is not None:  # a blank that the table itself gives is meant
            test = "v is _MISSING"
        elif model.on_error == "default":
            test = "v is _MISSING or _is_blank(v)"
        value = (
            self._constant(model.default)
            if rule.default is None
            else self._value(rule.default)
        )
        self._use_default(test, value)

    def _use_default(self, test: str, value: str) -> None:
        self._line(1, f"if {test}: v = {value}")

    def _finish(self, rule: Rule, step: str) -> None:
        """Write what makes `v` plain and puts it into the payload."""
        self._line(1, 'if v == "": v = None')
        self._line(1, "elif _type(v) not in _PLAIN: v = _plain(v)")
        if rule.model.required:
            fault = Faulty(step, "required", "blank, but required", REQUIRED_REMEDY)
            name = self._named(f"_fault{len(self._globals)}", fault)
            self._line(1, f"if _is_blank(v): return {name}")
        self._line(1, f"made[{rule.name!r}] = v")

    def _verb(self, rule: Rule, step: str, depth: int) -> None:
        model = rule.model
        if rule.value is not None:
            self._line(depth, f"v = {self._value(rule.value)}")
        elif model.lookup is not None:
            keys = [f"_word({self._value(by)})" for by in rule.by]
            if rule.asked is not None:
                self._line(depth, f"key = ({', '.join(keys)},)")
                asked = self._named(f"_asked{len(self._globals)}", rule.asked)
                self._line(depth, f"v = None if '' in key else found({asked}, key)")
                return
            key = keys[0] if len(keys) == 1 else f"({', '.join(keys)})"
            index = self._named(f"_index{len(self._globals)}", rule.index)
            self._line(depth, f"v = {index}.get({key})")
        elif rule.of is not None:
            self._link(model.link or "", f"_word({self._value(rule.of)})", depth)
            if rule.asked is not None:
                asked = self._named(f"_asked{len(self._globals)}", rule.asked)
                self._line(depth, f"if v is not None: v = found({asked}, (parent,))")
        elif rule.items is not None:
            self._each(rule, step, depth)
        else:
            self._line(depth, f"v = {self._constant(model.const)}")

    def _link(self, sync: str, source_id: str, depth: int) -> None:
        name = self._constant(sync)
        self._line(depth, f"v = {source_id} or None")
        self._line(depth, "if v is not None:")
        self._line(depth + 1, "parent = v")
        self._line(depth + 1, f"v = links({name}, parent)")
        self._line(depth + 1, f"if v is None: return _Waiting({name}, parent)")

    def _each(self, rule: Rule, step: str, depth: int) -> None:
        """Write a function for the items, and a loop that calls it."""
        name = f"_item{len(self._functions)}"
        self._functions.append("")  # holds the place while inner ones are written
        place = len(self._functions) - 1
        outer, self._lines = self._lines, []
        self._line(0, f"def {name}(item, fields, links, found, where, result):")
        inner = [formula for each in walk(rule.rules) for formula in each.formulas]
        used = prefixes_of(inner, frozenset({SOURCE, RESULT, ENTRY}))
        self._scope("item", used)
        if RESULT in used:
            self._line(1, f"scope[{RESULT!r}] = result")
        self._line(1, "made = {}")
        if ENTRY in used:
            self._line(1, f"scope[{ENTRY!r}] = made")
        for each in rule.rules:
            self._field(each, f"{step}.{each.name}")
            self._finish(each, f"{step}.{each.name}")
        self._line(1, "return _without_blanks(made)")
        self._functions[place] = "\n".join(self._lines)
        self._lines = outer
        if rule.items is None:
            return
        above = "made" if outer[0].startswith("def _run") else "result"
        self._line(depth, "entries = []")
        self._line(depth, f"for item in _items({self._value(rule.items)}):")
        given = f"item, fields, links, found, where, {above}"
        self._line(depth + 1, f"entry = {name}({given})")
        self._line(depth + 1, "if _type(entry) is not _dict: return entry")
        self._line(depth + 1, "entries.append(entry)")
        self._line(depth, "v = entries")

    def _note(self, step: str) -> None:
        """Note in the slow function which step is next."""
        if self._slow:
            self._line(1, f"where[:] = [{step!r}]")

    def _value(self, formula: Formula) -> str:
        """Write a formula: its code in place, or a call that explains itself."""
        if not self._slow:
            return formula.source
        return f"{self._named(f'_formula{len(self._globals)}', formula)}(scope)"

    def _constant(self, value: object) -> str:
        """Write a constant: texts and small things in place, others by name."""
        if value is None or isinstance(value, bool | int | str):
            return ascii(value)
        return self._named(f"_const{len(self._globals)}", value)

    def _named(self, name: str, value: object) -> str:
        self._globals[name] = value
        return name

    def _line(self, depth: int, text: str) -> None:
        self._lines.append("    " * depth + text)


def _table(values: Mapping[str, object]) -> dict[str, object]:
    return {key.strip(): value for key, value in values.items()}
