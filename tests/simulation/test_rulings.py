"""What people decide about holds is carried out once, wherever the process dies."""

from collections.abc import Callable

import pytest

from tasuki.engine.answer import Answer, ruling_of, settled
from tasuki.engine.explain import explain
from tasuki.engine.preview import preview_sync
from tasuki.engine.run import run_sync
from tasuki.engine.sync import Options
from tasuki.engine.tally import Ending, RunReport
from tasuki.model.errors import ConfigError
from tasuki.model.write import WriteClass
from tasuki.testing import FakeFault, FakeStream, FakeSystem, Lie, fake_sync, mapping_of
from tests.simulation.killing import (
    LEASE,
    Killer,
    Stage,
    check,
    check_rerun_is_quiet,
    creations,
    kill_everywhere,
    open_intents,
    rows,
    updates,
)
from tests.simulation.ruling import (
    decide,
    outcomes,
    rulings,
    the_hold,
)
from tests.simulation.scenes import LEADS, Scene

NewScene = Callable[[], Scene]
# Every step is killed at in the long runs, some of them in the short ones.
steps = pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.soak)])
HOUR = 3700.0
BY_NUMBER = """
version: 1
source: sfa/Deal
destination: books/invoice
write: once
key: number
match: [{subject: name}]
fields: {subject: name, total: amount}
write_back: {invoice_id: = receipt.id, invoice_number: = receipt.number}
on_change: hold
"""
NOTES = """
version: 1
source: sfa/Deal
destination: chat/message
match: [{text: name}]
fields: {text: name}
"""


def done(told: RunReport | Killer) -> RunReport:
    assert isinstance(told, RunReport)
    assert told.state == "done", told.error
    return told


def two_candidates(scene: Scene) -> Stage:
    """p1 may be either of two leads; p2 is new."""
    stage = scene.leads(people=2)
    stage.destination.put("Lead", "L-1", Email="p1@x.jp")
    stage.destination.put("Lead", "L-2", Email="p1@x.jp")
    report = done(stage.run())
    assert report.tally.reasons_of(Ending.HELD) == {"ambiguous_match": 1}
    return stage


def invoices(
    scene: Scene, text: str = BY_NUMBER, count: int = 2, to: FakeStream | None = None
) -> Stage:
    sfa = FakeSystem(
        scene.clock, FakeStream("Deal", page_size=2, batch_size=2), name="sfa"
    )
    stream = to or FakeStream("invoice", WriteClass.MARKER, batch_size=1)
    name = "chat" if stream.name == "message" else "books"
    books = FakeSystem(scene.clock, stream, name=name)
    for n in range(1, count + 1):
        sfa.put("Deal", f"d{n}", name=f"D{n}", amount=n, number=f"no-{n}")
    return Stage(mapping_of(text, "own"), sfa, books, scene.ledger, scene.clock)


def in_doubt(scene: Scene) -> Stage:
    """d1's invoice never had an answer, five times over; a person is asked."""
    stage = invoices(scene, BY_NUMBER.replace("match: [{subject: name}]\n", ""))
    stage.destination.plant(FakeFault(Lie.LOST_BEFORE, times=0, stream="invoice"))
    for _ in range(6):
        stage.run()
        stage.clock.advance(HOUR)
    stage.destination.tell_the_truth()
    assert [h.reason for h in stage.ledger.holds("own")] == ["in_doubt"] * 2
    return stage


# -- which counterpart -----------------------------------------------------------------


def test_a_candidate_that_is_chosen_is_linked_and_written_to(scene: Scene) -> None:
    stage = two_candidates(scene)
    hold = the_hold(stage, "p1")
    assert [c["ref"] for c in hold.question["candidates"]] == [
        "sfa/Lead/L-1",
        "sfa/Lead/L-2",
    ]
    assert hold.choices == ("attach", "create")
    decide(stage, "p1", "attach", "L-2")
    report = done(stage.run())
    assert (report.left_over(), report.tally.ruled) == (0, {"carried_out": 1})
    leads = stage.destination.records("Lead")
    assert (leads["L-2"]["Person_Id"], leads["L-1"].get("Person_Id")) == ("p1", None)
    assert stage.ledger.holds() == []
    assert stage.source.records("people")["p1"]["lead_id"] == "L-2"
    check_rerun_is_quiet(stage)


def test_a_plan_shows_what_an_approval_will_do(scene: Scene) -> None:
    stage = two_candidates(scene)
    decide(stage, "p1", "attach", "sfa/Lead/L-2")
    sync = fake_sync(stage.mapping, stage.source, stage.destination, stage.ledger)
    (change,) = preview_sync(sync).changes
    assert (change.action, change.target) == ("update", "sfa/Lead/L-2")
    assert outcomes(stage, "p1") == ["stands"]


@pytest.mark.parametrize("choice", ["attach", "create"])
@steps
def test_a_decision_between_candidates_survives_a_kill_at_every_step(
    new_scene: NewScene, step: int, choice: str
) -> None:
    def build() -> Stage:
        stage = two_candidates(new_scene())
        decide(stage, "p1", choice, "L-2" if choice == "attach" else "")
        return stage

    def verify(stage: Stage) -> None:
        assert outcomes(stage, "p1") == ["carried_out"]
        mine = [
            i for i, f in stage.destination.records("Lead").items()
            if f.get("Person_Id") == "p1"
        ]  # fmt: skip
        assert len(mine) == 1
        assert (mine == ["L-2"]) is (choice == "attach")
        assert stage.ledger.link_targets("leads", ["p1"]) == {"p1": mine[0]}
        assert len(creations(stage.destination, "Lead")) == 1 + (choice == "create")
        assert stage.ledger.holds() == []
        check_rerun_is_quiet(stage)

    assert kill_everywhere(build, verify, step).total() > 10


def test_an_approval_is_stale_once_the_record_has_changed(scene: Scene) -> None:
    stage = two_candidates(scene)
    decide(stage, "p1", "attach", "L-2")
    stage.source.put("people", "p1", name="another")
    report = done(stage.run())
    assert report.tally.ruled == {"stale": 1}
    assert report.tally.reasons_of(Ending.HELD) == {"ambiguous_match": 1}
    (ruling,) = rulings(stage, "p1")
    assert (ruling.outcome, ruling.words) == ("stale", "the record has changed since")
    assert "Person_Id" not in stage.destination.records("Lead")["L-2"]
    decide(stage, "p1", "attach", "L-2")
    done(stage.run())
    assert stage.destination.records("Lead")["L-2"]["Name"] == "another"


def test_an_approval_is_stale_once_the_candidates_have_changed(scene: Scene) -> None:
    stage = two_candidates(scene)
    decide(stage, "p1", "create")
    stage.destination.put("Lead", "L-3", Email="p1@x.jp")
    assert done(stage.run()).tally.ruled == {"stale": 1}
    assert rulings(stage, "p1")[0].words == "the candidates have changed since"
    assert len(the_hold(stage, "p1").question["candidates"]) == 3
    assert len(creations(stage.destination, "Lead")) == 1


def test_an_approval_is_moot_once_nothing_is_held_any_more(scene: Scene) -> None:
    stage = two_candidates(scene)
    decide(stage, "p1", "create")
    stage.destination.delete("Lead", "L-2")
    assert done(stage.run()).tally.ruled == {"moot": 1}
    assert stage.destination.records("Lead")["L-1"]["Person_Id"] == "p1"
    assert len(creations(stage.destination, "Lead")) == 1


def test_what_is_chosen_must_be_a_candidate_that_is_free(scene: Scene) -> None:
    stage = two_candidates(scene)
    for choice, target, words in (
        ("attach", "L-9", "none of the candidates"),
        ("own", "", "does not settle"),
        ("", "", "not said what is approved"),
    ):
        with pytest.raises(ConfigError, match=words):
            decide(stage, "p1", choice, target)
    assert rulings(stage, "p1") == []


def test_an_approved_create_the_vendor_refuses_is_carried_out_by_its_replay(
    scene: Scene,
) -> None:
    stage = two_candidates(scene)
    stage.destination.streams["Lead"].required = ("Phone",)
    decide(stage, "p1", "create")
    assert done(stage.run()).tally.ended[Ending.DEAD] == 1
    assert outcomes(stage, "p1") == ["stands"]
    stage.destination.streams["Lead"].required = ()
    stage.ledger.replay([row.id for row in stage.ledger.dead_letters()])
    assert done(stage.run()).left_over() == 0
    assert outcomes(stage, "p1") == ["carried_out"]


# -- left out --------------------------------------------------------------------------


def test_a_rejected_record_is_no_work_left_over_until_it_changes(scene: Scene) -> None:
    stage = two_candidates(scene)
    decide(stage, "p1", "leave")
    for _ in range(3):
        report = done(stage.run(options=Options(full=True, lease_seconds=LEASE)))
        assert report.left_over() == report.exit_code == 0
        stage.clock.advance(HOUR)
    assert stage.ledger.holds() == []
    last = stage.ledger.last_decisions("leads", ["p1"])["p1"]
    assert (last.outcome, last.reason) == ("skipped", "rejected_by_person")
    stage.source.put("people", "p1", name="another")
    report = done(stage.run())
    assert report.tally.reasons_of(Ending.HELD) == {"ambiguous_match": 1}
    assert outcomes(stage, "p1") == ["stale"]


def test_a_record_rejected_for_good_stays_out_until_that_is_taken_back(
    scene: Scene,
) -> None:
    stage = two_candidates(scene)
    decide(stage, "p1", "leave_for_good")
    done(stage.run())
    stage.destination.delete("Lead", "L-2")
    stage.source.put("people", "p1", name="another")
    report = done(stage.run())
    assert report.tally.reasons_of(Ending.SKIPPED) == {"rejected_by_person": 1}
    stage.ledger.withdraw(rulings(stage, "p1"), "sato", "a mistake")
    assert done(stage.run()).tally.ended[Ending.ATTACHED] == 1
    assert outcomes(stage, "p1") == ["withdrawn"]
    assert stage.ledger.holds() == []
    done(stage.run())
    assert stage.source.calls["fetch people"] < 10


def test_a_newer_decision_takes_the_place_of_the_one_before(scene: Scene) -> None:
    stage = two_candidates(scene)
    decide(stage, "p1", "create")
    decide(stage, "p1", "attach", "L-1")
    done(stage.run())
    assert outcomes(stage, "p1") == ["withdrawn", "carried_out"]
    assert len(creations(stage.destination, "Lead")) == 1


# -- twins, and counterparts that were merged ------------------------------------------


def test_a_twin_may_have_a_lead_of_its_own(scene: Scene) -> None:
    stage = scene.leads(people=2)
    stage.source.put("people", "p3", email="P1@x.jp", name="twin", score=90)
    done(stage.run())
    decide(stage, "p3", "create")
    assert done(stage.run()).left_over() == 0
    check(stage, {"p1": {}, "p2": {}, "p3": {"Name": "twin"}})


def test_a_twin_with_the_same_natural_key_cannot_have_one(scene: Scene) -> None:
    stage = scene.leads(people=2)
    text = LEADS.replace("  - Person_Id: id\n", "").replace("  Person_Id: id\n", "")
    stage.mapping = mapping_of(text, "leads")
    stage.source.put("people", "p3", email="P1@x.jp", name="twin", score=90)
    done(stage.run())
    stage.clock.advance(HOUR)
    done(stage.run())
    assert "create" not in the_hold(stage, "p3").choices


def merged_leads(scene: Scene) -> Stage:
    """p1's lead was merged into that of p2, and p1 has news."""
    stage = scene.leads(people=2)
    done(stage.run())
    leads = stage.ledger.link_targets("leads", ["p1", "p2"])
    stage.destination.move("Lead", leads["p1"], ("Lead", leads["p2"]))
    stage.source.put("people", "p1", name="news")
    return stage


def test_of_two_contacts_with_merged_leads_only_one_writes(scene: Scene) -> None:
    stage = merged_leads(scene)
    report = done(stage.run())
    assert report.tally.reasons_of(Ending.HELD) == {"shares_counterpart": 1}
    survivor = stage.ledger.link_targets("leads", ["p2"])["p2"]
    for n in range(3):
        stage.source.put("people", "p1", name=f"one {n}")
        stage.source.put("people", "p2", name=f"two {n}")
        done(stage.run())
        assert stage.destination.records("Lead")[survivor]["Name"] == f"two {n}"
    assert stage.destination.calls["write Lead"] < 8
    assert the_hold(stage, "p1").detail == f"sfa/Lead/{survivor} ← p2"


@pytest.mark.parametrize("choice", ["own", "leave"])
@steps
def test_a_person_says_which_of_two_owns_the_merged_lead(
    new_scene: NewScene, step: int, choice: str
) -> None:
    def build() -> Stage:
        stage = merged_leads(new_scene())
        done(stage.run())
        decide(stage, "p1", choice)
        return stage

    def verify(stage: Stage) -> None:
        (survivor,) = stage.destination.records("Lead")
        winner, loser = ("p1", "p2") if choice == "own" else ("p2", "p1")
        for person in (loser, winner):
            stage.source.put(
                "people", person, name=f"of {person}", email=f"{person}@y.jp"
            )
        report = done(stage.run())
        assert stage.destination.records("Lead")[survivor]["Name"] == f"of {winner}"
        assert stage.ledger.link_targets("leads", ["p1", "p2"]) == {winner: survivor}
        if choice == "own":
            assert report.tally.reasons_of(Ending.SKIPPED) == {"counterpart_yielded": 1}
            assert outcomes(stage, "p1") == ["carried_out"]
            assert report.left_over() == 0

    kill_everywhere(build, verify, step)


def test_a_share_ends_by_itself_when_the_other_record_is_gone(scene: Scene) -> None:
    stage = merged_leads(scene)
    done(stage.run())
    stage.source.merge("people", "p1", "p2")
    assert done(stage.run()).left_over() == 0
    assert stage.ledger.holds() == []
    assert len(stage.ledger.link_targets("leads", ["p1", "p2"])) == 1


def test_links_that_an_older_version_let_share_a_counterpart_are_held(
    scene: Scene,
) -> None:
    stage = scene.leads(people=2)
    done(stage.run())
    (one, two) = stage.ledger.links("leads", ["p1", "p2"]).values()
    with stage.ledger.transaction(None) as tx:
        tx.put_links([two._replace(destination_id=one.destination_id)])
    stage.source.put("people", two.source_id, name="news")
    report = done(stage.run())
    assert report.tally.reasons_of(Ending.HELD) == {"shares_counterpart": 1}
    assert updates(stage.destination, "Lead") == 0


# -- money -----------------------------------------------------------------------------


def changed_after_sent(scene: Scene) -> Stage:
    stage = invoices(scene)
    done(stage.run())
    stage.source.put("Deal", "d1", amount=99)
    assert done(stage.run()).tally.ended[Ending.HELD] == 1
    return stage


@steps
def test_an_invoice_that_was_dealt_with_by_hand_is_never_sent_again(
    new_scene: NewScene, step: int
) -> None:
    def build() -> Stage:
        stage = changed_after_sent(new_scene())
        assert the_hold(stage, "d1").question["changed"] == {"total": [1, 99]}
        decide(stage, "d1")
        return stage

    def verify(stage: Stage) -> None:
        assert outcomes(stage, "d1") == ["carried_out"]
        assert stage.ledger.holds() == []
        assert len(stage.destination.effects) == 2
        check(stage, {"d1": {"total": 1}, "d2": {"total": 2}})
        check_rerun_is_quiet(stage)
        stage.source.put("Deal", "d1", amount=100)
        assert done(stage.run()).tally.ended[Ending.HELD] == 1

    kill_everywhere(build, verify, step)


@steps
def test_what_may_be_altered_is_sent_after_all(new_scene: NewScene, step: int) -> None:
    def build() -> Stage:
        stage = new_scene().leads(people=2)
        stage.mapping = mapping_of(f"{LEADS}on_change: hold\n", "leads")
        done(stage.run())
        stage.source.put("people", "p1", name="news")
        done(stage.run())
        decide(stage, "p1")
        return stage

    def verify(stage: Stage) -> None:
        assert outcomes(stage, "p1") == ["carried_out"]
        check(stage, {"p1": {"Name": "news"}, "p2": {"Name": "N2"}})
        check_rerun_is_quiet(stage)

    kill_everywhere(build, verify, step)


@steps
def test_a_document_that_was_there_holds_the_business_key(
    new_scene: NewScene, step: int
) -> None:
    def build() -> Stage:
        stage = invoices(new_scene(), count=1)
        stage.destination.put("invoice", "I-1", subject="D1", total=1)
        assert done(stage.run()).tally.reasons_of(Ending.HELD) == {"exists_already": 1}
        decide(stage, "d1", "attach", "books/invoice/I-1")
        return stage

    def verify(stage: Stage) -> None:
        assert outcomes(stage, "d1") == ["carried_out"]
        assert not stage.destination.effects
        assert stage.ledger.link_targets("own", ["d1"]) == {"d1": "I-1"}
        stage.source.put("Deal", "d2", name="other", amount=1, number="no-1")
        report = done(stage.run())
        assert report.tally.reasons_of(Ending.HELD) == {"duplicate_record": 1}
        assert not creations(stage.destination, "invoice")

    kill_everywhere(build, verify, step)


@steps
def test_a_document_beside_one_that_was_there_is_made_once(
    new_scene: NewScene, step: int
) -> None:
    def build() -> Stage:
        stage = invoices(new_scene(), count=1)
        stage.destination.put("invoice", "I-1", subject="D1", total=1)
        done(stage.run())
        decide(stage, "d1", "create")
        return stage

    def verify(stage: Stage) -> None:
        assert outcomes(stage, "d1") == ["carried_out"]
        (made,) = creations(stage.destination, "invoice")
        assert stage.ledger.link_targets("own", ["d1"]) == {"d1": made}
        assert stage.ledger.holds() == []
        check_rerun_is_quiet(stage)

    kill_everywhere(build, verify, step)


def test_no_approval_makes_a_second_document_for_one_key(scene: Scene) -> None:
    stage = invoices(scene)
    stage.source.put("Deal", "d2", number="no-1")
    done(stage.run())
    (hold,) = stage.ledger.holds("own")
    for choice in ("create", "attach", "own", ""):
        with pytest.raises(ConfigError, match="one live document"):
            settled(hold, Answer(choice))
    # Even a decision that was forced into the ledger goes not around the claim.
    stage.ledger.rule([ruling_of(hold, Answer("create"), "x", "y")])
    stage.clock.advance(HOUR)
    stage.run()
    assert len(creations(stage.destination, "invoice")) == 1


# -- in doubt --------------------------------------------------------------------------


@steps
def test_what_is_sworn_not_to_be_there_is_sent_once_more(
    new_scene: NewScene, step: int
) -> None:
    def build() -> Stage:
        stage = in_doubt(new_scene())
        assert the_hold(stage, "d1").question["tries"] == 5
        for deal in ("d1", "d2"):
            decide(stage, deal, "not_there")
        return stage

    def verify(stage: Stage) -> None:
        assert outcomes(stage, "d1") == outcomes(stage, "d2") == ["carried_out"]
        check(stage, {"d1": {"total": 1}, "d2": {"total": 2}})
        assert len(creations(stage.destination, "invoice")) == 2
        assert stage.ledger.holds() == []
        check_rerun_is_quiet(stage)

    assert kill_everywhere(build, verify, step).total() > 10


def test_what_is_there_after_all_is_not_sent_though_a_person_swears(
    scene: Scene,
) -> None:
    stage = in_doubt(scene)
    row = stage.ledger.intents_of("own", ["d1"])["d1"][-1]
    stage.destination.put("invoice", "I-late", subject="D1", total=1)
    stage.destination.streams["invoice"].rows["I-late"].mark = row.mark
    decide(stage, "d1", "not_there")
    done(stage.run())
    assert stage.ledger.link_targets("own", ["d1"]) == {"d1": "I-late"}
    assert rulings(stage, "d1")[0].outcome == "stale"
    assert "it is there after all" in rulings(stage, "d1")[0].words
    assert not creations(stage.destination, "invoice")


def test_a_look_alike_that_nobody_has_seen_is_asked_about_again(scene: Scene) -> None:
    stage = in_doubt(scene)
    decide(stage, "d1", "not_there")
    stage.destination.put("invoice", "I-x", subject="D1", total=1)
    done(stage.run())
    assert outcomes(stage, "d1") == ["stale"]
    (candidate,) = the_hold(stage, "d1").question["candidates"]
    assert candidate["ref"] == "books/invoice/I-x"
    decide(stage, "d1", "not_there")  # seen now, and it is another customer's
    done(stage.run())
    assert outcomes(stage, "d1") == ["stale", "carried_out"]
    assert len(creations(stage.destination, "invoice")) == 1


@steps
def test_what_a_person_has_found_is_adopted_and_told_to_the_source(
    new_scene: NewScene, step: int
) -> None:
    def build() -> Stage:
        stage = in_doubt(new_scene())
        stage.destination.put("invoice", "I-7", subject="D1", total=1, number="N-7")
        decide(stage, "d1", "found", "I-7")
        return stage

    def verify(stage: Stage) -> None:
        assert outcomes(stage, "d1") == ["carried_out"]
        assert not creations(stage.destination, "invoice")
        assert stage.ledger.link_targets("own", ["d1"]) == {"d1": "I-7"}
        deal = stage.source.records("Deal")["d1"]
        assert (deal["invoice_id"], deal["invoice_number"]) == ("I-7", "N-7")
        assert [h.source_id for h in stage.ledger.holds()] == ["d2"]

    kill_everywhere(build, verify, step)


@pytest.mark.parametrize("gone", [True, False])
def test_a_document_that_is_not_there_or_taken_is_not_adopted(
    scene: Scene, *, gone: bool
) -> None:
    stage = in_doubt(scene)
    stage.destination.put("invoice", "I-7", subject="D1", total=1)
    decide(stage, "d1", "found", "I-7")
    if gone:
        stage.destination.delete("invoice", "I-7")
    else:
        (row,) = [r for r in rows(stage.ledger, "intent") if r["source_id"] == "d2"][
            -1:
        ]
        decide(stage, "d2", "found", "I-7")
        assert row["state"] == "held"
    done(stage.run())
    assert outcomes(stage, "d1" if gone else "d2")[-1] == "stale"
    assert stage.ledger.link_targets("own", ["d1", "d2"]) == (
        {} if gone else {"d1": "I-7"}
    )


def test_a_message_that_cannot_be_looked_up_is_sent_again_on_a_persons_word(
    scene: Scene,
) -> None:
    to = FakeStream("message", WriteClass.NONE, batch_size=1)
    stage = invoices(scene, NOTES, to=to)
    stage.destination.plant(FakeFault(Lie.LOST_BEFORE))
    for _ in range(2):
        done(stage.run())
        stage.clock.advance(HOUR)
    decide(stage, "d1", "not_there")
    done(stage.run())
    texts = [f["text"] for f in stage.destination.records("message").values()]
    assert sorted(texts) == ["D1", "D2"]
    assert outcomes(stage, "d1") == ["carried_out"]
    check_rerun_is_quiet(stage)


# -- guards ----------------------------------------------------------------------------


def guarded(scene: Scene, people: int = 8) -> Stage:
    stage = scene.leads(people=people, page=3)
    stage.mapping = mapping_of(f"{LEADS}guards: {{creates: 3}}\n", "leads")
    report = stage.run()
    assert isinstance(report, RunReport)
    assert report.state == "refused"
    return stage


def allow(stage: Stage, hours: float = 24) -> str:
    hold = the_hold(stage, "")
    answer = settled(hold, Answer("allow", hours=hours))
    from datetime import timedelta

    until = stage.clock.now() + timedelta(hours=hours)
    stage.ledger.rule([ruling_of(hold, answer, "sato", "a campaign")], until)
    return hold.ref


def test_an_approved_run_passes_its_guard_once(scene: Scene) -> None:
    stage = guarded(scene)
    hold = the_hold(stage, "")
    assert (hold.reason, hold.question["creates"]) == ("guard", 6)
    assert stage.ledger.run(hold.ref).state == "refused"
    allow(stage)
    assert done(stage.run()).tally.ended[Ending.CREATED] == 6
    assert outcomes(stage, "") == ["carried_out"]
    assert stage.ledger.holds() == []
    for n in range(20, 24):
        stage.source.put("people", f"q{n}", email=f"q{n}@x.jp", name="Q", score=80)
    report = stage.run()
    assert isinstance(report, RunReport)
    assert report.state == "refused"
    assert len(stage.destination.records("Lead")) == 6


def test_an_approved_run_that_has_grown_is_refused_with_both_numbers(
    scene: Scene,
) -> None:
    stage = guarded(scene)
    allow(stage)
    stage.source.put("people", "q1", email="q1@x.jp", name="Q", score=80)
    report = stage.run()
    assert isinstance(report, RunReport)
    assert "would create 7 records (guard: 3, approved: 6)" in report.error
    assert not stage.destination.records("Lead")


@pytest.mark.parametrize("what", ["time", "mapping"])
def test_an_approval_of_a_run_ends_with_its_time_and_with_its_mapping(
    scene: Scene, what: str
) -> None:
    stage = guarded(scene)
    allow(stage, hours=2)
    if what == "time":
        stage.clock.advance(2 * 3600 + 1)
    else:
        text = LEADS.replace("Name: name", 'Name: = concat(name, "様")')
        stage.mapping = mapping_of(f"{text}guards: {{creates: 3}}\n", "leads")
    report = stage.run()
    assert isinstance(report, RunReport)
    assert report.state == "refused"
    assert outcomes(stage, "") == ["expired" if what == "time" else "stale"]


@steps
def test_an_approved_run_that_dies_never_creates_more_than_was_approved(
    new_scene: NewScene, step: int
) -> None:
    def build() -> Stage:
        stage = guarded(new_scene())
        allow(stage)
        return stage

    def verify(stage: Stage) -> None:
        check(stage, {f"p{n}": {} for n in (1, 2, 4, 5, 7, 8)})
        assert len(creations(stage.destination, "Lead")) == 6
        for n in range(20, 24):
            stage.source.put("people", f"q{n}", email=f"q{n}@x.jp", name="Q", score=80)
        report = stage.run()
        assert isinstance(report, RunReport)
        assert report.state == "refused", "the approval was used twice"

    kill_everywhere(build, verify, step)


def test_a_twin_approved_before_anything_was_sent_does_not_hold_the_other(
    scene: Scene,
) -> None:
    stage = scene.leads(people=4, page=2)
    stage.source.put("people", "p5", email="P1@x.jp", name="twin", score=90)
    stage.mapping = mapping_of(f"{LEADS}guards: {{creates: 2}}\n", "leads")
    stage.run()
    decide(stage, "p5", "create")
    done(stage.run(options=Options(allow=9, lease_seconds=LEASE)))
    assert outcomes(stage, "p5") == ["carried_out"]
    assert stage.ledger.holds() == []
    check(stage, {"p1": {}, "p2": {}, "p4": {}, "p5": {"Name": "twin"}})


def test_a_rejected_size_is_refused_without_asking_again(scene: Scene) -> None:
    stage = guarded(scene)
    hold = the_hold(stage, "")
    stage.ledger.rule([ruling_of(hold, Answer("leave"), "sato", "no")], closes=True)
    stage.run()
    assert stage.ledger.holds() == []
    stage.source.put("people", "q1", email="q1@x.jp", name="Q", score=80)
    stage.run()
    assert the_hold(stage, "").question["creates"] == 7
    assert not stage.destination.records("Lead")


# -- evidence --------------------------------------------------------------------------


def test_who_decided_and_why_is_part_of_the_records_story(scene: Scene) -> None:
    stage = two_candidates(scene)
    decide(stage, "p1", "attach", "L-2")
    done(stage.run())
    told = [
        m.words
        for m in explain(stage.ledger, "crm/people/p1").moments
        if m.kind == "ruled"
    ]
    assert told == [
        "attach (ambiguous_match) by sato: asked the customer",
        "carried_out: attached",
    ]


# -- a system that answers nothing -----------------------------------------------------


@pytest.mark.parametrize("lie", [Lie.LOST_BEFORE, Lie.LOST_AFTER])
def test_a_run_ends_early_when_no_write_is_answered_and_nothing_is_lost(
    scene: Scene, lie: Lie
) -> None:
    stage = invoices(scene, count=40)
    stage.destination.plant(FakeFault(lie, times=0, stream="invoice"))
    report = stage.run()
    assert isinstance(report, RunReport)
    assert (report.state, report.exit_code) == ("stopped", 3)
    assert "5 writes in a row had no answer" in report.error
    assert stage.destination.calls["write invoice"] == 5
    assert report.tally.ended[Ending.IN_DOUBT] == 5
    stage.destination.tell_the_truth()
    stage.clock.advance(HOUR)
    stage.recover()
    check(stage, {f"d{n}": {"total": n} for n in range(1, 41)})
    assert len(creations(stage.destination, "invoice")) == 40
    assert not open_intents(stage)


def test_four_silent_answers_and_one_that_speaks_do_not_end_a_run(scene: Scene) -> None:
    stage = invoices(scene, count=12)
    stage.destination.plant(FakeFault(Lie.LOST_AFTER, times=4))
    sync = fake_sync(stage.mapping, stage.source, stage.destination, stage.ledger)
    assert run_sync(sync).state == "done"
    assert len(stage.destination.records("invoice")) == 12
