"""The content store: files addressed by their SHA-256, written once, never changed."""

import os
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from tasuki.archive.chain import State
from tasuki.model.errors import LedgerError

_BLOCK = 1 << 20
_READ_ONLY = 0o440
_ROOM = (
    "Look at the folder's rights and at free space, then run again: what was sent and "
    "could not be archived is looked up, and archived then."
)
_REMEDY = "Bring the file back from a copy; `tasuki archive verify` names them all."


class ContentStore:
    """A folder of contents, shared by all processes that archive."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, address: str) -> str:
        """Return where a content lies within the folder."""
        return f"{address[:2]}/{address}"

    def put(self, content: bytes) -> str:
        """Store bytes and return their address; they are on the disk afterwards.

        Raises:
            LedgerError: it cannot be written, or another content lies at the address.
        """
        address = sha256(content).hexdigest()
        path = self.folder / self.path_of(address)
        try:
            self._write(path, address, content)
        except OSError as error:
            what = f"this cannot be archived ({error.strerror})"
            raise LedgerError(str(path), what, _ROOM) from None
        return address

    def _write(self, path: Path, address: str, content: bytes) -> None:
        if path.exists():
            if self.look(address) != "sound":
                raise LedgerError(str(path), "this archived file was altered", _REMEDY)
            return
        is_new = not path.parent.exists()
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(".part", f".{address[:8]}.", path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fchmod(handle, _READ_ONLY)
                os.fsync(handle)
            Path(part).replace(path)
        finally:
            with suppress(FileNotFoundError):
                Path(part).unlink()
        _to_disk(path.parent)
        if is_new:
            _to_disk(self.folder)

    def read(self, address: str) -> bytes:
        """Return a content; LedgerError where it is missing or was altered."""
        state = self.look(address)
        path = self.folder / self.path_of(address)
        if state != "sound":
            said = "is missing" if state == "missing" else "was altered"
            raise LedgerError(str(path), f"this archived file {said}", _REMEDY)
        return path.read_bytes()

    def look(self, address: str) -> State:
        """Say whether the content of this address is there and is what it was."""
        hashed = sha256()
        try:
            with (self.folder / self.path_of(address)).open("rb") as file:
                while block := file.read(_BLOCK):
                    hashed.update(block)
        except FileNotFoundError:
            return "missing"
        return "sound" if hashed.hexdigest() == address else "altered"

    def remove(self, address: str) -> bool:
        """Delete a content; say whether it was there."""
        path = self.folder / self.path_of(address)
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        _to_disk(path.parent)
        return True


def _to_disk(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
