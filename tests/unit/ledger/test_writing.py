"""What is written in one transaction, and what is read back."""

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tasuki.ledger import (
    ClaimTakenError,
    ConfirmRow,
    Ledger,
    MatchKeyRow,
    StateRow,
    encode,
)
from tasuki.model.errors import LedgerError
from tests.unit.ledger.material import (
    SYNC,
    ManualClock,
    decision,
    intent,
    letter,
    link,
)


def test_json_holds_no_floats_for_decimals_and_sorts_its_keys() -> None:
    assert encode({"b": Decimal("0.10"), "a": 1}) == '{"a":1,"b":"0.10"}'


def test_links_are_found_from_both_sides(ledger: Ledger) -> None:
    with ledger.transaction(None) as tx:
        tx.put_links([link(1), link(2), link(3, sync="other")])
    assert ledger.links(SYNC, ["c1", "c3", "c9"]) == {"c1": link(1)}
    assert ledger.link_targets(SYNC, ["c1", "c2"]) == {"c1": "00Q1", "c2": "00Q2"}
    assert ledger.reverse_links(SYNC, ["00Q2", "00Q3"]) == {"00Q2": "c2"}
    assert ledger.count_links(SYNC) == 2
    assert ledger.links(SYNC, ["c1"])["c1"].sent == {"LastName": "山田"}


def test_a_link_that_is_put_again_is_replaced(ledger: Ledger) -> None:
    with ledger.transaction(None) as tx:
        tx.put_links([link(1)])
        tx.put_links([link(1, destination_id="00QX", version="v2")])
    assert ledger.links(SYNC, ["c1"]) == {
        "c1": link(1, destination_id="00QX", version="v2")
    }


def test_a_detached_link_is_history(ledger: Ledger) -> None:
    with ledger.transaction(None) as tx:
        tx.put_links([link(1), link(2)])
        tx.detach_links(SYNC, ["c1"])
    assert ledger.links(SYNC, ["c1"])["c1"].state == "detached"
    assert ledger.link_targets(SYNC, ["c1", "c2"]) == {"c2": "00Q2"}
    assert ledger.reverse_links(SYNC, ["00Q1"]) == {}


def test_thousands_of_ids_are_one_question(ledger: Ledger) -> None:
    numbers = range(5000)
    with ledger.transaction(None) as tx:
        tx.put_links([link(number) for number in numbers])
    ids = [f"c{number}" for number in numbers]
    assert len(ledger.links(SYNC, [*ids, "nobody"])) == 5000


def test_ids_with_quotes_and_kanji_are_only_texts(ledger: Ledger) -> None:
    odd = ["o'brien", '"', "顧客１", "{a,b}", "100%", "a\\b", "null"]
    with ledger.transaction(None) as tx:
        tx.put_links([link(1, source_id=one) for one in odd])
    assert set(ledger.links(SYNC, odd)) == set(odd)


def test_nobody_asked_for_is_nobody_found(ledger: Ledger) -> None:
    assert ledger.links(SYNC, []) == {}
    assert ledger.open_intents(SYNC, []) == []
    assert ledger.claims([]) == {}


def test_an_intent_lives_from_planned_to_confirmed(
    ledger: Ledger, clock: ManualClock
) -> None:
    with ledger.transaction(None, "run1") as tx:
        tx.add_intents([intent(1), intent(2)])
    assert [row.state for row in ledger.open_intents(SYNC)] == ["planned", "planned"]
    clock.sleep(5)
    with ledger.transaction(None, "run2") as tx:
        tx.mark_sending(["I00001"])
    clock.sleep(5)
    with ledger.transaction(None, "run2") as tx:
        tx.confirm([ConfirmRow("I00001", "00Q1", encode({"id": "00Q1"}))])
    done = ledger.intents(["I00001"])["I00001"]
    assert (done.state, done.attempts, done.destination_id, done.run_id) == (
        "confirmed",
        1,
        "00Q1",
        "run2",
    )
    assert done.receipt == {"id": "00Q1"}
    assert (done.created_at, done.sent_at, done.done_at) == (
        "2026-04-01T00:00:00.000000+00:00",
        "2026-04-01T00:00:05.000000+00:00",
        "2026-04-01T00:00:10.000000+00:00",
    )
    assert [row.id for row in ledger.open_intents(SYNC, ["c1", "c2"])] == ["I00002"]


def test_an_intent_may_be_recorded_as_sent_at_once(ledger: Ledger) -> None:
    with ledger.transaction(None) as tx:
        tx.add_intents([intent(1)], "sending")
    row = ledger.intents(["I00001"])["I00001"]
    assert (row.state, row.attempts, row.sent_at) == ("sending", 1, row.created_at)


def test_a_write_in_doubt_keeps_its_quiet_time(ledger: Ledger) -> None:
    until = datetime(2026, 4, 1, 0, 1, tzinfo=UTC)
    with ledger.transaction(None) as tx:
        tx.add_intents([intent(1), intent(2)], "sending")
        tx.set_states([StateRow("I00001", "in_doubt", "no_answer", "reset", until)])
        tx.set_state(["I00002"], "rejected", "BAD", "no")
    row = ledger.open_intents(SYNC)[0]
    assert (row.id, row.state, row.quiet_until, row.error_words) == (
        "I00001",
        "in_doubt",
        until,
        "reset",
    )
    assert ledger.intents(["I00002"])["I00002"].done_at is not None


def test_only_open_intents_are_sent(ledger: Ledger) -> None:
    with ledger.transaction(None) as tx:
        tx.add_intents([intent(1), intent(2)])
        tx.set_state(["I00001"], "abandoned")
    with (
        pytest.raises(LedgerError, match="1 intents are no longer open"),
        ledger.transaction(None) as tx,
    ):
        tx.mark_sending(["I00001", "I00002"])
    assert ledger.intents(["I00002"])["I00002"].state == "planned"


def test_a_business_key_has_one_live_intent(ledger: Ledger) -> None:
    with ledger.transaction(None) as tx:
        tx.add_intents([intent(1, claim="deal-1")], "sending")

    def again() -> None:
        with ledger.transaction(None) as tx:
            tx.put_links([link(5)])
            tx.add_intents([intent(2, claim="deal-1", sync="other"), intent(3)])

    with pytest.raises(ClaimTakenError) as caught:
        again()
    assert {key: row.id for key, row in caught.value.taken.items()} == {
        "I00002": "I00001"
    }
    assert ledger.links(SYNC, ["c5"]) == {}
    assert set(ledger.intents(["I00001", "I00002", "I00003"])) == {"I00001"}


def test_two_intents_of_one_batch_cannot_share_a_business_key(ledger: Ledger) -> None:
    with pytest.raises(ClaimTakenError), ledger.transaction(None) as tx:
        tx.add_intents([intent(1, claim="deal-1"), intent(2, claim="deal-1")])
    assert ledger.claims(["deal-1"]) == {}


@pytest.mark.parametrize("state", ["confirmed", "held", "in_doubt", "sending"])
def test_a_claim_is_kept_while_its_document_may_exist(
    ledger: Ledger, state: str
) -> None:
    with ledger.transaction(None) as tx:
        tx.add_intents([intent(1, claim="deal-1")])
        tx.set_state(["I00001"], state)
    assert ledger.claims(["deal-1", "deal-2"])["deal-1"].id == "I00001"
    with pytest.raises(ClaimTakenError), ledger.transaction(None) as tx:
        tx.add_intents([intent(2, claim="deal-1")])


@pytest.mark.parametrize("state", ["rejected", "abandoned"])
def test_a_claim_is_given_back_when_nothing_was_made(
    ledger: Ledger, state: str
) -> None:
    with ledger.transaction(None) as tx:
        tx.add_intents([intent(1, claim="deal-1")])
        tx.set_state(["I00001"], state)
        tx.add_intents([intent(2, claim="deal-1")])
    assert ledger.claims(["deal-1"])["deal-1"].id == "I00002"


def test_a_claim_that_was_given_back_and_taken_is_not_taken_back(
    ledger: Ledger,
) -> None:
    with ledger.transaction(None) as tx:
        tx.add_intents([intent(1, claim="deal-1")])
        tx.set_state(["I00001"], "rejected")
        tx.add_intents([intent(2, claim="deal-1")])
    with (
        pytest.raises(LedgerError, match="two live rows for one business key"),
        ledger.transaction(None) as tx,
    ):
        tx.set_state(["I00001"], "planned")


def test_many_writers_at_once_make_one_document(ledger: Ledger) -> None:
    start, made, refused = threading.Barrier(6), [], []

    def work(number: int) -> None:
        start.wait()
        try:
            with ledger.transaction(None) as tx:
                tx.add_intents([intent(number, claim="deal-1")], "sending")
            made.append(number)
        except ClaimTakenError:
            refused.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), len(refused)) == (1, 5)


def test_an_error_inside_undoes_everything(ledger: Ledger) -> None:

    def fail() -> None:
        with ledger.transaction(None) as tx:
            tx.add_intents([intent(1)])
            tx.put_cursor(SYNC, "", "42", "r1")
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        fail()
    assert ledger.open_intents(SYNC) == []
    assert ledger.cursor(SYNC) is None


def test_the_cursor_moves_with_its_outcomes(ledger: Ledger) -> None:
    for position in ("10", "20"):
        with ledger.transaction(None, "run1") as tx:
            tx.put_cursor(SYNC, "", position, "r1")
            tx.put_cursor(SYNC, "2026", "5", "r1")
    stored = ledger.cursor(SYNC)
    assert stored is not None
    assert (stored.position, stored.revision, stored.run_id) == ("20", "r1", "run1")
    with ledger.transaction(None) as tx:
        tx.forget_cursor(SYNC)
    assert ledger.cursor(SYNC) is None
    assert ledger.cursor(SYNC, "2026") is not None


def test_the_last_decision_counts_and_all_are_kept(ledger: Ledger) -> None:
    with ledger.transaction(None) as tx:
        tx.add_decisions([decision(1, "skipped", "no_email"), decision(2, "sent")])
        tx.add_decisions([decision(1, "sent")])
    last = ledger.last_decisions(SYNC, ["c1", "c2", "c3"])
    assert {key: row.outcome for key, row in last.items()} == {
        "c1": "sent",
        "c2": "sent",
    }
    story = ledger.everything_about("c1")
    assert [row.outcome for row in story.decisions] == ["skipped", "sent"]


def test_a_child_is_ready_when_its_parent_is_linked(ledger: Ledger) -> None:
    with ledger.transaction(None) as tx:
        tx.add_decisions(
            [
                decision(1, "waiting", "customer", "p1"),
                decision(2, "waiting", "customer", "p2"),
                decision(3, "waiting", "customer", "p1"),
                decision(3, "sent"),
            ]
        )
    assert ledger.ready_after_wait(SYNC) == []
    with ledger.transaction(None) as tx:
        tx.put_links([link(9, source_id="p1", sync="customer")])
    assert ledger.ready_after_wait(SYNC) == ["c1"]


def test_held_records_come_up_after_a_while(ledger: Ledger, clock: ManualClock) -> None:
    with ledger.transaction(None) as tx:
        tx.add_decisions([decision(1, "held", "ambiguous_match")])
    clock.sleep(100)
    with ledger.transaction(None) as tx:
        tx.add_decisions([decision(2, "held", "ambiguous_match")])
    assert ledger.held_before(SYNC, clock.now() - timedelta(seconds=50)) == ["c1"]


def test_a_dead_letter_that_comes_back_is_counted(
    ledger: Ledger, clock: ManualClock
) -> None:
    for cause in ("A", "B"):
        with ledger.transaction(None) as tx:
            tx.put_dead_letters([letter(1, cause), letter(2, "B")])
        clock.sleep(60)
    found = {row.source_id: row for row in ledger.dead_letters(SYNC)}
    assert (found["c1"].cause, found["c1"].times) == ("B", 2)
    assert found["c1"].first_at < found["c1"].last_at
    assert [(row.cause, row.times) for row in ledger.causes()] == [("B", 2)]


def test_a_replayed_letter_is_tried_and_then_solved_or_open_again(
    ledger: Ledger,
) -> None:
    with ledger.transaction(None) as tx:
        tx.put_dead_letters([letter(1), letter(2), letter(3)])
    ids = {row.source_id: row.id for row in ledger.dead_letters(SYNC)}
    assert ledger.replay([ids["c1"], ids["c2"]]) == 2
    assert ledger.drop([ids["c3"]]) == 1
    assert ledger.replayed(SYNC) == ["c1", "c2"]
    with ledger.transaction(None) as tx:
        assert tx.resolve_dead_letters(SYNC, ["c1", "c9"]) == 1
        tx.put_dead_letters([letter(2)])
    assert ledger.replayed(SYNC) == []
    assert [row.source_id for row in ledger.dead_letters(SYNC)] == ["c2"]
    again = ledger.dead_letter(ids["c2"])
    assert again is not None
    assert (again.state, again.times) == ("open", 2)
    assert ledger.replay([ids["c3"]]) == 0


def test_twins_are_noticed_while_the_first_may_exist(ledger: Ledger) -> None:
    with ledger.transaction(None) as tx:
        tx.put_match_keys(
            [MatchKeyRow("h1", SYNC, "c1"), MatchKeyRow("h2", SYNC, "c2")]
        )
        tx.add_intents([intent(1)], "sending")
        tx.put_links([link(2)])
    assert ledger.match_keys(SYNC, ["h1", "h2", "h3"]) == {"h1": "c1", "h2": "c2"}
    with ledger.transaction(None) as tx:
        tx.set_state(["I00001"], "rejected")
    assert ledger.match_keys(SYNC, ["h1"]) == {}
    with ledger.transaction(None) as tx:
        tx.put_match_keys([MatchKeyRow("h1", SYNC, "c2")])
    assert ledger.match_keys(SYNC, ["h1"]) == {"h1": "c2"}


def test_everything_about_a_record_is_found_from_either_id(ledger: Ledger) -> None:
    with ledger.transaction(None) as tx:
        tx.put_links([link(1)])
        tx.add_intents([intent(1)])
        tx.put_dead_letters([letter(1)])
    for asked in ("c1", "00Q1"):
        story = ledger.everything_about(asked)
        assert [row.destination_id for row in story.links] == ["00Q1"]
        assert [row.id for row in story.intents] == ["I00001"]
        assert [row.source_id for row in story.dead_letters] == ["c1"]


def test_runs_are_listed_newest_first(ledger: Ledger, clock: ManualClock) -> None:
    for number in (1, 2):
        ledger.start_run(f"run{number}", SYNC, "run")
        clock.sleep(1)
    with ledger.transaction(None) as tx:
        tx.finish_run("run1", "done", {"created": 3}, {"hubspot": 7})
    ledger.finish_run("run2", "failed", {}, {}, "no network")
    assert [row.id for row in ledger.runs(SYNC)] == ["run2", "run1"]
    assert [row.id for row in ledger.runs(limit=1)] == ["run2"]
    first = ledger.run("run1")
    assert first is not None
    assert (first.state, first.counts, first.calls) == (
        "done",
        {"created": 3},
        {"hubspot": 7},
    )


def test_a_connection_remembers_its_account(ledger: Ledger) -> None:
    ledger.remember_connection("crm", "salesforce", "00D1")
    ledger.remember_connection("crm", "salesforce", "00D2")
    assert [row.account for row in ledger.connections()] == ["00D2"]


@pytest.mark.parametrize("shared", ["o'clock", "a?b", "", "後'株'", "x" * 500])
def test_what_all_rows_share_comes_back_as_it_was_given(
    ledger: Ledger, shared: str
) -> None:
    rows = [link(number, revision=shared) for number in (1, 2, 3)]
    with ledger.transaction(None, run_id="run'1") as tx:
        tx.put_links(rows)
        new = [intent(n)._replace(key_field=shared) for n in (1, 2)]
        tx.add_intents(new, "sending")
        tx.confirm([ConfirmRow(row.id, "00Q1", '{"a":"\'?"}') for row in new])
    found = ledger.links(SYNC, ["c1", "c2", "c3"])
    assert [found[row.source_id] for row in rows] == rows
    intents = ledger.intents([row.id for row in new]).values()
    assert {row.key_field for row in intents} == {shared}
    assert {row.receipt["a"] for row in intents} == {"'?"}
    assert {row.run_id for row in intents} == {"run'1"}
