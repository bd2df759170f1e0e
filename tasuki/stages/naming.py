"""Names of flow runs that say what each run is about."""

from collections.abc import Callable

from prefect.runtime import flow_run

from tasuki.model.language import one_of
from tasuki.stages.language import language_here


def named(japanese: str, english: str) -> Callable[[], str]:
    """Return what names a flow's runs: in the reader's language, with its options.

    Braces take parameters in: `named("リード連携 {mapping}", "leads {mapping}")`.
    """

    def name() -> str:
        given = dict(flow_run.parameters)
        language = language_here()
        parts = [one_of((japanese, english), language).format(**given)]
        options = given.get("options") or {}
        chosen = dict(options) if not hasattr(options, "model_dump") else vars(options)
        if chosen.get("dry_run"):
            parts.append(one_of(("試行", "dry run"), language))
        records = chosen.get("records") or given.get("contacts")
        if records:
            some = f"{len(records)} records" if len(records) > 1 else str(records[0])
            parts.append(some)
        days = [str(chosen.get(end) or "") for end in ("since", "until")]
        if any(days):
            parts.append("…".join(days))
        return " · ".join(parts)

    return name
