"""Which invoice is meant: what the commands about invoices share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.model.errors import ConfigError

if TYPE_CHECKING:
    from tasuki.cli.context import Context
    from tasuki.mapping import CompiledMapping

Ref = Annotated[
    str,
    typer.Argument(help="connection/stream/id of the record or document, or an id."),
]
Which = Annotated[
    str | None, typer.Option("--mapping", "-m", help="Of this sync, where several.")
]


def documents(own: Context, name: str | None) -> list[CompiledMapping]:
    """Return the mappings that make invoices and whose systems are connected."""
    if name is not None:
        chosen = own.project.mappings[name]
        if chosen.model.document is None:
            what = "it makes no invoices"
            raise ConfigError(name, what, "Name a mapping with `document: invoice`.")
        return [chosen]
    return [one for one in own.project.used if one.model.document is not None]
