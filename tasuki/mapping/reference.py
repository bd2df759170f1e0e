"""The reference page of mapping files, written from the models themselves."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from tasuki.mapping.archive_model import ArchiveModel
from tasuki.mapping.field_model import FieldModel
from tasuki.mapping.inline_test_model import ExpectModel, TestModel
from tasuki.mapping.match_model import MatchModel
from tasuki.mapping.model import GuardsModel, MappingModel
from tasuki.mapping.policy_model import PolicyModel
from tasuki.mapping.record_lookup import RecordLookupModel

_INTRODUCTION = """# Mapping files

One file in `mappings/` is one handoff: who qualifies, how a counterpart is found, what
is written. Its name without `.yaml` is the mapping's id. YAML 1.2 is read: `on`, `NO`
and `0123` are text. An unknown key is an error, with the nearest spelling.

`tasuki show MAPPING` prints a mapping with every default; `tasuki schema` prints the
JSON Schema that editors complete from.
"""

_AROUND = """## Beside the mappings

| file | what it is |
|---|---|
| `mappings/policies.yaml` | retry policies, by name |
| `mappings/settings.yaml` | what `setting("…")` reads; no secrets |
| `settings.NAME.yaml` | what is different where TASUKI_ENV is `NAME` |
| `mappings/lists/NAME.txt` | what `list("NAME")` reads: an entry a line, `#` comments |
| `mappings/lookups/NAME.csv` | what `lookup: NAME` reads: UTF-8, columns in line one |
| `mappings/lookups/NAME.yaml` | the same of records: `from: connection/stream` |
| `values/NAME.csv`, `values/NAME.yaml` | what `values: NAME` reads: two columns |
| `fields/NAME.yaml` | a set of fields, for `include: [NAME]` under `fields:` |
| `functions.py` | functions of the project, for formulas |

A file of the project hides the shipped file of the same name.
"""

_PARTS: tuple[tuple[str, str, type[BaseModel]], ...] = (
    ("The file", "", MappingModel),
    (
        "`fields:`",
        """`Field: name` copies, `Field: = formula` computes. The long form is exactly
one of `from`, `formula`, `const`, `lookup`, `link`, `each`, and what is done to the
value. The order is fixed: the verb, `as`, `values`, `default`, `max`, `required`.

A formula reads fields above it: by their plain name where the source has no field of
that name, and always by `result.Name`; `source.name` is always the source's. Within
`each`, names are the item's, and `entry.Name` is a field above in the same entry.
`include: [set]` puts the fields of a shared set in its place, and
`include: [{set: name, without: [Field]}]` some of them.""",
        FieldModel,
    ),
    (
        "`match:`",
        """A list, tried in order: `Field: formula`, or `link: MAPPING` with
`reverse: true`. A record's own link always comes first.""",
        MatchModel,
    ),
    (
        "`evidence:`",
        """Each is a place in what was `sent` or in the `receipt`, by its name; unsaid,
the usual one is taken. A mapping with `document:` archives without it.""",
        ArchiveModel,
    ),
    ("`guards:`", "", GuardsModel),
    ("`tests:`", "", TestModel),
    (
        "`expect:` of a test",
        "One of these; `write_back` and `request` may stand beside it.",
        ExpectModel,
    ),
    (
        "A lookup in a system's records",
        "`mappings/lookups/NAME.yaml`. `id` is the record's id, whatever its field.",
        RecordLookupModel,
    ),
    ("A policy of `policies.yaml`", "", PolicyModel),
)
_HIDDEN = frozenset({(MatchModel, "field"), (MatchModel, "formula")})


def markdown() -> str:
    """Write the reference page: a table of keys for each part of the language."""
    parts = [_INTRODUCTION]
    for title, words, model in _PARTS:
        parts.append("\n".join(_section(title, words, model)))
    return "\n".join([*parts, _AROUND])


def _section(title: str, words: str, model: type[BaseModel]) -> Iterator[str]:
    yield f"## {title}\n"
    if words:
        yield f"{words}\n"
    yield "| key | value | default | meaning |"
    yield "|---|---|---|---|"
    schema = model.model_json_schema(by_alias=True)
    defs = schema.get("$defs", {})
    if "$ref" in schema:  # a model that contains itself
        schema = defs[schema["$ref"].rpartition("/")[2]]
    shown = schema.get("properties", {})
    for name, field in model.model_fields.items():
        if (model, name) in _HIDDEN:
            continue
        key = field.alias or name
        kind = _kind(shown.get(key, {}), defs)
        default = "required" if field.is_required() else _default(key, field.default)
        yield f"| `{key}` | {kind} | {default} | {field.description or ''} |"
    yield ""


def _default(key: str, value: object) -> str:
    plain = getattr(value, "value", value)
    if plain is None or plain is PydanticUndefined or plain in {"", ()}:
        return ""
    if isinstance(plain, bool):
        return f"`{str(plain).lower()}`"
    if isinstance(plain, Decimal) and key.endswith("_share"):
        return f"`{plain:.0%}`"
    return f"`{plain}`"


def _kind(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    """Say what a value looks like, in words of the file and not of the schema."""
    if "$ref" in schema:
        return _kind(defs.get(schema["$ref"].rpartition("/")[2], {}), defs)
    choices = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
    if choices:
        return ", ".join(f"`{one}`" for one in choices)
    options = schema.get("anyOf", ())
    if options:
        kinds = dict.fromkeys(_kind(one, defs) for one in options)
        return " or ".join(kind for kind in kinds if kind and kind != "nothing")
    kind = schema.get("type", "")
    if isinstance(kind, list):
        return " or ".join(_WORDS[one] for one in kind if one != "null")
    return _WORDS.get(kind, "anything")


_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true, false",
    "array": "list",
    "object": "keys and values",
    "null": "nothing",
}
