"""What `tasuki doctor` says of the channels that people are told by."""

from collections.abc import Iterator

from tasuki.cli.finding import Finding
from tasuki.ledger import Ledger
from tasuki.model.errors import TasukiError
from tasuki.operation.alarms import channel_views
from tasuki.project import Project

_LEFT_OVER = 1


def alerts_findings(project: Project, ledger: Ledger) -> Iterator[Finding]:
    """Tell of channels that take nothing; sends nothing."""
    try:
        views = channel_views(project, ledger)
    except TasukiError as error:
        yield Finding(
            "alerts", "alerts.yaml", False, str(error), error.remedy, error.exit_code
        )
        return
    for one in views:
        if not one.since:
            last = one.last_told[:16].replace("T", " ")
            words = f"told last at {last} UTC" if last else "told nothing yet"
            yield Finding("alerts", one.name, True, words)
            continue
        words = f"takes nothing since {one.since[:16].replace('T', ' ')}: {one.error}"
        remedy = f"Correct the channel, then `tasuki alerts test {one.name}`."
        yield Finding("alerts", one.name, not one.is_dead, words, remedy, _LEFT_OVER)
