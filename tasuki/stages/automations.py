"""The automations that a Prefect server needs for our flows, as its API takes them.

They act on the deployments of prefect.yaml only. Every one has a description: screens
show a trigger as no more than "a custom trigger".
"""

from collections.abc import Mapping, Sequence
from typing import Any

HEARTBEAT_SECONDS = 30
"""How often a run says that it lives; prefect.yaml tells it to the runs."""

SILENT_SECONDS = 180
"""After so long without a word a run is held to be dead."""

_QUIET_SECONDS = 3_600
_FLOW_RUN = {"prefect.resource.id": "prefect.flow-run.*"}
_SYNC = {"prefect.resource.id": "tasuki.sync.*"}
_ENDED = ("Cancelled", "Completed", "Crashed", "Failed", "TimedOut")
_FAILED = ("Crashed", "Failed", "TimedOut")

Automation = dict[str, Any]


def automations(
    project: str, deployments: Sequence[str], notification: str | None = None
) -> list[Automation]:
    """Return the automations for these deployments.

    Args:
        project: Begins every name, so that several projects can share a server.
        deployments: Their names.
        notification: The id of the block that alerts go to; without one they are
            events of the server only.
    """
    return [
        _zombies(project, deployments),
        _alert(
            f"{project}: failed runs",
            "A run of a tasuki deployment failed, crashed or timed out. Nothing is "
            "lost: the next run goes on. The run's state says why, its report what to "
            "do.",
            _reaction([f"prefect.flow-run.{name}" for name in _FAILED], deployments),
            "{{ flow_run.name }}: {{ flow_run.state.name }}",
            "{{ flow_run.state.message }}\n{{ flow_run|ui_url }}",
            notification,
        ),
        _alert(
            f"{project}: late runs",
            "Runs are late, so no worker takes them: is one running? Told at most once "
            "an hour.",
            _reaction(["prefect.flow-run.Late"], deployments, _QUIET_SECONDS),
            "runs are late",
            "{{ flow_run.name }} waits for a worker.\n{{ flow_run|ui_url }}",
            notification,
        ),
        _alert(
            f"{project}: records wait for a person",
            "A run has held records, or could not deliver some. Its report names them "
            "with links; told at most once an hour for each sync.",
            {
                **_reaction(["tasuki.dead_letter.opened", "tasuki.hold.opened"], ()),
                "match": _SYNC,
                "for_each": ["prefect.resource.id"],
                "within": _QUIET_SECONDS,
            },
            "{{ event.resource.name }}: records wait for a person",
            "{{ event.payload.count }} × {{ event.event }}",
            notification,
        ),
    ]


def _reaction(
    events: Sequence[str], deployments: Sequence[str], within: int = 0
) -> Automation:
    return {
        "type": "event",
        "match": _FLOW_RUN if deployments else {},
        "match_related": _of(deployments) if deployments else {},
        "expect": sorted(events),
        "for_each": [],
        "posture": "Reactive",
        "threshold": 1,
        "within": within,
    }


def _of(deployments: Sequence[str]) -> Mapping[str, Any]:
    return {
        "prefect.resource.role": "deployment",
        "prefect.resource.name": sorted(deployments),
    }


def _zombies(project: str, deployments: Sequence[str]) -> Automation:
    """Return what ends runs whose machine died: nobody else would, for ever."""
    expected = [f"prefect.flow-run.{name}" for name in (*_ENDED, "heartbeat")]
    return {
        "name": f"{project}: silent runs",
        "description": (
            "A run that was alive says nothing for "
            f"{SILENT_SECONDS} seconds: its machine or worker has died. It is marked "
            "Crashed, which frees its place; the next scheduled run goes on from the "
            "ledger, and nothing is done twice."
        ),
        "enabled": True,
        "trigger": {
            "type": "event",
            "match": _FLOW_RUN,
            "match_related": _of(deployments),
            "after": ["prefect.flow-run.heartbeat"],
            "expect": sorted(expected),
            "for_each": ["prefect.resource.id"],
            "posture": "Proactive",
            "threshold": 1,
            "within": SILENT_SECONDS,
        },
        "actions": [
            {
                "type": "change-flow-run-state",
                "state": "CRASHED",
                "message": "It fell silent: its machine or worker has died.",
            }
        ],
    }


def _alert(
    name: str,
    description: str,
    trigger: Automation,
    subject: str,
    body: str,
    notification: str | None,
) -> Automation:
    action: Automation = {"type": "do-nothing"}
    if notification:
        action = {
            "type": "send-notification",
            "block_document_id": notification,
            "subject": subject,
            "body": body,
        }
    return {
        "name": name,
        "description": description,
        "enabled": True,
        "trigger": trigger,
        "actions": [action],
    }


def agrees(there: object, wanted: object) -> bool:
    """Say whether what a server has is what is wanted; what it adds is its own.

    Lists of words come back in any order.
    """
    if isinstance(wanted, Mapping):
        return isinstance(there, Mapping) and all(
            agrees(there.get(name), value) for name, value in wanted.items()
        )
    if isinstance(wanted, (list, tuple)):
        if not isinstance(there, (list, tuple)) or len(there) != len(wanted):
            return False
        if all(isinstance(one, str) for one in (*there, *wanted)):
            return sorted(map(str, there)) == sorted(map(str, wanted))
        return all(map(agrees, there, wanted))
    return there == wanted
