"""Applying prefect.yaml to a Prefect server, after a strict look at it."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import httpx

from tasuki.cli.automating import put_automations
from tasuki.cli.examination import PREFECT_VARIABLE, ask_prefect
from tasuki.model.errors import ConfigError, RemoteError
from tasuki.stages.deployment_file import FILE, DeploymentFile, read_deployments

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_FRAME = re.compile(r"[│╭╮╰╯─┃━]+")
_SECONDS = 300


class Deployed(NamedTuple):
    """The names of the deployments, and what was done about each automation."""

    deployments: list[str]
    automations: dict[str, str]


def deploy(root: Path, environment: Mapping[str, str], logs: Path) -> Deployed:
    """Make the work pools, deployments and automations of a project.

    Raises:
        ConfigError: prefect.yaml or the address of the server is wrong.
        RemoteError: the server cannot be used.
    """
    found = read_deployments(root)
    api = environment.get(PREFECT_VARIABLE)
    if not api:
        remedy = (
            "Set it to the server's API, for example http://127.0.0.1:4200/api; "
            "`tasuki up` starts a server and deploys to it."
        )
        raise ConfigError(PREFECT_VARIABLE, "it is not set", remedy)
    ask_prefect(api, "/health", environment)
    log = logs / "deploy.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    for pool in found.work_pools():
        answer = ask_prefect(api, f"/work_pools/{pool}", environment)
        if answer.status_code == httpx.codes.NOT_FOUND:
            arguments = ["work-pool", "create", pool, "--type", "process"]
            _prefect(arguments, root, environment, log)
    _prefect(["deploy", "--all"], root, environment, log)
    names = _arrived(found, api, environment, log)
    return Deployed(names, put_automations(api, environment, found.name, names))


def _prefect(
    arguments: list[str], root: Path, environment: Mapping[str, str], log: Path
) -> None:
    """Run Prefect's own command line, whose import takes seconds, beside us."""
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments
            [sys.executable, "-m", "prefect", "--no-prompt", *arguments],
            cwd=root,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        what = f"`prefect {' '.join(arguments)}` took more than {_SECONDS} seconds"
        where = "prefect"
        raise RemoteError(where, what, "", f"Look at {log}.") from None
    said = _ANSI.sub("", done.stdout.decode("utf-8", "replace"))
    with log.open("a", encoding="utf-8") as file:
        file.write(f"$ prefect {' '.join(arguments)}\n{said}\n")
    if done.returncode:
        lines = [_FRAME.sub("", line).strip() for line in said.splitlines()]
        last = next((line for line in reversed(lines) if line), "it said nothing")
        words = f"`prefect {arguments[0]}` ended with code {done.returncode}: {last}"
        where = "prefect"
        raise RemoteError(where, words, "", f"Look at {log}.")


def _arrived(
    found: DeploymentFile, api: str, environment: Mapping[str, str], log: Path
) -> list[str]:
    """Return the deployments' names, after the server has been asked for them.

    `prefect deploy --all` reports some failures in words and ends with 0.
    """
    answer = ask_prefect(api, "/deployments/filter", environment, {"limit": 200})
    there = {row["name"] for row in answer.json()} if answer.is_success else set()
    names = [each.name for each in found.deployments]
    missing = [name for name in names if name not in there]
    if missing:
        words = f"the server does not have {', '.join(missing)} of {FILE}"
        where = "prefect"
        raise RemoteError(where, words, "", f"Look at {log}.")
    return names
