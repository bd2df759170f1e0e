"""Acts on the archive that people and schedules do: verify, anchor, export, delete."""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from tasuki.archive.anchor import Anchor, read_anchors, write_anchor
from tasuki.archive.chain import Checked, verify
from tasuki.archive.content import ContentStore
from tasuki.archive.entry import Draft, Entry, moment_text
from tasuki.archive.listing import csv_text, file_names
from tasuki.archive.query import Query, matches
from tasuki.ledger import Ledger
from tasuki.model.errors import ConfigError
from tasuki.ports import Clock

LIST = "一覧.csv"
_LIST_THEM = "`tasuki archive search` lists them with their numbers."
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


class Exported(NamedTuple):
    """What an export has written."""

    path: Path
    entries: int
    files: int
    seq: int


def check_archive(
    ledger: Ledger, store: ContentStore, anchors: Sequence[Anchor]
) -> Checked:
    """Walk the whole chain, look at every content, compare with the anchors."""
    deleted = ledger.archive_deletions()
    return verify(ledger.archive_entries(), anchors, store.look, deleted)


def anchor_archive(ledger: Ledger, path: Path, clock: Clock) -> Anchor:
    """Note where the chain ends now, in a file outside.

    Raises:
        ConfigError: the chain is not the one that was anchored before; nothing is
            written, since the older anchors are the evidence.
    """
    known = read_anchors(path)
    for one in known[-1:]:
        there = ledger.archive_entry(one.seq) if one.seq else None
        if one.seq and (there is None or there.hash != one.head):
            what = f"the archive is not the one that was anchored at {one.at}"
            remedy = f"Look with: tasuki archive verify --anchor {path}"
            raise ConfigError(str(path), what, remedy)
    seq, head = ledger.archive_head()
    anchor = Anchor(seq, head, moment_text(clock.now()))
    write_anchor(path, anchor)
    return anchor


def found(ledger: Ledger, query: Query) -> list[Entry]:
    """Return the entries that are looked for, by date, then place."""
    entries = list(ledger.archive_entries())
    superseded = {one.supersedes for one in entries if one.supersedes}
    fitting = [one for one in entries if matches(query, one, superseded)]
    return sorted(fitting, key=lambda one: (one.transaction_date or "", one.seq))


def export(
    ledger: Ledger, store: ContentStore, query: Query, path: Path, actor: str
) -> Exported:
    """Write a ZIP of the list and the files, and note in the chain that it was made.

    Raises:
        ConfigError: there is a file of this name, or it cannot be written.
        LedgerError: a content is missing or was altered; nothing is left behind.
    """
    entries = found(ledger, query)
    names = file_names(_with_contents(entries, ledger))
    try:
        with path.open("xb") as file:
            try:
                _fill(file, store, entries, names)
            except BaseException:
                with suppress(OSError):
                    path.unlink()
                raise
    except OSError as error:
        what = f"the export cannot be written ({error.strerror})"
        raise ConfigError(str(path), what, "Name a new file for it.") from None
    made = ledger.add_to_archive(
        [
            Draft(
                "archive",
                path.name,
                actor,
                op="export",
                reason=query.words(),
                content_sha256=sha256(path.read_bytes()).hexdigest(),
                mime="application/zip",
            )
        ]
    )
    return Exported(path, len(entries), len(names), made[0].seq)


def _with_contents(entries: Iterable[Entry], ledger: Ledger) -> Iterator[Entry]:
    gone = {one.supersedes for one in ledger.archive_deletions()}
    return (one for one in entries if one.seq not in gone)


def _fill(
    file: object, store: ContentStore, entries: Sequence[Entry], names: dict[int, str]
) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        listed = zipfile.ZipInfo(LIST, _ZIP_EPOCH)
        archive.writestr(listed, csv_text(entries, names))
        for one in entries:
            if one.seq in names and one.content_sha256:
                named = zipfile.ZipInfo(names[one.seq], _ZIP_EPOCH)
                archive.writestr(named, store.read(one.content_sha256))


def no_such_entry(seq: int) -> ConfigError:
    """Return the error that nothing to work on has this number."""
    where, what = f"archive entry {seq}", "there is no such entry"
    return ConfigError(where, what, _LIST_THEM)


def newest_of(ledger: Ledger, seq: int) -> Entry:
    """Return the entry that stands for this one now.

    Raises:
        ConfigError: there is no such entry, it is no document, or is not there any
            more.
    """
    entry = ledger.archive_entry(seq)
    where = f"archive entry {seq}"
    if entry is None:
        raise no_such_entry(seq)
    if entry.op in {"export", "delete_request"}:
        raise ConfigError(
            where, f"this is no document but a note ({entry.op})", _LIST_THEM
        )
    for later in ledger.archive_entries(after=seq):
        if later.supersedes == seq:
            what = f"entry {later.seq} has taken its place ({later.op})"
            remedy = f"Look at it: tasuki archive show {later.seq}"
            raise ConfigError(where, what, remedy)
    return entry


def followed(entry: Entry, actor: str, reason: str) -> Draft:
    """Return a draft of the version after this one, alike but for its act."""
    kept = {
        name: value for name, value in entry._asdict().items() if name in Draft._fields
    }
    return Draft(**kept)._replace(
        actor=actor,
        reason=reason,
        op="correct",
        version=entry.version + 1,
        supersedes=entry.seq,
    )


def delete(
    ledger: Ledger, store: ContentStore, seq: int, today: date, draft: Draft
) -> bool:
    """Delete a content whose time is over; the entries about it stay.

    Returns:
        Whether the file is gone: not where another document has the same content.

    Raises:
        ConfigError: it is to be kept longer.
    """
    entry = ledger.archive_entry(seq)
    if entry is None or entry.op in {"export", "delete_request"}:
        raise no_such_entry(seq)
    where = f"archive entry {seq}"
    if entry.retain_until is None or today.isoformat() < entry.retain_until:
        what = f"it is kept by law until {entry.retain_until or 'for good'}"
        raise ConfigError(where, what, "Void it, if it is wrong: its history stays.")
    ledger.add_to_archive([draft])
    return bool(remove_deleted(ledger, store))


def remove_deleted(ledger: Ledger, store: ContentStore) -> int:
    """Remove contents whose deletion is noted and whose time is over."""
    wanted = ledger.archived_contents()
    gone = 0
    for request in ledger.archive_deletions():
        address = request.content_sha256
        entry = ledger.archive_entry(request.supersedes or 0)
        if not address or address in wanted or entry is None:
            continue
        if entry.retain_until and request.recorded_at[:10] >= entry.retain_until:
            gone += store.remove(address)
    return gone


def aware_today(clock: Clock) -> date:
    """Return the day in UTC, by which deletions are judged."""
    return datetime.fromisoformat(moment_text(clock.now())).astimezone(UTC).date()
