"""`tasuki handoffs`, over a real run of the leads against stand-ins."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from tasuki.ledger import Ledger
from tasuki.ledger.rows import time_text
from tasuki.ledger.stage_events import StoredEvent, StoredFact
from tasuki.project import Project
from tests.unit.cli.rehearsing import LEADS, Desk

NOW = datetime.now(UTC)
MODEL = """\
version: 1
calendar: {hours: ["00:00", "24:00"], workdays: [mon, tue, wed, thu, fri, sat, sun], holidays: none}
departments: {marketing: , inside_sales: {name: IS}}
people:
  sato: {name: 佐藤, departments: inside_sales, accounts: {hubspot: "77"}}
handoffs:
  - id: mql_to_sal
    from: marketing
    to: inside_sales
    when: {enters: mql}
    accept: {enters: sal}
    sla: {within: 8 business_hours}
    on_breach: [{notify: owner}]
"""


def tell(ledger: Ledger, records: list[str], *, hours: int, channel: str) -> None:
    at, now = time_text(NOW - timedelta(hours=hours)), time_text(NOW)
    ledger.stages().add(
        [
            StoredEvent(f"person/{one}", "mql", at, now, "hubspot", f"{one}/mql", "77")
            for one in records
        ],
        [
            StoredFact(f"person/{one}", "source", channel, "hubspot", now)
            for one in records
        ],
    )


@pytest.fixture
def told(desk: Desk) -> dict[str, list[str]]:
    """A project whose leads were sent or refused, and whose stages were told."""
    assert desk.tasuki("run", LEADS, "--yes-really", "60").code in {0, 1}
    desk.write("mappings/model.yaml", MODEL)
    with Project(desk.folder).open_ledger() as ledger:
        sent = [row.source_id for part in ledger.live_links(LEADS) for row in part]
        letters = ledger.everything_about
        refused = [
            str(one)
            for one in range(40_000, 42_000)
            if any(row.outcome == "skipped" for row in letters(str(one)).decisions)
        ]
        assert sent
        assert refused
        tell(ledger, sent[:3], hours=30, channel="展示会")
        tell(ledger, sent[3:5], hours=1, channel="展示会")
        tell(ledger, refused, hours=30, channel="広告")
    return {"sent": sent, "refused": refused}


def test_what_is_late_why_and_the_quality_of_each_source(
    desk: Desk, told: dict[str, list[str]]
) -> None:
    said = desk.tasuki("handoffs")
    assert said.code == 1, said.err
    assert "期限超過 3" in said.out
    board = desk.tasuki("handoffs", "--json").json()
    late = [one for one in board["handoffs"] if one["standing"] == "breached"]
    assert {one["subject"] for one in late} == {
        f"person/{one}" for one in told["sent"][:3]
    }
    bad, good = board["sources"]
    assert (bad["source"], good["source"]) == ("広告", "展示会")
    assert bad["entered"] == bad["refused_at_gate"] == len(told["refused"])
    assert sum(bad["gate_reasons"].values()) == len(told["refused"])
    assert set(bad["gate_reasons"]) <= {
        "no_email", "opted_out", "free_mail", "with_sales", "below_threshold",
    }  # fmt: skip
    assert (good["entered"], good["refused_at_gate"]) == (5, 0)


def test_choosing_and_the_forms_of_the_answer(
    desk: Desk, told: dict[str, list[str]]
) -> None:
    assert told
    late = desk.tasuki("handoffs", "--breached", "--csv")
    rows = list(csv.DictReader(io.StringIO(late.out.removeprefix("\ufeff"))))
    assert [row["standing"] for row in rows] == ["breached"] * 3
    waiting = desk.tasuki("handoffs", "mql_to_sal", "--open", "--json").json()[
        "handoffs"
    ]
    assert len(waiting) == 5
    english = desk.tasuki("handoffs", "--lang", "en")
    assert "breached 3" in english.out
    assert "whose turn" in english.out
    other = desk.tasuki("handoffs", "mql_to_sol")
    assert other.code == 2
    assert "Did you mean 'mql_to_sal'?" in other.err


def test_without_stage_events_it_says_so(desk: Desk) -> None:
    said = desk.tasuki("handoffs")
    assert said.code == 0
    assert "ステージの記録がまだありません" in said.out


def test_check_names_what_is_wrong_in_the_model(desk: Desk) -> None:
    desk.write("mappings/model.yaml", MODEL.replace("inside_sales\n", "insid_sales\n"))
    said = desk.tasuki("check")
    assert said.code == 2
    assert "mappings/model.yaml:9:9: there is no department 'insid_sales'" in said.err
    assert "Did you mean 'inside_sales'?" in said.err


def test_the_schema_of_the_model_is_printed(desk: Desk) -> None:
    schema = desk.tasuki("schema", "--model", "--json").json()
    assert set(schema["properties"]) == {
        "version", "calendar", "departments", "people", "handoffs",
    }  # fmt: skip
