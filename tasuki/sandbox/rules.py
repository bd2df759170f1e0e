"""What a stand-in refuses: rules by the names of fields."""

import re
from collections.abc import Callable, Mapping
from datetime import date

Rule = Callable[[object], bool]


def text(most: int, least: int = 0, pattern: str = "") -> Rule:
    """Accept text of so many letters."""

    def holds(value: object) -> bool:
        return (
            isinstance(value, str)
            and least <= len(value) <= most
            and bool(re.fullmatch(pattern, value) if pattern else True)
        )

    return holds


def number(least: float, most: float, *, whole: bool = True) -> Rule:
    """Accept numbers of a range."""

    def holds(value: object) -> bool:
        kinds = int if whole else (int, float)
        is_number = isinstance(value, kinds) and not isinstance(value, bool)
        return is_number and least <= value <= most  # type: ignore[operator]

    return holds


def one_of(*choices: object, nullable: bool = False) -> Rule:
    """Accept one of some values."""
    return lambda value: value in choices or (nullable and value is None)


def day(value: object) -> bool:
    """Accept a day, YYYY-MM-DD."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def flag(value: object) -> bool:
    """Accept true and false."""
    return isinstance(value, bool)


def nullable(rule: Rule) -> Rule:
    """Accept null too."""
    return lambda value: value is None or rule(value)


def struct(rules: Mapping[str, Rule]) -> Rule:
    """Accept an object with these fields only."""
    return lambda value: isinstance(value, dict) and not problems(value, rules)


def anything(_value: object) -> bool:
    """Accept what is looked at elsewhere."""
    return True


def problems(
    fields: Mapping[str, object],
    rules: Mapping[str, Rule],
    required: tuple[str, ...] = (),
) -> list[str]:
    """Return complaints about an object, one per field."""
    found = [f"{name}が入力されていません。" for name in required if name not in fields]
    for name, value in fields.items():
        rule = rules.get(name)
        if rule is None:
            found.append(f"{name}は指定できません。")
        elif not rule(value):
            found.append(f"{name}の形式が不正です。")
    return found
