"""Bulk 2.0 ingest jobs of the stand-in: CSV in, three files of results out."""

import csv
import io
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from .checks import RequestError, RowError
from .schema import ENTITIES, Entity, Field
from .store import Row, Store, moment

# (entity, operation, external id field, rows) -> one result or refusal a row
Carry = Callable[[Entity, str, str, list[Row]], list[dict[str, object]]]
_CHUNK = 200
_MAX_BYTES = 100 * 1024 * 1024
_NUMBERS = frozenset({"currency", "double", "percent"})


@dataclass(slots=True)
class Job:
    """One job: what it is to do, its data until it is done, its results."""

    id: str
    entity: str
    operation: str
    external: str
    created: str
    state: str = "Open"
    head: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    closed_at: float = 0.0
    done: list[list[str]] = field(default_factory=list)
    failed: list[list[str]] = field(default_factory=list)
    error: str = ""
    uploaded: bool = False

    def shown(self) -> dict[str, object]:
        """Return the job as the vendor describes it."""
        return {
            "id": self.id,
            "operation": self.operation,
            "object": self.entity,
            "createdDate": self.created,
            "state": self.state,
            "contentType": "CSV",
            "externalIdFieldName": self.external or None,
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
            "apiVersion": 67.0,
            "jobType": "V2Ingest",
            "concurrencyMode": "Parallel",
            "contentUrl": f"services/data/v67.0/jobs/ingest/{self.id}/batches",
            "numberRecordsProcessed": len(self.done) + len(self.failed),
            "numberRecordsFailed": len(self.failed),
            "retries": 0,
            **({"errorMessage": self.error} if self.error else {}),
        }


class Jobs:
    """All ingest jobs of the org."""

    def __init__(self, store: Store, carry: Carry, seconds: float) -> None:
        self._store = store
        self._carry = carry
        self._seconds = seconds
        self._jobs: dict[str, Job] = {}

    def create(self, asked: dict[str, object]) -> Job:
        """Open a job."""
        name, operation = str(asked.get("object")), str(asked.get("operation"))
        external = str(asked.get("externalIdFieldName") or "")
        entity = ENTITIES.get(name)
        if entity is None:
            words = f"InvalidJob : Unable to find object: {name}"
            raise RequestError(400, "INVALIDJOB", words)
        if operation not in {"upsert", "update"}:
            words = f"Operation '{operation}' is not offered by this stand-in"
            raise RequestError(400, "INVALIDJOB", words)
        if operation == "upsert" and external not in entity.fields:
            words = f"InvalidJob : Field name provided, {external} does not match an"
            raise RequestError(400, "INVALIDJOB", f"{words} External ID for {name}")
        own = f"7505h{len(self._jobs):010d}AAA"
        job = Job(own, name, operation, external, moment(self._store.now()))
        self._jobs[own] = job
        return job

    def get(self, own: str) -> Job:
        """Return a job, carried out if its time has come."""
        job = self._jobs.get(own)
        if job is None:
            words = "The requested resource does not exist"
            raise RequestError(404, "NOT_FOUND", words)
        due = job.closed_at + self._seconds
        if job.state == "UploadComplete" and self._store.now().timestamp() >= due:
            self._carry_out(job)
        return job

    def upload(self, own: str, content: bytes) -> None:
        """Take the data of an open job; once only."""
        job = self.get(own)
        if job.state != "Open" or job.uploaded:
            words = "Found multiple contents for job: <" + own + ">, please 'Close' / "
            words += "'Abort' / 'Delete' the current Job then create a new Job"
            raise RequestError(400, "INVALIDJOBSTATE", words)
        if len(content) > _MAX_BYTES:
            words = "InvalidJob : Maximum size of data exceeded"
            raise RequestError(400, "INVALIDJOB", words)
        reader = csv.reader(io.StringIO(content.decode(), newline=""))
        job.head = next(reader, [])
        job.rows = [row for row in reader if row]
        job.uploaded = True

    def change(self, own: str, state: str) -> Job:
        """Close a job's data, or abort it."""
        job = self.get(own)
        allowed = {"UploadComplete": {"Open"}, "Aborted": {"Open", "UploadComplete"}}
        if job.state not in allowed.get(state, set()):
            words = f"Job state {job.state} cannot become {state}"
            raise RequestError(400, "INVALIDJOBSTATE", words)
        job.state = state
        job.closed_at = self._store.now().timestamp()
        return self.get(own)

    def _carry_out(self, job: Job) -> None:
        entity = ENTITIES[job.entity]
        key = job.external or "Id"
        unknown = [one for one in job.head if not _column(entity, one)]
        if unknown or key not in job.head:
            named = (unknown or [key])[0]
            job.state = "Failed"
            job.error = f"InvalidBatch : Field name not found : {named}"
            return
        for start in range(0, len(job.rows), _CHUNK):
            self._chunk(job, entity, job.rows[start : start + _CHUNK])
        job.state = "JobComplete"

    def _chunk(self, job: Job, entity: Entity, rows: list[list[str]]) -> None:
        found: list[Row] = []
        results: list[dict[str, object] | None] = []
        for row in rows:
            try:
                found.append(_read(entity, job.head, row))
                results.append(None)
            except RowError as error:
                results.append(error.answer())
        carried = iter(self._carried(job, entity, found))
        for row, refusal in zip(rows, results, strict=True):
            result = refusal or next(carried)
            if result["success"]:
                made = "true" if result.get("created") else "false"
                job.done.append([str(result["id"]), made, *row])
            else:
                job.failed.append([str(result.get("id") or ""), _words(result), *row])

    def _carried(
        self, job: Job, entity: Entity, rows: list[Row]
    ) -> list[dict[str, object]]:
        """Carry rows out; what refuses a request elsewhere refuses one row here."""
        try:
            return self._carry(entity, job.operation, job.external, rows)
        except RequestError as error:
            if len(rows) > 1:
                alone = [self._carried(job, entity, [row]) for row in rows]
                return [result for results in alone for result in results]
            code = "INVALID_TYPE_ON_FIELD_IN_RECORD"
            return [RowError((), code, error.words).answer()]

    def results(self, own: str, file: str) -> str:
        """Return one file of results."""
        job = self.get(own)
        out = io.StringIO(newline="")
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        match file:
            case "successfulResults":
                writer.writerow(["sf__Id", "sf__Created", *job.head])
                writer.writerows(job.done)
            case "failedResults":
                writer.writerow(["sf__Id", "sf__Error", *job.head])
                writer.writerows(job.failed)
            case _:
                writer.writerow(job.head)
                seen = len(job.done) + len(job.failed)
                writer.writerows(job.rows[seen:])
        return out.getvalue()

    def dump(self) -> object:
        """Return every job."""
        return [asdict(job) for job in self._jobs.values()]

    def load(self, jobs: list[dict[str, object]]) -> None:
        """Take over dumped jobs."""
        self._jobs = {str(one["id"]): Job(**one) for one in jobs}  # type: ignore[arg-type]


def _words(result: dict[str, object]) -> str:
    errors = result["errors"]
    first = errors[0] if isinstance(errors, list) else {}
    fields = ",".join(first["fields"])
    return f"{first['statusCode']}:{first['message']}:{fields} --"


def _column(entity: Entity, name: str) -> bool:
    head, dot, _ = name.partition(".")
    return head in entity.parents() if dot else name in entity.fields


def _read(entity: Entity, head: list[str], cells: list[str]) -> Row:
    """Return a CSV row as JSON would have it; empty cells say nothing."""
    row: Row = {}
    for name, cell in zip(head, cells, strict=False):
        if cell == "":
            continue
        parent, dot, by = name.partition(".")
        if dot:
            row[parent] = None if cell == "#N/A" else {by: cell}
        else:
            row[name] = None if cell == "#N/A" else _typed(entity.fields[name], cell)
    return row


def _typed(field: Field, cell: str) -> object:
    try:
        if field.type == "boolean":
            return {"true": True, "false": False}[cell.lower()]
        if field.type == "int":
            return int(cell)
        return float(cell) if field.type in _NUMBERS else cell
    except (ValueError, KeyError):
        words = f"'{cell}' is not a valid value for the type xsd:{field.type}"
        code = "INVALID_TYPE_ON_FIELD_IN_RECORD"
        raise RowError((field.name,), code, words) from None
