"""A person's name as 姓 and 名: only where the writer parted them.

山田太郎 is not taken apart: 五十嵐大 and 五十 嵐大 look alike, and a wrong name in a
letter costs more than a field left for a person to fill in.
"""

import re
from typing import NamedTuple

from tasuki.japan.person import person_name

_JAPANESE = re.compile("[\u3040-\u30ff\u3400-\u9fff々〆ヶ\U00020000-\U0003ffff]")
_TWO = 2


class PersonParts(NamedTuple):
    """A name taken apart, or why it was not.

    Attributes:
        family: The family name (姓), or None.
        given: The given name (名), or None.
        doubt: None where the parts are certain; else no_space, many_parts,
            latin_order (first or last name first?) or middle_dot.
    """

    family: str | None
    given: str | None
    doubt: str | None


def person_parts(value: str | None) -> PersonParts | None:
    """Take a name apart where its writer did; None for an empty one.

    Example:
        >>> person_parts("山田　太郎 様")
        PersonParts(family='山田', given='太郎', doubt=None)
        >>> person_parts("山田太郎").doubt, person_parts("Taro Yamada").doubt
        ('no_space', 'latin_order')
        >>> person_parts("YAMADA, Taro")[:2]
        ('YAMADA', 'Taro')
    """
    name = person_name(value)
    if name is None:
        return None
    family, comma, given = name.partition(",")
    if comma and family.strip() and given.strip() and "," not in given:
        return PersonParts(family.strip(), given.strip(), None)
    if "・" in name or "=" in name or "゠" in name:
        return PersonParts(None, None, "middle_dot")
    parts = name.split(" ")
    if len(parts) < _TWO:
        return PersonParts(None, None, "no_space")
    if len(parts) > _TWO:
        return PersonParts(None, None, "many_parts")
    if not all(map(_JAPANESE.search, parts)):
        return PersonParts(None, None, "latin_order")
    return PersonParts(parts[0], parts[1], None)
