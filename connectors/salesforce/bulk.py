"""Bulk 2.0 ingest: one job for thousands of rows, one outcome for each of them.

simple-salesforce controls the job (create, close, look, abort). Data and results are
ours: its own CSV has columns in random order and loses cells with line breaks.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tasuki.model.errors import InDoubtError, RejectedError, TransientError
from tasuki.model.write import Deferred, Operation, Outcome, Rejected, Write
from tasuki.transport.http import no_fence

from . import errors
from .client import Client
from .rows import cells, done, identity_of, refused
from .sdk import sdk

MAX_BYTES = 90_000_000  # of CSV; the vendor's wall is 100 MB
_FIRST_WAIT, _GROWTH, _LONGEST_WAIT = 0.2, 1.6, 20.0
_PATIENCE = 3_600.0  # seconds; then the job is aborted and the rest tried again later
_ENDED = frozenset({"JobComplete", "Failed", "Aborted"})
_NEVER = ("InvalidBatch", "InvalidJob", "ClientInputError", "InvalidFieldName")


@dataclass(frozen=True, slots=True)
class _Job:
    """How a job ended, as Salesforce counts it."""

    id: str
    state: str
    processed: int
    failed: int
    words: str


def send(
    client: Client, stream: str, writes: Sequence[Write], fence: Callable[[], None]
) -> list[Outcome]:
    """Send rows of one operation, no record twice, as one job or, big, several."""
    body, key = table(writes)
    if len(body) > MAX_BYTES and len(writes) > 1:
        half = len(writes) // 2
        return [
            *send(client, stream, writes[:half], fence),
            *send(client, stream, writes[half:], fence),
        ]
    upsert = writes[0].operation is Operation.CREATE
    control = _control(client, stream, "write", fence)
    made = control.create_job(
        "upsert" if upsert else "update", external_id_field=key if upsert else None
    )
    job_id = str(made["id"])
    try:
        client.upload(f"jobs/ingest/{job_id}/batches", stream, body, fence=fence)
    except InDoubtError as error:
        # A job takes its data once, and starts only when closed: this one never is.
        control.abort_job(job_id, False)
        raise TransientError(error.where, error.what) from error
    with suppress(RejectedError):  # its first answer was lost: it is closed already
        control.close_job(job_id)
    job = _wait(client, stream, job_id, control)
    return _outcomes(client, stream, writes, job, key)


def _control(
    client: Client, stream: str, kind: str, fence: Callable[[], None] = no_fence
) -> Any:  # noqa: ANN401 - the SDK's class is private
    """Return the SDK's job control; its public calls bring their own sleeps."""
    bulk: Any = sdk(client, stream, kind=kind, fence=fence).bulk2
    return getattr(bulk, stream)._client  # noqa: SLF001 - see above


def table(writes: Sequence[Write]) -> tuple[bytes, str]:
    """Return the rows as CSV, and the column that tells them apart."""
    upsert = writes[0].operation is Operation.CREATE
    key = writes[0].key[0] if upsert and writes[0].key else "Id"
    columns: dict[str, None] = {key: None}
    rows: list[dict[str, str]] = []
    for write in writes:
        row = cells(write.fields)
        row[key] = write.key[1] if upsert and write.key else write.target_id or ""
        columns.update(dict.fromkeys(row))
        rows.append(row)
    out = io.StringIO(newline="")
    # Everything quoted: a lone carriage return would otherwise end a row.
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([row.get(one, "") for one in columns] for row in rows)
    return out.getvalue().encode(), key


def _wait(client: Client, stream: str, job_id: str, control: Any) -> _Job:  # noqa: ANN401
    """Look at the job until it has ended, ever less often."""
    look = _control(client, stream, "probe")
    give_up = client.clock.monotonic() + _PATIENCE
    pause = _FIRST_WAIT
    while True:
        client.clock.sleep(pause)
        seen = look.get_job(job_id, False)
        if seen["state"] in _ENDED:
            return _job(seen)
        if seen["state"] == "Open":  # the answer to closing it was lost
            control.close_job(job_id)
        if client.clock.monotonic() > give_up:
            control.abort_job(job_id, False)
            return _job(look.get_job(job_id, False))
        pause = min(pause * _GROWTH, _LONGEST_WAIT)


def _job(seen: Mapping[str, Any]) -> _Job:
    return _Job(
        str(seen["id"]),
        str(seen["state"]),
        int(seen.get("numberRecordsProcessed") or 0),
        int(seen.get("numberRecordsFailed") or 0),
        str(seen.get("errorMessage") or ""),
    )


def _outcomes(
    client: Client, stream: str, writes: Sequence[Write], job: _Job, key: str
) -> list[Outcome]:
    found: dict[str, Outcome] = {}
    asked = {identity_of(write): write for write in writes}
    if job.processed > job.failed:
        _read(client, stream, job.id, "successfulResults", key, asked, found)
    if job.failed:
        _read(client, stream, job.id, "failedResults", key, asked, found)
    # What neither file names was not processed: the third file would say no more.
    return [found.get(write.ref) or _unprocessed(write, job) for write in writes]


def _unprocessed(write: Write, job: _Job) -> Outcome:
    code, _, words = job.words.partition(":")
    words = errors.clean(words.strip() or f"the bulk job ended as {job.state}")
    if job.state == "Failed" and code.strip() in _NEVER:
        remedy = "Compare the mapping's fields with the org: `tasuki check`."
        return Rejected(write.ref, code.strip(), words, remedy)
    return Deferred(write.ref, "BULK_UNPROCESSED", words)


def _read(
    client: Client,
    stream: str,
    job_id: str,
    file: str,
    key: str,
    asked: Mapping[str, Write],
    found: dict[str, Outcome],
) -> None:
    """Read one file of results into `found`, rows told apart by their key column."""
    body = client.look(
        f"jobs/ingest/{job_id}/{file}", stream, kind="probe", expect="bytes"
    )
    content = body if isinstance(body, bytes) else b""
    reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    head = next(reader, [])
    if key not in head or "sf__Id" not in head:
        where = client.where(stream)
        raise TransientError(where, f"{file} of the bulk job has no usable header")
    at, own = head.index(key), head.index("sf__Id")
    created = head.index("sf__Created") if "sf__Created" in head else -1
    error = head.index("sf__Error") if "sf__Error" in head else -1
    for row in reader:
        value = row[at][:15] if key == "Id" else row[at].casefold()
        write = asked.get(value)
        if write is None:
            continue
        if error < 0:
            made = row[created] == "true" if created >= 0 else None
            found[write.ref] = done(write, row[own], made)
        else:
            found[write.ref] = refused(write, *bulk_error(row[error]))


def bulk_error(words: str) -> tuple[str, str, list[str]]:
    """Split `CODE:message:Field1,Field2 --` as failed results spell it."""
    code, _, rest = words.partition(":")
    message, _, fields = rest.rpartition(":")
    if not message or not fields.rstrip().endswith("--"):
        return code, rest, []
    named = fields.rstrip().removesuffix("--").strip()
    return code, message, [one.strip() for one in named.split(",") if one.strip()]
