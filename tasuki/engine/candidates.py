"""The candidates of a hold as they are now, for a person who decides between them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from tasuki import plan
from tasuki.engine.masking import masked
from tasuki.engine.sync import Sync
from tasuki.ledger.hold_rows import HoldRow

_PAGE = "page"
_GONE = "(not there any more)"


def present_values(sync: Sync, hold: HoldRow) -> dict[str, dict[str, object]]:
    """Return field → value for each candidate's ref: one call for each stream.

    Its page in the system's own screens stands beside them. Personal values are `***`.
    """
    question = hold.question
    candidates: Sequence[Mapping[str, str]] = question["candidates"]
    by_stream: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    for one in candidates:
        stream, _, own_id = one["ref"].rpartition("/")
        if own_id != plan.UNSEEN:
            by_stream[stream].append(one)
    found: dict[str, dict[str, object]] = {}
    for stream, some in by_stream.items():
        found |= _of_stream(sync, stream, some, list(question.get("payload", {})))
    return found


def _of_stream(
    sync: Sync, stream: str, some: Sequence[Mapping[str, str]], payload: list[str]
) -> dict[str, dict[str, object]]:
    home = sync.mapping.destination
    name = stream.partition("/")[2]
    steps = {one["step"] for one in some} & {s.field for s in sync.mapping.match_steps}
    # Another kind of record has fields of its own: only the matching one is known.
    names = payload if stream == str(home) else sorted(filter(None, steps))
    ids = {one["ref"].rpartition("/")[2]: one["ref"] for one in some}
    shown = sync.destination.destination.fetch(name, sorted(ids), names)
    found: dict[str, dict[str, object]] = {}
    for own_id, ref in ids.items():
        values = shown.get(own_id)
        present: dict[str, object] = {_PAGE: _GONE}
        if values is not None:
            set_here = {k: v for k, v in values.items() if v not in {None, ""}}
            present = masked(sync.mapping, set_here)
            url = sync.destination.record_url(name, own_id)
            if url:
                present[_PAGE] = url
        found[ref] = present
    return found
