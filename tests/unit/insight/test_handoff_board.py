"""How handoffs stand: whose turn, whose delay, what is due next, bad ones by source."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tasuki.insight.handoff import Passage, Skip, Stuck
from tasuki.insight.handoff_board import (
    Cause,
    Judged,
    Looked,
    Standing,
    Why,
    judge,
    worst_first,
)
from tasuki.insight.handoff_gate import by_source
from tasuki.insight.handoff_rule import SalesModel
from tasuki.insight.handoff_words import late_by, step, what_to_do, who, why
from tests.unit.insight.handoff_material import (
    HEAD,
    LEADS,
    MQL,
    jst,
    looked_at,
    model_of,
    told,
)

ENTERED = "2025-05-20 09:00 person/1 mql actor=005B"
SENT = {LEADS: jst("2025-05-20 09:00")}
NOW = "2025-05-21 10:00"
RAN = {LEADS: jst("2025-05-20 09:30")}


@pytest.fixture
def model(tmp_path: Path) -> SalesModel:
    return model_of(tmp_path, HEAD + MQL)


def judged(
    model: SalesModel,
    events: str = ENTERED,
    now: str = NOW,
    passage: Passage | None = None,
    runs: dict | None = None,
) -> Judged:
    rows = looked_at(model, told(events), now).new
    done = {"person/1": passage} if passage else {}
    looked = Looked(done, RAN if runs is None else runs)
    return judge(model, rows, looked, jst(now))[0]


def stuck(kind: str) -> Passage:
    one = Stuck(
        kind,
        LEADS,
        "hubspot/contacts/1",
        "too_long",
        jst("2025-05-20 09:30"),
        "tasuki x",
    )
    return Passage(stuck=(one,))


def test_a_delay_of_people_names_who_and_what_to_do(model: SalesModel) -> None:
    one = judged(model, passage=Passage(SENT))
    assert (one.standing, one.cause, one.why) == (
        Standing.BREACHED,
        Cause.PEOPLE,
        Why.RECEIVER,
    )
    assert one.late_by == timedelta(hours=2)
    assert late_by(one, model, "ja") == "2.0 営業時間"
    assert who(model, one, "ja") == "佐藤"
    assert what_to_do(model, one, "ja") == "佐藤が受領するか、理由を付けて差し戻す"
    assert why(one, "en") == "waits for the receivers"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("dead", Why.DEAD), ("held", Why.HELD), ("in_doubt", Why.IN_DOUBT)],
)
def test_what_the_hub_did_not_send_is_its_own_delay(
    model: SalesModel, kind: str, reason: Why
) -> None:
    one = judged(model, passage=stuck(kind))
    assert (one.cause, one.why) == (Cause.HUB, reason)
    assert "tasuki x" in what_to_do(model, one, "ja")
    assert one.hub_took == timedelta(hours=10)


def test_a_sync_that_stands_still_is_the_hubs_delay(model: SalesModel) -> None:
    assert judged(model, runs={}).why is Why.NO_RUN
    stale = {LEADS: jst("2025-05-20 08:59")}
    assert judged(model, runs=stale).why is Why.NO_RUN
    assert judged(model).why is Why.NOT_SENT


def test_sent_late_is_the_hubs_delay_only_where_people_needed_no_longer_than_agreed(
    model: SalesModel,
) -> None:
    accepted = f"{ENTERED}\n2025-05-21 12:00 person/1 sal"
    late = Passage({LEADS: jst("2025-05-20 14:00")})
    one = judged(model, accepted, "2025-05-22 09:00", late)
    assert (one.standing, one.cause, one.why) == (
        Standing.LATE,
        Cause.HUB,
        Why.SENT_LATE,
    )
    assert one.hub_took == timedelta(hours=5)
    assert "5.0" in why(one, "ja")
    soon = Passage({LEADS: jst("2025-05-20 10:00")})
    assert judged(model, accepted, "2025-05-22 09:00", soon).cause is Cause.PEOPLE


def test_where_no_mapping_carries_it_a_delay_is_people_s(tmp_path: Path) -> None:
    model = model_of(tmp_path, HEAD + MQL + "    carried_by: []\n")
    assert judged(model, runs={}).cause is Cause.PEOPLE


def test_in_time_nobody_is_asked(model: SalesModel) -> None:
    one = judged(model, now="2025-05-20 12:00")
    assert (one.standing, one.cause, one.steps) == (Standing.ON_TIME, None, ())
    assert what_to_do(model, one, "ja") == ""


def test_the_escalation_comes_step_by_step_in_business_hours(model: SalesModel) -> None:
    one = judged(model, now="2025-05-20 17:01", passage=Passage(SENT))
    assert [due.tell for due in one.steps] == ["owner"]
    assert one.following is not None
    assert one.following.at == jst("2025-05-21 12:00")
    assert one.following.person is not None
    assert one.following.person.name == "田中"
    one = judged(model, now="2025-05-21 16:01", passage=Passage(SENT))
    assert [due.tell for due in one.steps] == ["owner", "manager", "round_robin"]
    last = one.steps[-1]
    assert last.person is not None
    assert last.person.id == "tanaka"
    assert step(model, last, one, "ja") == "担当の変更を提案: 田中"
    assert one.following is None


def test_who_holds_two_departments_is_named_with_both(model: SalesModel) -> None:
    one = judged(model, ENTERED.replace("005B", "005A"), passage=Passage(SENT))
    assert (
        who(model, one, "ja") == "田中（インサイドセールス・フィールドセールス 兼務）"
    )


def test_an_owner_of_another_department_is_not_the_one_to_ask(
    model: SalesModel,
) -> None:
    one = judged(model, ENTERED.replace("005B", "suzuki"), passage=Passage(SENT))
    assert one.who is not None
    assert one.who.id == "tanaka"


def test_given_back_without_an_agreed_reason_is_told(model: SalesModel) -> None:
    back = f"{ENTERED}\n2025-05-20 11:00 person/1 recycled"
    assert judged(model, back).unexplained
    assert not judged(model, f"{back} reason=not_icp").unexplained
    assert judged(model, f"{back} reason=somehow").unexplained


def test_the_most_pressing_come_first(model: SalesModel) -> None:
    events = told(
        "2025-05-21 09:30 person/1 mql\n2025-05-20 09:00 person/2 mql\n"
        "2025-05-19 09:00 person/3 mql\n2025-05-20 11:00 person/4 mql"
    )
    rows = looked_at(model, events, NOW).new
    order = worst_first(judge(model, rows, Looked(), jst(NOW)))
    assert [one.row.subject[-1] for one in order] == ["3", "2", "4", "1"]


def test_bad_leads_are_told_by_source_with_their_reasons(model: SalesModel) -> None:
    lines = []
    facts, passages = [], {}
    for number in range(20):
        name, channel = f"person/{number}", "展示会" if number < 10 else "自然検索"
        lines.append(f"2025-05-20 09:00 {name} mql")
        facts.append((name, "source", channel))
        if number < 4:
            at = jst("2025-05-20 09:05")
            reason = "free_mail" if number < 3 else "no_email"
            passages[name] = Passage(skips=(Skip(LEADS, reason, at),))
        elif number < 7:
            lines.append(f"2025-05-20 10:00 {name} recycled reason=not_icp")
        elif number < 16:
            lines.append(f"2025-05-20 10:00 {name} sal")
    rows = looked_at(
        model, told("\n".join(lines)), NOW, facts=facts, passages=passages
    ).new
    fair, search = by_source(rows)
    assert (fair.channel, fair.entered, fair.at_gate, fair.passed) == (
        "展示会",
        10,
        4,
        6,
    )
    assert dict(fair.gate) == {"free_mail": 3, "no_email": 1}
    assert (fair.accepted, dict(fair.rejected)) == (3, {"not_icp": 3})
    assert fair.acceptance == Decimal("0.5000")
    assert (search.accepted, search.waiting, search.at_gate) == (6, 4, 0)
    assert search.to_json()["acceptance_rate"] == Decimal("1.0000")


def test_what_passed_the_gate_later_counts_as_passed(model: SalesModel) -> None:
    skip = Skip(LEADS, "free_mail", jst("2025-05-20 09:05"))
    refused = {"person/1": Passage(skips=(skip,))}
    rows = looked_at(model, told(ENTERED), NOW, passages=refused).new
    sent = {"person/1": Passage({LEADS: jst("2025-05-21 09:00")})}
    rows += looked_at(model, told(ENTERED), NOW, stored=rows, passages=sent).new
    for order in (rows, rows[::-1]):
        (line,) = by_source(order)
        assert (line.entered, line.at_gate, line.waiting) == (1, 0, 1)
