"""The command about the keys that seal stored tokens."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import Context, of
from tasuki.model.errors import ConfigError

if TYPE_CHECKING:
    from tasuki.cli.screen import Screen

_LEASE = "keys"


class Act(StrEnum):
    """What is done with the keys."""

    NEW = "new"
    ROTATE = "rotate"


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("keys")(keys)


def keys(
    context: typer.Context,
    act: Annotated[
        Act, typer.Argument(help="new: make a key; rotate: seal everything with it.")
    ],
    drop_old: Annotated[
        bool,
        typer.Option(
            "--drop-old", help="After rotate: forget older keys of the key file."
        ),
    ] = False,
) -> None:
    """Change the key that seals stored tokens: new, rotate, then drop the old one."""
    own = of(context)
    if act is Act.NEW and drop_old:
        where = "keys new"
        remedy = "First `tasuki keys rotate --drop-old`."
        raise ConfigError(where, "the old key is still needed", remedy)
    if act is Act.NEW:
        _new(own)
    else:
        _rotate(own, drop_old=drop_old)


def _new(own: Context) -> None:
    from tasuki.keys import KEY_VARIABLE, new_key

    stored = own.project.keys
    if stored.is_given():
        key = new_key()
        value = {"variable": KEY_VARIABLE, "key": key}

        def people(screen: Screen) -> None:
            screen.line(key)
            screen.aside(f"Put it first, a comma after it, in {KEY_VARIABLE}")
            screen.aside("of every machine; then: tasuki keys rotate")

        own.screen.show(value, people)
        return
    with own.ledger() as ledger:
        lease = ledger.acquire_lease(_LEASE)
        try:
            stored.put((new_key().encode(), *stored.read()))
        finally:
            ledger.release_lease(lease)
    count = len(stored.read())
    told = {"file": str(stored.path), "keys": count}

    def say(screen: Screen) -> None:
        screen.line(f"{stored.path}: {count} keys, the new one first")
        screen.line("  copy the file to every machine of this ledger; then:")
        screen.line("  tasuki keys rotate")

    own.screen.show(told, say)


def _rotate(own: Context, *, drop_old: bool) -> None:
    from tasuki.keys import KEY_VARIABLE

    stored = own.project.keys
    if drop_old and stored.is_given():
        where = "keys rotate"
        remedy = f"Take the older keys out of {KEY_VARIABLE} yourself."
        raise ConfigError(where, "the keys are given by the environment", remedy)
    with own.ledger() as ledger:
        lease = ledger.acquire_lease(_LEASE)
        try:
            count = ledger.rotate_keys()
            if drop_old:
                stored.put(stored.read()[:1])
        finally:
            ledger.release_lease(lease)
    left = len(stored.read())
    value = {"resealed": count, "keys": left}

    def people(screen: Screen) -> None:
        screen.line(f"{count} tokens sealed anew; every one opens with the first key")
        if left > 1 and not stored.is_given():
            screen.line("  older keys open older backups; --drop-old forgets them")
        elif left > 1:
            screen.line(f"  the older keys may leave {KEY_VARIABLE} now")

    own.screen.show(value, people)
