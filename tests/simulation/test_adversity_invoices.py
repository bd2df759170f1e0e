"""What else may happen to invoices (class C): doubts, double keys, late landings."""

import pytest

from tasuki.engine.run import run_sync
from tasuki.engine.sync import Options
from tasuki.engine.tally import Ending, RunReport
from tasuki.model.write import WriteClass
from tasuki.testing import FakeFault, FakeStream, FakeSystem, Lie, fake_sync, mapping_of
from tests.simulation.killing import (
    LEASE,
    Kill,
    Killer,
    Stage,
    check,
    check_rerun_is_quiet,
    creations,
    open_intents,
    rows,
)
from tests.simulation.scenes import Scene

HOUR = 3700.0
BY_NUMBER = """
version: 1
source: sfa/Deal
destination: books/invoice
write: once
key: number
fields: {subject: name, total: amount}
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
    return told


def billed(stage: Stage) -> list[str]:
    return sorted(
        str(f["subject"]) for f in stage.destination.records("invoice").values()
    )


def deals(
    scene: Scene, text: str, to: FakeStream, count: int = 3, **fields: object
) -> Stage:
    """Deals without accounts, for a mapping of the test's own."""
    sfa = FakeSystem(scene.clock, FakeStream("Deal", page_size=2), name="sfa")
    system = "chat" if to.name == "message" else "books"
    there = FakeSystem(scene.clock, to, name=system)
    for n in range(1, count + 1):
        sfa.put("Deal", f"d{n}", name=f"D{n}", amount=n, number=f"no-{n}", **fields)
    return Stage(mapping_of(text, "own"), sfa, there, scene.ledger, scene.clock)


def die_at(stage: Stage, where: str, times: int = 1, lease: float = LEASE) -> None:
    left = times

    def step(now: str) -> None:
        nonlocal left
        left -= now == where
        if left <= 0:
            raise Kill(now)

    stage.destination.on_step = step
    sync = fake_sync(stage.mapping, stage.source, stage.destination, stage.ledger)
    with pytest.raises(Kill):
        run_sync(sync, Options(lease_seconds=lease))
    stage.destination.on_step = lambda _: None


def test_a_deal_that_changes_while_its_invoice_is_in_doubt_is_held(
    scene: Scene,
) -> None:
    stage = scene.invoices()
    for mapping in stage.before:
        run_sync(fake_sync(mapping, stage.source, stage.destination, stage.ledger))
    die_at(stage, "after write books/invoice")
    stage.source.put("Deal", "d1", amount=9999)
    stage.clock.advance(LEASE + 1)
    report = done(stage.run())
    assert report.tally.reasons_of(Ending.HELD) == {"changed_after_sent": 1}
    assert not open_intents(stage)
    check(stage, {"d1": {"total": 1000}, "d2": {"total": 2000}, "d4": {"total": 4000}})
    assert [
        r.outcome for r in stage.ledger.last_decisions("invoices", ["d1"]).values()
    ] == ["held"]


def test_a_change_is_not_passed_by_while_the_quiet_time_outlasts_the_run(
    scene: Scene,
) -> None:
    stage = scene.invoices(quiet=1000.0)  # longer than a run stays on
    for mapping in stage.before:
        run_sync(fake_sync(mapping, stage.source, stage.destination, stage.ledger))
    die_at(stage, "after write books/invoice")
    stage.source.put("Deal", "d1", amount=9999)
    for _ in range(3):
        stage.clock.advance(LEASE + 1)
        report = done(stage.run())
        assert report.exit_code == 1
    stage.clock.advance(1000)
    report = done(stage.run())
    assert report.tally.reasons_of(Ending.HELD) == {"changed_after_sent": 1}
    assert billed(stage) == ["D1", "D2", "D4"]


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("page", [1, 2, 10])
def test_two_deals_with_one_business_key_are_billed_once_and_the_second_is_held(
    scene: Scene, batch: int, page: int
) -> None:
    to = FakeStream("invoice", WriteClass.MARKER, batch_size=batch)
    stage = deals(scene, BY_NUMBER, to, count=4)
    stage.source.streams["Deal"].page_size = page
    stage.source.put("Deal", "d2", number="no-1")
    stage.source.put("Deal", "d1", number="no-1")
    for _ in range(3):
        report = done(stage.run())
        stage.clock.advance(HOUR)
        held = list(stage.ledger.last_decisions("own", ["d1", "d2"]).values())
        assert [(r.outcome, r.reason) for r in held] == [("held", "duplicate_record")]
        assert report.state == "done"
    assert len(creations(stage.destination, "invoice")) == 3
    stage.source.put("Deal", held[0].source_id, number="no-9")
    stage.recover()
    assert len(stage.destination.records("invoice")) == 4
    check_rerun_is_quiet(stage)


def test_what_cannot_be_looked_up_is_never_sent_twice(scene: Scene) -> None:
    stage = deals(scene, NOTES, FakeStream("message", WriteClass.NONE, batch_size=1))
    stage.destination.plant(FakeFault(Lie.LOST_AFTER, skip=1))
    for _ in range(4):
        assert done(stage.run()).state == "done"
        stage.clock.advance(HOUR)
    assert [f["text"] for f in stage.destination.records("message").values()] == [
        "D1",
        "D2",
        "D3",
    ]
    (held,) = stage.ledger.last_decisions("own", ["d2"]).values()
    assert (held.outcome, held.reason) == ("held", "in_doubt")


@pytest.mark.parametrize("write", ["once\nkey: id", "upsert", "create_only"])
@pytest.mark.parametrize("lie", [Lie.LOST_BEFORE, Lie.LOST_AFTER, Lie.LATE])
def test_a_lost_answer_never_makes_a_second_document_whatever_the_mode(
    scene: Scene, lie: Lie, write: str
) -> None:
    text = f"""
version: 1
source: sfa/Deal
destination: books/invoice
write: {write}
match: [{{subject: name}}]
fields: {{subject: name, total: amount}}
"""
    stage = deals(scene, text, FakeStream("invoice", WriteClass.MARKER, batch_size=1))
    stage.destination.streams["invoice"].index_lag = 30.0
    stage.destination.plant(FakeFault(lie, skip=1, seconds=50))
    sync = fake_sync(stage.mapping, stage.source, stage.destination, stage.ledger)
    pages = iter(range(2))
    sync.on_page = lambda _: next(pages, None) == 0 and stage.source.put("Deal", "d2")
    run_sync(sync)
    for _ in range(3):
        stage.clock.advance(HOUR)
        done(stage.run())
    assert billed(stage) == ["D1", "D2", "D3"]
    check_rerun_is_quiet(stage)


def test_the_quiet_time_begins_with_the_death_not_with_the_intent(scene: Scene) -> None:
    stage = deals(
        scene, BY_NUMBER, FakeStream("invoice", WriteClass.MARKER, batch_size=1)
    )
    stream = stage.destination.streams["invoice"]
    stream.slow = 100.0  # the budget let it wait so long before it left
    stage.destination.dies_late["invoice"] = 30.0
    die_at(stage, "before write books/invoice", lease=10.0)
    stream.slow = 0.0
    stage.clock.advance(11.0)
    run_sync(fake_sync(stage.mapping, stage.source, stage.destination, stage.ledger))
    stage.recover()
    assert billed(stage) == ["D1", "D2", "D3"]


def test_why_a_write_is_in_doubt_stays_known_until_it_is_settled(scene: Scene) -> None:
    to = FakeStream("invoice", WriteClass.MARKER, batch_size=1, quiet_seconds=1000.0)
    stage = deals(scene, BY_NUMBER, to, count=1)
    stage.destination.plant(FakeFault(Lie.LOST_BEFORE))
    told = []
    for n in range(3):
        stage.source.put("Deal", "d1", amount=n)  # read again, and put off
        done(stage.run())
        told += [
            one.detail for one in stage.ledger.last_decisions("own", ["d1"]).values()
        ]
        stage.clock.advance(LEASE)
    assert told == ["no answer"] * 3
    story = stage.ledger.everything_about("d1")
    assert len(story.decisions) == 1


def test_a_document_that_is_never_there_is_held_after_five_tries(scene: Scene) -> None:
    stage = deals(scene, BY_NUMBER, FakeStream("invoice", WriteClass.MARKER), count=1)
    stage.destination.plant(FakeFault(Lie.LOST_BEFORE, times=0))
    for _ in range(4):
        stage.run()
        stage.clock.advance(HOUR)
    assert stage.destination.calls["write invoice"] == 5
    (held,) = stage.ledger.last_decisions("own", ["d1"]).values()
    assert (held.outcome, held.reason) == ("held", "in_doubt")


def test_two_documents_with_the_mark_are_a_persons_question(scene: Scene) -> None:
    stage = deals(scene, BY_NUMBER, FakeStream("invoice", WriteClass.MARKER), count=1)
    stage.destination.plant(FakeFault(Lie.LOST_AFTER))

    def twice(where: str) -> None:
        if where.startswith("lost write"):
            (row,) = stage.destination.streams["invoice"].rows.values()
            copied = stage.destination.put("invoice", **row.fields)
            stage.destination.streams["invoice"].rows[copied].mark = row.mark

    stage.destination.on_step = twice
    sync = fake_sync(stage.mapping, stage.source, stage.destination, stage.ledger)
    assert run_sync(sync).tally.reasons_of(Ending.HELD) == {"in_doubt": 1}
    stage.destination.on_step = lambda _: None
    for _ in range(3):
        stage.clock.advance(HOUR)
        done(stage.run())
    assert stage.destination.calls["write invoice"] == 1


def test_a_look_alike_without_a_mark_is_a_persons_question(scene: Scene) -> None:
    stage = deals(scene, BY_NUMBER, FakeStream("invoice", WriteClass.MARKER), count=1)
    stage.destination.put("invoice", subject="D1", total=1)
    stage.destination.plant(FakeFault(Lie.LOST_BEFORE))
    assert done(stage.run()).tally.reasons_of(Ending.HELD) == {"in_doubt": 1}
    assert stage.destination.calls["write invoice"] == 1


@pytest.mark.parametrize("lie", list(Lie))
def test_whatever_happens_to_a_write_every_deal_is_billed_once(
    scene: Scene, lie: Lie
) -> None:
    stage = scene.invoices(deals=6, batch=3)
    stage.destination.plant(
        FakeFault(lie, stream="invoice", skip=1, times=2, seconds=50.0, nth=1)
    )
    for _ in range(4):
        done(stage.run())
        stage.clock.advance(HOUR)
    stage.ledger.replay([row.id for row in stage.ledger.dead_letters()])
    stage.recover()
    check(stage, {f"d{n}": {"total": n * 1000} for n in (1, 2, 4, 5, 6)})
    assert len(creations(stage.destination, "invoice")) == 5
    check_rerun_is_quiet(stage)


def test_children_wait_for_their_parents_and_then_go(scene: Scene) -> None:
    stage = scene.invoices()
    parents, stage.before = stage.before, []
    for _ in range(2):
        report = done(stage.run())
        assert report.tally.ended[Ending.WAITING] in {3, 0}
        assert not stage.destination.effects
    stage.before = parents
    stage.recover()
    check(stage, {"d1": {}, "d2": {}, "d4": {}})


def test_a_deal_that_is_not_won_any_more_is_not_billed_after_all(scene: Scene) -> None:
    stage = scene.invoices()
    stage.destination.plant(FakeFault(Lie.THROTTLED, stream="invoice", times=1))
    assert done(stage.run()).state == "stopped"
    for n in (1, 2, 4):
        stage.source.put("Deal", f"d{n}", won=False)
    stage.recover()
    assert not stage.destination.records("invoice")
    assert not [r for r in rows(stage.ledger, "link") if r["sync"] == "invoices"]


def test_a_lost_lease_in_the_middle_bills_nobody_twice(scene: Scene) -> None:
    stage = scene.invoices()
    for mapping in stage.before:
        run_sync(fake_sync(mapping, stage.source, stage.destination, stage.ledger))
    others: list[RunReport] = []

    def step(where: str) -> None:
        if where == "after write books/invoice" and not others:
            stage.destination.on_step = lambda _: None
            stage.clock.advance(LEASE + 1)
            others.append(done(stage.run()))

    stage.destination.on_step = step
    sync = fake_sync(stage.mapping, stage.source, stage.destination, stage.ledger)
    report = run_sync(sync, Options(lease_seconds=LEASE))
    assert (report.state, report.exit_code) == ("stopped", 1)
    stage.recover()
    check(stage, {"d1": {}, "d2": {}, "d4": {}})
    assert len(creations(stage.destination, "invoice")) == 3
