"""What a sweep of a destination yields: every record that may be ours, in bulk."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SweepFacts:
    """How a stream of a destination can be swept.

    Attributes:
        page_size: Records a call brings.
        marks: Its records carry our marks (class C) and a sweep tells them.
        alike: Fields that together make two documents look the same to a person; a
            document without a mark that looks like one of ours is a question.
    """

    page_size: int
    marks: bool = False
    alike: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SweepQuery:
    """What a sweep is asked for.

    Attributes:
        fields: The destination fields to bring.
        key: Where given, records in which this field is blank may be left out.
    """

    fields: tuple[str, ...]
    key: str = ""


@dataclass(frozen=True, slots=True)
class Swept:
    """One record as a sweep met it.

    Attributes:
        id: The destination's id.
        fields: Field name to value, as the destination shows it.
        marks: Marks of ours that it carries, as `Write.mark` gave them.
        live: False for a document that was cancelled: it is there and counts for
            nothing.
    """

    id: str
    fields: Mapping[str, object] = field(default_factory=dict)
    marks: tuple[str, ...] = ()
    live: bool = True
