"""Names of persons: shown as their bearers write them, compared without variants."""

import re
from typing import NamedTuple

from tasuki.japan.text import clean, fold_variants, settled, single_spaced

# 氏, 君 and 先生 are forms of address after a space only: names end in them too.
_ADDRESSED = re.compile(r"(?:\s*(?:御中|様|さま|殿|さん)|\s+(?:氏|君|くん|先生))$")
_NOT_IN_KEY = re.compile(r"[\s・.,'’=゠_-]")


class Person(NamedTuple):
    """A person's name.

    Attributes:
        display: The name in its own spelling, without a form of address.
        key: What is compared: variants folded, no spaces; the order is kept.
    """

    display: str
    key: str


def person(value: str | None) -> Person | None:
    """Return a person's name with its key; None for an empty one.

    Example:
        >>> person("渡邉　花子 様")
        Person(display='渡邉 花子', key='渡辺花子')
    """
    display = person_name(value)
    if not display:
        return None
    return Person(display, settled(_key, display))


def person_name(value: str | None) -> str | None:
    """Return a person's name as it is shown, without 様 and the like.

    Example:
        >>> person_name("山田　太郎"), person_name("ﾔﾏﾀﾞ ﾀﾛｳ")
        ('山田 太郎', 'ヤマダ タロウ')
    """
    if value is None:
        return None
    name = single_spaced(clean(value))
    while (shorter := _ADDRESSED.sub("", name)) and shorter != name:
        name = shorter
    return name or None


def _key(value: str) -> str:
    folded = fold_variants(person_name(value) or value).casefold()
    return _NOT_IN_KEY.sub("", folded) or folded


def person_key(value: str | None) -> str | None:
    """Return what is compared of a person's name: `Person.key`."""
    named = person(value)
    return named.key if named else None
