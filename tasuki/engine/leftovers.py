"""What earlier runs have left unfinished, sorted by what must happen first."""

from collections.abc import Callable

from tasuki.engine.decide import Decider
from tasuki.engine.sync import Sync
from tasuki.ledger.rows import IntentRow


def sort_leftovers(
    sync: Sync, decider: Decider, holds: Callable[[str], bool] = lambda _: True
) -> list[IntentRow]:
    """Tell the decider which records have an unfinished write.

    Returns:
        The intents that are looked up before their records are decided again; the
        others are replaced when that happens.
    """
    in_doubt: list[IntentRow] = []
    first = sync.settles_first()
    for row in sync.ledger.open_intents(sync.id):
        if row.operation == "write_back" or not holds(row.source_id):
            continue
        if first and row.operation == "create" and row.state != "planned":
            in_doubt.append(row)
            decider.unsettled.add(row.source_id)
        else:
            decider.open_intents.setdefault(row.source_id, []).append(row)
    return in_doubt
