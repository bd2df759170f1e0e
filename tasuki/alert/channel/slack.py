"""Slack: a message in blocks to an incoming webhook.

Slack knows no idempotency key: a message whose answer was lost is sent again.
"""

from typing import Any

from pydantic import SecretStr

from tasuki.alert.channel.post import post
from tasuki.alert.message import (
    Message,
    cut,
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

# Slack's limits, with room: 50 blocks, 3,000 characters a section, 150 a header.
_MOST_FINDINGS = 15
_LONGEST_TITLE = 200
_LONGEST_TEXT = 900
_LONGEST_HEAD = 150
_LONGEST_LINK = 1_500
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_COLOURS = {"critical": "🔴", "high": "🟠", "medium": "🟡", "low": "🔵"}


class SlackChannel:
    """One incoming webhook; its address is a secret."""

    def __init__(self, where: str, url: SecretStr) -> None:
        self._where, self._url = where, url

    def send(self, message: Message, attempt: int) -> str:
        """Send a message; after some refusals in its plainest form.

        Raises:
            RemoteError: it did not arrive, or nobody knows whether it did.
        """
        body = plain(message) if attempt >= 3 else blocks(message)  # noqa: PLR2004 - tries
        post(self._where, self._url, body, {})
        return ""


def plain(message: Message) -> dict[str, Any]:
    """Return a message without blocks."""
    text = escaped(f"{message.subject()} — {message.summary()}")
    return {"text": text, "mrkdwn": False, "link_names": False, "parse": "none"}


def blocks(message: Message) -> dict[str, Any]:
    """Return a message as Slack shows it best.

    Whoever wrote the texts, nobody is called by them: `<`, `>` and `&` are escaped, and
    `verbatim` keeps Slack from reading names and addresses into what is left.
    """
    head = cut(one_line(message.subject()), _LONGEST_HEAD)
    found: list[dict[str, Any]] = [
        {
            "type": "header",
            "text": {"type": "plain_text", "text": head, "emoji": False},
        },
        _context(escaped(message.summary())),
    ]
    for telling in message.tellings[:_MOST_FINDINGS]:
        found += [{"type": "divider"}, _section(telling, message.language)]
        found.append(_context(escaped(facts(telling.notice, message.language))))
    rest = len(message.tellings) - _MOST_FINDINGS
    if rest > 0:
        found.append(_context(escaped(more_line(rest, message.language))))
    return plain(message) | {
        "blocks": found,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _section(telling: Telling, language: Language) -> dict[str, Any]:
    notice = telling.notice
    over = telling.about is About.RECOVERED
    colour = "✅" if over else _COLOURS[notice.severity]
    title = cut(one_line(notice.title(language)), _LONGEST_TITLE)
    lines = [f"{colour} *{escaped(mark(telling, language) + title)}*"]
    if not over:
        lines.append(escaped(cut(notice.body(language).strip(), _LONGEST_TEXT // 2)))
        remedy = notice.remedy(language)
        if remedy:
            words = f"{remedy_word(language)}: {cut(remedy, _LONGEST_TEXT // 2)}"
            lines.append(escaped(words))
    link = escaped(one_line(notice.link)).replace("|", "%7C").replace(" ", "%20")
    if is_web(notice.link) and len(link) <= _LONGEST_LINK:
        lines.append(f"<{link}|{link_word(language)}>")
    text = "\n".join(line for line in lines if line)
    return {
        "type": "section",
        "text": {"type": "mrkdwn", "text": text, "verbatim": True},
    }


def _context(text: str) -> dict[str, Any]:
    element = {"type": "mrkdwn", "text": text, "verbatim": True}
    return {"type": "context", "elements": [element]}


def escaped(text: str) -> str:
    """Return a text of which Slack reads nothing as a mention or a link.

    Example:
        >>> escaped("<!channel> R&D")
        '&lt;!channel&gt; R&amp;D'
    """
    return "".join(_ENTITIES.get(letter, letter) for letter in text)
