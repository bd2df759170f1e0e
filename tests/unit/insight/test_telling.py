"""What records, histories and the hub's own writes tell of stages."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasuki.insight.event import Stage
from tasuki.insight.journey_file import Stages, read_stages
from tasuki.insight.journey_model import RecordsModel, WrittenModel
from tasuki.insight.journey_telling import Confirmed, Known, Teller, told_by_write
from tasuki.model.errors import MappingError
from tasuki.model.record import Change, Record

NOW = datetime(2026, 7, 1, tzinfo=UTC)
LEADS = RecordsModel(
    read="salesforce/Lead",
    subject="person",
    dates={"mql": "CreatedDate"},
    history={"Status": {"Working": "sal"}},
    facts={"owner": "OwnerId"},
    links={"company": "AccountId"},
    becomes={"deal": "Deal"},
    absorbed="Gone",
    same_as="Other",
)


def lead(**fields: object) -> Record:
    return Record("00Q1", "1", fields, NOW)


def test_a_date_is_an_event_and_a_day_begins_in_tokyo():
    teller = Teller(LEADS, NOW)
    (one,) = teller.events(lead(CreatedDate="2026-04-01"))
    assert (one.subject, one.stage) == ("person/00Q1", Stage.MQL)
    assert one.entered_at == datetime(2026, 3, 31, 15, tzinfo=UTC)
    assert (one.source, one.observed_at) == ("salesforce", NOW)
    assert not list(teller.events(lead(CreatedDate="soon")))


def test_a_changed_value_enters_the_stage_it_stands_for():
    at = datetime(2026, 4, 2, tzinfo=UTC)
    told = [Change(f"h{v}", "00Q1", "Status", v, at, "u1") for v in ("Working", "Junk")]
    (one,) = Teller(LEADS, NOW).changes(told)
    assert (one.stage, one.actor, one.source_event) == (
        Stage.SAL,
        "u1",
        "Lead/hWorking",
    )


def test_those_that_are_the_same_go_on_as_one():
    events = Teller(LEADS, NOW).events(lead(Other="101", Gone="00Q7; 00Q8"))
    assert [(one.subject, one.into, one.reason) for one in events] == [
        ("person/00Q1", "person/101", "same"),
        ("person/00Q7", "person/00Q1", "merged"),
        ("person/00Q8", "person/00Q1", "merged"),
    ]
    gone = Record("00Q1", "", {}, deleted=True, merged_into="00Q2")
    (one,) = Teller(LEADS, NOW).events(gone)
    assert (one.into, one.reason) == ("person/00Q2", "merged")


def test_facts_say_whose_a_record_is_and_what_came_of_it():
    fields = {"OwnerId": "u1", "AccountId": "001", "Deal": "006"}
    assert list(Teller(LEADS, NOW).facts(lead(**fields))) == [
        Known("person/00Q1", "owner", "u1"),
        Known("person/00Q1", "company", "company/001"),
        Known("deal/006", "person", "person/00Q1"),
    ]


def test_a_write_of_the_hub_tells_what_it_did():
    rule = WrittenModel(
        subject="invoice",
        created="invoiced",
        values={"Status": {"入金済": "paid"}},
        links={"deal": "source"},
    )
    write = Confirmed("i1", "006", "9001", True, {"Status": "入金済"}, NOW)
    events, facts = told_by_write(rule, write, NOW)
    assert [(one.subject, str(one.stage)) for one in events] == [
        ("invoice/9001", "invoiced"),
        ("invoice/9001", "paid"),
    ]
    assert facts == [Known("invoice/9001", "deal", "deal/006")]
    updated = write._replace(created=False, payload={"Status": "未入金"})
    assert told_by_write(rule, updated, NOW) == ([], [])


def read(folder: Path, text: str) -> Stages:
    (folder / "stages.yaml").write_text(text, encoding="utf-8")
    return read_stages([folder])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("version: 2\n", "stages.yaml:1:10: '2' is none of: 1"),
        ("version: 1\nfunel: [lead]\n", "Did you mean 'funnel'?"),
        ("version: 1\nfunnel: [lead, lead]\n", "stages.yaml:2:9: a funnel is"),
        ("version: 1\nfiscal_year_starts: 13\n", "at most 12"),
        ("version: 1\nteams: {a: [u1], b: [u1]}\n", "'u1' is in 'a' already"),
        (
            "version: 1\nrecords:\n  x: {read: hubspot, subject: person, same_as: a}\n",
            "stages.yaml:3:13: 'hubspot' is not of the form connection/stream",
        ),
        (
            "version: 1\nrecords:\n  x: {read: a/b, subject: person}\n",
            "stages.yaml:3:3: 'x' tells nothing",
        ),
        (
            "version: 1\nwritten:\n  m: {subject: invoice, created: payed}\n",
            "'payed' is none of",
        ),
        ("version: 1\nrecords: [a]\n", "stages.yaml:2:10"),
    ],
)
def test_each_mistake_in_the_file_is_told_where_it_is(tmp_path, text, problem):
    with pytest.raises(MappingError) as told:
        read(tmp_path, text)
    assert problem in "\n".join(told.value.problems)


def test_a_margin_may_be_a_whole_number(tmp_path):
    assert read(tmp_path, "version: 1\ngross_margin: 1\n").gross_margin == 1
    assert str(read(tmp_path, "version: 1\ngross_margin: 0.8\n").gross_margin) == "0.8"


def test_without_a_file_nothing_is_collected(tmp_path):
    assert read_stages([tmp_path]).records == {}
