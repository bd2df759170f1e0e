"""Credit notes that a person has written in the accounting system: none is made again.

Said of the proposal to take something back (`tasuki approve DEAL --found ID`). The plan
counts the credit as usual; when its credit note is to be made, the document that the
person has named is linked in its place.
"""

from collections.abc import Iterable, Sequence

from tasuki import plan
from tasuki.engine.reviewed import BILLED, LOST
from tasuki.engine.sync import Sync
from tasuki.engine.turn import Relink, Turn
from tasuki.ledger.billing import INVOICES
from tasuki.ledger.hold_rows import HoldRow
from tasuki.mapping import CompiledMapping
from tasuki.model.errors import ConfigError

TAKEN_BACK = frozenset({BILLED, LOST})
"""Reasons of holds whose answer may be a document that a person has made."""
_NAMED = "named by a person"
_KIND = "credit_note"


def note_of(
    mappings: Iterable[CompiledMapping], hold: HoldRow, target: str
) -> tuple[CompiledMapping, str]:
    """Return the mapping that would make a credit note, and the note's own id.

    Args:
        mappings: Those of the project that run.
        hold: The proposal.
        target: `connection/stream/id`; the id alone where one system is billed in.

    Raises:
        ConfigError: It cannot be told which system is meant.
    """
    home, _, own = target.rpartition("/")
    making = [
        one
        for one in mappings
        if str(one.source) == INVOICES
        and "kind" in one.model.fields
        and one.model.fields["kind"].const == _KIND
    ]
    meant = [one for one in making if not home or str(one.destination) == home]
    if len(meant) != 1 or not own:
        named = ", ".join(f"{one.destination}/ID" for one in making) or "no mapping"
        what = f"'{target}' does not say in which system the credit note is"
        raise ConfigError(hold.ref, what, f"Name it in full: {named}.")
    return meant[0], own


def link_written(sync: Sync, turns: Sequence[Turn]) -> None:
    """Link credits to the documents that people have named, rather than make any."""
    creating = {
        turn.record.id: turn for turn in turns if isinstance(turn.verdict, plan.Create)
    }
    if not creating or str(sync.mapping.source) != INVOICES:
        return
    home = str(sync.mapping.destination)
    for own, (target, alone) in (
        sync.ledger.billing().payments.written(list(creating)).items()
    ):
        stream, _, note = target.rpartition("/")
        owners = sync.ledger.owners(sync.id, home, [note])
        if stream == home and alone and note not in owners:
            creating[own].verdict = Relink(home, note)
            continue
        one = plan.Counterpart(stream, note, _NAMED, owners.get(note))
        detail, choices = f"{_NAMED}: {target}", ("attach", "create")
        creating[own].verdict = plan.Hold("exists_already", detail, (one,), choices)
