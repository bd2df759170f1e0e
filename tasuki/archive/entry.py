"""One entry of the archive, its canonical form and its hash."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal, NamedTuple

Op = Literal["create", "correct", "void", "export", "delete_request"]
GENESIS = "0" * 64
"""What the first entry names as the hash before it."""
_ALWAYS_WHOLE = frozenset({"seq", "version", "supersedes"})


class Entry(NamedTuple):
    """One row of the archive; what is None is not part of the canonical form.

    Attributes:
        seq: Place in the chain, from 1, without gaps.
        op: create, correct, void, export or delete_request.
        doc_type: invoice, credit_note, invoice_answer, … ; "archive" for an export.
        doc_no: The document's own number.
        version: 1 for the first; each correction is one more.
        supersedes: The entry that this one takes the place of.
        reason: Why it was corrected, voided, deleted or exported.
        transaction_date: 取引年月日, as YYYY-MM-DD.
        amount: 取引金額, a decimal as text.
        counterparty: 取引先, as it is shown.
        counterparty_key: What is compared of its name.
        registration_number: The issuer's T and 13 digits.
        direction: issued or received.
        channel: Where it was exchanged: `connection/stream/id`, or a word of a person.
        content_sha256: The content's address.
        content_path: Where it lies in the content store; None once deleted.
        mime: The content's type.
        recorded_at: UTC with microseconds, ending in Z.
        actor: `sync:NAME`, `user:NAME` or `command:NAME`.
        prev_hash: The hash of the entry before.
        hash: SHA-256 of the canonical form of all the others.
        retain_until: The first day on which the content may be deleted.
    """

    seq: int
    op: str
    doc_type: str
    doc_no: str
    version: int = 1
    supersedes: int | None = None
    reason: str | None = None
    transaction_date: str | None = None
    amount: str | None = None
    currency: str | None = None
    counterparty: str | None = None
    counterparty_key: str | None = None
    registration_number: str | None = None
    direction: str | None = None
    channel: str | None = None
    content_sha256: str | None = None
    content_path: str | None = None
    mime: str | None = None
    recorded_at: str = ""
    actor: str = ""
    prev_hash: str = GENESIS
    hash: str = ""
    retain_until: str | None = None


class Draft(NamedTuple):
    """An entry before it has its place in the chain; see `Entry`."""

    doc_type: str
    doc_no: str
    actor: str
    op: Op = "create"
    version: int = 1
    supersedes: int | None = None
    reason: str | None = None
    transaction_date: str | None = None
    amount: str | None = None
    currency: str | None = None
    counterparty: str | None = None
    counterparty_key: str | None = None
    registration_number: str | None = None
    direction: str | None = None
    channel: str | None = None
    content_sha256: str | None = None
    content_path: str | None = None
    mime: str | None = None
    retain_until: str | None = None


def canonical(entry: Entry) -> bytes:
    """Return what is hashed: JSON in UTF-8, keys sorted, no spaces, no `hash`.

    Example:
        >>> canonical(Entry(1, "create", "invoice", "請1", hash="x"))[:47].decode()
        '{"actor":"","doc_no":"請1","doc_type":"invoice'
    """
    fields = {
        name: value if name in _ALWAYS_WHOLE else str(value)
        for name, value in entry._asdict().items()
        if value is not None and name != "hash"
    }
    text = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    # A lone surrogate has no UTF-8; it must not keep a chain from being verified.
    return text.encode("utf-8", "backslashreplace")


def hash_of(entry: Entry) -> str:
    """Return the hash that the entry must carry."""
    return sha256(canonical(entry)).hexdigest()


def chained(draft: Draft, seq: int, prev_hash: str, now: datetime) -> Entry:
    """Return the entry that a draft becomes at this place of the chain."""
    bare = Entry(
        seq=seq,
        **draft._asdict(),
        recorded_at=moment_text(now),
        prev_hash=prev_hash,
    )
    return bare._replace(hash=hash_of(bare))


def moment_text(moment: datetime) -> str:
    """Return a time as the chain writes it.

    Example:
        >>> moment_text(datetime(2025, 7, 1, tzinfo=UTC))
        '2025-07-01T00:00:00.000000Z'
    """
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
