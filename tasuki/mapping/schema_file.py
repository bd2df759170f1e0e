"""The JSON Schema of mapping files as a file beside them, and the line that names it.

Editors with a YAML language server read that line, and then complete keys and show
what each one means.
"""

from typing import Any

import orjson
from pydantic import BaseModel

from tasuki.mapping.model import MappingModel

SCHEMA_FILE = "mapping.schema.json"
ALERTS_SCHEMA_FILE = "alerts.schema.json"
MODEL_SCHEMA_FILE = "model.schema.json"
HEADER = f"# yaml-language-server: $schema={SCHEMA_FILE}\n"
_MARK = "# yaml-language-server:"


def json_schema(model: type[BaseModel] = MappingModel) -> dict[str, Any]:
    """Return the JSON Schema of mapping files, or of another model's, for editors."""
    schema = model.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_text(model: type[BaseModel] = MappingModel) -> str:
    """Return the text of the schema's file."""
    return orjson.dumps(json_schema(model), option=orjson.OPT_INDENT_2).decode() + "\n"


def with_header(text: str) -> str:
    """Put the line that names the schema on top of a mapping, unless one is there."""
    return text if _MARK in text[:500] else HEADER + text
