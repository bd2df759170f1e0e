"""Writing partners (取引先) to freee会計: an upsert by their code."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Final

from tasuki.model.errors import AccessError, RejectedError
from tasuki.model.sweep import SweepFacts, SweepQuery, Swept
from tasuki.model.write import (
    Candidate,
    Confirmed,
    Gone,
    InDoubt,
    Operation,
    Outcome,
    Rejected,
    Write,
)
from tasuki.transport.http import Answer

from .client import Freee, row_of
from .listing import PARTNER_PAGE, PARTNERS, Row, partner_pages
from .rendering import partner_request
from .schema import PARTNER, flat_partner, partner_body

_CACHE_SECONDS: Final = 600.0
_STREAM: Final = "partner"


class Partners:
    """The destination stream `partner`."""

    def __init__(self, freee: Freee) -> None:
        self._freee = freee
        self._rows: dict[str, Row] = {}
        self._listed_at: float | None = None

    def write_one(self, write: Write, fence: Callable[[], None]) -> Outcome:
        """Create, update or upsert one partner (one call, at most one read)."""
        try:
            body = partner_body(write.fields)
        except ValueError as error:
            remedy = "Correct the field in the mapping; `tasuki fields` lists freee's."
            return Rejected(write.ref, "unfit", str(error), remedy)
        is_update = write.operation is Operation.UPDATE
        if is_update and "name" not in body:
            body = {"name": self._name_of(str(write.target_id)), **body}
        if not body.get("name"):
            if is_update:
                return Gone(write.ref, "404", "the partner is not there any more")
            remedy = "Let the mapping fill `name`."
            return Rejected(write.ref, "missing", "name is missing", remedy)
        try:
            answer = self._send(write, body, fence)
        except RejectedError as error:
            return self._refused(write, error)
        row = row_of(answer, _STREAM)
        if "id" not in row:
            words = f"answer {answer.status} without the partner"
            return InDoubt(write.ref, words)
        if not _is_of(write, row):
            return InDoubt(write.ref, "the answer is another partner's")
        self._rows[str(row["id"])] = row
        created = answer.status == HTTPStatus.CREATED
        return Confirmed(write.ref, str(row["id"]), created, flat_partner(row))

    def _send(
        self, write: Write, body: Mapping[str, object], fence: Callable[[], None]
    ) -> Answer:
        try:
            request = partner_request(write, body)
        except ValueError as error:
            where = f"{self._freee.connection}/partner"
            raise RejectedError(where, str(error), "no_code") from error
        return self._freee.ask_to(request, _STREAM, fence, repeatable=True)

    def _refused(self, write: Write, error: RejectedError) -> Outcome:
        words = masked(error.answer, write.fields)
        if "404" in error.code and write.operation is Operation.UPDATE:
            return Gone(write.ref, "404", words)
        if "取引先コード" in error.answer and any(
            sign in error.answer for sign in ("無効", "有効", "利用しない", "利用設定")
        ):
            raise AccessError(
                error.where,
                words,
                "partner_code_off",
                "Switch 取引先コードの利用 on in freee会計 (設定 > 事業所の設定 > "
                "詳細設定); Tasuki finds partners by their code.",
            ) from error
        return Rejected(write.ref, error.code, words, _remedy(error))

    def _name_of(self, partner_id: str) -> str:
        known = self._rows.get(partner_id)
        row = known or self._single(partner_id)
        return str(row.get("name") or "") if row else ""

    # Sweeping

    sweep_facts = SweepFacts(PARTNER_PAGE)

    def sweep(self, query: SweepQuery) -> Iterator[list[Swept]]:
        """Yield every partner; those in the archive are no counterparts any more."""
        for rows, _ in partner_pages(self._freee, kind="sweep"):
            flat = (flat_partner(row) for row in rows)
            yield [
                Swept(str(row["id"]), {name: row.get(name) for name in query.fields})
                for row in flat
            ]

    def shown(self, fields: Mapping[str, object]) -> Mapping[str, object]:
        """Return the fields that a partner shows as they were sent."""
        return {name: fields[name] for name in fields if name in PARTNER}

    # Look-ups

    def find(self, field: str, values: Sequence[str]) -> dict[str, list[Candidate]]:
        """Return partners whose field equals a value, from one cached listing."""
        asked = {value.casefold(): value for value in values}
        found: dict[str, list[Candidate]] = {}
        for row in self._all().values():
            fields = flat_partner(row)
            value = fields.get(field)
            if value is not None and (hit := asked.get(str(value).casefold())):
                one = Candidate(str(row["id"]), _STREAM, fields)
                found.setdefault(hit, []).append(one)
        return {
            value: found[asked[value.casefold()]]
            for value in values
            if asked[value.casefold()] in found
        }

    def fetch(self, ids: Sequence[str]) -> dict[str, Row]:
        """Return partners as they are now: one by one, or by listing all of them."""
        pages = len(self._rows) // 3000 + 1
        found: dict[str, Row] = {}
        if len(ids) > pages:
            self._listed_at = None
            rows = self._all()
            found = {i: flat_partner(rows[i]) for i in ids if i in rows}
        for partner_id in ids:
            if partner_id not in found and (row := self._single(partner_id)):
                found[partner_id] = flat_partner(row)
        return found

    def _all(self) -> dict[str, Row]:
        now = self._freee.clock.monotonic()
        if self._listed_at is None or now - self._listed_at > _CACHE_SECONDS:
            pages = partner_pages(self._freee, kind="look-up")
            self._rows = {str(row["id"]): row for rows, _ in pages for row in rows}
            self._listed_at = now
        return self._rows

    def _single(self, partner_id: str) -> Row | None:
        if not partner_id.isdecimal():
            return None
        try:
            answer = self._freee.get(
                f"{PARTNERS}/{partner_id}", _STREAM, None, "look-up"
            )
        except RejectedError as error:
            if "404" in error.code:
                return None
            raise
        return row_of(answer, _STREAM) or None


def _is_of(write: Write, row: Row) -> bool:
    """Say whether freee's answer is about the partner that was asked for."""
    if write.operation is Operation.UPDATE:
        return str(row["id"]) == write.target_id
    code = write.key[1] if write.key else write.fields.get("code")
    return str(row.get("code") or "").casefold() == str(code).casefold()


def _remedy(error: RejectedError) -> str:
    words = error.answer
    if error.code == "no_code":
        return "Let the mapping fill `code`: freee partners are found by it."
    if "重複" in words or "既に" in words or "すでに" in words:
        return (
            "Another partner in freee has this name already: give that one the code of "
            "this record (取引先コード), or rename one of the two."
        )
    if "アーカイブ" in words:
        return "Take the partner out of the archive in freee会計, then replay."
    return "Correct the record at its source; the next run picks it up."


def masked(words: str, fields: Mapping[str, object]) -> str:
    """Return freee's words without the record's own values."""
    values = (str(v) for v in fields.values() if isinstance(v, str) and len(v) > 1)
    for value in sorted(values, key=len, reverse=True):
        words = words.replace(value, "…")
    return words
