"""Which fields a mapping reads: of the source, and of its own earlier fields.

In formulas of `fields:` a plain name means an earlier field of this mapping where one
has that name, and the source's field otherwise. Where a name is both, the loader asks
for `source.name` or `result.name`. Within `each`, a name means the item's field, and
`entry.name` an earlier field of the same entry. Everywhere else, and in plain copies, a
name always means the source.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tasuki.formula.formula import Formula
from tasuki.mapping.rules import Rule, Rules

SOURCE, RESULT, RECEIPT, ENTRY = "source", "result", "receipt", "entry"


@dataclass(frozen=True, slots=True)
class Names:
    """What a mapping reads.

    Attributes:
        fields: Source fields, sorted.
        include: For each include, the fields read of it, sorted.
        computed: Earlier fields of the mapping that later formulas read by plain name.
        unclear: Destination fields, and the later rule whose formula could mean the
            source's field just as well.
        prefixes: Which of `source.` and `result.` are used.
    dotted: First names of dotted source fields that no include has.
        unknown_results: Rules that read `result.x` where no earlier field is x.
        unknown_entries: The same of `entry.x`, with the fields that stand above.
    """

    fields: tuple[str, ...]
    include: Mapping[str, tuple[str, ...]]
    computed: frozenset[str]
    unclear: tuple[tuple[str, str], ...]
    prefixes: frozenset[str]
    dotted: tuple[str, ...]
    unknown_results: tuple[tuple[str, str], ...]
    unknown_entries: tuple[tuple[str, str, tuple[str, ...]], ...]


class _Names:
    """Collects names in one walk."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.source: set[str] = set()  # names as written: a, account.Name
        self.inner: set[tuple[str, str]] = set()  # (list, name)
        self.late: dict[str, str] = {}  # computed name -> first rule that reads it
        self.unknown_results: list[tuple[str, str]] = []
        self.unknown_entries: list[tuple[str, str, tuple[str, ...]]] = []
        self.result_used = False

    def source_only(self, formulas: Iterable[Formula]) -> None:
        """Note formulas whose names all mean the source."""
        for formula in formulas:
            for name in formula.names:
                self.source.add(name.removeprefix(f"{SOURCE}."))
            self.inner |= formula.inner_names

    def rule(self, rule: Rule, earlier: Mapping[str, None]) -> None:
        """Note one field's formulas."""
        means_source = [rule.of] if rule.of else []
        if rule.model.from_ is not None and rule.value is not None:
            means_source.append(rule.value)
        self.source_only(means_source)
        for formula in rule.formulas:
            if formula not in means_source:
                self._formula(formula, rule.name, earlier)
        if rule.items is not None:
            # `each: = where(lines, …)`: its items are items of that list.
            for path in rule.items.names:
                self._entries(path, rule, rule.name, earlier)

    def _formula(self, formula: Formula, at: str, earlier: Mapping[str, None]) -> None:
        self.inner |= formula.inner_names
        for name in formula.names:
            root = name.partition(".")[0]
            if self._prefixed(name, at, earlier):
                continue
            if root in earlier:
                self.late.setdefault(root, at)
            else:
                self.source.add(name)

    def _prefixed(self, name: str, at: str, earlier: Mapping[str, None]) -> bool:
        """Note `source.x` or `result.x`."""
        prefix, dot, rest = name.partition(".")
        if not dot or prefix not in {SOURCE, RESULT}:
            return False
        if prefix == SOURCE:
            self.source.add(rest)
        else:
            self.result_used = True
            if rest.partition(".")[0] not in earlier:
                self.unknown_results.append((rest, at))
        return True

    def _entries(
        self, path: str, rule: Rule, at: str, earlier: Mapping[str, None]
    ) -> None:
        """Note what the fields of a list's entries read, lists in lists too."""
        above: set[str] = set()
        for each in rule.rules:
            step = f"{at}.{each.name}"
            for formula in each.formulas:
                for name in formula.names:
                    if self._is_above(name, step, above):
                        continue
                    if not self._prefixed(name, step, earlier):
                        self.inner.add((path, name))
                self.inner |= {(f"{path}.{a}", b) for a, b in formula.inner_names}
            for inner in each.items.names if each.items is not None else ():
                self._entries(f"{path}.{inner}", each, step, earlier)
            above.add(each.name)

    def _is_above(self, name: str, at: str, above: set[str]) -> bool:
        """Note `entry.x`: an earlier field of the same entry."""
        prefix, dot, rest = name.partition(".")
        if not dot or prefix != ENTRY:
            return False
        if rest.partition(".")[0] not in above:
            self.unknown_entries.append((rest, at, tuple(sorted(above))))
        return True


def prefixes_of(
    formulas: Iterable[Formula], known: frozenset[str] = frozenset({SOURCE, RESULT})
) -> frozenset[str]:
    """Return which of the prefixes (`source.`, `result.`) these formulas use."""
    roots = {
        name.partition(".")[0]
        for each in formulas
        for name in (*each.names, *(inner for _, inner in each.inner_names))
        if "." in name
    }
    return frozenset(roots & known)


def find_names(rules: Rules) -> Names:
    """Return what a mapping reads."""
    found = _Names(rules)
    found.source_only(formula for _, formula in rules.qualify)
    found.source_only(formula for _, formula in rules.match if formula is not None)
    found.source_only([rules.key] if rules.key else [])
    found.source_only(formula for _, formula in rules.relates)
    earlier: dict[str, None] = {}
    for rule in rules.fields:
        found.rule(rule, earlier)
        earlier[rule.name] = None
    for _, formula in rules.write_back:
        names = (n for n in formula.names if n.partition(".")[0] != RECEIPT)
        found.source |= {name.removeprefix(f"{SOURCE}.") for name in names}
        found.inner |= {pair for pair in formula.inner_names if pair[0][:7] != RECEIPT}
    own, include = _split(found, rules.model.include)
    roots = {name.partition(".")[0] for name in found.source}
    unclear = tuple((name, at) for name, at in found.late.items() if name in roots)
    return Names(
        fields=own,
        include=include,
        computed=frozenset(found.late) | ({RESULT} if found.result_used else set()),
        unclear=unclear,
        prefixes=prefixes_of(rules.formulas),
        dotted=tuple(
            sorted(
                {
                    name.partition(".")[0]
                    for name in found.source
                    if "." in name and name.partition(".")[0] not in rules.model.include
                }
            )
        ),
        unknown_results=tuple(found.unknown_results),
        unknown_entries=tuple(found.unknown_entries),
    )


def _split(
    found: _Names, include: Mapping[str, str]
) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """Tell the record's own fields from those of its includes."""
    own: set[str] = set()
    of: dict[str, set[str]] = {name: set() for name in include}
    for name in found.source:
        root, _, rest = name.partition(".")
        if root not in include:
            own.add(root)
        elif rest:
            of[root].add(rest)
    for path, name in found.inner:
        root, _, rest = path.partition(".")
        if root in include:
            of[root].add(f"{rest}.{name}" if rest else name)
    return (
        tuple(sorted(own)),
        {name: tuple(sorted(fields)) for name, fields in of.items()},
    )
