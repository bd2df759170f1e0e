"""Blanks: what to take where a value is missing."""

from tasuki.formula import operators
from tasuki.formula.functions import Example, Function, Kind, function


def first(*values: object) -> object:
    """Return the first value that is not blank; later ones are not looked at.

    Missing values, empty text, text of spaces only and empty lists are blank.
    """
    return next((value for value in values if not operators.blank(value)), None)


def coalesce(*values: object) -> object:
    """Return the first value that is there, though it be empty text."""
    return next((value for value in values if value is not None), None)


def blank(value: object) -> bool:
    """Tell whether there is nothing to see: missing, empty or only spaces."""
    return operators.blank(value)


def blank_functions() -> tuple[Function, ...]:
    """Return the functions for missing values."""
    return (
        function(
            first,
            Example(
                'first(company, domain, "不明")',
                "sample.co.jp",
                {"company": " ", "domain": "sample.co.jp"},
            ),
            group="blanks",
            nulls="see",
        ),
        function(
            coalesce,
            Example('coalesce(memo, "-")', "", {"memo": ""}),
            group="blanks",
            nulls="see",
        ),
        function(
            blank,
            Example('blank("　")', gives=True),
            Example("blank(0)", gives=False),
            group="blanks",
            nulls="see",
            returns=Kind.TRUTH,
        ),
    )
