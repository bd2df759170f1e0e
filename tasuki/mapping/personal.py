"""Which fields hold personal data, where the mapping does not say so itself.

Better one field too many: a masked value can be looked up in the system it is in, one
that stood in a log cannot be taken back. `pii: false` shows a field, `pii: true` and
the mapping's own `pii:` hide more.
"""

import re
from collections.abc import Collection, Iterable, Iterator

from tasuki.formula.formula import Formula
from tasuki.mapping.rules import Rules, walk

_PARTS = re.compile(
    r"e_?mail|phone|mobile|first_?name|last_?name|full_?name|sur_?name|given_?name|"
    r"family_?name|middle_?name|nick_?name|kana|birth|street|postal|zip_?code|"
    r"contact_name|メール|電話|携帯|住所|番地|郵便|氏名|名前|生年月日|担当者",
    re.IGNORECASE,
)
_WORDS = frozenset({"mail", "tel", "fax", "address", "zip", "dob", "sex", "姓", "名"})
_PEOPLE = frozenset({"contact", "lead", "person", "people", "user"})
_SPLIT = re.compile(r"[^0-9A-Za-z\u0080-\uffff]+|(?<=[a-z])(?=[A-Z])")


def is_personal(name: str) -> bool:
    """Say whether a field of this name is likely to hold a person's data.

    Example:
        >>> [is_personal(n) for n in ("Billing_Email__c", "MobilePhone", "Amount")]
        [True, True, False]
    """
    if _PARTS.search(name):
        return True
    return not _WORDS.isdisjoint(word.casefold() for word in _SPLIT.split(name))


def personal_fields(rules: Rules) -> frozenset[str]:
    """Return the destination fields that may hold personal data.

    A field does when its name says so, or when a formula of it reads one that does.
    """
    of_people = _is_of_people(rules)
    declared = frozenset(rules.model.pii)
    found: set[str] = set()
    for rule in rules.fields:
        if "pii" in rule.model.model_fields_set:
            personal = bool(rule.model.pii)
        else:
            read = {name for each in walk([rule]) for name in _read(each.formulas)}
            read |= {each.model.take for each in walk([rule]) if each.model.take}
            hidden = declared | found
            personal = any(
                _hides(n, hidden, of_people=of_people) for n in (rule.name, *read)
            )
        if personal:
            found.add(rule.name)
    return frozenset(found)


def _read(formulas: Iterable[Formula]) -> Iterator[str]:
    for formula in formulas:
        for name in formula.names:
            yield name.removeprefix("source.").removeprefix("result.")
        yield from (inner for _, inner in formula.inner_names)


def _hides(name: str, hidden: Collection[str], *, of_people: bool) -> bool:
    last = name.rpartition(".")[2]
    if name in hidden or last in hidden or is_personal(last):
        return True
    return of_people and "." not in name and last.casefold() == "name"


def _is_of_people(rules: Rules) -> bool:
    streams = (rules.model.source, rules.model.destination)
    names = {text.rpartition("/")[2].casefold() for text in streams}
    return any(name in _PEOPLE or name.removesuffix("s") in _PEOPLE for name in names)
