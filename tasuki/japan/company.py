"""Company names: what is shown, what is compared, and when two names are one."""

import re
from typing import Literal, NamedTuple

from tasuki.japan import legal_form
from tasuki.japan.text import clean, fold_variants, settled, single_spaced

Position = Literal["prefix", "suffix"]
Verdict = Literal["same_name", "review", "different"]

_SPREAD_FORM = re.compile("(株 ?式|有 ?限|合 ?同|合 ?資|合 ?名) ?([会會]) ?社")
_FORM_BEFORE_SPACE = re.compile("^((?:株式|有限|合同|合資|合名)[会會]社) +")
# NFKC opens these to bare 株 and 有.
_CIRCLED_FORMS = str.maketrans(
    {"㊑": "(株)", "㊒": "(有)", "㊔": "(名)", "㊖": "(財)", "㊓": "(社)"}
)
_ADDRESSED = re.compile(r"[\s、,]*(?:御中|様|殿|各位)$")
_LAST_OF_ADDRESS = "中様殿位"
_NOT_IN_KEY = re.compile("[\\s・･.,'\\-_/()\"’‘“”‐-―−、。「」【】\\[\\]]")


class Company(NamedTuple):
    """A company's name, taken apart.

    Attributes:
        core_key: What is compared: no legal form, one spelling, never empty.
        legal_form: Code of the form (KK, YK, GK, …), or None where none is written.
        form_position: Where the form stands. 前株 and 後株 are different legal names.
        display: The name as it is shown: abbreviated forms written out in their place.
    """

    core_key: str
    legal_form: str | None
    form_position: Position | None
    display: str


class _Parts(NamedTuple):
    body: str
    form: legal_form.LegalForm | None
    position: Position | None


def company(value: str | None) -> Company | None:
    """Take a company's name apart; None for an empty one.

    Example:
        >>> company("ＡＢＣ商事㈱")[:3]
        ('abc商事', 'KK', 'suffix')
        >>> company("日本株式会社研究所").legal_form is None
        True
    """
    name = _addressee(value)
    if not name:
        return None
    parts = _parts(name)
    code = parts.form.code if parts.form else None
    return Company(
        settled(_key, parts.body), code, parts.position, _display(name, parts)
    )


def company_name(value: str | None) -> str | None:
    """Return a company's name as it is shown, the legal form written out in its place.

    English forms stay as they are, and so does the spelling of the name (髙島屋).

    Example:
        >>> company_name("（株）サンプル"), company_name("ｻﾝﾌﾟﾙ(有) 御中")
        ('株式会社サンプル', 'サンプル有限会社')
    """
    name = _addressee(value)
    return _display(name, _parts(name)) if name else None


def company_key(value: str | None) -> str | None:
    """Return what is compared of a company's name: `Company.core_key`.

    Example:
        >>> company_key("株式会社𠮷野家"), company_key("Example Co., Ltd.")
        ('吉野家', 'example')
    """
    name = _addressee(value)
    return settled(_key, _parts(name).body) if name else None


def company_core(value: str | None) -> str | None:
    """Return a company's name without its legal form (法人格), in its own spelling.

    Example:
        >>> company_core("（株）サンプル"), company_core("日本株式会社研究所")
        ('サンプル', '日本株式会社研究所')
    """
    name = _addressee(value)
    return _bare(name) or None if name else None


def company_form(value: str | None) -> str | None:
    """Return the legal form (法人格) spelled out, or its code for an English one.

    Example:
        >>> company_form("サンプル㈲"), company_form("Sample Inc.")
        ('有限会社', 'KK')
    """
    name = _addressee(value)
    form = _parts(name).form if name else None
    return (form.written or form.code) if form else None


def company_match(one: str | None, other: str | None) -> Verdict | None:
    """Say whether two names may be one company's; None where a name is missing.

    `same_name` alone never justifies a merge: a second factor (domain, phone, postcode)
    is needed. Names that agree but for the form or its place go to a person.

    Example:
        >>> company_match("株式会社ABC商事", "㈱ＡＢＣ商事")
        'same_name'
        >>> company_match("株式会社ABC", "ABC株式会社")
        'review'
    """
    first, second = company(one), company(other)
    if first is None or second is None:
        return None
    if first.core_key != second.core_key:
        return "different"
    if first.legal_form is None or second.legal_form is None:
        return "same_name"
    if not _is_compatible(first.legal_form, second.legal_form):
        return "review"
    return "same_name" if first.form_position == second.form_position else "review"


def _is_compatible(one: str, other: str) -> bool:
    """Say whether two codes can mean one form: SHADAN leaves open which SHADAN."""
    return one == other or one.endswith(f"_{other}") or other.endswith(f"_{one}")


def _addressee(value: str | None) -> str:
    """Return a name in its common form without 御中 and 様; empty for none."""
    if value is None:
        return ""
    if value.isascii():
        return single_spaced(value.replace("\x00", ""))
    name = single_spaced(clean(value.translate(_CIRCLED_FORMS)))
    if " " in name:
        name = _FORM_BEFORE_SPACE.sub(r"\1", _SPREAD_FORM.sub(_closed_up, name))
    if name[-1:] not in _LAST_OF_ADDRESS:
        return name
    while (shorter := _ADDRESSED.sub("", name)) and shorter != name:
        name = shorter
    return name


def _closed_up(found: re.Match[str]) -> str:
    return found[0].replace(" ", "")


def _parts(name: str) -> _Parts:
    """Part a name from the form at its start or its end; a bare form is all name."""
    if (found := legal_form.at_start(name)) and found[1]:
        return _Parts(found[1], found[0], "prefix")
    if (found := legal_form.at_end(name)) and found[1]:
        return _Parts(found[1], found[0], "suffix")
    return _Parts(name, None, None)


def _display(name: str, parts: _Parts) -> str:
    if parts.form is None or parts.form.written is None:
        return name
    if parts.position == "prefix":
        return parts.form.written + parts.body
    return parts.body + parts.form.written


def _bare(name: str) -> str:
    """Return a name without any form; some have two: 「株式会社（株）サンプル」."""
    parts = _parts(name)
    while parts.form is not None:
        parts = _parts(parts.body)
    return parts.body


def _key(value: str) -> str:
    name = _addressee(value)
    folded = fold_variants(_bare(name) if name else value).casefold()
    return _NOT_IN_KEY.sub("", folded) or folded
