"""What a mapping makes of one record: a payload, or the reason why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

NO_FIELDS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Skip:
    """The record does not qualify; `reason` is the first rule that failed."""

    reason: str


@dataclass(slots=True)
class Payload:
    """The destination's fields, ready to be planned.

    Attributes:
        fields: Every field of the mapping in file order; None means blank. Values are
            text, bool, int, Decimal, None, and lists or dicts of these; dates are
            ISO text.
        on_create_only: Fields that only a create may send (`write: on_create`).
        on_update_only: Fields that only an update may send.
        owners: Field to owner, where it is not the source.
    """

    fields: dict[str, object]
    on_create_only: frozenset[str] = NO_FIELDS
    on_update_only: frozenset[str] = NO_FIELDS
    owners: Mapping[str, str] | None = None

    def for_create(self) -> dict[str, object]:
        """Return what a create sends: no update-only fields, nothing blank."""
        return {
            name: value
            for name, value in self.fields.items()
            if value is not None and name not in self.on_update_only
        }

    def for_update(self) -> dict[str, object]:
        """Return what an update may send: no create-only fields; None clears."""
        return {
            name: value
            for name, value in self.fields.items()
            if name not in self.on_create_only
        }


@dataclass(frozen=True, slots=True)
class Waiting:
    """A parent has no link yet: the record waits until `sync` has sent `source_id`."""

    sync: str
    source_id: str


@dataclass(frozen=True, slots=True)
class Faulty:
    """A field cannot be made; nothing is sent. No word of it holds a record's value.

    Attributes:
        field: The destination field; `qualify.reason`, `match.step`, `key` or the
            document's own path where another part of the mapping gave up.
        cause: A short code: formula, required, lookup, value, document, key.
        words: What is wrong, for people.
        remedy: What to do next.
    """

    field: str
    cause: str
    words: str
    remedy: str


Evaluation = Skip | Payload | Waiting | Faulty


class MatchStep(NamedTuple):
    """One way to find the counterpart, in the mapping's order.

    Attributes:
        stream: Where to look: the destination's stream, or another (`object:`).
        field: The field whose value must be equal; "" for a reverse link.
        link: For a reverse link, the sync whose source record is the counterpart.
        attach: The counterpart is only linked: nothing is created, nothing sent.
    """

    stream: str
    field: str
    link: str = ""
    attach: bool = False


class MatchValue(NamedTuple):
    """A match step with this record's value; a step whose value is blank is left out.

    For a reverse link `value` is this record's own id: the counterpart is the source
    record of `step.link` whose destination is this record.
    """

    step: MatchStep
    value: str
