"""A handoff's life: opened, accepted, given back, refused at the gate; the worked cases."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.insight.handoff import Passage, Skip
from tasuki.insight.handoff_board import Standing, standing_of
from tasuki.insight.handoff_rule import SalesModel
from tests.unit.insight.handoff_material import (
    HEAD,
    INVOICES,
    LEADS,
    MQL,
    WON,
    jst,
    looked_at,
    model_of,
    told,
    written,
)


@pytest.fixture
def model(tmp_path: Path) -> SalesModel:
    return model_of(tmp_path, HEAD + MQL + WON)


def gated(tmp_path: Path, criteria: str, more: str = "") -> SalesModel:
    gate = f"    entry_criteria: {criteria}\n"
    return model_of(tmp_path, HEAD + MQL + gate + more)


ENTERED = "2025-05-20 09:00 person/1 mql"


def test_accepted_after_nine_business_hours_is_late(model: SalesModel) -> None:
    """Worked case: Tuesday 09:00 to Wednesday 09:00, 24 hours by the clock."""
    events = told(f"{ENTERED}\n2025-05-21 09:00 person/1 sal actor=005B")
    (row,) = looked_at(model, events, "2025-05-21 10:00").new
    assert row.state == "accepted"
    assert row.closed_by == "005B"
    assert model.hours.worked(row.opened_at, jst("2025-05-21 09:00")) == timedelta(
        hours=9
    )
    assert standing_of(row, jst("2025-05-21 10:00")) is Standing.LATE


def test_a_weekend_is_no_time_lost(model: SalesModel) -> None:
    """Worked case: Saturday 09:00 to Monday 09:00, 48 hours by the clock."""
    events = told("2025-04-05 09:00 person/1 mql\n2025-04-07 09:00 person/1 sal")
    (row,) = looked_at(model, events, "2025-04-07 10:00").new
    assert standing_of(row, jst("2025-04-07 10:00")) is Standing.MET


def test_golden_week_is_left_out_of_what_an_open_one_has_waited(
    model: SalesModel,
) -> None:
    """Worked case: 54 business days of nine hours from 11 April to 1 July."""
    (row,) = looked_at(
        model, told("2025-04-11 09:00 person/1 mql"), "2025-07-01 00:00"
    ).new
    assert row.state == "open"
    assert row.due_at == jst("2025-04-11 17:00")
    now = jst("2025-07-01 00:00")
    assert standing_of(row, now) is Standing.BREACHED
    assert model.hours.worked(row.opened_at, now) == timedelta(hours=486)


def test_what_was_long_open_when_the_hub_came_is_left_alone(
    model: SalesModel, tmp_path: Path
) -> None:
    events = told(
        """
        2025-01-06 09:00 person/1 mql
        2025-01-06 09:00 person/2 mql
        2025-01-07 09:00 person/2 sal
        2025-05-10 09:00 person/3 mql
        """
    )
    looked = looked_at(model, events, "2025-05-20 09:00", began="2025-05-20 09:00")
    states = {row.subject: row.state for row in looked.new}
    assert states == {"person/2": "accepted", "person/3": "open"}
    # Taken up after all: from then on it counts, as late as it was.
    late = told("2025-01-06 09:00 person/1 mql\n2025-05-21 09:00 person/1 sal")
    (row,) = looked_at(model, late, "2025-05-22 09:00", began="2025-05-20 09:00").new
    assert standing_of(row, jst("2025-05-22 09:00")) is Standing.LATE
    since = model_of(tmp_path, HEAD + MQL + "    since: 2025-01-01\n")
    again = looked_at(since, events, "2025-05-20 09:00", began="2025-05-20 09:00")
    assert {row.subject for row in again.new} == {"person/1", "person/2", "person/3"}


@pytest.mark.parametrize(
    ("now", "standing"),
    [
        ("2025-05-20 14:59", Standing.ON_TIME),
        ("2025-05-20 15:00", Standing.NEAR),
        ("2025-05-20 17:00", Standing.NEAR),
        ("2025-05-20 17:01", Standing.BREACHED),
    ],
)
def test_lateness_is_a_comparison_of_stored_times(
    model: SalesModel, now: str, standing: Standing
) -> None:
    (row,) = looked_at(model, told(ENTERED), now).new
    assert standing_of(row, jst(now)) is standing


def test_given_back_with_a_reason(model: SalesModel) -> None:
    events = told(
        f"{ENTERED}\n2025-05-20 11:00 person/1 recycled reason=not_icp actor=005B"
    )
    (row,) = looked_at(model, events, "2025-05-20 12:00").new
    assert (row.state, row.reason, row.closed_by) == ("rejected", "not_icp", "005B")


def test_the_reason_may_be_a_fact_and_stays_the_one_that_was_known(
    model: SalesModel,
) -> None:
    events = told(f"{ENTERED}\n2025-05-20 11:00 person/1 recycled")
    facts = [("person/1", "reject_reason", "bad_data")]
    rows = looked_at(model, events, "2025-05-20 12:00", facts=facts).new
    assert rows[0].reason == "bad_data"
    facts = [("person/1", "reject_reason", "not_icp")]
    events += told("2025-06-02 09:00 person/1 mql\n2025-06-02 10:00 person/1 recycled")
    steps = looked_at(model, events, "2025-06-03 12:00", stored=rows, facts=facts)
    assert [row.reason for row in written(rows, steps)] == ["bad_data", "not_icp"]


def test_entered_again_after_it_was_given_back_is_another_handoff(
    model: SalesModel,
) -> None:
    events = told(
        f"{ENTERED}\n2025-05-20 11:00 person/1 recycled\n2025-06-02 09:00 person/1 mql"
    )
    first, second = looked_at(model, events, "2025-06-02 10:00").new
    assert (first.state, second.state) == ("rejected", "open")
    assert second.opened_at == jst("2025-06-02 09:00")


def test_an_acceptance_counts_for_its_own_round_only(model: SalesModel) -> None:
    events = told(
        f"{ENTERED}\n2025-05-20 10:00 person/1 sal\n2025-05-21 11:00 person/1 recycled\n"
        "2025-06-02 09:00 person/1 mql"
    )
    first, second = looked_at(model, events, "2025-06-02 10:00").new
    assert (first.state, second.state) == ("accepted", "open")


def test_what_was_sent_on_and_is_skipped_now_still_waits_for_an_answer(
    model: SalesModel,
) -> None:
    skip = Skip(LEADS, "with_sales", jst("2025-05-20 11:00"))
    done = {"person/1": Passage({LEADS: jst("2025-05-20 09:05")}, (skip,))}
    (row,) = looked_at(model, told(ENTERED), "2025-05-20 12:00", passages=done).new
    assert row.state == "open"


def test_told_by_two_systems_it_is_one_handoff(model: SalesModel) -> None:
    events = told(f"{ENTERED}\n2025-05-20 09:05 person/1 mql source=salesforce")
    (row,) = looked_at(model, events, "2025-05-20 10:00").new
    assert row.opened_at == jst("2025-05-20 09:00")


def test_entered_again_while_accepted_opens_nothing(model: SalesModel) -> None:
    events = told(
        f"{ENTERED}\n2025-05-20 10:00 person/1 sal\n2025-05-22 09:00 person/1 mql"
    )
    assert len(looked_at(model, events, "2025-05-23 09:00").new) == 1


def test_accepted_before_marketing_said_so_is_accepted_at_once(
    model: SalesModel,
) -> None:
    events = told("2025-05-20 09:00 person/1 sal\n2025-05-20 09:10 person/1 mql")
    (row,) = looked_at(model, events, "2025-05-21 09:00").new
    assert (row.state, row.closed_at) == ("accepted", row.opened_at)


def test_what_follows_from_a_person_accepts_their_handoff(model: SalesModel) -> None:
    events = told(f"{ENTERED}\n2025-05-20 10:00 deal/7 sql source=salesforce")
    facts = [("deal/7", "person", "person/1")]
    (row,) = looked_at(model, events, "2025-05-20 12:00", facts=facts).new
    assert row.state == "accepted"
    (other,) = looked_at(model, events, "2025-05-20 12:00").new
    assert other.state == "open"


def test_what_a_mapping_sent_accepts_it(model: SalesModel) -> None:
    events = told("2025-05-20 09:00 deal/7 won source=salesforce")
    sent = {"deal/7": Passage({INVOICES: jst("2025-05-20 10:30")})}
    (row,) = looked_at(model, events, "2025-05-21 09:00", passages=sent).new
    assert (row.state, row.closed_at) == ("accepted", jst("2025-05-20 10:30"))


def test_a_reopened_deal_withdraws_its_handoff(model: SalesModel) -> None:
    events = told("2025-05-20 09:00 deal/7 won\n2025-05-20 10:00 deal/7 reopened")
    (row,) = looked_at(model, events, "2025-05-21 09:00").new
    assert row.state == "withdrawn"


def test_looking_twice_finds_nothing_more(model: SalesModel) -> None:
    events = told(
        f"{ENTERED}\n2025-05-20 11:00 person/1 recycled\n2025-06-02 09:00 person/1 mql\n"
        "2025-05-20 09:00 deal/7 won"
    )
    rows = looked_at(model, events, "2025-06-02 10:00").new
    again = looked_at(model, events, "2025-06-03 10:00", stored=rows)
    assert not again.new
    assert not again.changes


def test_due_times_are_computed_once(model: SalesModel, tmp_path: Path) -> None:
    rows = looked_at(model, told(ENTERED), "2025-05-20 10:00").new
    stricter = model_of(tmp_path, (HEAD + MQL).replace("8 business_hours,", "1 hour,"))
    events = told(
        f"{ENTERED}\n2025-05-20 16:00 person/1 sal\n2025-05-20 16:30 person/2 mql"
    )
    rows = written(rows, looked_at(stricter, events, "2025-05-20 17:00", stored=rows))
    old, new = rows
    assert (old.due_at, old.state) == (jst("2025-05-20 17:00"), "accepted")
    assert new.due_at == jst("2025-05-20 17:30")
    assert old.rule_hash != new.rule_hash


def test_a_late_event_moves_the_closing_and_not_what_is_due(model: SalesModel) -> None:
    events = told(f"{ENTERED}\n2025-05-20 16:00 person/1 sal")
    rows = looked_at(model, events, "2025-05-20 17:00").new
    earlier = told("2025-05-20 08:00 person/1 mql\n2025-05-20 12:00 person/1 sal")
    steps = looked_at(model, [*events, *earlier], "2025-05-20 18:00", stored=rows)
    ((before, after),) = steps.changes
    assert not steps.new
    assert after.closed_at == jst("2025-05-20 12:00")
    assert (after.opened_at, after.due_at) == (before.opened_at, before.due_at)


def test_what_does_not_meet_the_criteria_stops_at_the_gate(tmp_path: Path) -> None:
    model = gated(
        tmp_path,
        "{all: [{field: email, is: present}, {field: score, gte: 60},"
        ' {reason: free_mail, formula: domain(email) not in list("free_mail_domains")}]}',
    )
    facts = [
        ("person/1", "email", "a@gmail.com"),
        ("person/1", "score", "59"),
        ("person/2", "email", "b@sample.co.jp"),
        ("person/2", "score", "60"),
    ]
    events = told(
        f"{ENTERED}\n2025-05-20 09:01 person/2 mql\n2025-05-20 09:02 person/3 mql"
    )
    first, second, third = looked_at(model, events, "2025-05-20 10:00", facts=facts).new
    assert (first.state, first.failed) == (
        "rejected_at_gate",
        ("score_not_gte_60", "free_mail"),
    )
    assert second.state == "open"
    assert third.failed[:2] == ("email_absent", "score_not_gte_60")


def test_one_of_several_criteria_is_enough(tmp_path: Path) -> None:
    model = gated(
        tmp_path, "{any: [{field: score, gte: 60}, {field: plan, in: [pro, team]}]}"
    )
    facts = [("person/1", "plan", "team"), ("person/2", "plan", "free")]
    events = told(f"{ENTERED}\n2025-05-20 09:01 person/2 mql")
    first, second = looked_at(model, events, "2025-05-20 10:00", facts=facts).new
    assert first.state == "open"
    assert second.failed == ("score_not_gte_60", "plan_not_in_list")


def test_a_mappings_reason_to_skip_is_the_reason_at_the_gate(model: SalesModel) -> None:
    skip = Skip(LEADS, "free_mail", jst("2025-05-20 09:15"))
    rows = looked_at(model, told(ENTERED), "2025-05-20 09:10").new
    assert rows[0].state == "open"
    steps = looked_at(
        model, told(ENTERED), "2025-05-20 10:00", stored=rows,
        passages={"person/1": Passage(skips=(skip,))},
    )  # fmt: skip
    ((_, after),) = steps.changes
    assert (after.state, after.failed) == ("rejected_at_gate", ("free_mail",))
    assert after.closed_at == jst("2025-05-20 09:15")


def test_what_passes_the_gate_later_is_opened_anew_from_then_on(
    model: SalesModel,
) -> None:
    skip = Skip(LEADS, "below_threshold", jst("2025-05-20 09:15"))
    refused = {"person/1": Passage(skips=(skip,))}
    rows = looked_at(model, told(ENTERED), "2025-05-20 10:00", passages=refused).new
    sent = {"person/1": Passage({LEADS: jst("2025-05-22 14:00")})}
    steps = looked_at(
        model, told(ENTERED), "2025-05-22 15:00", stored=rows, passages=sent
    )
    (row,) = steps.new
    assert not steps.changes
    assert (row.state, row.opened_at) == ("open", jst("2025-05-22 14:00"))
    rows = written(rows, steps)
    again = looked_at(
        model, told(ENTERED), "2025-05-22 16:00", stored=rows, passages=sent
    )
    assert not again.new
    assert not again.changes


def test_what_people_take_in_spite_of_the_gate_is_accepted_and_says_so(
    tmp_path: Path,
) -> None:
    model = gated(tmp_path, "{all: [{field: score, gte: 60}]}")
    rows = looked_at(model, told(ENTERED), "2025-05-20 10:00").new
    events = told(f"{ENTERED}\n2025-05-20 11:00 person/1 sal")
    ((_, after),) = looked_at(model, events, "2025-05-20 12:00", stored=rows).changes
    assert (after.state, after.failed) == ("accepted", ("score_not_gte_60",))


def test_outside_of_the_pilot_nothing_is_due(tmp_path: Path) -> None:
    scope = "    scope: {team: [東日本], product: a}\n"
    model = model_of(tmp_path, HEAD + MQL + scope)
    facts = [
        ("person/1", "team", "東日本"),
        ("person/1", "product", "a"),
        ("person/2", "team", "西日本"),
        ("person/2", "product", "a"),
    ]
    events = told(f"{ENTERED}\n2025-05-20 09:01 person/2 mql")
    first, second = looked_at(model, events, "2025-05-20 10:00", facts=facts).new
    assert (first.state, second.state) == ("open", "out_of_scope")


def test_entries_before_the_start_open_nothing(tmp_path: Path) -> None:
    model = model_of(tmp_path, HEAD + MQL + "    since: 2025-05-21\n")
    events = told("2025-05-20 23:59 person/1 mql\n2025-05-21 00:00 person/2 mql")
    (row,) = looked_at(model, events, "2025-05-21 10:00").new
    assert row.subject == "person/2"


def test_two_that_turn_out_to_be_one_are_one_handoff(model: SalesModel) -> None:
    events = told(f"{ENTERED}\n2025-05-20 09:30 person/2 mql")
    rows = looked_at(model, events, "2025-05-20 10:00").new
    events += told("2025-05-20 11:00 person/2 merged into=person/1")
    rows = written(rows, looked_at(model, events, "2025-05-20 12:00", stored=rows))
    assert [row.state for row in rows] == ["open", "merged"]
    again = looked_at(model, events, "2025-05-20 13:00", stored=rows)
    assert not again.new
    assert not again.changes


TIME_LINE = st.lists(
    st.tuples(
        st.integers(0, 200),
        st.sampled_from(["person/1", "person/2"]),
        st.sampled_from(["mql", "sal", "recycled", "lost", "disqualified"]),
    ),
    max_size=14,
)


@given(TIME_LINE, st.integers(0, 14))
def test_however_often_one_looks_the_rows_are_whole(
    tmp_path_factory: pytest.TempPathFactory,
    line: list[tuple[int, str, str]],
    first: int,
) -> None:
    """Looking in between changes no due time, and nothing is opened twice."""
    model = model_of(tmp_path_factory.mktemp("m"), HEAD + MQL)
    events = [
        told(
            f"2025-05-{1 + hour // 24:02} {hour % 24:02}:00 {subject} {stage} event={n}"
        )[0]
        for n, (hour, subject, stage) in enumerate(line)
    ]
    part = written((), looked_at(model, events[:first], "2025-06-01 08:00"))
    twice = written(part, looked_at(model, events, "2025-06-01 09:00", stored=part))
    again = looked_at(model, events, "2025-06-01 10:00", stored=twice)
    assert not again.new
    assert not again.changes
    assert len({row.id for row in twice}) == len(twice)
    for row in twice:
        assert row.opened_at < row.due_at
        assert row.closed_at is None or row.closed_at >= row.opened_at
        assert (row.state == "open") is (row.closed_at is None)
