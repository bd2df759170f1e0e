"""Leaks (バケツの穴): records that should have crossed a handoff by now and have not.

Rules are data. A sweep lays what the ledger and the systems hold on a board of its own,
asks each rule, and keeps what it found under an identity that stays.
"""
