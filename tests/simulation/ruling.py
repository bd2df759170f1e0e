"""What a person does about holds, without the command line."""

from tasuki.engine.answer import Answer, ruling_of, settled
from tasuki.ledger import HoldRow, RulingRow
from tests.simulation.killing import Stage


def the_hold(stage: Stage, source_id: str) -> HoldRow:
    found = [
        h for h in stage.ledger.holds(stage.mapping.id) if h.source_id == source_id
    ]
    assert len(found) == 1, f"{source_id}: {len(found)} holds"
    return found[0]


def decide(stage: Stage, source_id: str, choice: str = "", target: str = "") -> None:
    hold = the_hold(stage, source_id)
    answer = settled(hold, Answer(choice, target))
    stage.ledger.rule([ruling_of(hold, answer, "sato", "asked the customer")])


def outcomes(stage: Stage, source_id: str) -> list[str]:
    return [r.outcome or "stands" for r in rulings(stage, source_id)]


def rulings(stage: Stage, source_id: str) -> list[RulingRow]:
    return stage.ledger.rulings_about([source_id])
