"""The project: its settings, its named lists, and fields with unusual names."""

from collections.abc import Iterable, Mapping

from tasuki.formula.errors import RefusedValueError
from tasuki.formula.functions import Example, Function, function
from tasuki.formula.values import NamedList, as_text, exact


def field(name: object) -> object:
    """Read a field whose name is no word, such as 担当者（営業） or $id.

    The name is written out in the formula, so that it is checked like every other.
    """
    raise RefusedValueError(
        reason=f"field({as_text(name)}) is read from the record only"
    )


def _plain(value: object) -> object:
    """Return a configured value as formulas know it: no float, no subclass of text."""
    return str(value) if isinstance(value, str) else exact(value)


def project_functions(
    settings: Mapping[str, object], lists: Mapping[str, Iterable[object]]
) -> tuple[Function, ...]:
    """Return the functions that read the project's own settings and lists."""
    known_settings = {name: _plain(value) for name, value in settings.items()}
    known_lists = {name: NamedList(map(_plain, each)) for name, each in lists.items()}

    def setting(name: object) -> object:
        """Return a setting of the project."""
        found = known_settings.get(name) if isinstance(name, str) else None
        if found is None and name not in known_settings:
            raise RefusedValueError(reason="there is no setting of that name")
        return found

    def list_(name: object) -> NamedList:
        """Return a named list of the project; looking into it is fast at any length."""
        found = known_lists.get(name) if isinstance(name, str) else None
        if found is None:
            raise RefusedValueError(reason="there is no list of that name")
        return found

    setting_examples = [
        Example(f'setting("{name}")', value) for name, value in known_settings.items()
    ]
    list_examples = [
        Example(f'"?" in list("{name}")', "?" in known_lists[name])
        for name in known_lists
    ]
    return (
        function(
            setting,
            *setting_examples[:1],
            group="settings and lists",
            choices=known_settings,
        ),
        function(
            list_, *list_examples[:1], group="settings and lists", choices=known_lists
        ),
        function(
            field,
            Example('field("担当者（営業）")', "佐藤", {"担当者（営業）": "佐藤"}),
            group="settings and lists",
        ),
    )
