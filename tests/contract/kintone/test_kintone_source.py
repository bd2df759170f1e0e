"""Reading kintone: everything, what has changed, and what is gone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tasuki.model.errors import ConfigError, CursorExpiredError
from tasuki.model.record import Page
from tests.contract.kintone.opened import (
    NOON,
    Opened,
    ids,
    onboardings,
    opened,
    records,
)


@pytest.fixture(name="domain")
def _domain() -> Iterator[Opened]:
    with opened() as one:
        yield one


def next_cursor(pages: list[Page]) -> str:
    return pages[-1].cursor


def test_everything_is_read_in_pages_of_500_beyond_10000_equal_times(
    domain: Opened,
) -> None:
    domain.fill(10_600)
    pages = domain.read(onboardings())
    assert ids(pages) == list(range(1, 10_601))
    assert domain.calls() == 22
    first = pages[0].records[0]
    assert first.fields == {"案件ID": "D1", "顧客名": "会社1"}
    assert first.version == "1"
    assert first.modified == NOON


def test_reading_goes_on_after_any_page(domain: Opened) -> None:
    domain.fill(1_700)
    pages = domain.read(onboardings())
    for place, page in enumerate(pages[:-1]):
        rest = domain.read(onboardings(), page.cursor)
        assert ids(rest) == list(range((place + 1) * 500 + 1, 1_701))
        assert rest[-1].cursor == next_cursor(pages)


def test_a_full_last_page_is_followed_by_an_empty_one(domain: Opened) -> None:
    domain.fill(500)
    pages = domain.read(onboardings())
    assert [len(page.records) for page in pages] == [500, 0]


def test_only_what_has_changed_since_is_read_again(domain: Opened) -> None:
    domain.fill(2_000, NOON - timedelta(days=1))
    cursor = next_cursor(domain.read(onboardings()))
    domain.clock.at += timedelta(hours=1)
    domain.act("edit", app=5, id=7, record={"顧客名": {"value": "新社名"}})
    before = domain.calls()
    changed = domain.read(onboardings(), cursor)
    assert [r.fields["顧客名"] for r in records(changed)] == ["新社名"]
    assert domain.calls() - before == 1


def test_a_change_in_the_minute_of_the_last_reading_is_not_missed(
    domain: Opened,
) -> None:
    """kintone cuts 12:00:50 to 12:00, which is before the reading at 12:00:30."""
    domain.fill(3, NOON - timedelta(days=1))
    domain.clock.at = NOON + timedelta(seconds=30)
    cursor = next_cursor(domain.read(onboardings()))
    domain.clock.at = NOON + timedelta(seconds=50)
    domain.act("edit", app=5, id=2, record={"顧客名": {"value": "新社名"}})
    domain.clock.at = NOON + timedelta(minutes=30)
    assert ids(domain.read(onboardings(), cursor)) == [2]


def test_a_change_that_shows_late_is_looked_for_from_its_full_minute_on(
    domain: Opened,
) -> None:
    """Saved at 12:00:50 as 12:00, seen after a reading at 12:02:45."""
    domain.fill(3, NOON - timedelta(days=1))
    domain.clock.at = NOON + timedelta(minutes=2, seconds=45)
    cursor = next_cursor(domain.read(onboardings()))
    store = domain.domain.stores[5]
    store.update(2, {"顧客名": "新社名"}, NOON + timedelta(seconds=50))
    domain.clock.at = NOON + timedelta(minutes=30)
    assert ids(domain.read(onboardings(), cursor)) == [2]


def test_a_record_changed_behind_the_reading_comes_next_time(domain: Opened) -> None:
    domain.fill(1_200, NOON - timedelta(days=1))
    pages: list[Page] = []
    for page in domain.system.source.read(onboardings(), None):
        if not pages:
            domain.clock.at += timedelta(minutes=5)
            domain.act("edit", app=5, id=3, record={"顧客名": {"value": "新社名"}})
            domain.clock.at += timedelta(minutes=30)
        pages.append(page)
    domain.clock.at += timedelta(hours=2)
    assert 3 in ids(domain.read(onboardings(), next_cursor(pages)))


def test_a_reading_of_changes_is_resumed_with_its_own_start(domain: Opened) -> None:
    domain.fill(1_200)
    cursor = str(domain.system.source.cursor_at("onboarding", NOON))  # type: ignore[attr-defined]
    pages = domain.read(onboardings(), cursor)
    assert ids(pages) == list(range(1, 1_201))
    store = domain.domain.stores[5]
    store.rows[1_100].updated = "2020-01-01T00:00:00Z"
    rest = domain.read(onboardings(), pages[0].cursor)
    assert len(ids(rest)) == 700 - 1


def test_the_where_of_a_mapping_is_kintones_own(domain: Opened) -> None:
    domain.fill(30)
    query = onboardings(where='顧客名 in ("会社7", "会社9") or 案件ID = "D20"')
    pages = domain.read(query)
    assert ids(pages) == [7, 9, 20]
    found = domain.system.source.fetch(query, ["7", "8"])
    assert [record.outside for record in found] == [False, True]


@pytest.mark.parametrize(
    "where", ['顧客名 = "a" order by $id desc', "limit 5", '(状況 = "完了"', 7]
)
def test_a_where_that_is_no_condition_is_refused(domain: Opened, where: object) -> None:
    with pytest.raises(ConfigError, match="`where`"):
        domain.read(onboardings(where=where))


def test_a_where_may_speak_of_limits_in_a_text(domain: Opened) -> None:
    domain.fill(3)
    assert ids(domain.read(onboardings(where='顧客名 = "limit 5"'))) == []


def test_records_that_are_gone_come_as_deleted(domain: Opened) -> None:
    domain.fill(1_200)
    domain.act("delete", app=5, id=600)
    asked = [str(number) for number in range(1, 1_201)]
    found = {r.id: r for r in domain.system.source.fetch(onboardings(), asked)}
    assert [one for one in asked if found[one].deleted] == ["600"]
    assert domain.calls("GET .*records") + domain.calls("POST .*records") == 3


def test_values_are_plain_and_amounts_exact(domain: Opened) -> None:
    store = domain.domain.stores[5]
    number = domain.act(
        "add",
        app=5,
        record={
            "案件ID": {"value": "D1"},
            "契約金額": {"value": "1200.50"},
            "担当者": {"value": [{"code": "cs-team"}]},
            "受注日": {"value": "2026-05-31"},
            "明細": {
                "value": [{"value": {"品名": {"value": "豆"}, "数量": {"value": "2"}}}]
            },
        },
    )["id"]
    assert int(number) == store.last
    query = onboardings("契約金額", "担当者", "受注日", "明細", "件名", "$id", "作成者")
    (record,) = records(domain.read(query))
    assert record.fields == {
        "契約金額": Decimal("1200.50"),
        "担当者": ["cs-team"],
        "受注日": "2026-05-31",
        "明細": [{"品名": "豆", "数量": 2, "金額": None}],
        "件名": None,
        "$id": "1",
        "作成者": "Administrator",
    }


@pytest.mark.parametrize(
    "cursor", ["{}", "nonsense", '{"v":1,"mode":"walk","since":"2026-01-01"}']
)
def test_a_strange_cursor_means_reading_everything(domain: Opened, cursor: str) -> None:
    with pytest.raises(CursorExpiredError):
        domain.read(onboardings(), cursor)


def test_it_says_when_records_changed(domain: Opened) -> None:
    domain.fill(2)
    told = domain.system.changed_at("onboarding", ["1", "9"], ["顧客名"])  # type: ignore[attr-defined]
    assert told == {"1": {"顧客名": datetime(2026, 11, 22, 12, tzinfo=UTC)}}
