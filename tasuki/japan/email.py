"""E-mail addresses: what is delivered to, what is compared, whose domain it is.

The rule is lenient on purpose: carriers gave out addresses that no standard allows
(`foo..bar@docomo.ne.jp`), and a lead is not lost over a dot.
"""

import re
from typing import NamedTuple

from tasuki.japan.mail_domain import is_free_mail, registered_domain
from tasuki.japan.text import folded_width

_LOCAL = r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ADDRESS = re.compile(
    rf"({_LOCAL}|\"[^\"\s@]{{1,62}}\")@((?:{_LABEL}\.)+(?:xn--[a-z0-9-]{{2,59}}|[a-z]{{2,63}}))"
)
_IN_BRACKETS = re.compile(r"<([^<>@]*@[^<>]*)>")
_MAX_LENGTH = 254
_GMAIL = frozenset({"gmail.com", "googlemail.com"})


class Email(NamedTuple):
    """An e-mail address.

    Attributes:
        canonical: What mail is sent to, in lower case; a tag (`+crm`) is kept.
        match_key: What is compared: without the tag, and one spelling for Gmail.
        domain: What stands behind the @.
        company_domain: The registered domain, or None for a mail provider's.
        free_mail: Whether the domain says nothing about a company.
    """

    canonical: str
    match_key: str
    domain: str
    company_domain: str | None
    free_mail: bool


def email(value: str | None) -> Email | None:
    """Take an e-mail address apart; None where there is not exactly one.

    Example:
        >>> email("山田 太郎 <Taro@mail.example.co.jp>").company_domain
        'example.co.jp'
        >>> email("ta.ro+crm@googlemail.com").match_key
        'taro@gmail.com'
    """
    found = _find(value)
    if found is None:
        return None
    local, domain_name = found
    free = is_free_mail(domain_name)
    return Email(
        canonical=f"{local}@{domain_name}",
        match_key=_match_key(local, domain_name),
        domain=domain_name,
        company_domain=None if free else registered_domain(domain_name),
        free_mail=free,
    )


def valid_email(value: str | None) -> bool | None:
    """Say whether a text holds one e-mail address; None for None.

    Example:
        >>> valid_email("foo..bar@docomo.ne.jp"), valid_email("taro.example.jp")
        (True, False)
    """
    return None if value is None else _find(value) is not None


def email_address(value: str | None) -> str | None:
    """Return the address that mail is sent to: `Email.canonical`.

    Example:
        >>> email_address("ｔａｒｏ＠ｅｘａｍｐｌｅ．ｃｏ．ｊｐ")
        'taro@example.co.jp'
    """
    found = _find(value)
    return f"{found[0]}@{found[1]}" if found else None


def email_key(value: str | None) -> str | None:
    """Return what is compared of an address: `Email.match_key`."""
    found = _find(value)
    return _match_key(*found) if found else None


def domain(value: str | None) -> str | None:
    """Return the domain of an e-mail address.

    Example:
        >>> domain("Taro@Mail.Example.co.jp")
        'mail.example.co.jp'
    """
    found = _find(value)
    return found[1] if found else None


def company_domain(value: str | None) -> str | None:
    """Return the registered domain of a company's address; None for free mail."""
    found = _find(value)
    return (
        None if found is None or is_free_mail(found[1]) else registered_domain(found[1])
    )


def _find(value: str | None) -> tuple[str, str] | None:
    """Return local part and domain, both in lower case."""
    if not value:
        return None
    written = (value if value.isascii() else folded_width(value)).strip().lower()
    found = _ADDRESS.fullmatch(written) or _ADDRESS.fullmatch(_bare(written))
    if found is None or len(found[0]) > _MAX_LENGTH:
        return None
    return found[1], found[2]


def _bare(written: str) -> str:
    """Return an address out of `Name <address>` or `mailto:address?subject=…`."""
    bracketed = _IN_BRACKETS.findall(written)
    if len(bracketed) == 1:
        written = bracketed[0]
    if written.startswith("mailto:"):
        written = written[len("mailto:") :].partition("?")[0]
    written = written.strip(" \t\r\n;,、。").rstrip(".")
    if written[:1] == written[-1:] == "'":
        written = written[1:-1]
    return written if written.isascii() else _in_ascii(written)


def _in_ascii(written: str) -> str:
    """Return an address with a Japanese domain in the form that mail servers use."""
    local, _, domain_name = written.rpartition("@")
    try:
        return f"{local}@{domain_name.encode('idna').decode('ascii')}"
    except UnicodeError:
        return ""


def _match_key(local: str, domain_name: str) -> str:
    untagged = local.partition("+")[0] or local
    if domain_name in _GMAIL:
        return f"{untagged.replace('.', '') or untagged}@gmail.com"
    return f"{untagged}@{domain_name}"
