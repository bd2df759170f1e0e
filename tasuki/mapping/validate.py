"""Turns what pydantic finds in a file into problems with places and remedies."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tasuki.mapping.field_model import ELSEWHERE, VERBS, FieldModel
from tasuki.mapping.inline_test_model import ExpectModel, TestModel
from tasuki.mapping.match_model import MatchModel
from tasuki.mapping.model import GuardsModel, MappingModel
from tasuki.mapping.problem import Problem, Problems, nearest
from tasuki.mapping.yaml_text import Document, Path, no_keys

M = TypeVar("M", bound=BaseModel)

_ROUNDS = 5
# Without one of these a field is still whole, and the rest of it can be checked.
_MENDABLE = frozenset(
    {"values", "on_error", "owner", "on_conflict", "by", "take", "of"}
)
_EMPTY: Mapping[str, object] = {
    "version": 1,
    "source": "?/?",
    "destination": "?/?",
    "fields": {},
    "given": {},
    "expect": {"create": {}},
}
_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
    "tuple_type": "a list",
    "list_type": "a list",
    "decimal_type": "a number",
    "is_instance_of": "a number",
}


def validate(
    document: Document, model: type[M], problems: Problems, values: object = None
) -> M | None:
    """Read a document's values into a model; note every problem.

    What is wrong is taken out and the rest is read, so that the rest can be checked
    too. None where nothing sensible remains.
    """
    data = deepcopy(document.value if values is None else values)
    if not isinstance(data, dict):
        problems.add(no_keys(document))
        return None
    for _ in range(_ROUNDS):
        try:
            return model.model_validate(data)
        except ValidationError as error:
            details = error.errors(include_url=False)
            for each in details:
                if not (each["type"] == "missing" and document.has(_path(each))):
                    problems.add(_problem(document, model, each))
            for each in details:
                _take_out(data, _path(each), each["type"])
    return None


def _path(error: ErrorDetails) -> Path:
    """Return where an error is, in the file's own keys."""
    path = tuple(part for part in error["loc"] if part != "[key]")
    at = (error.get("ctx") or {}).get("at")
    return (*path, at) if at else path


def _problem(
    document: Document, model: type[BaseModel], error: ErrorDetails
) -> Problem:
    path, kind = _path(error), error["type"]
    name = str(path[-1]) if path else ""
    if kind == "mapping":
        context = error.get("ctx") or {}
        at = document.key_problem if context.get("at") else document.problem
        return at(path, str(context["what"]), str(context["remedy"]))
    if kind == "missing":
        return document.problem(
            path[:-1], f"'{name}' is missing", _missing(model, path)
        )
    if kind == "extra_forbidden":
        known = allowed_keys(model, path[:-1])
        what = f"unknown key '{name}'"
        return document.key_problem(path, what, _nearest_key(name, known))
    return document.problem(path, *_words(error))


def _missing(model: type[BaseModel], path: Path) -> str:
    field = model.model_fields.get(str(path[-1])) if len(path) == 1 else None
    return field.description or "" if field else ""


def _nearest_key(name: str, known: tuple[str, ...]) -> str:
    other = ELSEWHERE.get(name.casefold())
    if other in known:
        return f"Did you mean '{other}'?"
    return nearest(name, known, f"Known here: {', '.join(known)}.")


def _words(error: ErrorDetails) -> tuple[str, str]:
    """Say in our words what is wrong with a value."""
    given, context = error["input"], error.get("ctx") or {}
    kind = error["type"]
    if kind in {"literal_error", "enum"}:
        expected = (
            str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")
        )
        known = [word.strip() for word in expected.split(",")]
        if str(given) in known:
            return "a number is needed here, not text", "Remove the quotes."
        return f"'{given}' is none of: {', '.join(known)}", nearest(str(given), known)
    if kind in _KINDS:
        remedy = (
            'Put it in quotes: "…".'
            if kind == "string_type" and _is_scalar(given)
            else ""
        )
        needed = _KINDS[kind]
        if needed == "keys and values" and isinstance(given, list):
            remedy = "Remove the '- ' in front of each line."
        verb = "are" if needed == "keys and values" else "is"
        return f"{needed} {verb} needed here, not {_shape(given)}", remedy
    if kind.startswith(("greater_than", "less_than")):
        bound = next(iter(context.values()), "")
        word = "at least" if kind.startswith("greater") else "at most"
        word = "more than" if kind == "greater_than" else word
        return f"the number must be {word} {bound}", ""
    return error["msg"][:1].lower() + error["msg"][1:], ""


def _is_scalar(value: object) -> bool:
    return not isinstance(value, dict | list | tuple) and value is not None


def _shape(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true/false"
    if isinstance(value, dict):
        return "keys and values"
    if isinstance(value, list | tuple):
        return "a list"
    return "text" if isinstance(value, str) else "a number"


def allowed_keys(model: type[BaseModel], path: Path) -> tuple[str, ...]:
    """Return the keys that a file may have at a place."""
    here = _model_at(path) if model is MappingModel else _inside_of(model, path)
    if here is MatchModel:
        return ("object", "then", "link", "reverse")
    return tuple(each.alias or name for name, each in here.model_fields.items())


def _inside_of(model: type[BaseModel], path: Path) -> type[BaseModel]:
    """Return the model that a place in the file is read into."""
    here = model
    for part in path:
        fields = here.model_fields.items()
        found = next((f for name, f in fields if part in {name, f.alias}), None)
        here = next(_models_of(found.annotation), here) if found else here
    return here


def _models_of(annotation: object) -> Iterator[type[BaseModel]]:
    """Yield the models within `list[X]`, `dict[str, X]`, `X | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_of(inner)


def _model_at(path: Path) -> type[BaseModel]:
    names = [part for part in path if isinstance(part, str)]
    first = names[0] if names else ""
    if first == "tests":
        return ExpectModel if "expect" in names else TestModel
    known: dict[str, type[BaseModel]] = {
        "fields": FieldModel,
        "guards": GuardsModel,
        "match": MatchModel,
    }
    return known.get(first, MappingModel)


def _take_out(data: Any, path: Path, kind: str) -> None:  # noqa: ANN401 - YAML's values
    """Remove what is wrong, or put something empty where a key is missing."""
    *parents, last = path or ("",)
    holder = data
    trail: list[tuple[Any, str | int]] = []
    for part in parents:
        trail.append((holder, part))
        inside = _inside(holder, part)
        if inside is None:
            break
        holder = inside
    if kind == "missing" and isinstance(holder, dict) and last in _EMPTY:
        holder[str(last)] = deepcopy(_EMPTY[str(last)])
        return
    if last in VERBS and _is_rule(path):
        _remove_rule(data, path)  # without its verb nothing of it can be checked
    elif kind == "mapping" and isinstance(holder, dict) and last in _MENDABLE:
        del holder[str(last)]
    elif kind in {"mapping", "missing"} or not _remove(holder, last):
        _remove_rule(data, path)
    if parents[-1:] == ["expect"] and holder == {}:
        holder["create"] = {}  # what was expected is wrong, and was noted


def _is_rule(path: Path) -> bool:
    return len(path) > 2 and path[0] == "fields" == path[-3]  # noqa: PLR2004 - fields, name, key


def _inside(holder: Any, part: str | int) -> Any:  # noqa: ANN401 - YAML's values
    if isinstance(holder, dict):
        return holder.get(part)
    if isinstance(holder, list) and isinstance(part, int) and part < len(holder):
        return holder[part]
    return None


def _remove(holder: Any, part: str | int) -> bool:  # noqa: ANN401 - YAML's values
    if isinstance(holder, dict) and part in holder:
        if part in _EMPTY:
            holder[part] = deepcopy(_EMPTY[str(part)])
        else:
            del holder[part]
        return True
    return False


def _remove_rule(data: Any, path: Path) -> None:  # noqa: ANN401 - YAML's values
    """Remove the nearest whole thing around a place: a field, a step, a test, a key."""
    for cut in _cuts(path):
        holder = data
        for part in cut[:-1]:
            holder = _inside(holder, part)
        last = cut[-1]
        if isinstance(holder, dict) and last in holder:
            _remove(holder, last)
            return
        if isinstance(holder, list) and isinstance(last, int) and last < len(holder):
            holder[last] = _NEUTRAL.get(str(cut[0]), holder[last])
            return


_NEUTRAL: Mapping[str, object] = {
    "match": {"?": "null"},
    "tests": {"given": {}, "expect": {"create": {}}},
}


def _cuts(path: Path) -> Iterator[Path]:
    """Yield the places to cut at, the smallest first."""
    for end in range(len(path), 1, -1):
        before = path[end - 2]
        if before in {"fields", "match", "tests", "qualify", "write_back", "by"}:
            yield path[:end]
    if path:
        yield path[:1]
