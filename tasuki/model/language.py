"""The language of what people read: Japanese unless TASUKI_LANGUAGE says otherwise."""

from collections.abc import Mapping
from typing import Final, Literal

from tasuki.model.errors import ConfigError

Language = Literal["ja", "en"]
VARIABLE: Final = "TASUKI_LANGUAGE"


def language_of(environment: Mapping[str, str]) -> Language:
    """Return the language that TASUKI_LANGUAGE names.

    Raises:
        ConfigError: there is no such language.
    """
    match environment.get(VARIABLE, "").strip().lower() or "ja":
        case "ja":
            return "ja"
        case "en":
            return "en"
        case given:
            what = f"'{given}' is no language that reports are written in"
            raise ConfigError(VARIABLE, what, "Write ja or en.")


def one_of(words: tuple[str, str], language: Language) -> str:
    """Return the Japanese or the English of two texts."""
    return words[0 if language == "ja" else 1]
