"""Telling the channels of the weekly page: once for each week and channel."""

from tasuki.alert.deliver import put_message
from tasuki.alert.message import Message
from tasuki.alert.notice import Notice, Severity
from tasuki.alert.route import About, Telling, channels_of
from tasuki.insight.review.page import Page
from tasuki.insight.review.section import heading, in_short
from tasuki.ledger import Ledger
from tasuki.project import Project

RULE = "review"
_FULL = (
    (
        "全体: `tasuki review --week {week} --html review.html`、または Prefect の "
        "`tasuki-review`。"
    ),
    (
        "In full: `tasuki review --week {week} --lang en --html review.html`, or "
        "`tasuki-review` in Prefect."
    ),
)


def notice_of_page(page: Page) -> Notice:
    """Return what a message says of the page: its summary and the questions."""
    ja, en = (word.format(week=page.week.label) for word in _FULL)
    return Notice(
        key=f"{RULE}/{page.week.label}",
        severity=Severity.LOW,
        department="",
        title_ja=heading(page, "ja"),
        title_en=heading(page, "en"),
        body_ja="\n".join(in_short(page, "ja")),
        body_en="\n".join(in_short(page, "en")),
        opened_at=page.week.period.end,
        remedy_ja=ja,
        remedy_en=en,
    )


def write_to_channels(project: Project, ledger: Ledger, page: Page) -> list[str]:
    """Write the page's message down for each channel that has not been told of it.

    It is sent, and tried again, by the next round of alerts. Nothing where alerts are
    off, or no route takes `review`.

    Returns:
        The channels that it was written for now.
    """
    alerts = project.alerts
    if not alerts.enabled:
        return []
    notice = notice_of_page(page)
    wanted = channels_of(notice, alerts.terms)
    with ledger.alerts().deciding() as tx:
        told = {row.channel for row in tx.told() if row.key == notice.key}
        new = sorted(wanted - told)
        for channel in new:
            telling = (Telling(About.OPENED, notice),)
            language, now = alerts.terms.language, project.clock.now()
            put_message(tx, channel, Message("", now, language, telling))
    return new
