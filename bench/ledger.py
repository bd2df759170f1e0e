"""`python -m bench.ledger`: what the ledger costs for each record that is written.

One batch is what the engine does for 200 records: look up links, decisions and twins,
commit the intents, commit receipts and links. SQLite in a temporary file, durable.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tasuki.clock import SystemClock
from tasuki.ledger import Ledger
from tasuki.ledger.rows import ConfirmRow, LinkRow, MatchKeyRow, NewIntent, encode

_SYNC, _SOURCE, _LEADS = "bench.lead", "hubspot/contacts", "salesforce/Lead"
_BATCH, _BATCHES = 200, 100
_SENT = encode({f"field_{index:02d}": "株式会社サンプル" for index in range(20)})


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'ledger.db'}"
        with Ledger.open(url, SystemClock()) as ledger:
            lease = ledger.acquire_lease("bench", 600)
            spent: dict[str, float] = {}
            for number in range(_BATCHES):
                ids = [str(number * _BATCH + i) for i in range(_BATCH)]
                keys = [f"{hash(one) & (2**64 - 1):016x}" for one in ids]
                intents = [_intent(one) for one in ids]

                def look(ids: list[str] = ids, keys: list[str] = keys) -> None:
                    ledger.links(_SYNC, ids)
                    ledger.last_decisions(_SYNC, ids)
                    ledger.match_keys(_SYNC, keys)

                def record(
                    intents: list[NewIntent] = intents, keys: list[str] = keys
                ) -> None:
                    with ledger.transaction(lease, "run") as tx:
                        tx.put_match_keys(
                            [
                                MatchKeyRow(key, _SYNC, intent.source_id)
                                for key, intent in zip(keys, intents, strict=True)
                            ]
                        )
                        tx.add_intents(intents, "sending")

                def confirm(intents: list[NewIntent] = intents) -> None:
                    with ledger.transaction(lease, "run") as tx:
                        tx.confirm([ConfirmRow(i.id, f"00Q{i.id}") for i in intents])
                        tx.put_links([_link(i) for i in intents])

                _timed(spent, "look-up", look)
                _timed(spent, "intents", record)
                _timed(spent, "receipts and links", confirm)
            ledger.release_lease(lease)
    print("us CPU for one record")
    for name, seconds in spent.items():
        print(f"  {name:<20} {seconds / (_BATCH * _BATCHES) * 1e6:6.1f}")
    print(f"  {'in all':<20} {sum(spent.values()) / (_BATCH * _BATCHES) * 1e6:6.1f}")


def _timed(spent: dict[str, float], name: str, step: Callable[[], None]) -> None:
    begun = time.process_time()
    step()
    spent[name] = spent.get(name, 0.0) + time.process_time() - begun


def _intent(one: str) -> NewIntent:
    return NewIntent(
        f"01BENCH{one:>012}",
        _SYNC,
        one,
        _SOURCE,
        _LEADS,
        None,
        "create",
        None,
        "mark",
        "HubSpot_Contact_Id__c",
        one,
        _SENT,
        "f" * 32,
        "2026-11-22T00:00:00Z",
        "r" * 32,
    )


def _link(intent: NewIntent) -> LinkRow:
    return LinkRow(
        intent.source_id,
        _SYNC,
        _SOURCE,
        _LEADS,
        f"00Q{intent.id}",
        _SENT,
        "f" * 32,
        intent.version,
        intent.revision,
    )


if __name__ == "__main__":
    main()
