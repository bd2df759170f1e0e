"""Ranges of ids at the stand-ins: everything is in exactly one, whatever the gaps."""

from pathlib import Path

import pytest

from tasuki.cli.stand_ins import asked_world
from tasuki.clock import SystemClock
from tasuki.model.record import Query, Span
from tasuki.ports import Splitting
from tasuki.project import Project
from tasuki.registry import Registry
from tasuki.sandbox.rehearsal import ENVIRONMENT, Rehearsal
from tasuki.testing import temporary_ledger
from tasuki.transport.calls import Calls

PEOPLE = 3_000


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory):
    from tests.unit.cli.rehearsing import new_project

    folder = tmp_path_factory.mktemp("project")
    rehearsal = Rehearsal(Registry(Path(__file__).parent))
    world = asked_world(f"load:{PEOPLE}", SystemClock().now())
    with rehearsal.start(world):
        new_project(folder, rehearsal.connections_yaml())
        yield Project(folder, environment=ENVIRONMENT)


@pytest.mark.parametrize(
    ("connection", "query"),
    [
        ("hubspot", Query("contacts", ("email",))),
        ("salesforce", Query("Lead", ("Email",))),
    ],
)
def test_ranges_cover_everything_once(
    project: Project, connection: str, query: Query
) -> None:
    with temporary_ledger(SystemClock()) as ledger:
        system = project.open_system(connection, ledger, Calls())
        source = system.source
        assert isinstance(source, Splitting)
        spans = source.split(query, 4)
        assert spans[0][0].after == ""
        assert spans[-1][0].until == ""
        if connection == "salesforce":
            assert len(spans) == 1 or len(spans) == 4
        everything = [r.id for p in source.read(query, None) for r in p.records]
        assert sum(count for _, count in spans) == len(everything)
        met = [ids(source, query, span) for span, _ in spans]
        assert [len(one) for one in met] == [count for _, count in spans]
        assert sorted(one for part in met for one in part) == sorted(everything)
        for (span, _), found in zip(spans, met, strict=True):
            assert all(source.holds(span, one) for one in found)
            others = set(everything) - set(found)
            assert not any(source.holds(span, one) for one in others)
        if connection == "hubspot":
            assert max(len(one) for one in met) < PEOPLE / 4 * 1.2
        system.close()


def ids(source, query: Query, span: Span) -> list[str]:
    from dataclasses import replace

    pages = source.read(replace(query, within=span), None)
    return [record.id for page in pages for record in page.records]
