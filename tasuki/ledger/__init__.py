"""The ledger alone says what was done: links, intents, receipts, decisions, runs."""

from tasuki.ledger.backup import BackupNote
from tasuki.ledger.hold_rows import (
    HoldRow,
    NewHold,
    NewRuling,
    RulingEndRow,
    RulingRow,
)
from tasuki.ledger.lease import Lease, LeaseHeldError, lease_name
from tasuki.ledger.rows import (
    CauseCount,
    ConfirmRow,
    ConnectionRow,
    CursorRow,
    DeadLetterRow,
    DecisionRow,
    IntentRow,
    LinkRow,
    MatchKeyRow,
    NewDeadLetter,
    NewDecision,
    NewIntent,
    RunRow,
    StateRow,
    Story,
    decode,
    encode,
)
from tasuki.ledger.store import Ledger
from tasuki.ledger.tokens import LoginRow
from tasuki.ledger.transaction import ClaimTakenError, Tx

__all__ = [
    "BackupNote",
    "CauseCount",
    "ClaimTakenError",
    "ConfirmRow",
    "ConnectionRow",
    "CursorRow",
    "DeadLetterRow",
    "DecisionRow",
    "HoldRow",
    "IntentRow",
    "Lease",
    "LeaseHeldError",
    "Ledger",
    "LinkRow",
    "LoginRow",
    "MatchKeyRow",
    "NewDeadLetter",
    "NewDecision",
    "NewHold",
    "NewIntent",
    "NewRuling",
    "RulingEndRow",
    "RulingRow",
    "RunRow",
    "StateRow",
    "Story",
    "Tx",
    "decode",
    "encode",
    "lease_name",
]
