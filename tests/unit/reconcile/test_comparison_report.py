"""What the nightly flow leaves in the Prefect UI."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasuki.stages.comparison import markdown, one_line
from tests.unit.reconcile.office import Office, office


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as opened:
        opened.people(3)
        opened.run("leads")
        yield opened


def test_the_report_says_in_japanese_that_both_sides_agree(it: Office) -> None:
    report = it.reconcile("leads").as_json()
    assert "両側は一致しています。" in markdown(report)
    assert one_line(report) == "leads: agree 3; no differences"


def test_the_report_names_differences_without_personal_values(it: Office) -> None:
    it.sfa.put("Lead", it.lead_of("p1"), Email="secret@x.jp")
    it.sfa.put("Lead", "copy", Person_Id="p2")
    text = markdown(it.reconcile("leads").as_json(), "en")
    assert "drifted values: `p1 →" in text
    assert "(Email)" in text
    assert "duplicated: `p2 →" in text
    assert "tasuki reconcile leads --repair" in text
    assert "secret" not in text


def test_the_report_says_why_it_stopped(it: Office) -> None:
    it.people(12)
    it.run("leads")
    it.crm.streams["people"].rows.clear()
    text = markdown(it.reconcile("leads").as_json(), "en")
    assert "**It stopped**: crm/people: answers with 0 of 12 known records" in text
