"""Reading HubSpot: nothing missed, nothing twice, calls near the minimum."""

from datetime import UTC, datetime

import httpx
import pytest
import respx

from connectors.hubspot.sandbox.store import iso
from tasuki.model.errors import (
    ConfigError,
    CursorExpiredError,
    RejectedError,
    TransientError,
)
from tasuki.model.record import Query
from tasuki.sandbox.faults import Fault, Kind
from tests.contract.hubspot.opened import (
    YESTERDAY,
    HurriedClock,
    contacts,
    ids,
    now_ms,
    opened,
    records,
)
from tests.contract.wire import make_wire

NOW = now_ms(datetime.now(UTC))
OLD = NOW - YESTERDAY


def since(moment: int) -> str:
    return f'{{"v":1,"mode":"since","since":{moment}}}'


def test_a_first_reading_lists_every_record_in_the_fewest_calls():
    with opened() as it:
        it.fill(1_050, OLD)
        pages = it.read(contacts())
        assert ids(pages) == list(range(1, 1_051))
        assert it.calls() == 11


def test_a_record_carries_its_version_its_time_and_its_properties_as_text():
    with opened() as it:
        it.fill(1, OLD)
        record = records(it.read(contacts("email", "hubspotscore")))[0]
        assert record.version == iso(OLD)
        assert record.modified == datetime.fromtimestamp(OLD / 1000, UTC)
        assert record.fields["email"] == "p1@sample.co.jp"
        assert record.fields["hubspotscore"] is None


def test_after_a_full_reading_only_changes_are_read():
    with opened() as it:
        it.fill(300, OLD)
        cursor = it.read(contacts())[-1].cursor
        assert ids(it.read(contacts(), cursor)) == []
        it.account.acts.edit("contacts", "77", {"lastname": "佐藤"})
        changed = it.read(contacts(), cursor)
        assert ids(changed) == [77]
        assert records(changed)[0].fields["lastname"] == "佐藤"


def test_a_change_in_the_middle_of_a_full_reading_is_not_missed():
    with opened() as it:
        it.fill(300, OLD)
        pages = it.system.source.read(contacts(), None)
        first = next(pages)
        it.account.acts.edit("contacts", "5", {"lastname": "鈴木"})
        rest = list(pages)
        assert first.records[4].fields["lastname"] == "山田5"
        later = it.read(contacts(), rest[-1].cursor)
        assert [r.fields["lastname"] for r in records(later)] == ["鈴木"]


def test_an_edit_of_a_record_already_passed_skips_no_other_record():
    """Paging by offset would lose one record for every edit behind it."""
    with opened() as it:
        it.fill(1_000, lambda n: OLD + n)
        pages = it.system.source.read(contacts(), since(OLD))
        seen = [int(record.id) for record in next(pages).records]
        for number in (3, 4, 5):
            it.account.acts.edit("contacts", str(number), {"lastname": "x"})
        seen += [int(r.id) for page in pages for r in page.records]
        assert sorted(set(seen)) == list(range(1, 1_001))


@pytest.mark.parametrize("count", [12_000, 25_000])
def test_any_number_of_equal_times_is_read_once_and_completely(count: int):
    """HubSpot's search ends at 10,000 hits, and a bulk import stamps them alike."""
    with opened() as it:
        it.fill(count, OLD)
        pages = it.read(contacts(), since(OLD))
        assert ids(pages) == list(range(1, count + 1))
        assert it.calls("search") <= 1.3 * count / 200


@pytest.mark.parametrize("again", ["mark", "page"])
def test_a_list_that_never_ends_stops_with_a_line(again: str):
    """The same paging mark, or the same page under ever new marks."""
    with opened() as it:
        it.fill(150, OLD)
        page = {
            "results": [
                {"id": "1", "properties": {}, "updatedAt": iso(OLD), "archived": False}
            ]
        }
        marks = iter(range(1, 100))

        def answer(_: httpx.Request) -> httpx.Response:
            mark = "7" if again == "mark" else str(next(marks))
            return httpx.Response(
                200, json=page | {"paging": {"next": {"after": mark}}}
            )

        with respx.mock(assert_all_mocked=False) as router:
            route = router.get(url__regex=r".*/contacts.*").mock(side_effect=answer)
            with pytest.raises(TransientError, match="round in circles"):
                it.read(contacts())
            assert route.call_count <= 2


def test_ties_beside_other_times_are_read_completely():
    with opened() as it:
        it.fill(12_000, lambda n: OLD if n <= 10_000 else OLD + n)
        pages = it.read(contacts(), since(OLD))
        assert len(ids(pages)) == len(set(ids(pages))) == 12_000
        assert it.calls("search") == 60


def test_a_bulk_import_is_not_read_again_for_ever():
    with opened() as it:
        it.fill(1_000, NOW - 3_600_000)
        cursor = it.read(contacts(), since(NOW - 7_200_000))[-1].cursor
        assert ids(it.read(contacts(), cursor)) == []


@pytest.mark.parametrize("start", [None, since(OLD)], ids=["all", "changes"])
def test_reading_goes_on_from_the_cursor_of_every_page(start: str | None):
    with opened() as it:
        it.fill(1_010, OLD)
        pages = it.read(contacts(), start)
        for number, page in enumerate(pages[:-1]):
            before = ids(pages[: number + 1])
            assert before + ids(it.read(contacts(), page.cursor)) == ids(pages)


def test_a_record_that_the_index_shows_late_comes_with_the_next_reading():
    clock = [datetime.now(UTC).timestamp() - 10]
    with opened(now=lambda: clock[0], index_lag=8.0) as it:
        first = it.read(contacts())[-1].cursor
        it.account.acts.create("contacts", {"email": "late@sample.co.jp"})
        second = it.read(contacts(), first)
        assert ids(second) == []
        clock[0] += 9
        assert ids(it.read(contacts(), second[-1].cursor)) == [1]


def test_where_is_put_to_the_search_and_walks_past_ten_thousand_hits():
    with opened() as it:
        it.fill(10_500, OLD)
        for number in (7, 8):
            it.account.acts.edit("contacts", str(number), {"lifecyclestage": "lead"})
        leads = {"property": "lifecyclestage", "operator": "EQ", "value": "lead"}
        assert ids(it.read(contacts(where=[leads]))) == [7, 8]
        has_mail = [{"property": "email", "operator": "HAS_PROPERTY"}]
        assert len(ids(it.read(contacts(where=has_mail)))) == 10_500


def test_fetch_marks_records_for_which_where_does_not_hold():
    with opened() as it:
        it.fill(3, OLD)
        it.account.acts.edit("contacts", "2", {"lastname": "佐藤"})
        named = {"property": "lastname", "operator": "EQ", "value": "佐藤"}
        found = it.system.source.fetch(contacts("email", where=[named]), ["1", "2"])
        assert {r.id: r.outside for r in found} == {"1": True, "2": False}


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("lead", "not a list"),
        ([{"operator": "EQ"}], "names no property"),
        ([{"property": "x", "operator": "LIKE", "value": 1}], "unknown operator"),
        ([{"property": "x", "operator": "BETWEEN", "value": 1}], "high_value"),
        ([{"property": "x", "operator": "IN", "values": "a"}], "not a list"),
        ([{"property": "x", "value": "a"}] * 9, "room for 8"),
        ([{"property": "x", "value": "a" * 3_000}], "too long"),
    ],
)
def test_a_where_that_hubspot_cannot_take_is_named(where: object, words: str):
    with opened() as it, pytest.raises(ConfigError, match=words):
        it.read(contacts(where=where))


@pytest.mark.parametrize("start", [None, since(OLD)], ids=["all", "changes"])
def test_more_properties_than_a_request_holds_are_read_by_batch(start: str | None):
    with opened() as it:
        it.fill(250, OLD)
        many = contacts("email", *(f"property_number_{n}" for n in range(400)))
        pages = it.read(many, start)
        assert ids(pages) == list(range(1, 251))
        assert records(pages)[249].fields["email"] == "p250@sample.co.jp"
        assert it.calls("batch/read") == 3


def test_an_edit_during_a_long_reading_of_changes_comes_next_time():
    clock = HurriedClock()
    wire = make_wire("hubspot", clock=clock)
    with opened(wire, now=clock.monotonic, settings={"search_lag_seconds": 0}) as it:
        it.fill(450, now_ms(clock.at))
        pages = it.system.source.read(contacts(), since(now_ms(clock.at)))
        next(pages)
        clock.sleep(3_600)
        it.account.acts.edit("contacts", "5", {"lastname": "鈴木"})
        clock.sleep(3_600)
        last = list(pages)[-1]
        assert 5 in ids(it.read(contacts(), last.cursor))


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "[]",
        '{"v":2,"mode":"since","since":1}',
        '{"v":1,"mode":"since"}',
        '{"v":1,"mode":"search","since":1,"after":"x"}',
    ],
)
def test_a_cursor_that_is_not_ours_asks_for_a_full_reading(cursor: str):
    with opened() as it, pytest.raises(CursorExpiredError):
        it.read(contacts(), cursor)


def test_a_paging_mark_that_hubspot_forgot_asks_for_a_full_reading():
    with opened() as it, pytest.raises(CursorExpiredError):
        it.read(contacts(), '{"v":1,"mode":"list","since":1,"after":"gone"}')


def test_an_unknown_object_type_is_a_refusal_not_an_expired_cursor():
    with opened() as it, pytest.raises(RejectedError, match="infer object type"):
        it.read(Query("contcts", ("email",)))


def test_fetch_tells_archived_missing_and_merged_records():
    with opened() as it:
        it.fill(5, OLD)
        it.account.acts.archive("contacts", "2")
        it.account.acts.merge("contacts", "3", "4")
        asked = ["1", "2", "4", "99"]
        found = {r.id: r for r in it.system.source.fetch(contacts(), asked)}
        assert found["1"].fields["email"] == "p1@sample.co.jp"
        assert found["2"].deleted
        assert found["2"].merged_into is None
        assert found["4"].merged_into == "3"
        assert found["99"].deleted
        assert it.calls() == 1


def test_a_merged_deal_lives_on_under_a_new_id():
    with opened() as it:
        one = it.account.acts.create("deals", {"dealname": "A"})
        two = it.account.acts.create("deals", {"dealname": "B"})
        survivor = it.account.acts.merge("deals", one, two)
        query = Query("deals", ("dealname",))
        found = {r.id: r for r in it.system.source.fetch(query, [one, two])}
        assert survivor not in {one, two}
        assert found[one].merged_into == found[two].merged_into == survivor
        assert found[survivor].fields["dealname"] == "A"


def test_associated_records_come_along_in_batches():
    with opened() as it:
        firm = it.account.acts.create("companies", {"name": "山田商事"})
        other = it.account.acts.create("companies", {"name": "佐藤商店"})
        lines = [
            it.account.acts.create("line_items", {"name": n, "price": "100"})
            for n in ("設計", "保守")
        ]
        links = [("companies", other), ("companies", firm, True)]
        links += [("line_items", line) for line in lines]
        it.account.acts.create("deals", {"dealname": "導入"}, links)
        it.account.acts.create("deals", {"dealname": "空"})
        include = {
            "account": ("companies", ("name",)),
            "lines": ("line_items", ("name", "price")),
            "everyone": ("companies:all", ("name",)),
        }
        full, empty = records(it.read(Query("deals", ("dealname",), include=include)))
        assert full.fields["account"]["name"] == "山田商事"
        assert [line["name"] for line in full.fields["lines"]] == ["設計", "保守"]
        assert [c["name"] for c in full.fields["everyone"]] == ["山田商事", "佐藤商店"]
        assert empty.fields["account"] is None
        assert empty.fields["lines"] == []
        assert it.calls() == 1 + 3 * 2


def test_more_than_five_hundred_associations_are_paged():
    with opened() as it:
        lines = [it.account.acts.create("line_items", {}) for _ in range(1_203)]
        links = [("line_items", line) for line in lines]
        deal = it.account.acts.create("deals", {}, links)
        query = Query("deals", (), include={"lines": ("line_items", ("name",))})
        found = it.system.source.fetch(query, [deal])
        assert len(found[0].fields["lines"]) == 1_203


def test_a_custom_object_type_is_read_by_its_own_time_property():
    with opened() as it:
        made = it.account.acts.create("2-777", {"external_id": "K1"})
        query = Query("2-777", ("external_id",))
        assert records(it.read(query, since(OLD)))[0].id == made


def test_version_three_reads_the_same():
    with opened(settings={"api_version": "v3"}) as it:
        it.fill(150, OLD)
        pages = it.read(contacts())
        assert ids(pages) == list(range(1, 151))
        assert ids(it.read(contacts(), since(OLD))) == list(range(1, 151))
        missing = it.system.source.fetch(contacts(), ["1", "999"])
        assert [r.deleted for r in missing] == [False, True]


@pytest.mark.parametrize(
    "kind", [Kind.RESET_BEFORE, Kind.TRUNCATE, Kind.NOT_JSON, Kind.ERROR_BEFORE]
)
def test_a_lost_answer_is_asked_for_again(kind: Kind):
    with opened() as it:
        it.fill(250, OLD)
        it.server.faults.plant(Fault(kind, skip=1))
        assert ids(it.read(contacts())) == list(range(1, 251))
