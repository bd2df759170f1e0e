"""Leaks of a project: opened for a sweep, and what the ledger has of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from tasuki.insight.leak.ground import Ground
from tasuki.insight.leak.hunt import Hunt, hunt
from tasuki.ledger import Ledger
from tasuki.project import Project
from tasuki.transport.calls import Calls


@contextmanager
def ground_of(project: Project, ledger: Ledger) -> Iterator[Ground]:
    """Open a project for a sweep; systems are opened when they are asked."""
    calls = Calls()
    ground = Ground(
        ledger=ledger,
        clock=project.clock,
        settings=project.leaks,
        mappings=project.mappings,
        connected=frozenset(project.connections),
        opened=lambda name: project.open_system(name, ledger, calls),
        calls=calls,
        handoffs=lambda: [one.row for one in project.handoffs(ledger).judged],
    )
    try:
        yield ground
    finally:
        ground.close()


def hunt_once(project: Project, ledger: Ledger) -> Hunt:
    """Sweep the project's systems for leaks and write what is found."""
    with ground_of(project, ledger) as ground:
        return hunt(ground)
