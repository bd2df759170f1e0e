"""Dead letters come up again when something has changed, and block nobody meanwhile."""

from collections.abc import Callable

import pytest

from tasuki.engine.tally import Ending, RunReport
from tasuki.model.write import WriteClass
from tasuki.testing import FakeFault, Lie, mapping_of
from tests.simulation.killing import Killer, Stage, check, creations, kill_everywhere
from tests.simulation.scenes import LEADS, Scene

NewScene = Callable[[], Scene]
RATED = LEADS.replace("  Name: name\n", "  Name: name\n  Rating: {from: rating}\n")


def done(told: RunReport | Killer) -> RunReport:
    assert isinstance(told, RunReport)
    assert told.state == "done", told.error
    return told


def refused(scene: Scene) -> Stage:
    """p1's rating is one that the destination does not know."""
    stage = scene.leads(people=2)
    stage.mapping = mapping_of(RATED, "leads")
    stage.destination.streams["Lead"].options = {"Rating": ("Cold",)}
    stage.source.put("people", "p1", rating="Hot")
    stage.source.put("people", "p2", rating="Cold")
    assert done(stage.run()).tally.ended[Ending.DEAD] == 1
    return stage


def looks(stage: Stage) -> int:
    return stage.destination.calls["describe Lead"]


def test_a_changed_schema_sends_again_what_was_refused_and_nothing_else_does(
    scene: Scene,
) -> None:
    stage = refused(scene)
    assert looks(stage) == 1, "under which schema it was refused"
    for n in range(3):
        assert done(stage.run()).tally.ended[Ending.DEAD] == 0, "it is not read again"
        assert looks(stage) == 2 + n, "one look a run while a letter is open"
    writes = stage.destination.calls["write Lead"]
    stage.destination.streams["Lead"].options = {"Rating": ("Cold", "Hot")}
    assert done(stage.run()).tally.ended[Ending.CREATED] == 1
    assert stage.destination.calls["write Lead"] == writes + 1
    assert not stage.ledger.dead_letters()
    before = looks(stage)
    for _ in range(3):
        done(stage.run())
    assert looks(stage) == before, "nothing is open: nothing is looked at"
    check(stage, {"p1": {"Rating": "Hot"}, "p2": {"Rating": "Cold"}})


def test_a_field_that_the_mapping_does_not_write_sends_nothing_again(
    scene: Scene,
) -> None:
    stage = refused(scene)
    options = stage.destination.streams["Lead"].options
    stage.destination.streams["Lead"].options = {**options, "Other": ("x",)}
    writes = stage.destination.calls["write Lead"]
    done(stage.run())
    assert stage.destination.calls["write Lead"] == writes
    assert len(stage.ledger.dead_letters()) == 1


def test_what_is_refused_again_waits_for_the_next_change(scene: Scene) -> None:
    stage = refused(scene)
    stage.destination.streams["Lead"].options = {"Rating": ("Cold", "Warm")}
    assert done(stage.run()).tally.ended[Ending.DEAD] == 1
    writes = stage.destination.calls["write Lead"]
    for _ in range(2):
        done(stage.run())
    assert stage.destination.calls["write Lead"] == writes
    (letter,) = stage.ledger.dead_letters()
    assert letter.times == 2


def test_a_schema_that_cannot_be_read_stops_no_run(scene: Scene) -> None:
    stage = refused(scene)
    stage.destination.plant(FakeFault(Lie.ACCESS, call="describe", times=0))
    assert done(stage.run()).left_over() == 0
    stage.destination.tell_the_truth()
    stage.destination.streams["Lead"].options = {}
    assert done(stage.run()).tally.ended[Ending.CREATED] == 1


@pytest.mark.parametrize("what", ["record", "mapping"])
def test_a_changed_record_or_mapping_sends_again(scene: Scene, what: str) -> None:
    stage = refused(scene)
    if what == "record":
        stage.source.put("people", "p1", rating="Cold")
    else:
        text = RATED.replace("{from: rating}", "{const: Cold}")
        stage.mapping = mapping_of(text, "leads")
    assert done(stage.run()).left_over() == 0
    check(stage, {"p1": {"Rating": "Cold"}, "p2": {"Rating": "Cold"}})


def test_a_faulty_record_asks_no_system_for_its_schema(scene: Scene) -> None:
    stage = scene.leads(people=2)
    text = LEADS.replace("Name: name", "Name: {from: name, required: true}")
    stage.mapping = mapping_of(text, "leads")
    stage.source.put("people", "p1", name=None)
    for _ in range(2):
        done(stage.run())
    assert len(stage.ledger.dead_letters()) == 1
    assert looks(stage) == 0


def test_a_write_back_is_tried_again_when_the_sources_schema_has_changed(
    scene: Scene,
) -> None:
    stage = scene.leads(people=2)
    stage.source.streams["people"].options = {"lead_id": ("none",)}
    report = done(stage.run())
    assert report.tally.write_back_failed == 2
    assert stage.source.calls["describe people"] == 1
    stage.source.streams["people"].options = {}
    done(stage.run())
    assert all("lead_id" in row for row in stage.source.records("people").values())
    assert not stage.ledger.dead_letters()
    assert looks(stage) == 0


def test_a_changed_schema_survives_a_kill_at_every_step(new_scene: NewScene) -> None:
    def build() -> Stage:
        stage = refused(new_scene())
        stage.destination.streams["Lead"].options = {"Rating": ("Cold", "Hot")}
        return stage

    def verify(stage: Stage) -> None:
        check(stage, {"p1": {"Rating": "Hot"}, "p2": {"Rating": "Cold"}})
        assert len(creations(stage.destination, "Lead")) == 2
        assert not stage.ledger.dead_letters()

    kill_everywhere(build, verify, step=3)


# -- a vendor that refuses whole batches -----------------------------------------------


def poisoned(scene: Scene, bad: set[int], people: int = 100) -> Stage:
    stage = scene.leads(people=0, batch=people, page=people)
    crm, sfa = stage.source, stage.destination
    for n in range(people):
        name = "poison" if n in bad else f"N{n}"
        crm.put("people", f"p{n}", email=f"p{n}@x.jp", name=name, score=90)
    sfa.streams["Lead"].malformed = {"Name": "poison"}
    return stage


@pytest.mark.parametrize(
    ("bad", "most"),
    [({0}, 10), ({57}, 10), ({99}, 10), ({3, 50, 51}, 30), (set(range(100)), 220)],
    ids=["first", "middle", "last", "three", "all"],
)
def test_poison_blocks_nobody_and_is_found_in_few_calls(
    scene: Scene, bad: set[int], most: int
) -> None:
    stage = poisoned(scene, bad)
    report = done(stage.run())
    assert report.tally.ended[Ending.DEAD] == len(bad)
    assert report.tally.ended[Ending.CREATED] == 100 - len(bad)
    assert stage.destination.calls["write Lead"] <= most
    letters = {row.source_id for row in stage.ledger.dead_letters()}
    assert letters == {f"p{n}" for n in bad}
    assert len(creations(stage.destination, "Lead")) == 100 - len(bad)


def test_rows_with_outcomes_of_their_own_cost_one_call(scene: Scene) -> None:
    stage = poisoned(scene, set())
    stage.destination.plant(FakeFault(Lie.ROW_REJECTED, nth=10))
    assert done(stage.run()).tally.ended[Ending.DEAD] == 10
    assert stage.destination.calls["write Lead"] == 1


def test_a_search_for_poison_that_is_cut_off_loses_nothing(scene: Scene) -> None:
    stage = poisoned(scene, {57})
    stage.destination.plant(FakeFault(Lie.NOT_SENT, skip=3))
    report = stage.run()
    assert isinstance(report, RunReport)
    assert report.state == "stopped"
    assert sum(report.tally.ended.values()) == report.tally.read == 100
    done(stage.run())
    assert len(creations(stage.destination, "Lead")) == 99
    assert [row.source_id for row in stage.ledger.dead_letters()] == ["p57"]


def test_a_search_for_poison_survives_a_kill_at_every_step(
    new_scene: NewScene,
) -> None:
    def verify(stage: Stage) -> None:
        assert len(creations(stage.destination, "Lead")) == 7
        assert [row.source_id for row in stage.ledger.dead_letters()] == ["p5"]

    kill_everywhere(lambda: poisoned(new_scene(), {5}, people=8), verify, step=4)


# -- what a letter may say -------------------------------------------------------------


def test_a_letter_holds_no_personal_value_wherever_it_stands(scene: Scene) -> None:
    text = """
version: 1
source: crm/people
destination: sfa/Lead
match: [{Person_Id: id}]
pii: [name]
fields:
  Person_Id: id
  Email: email
  Greeting: = concat("様 ", name)
  Note: note
  Rating: {const: Hot}
"""
    stage = scene.leads(people=1)
    stage.mapping = mapping_of(text, "leads")
    crm, sfa = stage.source, stage.destination
    crm.put("people", "p1", name="山田太郎", note="電話 03-1234-5678 まで")
    sfa.streams["Lead"].options = {"Rating": ("Cold",)}
    sfa.streams["Lead"].complains_of = "Greeting"
    done(stage.run())
    (letter,) = stage.ledger.dead_letters()
    assert letter.payload == {
        "Person_Id": "p1",
        "Email": "***",
        "Greeting": "***",
        "Note": "電話 *** まで",
        "Rating": "Hot",
    }
    assert letter.words == "bad value for restricted picklist field Rating (of ***)"
    sent = stage.ledger.intents_of("leads", ["p1"])["p1"][-1]
    assert "山田" not in sent.error_words
    assert all(
        "山田" not in d.detail
        for d in stage.ledger.last_decisions("leads", ["p1"]).values()
    )


def test_a_money_run_is_not_searched_twice(scene: Scene) -> None:
    """Class C rows have outcomes of their own: one call each, none repeated."""
    stage = scene.invoices(deals=4, write_class=WriteClass.MARKER)
    stage.destination.plant(FakeFault(Lie.REJECTED, stream="invoice", times=0))
    done(stage.run())
    assert stage.destination.calls["write invoice"] == 3
