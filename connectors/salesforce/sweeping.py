"""Reading an object whole, in the order of ids."""

from collections.abc import Iterator, Sequence

from tasuki.model.errors import TransientError

from . import soql
from .client import Client, page

PAGE = 2_000


def every_row(
    client: Client, stream: str, fields: Sequence[str], *, kind: str, filled: str = ""
) -> Iterator[list[dict[str, object]]]:
    """Yield an object's rows with these fields, a page at a time.

    Args:
        client: The connection.
        stream: The object.
        fields: Their names; `Id` comes in any case.
        kind: What the calls are counted as.
        filled: Leave out rows in which this field is blank.

    Raises:
        TransientError: a page does not go on behind the one before it.
    """
    where = client.where(stream)
    names = soql.columns(("Id",), (soql.path(one, where) for one in fields))
    wanted = f" WHERE {soql.name(filled, where)} != null" if filled else ""
    text = f"{soql.select(names, soql.name(stream, where))}{wanted} ORDER BY Id"
    current = page(client.query(text, stream, kind=kind).body)
    last = ""
    while True:
        rows = current.records
        if rows and str(rows[0]["Id"]) == last:
            raise TransientError(where, "the same page came again", "ENDLESS")
        yield rows
        if not current.next_url:
            return
        last = str(rows[0]["Id"]) if rows else last
        current = page(client.follow(current.next_url, stream, kind=kind).body)
