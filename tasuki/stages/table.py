"""Tables that the Prefect UI can search: the funnel of a run, and what it left."""

from collections.abc import Mapping, Sequence
from typing import Any

from tasuki.model.language import Language, one_of
from tasuki.stages.leftover import Item
from tasuki.stages.report import how, local, said
from tasuki.stages.words import OUTCOMES

Row = dict[str, str | int]

_LEFT = ("held", "waiting", "dead", "in_doubt", "deferred")


def funnel(report: Mapping[str, Any], language: Language = "ja") -> list[Row]:
    """Return how many records of a run reached each step, and their share.

    The steps narrow: read ≥ qualified ≥ settled ≥ sent; what is missing between
    qualified and settled stands below by name.
    """
    read = report["read"]
    sent = report["created"] + report["updated"] + report["attached"]
    steps = {
        one_of(OUTCOMES["read"], language): read,
        said("passed", language): read - report["skipped"],
        said("settled", language): sent + report["unchanged"],
        said("sent", language): sent,
        **{f"└ {one_of(OUTCOMES[name], language)}": report[name] for name in _LEFT},
    }
    step, count, share = (said(n, language) for n in ("step", "count", "share"))
    return [
        {step: name, count: number, share: f"{number / read:.0%}" if read else "–"}
        for name, number in steps.items()
        if number or not name.startswith("└")
    ]


def waiting(items: Sequence[Item], language: Language = "ja") -> list[Row]:
    """Return records that wait for a person as rows, each with its own page."""
    names = ("record", "reason", "command", "remedy", "words", "since")
    heads = [said(name, language) for name in names]
    rows: list[Row] = []
    for item in items:
        shown = f"[{item.ref}]({item.url})" if item.url else item.ref
        texts = (item.reason, item.command, how(item, language), item.words)
        rows.append(dict(zip(heads, (shown, *texts, local(item.since)), strict=True)))
    return rows
