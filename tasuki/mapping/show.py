"""Writes a mapping out in full, with every default that the file leaves unsaid."""

from collections.abc import Mapping
from io import StringIO

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from tasuki.mapping.compile import CompiledMapping
from tasuki.mapping.field_model import FieldModel
from tasuki.mapping.match_model import MatchModel
from tasuki.mapping.model import MappingModel
from tasuki.mapping.problem import Problems
from tasuki.mapping.yaml_text import read_yaml

_WIDTH = 10_000  # a formula is never folded
_ALWAYS = ("required", "on_error", "write", "owner", "on_conflict", "pii")


def show(mapping: CompiledMapping) -> str:
    """Return the mapping as YAML that loads to the same mapping.

    Includes what other syncs imply: `after` lists the syncs of links too.
    """
    return dump(_whole(mapping.model, mapping.after, mapping.pii))


def dump(values: Mapping[str, object]) -> str:
    """Write values as block YAML that reads back as the same values."""
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.width = _WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = StringIO()
    yaml.dump(_quoted(values), stream)
    return stream.getvalue()


def _whole(
    model: MappingModel, after: tuple[str, ...], pii: frozenset[str]
) -> dict[str, object]:
    whole: dict[str, object] = {
        "version": model.version,
        "id": model.id,
        "description": model.description,
        "source": model.source,
        "where": model.where,
        "include": dict(model.include),
        "destination": model.destination,
        "handoff": model.handoff,
        "after": list(after),
        "write": model.write.value,
        "use": model.use,
        "creates": model.creates,
        "key": model.key,
        "on_change": model.changed.value,
        "document": model.document,
        "qualify": dict(model.qualify),
        "match": [_step(step) for step in model.match],
        "fields": {
            name: _field(each) | {"pii": each.pii or name in pii}
            for name, each in model.fields.items()
        },
        "write_back": {name: f"= {text}" for name, text in model.write_back.items()},
        "evidence": model.evidence and model.evidence.model_dump(),
        "relates": {name: f"= {text}" for name, text in model.relates.items()},
        "two_way": model.two_way,
        "deletes": model.deletes,
        "archive": dict(model.archive),
        "unmapped": model.unmapped,
        "retry": model.retry,
        "guards": {
            "creates": model.guards.creates,
            "change_share": None
            if model.guards.change_share is None
            else f"{model.guards.change_share * 100:f}".rstrip("0").rstrip(".") + "%",
            "deletes": model.guards.deletes,
        },
        "pii": list(model.pii),
    }
    return whole


def _step(step: MatchModel) -> dict[str, object]:
    if step.link:
        return {"link": step.link, "reverse": True, "then": step.then}
    shown: dict[str, object] = {"object": step.object_} if step.object_ else {}
    return {**shown, step.field: step.formula, "then": step.then}


def _field(field: FieldModel) -> dict[str, object]:
    """Return the verb with what belongs to it, then every modifier."""
    said = field.model_dump(exclude_unset=True)
    shown = {name: value for name, value in said.items() if name not in _ALWAYS}
    if field.formula is not None:
        shown["formula"] = f"= {field.formula}"
    if field.fields is not None:
        shown["fields"] = {name: _field(each) for name, each in field.fields.items()}
    if field.as_:
        shown["as"] = list(field.as_)
    if field.verb not in {"link", "each"}:
        shown["on_error"] = field.on_error
    shown |= {"required": field.required, "write": field.write}
    shown |= {"owner": field.owner, "on_conflict": field.on_conflict}
    return {**shown, "pii": field.pii}


def _quoted(value: object) -> object:
    """Quote what our reader would otherwise read as something else than text."""
    if isinstance(value, Mapping):
        return {str(key): _quoted(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_quoted(item) for item in value]
    if isinstance(value, str):
        return value if _stays(value) else DoubleQuotedScalarString(value)
    if value is None or isinstance(value, bool | int):
        return value
    return _number(value)


def _number(value: object) -> object:
    yaml = YAML()
    return yaml.load(str(value))


def _stays(text: str) -> bool:
    """Whether plain text reads back as itself."""
    document = read_yaml("", f"x: {text}\n", Problems()) if text else None
    return document is not None and document.value == {"x": text}
