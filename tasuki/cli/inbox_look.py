"""What `tasuki doctor` says of the inbox."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from tasuki.cli.finding import Finding
from tasuki.ledger import Ledger

_LATE = timedelta(minutes=10)
"""The scheduled sweep comes every five."""
_LEFT_OVER = 1


def inbox_findings(ledger: Ledger, now: datetime) -> Iterator[Finding]:
    """Tell of hints that wait too long, and of those that were given up."""
    backlog = ledger.inbox_backlog()
    if not (backlog.waiting or backlog.dead or backlog.done or backlog.ignored):
        return
    words = f"{backlog.waiting:,} hints wait, {backlog.done:,} done"
    if backlog.ignored:
        words += f", {backlog.ignored:,} of streams that no mapping reads"
    age = now - backlog.oldest if backlog.oldest else timedelta()
    if age > _LATE:
        minutes = age.total_seconds() / 60
        words += f"; the oldest since {minutes:,.0f} minutes"
        if backlog.words:
            words += f" ({backlog.words})"
        remedy = backlog.remedy or "Start `tasuki drain --follow`, or `tasuki drain`."
        yield Finding("inbox", "backlog", False, words, remedy, _LEFT_OVER)
    else:
        yield Finding("inbox", "backlog", True, words)
    if backlog.dead:
        words = f"{backlog.dead:,} hints were given up: {backlog.words}"
        remedy = f"{backlog.remedy} Then: `tasuki drain --again`."
        yield Finding("inbox", "given up", False, words, remedy, _LEFT_OVER)
