"""What people may fill in, and which records are meant by it."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import jsonschema
import pytest
from pydantic import ValidationError

from tasuki.engine.span import Span, changed_within
from tasuki.model.errors import ConfigError
from tasuki.model.record import Page, Query, Record
from tasuki.stages.parameters import USUAL, RunOptions
from tasuki.stages.running import Watched, command_options, options_of
from tests.unit.reconcile.office import Office, office


class Diary:
    """A source that tells when its records changed, and from when it was asked."""

    def __init__(self, **changed: str) -> None:
        self.records = [
            Record(name, "1", {}, datetime.fromisoformat(at).astimezone(UTC))
            for name, at in changed.items()
        ]
        self.asked: list[str | None] = []

    def cursor_at(self, _: str, moment: datetime) -> str | None:
        return moment.isoformat()

    def read(self, _: Query, cursor: str | None) -> Iterator[Page]:
        self.asked.append(cursor)
        yield Page(self.records, "end")


class Undated(Diary):
    """A source that does not tell when its records changed."""

    def cursor_at(self, _: str, __: datetime) -> str | None:
        return None


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as opened:
        yield opened


def test_days_are_those_of_japan_and_both_ends_are_in(it: Office) -> None:
    diary = Diary(
        before="2026-04-01T23:59:59+09:00",
        first="2026-04-02T00:00:00+09:00",
        last="2026-04-03T23:59:59+09:00",
        after="2026-04-04T00:00:00+09:00",
    )
    it.crm.source = diary
    days = Span(date(2026, 4, 2), date(2026, 4, 3))
    assert changed_within(it.sync("leads"), days) == ("first", "last")
    assert diary.asked == ["2026-04-01T23:55:00+09:00"]


def test_a_source_that_cannot_tell_says_so(it: Office) -> None:
    it.crm.source = Undated()
    with pytest.raises(ConfigError, match="crm/people: it does not tell when"):
        changed_within(it.sync("leads"), Span(date(2026, 4, 2)))


def test_days_without_a_change_mean_no_record_rather_than_all(it: Office) -> None:
    it.crm.source = Diary(p1="2026-04-01T12:00:00+09:00")
    wish = RunOptions(since=date(2026, 5, 1))
    assert options_of(it.sync("leads"), wish) is None
    found = options_of(it.sync("leads"), RunOptions(until=date(2026, 5, 1)))
    assert found is not None
    assert found.only == ("p1",)


@pytest.mark.parametrize(
    "wrong",
    [
        {"dry_run": "perhaps"},
        {"records": ["a,b"]},
        {"records": ["a b"]},
        {"since": "yesterday"},
        {"since": "2026-4-1"},
        {"allow": 0},
        {"alow": 5},
    ],
)
def test_a_form_refuses_what_is_wrong(wrong: dict[str, object]) -> None:
    """By its schema: that is all that a server sees of it."""
    schema = RunOptions.model_json_schema()
    jsonschema.validate(json.loads(USUAL.model_dump_json()), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schema)


def test_choices_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValidationError, match="records or days"):
        RunOptions(records=["1"], since=date(2026, 4, 1))
    with pytest.raises(ValidationError, match="before"):
        RunOptions(since=date(2026, 4, 2), until=date(2026, 4, 1))


def test_every_field_of_the_form_has_a_title_and_words_in_both_languages() -> None:
    for name, field in RunOptions.model_fields.items():
        words = f"{field.title} {field.description}"
        assert not words.isascii(), name
        assert any(part.isascii() and part.isalpha() for part in words.split()), name


def test_a_wish_is_told_as_options_of_the_command() -> None:
    wish = RunOptions(records=["1", "2"], full=True, allow=7)
    assert command_options(wish) == " --only 1 --only 2 --full --yes-really 7"
    assert command_options(RunOptions(until=date(2026, 4, 1))) is None


@pytest.mark.parametrize(
    ("expected", "read", "ended", "percent"),
    [
        (200, 50, 50, 25),
        (0, 50, 25, 50),
        (0, 50, 50, 99),
        (10, 50, 25, 50),
        (0, 0, 0, 0),
    ],
)
def test_a_bar_is_never_full_before_the_end(
    expected: int, read: int, ended: int, percent: float
) -> None:
    assert Watched(expected, read, ended).percent() == percent
