"""How long documents are kept, and where: what `archive.yaml` says."""

from datetime import date
from pathlib import Path
from typing import NamedTuple

_DECEMBER = 12
_FILING_MONTHS = 2
"""法人税の申告期限: two months after the end of the fiscal year."""


class Terms(NamedTuple):
    """How a project keeps its archive.

    Attributes:
        folder: The content store.
        anchor: The file that anchors are added to; None where none is named.
        years: Kept so long from the day after the filing deadline: seven by law, ten
            for a year that ended in a loss, which nobody knows on the day.
        fiscal_year_end: The month that the fiscal year ends with.
    """

    folder: Path
    anchor: Path | None = None
    years: int = 10
    fiscal_year_end: int = 3

    def retain_until(self, day: date) -> date:
        """Return the first day on which a document of this day may be deleted.

        Example:
            >>> Terms(Path(), years=7).retain_until(date(2025, 6, 30))
            datetime.date(2033, 6, 1)
            >>> Terms(Path(), years=7).retain_until(date(2025, 3, 31))
            datetime.date(2032, 6, 1)
        """
        year = day.year + (day.month > self.fiscal_year_end)
        month = self.fiscal_year_end + _FILING_MONTHS + 1
        over, month = divmod(month - 1, _DECEMBER)
        return date(year + self.years + over, month + 1, 1)
