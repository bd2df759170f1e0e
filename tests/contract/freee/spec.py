"""freee's own API description as a judge of every exchange."""

import json
import re
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tasuki.sandbox.server import Reply, Request, SandboxServer

_ROWS = 5  # of a list are compared: enough to see its shape
SPECS = Path(__file__).parents[2] / "specs" / "freee"


class Judge:
    """Says where requests and answers leave the description."""

    def __init__(self) -> None:
        self._operations: list[tuple[str, re.Pattern[str], dict[str, Any], Any]] = []
        for name, root in (("iv", "/iv"), ("accounting", "")):
            document = json.loads((SPECS / f"{name}.json").read_text())
            for path, methods in document["paths"].items():
                pattern = re.compile(re.sub(r"{\w+}", r"\\d+", root + path))
                for method, operation in methods.items():
                    self._operations.append(
                        (method.upper(), pattern, operation, document["components"])
                    )

    def find(self, method: str, path: str) -> tuple[dict[str, Any], Any] | None:
        for known, pattern, operation, components in self._operations:
            if known == method and pattern.fullmatch(path):
                return operation, components
        return None

    def request(self, request: Request) -> list[str]:
        found = self.find(request.method, request.path)
        if found is None:
            return [f"{request.method} {request.path}: not in the description"]
        operation, components = found
        problems = list(self._query(operation, request))
        if "requestBody" in operation:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            problems += _errors(schema, components, request.json(), strict=True)
        where = f"{request.method} {request.path}"
        return [f"{where}: {problem}" for problem in problems]

    def reply(self, request: Request, reply: Reply) -> list[str]:
        found = self.find(request.method, request.path)
        if found is None or reply.status == 429:  # the description has no 429
            return []
        operation, components = found
        where = f"{request.method} {request.path} -> {reply.status}"
        described = operation["responses"].get(str(reply.status))
        if described is None:
            return [f"{where}: not a described status"]
        # Answers may hold more than is described (freee's own "後方互換性ありの変更"),
        # and its error codes are described on another page.
        body = {
            name: value[:_ROWS] if isinstance(value, list) else value
            for name, value in json.loads(reply.encoded()[0]).items()
        }
        attempts = [
            _errors(content["schema"], components, body, strict=False)
            for content in described["content"].values()
        ]
        return [] if [] in attempts else [f"{where}: {p}" for p in attempts[0]]

    def _query(self, operation: dict[str, Any], request: Request) -> list[str]:
        described = {
            p["name"]: p for p in operation.get("parameters", ()) if p["in"] == "query"
        }
        problems = [
            f"unknown parameter {n}" for n in request.params if n not in described
        ]
        for name, parameter in described.items():
            if name not in request.params:
                if parameter.get("required"):
                    problems.append(f"missing parameter {name}")
                continue
            text = request.params[name][-1]
            kind = parameter["schema"].get("type")
            value: object = text
            if kind == "integer":
                value = int(text)
            elif kind == "boolean":
                value = {"true": True, "false": False}.get(text, text)
            problems += _errors(parameter["schema"], {}, value, strict=False)
        return problems


def _errors(schema: Any, components: Any, value: object, *, strict: bool) -> list[str]:
    key = (id(schema), strict)
    if key not in _VALIDATORS:
        whole = {**_modern(schema, strict), "components": _modern(components, strict)}
        _VALIDATORS[key] = Draft202012Validator(whole)
    return [
        f"{'/'.join(map(str, e.absolute_path))}: {e.message}"
        for e in _VALIDATORS[key].iter_errors(value)
    ]


_VALIDATORS: dict[tuple[int, bool], Draft202012Validator] = {}


def _modern(schema: Any, strict: bool, names: bool = False) -> Any:  # noqa: FBT001, FBT002
    """Turn OpenAPI 3.0's `nullable` into JSON Schema; strict forbids unknown fields."""
    if isinstance(schema, list):
        return [_modern(one, strict) for one in schema]
    if not isinstance(schema, dict):
        return schema
    new = {k: _modern(v, strict, k == "properties") for k, v in schema.items()}
    if names:
        return new
    if schema.get("nullable") is True:
        if isinstance(new.get("type"), str):
            new["type"] = [new["type"], "null"]
        if "enum" in new and None not in new["enum"]:
            new["enum"] = [*new["enum"], None]
    if strict and "properties" in new:
        new["additionalProperties"] = False
    return new


class JudgedServer(SandboxServer):
    """A stand-in whose every exchange is compared with the description."""

    judge = Judge()

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.violations: list[str] = []
        self.judged = 0

    def carry_out(self, request: Request) -> Reply:
        if request.path.startswith(("/public_api/", "/__act/")):
            return super().carry_out(request)
        self.violations += self.judge.request(request)
        reply = super().carry_out(request)
        self.violations += self.judge.reply(request, reply)
        self.judged += 1
        return reply
