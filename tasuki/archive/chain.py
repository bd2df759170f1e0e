"""Verifying the chain: every way to tamper with it is one line."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from tasuki.archive.anchor import Anchor
from tasuki.archive.entry import GENESIS, Entry, hash_of

State = Literal["sound", "missing", "altered"]
Look = Callable[[str], State]
"""Says how the content of this address is."""


class Fault(NamedTuple):
    """One thing that is not as it was recorded; `seq` is None for the whole."""

    seq: int | None
    kind: str
    words: str


class Checked(NamedTuple):
    """What a walk along the chain has found."""

    entries: int
    head: str
    contents: int
    faults: tuple[Fault, ...]

    @property
    def first_bad_seq(self) -> int | None:
        """The lowest place with a fault; None where no place has one."""
        return min((one.seq for one in self.faults if one.seq), default=None)


def verify(
    entries: Iterable[Entry],
    anchors: Sequence[Anchor] = (),
    look: Look | None = None,
    deleted: Iterable[Entry] = (),
) -> Checked:
    """Walk the chain: places, links, hashes, contents and anchors.

    Args:
        entries: All of them, in order of `seq`.
        anchors: What was noted outside; without one a cut-off tail is not seen.
        look: Looks at a content; None leaves the contents alone.
        deleted: The delete requests: what they name need not be there any more.
    """
    walk = _Walk(
        {one.supersedes: one for one in deleted},
        {one.seq: one for one in anchors},
        look,
    )
    faults = [fault for entry in entries for fault in walk.step(entry)]
    faults += walk.cut_off()
    return Checked(walk.seq, walk.head, walk.contents, tuple(faults))


class _Walk:
    """Where a walk along the chain has come to."""

    def __init__(
        self,
        deleted: dict[int | None, Entry],
        anchors: dict[int, Anchor],
        look: Look | None,
    ) -> None:
        self.seq = 0
        self.head = GENESIS
        self.contents = 0
        self._deleted = deleted
        self._anchors = anchors
        self._look = look

    def step(self, entry: Entry) -> Iterator[Fault]:
        follows = entry.seq == self.seq + 1
        if not follows:
            yield _gap(self.seq + 1, entry.seq)
        if hash_of(entry) != entry.hash:
            what = f"entry {entry.seq} was altered: its hash does not fit its fields"
            yield Fault(entry.seq, "altered_row", what)
        elif follows and entry.prev_hash != self.head:
            what = (
                f"entry {entry.seq} does not follow entry {self.seq}: one was replaced"
            )
            yield Fault(entry.seq, "broken_link", what)
        self.seq, self.head = entry.seq, entry.hash
        anchor = self._anchors.get(entry.seq)
        if anchor is not None and anchor.head != entry.hash:
            what = (
                f"entry {entry.seq} is not the one anchored at {anchor.at}: "
                "the chain was written anew"
            )
            yield Fault(entry.seq, "anchor_differs", what)
        yield from self._content(entry)

    def _content(self, entry: Entry) -> Iterator[Fault]:
        address = entry.content_sha256
        if self._look is None or not address or not entry.content_path:
            return
        request = self._deleted.get(entry.seq)
        if request is not None:
            if _is_early(entry, request):
                what = f"entry {entry.seq}: deleted before {entry.retain_until}"
                yield Fault(entry.seq, "deleted_early", what)
            return
        self.contents += 1
        state = self._look(address)
        if state != "sound":
            said = "is missing" if state == "missing" else "was altered"
            what = f"entry {entry.seq}: its file {entry.content_path} {said}"
            yield Fault(entry.seq, f"{state}_file", what)

    def cut_off(self) -> Iterator[Fault]:
        last = max(self._anchors, default=0)
        if last > self.seq:
            at = self._anchors[last].at
            what = (
                f"the chain ends at entry {self.seq}, and {at} it had {last}: "
                "its end was cut off"
            )
            yield Fault(None, "truncated", what)


def _gap(expected: int, found: int) -> Fault:
    if found <= expected - 1:
        what = f"entry {found} comes twice"
        return Fault(found, "out_of_order", what)
    last = found - 1
    named = (
        f"entry {expected} is"
        if expected == last
        else f"entries {expected} to {last} are"
    )
    return Fault(expected, "deleted_row", f"{named} missing")


def _is_early(entry: Entry, request: Entry) -> bool:
    until = entry.retain_until
    return until is None or request.recorded_at[:10] < until
