"""`tasuki leaks`: what it says, what it refuses, how it ends."""

from tasuki.stages.leak_watch import event_of, markdown
from tests.unit.cli.rehearsing import Desk


def test_what_cannot_be_looked_for_is_told_with_its_reason(desk: Desk) -> None:
    said = desk.tasuki("leaks", "--json").json()
    assert "freee" in said["not_looked_for"]["L12"]  # nobody has logged in there
    assert said["not_looked_for"]["L23"] == "no connected source for onboarding"
    assert "L01" not in said["not_looked_for"]
    assert said["calls_made"] >= 4


def test_findings_are_listed_rested_and_woken(desk: Desk) -> None:
    looked = desk.tasuki("leaks", "--json")
    keys = [one["key"] for one in looked.json()["findings"]]
    assert keys
    assert looked.code == 1
    assert {one["rule"] for one in looked.json()["findings"]} == {"L01"}
    told = desk.tasuki("leaks", "list")
    assert "MQLがSFAに未連携" in told.out
    assert keys[0] in desk.tasuki("leaks", "list", "--lang", "en", "--csv").out
    assert desk.tasuki("leaks", "list", "--severity", "low").code == 0
    rest = ("leaks", "snooze", keys[0], "--until", "2099-01-01", "--by", "sato")
    refused = desk.tasuki(*rest)
    assert (refused.code, refused.err.count("\n")) == (2, 2)
    assert desk.tasuki(*rest, "--why", "agreed").code == 0
    after = desk.tasuki("leaks", "list", "--json").json()
    assert [one["key"] for one in after["resting"]] == [keys[0]]
    assert keys[0] not in [one["key"] for one in after["findings"]]
    assert desk.tasuki("leaks", "wake", keys[0]).code == 0
    assert desk.tasuki("leaks", "list", "--json").json()["resting"] == []


def test_a_mapping_that_never_ran_mends_nothing(desk: Desk) -> None:
    found = desk.tasuki("leaks", "--json").json()["findings"]
    refused = desk.tasuki("leaks", "mend", found[0]["key"])
    assert refused.code == 2
    assert "no mapping that is in use" in refused.err


def test_what_is_not_there_is_refused_in_one_line(desk: Desk) -> None:
    for words in (
        ("leaks", "--rule", "L99"),
        ("leaks", "--severity", "bad"),
        ("leaks", "mend"),
        ("leaks", "mend", "L12/x"),
    ):
        said = desk.tasuki(*words)
        assert (said.code, said.out, said.err.count("\n")) == (2, "", 2), words


def test_a_report_and_its_events_name_the_rule(desk: Desk) -> None:
    from tasuki.insight.leak.report import of_ledger
    from tasuki.project import Project

    desk.tasuki("leaks")
    project = Project(desk.folder)
    with project.open_ledger() as ledger:
        report = of_ledger(ledger, project.clock.now())
    assert "### L01 MQLがSFAに未連携" in markdown(report)
    assert "No leak" not in markdown(report, "en")
    told = event_of(report.findings)
    assert (told["rule"], told["count"]) == ("L01", len(report.findings))
