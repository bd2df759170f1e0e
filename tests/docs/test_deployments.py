"""The files of `deployments/` can be read, agree with each other, and hold no secret."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasuki.cli.app import app

ROOT = Path(__file__).parents[2]
PLACE = ROOT / "deployments"
BOTH_GROUPS = (
    "PREFECT_REDIS_MESSAGING_HOST",
    "PREFECT_REDIS_WORKER_CLEANUP_QUEUE_HOST",
)
COMMANDS = {str(one.name) for one in app.registered_commands}
COMING = {"receive", "drain"}  # parts that are left out until their command is there


def documents(path: Path) -> list[Any]:
    return [one for one in yaml.safe_load_all(path.read_text()) if one]


def compose() -> dict[str, Any]:
    (found,) = documents(PLACE / "compose.yaml")
    return found


def test_every_service_of_compose_is_healthy_restarted_and_not_root() -> None:
    services = compose()["services"]
    assert {
        "postgres",
        "redis",
        "api1",
        "api2",
        "services",
        "worker",
    } <= services.keys()
    for name, one in services.items():
        image = one["image"]
        assert "healthcheck" in one or image == "tasuki", name
        if image == "tasuki":
            assert one["cap_drop"] == ["ALL"], name
            assert one["read_only"] is True, name
        for port in one.get("ports", ()):
            assert port.startswith("127.0.0.1:"), (name, port)
        for other in one.get("depends_on", {}):
            assert other in services, (name, other)
    dockerfile = (PLACE / "Dockerfile").read_text()
    assert "USER 10001" in dockerfile
    installs = re.findall(r"pip install [^\\\n]*-r", dockerfile)
    assert installs
    assert all("--require-hashes" in one for one in installs)
    for name in re.findall(r"-r (\S+\.txt)", dockerfile):
        assert (ROOT / name).is_file(), name


def test_api_servers_have_both_groups_of_redis_settings_wherever_they_run() -> None:
    for name in ("api1", "api2", "services"):
        settings = compose()["services"][name]["environment"]
        assert all(one in settings for one in BOTH_GROUPS), name
        assert settings["PREFECT_SERVER_EVENTS_CAUSAL_ORDERING"]
    (values,) = documents(PLACE / "kubernetes" / "prefect-server.values.yaml")
    for where in ("server", "backgroundServices"):
        names = {one["name"] for one in values[where]["env"]}
        assert names >= set(BOTH_GROUPS), where


def test_every_variable_of_compose_stands_in_the_template_which_holds_no_secret() -> (
    None
):
    lines = (PLACE / "env.template").read_text().splitlines()
    pairs = dict(
        line.partition("#")[0].strip().split("=", 1)
        for line in lines
        if line and not line.startswith("#")
    )
    asked = set(re.findall(r"\$\{(\w+)", (PLACE / "compose.yaml").read_text()))
    assert asked <= pairs.keys()
    secret = ("PASSWORD", "SECRET", "TOKEN", "AUTH")
    for name, value in pairs.items():
        assert not (value and any(word in name for word in secret)), name


def started() -> Iterator[tuple[str, str]]:
    for path in sorted((PLACE / "systemd").iterdir()):
        (line,) = re.findall(r"^ExecStart=(.+)$", path.read_text(), re.MULTILINE)
        program, _, rest = line.partition(" ")
        if program.endswith("/tasuki"):
            yield path.name, rest.split()[0]
    for name, one in compose()["services"].items():
        if one["image"] == "tasuki" and "entrypoint" not in one:
            yield name, one["command"][0]
    for one in documents(PLACE / "kubernetes" / "tasuki.yaml"):
        if one["kind"] == "Deployment":
            (container,) = one["spec"]["template"]["spec"]["containers"]
            yield one["metadata"]["name"], container["args"][0]


@pytest.mark.parametrize(("where", "command"), list(started()))
def test_what_is_started_is_a_command_of_ours(where: str, command: str) -> None:
    assert command in COMMANDS | COMING, where


def test_manifests_run_without_root_and_say_when_they_are_ready() -> None:
    for one in documents(PLACE / "kubernetes" / "tasuki.yaml"):
        if one["kind"] != "Deployment":
            continue
        pod = one["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        (container,) = pod["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert "ports" not in container or "readinessProbe" in container
        labels = one["spec"]["template"]["metadata"]["labels"]
        assert one["spec"]["selector"]["matchLabels"] == labels


def test_each_alert_has_an_entry_in_the_runbook_and_asks_for_metrics_that_exist() -> (
    None
):
    (rules,) = documents(PLACE / "prometheus" / "alerts.yaml")
    entries = re.findall(
        r"^## (\w+)$", (ROOT / "docs/how-to/runbook.md").read_text(), re.MULTILINE
    )
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    assert [rule["alert"] for rule in alerts] == entries
    source = (ROOT / "tasuki/operation/metrics.py").read_text()
    for rule in alerts:
        for metric in re.findall(r"tasuki_\w+", rule["expr"]):
            assert f'"{metric}"' in source, (rule["alert"], metric)
