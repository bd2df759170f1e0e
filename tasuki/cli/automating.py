"""Making a Prefect server's automations and their notification block what we want."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import httpx

from tasuki.cli.examination import ask_prefect
from tasuki.clock import SystemClock
from tasuki.model.errors import ConfigError, RemoteError
from tasuki.stages.automations import agrees, automations

ALERT_VARIABLE = "TASUKI_ALERT_SLACK_URL"
"""Where alerts go: a Slack webhook's address. It is stored sealed, in a block."""

_BLOCK_TYPE = "slack-webhook"
_BLOCK = "tasuki-alerts"
_MOST = 200
_TRIES = 10
_PAUSE = 1.0


def put_automations(
    api: str, environment: Mapping[str, str], project: str, deployments: Sequence[str]
) -> dict[str, str]:
    """Create what is missing and change what differs; returns name → what was done.

    Automations are known by their names. One that a person has switched off stays so.

    Raises:
        ConfigError: the address for alerts is none.
        RemoteError: the server cannot be used, or does not take them.
    """
    server = _Server(api, environment)
    block = _notification_block(server, environment)
    found = server.ask("POST", "/automations/filter", {"limit": _MOST})
    there = {row["name"]: row for row in found}
    return {
        wanted["name"]: _put(server, there.get(wanted["name"]), wanted)
        for wanted in automations(project, deployments, block)
    }


def _put(
    server: "_Server", there: Mapping[str, Any] | None, wanted: dict[str, Any]
) -> str:
    if there is None:
        server.ask("POST", "/automations/", wanted)
        return "created"
    wanted["enabled"] = there["enabled"]
    if agrees(there, wanted):
        return "unchanged"
    server.ask("PUT", f"/automations/{there['id']}", wanted)
    return "updated"


class _Server:
    """A Prefect API that is told what to do; what it refuses is an error."""

    def __init__(self, api: str, environment: Mapping[str, str]) -> None:
        self._api = api
        self._environment = environment

    def look(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Return what stands at a path; None where nothing does."""
        answer = self._answer(path)
        return None if answer.status_code == httpx.codes.NOT_FOUND else answer.json()

    def ask(self, method: str, path: str, body: object) -> Any:  # noqa: ANN401 - JSON
        """Send something; its words are not repeated, they may quote what was sent."""
        answer = self._answer(path, body, method)
        if not answer.is_success:
            words = f"it answers {answer.status_code} to {method} {path}"
            where, remedy = "prefect", "Does the server's version agree with ours?"
            raise RemoteError(where, words, "", f"{remedy} `tasuki doctor` tells it.")
        return answer.json() if answer.content else None

    def _answer(
        self, path: str, body: object = None, method: str = ""
    ) -> httpx.Response:
        """Ask with some patience: a server on SQLite answers 503 while it is busy."""
        clock = SystemClock()
        for _ in range(_TRIES):
            with suppress(RemoteError):
                return ask_prefect(self._api, path, self._environment, body, method)
            clock.sleep(_PAUSE)
        return ask_prefect(self._api, path, self._environment, body, method)


def _notification_block(server: _Server, environment: Mapping[str, str]) -> str | None:
    """Return the id of the block that alerts go to, made or renewed; None without."""
    url = environment.get(ALERT_VARIABLE, "").strip()
    if not url:
        return None
    if not url.startswith("https://"):
        remedy = "Write https://hooks.slack.com/…, or leave it out."
        raise ConfigError(ALERT_VARIABLE, "it is no https address", remedy)
    kind = _block_type(server)
    path = f"/block_types/slug/{_BLOCK_TYPE}/block_documents/name/{_BLOCK}"
    there = server.look(path)
    if there is not None:
        body = {"data": {"url": url}, "merge_existing_data": True}
        server.ask("PATCH", f"/block_documents/{there['id']}", body)
        return str(there["id"])
    schemas = server.ask(
        "POST",
        "/block_schemas/filter",
        {"block_schemas": {"block_type_id": {"any_": [kind]}}, "limit": 1},
    )
    made = server.ask(
        "POST",
        "/block_documents/",
        {
            "name": _BLOCK,
            "data": {"url": url},
            "block_type_id": kind,
            "block_schema_id": schemas[0]["id"],
        },
    )
    return str(made["id"])


def _block_type(server: _Server) -> str:
    path = f"/block_types/slug/{_BLOCK_TYPE}"
    kind = server.look(path)
    if kind is None:  # a server that nobody has opened yet
        server.ask("POST", "/block_types/install_system_block_types", {})
        kind = server.look(path)
    if kind is None:
        words = f"it has no block type {_BLOCK_TYPE}"
        where, remedy = "prefect", f"Leave {ALERT_VARIABLE} out."
        raise RemoteError(where, words, "", remedy)
    return str(kind["id"])
