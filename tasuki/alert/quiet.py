"""When people are told: quiet hours on the Japanese calendar, and digests at a time."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from tasuki.billing.calendar import BankCalendar
from tasuki.clock import TOKYO

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The times in Tokyo at which nobody is told what can wait.

    Attributes:
        begin: When the quiet begins; the same as `end`: no hours of a day are quiet.
        end: When it ends, perhaps on the next day.
        closed_days: Days on which nobody works are quiet from midnight to midnight:
            weekends, national holidays, 31 December to 3 January.
        extra_closed: Further days of this company.
    """

    begin: time = time(0)
    end: time = time(0)
    closed_days: bool = False
    extra_closed: frozenset[date] = field(default=frozenset())

    def is_quiet(self, moment: datetime) -> bool:
        """Say whether a moment is a quiet one."""
        here = moment.astimezone(TOKYO)
        if self.closed_days:
            calendar = BankCalendar(self.extra_closed)
            if not calendar.is_business_day(here.date()):
                return True
        clock = here.time()
        if self.begin <= self.end:
            return self.begin <= clock < self.end
        return clock >= self.begin or clock < self.end


def last_digest(at: time, now: datetime) -> datetime:
    """Return the newest moment, now at the latest, at which a digest was due."""
    here = now.astimezone(TOKYO)
    today = datetime.combine(here.date(), at, TOKYO)
    return today if today <= here else today - _ONE_DAY
