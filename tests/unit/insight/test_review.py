"""The weekly page: exact figures of a small company, its words, its files."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest

from tasuki.insight.event import Stage
from tasuki.insight.handoff_board import Standing
from tasuki.insight.journey import Journeys
from tasuki.insight.review import figures
from tasuki.insight.review.listing import csv_text
from tasuki.insight.review.page import Done, OpenLeak
from tasuki.insight.review.section import in_short, markdown
from tasuki.insight.review.sheet import html_text
from tasuki.insight.review.week import Week
from tasuki.model.errors import ConfigError
from tests.unit.insight.review_world import (
    WEEK,
    empty_page,
    event,
    finding,
    judged,
    page,
)

SUMMARY = """\
リード獲得 10件（-50.0%）、受注 0件・0円（直前4週平均 2,000,000円）。
最大の損失はMQL → IS受領: 750,000円。
期限内 7件、遅れて完了 2件、期限超過 1件（人 2、連携 1）。
穴は新規 3件、解消 1件、残り 3件・1,100,000円。
ハブは 124件を読み、14件を送り、請求書 2枚を作成。判断待ち 2件、送信不可 1件。"""


def test_a_week_is_monday_to_sunday_in_tokyo():
    sunday_night = datetime(2026, 11, 22, 14, 59, tzinfo=UTC)
    week = Week.closed(date(2026, 11, 23))
    assert (week.label, week.last) == ("2026-W47", date(2026, 11, 22))
    assert week.period.holds(sunday_night)
    assert not week.period.holds(datetime(2026, 11, 22, 15, tzinfo=UTC))
    assert Week.closed(date(2026, 11, 22)).label == "2026-W46"
    assert [one.label for one in Week(date(2027, 1, 4)).before(2)] == [
        "2026-W52",
        "2026-W53",
    ]


@pytest.mark.parametrize("text", ["W47", "2026-W54", "0001-W01", "2026-W48"])
def test_what_is_no_week_or_is_not_over_is_refused(text):
    with pytest.raises(ConfigError, match="--week"):
        Week.written(text, date(2026, 11, 23))


def test_an_old_week_stays_as_it_was():
    soon, late = datetime(2026, 11, 23, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC)
    assert WEEK.observed(soon) == soon
    assert WEEK.observed(late) == datetime(2026, 11, 29, 15, tzinfo=UTC)


def test_the_funnel_is_compared_with_four_weeks():
    lines = {one.stage: one for one in page().funnel}
    mql = lines[Stage.MQL]
    assert (mql.entered, mql.before, mql.usual) == (5, (10, 10, 10, 10), 10)
    assert mql.change == Decimal("-0.5")
    assert lines[Stage.PAID].change is None


def test_each_conversion_stands_beside_what_became_of_those_that_passed():
    found = {one.name: one for one in page().passings}
    sal = found["mql->sal"]
    assert (sal.now, sal.before, sal.flagged) == (Decimal("0.2"), Decimal("0.8"), True)
    # (0.8 - 0.2) x 5 entered x 0.5 become deals x 0.5 are won x 1,000,000
    assert sal.lost_yen == 750_000
    # Of 33 that passed in half a year: 8 deals won, 5 lost, the others open.
    assert (sal.won, sal.lost, sal.win_rate) == (8, 5, Decimal("0.6154"))
    assert [one.name for one in page().worst] == ["mql->sal", "sql->won"]


def test_nothing_is_lost_in_yen_where_nobody_knows_what_a_deal_brings():
    told = [event(f"person/{n}", "mql", WEEK.before(1)[0].period.start) for n in "ab"]
    told += [event("person/a", "sal", WEEK.before(1)[0].period.start)]
    told += [event("person/c", "mql", WEEK.period.start)]
    found = page(Journeys.of(told))
    assert {one.lost_yen for one in found.passings} == {None}
    assert found.worst == []


def test_agreed_times_are_counted_by_department_and_by_whose_delay_it_is():
    sales, office = page().agreed
    assert sales == ("inside_sales", 6, 2, 1, 2, 1)
    assert office == ("back_office", 1, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("one", "counted"),
    [
        (judged(Standing.BREACHED, opened=-20, due=-19), "breached"),
        (judged(Standing.LATE, due=6, closed=9), "breached"),  # answered after it
        (judged(Standing.BREACHED, due=8), ""),  # was not due in the week
        (judged(Standing.MET, opened=-9, due=-7, closed=-8), ""),
        (judged(Standing.NOT_COUNTED, closed=2), ""),
    ],
)
def test_a_handoff_counts_as_it_stood_at_the_end_of_the_week(one, counted):
    found = figures.agreed_of([one], WEEK)
    assert [x.breached for x in found] == ([1] if counted else [])


def test_leaks_are_counted_as_they_were_at_the_end_of_the_week():
    critical, high, medium, low = page().severities
    assert critical == ("critical", 1, 0, 2, 1_100_000)
    assert high == ("high", 1, 1, 1, 0)
    assert medium == ("medium", 1, 0, 0, 0)  # a person lets it rest
    assert low == ("low", 0, 0, 0, 0)
    assert page().leaks[0] == OpenLeak("L12", "back_office", 2, 1_100_000)
    later = [finding(opened=8), finding(opened=1, closed=9)]
    assert figures.severities_of(later, WEEK)[0] == ("critical", 1, 0, 1, 0)


def test_the_hub_tells_what_it_did_and_a_comparison_hands_nothing_on():
    assert page().done == Done(
        read=124, sent=14, unchanged=1, skipped=20, invoices=2, calls=6, runs=3,
        ended_badly=1, held=2, dead=1,
    )  # fmt: skip


def test_the_page_says_the_week_in_five_sentences():
    assert "\n".join(in_short(page(), "ja")) == SUMMARY


def test_each_department_is_asked_few_things_and_the_dearest_first():
    found = page().questions
    by = {one.department: [] for one in found}
    for one in found:
        by[one.department].append(one.ja)
    assert max(map(len, by.values())) <= 3
    assert by["inside_sales"][0] == (
        "MQL → IS受領の転換率が20.0%（直前4週 80.0%）に下がり、750,000円を失った計算です。"
        "5件中、進まなかった4件は何で止まりましたか。"
    )
    assert by["back_office"] == [
        "「請求漏れ」が2件、1,100,000円残っています。誰がいつまでに閉じますか。"
    ]
    assert len(by["marketing"]) == 1  # fewer leads: fewer MQL is no second question
    assert any("連携側の遅れが1件" in one for one in by["operations"])


def test_an_empty_ledger_makes_a_page_that_says_so():
    found = empty_page()
    assert found.questions == ()
    text = markdown(found, "ja")
    assert "ステージの記録がまだありません" in text
    assert "まだ一度も確認していません" in text
    assert "質問はありません" in text


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("made", [page, empty_page])
def test_the_html_is_whole_and_loads_nothing(made, language):
    text = html_text(made(), language)
    root = ET.fromstring(text.removeprefix("<!DOCTYPE html>"))
    tags = {one.tag.rpartition("}")[2] for one in root.iter()}
    assert not tags & {"script", "link", "img", "iframe"}
    assert not {"src", "href"} & {name for one in root.iter() for name in one.attrib}
    assert "url(" not in text
    assert ("svg" in tags) is True
    cells = {len(row) for row in root.iter("tr")}
    assert min(cells) >= 2


def test_names_are_escaped_in_html():
    found = page()
    found.names["inside_sales"] = "<b>IS & co</b>"
    text = html_text(found, "ja")
    assert "<b>IS" not in text
    assert "&lt;b&gt;IS &amp; co" in text


def test_every_figure_stands_in_the_csv_once():
    text = csv_text(page())
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert ["2026-W47", "conversion", "mql->sal", "lost_yen", "750000"] in rows
    assert ["2026-W47", "sla", "inside_sales", "late", "2"] in rows
    assert ["2026-W47", "open_leaks", "L12 back_office", "yen", "1100000"] in rows
    assert ["2026-W47", "hub", "", "invoices", "2"] in rows
    keys = [tuple(row[:4]) for row in rows]
    assert len(keys) == len(set(keys))
