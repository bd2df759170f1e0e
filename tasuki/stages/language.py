"""The language of what people read in the Prefect UI."""

from tasuki.model.errors import TasukiError
from tasuki.model.language import Language, language_of
from tasuki.project import Project


def language_here() -> Language:
    """Return the language of this process's project, Japanese where it says nonsense.

    Nonsense keeps no report from being written.
    """
    try:
        return language_of(Project().environment)
    except TasukiError:
        return "ja"
