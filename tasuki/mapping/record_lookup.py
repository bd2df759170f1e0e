"""Lookups whose table is another system's records, or the links of another sync.

What is asked is known when a mapping is compiled; what is answered comes from whoever
runs it: the engine asks the systems, a test gives the records itself.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from pydantic import Field

from tasuki.formula.errors import FormulaError, FormulaSyntaxError, RefusedValueError
from tasuki.formula.formula import Formula, parse
from tasuki.formula.functions import FunctionTable
from tasuki.formula.operators import true
from tasuki.mapping.field_model import FormulaText, StreamText, Strict
from tasuki.mapping.problem import Problems
from tasuki.mapping.runtime import word
from tasuki.mapping.validate import validate
from tasuki.mapping.yaml_text import Document
from tasuki.model.errors import ConfigError
from tasuki.model.record import StreamRef

RECORD_ID = "id"
"""What any system's record may be taken or found by, whatever the field is called."""

RECEIPT_OF = "receipt."
_SHOWN = 3
_SEVERAL = "Let `where` of {file} leave one, or correct the others there."


class RecordLookupModel(Strict):
    """A lookup in another system's records: `mappings/lookups/NAME.yaml`."""

    from_: StreamText = Field(
        alias="from", description="`connection/stream` whose records are the table."
    )
    where: FormulaText | None = Field(
        None,
        description="A formula over a record of the table: others are passed over.",
    )
    description: str = Field("", description="One sentence for people.")


@dataclass(frozen=True, slots=True)
class RecordLookup:
    """A table that is read from a system when it is needed.

    Attributes:
        name: The file's stem.
        stream: Whose records it reads.
        where: What must hold of a record; None: nothing.
        document: The file, for positions.
        digest: Changes with what the file says.
    """

    name: str
    stream: StreamRef
    where: Formula | None
    document: Document
    digest: str

    def holds(self, row: Mapping[str, object]) -> bool:
        """Say whether a record belongs to the table.

        Raises:
            ConfigError: the condition cannot be told of this record.
        """
        if self.where is None:
            return True
        try:
            return bool(true(self.where(row)))
        except (FormulaError, RefusedValueError) as error:
            where = f"{self.document.file}: where"
            told = error.told if isinstance(error, FormulaError) else error.reason
            remedy = error.remedy or "Correct the condition, or the record."
            raise ConfigError(where, told, remedy) from None


class SeveralFoundError(RefusedValueError):
    """Several records have a key, and they do not give the same value."""


class Asked(NamedTuple):
    """One thing that a field takes from outside its record.

    Attributes:
        lookup: The lookup's name; "" for a link.
        link: The sync whose link is meant; "" for a lookup.
        by: The lookup's key fields.
        take: The field of the record found; `receipt.x` for a link's receipt.
    """

    lookup: str
    link: str
    by: tuple[str, ...]
    take: str


Key = tuple[str, ...]
FoundOf = Callable[[Asked, Key], object]
"""Gives the taken value for a key, or None; refuses a key that several records have."""


def nothing_found(_asked: Asked, _key: Key) -> object:
    """Find nothing."""
    return None


def folded(key: Iterable[object]) -> Key:
    """Return a key as keys are compared: as text, without regard to case."""
    return tuple(word(part).casefold() for part in key)


def taken(
    lookup: RecordLookup, asked: Asked, rows: Iterable[Mapping[str, object]]
) -> object:
    """Return the value that the records found give; None where there is none.

    Raises:
        SeveralFoundError: they give different ones.
    """
    by_value = {word(row.get(asked.take)): row for row in rows}
    if len(by_value) > 1:
        ids = sorted(str(row.get(RECORD_ID, "?")) for row in by_value.values())
        several = ", ".join(ids[:_SHOWN]) + (", …" if len(ids) > _SHOWN else "")
        named = ", ".join(asked.by)
        msg = f"{len(ids)} records of {lookup.stream} have this {named}: {several}"
        raise SeveralFoundError(msg, _SEVERAL.format(file=lookup.document.file))
    return next((row.get(asked.take) for row in by_value.values()), None)


def of_link(
    take: str, sent: Mapping[str, object], receipt: Mapping[str, object]
) -> object:
    """Return what is taken of a link: a value last sent, or one of the receipt."""
    if not take.startswith(RECEIPT_OF):
        return sent.get(take)
    value: object = receipt
    for name in take.removeprefix(RECEIPT_OF).split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def read_record_lookup(
    name: str, document: Document, table: FunctionTable, problems: Problems
) -> RecordLookup | None:
    """Read the file of a lookup in a system's records."""
    model = validate(document, RecordLookupModel, problems)
    if model is None:
        return None
    try:
        stream = StreamRef.parse(model.from_)
    except ValueError as error:
        remedy = "For example salesforce/User."
        problems.add(document.problem(("from",), str(error), remedy))
        return None
    where = None
    if model.where is not None:
        try:
            where = parse(model.where, table)
        except FormulaSyntaxError as error:
            for one in error.problems:
                problems.add(
                    document.formula_problem(
                        ("where",), error.text, one.position, one.message,
                        one.remedy or "",
                    )
                )  # fmt: skip
            return None
    digest = blake2b(f"{stream}\0{model.where}".encode(), digest_size=16).hexdigest()
    return RecordLookup(name, stream, where, document, digest)
