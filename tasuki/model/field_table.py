"""A stream's fields written down as a table, for systems without a call that tells."""

from tasuki.model.record import FieldFacts


def fact(  # noqa: PLR0913 - a table's row
    name: str,
    label: str,
    type_: str = "text",
    length: int | None = None,
    options: tuple[str, ...] = (),
    use: str = "rw",
    *,
    required: bool = False,
    unique: bool = False,
    references: str | None = None,
) -> FieldFacts:
    """Return one field; `use` has an `r` if it can be read, a `w` if written."""
    return FieldFacts(
        name, label, type_, "w" in use, required, unique, length, options, references,
        "r" in use,
    )  # fmt: skip


def table(*facts: FieldFacts) -> dict[str, FieldFacts]:
    """Return fields by their names."""
    return {fact.name: fact for fact in facts}
