"""What has become of writes in doubt, and what that means for a run's sums."""

from dataclasses import dataclass, field

from tasuki.engine.holding import DISAGREE
from tasuki.engine.tally import Ending, Tally
from tasuki.ledger.backup import RESTORED
from tasuki.ledger.rows import IntentRow
from tasuki.model.write import Confirmed


@dataclass(slots=True)
class Settled:
    """What looking up has brought."""

    confirmed: dict[str, Confirmed] = field(default_factory=dict)
    """By source id: it was done."""
    again: list[str] = field(default_factory=list)
    """Source ids: certainly not done, to be decided and sent afresh."""
    held: dict[str, str] = field(default_factory=dict)
    """By source id: a person must look, and at what."""
    disagree: dict[str, str] = field(default_factory=dict)
    """By source id: it was done, and its sums are not ours."""
    refused: dict[str, str] = field(default_factory=dict)
    """By source id: the destination refused it, with which code."""
    still: set[str] = field(default_factory=set)
    """Source ids that are in doubt as before."""
    left: set[str] = field(default_factory=set)
    """Ids of intents that stay in doubt: their sender has not ended."""


def count_settled(
    tally: Tally, row: IntentRow, settled: Settled, *, was_open: bool
) -> None:
    """Count a settled write as what it has turned out to be.

    Args:
        tally: The run's sums.
        row: The write, as it was before.
        settled: What became of it.
        was_open: It went in doubt in this run, and was counted so.
    """
    if was_open:
        tally.reopen(Ending.IN_DOUBT, row.error_code)
        tally.read -= 1  # taken in again below, or with its next turn
    else:
        tally.again += row.source_id not in settled.again
    if row.source_id in settled.confirmed:
        tally.take(1)
        adopted = row.error_code == RESTORED
        tally.end(Ending.ATTACHED if adopted else Ending.CREATED)
    elif row.source_id in settled.held:
        tally.take(1)
        tally.end(Ending.HELD, "in_doubt")
    elif row.source_id in settled.disagree:
        tally.take(1)
        tally.end(Ending.HELD, DISAGREE)
    elif row.source_id in settled.refused:
        tally.take(1)
        tally.end(Ending.DEAD, settled.refused[row.source_id])
    elif row.source_id in settled.still:
        tally.take(1)
        tally.end(Ending.IN_DOUBT, "no_answer")
