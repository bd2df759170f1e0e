"""Records that Tasuki finds by a code of its own: partners and items.

Money Forward has no upsert and no rule that a code is there once. A create whose
answer was lost is therefore looked for by its code before it is sent again.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from tasuki.model.errors import InDoubtError, RejectedError
from tasuki.model.record import FieldFacts
from tasuki.model.sweep import SweepFacts, SweepQuery, Swept
from tasuki.model.write import (
    Candidate,
    Confirmed,
    Gone,
    InDoubt,
    Operation,
    Outcome,
    Rejected,
    Sighting,
    Write,
)

from .client import MoneyForward, row_of
from .listing import PAGE, Row, pages
from .translation import UnfitError, missing, unfit

_CACHE_SECONDS: Final = 600.0
_CODES_PER_CALL: Final = 50

Fields = Mapping[str, object]


class Coded(ABC):
    """A destination stream whose records carry a code.

    Attributes:
        stream: Its name.
        path: Of its list.
        facts: Its fields.
        lists_codes: Its list can be asked for some codes.
    """

    stream = ""
    path = ""
    facts: Mapping[str, FieldFacts]
    lists_codes = False

    def __init__(self, office: MoneyForward) -> None:
        self._office = office
        self._rows: dict[str, Row] = {}
        self._listed_at: float | None = None

    # What partners and items differ in

    @abstractmethod
    def body(self, fields: Fields, *, creating: bool) -> dict[str, object]:
        """Return the record as it is written."""

    @abstractmethod
    def flat(self, row: Row) -> dict[str, object]:
        """Return the record's fields in Tasuki's words."""

    def update(
        self, record_id: str, body: Mapping[str, object], fence: Callable[[], None]
    ) -> Row:
        """Write to a record that is there, and return it as it is then."""
        answer = self._office.change(
            "PUT", f"{self.path}/{record_id}", self.stream, body, fence, repeatable=True
        )
        return row_of(answer)

    # Writing

    def write_one(self, write: Write, fence: Callable[[], None]) -> Outcome:
        """Create one record (never repeated) or update one by its id."""
        creating = write.operation is Operation.CREATE
        try:
            self._check(write.fields, creating=creating)
            body = self.body(write.fields, creating=creating)
        except UnfitError as error:
            return Rejected(write.ref, error.code, error.words, error.remedy)
        try:
            if not creating:
                row = self.update(str(write.target_id), body, fence)
            else:
                answer = self._office.change(
                    "POST", self.path, self.stream, body, fence, repeatable=False
                )
                row = row_of(answer)
        except InDoubtError as error:
            return InDoubt(write.ref, error.what)
        except RejectedError as error:
            return self._refused(write, error)
        if "id" not in row:
            return InDoubt(write.ref, f"the answer has no {self.stream}")
        if not _is_of(write, row):
            return InDoubt(write.ref, f"the answer is another {self.stream}'s")
        self._rows[str(row["id"])] = row
        return Confirmed(write.ref, str(row["id"]), creating, self.flat(row))

    def _check(self, fields: Mapping[str, object], *, creating: bool) -> None:
        unknown = sorted(
            n for n in fields if n not in self.facts or not self.facts[n].writable
        )
        if unknown:
            words = f"{self.stream} has no writable field {', '.join(unknown)}"
            raise unfit("unknown_field", words)
        for name, fact in self.facts.items():
            value = fields.get(name)
            if fact.required and (creating or name in fields) and not value:
                raise missing(name)
            if fact.length and len(str(value or "")) > fact.length:
                raise unfit(name, f"{name} is longer than {fact.length} letters")

    def _refused(self, write: Write, error: RejectedError) -> Outcome:
        words = masked(error.answer, write.fields)
        if error.code == "404" and write.operation is Operation.UPDATE:
            return Gone(write.ref, "404", words)
        return Rejected(write.ref, error.code, words)

    # Sweeping

    sweep_facts = SweepFacts(PAGE)

    def sweep(self, query: SweepQuery) -> Iterator[list[Swept]]:
        """Yield every record."""
        for rows, _ in pages(self._office, self.path, self.stream, kind="sweep"):
            flat = (self.flat(row) for row in rows)
            yield [
                Swept(str(row["id"]), {name: row.get(name) for name in query.fields})
                for row in flat
            ]

    def shown(self, fields: Mapping[str, object]) -> Mapping[str, object]:
        """Return the fields that a record shows as they were sent."""
        return {name: fields[name] for name in fields if name in self.facts}

    # Looking up

    def find(self, field: str, values: Sequence[str]) -> dict[str, list[Candidate]]:
        """Return records whose field equals a value, text without case."""
        asked = {value.casefold(): value for value in values}
        found: dict[str, list[Candidate]] = {}
        for row in self._fitting(field, values):
            fields = self.flat(row)
            hit = asked.get(str(fields.get(field) or "").casefold())
            if hit:
                one = Candidate(str(row["id"]), self.stream, fields)
                found.setdefault(hit, []).append(one)
        return {
            value: found[asked[value.casefold()]]
            for value in values
            if asked[value.casefold()] in found
        }

    def probe(self, writes: Sequence[Write]) -> list[Sighting]:
        """Look for records that carry the codes of these creates."""
        codes = {write.ref: str(write.fields.get("code") or "") for write in writes}
        self._listed_at = None  # what was in doubt is newer than any listing
        found = self.find("code", sorted(filter(None, set(codes.values()))))
        return [
            Sighting(
                ref,
                tuple(
                    Confirmed(ref, one.id, answer=one.fields)
                    for one in found.get(code, ())
                ),
            )
            for ref, code in codes.items()
        ]

    def fetch(self, ids: Sequence[str]) -> dict[str, Row]:
        """Return records as they are now: one by one, or by listing all of them."""
        found: dict[str, Row] = {}
        if len(ids) > len(self._rows) // PAGE + 1:
            self._listed_at = None
            rows = self._all()
            found = {i: self.flat(rows[i]) for i in ids if i in rows}
        for record_id in ids:
            if record_id not in found and (row := self.single(record_id)):
                found[record_id] = self.flat(row)
        return found

    def single(self, record_id: str) -> Row | None:
        """Return one record; None when it is not there."""
        if not is_id(record_id):
            return None
        row = self._office.single(f"{self.path}/{record_id}", self.stream)
        return row or None

    def _fitting(self, field: str, values: Sequence[str]) -> list[Row]:
        """Return the records that may fit: those asked for by code, else all."""
        by_code = field == "code" and self.lists_codes
        if not by_code or any("," in value for value in values):
            return list(self._all().values())
        found: dict[str, Row] = {}
        for start in range(0, len(values), _CODES_PER_CALL):
            codes = ",".join(values[start : start + _CODES_PER_CALL])
            listed = pages(
                self._office, self.path, self.stream, {"code": codes}, kind="look-up"
            )
            found |= {str(row["id"]): row for rows, _ in listed for row in rows}
        return list(found.values())

    def _all(self) -> dict[str, Row]:
        now = self._office.clock.monotonic()
        if self._listed_at is None or now - self._listed_at > _CACHE_SECONDS:
            listed = pages(self._office, self.path, self.stream, kind="look-up")
            self._rows = {str(row["id"]): row for rows, _ in listed for row in rows}
            self._listed_at = now
        return self._rows


def is_id(text: str) -> bool:
    """Say whether a text can be one of Money Forward's ids, and stand in a path."""
    return bool(text) and all(one.isalnum() or one in "-_" for one in text)


def _is_of(write: Write, row: Row) -> bool:
    """Say whether the answer is about the record that was asked for."""
    if write.operation is Operation.UPDATE:
        return str(row["id"]) == write.target_id
    return str(row.get("code") or "") == str(write.fields.get("code"))


def masked(words: str, fields: Mapping[str, object]) -> str:
    """Return Money Forward's words without the record's own values."""
    values = (str(v) for v in fields.values() if isinstance(v, str) and len(v) > 1)
    for value in sorted(values, key=len, reverse=True):
        words = words.replace(value, "…")
    return words
