"""kintone's own API description as a judge of every exchange."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tasuki.sandbox.server import Reply, Request, SandboxServer

SPEC = Path(__file__).parents[2] / "specs" / "kintone" / "records.json"
_ROWS = 3  # of a list are compared: enough to see its shape


class Judge:
    """Says where requests and answers leave the description."""

    def __init__(self) -> None:
        document = json.loads(SPEC.read_text())
        self._paths = document["paths"]
        self._components = document["components"]
        self._known: dict[tuple[int, bool], Draft202012Validator] = {}

    def request(self, request: Request) -> list[str]:
        method = request.headers.get("x-http-method-override", request.method)
        where = f"{method} {request.path}"
        operation = self._paths.get(request.path, {}).get(method.lower())
        if operation is None:
            return [f"{where}: not in the description"]
        if method == "GET":
            problems = self._query(operation, request)
        else:
            content = operation["requestBody"]["content"]["application/json"]
            problems = self._errors(content["schema"], request.json(), strict=True)
        return [f"{where}: {problem}" for problem in problems]

    def reply(self, request: Request, reply: Reply) -> list[str]:
        method = request.headers.get("x-http-method-override", request.method)
        where = f"{method} {request.path} -> {reply.status}"
        body = json.loads(reply.encoded()[0]) if reply.status != 503 else {}
        if reply.status >= 400:  # the description has no errors: code, id, message
            there = {"code", "id", "message"} <= body.keys() or reply.status == 503
            return [] if there else [f"{where}: no error of kintone's"]
        operation = self._paths[request.path][method.lower()]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        # "null is returned" where no total was asked for, says its text.
        short = {
            name: value[:_ROWS] if isinstance(value, list) else value
            for name, value in body.items()
            if value is not None
        }
        return [f"{where}: {p}" for p in self._errors(schema, short, strict=False)]

    def _query(self, operation: dict[str, Any], request: Request) -> list[str]:
        described = {p["name"]: p for p in operation["parameters"]}
        asked: dict[str, Any] = {}
        if request.body:
            asked = json.loads(request.body)
        for name, values in request.params.items():
            plain, _, place = name.partition("[")
            if place:
                asked.setdefault(plain, []).append(values[-1])
            else:
                asked[name] = values[-1]
        problems = [f"unknown parameter {n}" for n in asked if n not in described]
        problems += [
            f"missing parameter {n}"
            for n, p in described.items()
            if p.get("required") and n not in asked
        ]
        for name, value in asked.items():
            if name in described:
                schema = described[name]["schema"]
                problems += self._errors(schema, value, strict=False)
        return problems

    def _errors(self, schema: Any, value: object, *, strict: bool) -> list[str]:
        key = (id(schema), strict)
        if key not in self._known:
            whole = {
                **_lenient(schema, strict),
                "components": _lenient(self._components, strict),
            }
            self._known[key] = Draft202012Validator(whole)
        return [
            f"{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}"
            for e in self._known[key].iter_errors(value)
        ]


def _lenient(schema: Any, strict: bool) -> Any:  # noqa: FBT001
    """Take numbers as text, as kintone sends and takes them; strict knows all names."""
    if isinstance(schema, list):
        return [_lenient(one, strict) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "integer":
        return {"type": ["integer", "string"], "pattern": r"^-?\d*$"}
    if schema.get("type") == "boolean":
        return {"enum": [True, False, "true", "false"]}
    # An upsert's answer is one of two forms, and one of them is a part of the other.
    new = {
        "anyOf" if k == "oneOf" else k: _lenient(v, strict) for k, v in schema.items()
    }
    if strict and isinstance(new.get("properties"), dict) and "type" in new:
        new.setdefault("additionalProperties", False)
    return new


class JudgedServer(SandboxServer):
    """A stand-in whose every exchange is compared with the description."""

    judge = Judge()

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.violations: list[str] = []
        self.judged = 0

    def carry_out(self, request: Request) -> Reply:
        if request.path.startswith("/__act/"):
            return super().carry_out(request)
        self.violations += self.judge.request(request)
        reply = super().carry_out(request)
        self.violations += self.judge.reply(request, reply)
        self.judged += 1
        return reply
