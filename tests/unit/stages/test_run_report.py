"""What people read about a run: the report, its tables, and the line of its state."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasuki.engine.preview import preview_sync
from tasuki.model.errors import ConfigError
from tasuki.model.language import language_of
from tasuki.stages.leftover import LeftOver, left_over
from tasuki.stages.report import dry_run, failure_line, markdown, not_begun
from tasuki.stages.table import funnel, waiting
from tests.unit.reconcile.office import Office, office


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as opened:
        yield opened


def a_run_with_something_left(it: Office) -> tuple[dict[str, object], LeftOver]:
    """Five people: one is delivered, two cannot be, one is held, one is not ready."""
    it.people(1)
    it.crm.put("people", "broken", email="b@x.jp", name="=1", score="many")
    it.crm.put("people", "cold", email="c@x.jp", name="C", score=1)
    it.sfa.put("Lead", "L1", Email="two@x.jp")
    it.sfa.put("Lead", "L2", Email="two@x.jp")
    it.crm.put("people", "p|two", email="two@x.jp", name="T", score=90)
    started = it.clock.now().isoformat(timespec="microseconds")
    report = it.run("leads").as_json()
    return report, left_over(it.sync("leads"), report, started)


def test_the_report_leads_to_each_record_that_waits_and_says_how(it: Office) -> None:
    report, left = a_run_with_something_left(it)
    text = markdown(report, "en", left)
    assert "[crm/people/broken](fake://crm/people/broken) `formula`" in text
    (letter,) = it.ledger.dead_letters("leads")
    assert f"(`tasuki dead {letter.id}`)" in text
    assert "[crm/people/p\\|two](fake://crm/people/p|two) → [candidate](fake://" in text
    assert "`ambiguous_match`" in text
    assert "Several counterparts fit" in text
    assert "`tasuki held --mapping leads`" in text
    assert "two@x.jp" not in text + markdown(report, "ja", left)


def test_the_report_is_japanese_unless_english_is_set(it: Office) -> None:
    report, left = a_run_with_something_left(it)
    text = markdown(report, language_of({}), left)
    assert "### 保留（人の判断待ち）" in text
    assert "候補が複数あります" in text
    assert language_of({"TASUKI_LANGUAGE": "EN"}) == "en"
    with pytest.raises(ConfigError, match="TASUKI_LANGUAGE: 'fr'"):
        language_of({"TASUKI_LANGUAGE": "fr"})


def test_a_second_run_opens_nothing_new(it: Office) -> None:
    _, first = a_run_with_something_left(it)
    assert [one.is_new for one in (*first.dead, *first.held)] == [True, True]
    started = it.clock.now().isoformat(timespec="microseconds")
    report = it.run("leads", full=True).as_json()
    again = left_over(it.sync("leads"), report, started)
    assert [one.is_new for one in (*again.dead, *again.held)] == [False, False]


def test_systems_of_a_run_that_stopped_are_not_asked_for_pages(it: Office) -> None:
    report, _ = a_run_with_something_left(it)
    left = left_over(it.sync("leads"), {**report, "state": "stopped"}, "")
    assert [one.url for one in (*left.dead, *left.held)] == ["", ""]


def test_records_that_were_named_lead_to_their_counterparts(it: Office) -> None:
    it.people(1)
    report = it.run("leads", only=("p1",)).as_json()
    left = left_over(it.sync("leads"), report, "", ("p1",))
    assert left.links == (("crm/people/p1", f"fake://sfa/Lead/{it.lead_of('p1')}"),)


def test_the_funnel_narrows_and_names_what_is_missing(it: Office) -> None:
    report, _ = a_run_with_something_left(it)
    rows = {row["step"]: row["count"] for row in funnel(report, "en")}
    assert rows == {
        "read": 4, "qualified": 3, "sent or unchanged": 1, "sent": 1,
        "└ held for a person": 1, "└ dead letters": 1,
    }  # fmt: skip
    assert funnel(report, "en")[1]["share"] == "75%"


def test_a_table_of_what_waits_has_links_and_commands(it: Office) -> None:
    _, left = a_run_with_something_left(it)
    (row,) = waiting(left.dead, "en")
    assert row["record"] == "[crm/people/broken](fake://crm/people/broken)"
    assert str(row["in full"]).startswith("tasuki dead ")


def test_a_guards_refusal_names_the_command_that_lets_the_run_pass(it: Office) -> None:
    report, left = a_run_with_something_left(it)
    refused = {
        **report, "state": "refused", "created": 0, "error": "leads: would create 9",
        "remedy": "Look at `tasuki plan`.", "minimum_calls": 0,
    }  # fmt: skip
    text = markdown(refused, "en", left)
    assert "**Stopped before sending (guard)**: leads: would create 9" in text
    assert "**Remedy**: Look at `tasuki plan`." in text
    assert f"`tasuki approve --guard {report['run']}`" in text
    assert "theoretical minimum" not in text


def test_a_systems_words_are_no_markup() -> None:
    text = not_begun("leads", "<img src=x> [a](b) | c", "Do it.", "en")
    assert "\\<img src=x\\>" in text
    assert "\\[a\\](b) \\| c" in text
    assert "`tasuki run leads`" in text
    assert failure_line("a:\n  b", "Do\nit.") == "a: b — Do it."


def test_a_dry_run_says_what_would_happen_and_shows_no_personal_value(
    it: Office,
) -> None:
    it.people(2)
    it.crm.put("people", "cold", email="c@x.jp", name="C", score=1)
    text = dry_run(preview_sync(it.sync("leads")).as_json(), "en", " --only p1")
    assert "| would be created | 2 |" in text
    assert "| would be skipped | `not_ready` | 1 |" in text
    assert "tasuki run leads --only p1" in text
    assert "tasuki run" not in dry_run(
        preview_sync(it.sync("leads")).as_json(), "en", None
    )
    assert "@x.jp" not in text
    assert not it.sfa.streams["Lead"].rows
