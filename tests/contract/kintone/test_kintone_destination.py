"""Writing to kintone: batches that are taken as a whole, and rows that spoil them."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from tasuki.model.errors import AccessError, TransientError
from tasuki.model.sweep import SweepQuery
from tasuki.model.write import (
    Confirmed,
    Deferred,
    Gone,
    Operation,
    Rejected,
    Write,
)
from tasuki.sandbox.faults import Fault, Kind
from tests.contract.kintone.opened import (
    Opened,
    create,
    onboardings,
    opened,
    update,
)


@pytest.fixture(name="domain")
def _domain() -> Iterator[Opened]:
    with opened() as one:
        yield one


def values(domain: Opened, number: int) -> dict[str, object]:
    return domain.domain.stores[5].rows[number].values


def test_a_thousand_rows_are_ten_calls(domain: Opened) -> None:
    writes = [create(f"r{n}", f"D{n}") for n in range(1_000)]
    domain.write(*writes[:100])
    before = domain.calls("PUT")
    outcomes = domain.write(*writes)
    assert all(isinstance(one, Confirmed) for one in outcomes.values())
    assert domain.calls("PUT") - before == 10
    assert [o.created for o in outcomes.values() if isinstance(o, Confirmed)] == (
        [False] * 100 + [True] * 900
    )
    assert len(domain.domain.stores[5].rows) == 1_000


def test_repeating_a_create_makes_no_second_record(domain: Opened) -> None:
    first = domain.write(create("a", "D1", 件名="導入"))["a"]
    again = domain.write(create("b", "D1", 件名="導入"))["b"]
    assert isinstance(first, Confirmed)
    assert isinstance(again, Confirmed)
    assert (first.created, again.created, first.id) == (True, False, again.id)


def test_rows_that_a_refusal_names_are_left_out_and_the_rest_is_sent(
    domain: Opened,
) -> None:
    outcomes = domain.write(
        create("a", "D1"),
        create("b", "D2", 状況="検討中"),
        create("c", "D3", 顧客名=None),
        create("d", "D4"),
    )
    assert [type(outcomes[r]) for r in "abcd"] == [
        Confirmed,
        Rejected,
        Rejected,
        Confirmed,
    ]
    choice, blank = outcomes["b"], outcomes["c"]
    assert isinstance(choice, Rejected)
    assert isinstance(blank, Rejected)
    assert choice.code == "CB_VA01"
    assert choice.words == "状況: (value)は選択肢にありません。"
    assert "choice" in choice.remedy
    assert "必須項目" in blank.remedy
    assert domain.calls("PUT") == 2


def test_a_row_whose_record_somebody_changed_is_found_by_halving(
    domain: Opened,
) -> None:
    domain.fill(64)
    domain.system.destination.fetch("onboarding", ["17"], ["顧客名"])
    domain.act("edit", app=5, id=17, record={"顧客名": {"value": "人の手"}})
    writes = [update(f"r{n}", str(n), 顧客名="我々") for n in range(1, 65)]
    outcomes = domain.write(*writes)
    lost = [ref for ref, one in outcomes.items() if not isinstance(one, Confirmed)]
    assert lost == ["r17"]
    assert isinstance(outcomes["r17"], Deferred)
    assert values(domain, 17)["顧客名"] == "人の手"
    assert domain.calls("PUT") <= 6 + 3
    # It was planned anew: what is there now has been looked at.
    again = domain.write(update("r17", "17", 顧客名="我々"))
    assert isinstance(again["r17"], Confirmed)


def test_an_update_of_a_record_that_is_gone_spoils_no_other(domain: Opened) -> None:
    domain.fill(3)
    domain.act("delete", app=5, id=2)
    outcomes = domain.write(*(update(f"r{n}", str(n), 件名="新") for n in (1, 2, 3)))
    assert [type(outcomes[f"r{n}"]) for n in (1, 2, 3)] == [Confirmed, Gone, Confirmed]
    assert domain.calls("PUT") == 2


def test_a_field_that_kintone_would_drop_is_refused_here(domain: Opened) -> None:
    outcomes = domain.write(create("a", "D1", 電話="03"), create("b", "D2"))
    refused = outcomes["a"]
    assert isinstance(refused, Rejected)
    assert refused.words == "the app takes no value for 電話"
    assert "tasuki fields" in refused.remedy
    assert isinstance(outcomes["b"], Confirmed)


@pytest.mark.parametrize(
    ("write", "code"),
    [
        (create("a", "D1", 更新日時="2026-01-01T00:00:00Z"), "NO_FIELD"),
        (create("a", "D1", 件名=True), "NO_FORM"),
        (create("a", "D1", 件名={"a": 1}), "NO_FORM"),
        (Write("a", Operation.CREATE, {"顧客名": "見本"}), "NO_KEY"),
    ],
)
def test_what_kintone_has_no_form_for_costs_no_call(
    domain: Opened, write: Write, code: str
) -> None:
    refused = domain.write(write)["a"]
    assert isinstance(refused, Rejected)
    assert refused.code == code
    assert domain.calls("PUT") == 0


def test_tables_people_and_amounts_arrive(domain: Opened) -> None:
    lines = [{"品名": "受付クラウド", "数量": 2, "金額": Decimal("1E+3")}]
    outcome = domain.write(
        create("a", "D1", 担当者="cs-team", 明細=lines, 契約金額=Decimal("1200.5"))
    )
    assert isinstance(outcome["a"], Confirmed)
    kept = values(domain, 1)
    assert kept["担当者"] == [{"code": "cs-team", "name": "cs-team"}]
    assert kept["契約金額"] == "1200.5"
    assert kept["明細"][0]["value"]["金額"] == {"type": "NUMBER", "value": "1000"}  # type: ignore[index]


def test_people_are_told_by_the_form_where_the_settings_say_nothing() -> None:
    apps = {"onboarding": {"app": 5, "token": "sandboxonboarding"}}
    with opened(settings={"apps": apps}) as domain:
        done = domain.write(create("a", "D1", 担当者=["cs-team"]))
        assert isinstance(done["a"], Confirmed)
        nobody = domain.write(create("b", "D2", 担当者=["nobody@sample.co.jp"]))["b"]
        assert isinstance(nobody, Rejected)
        assert "ログイン名" in nobody.remedy


def test_one_record_twice_is_written_in_the_order_given(domain: Opened) -> None:
    domain.fill(1)
    domain.write(update("a", "1", 件名="先"), update("b", "1", 件名="後"))
    assert values(domain, 1)["件名"] == "後"


def test_records_are_found_by_any_value_without_case(domain: Opened) -> None:
    domain.write(*(create(f"r{n}", f"key-{n}", 件名="同じ") for n in range(250)))
    find = domain.system.destination.find
    found = find("onboarding", "案件ID", ["KEY-7", "key-8", "none", 'a"b\\'])
    assert {value: [c.id for c in some] for value, some in found.items()} == {
        "KEY-7": ["8"],
        "key-8": ["9"],
    }
    assert len(find("onboarding", "件名", ["同じ"])["同じ"]) == 250


def test_a_long_question_goes_as_a_post_that_is_a_get(domain: Opened) -> None:
    domain.fill(400)
    present = domain.system.destination.fetch(
        "onboarding", [str(n) for n in range(1, 401)], ["顧客名"]
    )
    assert len(present) == 400
    assert present["400"] == {"顧客名": "会社400"}
    assert domain.calls("POST .*records") == 1


def test_everything_is_counted_and_swept(domain: Opened) -> None:
    domain.fill(700)
    destination = domain.system.destination
    assert destination.count("onboarding") == 700  # type: ignore[attr-defined]
    keys = list(destination.keys("onboarding", ["案件ID"]))  # type: ignore[attr-defined]
    assert keys[699].fields["案件ID"] == "D700"
    pages = destination.sweep("onboarding", SweepQuery(("顧客名",)))  # type: ignore[attr-defined]
    assert [len(page) for page in pages] == [500, 200]
    shown = destination.shown("onboarding", {"契約金額": Decimal(5), "件名": ""})  # type: ignore[attr-defined]
    assert shown == {"契約金額": Decimal(5), "件名": None}


def test_a_lost_answer_is_repeated_without_harm(domain: Opened) -> None:
    domain.server.faults.plant(Fault(Kind.RESET_AFTER, method="PUT", times=1))
    outcome = domain.write(create("a", "D1"))["a"]
    assert isinstance(outcome, Confirmed)
    assert outcome.created is False
    assert len(domain.domain.stores[5].rows) == 1
    (seen,) = domain.system.destination.probe("onboarding", [create("a", "D1")])
    assert [one.id for one in seen.found] == ["1"]


def test_what_is_done_stays_told_when_the_rest_meets_trouble(domain: Opened) -> None:
    writes = [create(f"r{n}", f"D{n}") for n in range(200)]
    domain.write(*writes[:1])
    fault = Fault(Kind.ERROR_BEFORE, method="PUT", skip=1, times=50, status=500)
    domain.server.faults.plant(fault)
    outcomes = domain.write(*writes)
    kinds = [type(outcomes[f"r{n}"]) for n in range(200)]
    assert kinds == [Confirmed] * 100 + [Deferred] * 100


def test_a_token_without_rights_stops_the_connection(domain: Opened) -> None:
    domain.domain.stores[5].app.rights = ("view",)
    with pytest.raises(AccessError) as caught:
        domain.write(create("a", "D1"))
    assert "レコード追加" in caught.value.remedy


def test_maintenance_is_waited_out_and_harms_nothing(domain: Opened) -> None:
    domain.act("maintain", on=True)
    with pytest.raises(TransientError) as caught:
        domain.read(onboardings())
    assert caught.value.code == "MAINTENANCE"
    domain.act("maintain", on=False)
    assert isinstance(domain.write(create("a", "D1"))["a"], Confirmed)
