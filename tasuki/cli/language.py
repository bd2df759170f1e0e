"""The option that says in which language a command tells what it found."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.model.language import language_of

if TYPE_CHECKING:
    from tasuki.cli.context import Context
    from tasuki.model.language import Language


class Named(StrEnum):
    """The languages that may be named."""

    JA = "ja"
    EN = "en"


LanguageOption = Annotated[
    Named | None,
    typer.Option(
        "--language", "--lang", help="Of the text; TASUKI_LANGUAGE's by default."
    ),
]


def spoken(own: Context, asked: Named | None) -> Language:
    """Return the language asked for, or else the project's.

    Raises:
        ConfigError: TASUKI_LANGUAGE names no language.
    """
    if asked is None:
        return language_of(own.project.environment)
    return "en" if asked is Named.EN else "ja"
