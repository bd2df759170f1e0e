"""How the office rounds, as its latest invoice tells: no call of its own does."""

from typing import Final

from .amounts import Config
from .client import MoneyForward, rows_of
from .listing import BILLINGS, Row

_KEPT_SECONDS: Final = 600.0


class OfficeRounding:
    """The office's rounding, read when it is needed first and kept for a while."""

    def __init__(self, office: MoneyForward) -> None:
        self._office = office
        self.kept: Config | None = None
        """As last read, without a call."""
        self._read_at: float | None = None

    def note(self, row: Row) -> None:
        """Take over what a new invoice says."""
        self.kept = Config.of(row) or self.kept
        self._read_at = self._office.clock.monotonic()

    def known(self) -> Config | None:
        """Return the office's settings; None before its first invoice."""
        now = self._office.clock.monotonic()
        if self._read_at is None or now - self._read_at > _KEPT_SECONDS:
            params: dict[str, str | int] = {"page": 1, "per_page": 1}
            answer = self._office.get(BILLINGS, "billing", params, "set-up")
            rows, _, _ = rows_of(answer, self._office.where("billing"))
            self.kept = Config.of(rows[0]) if rows else None
            self._read_at = now
        return self.kept
