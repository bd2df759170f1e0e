"""The table of all functions that every project has."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date

from tasuki.formula.functions import FunctionTable
from tasuki.formula.library.blank import blank_functions
from tasuki.formula.library.calendar import calendar_functions
from tasuki.formula.library.dates import date_functions
from tasuki.formula.library.japan import japan_functions
from tasuki.formula.library.lists import list_functions
from tasuki.formula.library.names import names_functions
from tasuki.formula.library.number import number_functions
from tasuki.formula.library.order import order_functions
from tasuki.formula.library.pieces import pieces_functions
from tasuki.formula.library.project import project_functions
from tasuki.formula.library.text import text_functions


def builtin_functions(
    settings: Mapping[str, object],
    lists: Mapping[str, Iterable[object]],
    today: Callable[[], date],
) -> FunctionTable:
    """Return the functions that every project has.

    Args:
        settings: The project's settings; read once, here.
        lists: The project's named lists; read once, here.
        today: The day in Asia/Tokyo by the clock of the run, never the wall clock, so
            that a formula gives the same result when it is run again.
    """
    return FunctionTable(
        (
            *blank_functions(),
            *text_functions(),
            *number_functions(),
            *order_functions(),
            *pieces_functions(),
            *date_functions(today),
            *calendar_functions(),
            *list_functions(),
            *japan_functions(),
            *names_functions(),
            *project_functions(settings, lists),
        ),
        today,
    )
