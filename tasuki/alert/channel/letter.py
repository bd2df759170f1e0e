"""The form of an e-mail: plain text and HTML, a subject that mailers read."""

from datetime import UTC
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime
from html import escape

from tasuki.alert.message import (
    Message,
    facts,
    is_web,
    link_word,
    mark,
    more_line,
    one_line,
    remedy_word,
)
from tasuki.alert.route import About, Telling
from tasuki.model.language import Language

_MOST_FINDINGS = 100
_COLOURS = {
    "critical": "#c62828",
    "high": "#e65100",
    "medium": "#b58900",
    "low": "#1565c0",
}
_OVER = "#2e7d32"


def letter(message: Message, sender: str, to: tuple[str, ...]) -> MIMEMultipart:
    """Return a message as an e-mail; its Message-ID is the same on every attempt.

    The subject is encoded by `Header`: the newer `EmailMessage` loses spaces between
    two encoded words (seen with Python 3.11).
    """
    mail = MIMEMultipart("alternative")
    subject = Header(one_line(message.subject()), "utf-8", header_name="Subject")
    mail["Subject"] = subject.encode()
    mail["From"] = f"Tasuki <{sender}>"
    mail["To"] = ", ".join(to)
    mail["Date"] = format_datetime(message.at.astimezone(UTC))
    mail["Message-ID"] = f"<{message.id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.attach(MIMEText(text_of(message), "plain", "utf-8"))
    mail.attach(MIMEText(html_of(message), "html", "utf-8"))
    return mail


def text_of(message: Message) -> str:
    """Return the plain text."""
    language = message.language
    lines = [message.summary(), ""]
    for one in message.tellings[:_MOST_FINDINGS]:
        lines += [*_paragraph(one, language), ""]
    rest = len(message.tellings) - _MOST_FINDINGS
    if rest > 0:
        lines += [more_line(rest, language), ""]
    return "\n".join([*lines, "-- ", "Tasuki", ""])


def _paragraph(one: Telling, language: Language) -> list[str]:
    notice = one.notice
    lines = [
        f"■ {mark(one, language)}{one_line(notice.title(language))}",
        f"  {facts(notice, language)}",
    ]
    if one.about is not About.RECOVERED:
        lines += [f"  {line}" for line in notice.body(language).splitlines()]
        if notice.remedy(language):
            lines.append(f"  {remedy_word(language)}: {notice.remedy(language)}")
    if is_web(notice.link):
        lines.append(f"  {one_line(notice.link)}")
    return lines


def html_of(message: Message) -> str:
    """Return the HTML; every text in it is escaped."""
    language = message.language
    shown = message.tellings[:_MOST_FINDINGS]
    items = "".join(_card(one, language) for one in shown)
    rest = len(message.tellings) - _MOST_FINDINGS
    more = f"<p>{escape(more_line(rest, language))}</p>" if rest > 0 else ""
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"></head>'
        '<body style="font-family:sans-serif;max-width:40em">'
        f"<p>{escape(message.summary())}</p>{items}{more}"
        '<p style="color:#777">Tasuki</p></body></html>'
    )


def _card(one: Telling, language: Language) -> str:
    notice = one.notice
    over = one.about is About.RECOVERED
    colour = _OVER if over else _COLOURS[notice.severity]
    title = escape(mark(one, language) + one_line(notice.title(language)))
    parts = [
        f'<div style="border-left:4px solid {colour};padding:0 1em;margin:1em 0">',
        f'<p style="margin:0"><b>{title}</b><br>',
        f'<span style="color:#555">{escape(facts(notice, language))}</span></p>',
    ]
    if not over:
        body = "<br>".join(escape(line) for line in notice.body(language).splitlines())
        parts.append(f"<p>{body}</p>")
        if notice.remedy(language):
            remedy = escape(f"{remedy_word(language)}: {notice.remedy(language)}")
            parts.append(f"<p>{remedy}</p>")
    if is_web(notice.link):
        link = escape(one_line(notice.link), quote=True)
        parts.append(f'<p><a href="{link}">{escape(link_word(language))}</a></p>')
    return "".join(parts) + "</div>"
