"""The chain: the shipped vectors, and every way to tamper with it."""

from pathlib import Path

import pytest

from tasuki.archive.anchor import Anchor, read_anchors, write_anchor
from tasuki.archive.chain import verify
from tasuki.archive.content import ContentStore
from tasuki.archive.entry import GENESIS, Entry, hash_of
from tasuki.model.errors import ConfigError, LedgerError
from tests import vector_files

pytestmark = pytest.mark.vectors
VECTORS = vector_files.document("archive_chain_example")


def chain() -> list[Entry]:
    return [Entry(**fields) for fields in VECTORS["chain"]]


def test_the_chain_of_the_vectors_is_sound() -> None:
    checked = verify(chain())
    assert checked.faults == ()
    assert checked.head == VECTORS["heads"]["head"]
    assert VECTORS["heads"]["genesis"] == GENESIS
    assert [hash_of(one) for one in chain()] == [one.hash for one in chain()]


def tampered(change: str) -> list[Entry]:
    entries = chain()
    match change.split():
        case ["seq", seq, name, "->", value]:
            at = int(seq) - 1
            entries[at] = entries[at]._replace(**{name: value})
        case ["delete", "seq", seq]:
            del entries[int(seq) - 1]
        case ["truncate", "the", "tail"]:
            del entries[-1]
        case _:
            pytest.fail(f"an unknown way to tamper: {change}")
    return entries


@pytest.mark.parametrize("case", VECTORS["tamper"], ids=lambda case: case["change"])
def test_the_first_bad_place_is_that_of_the_vectors(case: dict[str, object]) -> None:
    entries = tampered(str(case["change"]))
    assert verify(entries).first_bad_seq == case["first_bad_seq"]
    if case["first_bad_seq"] is None:
        whole = chain()[-1]
        anchored = verify(entries, [Anchor(whole.seq, whole.hash, "yesterday")])
        assert [one.kind for one in anchored.faults] == ["truncated"]


@pytest.mark.parametrize("name", Entry._fields)
def test_no_field_can_be_altered_unseen(name: str) -> None:
    entries = chain()
    one = entries[1]
    value = getattr(one, name)
    entries[1] = one._replace(**{name: value + 7 if isinstance(value, int) else "x"})
    assert verify(entries).first_bad_seq is not None


def test_a_chain_that_was_written_anew_is_found_by_its_anchor() -> None:
    entries = chain()
    anchor = Anchor(4, entries[3].hash, "yesterday")
    head = GENESIS
    for at, one in enumerate(entries):
        forged = one._replace(prev_hash=head, amount="1")
        entries[at] = forged._replace(hash=hash_of(forged))
        head = entries[at].hash
    assert verify(entries).faults == ()
    assert [one.kind for one in verify(entries, [anchor]).faults] == ["anchor_differs"]


def test_a_replaced_entry_breaks_the_link_of_the_next() -> None:
    entries = chain()
    forged = entries[1]._replace(amount="1")
    entries[1] = forged._replace(hash=hash_of(forged))
    assert [(one.seq, one.kind) for one in verify(entries).faults] == [
        (3, "broken_link")
    ]


def test_altered_and_missing_files_are_told_apart(tmp_path: Path) -> None:
    store = ContentStore(tmp_path)
    entries, head = [], GENESIS
    for seq in (1, 2, 3):
        address = store.put(f"document {seq}".encode())
        bare = Entry(
            seq, "create", "invoice", str(seq), prev_hash=head,
            content_sha256=address, content_path=store.path_of(address),
        )  # fmt: skip
        entries.append(bare._replace(hash=hash_of(bare)))
        head = entries[-1].hash
    assert verify(entries, look=store.look).contents == 3
    altered = tmp_path / str(entries[1].content_path)
    altered.chmod(0o600)
    altered.write_bytes(b"document two")
    (tmp_path / str(entries[2].content_path)).unlink()
    faults = verify(entries, look=store.look).faults
    assert [(one.seq, one.kind) for one in faults] == [
        (2, "altered_file"),
        (3, "missing_file"),
    ]
    with pytest.raises(LedgerError, match="was altered"):
        store.read(str(entries[1].content_sha256))


def test_a_content_is_written_once_and_read_only(tmp_path: Path) -> None:
    store = ContentStore(tmp_path)
    address = store.put(b"one")
    path = tmp_path / store.path_of(address)
    before = path.stat()
    assert store.put(b"one") == address
    assert path.stat().st_ino == before.st_ino
    assert not before.st_mode & 0o222
    assert [one.name for one in path.parent.iterdir()] == [address]


def test_a_file_that_was_altered_is_not_built_upon(tmp_path: Path) -> None:
    store = ContentStore(tmp_path)
    path = tmp_path / store.path_of(store.put(b"one"))
    path.chmod(0o600)
    path.write_bytes(b"two")
    with pytest.raises(LedgerError, match="was altered"):
        store.put(b"one")


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file is in its place")
    with pytest.raises(LedgerError, match="cannot be archived"):
        ContentStore(tmp_path / "folder").put(b"one")


def test_anchors_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "far" / "anchors.txt"
    anchors = [Anchor(1, "a" * 64, "2026-04-01"), Anchor(2, "b" * 64, "2026-04-02")]
    for one in anchors:
        write_anchor(path, one)
    assert read_anchors(path) == anchors


def test_a_damaged_line_of_anchors_is_named(tmp_path: Path) -> None:
    path = tmp_path / "anchors.txt"
    write_anchor(path, Anchor(1, "a" * 64, "2026-04-01"))
    path.write_text(path.read_text() + '{"seq": 2}\n')
    with pytest.raises(ConfigError, match=r"anchors.txt:2: this is no anchor"):
        read_anchors(path)
